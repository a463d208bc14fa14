import contextlib
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab_cloud.errors import RuntimeUnavailable
from lab_cloud.runtime.docker import DockerRuntime
from lab_cloud.runtime.engine import HOME, MACHINE, PID, RUN, connect
from lab_cloud.runtime.spec import Exit, Share
from tests.waiting import until

from .engine import containers_of
from .kinds import need
from .running import WAIT, ended, run


@pytest.fixture
def api() -> Iterator[Any]:
    need("docker")
    with contextlib.closing(connect()) as found:
        yield found


def leave(api: Any, home: Path, pid: int, machine: str) -> str:
    """A container as a cloud leaves one."""
    image = api.images("python")[0]["Id"]
    marks = {HOME: str(home), RUN: "0000", PID: str(pid), MACHINE: machine}
    return str(api.create_container(image, command=["python", "-V"], labels=marks)["Id"])


def test_what_dead_clouds_have_left_is_removed_at_the_next_start(api: Any, tmp_path: Path) -> None:
    here, other = tmp_path / "home", tmp_path / "other"
    leave(api, here, os.getpid(), platform.node())  # one cloud at a time uses a folder, so this one's is dead
    leave(api, other, 999_999_999, platform.node())
    living = leave(api, other, os.getpid(), platform.node())
    elsewhere = leave(api, other, 999_999_999, "another-machine")
    runtime = DockerRuntime(here, online=False)
    try:
        until(lambda: containers_of(here) == [] and sorted(containers_of(other)) == sorted([living, elsewhere]))
    finally:
        runtime.close()
        api.remove_container(living)
        api.remove_container(elsewhere)


def test_whose_a_container_is_can_be_seen(api: Any, tmp_path: Path) -> None:
    runtime = DockerRuntime(tmp_path / "home", online=False)
    try:
        handle, seen = run(runtime, WAIT, ports=(80,), user="65534", share=Share(cpu=0.5, memory=64 << 20))
        until(lambda: seen.lines)
        found = api.inspect_container(handle.id)
        assert found["Config"]["Labels"][PID] == str(os.getpid())
        assert found["Config"]["User"] == "65534"
        assert found["NetworkSettings"]["Ports"]["80/tcp"] == [
            {"HostIp": "127.0.0.1", "HostPort": str(handle.ports[80])}
        ]
        assert found["HostConfig"]["Memory"] == found["HostConfig"]["MemorySwap"] == 64 << 20
        assert 0.9 < found["HostConfig"]["CpuQuota"] / found["HostConfig"]["CpuPeriod"] / 0.5 <= 1
        assert not found["HostConfig"]["Privileged"]
        handle.kill()
        ended(handle)
    finally:
        runtime.close()


def test_a_container_that_somebody_removes(api: Any, tmp_path: Path) -> None:
    runtime = DockerRuntime(tmp_path / "home", online=False)
    try:
        handle, seen = run(runtime, WAIT)
        until(lambda: seen.lines)
        api.remove_container(handle.id, force=True)
        assert ended(handle).code == 137
        assert len(seen.exits) == 1
        second, _ = run(runtime, "print(1)")
        assert ended(second) == Exit(0)
    finally:
        runtime.close()


def test_no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")
    with pytest.raises(RuntimeUnavailable, match="No container engine answers") as caught:
        DockerRuntime(tmp_path / "home")
    assert "DOCKER_HOST" in caught.value.remedy
    assert not (tmp_path / "home").exists()
