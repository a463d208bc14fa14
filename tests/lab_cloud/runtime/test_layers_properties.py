"""Whatever an archive holds, unpacking it is either right or refused, and touches nothing outside."""

import io
import os
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab_cloud.errors import CannotStart, ImageCorrupt
from lab_cloud.runtime.build.files import Files, LinkLoop, read_layer
from lab_cloud.runtime.build.running import changed, look
from lab_cloud.runtime.layers import OPAQUE, Budget, Entry, pack, unpack

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links need POSIX")

PARTS = ["a", "b", "..", ".", "", "link", ".wh.a", ".wh.link", ".wh..", OPAQUE, "C:", "x\\y", "n" * 300, "\u00e9"]
KINDS = [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
names = st.builds("/".join, st.lists(st.sampled_from(PARTS), min_size=1, max_size=4))
members = st.lists(st.tuples(names, st.sampled_from(KINDS), names, st.integers(0, 0o7777)), max_size=8)


def archive(wanted: list[tuple[str, bytes, str, int]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, kind, target, mode in wanted:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.mode = kind, target, mode
            member.size = 4 if kind == tarfile.REGTYPE else 0
            tar.addfile(member, io.BytesIO(b"evil"))
    return buffer.getvalue()


@settings(deadline=None, max_examples=80)
@given(st.lists(members, max_size=3))
def test_nothing_outside_is_touched(layers: list[list[tuple[str, bytes, str, int]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "outside").write_text("mine")
        root = place / "x" / "root"
        root.mkdir(parents=True)
        for layer in layers:
            try:
                unpack(io.BytesIO(archive(layer)), root, Budget())
            except (ImageCorrupt, CannotStart):
                break
        assert (place / "outside").read_text() == "mine"
        assert sorted(path.name for path in place.iterdir()) == ["outside", "x"]
        assert [path.name for path in (place / "x").iterdir()] == ["root"]
        for path in root.rglob("*"):
            if path.is_symlink():
                target = Path(os.path.realpath(path))
                assert target == Path(os.path.realpath(root)) or Path(os.path.realpath(root)) in target.parents
            else:
                assert path.is_file() or path.is_dir()


short = st.builds("/".join, st.lists(st.sampled_from("abc"), min_size=1, max_size=3))
entries = st.one_of(
    st.builds(Entry, data=st.sampled_from([b"1", b"2"]), mode=st.sampled_from([0o644, 0o755])),
    st.just(Entry()),
    st.builds(Entry, link=st.sampled_from(["a", "b/c", "c"]), mode=st.just(0o777)),
)
whiteouts = st.builds(lambda name: (f"{Path(name).parent}/.wh.{Path(name).name}".removeprefix("./"), Entry(b"")), short)
opaque = st.builds(lambda name: (f"{name}/{OPAQUE}", Entry(b"")), short)


def plain(content: dict[str, Entry]) -> bool:
    """Whether nothing is hidden behind a link of the same layer: what that means depends on the order of reading."""
    links = [name for name, entry in content.items() if entry.link is not None]
    return not any(".wh." in name and name.startswith(f"{link}/") for name in content for link in links)


layer = st.lists(st.one_of(st.tuples(short, entries), whiteouts, opaque), max_size=6).map(dict).filter(plain)


@settings(deadline=None, max_examples=80)
@given(st.lists(layer, max_size=3))
def test_reading_and_unpacking_agree(layers: list[dict[str, Entry]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        root.mkdir()
        files, budget = Files(), Budget()
        for number, content in enumerate(layers):
            file = Path(folder) / f"{number}.tar"
            file.write_bytes(pack(content))
            try:
                with file.open("rb") as source:
                    unpack(source, root, budget)
            except (ImageCorrupt, CannotStart):
                return  # for example a link in a circle
            try:
                files.lay(read_layer(file))
            except LinkLoop:
                return
        assert seen(root) == {
            name: entry.link if entry.link is not None else b"".join(entry.chunks()) if entry.is_file else None
            for name, entry in files.entries.items()
        }


def seen(root: Path) -> dict[str, str | bytes | None]:
    return {
        path.relative_to(root).as_posix(): os.readlink(path)  # noqa: PTH115
        if path.is_symlink()
        else path.read_bytes()
        if path.is_file()
        else None
        for path in root.rglob("*")
    }


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(short, st.sampled_from([b"1", b"2"])), st.dictionaries(short, st.sampled_from([b"1", b"3"])))
def test_what_a_run_changed_leads_from_before_to_after(before: dict[str, bytes], after: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, layer_file = Path(folder) / "root", Path(folder) / "layer"
        root.mkdir()
        lower = Files()
        for name, data in before.items():
            lower.add(name, Entry(data, mode=0o644))
        unpack(io.BytesIO(pack(lower.entries)), root, Budget())
        wanted = Files()
        for name, data in after.items():
            wanted.add(name, Entry(data, mode=0o644))
        first = look(root)
        rewrite(root, wanted)
        found = changed(root, first, look(root), lower)
        layer_file.write_bytes(pack(found))
        lower.lay(read_layer(layer_file))
        assert {name: b"".join(entry.chunks()) for name, entry in lower.entries.items() if entry.is_file} == {
            name: entry.data for name, entry in wanted.entries.items() if entry.is_file
        }
        assert {name for name, entry in lower.entries.items() if entry.is_folder} == {
            name for name, entry in wanted.entries.items() if entry.is_folder
        }


def rewrite(root: Path, wanted: Files) -> None:
    """Make a folder what is wanted, as a program would."""
    for path in sorted(root.rglob("*"), reverse=True):
        entry = wanted.get(path.relative_to(root).as_posix())
        if entry is None or entry.is_folder != path.is_dir():
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()
    for name, entry in wanted.entries.items():
        if entry.is_folder:
            (root / name).mkdir(parents=True, exist_ok=True)
    for name, entry in wanted.entries.items():
        if entry.is_file and (not (root / name).exists() or (root / name).read_bytes() != entry.data):
            (root / name).write_bytes(entry.data or b"")
            (root / name).chmod(0o644)


@given(st.dictionaries(short, st.binary(max_size=2000)))
def test_our_tar_is_one_that_others_read(content: dict[str, bytes]) -> None:
    data = pack({name: Entry(each, mode=0o644) for name, each in content.items()})
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        found = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    assert found == content
    assert len(data) % tarfile.BLOCKSIZE == 0


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_a_header_that_would_fill_the_memory_is_refused(tmp_path: Path, kind: bytes) -> None:
    member = tarfile.TarInfo("x")
    member.type, member.size = kind, 8 << 30
    data = member.tobuf(tarfile.GNU_FORMAT) + bytes(1024)
    with pytest.raises(ImageCorrupt, match="header"):
        unpack(io.BytesIO(data), tmp_path, Budget())


def test_very_deep_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageCorrupt, match="too deep"):
        unpack(io.BytesIO(archive([("a/" * 3000 + "b", tarfile.REGTYPE, "", 0o644)])), tmp_path, Budget())
    assert list(tmp_path.iterdir()) == []


def test_a_sparse_file_counts_with_its_whole_size(tmp_path: Path) -> None:
    member = tarfile.TarInfo("huge")
    sparse = {"major": "1", "minor": "0", "name": "huge", "realsize": str(1 << 50)}
    member.pax_headers = {f"GNU.sparse.{key}": value for key, value in sparse.items()}
    map_block = b"0\n".ljust(512, b"\0")
    member.size = len(map_block)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(member, io.BytesIO(map_block))
    with pytest.raises(ImageCorrupt):
        unpack(io.BytesIO(buffer.getvalue()), tmp_path, Budget())
    assert list(tmp_path.iterdir()) == []
