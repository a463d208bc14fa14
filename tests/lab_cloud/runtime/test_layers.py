import gzip
import io
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from lab_cloud.errors import ImageCorrupt
from lab_cloud.runtime.layers import Budget, Entry, pack, read_folder, unpack

posix = pytest.mark.skipif(os.name != "posix", reason="links need POSIX")


def lay(root: Path, *layers: bytes, budget: Budget | None = None) -> None:
    root.mkdir(exist_ok=True)
    for layer in layers:
        unpack(io.BytesIO(layer), root, budget or Budget())


def archive(*members: tuple[str, dict[str, Any]], data: bytes = b"") -> bytes:
    """A tar as somebody else might write it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, fields in members:
            member = tarfile.TarInfo(name)
            for field, value in fields.items():
                setattr(member, field, value)
            member.size = len(data) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(data) if member.isreg() else None)
    return buffer.getvalue()


def tree(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): "->" + path.readlink().as_posix() if path.is_symlink() else path.read_text()
        for path in root.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def test_the_same_entries_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        folder = tmp_path / name
        (folder / "app" / "__pycache__").mkdir(parents=True)
        (folder / "app" / "__pycache__" / "x.pyc").write_text("left out")
        (folder / "app" / "b.txt").write_text("b")
        (folder / "app" / "a.sh").write_bytes(b"#!/bin/sh\n")
        (folder / "app" / "b.txt").chmod(0o600 if name == "one" else 0o644)
        os.utime(folder / "app" / "b.txt", (1, 1) if name == "one" else None)
    one, two = (pack(read_folder(tmp_path / name)) for name in ("one", "two"))
    assert one == two
    with tarfile.open(fileobj=io.BytesIO(one)) as tar:
        seen = [(member.name, member.mode, member.mtime, member.uid) for member in tar]
    assert seen == [("app", 0o755, 0, 0), ("app/a.sh", 0o755, 0, 0), ("app/b.txt", 0o644, 0, 0)]


def test_layers_lie_over_each_other(tmp_path: Path) -> None:
    lower = pack({"etc/a": Entry(b"1", mode=0o644), "etc/b": Entry(b"1", mode=0o644), "app": Entry(b"file")})
    upper = gzip.compress(pack({"etc/b": Entry(b"2", mode=0o400), "app": Entry(), "app/c": Entry(b"3")}))
    lay(tmp_path / "root", lower, upper)
    assert tree(tmp_path / "root") == {"etc/a": "1", "etc/b": "2", "app/c": "3"}


def test_whiteouts_hide_what_lies_below_only(tmp_path: Path) -> None:
    lower = pack({"etc/a": Entry(b"1"), "etc/b": Entry(b"1"), "var/x": Entry(b"1"), "var/sub/y": Entry(b"1")})
    upper = archive(("etc/.wh.a", {}), ("etc/.wh.never", {}), ("var/new", {}), ("var/.wh..wh..opq", {}))
    lay(tmp_path / "root", lower, upper)
    assert tree(tmp_path / "root") == {"etc/b": "1", "var/new": ""}


@posix
def test_links_stay_within_the_root(tmp_path: Path) -> None:
    layer = archive(
        ("usr/bin/tool", {}),
        ("bin", {"type": tarfile.SYMTYPE, "linkname": "/usr/bin"}),
        ("usr/bin/other", {"type": tarfile.SYMTYPE, "linkname": "../bin/tool"}),
        ("usr/hard", {"type": tarfile.LNKTYPE, "linkname": "usr/bin/tool"}),
        ("bin/through", {}),
        data=b"t",
    )
    root = tmp_path / "root"
    lay(root, layer)
    assert (root / "bin").resolve() == (root / "usr/bin").resolve()
    assert (root / "usr/bin/other").read_text() == (root / "usr/hard").read_text() == "t"
    assert (root / "usr/bin/through").read_text() == "t"


@posix
@pytest.mark.parametrize(
    "members",
    [
        [("../evil", {})],
        [("/evil", {})],
        [("a/../../evil", {})],
        [("a\\..\\evil", {})],
        [("C:/evil", {})],
        [("link", {"type": tarfile.SYMTYPE, "linkname": "../.."})],
        [("link", {"type": tarfile.LNKTYPE, "linkname": "../outside"})],
        [("link", {"type": tarfile.LNKTYPE, "linkname": "/etc/passwd"})],
        [("link", {"type": tarfile.LNKTYPE, "linkname": "nothing"})],
        [("dev", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3})],
        [("pipe", {"type": tarfile.FIFOTYPE})],
        [("a/.wh...", {})],
        [(".wh.", {})],
    ],
    ids=lambda members: str(members[0][0]) + str(members[0][1].get("linkname", "")),
)
def test_what_wants_out_is_refused(tmp_path: Path, members: list[tuple[str, dict[str, Any]]]) -> None:
    (tmp_path / "outside").write_text("mine")
    with pytest.raises(ImageCorrupt):
        lay(tmp_path / "root", archive(*members, data=b"evil"))
    assert (tmp_path / "outside").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["outside", "root"]


@posix
def test_a_link_that_was_there_before_leads_nobody_out(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "way").symlink_to(outside)
    with pytest.raises(ImageCorrupt, match="leads"):
        lay(root, archive(("way/evil", {}), data=b"evil"))
    lay(root, archive(("way", {}), data=b"good"))  # a file takes the link's place; it is not written through it
    assert list(outside.iterdir()) == []
    assert (root / "way").read_text() == "good"


def test_a_bomb_is_refused_before_it_grows(tmp_path: Path) -> None:
    bomb = gzip.compress(pack({f"zeros{number}": Entry(bytes(1 << 20)) for number in range(8)}))
    assert len(bomb) < 20_000
    with pytest.raises(ImageCorrupt, match="larger"):
        lay(tmp_path / "root", bomb, budget=Budget(size=2 << 20))
    assert sum(path.stat().st_size for path in (tmp_path / "root").iterdir()) <= 2 << 20
    with pytest.raises(ImageCorrupt, match="larger"):
        lay(tmp_path / "many", pack({f"f{number}": Entry() for number in range(11)}), budget=Budget(entries=10))


@pytest.mark.parametrize("data", [b"not a tar at all", b"\x1f\x8bnot gzip", pack({"a": Entry(b"x" * 5000)})[:2000]])
def test_a_damaged_layer_says_so(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ImageCorrupt):
        lay(tmp_path / "root", data)
