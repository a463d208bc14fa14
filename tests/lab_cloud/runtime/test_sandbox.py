from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_cloud.errors import CannotStart, RuntimeUnavailable
from lab_cloud.runtime import sandbox
from lab_cloud.runtime.sandbox import SandboxRuntime
from lab_cloud.runtime.spec import Exit, Mount
from tests.waiting import until

from .kinds import need
from .running import WAIT, ended, run


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxRuntime]:
    need("sandbox")
    made = SandboxRuntime(tmp_path_factory.mktemp("sandbox") / "home")
    yield made
    made.close()


def test_it_is_process_one_and_sees_only_its_own(runtime: SandboxRuntime) -> None:
    other, seen = run(runtime, WAIT)
    until(lambda: seen.lines)
    code = "import os; print(os.getpid(), [name for name in os.listdir('/proc') if name.isdigit()], os.getuid())"
    handle, seen = run(runtime, code)
    ended(handle)
    assert seen.lines == ["1 ['1'] 0"]
    other.kill()
    ended(other)


def test_the_root_is_the_images_and_nothing_of_the_learner_is_there(runtime: SandboxRuntime, tmp_path: Path) -> None:
    code = f"import os, sys; print(open('/app/main.py').read(2), os.path.exists({str(tmp_path)!r})); print(sys.path)"
    handle, seen = run(runtime, code, image="containers-on-aws/web:1")
    assert ended(handle) == Exit(0)
    assert seen.lines[0].endswith("False")
    assert "site-packages" not in seen.lines[1]


def test_the_machines_own_system_cannot_be_written(runtime: SandboxRuntime) -> None:
    handle, _ = run(runtime, "open('/run/host/usr/x', 'w')")
    assert ended(handle) == Exit(1)


def test_the_images_files_come_before_what_is_supplied(runtime: SandboxRuntime) -> None:
    handle, seen = run(runtime, "", image="nginx", command=("/bin/sh", "-c", "head -1 /usr/sbin/nginx; ls /usr/bin/sh"))
    ended(handle)
    assert seen.lines == ["#!/usr/bin/env -S python3 -S", "/usr/bin/sh"]


def test_what_lies_in_a_mount_can_be_started(runtime: SandboxRuntime, tmp_path: Path) -> None:
    program = tmp_path / "hello"
    program.write_text("#!/bin/sh\necho hello\n")
    with pytest.raises(CannotStart, match="permission denied"):
        run(runtime, "", command=("/opt/tools/hello",), mounts=(Mount(tmp_path, "/opt/tools"),))
    program.chmod(0o755)
    handle, seen = run(runtime, "", command=("/opt/tools/hello",), mounts=(Mount(tmp_path, "/opt/tools"),))
    ended(handle)
    assert seen.lines == ["hello"]


def test_no_bubblewrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sandbox, "LINUX", True)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeUnavailable, match="needs bwrap") as caught:
        SandboxRuntime(tmp_path / "home")
    assert "bubblewrap" in caught.value.remedy
    assert not (tmp_path / "home").exists()


def test_a_bubblewrap_that_may_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("bwrap", "nsenter"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(sandbox, "LINUX", True)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeUnavailable, match="No permissions to create new namespace") as caught:
        sandbox.check()
    assert "user namespaces" in caught.value.remedy
    monkeypatch.setattr(sandbox, "LINUX", False)
    with pytest.raises(RuntimeUnavailable, match="needs Linux"):
        sandbox.check()


def test_nothing_is_made_behind_a_link_out_of_the_root(runtime: SandboxRuntime, tmp_path: Path) -> None:
    code = "import os, ssl; print(os.getcwd(), os.listdir('/lib/data'))"
    (tmp_path / "seen").write_text("")
    handle, seen = run(runtime, code, working_directory="/lib/deep/er", mounts=(Mount(tmp_path, "/lib/data"),))
    assert ended(handle) == Exit(0)
    assert seen.lines == ["/lib/deep/er ['seen']"]
    assert not Path("/run/host/usr/lib/deep").exists()
