import os
from pathlib import Path

import pytest

from lab_cloud.errors import DockerfileError
from lab_cloud.runtime.build.files import read_layer
from tests.lab_cloud.runtime.build.making import Bench

posix = pytest.mark.skipif(os.name != "posix", reason="modes and links need POSIX")


def layer_of(bench: Bench, digest: str) -> dict[str, str]:
    """Names of a layer with their content."""
    return {
        name: b"".join(entry.chunks()).decode() if entry.is_file else "/"
        for name, entry in read_layer(bench.store.path(digest)).items()
    }


def test_what_a_run_changes_is_a_layer(bench: Bench) -> None:
    bench.file(
        "app/make.py", "import pathlib, sys\npathlib.Path('/data').mkdir()\nopen('made', 'w').write(sys.argv[1])\n"
    )
    bench.file("app/same.txt", "same")
    built = bench.build("""\
FROM python:3.12
WORKDIR /app
COPY app/ .
ARG WHO=me
RUN python make.py "$WHO and ${WHO}"
RUN ["python", "-c", "open('/data/x', 'w').write('x'); open('/app/same.txt', 'w').write('same')"]
""")
    assert layer_of(bench, built.steps[4].layer) == {"app/made": "me and me", "data": "/"}
    assert layer_of(bench, built.steps[5].layer) == {"data/x": "x"}
    assert bench.cached(bench.build()) == [True] * 6
    assert bench.cached(bench.build(arguments={"WHO": "you"}))[4:] == [False, False]


def test_what_a_run_deletes_is_hidden(bench: Bench) -> None:
    bench.file("a/deep/x.txt", "x")
    bench.file("b.txt", "b")
    built = bench.build("""\
FROM python
COPY a/ /a/
COPY b.txt /
RUN rm -r /a && mv /b.txt /c.txt
""")
    assert layer_of(bench, built.steps[3].layer) == {".wh.a": "", ".wh.b.txt": "", "c.txt": "b"}
    assert bench.texts(built) == {"c.txt": "b"}
    assert [path.name for path in bench.store.root(bench.catalog.pull(bench.tag(built))).iterdir()] == ["c.txt"]


@posix
def test_modes_and_links(bench: Bench) -> None:
    before = os.umask(0o077)
    try:
        built = bench.build("""\
FROM python
RUN mkdir -p /a/b && touch /a/b/c && chmod 750 /a/b/c && touch /plain && ln -s /a/b/c /link
RUN python -c "import os; os.symlink('/plain', '/other'); print(open('/other').read())"
""")
    finally:
        os.umask(before)
    entries = bench.files(built).entries
    assert (entries["a/b/c"].mode, entries["plain"].mode, entries["a"].mode) == (0o750, 0o644, 0o755)
    assert (entries["link"].link, entries["other"].link) == ("a/b/c", "plain")


def test_heredocs(bench: Bench) -> None:
    built = bench.build("""\
FROM python
ENV NAME=world
RUN python <<EOF
open('/one', 'w').write("hello $NAME")
EOF
RUN python - <<'EOF'
open('/two', 'w').write("hello $NAME")
EOF
RUN <<EOF
# each line is a command
mkdir /three
touch "/three/$NAME"
EOF
RUN <<EOF
#!/usr/bin/env python3
open('/four', 'w').write('4')
EOF
""")
    texts = bench.texts(built)
    assert texts == {"one": "hello world", "two": "hello $NAME", "three/world": "", "four": "4"}


def test_commands_are_joined_as_in_a_shell(bench: Bench) -> None:
    built = bench.build("""\
FROM python
RUN mkdir /d && cd /d && X=1 python -c "import os; open('x', 'w').write(os.environ['X'])" ; touch e
RUN rm /nothing ; touch /after
""")
    assert bench.texts(built) == {"d/x": "1", "d/e": "", "after": ""}
    with pytest.raises(DockerfileError, match="exit code 1"):
        bench.build("FROM python\nRUN rm /nothing && touch /after\n")


def test_the_same_run_makes_the_same_layer(tmp_path: Path) -> None:
    text = """\
FROM python
COPY m.py /app/
RUN python -m compileall -q /app && python -c "open('/set', 'w').write(str({'a', 'b', 'c', 'd'}))"
"""
    digests = set()
    for name in ("one", "another"):
        bench = Bench(tmp_path / name)
        bench.file("m.py", "def f():\n    return 1\n")
        digests.add(bench.build(text).digest)
    assert len(digests) == 1


def test_children_see_the_image_too(bench: Bench) -> None:
    bench.file(
        "p.py", "import subprocess, sys\nsubprocess.run([sys.executable, '-c', \"open('/x', 'w').write('y')\"])\n"
    )
    assert bench.texts(bench.build("FROM python\nCOPY p.py /\nRUN python /p.py\n"))["x"] == "y"


@pytest.mark.parametrize(
    "code",
    [
        "import _io; _io.FileIO('{outside}', 'w')",
        "import sqlite3; sqlite3.connect('{outside}')",
        "import sqlite3; sqlite3.connect('file:{outside}?mode=rwc', uri=True)",
        "open('../../../../../../../../../../../../../../../..{outside}', 'w')",
        "import os; os.open('../../../../../../../../../../../../../../../..{outside}', os.O_CREAT | os.O_WRONLY)",
        "import os; os.mkdir('../../../../../../../../../../../../../../../..{outside}')",
    ],
)
@posix
def test_nothing_outside_is_changed(bench: Bench, tmp_path: Path, code: str) -> None:
    outside = tmp_path / "outside"
    with pytest.raises(DockerfileError, match="exit code 1"):
        bench.build("FROM python\nRUN " + '["python", "-c", "' + code.format(outside=outside) + '"]\n')
    assert not outside.exists()
    assert any("RUN may change the image's files only" in line for line in bench.lines)


def test_this_machine_cannot_be_read_either(bench: Bench, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("mine")
    with pytest.raises(DockerfileError, match="exit code 1"):
        bench.build(f'FROM python\nRUN ["python", "-c", "open(\'{secret.as_posix()}\')"]\n')
    assert any("FileNotFoundError" in line for line in bench.lines)


@pytest.mark.parametrize(
    ("command", "words", "remedy"),
    [
        ("apk add curl", "'apk' cannot be run", "docker build"),
        ("pip install flask", "pip is not available", "vendor"),
        ("python -m pip install flask", "pip is not available", "vendor"),
        ("echo a > /b", "> needs a shell", "COPY <<EOF"),
        ("cat /a | python", "| needs a shell", "docker build"),
        ("echo $(date)", "needs a shell", "Python"),
        ("python -I x.py", "python -I does not work", "Leave it out"),
        ('echo "open', "quote", "Close it"),
        ("[]", "the command is empty", "python"),
    ],
)
def test_what_is_not_python_is_refused(bench: Bench, command: str, words: str, remedy: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        bench.build(f"FROM python\nRUN {command}\n")
    assert caught.value.message.startswith("Dockerfile line 2: ")
    assert words in caught.value.message
    assert remedy in caught.value.remedy


def test_scratch_has_nothing_that_runs(bench: Bench) -> None:
    with pytest.raises(DockerfileError, match="nothing can run in scratch"):
        bench.build("FROM scratch\nRUN python -c 1\n")


def test_its_words_are_told(bench: Bench) -> None:
    built = bench.build("FROM python\nRUN python -c \"print('hello'); print('there')\"\n")
    assert built.steps[1].output == ("hello", "there")
    assert "    hello" in bench.lines
    assert any("this machine's Python" in line for line in built.warnings)
