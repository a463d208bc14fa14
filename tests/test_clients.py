"""Clients other than boto3 against the embedded cloud: the page in the docs is run as it stands, block by block."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stage import ROOT, RunningCloud

PAGE = ROOT / "docs" / "clients.md"
MARK = "=== block"
CONNECT = 'eval "$(python -m lab_cloud env)"\n'

needs_a_shell = pytest.mark.skipif(
    sys.platform == "win32" or shutil.which("curl") is None, reason="needs a POSIX shell and curl"
)


def blocks(heading: str) -> list[str]:
    """The shell commands below a heading of the page."""
    section = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = next(part for part in section if part.startswith(heading))
    return re.findall(r"^```sh\n(.*?)^```", found, flags=re.MULTILINE | re.DOTALL)


def run(folder: Path, commands: list[str]) -> list[str]:
    """Run blocks in one shell, as a reader does; what each one printed."""
    script = "set -eu\n" + "".join(f"echo '{MARK}'\n{block}" for block in commands)
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    surroundings |= {
        "LAB_HOME": str(folder / "lab"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
        # The reader's own profiles are not for tests.
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
    }
    done = subprocess.run(
        ["sh", "-c", script], cwd=folder, env=surroundings, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [one.strip() for one in done.stdout.split(MARK)[1:]]


@pytest.mark.matrix  # a new process of the AWS CLI for each call takes a second of a core
@needs_a_shell
def test_the_page_works_as_it_stands(tmp_path: Path) -> None:
    try:
        connected = run(tmp_path, [*blocks("The variables"), *blocks("curl"), *blocks("A profile")])
        assert connected[0].splitlines()[-1] == "123456789012"
        assert connected[1] == '{"clusterArns":[]}'
        assert connected[2].splitlines()[-1] == "123456789012"
        walked = [one.splitlines() for one in run(tmp_path, [CONNECT, *blocks("Walk ECS")])[1:]]
    finally:
        RunningCloud(tmp_path / "lab").command("down")
    cluster, role, definition, group, balancer, service, page, update, scale, cleanup = walked
    assert cluster == ["ACTIVE"]
    assert role == ["arn:aws:iam::123456789012:role/ecsTaskExecutionRole"]
    assert definition == ["arn:aws:ecs:us-east-1:123456789012:task-definition/nginxdemos-hello:1"]
    assert group == ["80"]
    assert balancer == ["true", "80"]
    assert service == ["ACTIVE"]
    assert page == ["<title>Hello World</title>"]
    assert update == ["2", "PRIMARY\tACTIVE", "<title>Welcome to nginx!</title>"]
    assert scale == ["3", "STOPPED", "3\t3"]
    assert cleanup == ["DRAINING", "INACTIVE", "INACTIVE", "INACTIVE"]
