import os
import shutil
import struct
import sys
from pathlib import Path
from typing import Any

import pytest

from lab_cloud.errors import CannotStart
from lab_cloud.runtime.command import Launch, Mapper, prepare
from lab_cloud.runtime.spec import ContainerSpec, Image

posix = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for name, text in {
        "app/main.py": "print()",
        "etc/app/conf.ini": "",
        "usr/local/bin/tool": "#!/usr/bin/env -S python3 -S\n",
        "usr/bin/text": "no program",
        "app/run.sh": "#!/bin/sh -e\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def launch(
    root: Path, config: dict[str, Any] | None = None, ports: dict[int, int] | None = None, **fields: Any
) -> Launch:
    image = Image("x", "sha256:" + "0" * 64, config or {})
    return prepare(image, ContainerSpec("c", "x", **fields), root, ports or {}, {"EXTRA": "1"})


def test_python_is_this_interpreter_and_paths_are_mapped(root: Path) -> None:
    for name in ("python", "python3", "python3.12", "/usr/local/bin/python3"):
        argv = launch(root, command=(name, "/app/main.py", "/nowhere", "/", "a/b", "--config=/etc/app/conf.ini")).argv
        assert argv == (
            sys.executable,
            str(root / "app/main.py"),
            "/nowhere",
            "/",
            "a/b",
            f"--config={root / 'etc/app/conf.ini'}",
        )


def test_entry_point_and_command_join_as_docker_joins_them(root: Path) -> None:
    config = {"Entrypoint": ["python3", "-S"], "Cmd": ["/app/main.py"]}
    main = str(root / "app/main.py")
    assert launch(root, config).argv[1:] == ("-S", main)
    assert launch(root, config, command=("-V",)).argv[1:] == ("-S", "-V")
    assert launch(root, config, entry_point=("python3",)).argv[1:] == ()
    assert launch(root, config, entry_point=("python3",), command=("-q",)).argv[1:] == ("-q",)
    with pytest.raises(CannotStart, match="no command specified"):
        launch(root, {})


def test_the_environment_is_clean_and_mapped(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "PYTHONPATH", "VIRTUAL_ENV", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "host's own")
    env = launch(
        root,
        {
            "Env": [
                "PATH=/usr/local/bin:/usr/bin",
                "CONF=/etc/app/conf.ini",
                "PYTHONPATH=/app:/etc",
                "A=image",
                "URL=/",
            ],
            "Cmd": ["python"],
        },
        ports={80: 20001, 8080: 20002},
        environment={"A": "task", "EQUALS": "a=b"},
    ).env
    assert "host's own" not in env.values()
    assert env["CONF"] == str(root / "etc/app/conf.ini")
    assert env["PYTHONPATH"] == os.pathsep.join([str(root / "app"), str(root / "etc")])
    assert (env["A"], env["EQUALS"], env["URL"], env["EXTRA"]) == ("task", "a=b", "/", "1")
    assert (env["PORT"], env["PORT_80"], env["PORT_8080"]) == ("20001", "20001", "20002")
    path = env["PATH"].split(os.pathsep)
    assert path[:3] == [str(root / "usr/local/bin"), str(root / "usr/bin"), str(Path(sys.executable).parent)]
    assert Path(env["TMPDIR"]).is_dir()
    assert Path(env["TMPDIR"]).is_relative_to(root)
    unset = set(env) - {"PATH", "HOME", "TMPDIR", "LANG", "CONF", "PYTHONPATH", "A", "EQUALS", "URL", "EXTRA"}
    assert os.name != "posix" or unset == {"PORT", "PORT_80", "PORT_8080"}


def test_the_working_directory_is_inside_and_made(root: Path) -> None:
    config = {"WorkingDir": "/app", "Cmd": ["python"]}
    assert launch(root, config).cwd == root / "app"
    assert launch(root, config, working_directory="/new/deep").cwd == root / "new/deep"
    assert (root / "new/deep").is_dir()
    assert launch(root, {"Cmd": ["python"]}, working_directory="../../..").cwd == root
    with pytest.raises(CannotStart, match="cannot be made"):
        launch(root, {"Cmd": ["python"]}, working_directory="/app/main.py")


def test_a_script_runs_by_what_its_first_line_says(root: Path) -> None:
    search = {"Env": ["PATH=/usr/local/bin"]}
    assert launch(root, search, command=("tool", "x")).argv == (
        sys.executable,
        "-S",
        str(root / "usr/local/bin/tool"),
        "x",
    )


@posix
def test_a_shell_and_paths_in_its_script(root: Path) -> None:
    script = "python /app/main.py > /tmp/out && curl http://localhost/app/main.py; cat '/etc/app/conf.ini' /missing"
    argv = launch(root, command=("sh", "-c", script)).argv
    assert argv[0] == shutil.which("sh")
    assert argv[2] == (
        f"python {root}/app/main.py > {root}/tmp/out && curl http://localhost/app/main.py; "
        f"cat '{root}/etc/app/conf.ini' /missing"
    )
    assert launch(root, command=("/app/run.sh",)).argv == (shutil.which("sh"), "-e", str(root / "app/run.sh"))
    assert launch(root, command=("./run.sh",), working_directory="/app").argv[-1] == str(root / "app/run.sh")
    assert launch(root, command=("/bin/sleep", "1")).argv == (shutil.which("sleep"), "1")


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("nope", "executable file not found in \\$PATH"),
        ("/app/nope", "no such file or directory"),
        ("java", "executable file not found"),
        ("/usr/bin/text", "exec format error"),
        ("a\0b", "NUL"),
    ],
)
def test_what_cannot_run_says_why(root: Path, word: str, reason: str) -> None:
    with pytest.raises(CannotStart, match=reason) as caught:
        launch(root, command=(word,))
    assert "docker" in caught.value.remedy or "NUL" in reason


def elf(machine: int, loader: bytes = b"") -> bytes:
    """The head of a Linux program."""
    fields = struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + fields
    return header + struct.pack("<IIQQQQQQ", 3 if loader else 1, 4, 120, 0, 0, len(loader), 0, 0) + loader


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="about Linux programs")
def test_linux_programs_that_this_machine_cannot_run(root: Path) -> None:
    foreign = 183 if os.uname().machine == "x86_64" else 62
    own = 62 if os.uname().machine == "x86_64" else 183
    program = root / "app" / "program"
    for data, reason in [
        (elf(foreign), "another processor"),
        (elf(own, b"/lib/ld-musl-none.so.1\0"), "needs /lib/ld-musl-none.so.1"),
    ]:
        program.write_bytes(data)
        with pytest.raises(CannotStart, match=reason) as caught:
            launch(root, command=("/app/program",))
        assert "LAB_RUNTIME=docker" in caught.value.remedy
    program.write_bytes(elf(own))
    assert launch(root, command=("/app/program",)).argv == (str(program),)


def test_nothing_is_mapped_out_of_the_root(root: Path) -> None:
    mapper = Mapper(root)
    assert mapper.inside("/../../etc") == root / "etc"
    assert mapper.path("/etc/../../../app") == str(root / "app")
