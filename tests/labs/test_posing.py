"""Every lab, solved, on the embedded cloud that poses as a real account: the guard lets it through, nothing is left.

What only the embedded cloud can do (building images, containers by themselves) says so here, as on AWS.
"""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.labs.running import solved
from tools.notebooks import NEVER_BEGAN, ROOT, STARTS, fresh_cloud, tags

NOTEBOOKS = sorted((ROOT / "labs").glob("*.ipynb"))
pytestmark = [pytest.mark.labs, pytest.mark.matrix]
SECONDS = 60
POSE = """
from lab_helpers import cloud as _cloud
from lab_helpers.address import Url as _Url
from lab_helpers.aws.account import Aws as _Aws

_Aws.delay, _Aws.speed = 0.1, 60.0  # AWS's waiters look every 15 seconds
_Aws.url = lambda self, name: _Url(_cloud.url(name).rstrip("/"))  # nobody but AWS resolves the real names
"""
LEFT = """
found = lab.teardown(dry_run=True)
print([thing for thing in found.things], found.unseen)
"""


def posing(environment: dict[str, str]) -> dict[str, str]:
    """Start the cloud; the environment of somebody whose AWS account it is."""
    command = [sys.executable, "-m", "lab_cloud"]
    subprocess.run([*command, "up"], env=environment, cwd=ROOT, check=True, capture_output=True)
    found = json.loads((Path(environment["LAB_HOME"]) / "cloud.json").read_text(encoding="utf-8"))
    return {
        **environment,
        **{
            "LAB_BACKEND": "aws",
            "LAB_CONFIRM": "123456789012",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{found['port']}",
        },
        **{"AWS_ACCESS_KEY_ID": found["access_key"], "AWS_SECRET_ACCESS_KEY": found["secret_key"]},
        **{"AWS_REGION": "us-east-1", "LAB_LEARNER": "an", "NO_PROXY": "127.0.0.1"},
    }


def execute(notebook: nbformat.NotebookNode, environment: dict[str, str]) -> None:
    from nbclient import NotebookClient

    for left in reversed(range(STARTS)):
        client = NotebookClient(
            notebook, timeout=SECONDS, interrupt_on_timeout=True, allow_errors=True, kernel_name="python3",
            resources={"metadata": {"path": str(ROOT / "labs")}},
        )  # fmt: skip
        try:
            client.execute(env=environment)
            return
        except RuntimeError as error:
            if not left or NEVER_BEGAN not in str(error):
                raise


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_the_guard_lets_a_lab_through_and_teardown_leaves_nothing(path: Path) -> None:
    notebook = solved(path)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(POSE))
    notebook.cells.append(nbformat.v4.new_code_cell(LEFT))
    with fresh_cloud() as environment:
        execute(notebook, posing(environment))
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    errors = [
        (cell.source, f"{output.ename}: {output.evalue}")
        for cell in code
        for output in cell.outputs
        if output.output_type == "error"
    ]
    assert [one for one in errors if one[1].startswith(("NotAllowed", "NotConfirmed"))] == []
    assert [one for one in errors if "cleanup" in tags(code[-2]) and one[0] == code[-2].source] == []
    assert code[-1].outputs[0].text.strip() == "[] ()", errors
    first = "".join(output.get("text", "") for output in code[1].outputs)
    assert "This lab will make things in a real account: AWS account 123456789012, region us-east-1." in first
