import io
import os
import tarfile
from pathlib import Path

import pytest

from lab_cloud.errors import BuildFailed, DockerfileError
from lab_cloud.runtime.build import builder
from tests.lab_cloud.runtime.build.making import Bench

posix = pytest.mark.skipif(os.name != "posix", reason="links need POSIX")


@pytest.fixture
def full(bench: Bench) -> Bench:
    for name in ("a.txt", "b.txt", "c.md", "dir/one", "dir/sub/two", "name with space", "[odd].txt"):
        bench.file(name, name)
    return bench


@pytest.mark.parametrize(
    ("copy", "names"),
    [
        ("COPY a.txt /x", ["x"]),
        ("COPY a.txt /x/", ["x/a.txt"]),
        ("COPY a.txt /etc", ["etc/a.txt"]),
        ("COPY a.txt .", ["work/a.txt"]),
        ("COPY a.txt sub/", ["work/sub/a.txt"]),
        ("COPY a.txt ../up", ["up"]),
        ("COPY a.txt b.txt /x/", ["x/a.txt", "x/b.txt"]),
        ("COPY *.txt /x/", ["x/[odd].txt", "x/a.txt", "x/b.txt"]),
        ("COPY [ab].txt /x/", ["x/a.txt", "x/b.txt"]),
        ("COPY dir /x", ["x/one", "x/sub/two"]),
        ("COPY dir/ /x/", ["x/one", "x/sub/two"]),
        ("COPY d*/s* /x/", ["x/two"]),
        ("COPY ./dir/. /x", ["x/one", "x/sub/two"]),
        ('COPY ["name with space", "/x/"]', ["x/name with space"]),
        ("COPY 'name with space' /y", ["y"]),
        ("COPY a.txt dir /x/", ["x/a.txt", "x/one", "x/sub/two"]),
    ],
)
def test_where_files_go(full: Bench, copy: str, names: list[str]) -> None:
    built = full.build(f"FROM scratch\nWORKDIR /work\nCOPY c.md /etc/c\n{copy}\n")
    assert sorted(set(full.texts(built)) - {"etc/c"}) == names


def test_the_whole_context(full: Bench) -> None:
    full.file(".dockerignore", "*.txt\ndir/**\n!dir/sub\nDockerfile\n.dockerignore\n")
    built = full.build("FROM scratch\nCOPY . /\n")
    assert sorted(full.texts(built)) == ["c.md", "dir/sub/two", "name with space"]


def test_a_dockerfile_of_another_name_has_its_own_dockerignore(full: Bench) -> None:
    full.file(".dockerignore", "*\n")
    full.file("other.dockerignore", "*\n!a.txt\n")
    built = full.build("FROM scratch\n", dockerfile=full.file("other", "FROM scratch\nCOPY . /\n"))
    assert list(full.texts(built)) == ["a.txt"]


@pytest.mark.parametrize(
    ("copy", "words", "remedy"),
    [
        ("COPY nope /", "'nope' is not in the build context", "a.txt"),
        ("COPY ../x /", "outside the build context", "Copy it into"),
        ("COPY *.zip /", "nothing in the build context matches", "a.txt"),
        ("COPY a.txt b.txt /x", "the destination is a folder", "/x/"),
        ("COPY *.txt /x", "cannot be copied to the one file", "/x/"),
        ("COPY a.txt", "needs a source and a destination", "/app/"),
        ("COPY secret /", "'secret' is not in the build context", ".dockerignore line 1 (sec*)"),
        ("COPY dir /etc/c", "is a file in the image", "another name"),
        ("COPY --chmod=u+x a.txt /", "--chmod=u+x", "755"),
        ("COPY --chown=nobody a.txt /", "knows no 'nobody'", "1000:1000"),
        ("COPY --from=later a.txt /", "the image later is not here", "docker runtime"),
        ("ADD https://example.com/x /", "loaded from the network", "COPY"),
        ("ADD git@example.com:x.git /", "loaded from the network", "COPY"),
    ],
)
def test_what_cannot_be_copied(full: Bench, copy: str, words: str, remedy: str) -> None:
    full.file("secret", "s")
    full.file(".dockerignore", "sec*\n")
    with pytest.raises(DockerfileError) as caught:
        full.build(f"FROM scratch\nCOPY c.md /etc/c\n{copy}\n")
    assert caught.value.message.startswith("Dockerfile line 3: ")
    assert words in caught.value.message
    assert remedy in caught.value.remedy


def test_modes_and_owners(full: Bench) -> None:
    full.file("passwd", "app:x:1000:1001::/:/bin/sh\n")
    built = full.build("""\
FROM scratch
COPY passwd /etc/
COPY --chown=app --chmod=0750 dir /x
COPY --chown=5:6 a.txt /y
""")
    entries = full.files(built).entries
    assert [(entries[name].uid, entries[name].gid, entries[name].mode) for name in ("x", "x/one", "y")] == [
        (1000, 1001, 0o750),
        (1000, 1001, 0o750),
        (5, 6, 0o644),
    ]


@posix
def test_links(full: Bench, tmp_path: Path) -> None:
    (full.folder / "dir" / "link").symlink_to("one")
    (full.folder / "way").symlink_to("a.txt")
    (full.folder / "out").symlink_to(tmp_path)
    built = full.build("FROM scratch\nCOPY way /x\nCOPY dir /d\n")
    assert full.texts(built)["x"] == "a.txt"  # what it points at
    assert full.texts(built)["d/link"] == "->one"
    with pytest.raises(DockerfileError, match="leads outside"):
        full.build("FROM scratch\nCOPY out /x\n")


@posix
def test_a_destination_behind_a_link(full: Bench) -> None:
    built = full.build("FROM python\nRUN mkdir /real && ln -s /real /way\nCOPY a.txt /way/\n")
    assert full.texts(built) == {"real/a.txt": "a.txt", "way": "->real"}


def test_a_large_file_is_not_held_in_memory(full: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    data = os.urandom(3 << 20)
    full.file("large", data)
    monkeypatch.setattr(builder, "MUCH", 1 << 20)
    entry = full.files(full.build("FROM scratch\nCOPY large /\n")).entries["large"]
    assert full.lines[1] == "[2/2] COPY large /   reading 3.15 MB …"
    assert entry.piece is not None
    assert b"".join(entry.chunks()) == data


def archive(mode: str, *members: tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:  # type: ignore[call-overload]
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size) if member.isreg() else None)
    return buffer.getvalue()


def member(name: str, **fields: object) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.size, found.mode = 1, 0o640
    for field, value in fields.items():
        setattr(found, field, value)
    if not found.isreg():
        found.size = 0
    return found


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_add_unpacks_archives(bench: Bench, mode: str) -> None:
    link = member("c", type=tarfile.SYMTYPE, linkname="a/b")
    bench.file("x.tar", archive(mode, member("a/b", uid=7, mtime=99), link))
    built = bench.build("FROM scratch\nADD x.tar /to/\n")
    assert bench.texts(built) == {"to/a/b": "x", "to/c": "->a/b"}
    assert (bench.files(built).entries["to/a/b"].uid, bench.files(built).entries["to/a/b"].mode) == (7, 0o640)
    assert bench.texts(bench.build("FROM scratch\nCOPY x.tar /to/\n")).keys() == {"to/x.tar"}


def test_add_copies_what_is_no_archive(bench: Bench) -> None:
    import gzip

    bench.file("a.txt", "a")
    bench.file("b.gz", gzip.compress(b"b"))
    assert bench.texts(bench.build("FROM scratch\nADD a.txt b.gz /to/\n")).keys() == {"to/a.txt", "to/b.gz"}


@pytest.mark.parametrize(
    "bad",
    [
        archive("w", member("../evil")),
        archive("w", member("/evil")),
        archive("w", member("dev", type=tarfile.CHRTYPE)),
        archive("w", member("l", type=tarfile.LNKTYPE, linkname="nothing")),
        archive("w", member("a/.wh.b")),
        archive("w:gz", member("a", size=5000))[:60],
    ],
    ids=["up", "absolute", "device", "link", "whiteout", "damaged"],
)
def test_a_bad_archive_is_refused(bench: Bench, bad: bytes) -> None:
    bench.file("x.tar", bad)
    with pytest.raises(BuildFailed):
        bench.build("FROM scratch\nADD x.tar /\n")
    assert list(bench.store.incoming.iterdir()) == []
