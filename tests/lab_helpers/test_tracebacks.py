"""What a learner reads when a cell fails, through a real shell of IPython."""

import re
from collections.abc import Callable
from urllib.error import URLError

import boto3
import IPython
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.stub import Stubber
from IPython.core.interactiveshell import InteractiveShell
from kubernetes.client import ApiException
from kubernetes.utils import FailToCreateError

from lab_helpers import tracebacks
from lab_helpers.errors import NotFound


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Runs a cell and answers with what its failure shows."""
    shell = InteractiveShell()
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    monkeypatch.setattr(shell, "_showtraceback", lambda _kind, _error, lines: shown.append("\n".join(lines)))
    shown: list[str] = []
    ecs = boto3.client("ecs", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stubber = Stubber(ecs)
    stubber.add_client_error("list_tasks", "ClusterNotFoundException", "Cluster not found.")
    stubber.activate()
    shell.push({"ecs": ecs, "NotFound": NotFound})
    tracebacks.explain_failures()
    tracebacks.explain_failures()

    def run(source: str) -> str:
        shown.clear()
        shell.run_cell(source)
        return re.sub(r"\x1b\[[0-9;]*m", "", shown[0])

    return run


def test_a_refusal_shows_the_learners_lines_and_what_to_do(cell: Callable[[str], str]) -> None:
    told = cell("def mine():\n    return ecs.list_tasks(cluster='nowhere')\nmine()")
    assert "----> 3 mine()" in told
    assert "----> 2     return ecs.list_tasks" in told
    assert "botocore" not in told
    assert "Cluster not found." in told
    assert told.endswith(tracebacks.NOT_THERE)


def test_a_call_that_is_misspelt(cell: Callable[[str], str]) -> None:
    told = cell("ecs.create_clusters()")
    assert "botocore" not in told
    assert told.endswith("Did you mean create_cluster?")


def test_a_service_that_is_misspelt(cell: Callable[[str], str]) -> None:
    told = cell("import boto3\nboto3.client('esc')")
    assert "UnknownServiceError: boto3 knows no service called esc.\n" in told
    assert told.endswith("Did you mean ecs?")


def test_a_name_that_no_cell_has_made_yet(cell: Callable[[str], str]) -> None:
    assert cell("subnet_ids[0]").endswith(tracebacks.NO_NAME)
    assert f"Did you mean ecs? {tracebacks.NO_NAME}" in cell("esc.list_tasks()")


def test_parameters_that_are_misspelt_are_boto3s_to_explain(cell: Callable[[str], str]) -> None:
    told = cell("ecs.list_tasks(clustername='x')")
    assert "must be one of: cluster" in told
    assert "botocore" not in told


def test_a_stopped_cell(cell: Callable[[str], str]) -> None:
    assert cell("raise KeyboardInterrupt").endswith(tracebacks.STOPPED)


def test_other_errors_are_as_ever(cell: Callable[[str], str]) -> None:
    assert cell("1 / 0").endswith("ZeroDivisionError: division by zero")
    assert "json/decoder.py" in cell("import json\njson.loads('no')").replace("\\", "/")
    assert cell("raise NotFound('No lab.', 'Look.')") == "NotFound: No lab.\nLook."


@pytest.mark.parametrize(
    ("code", "message", "advice"),
    [
        ("InvalidGroup.Duplicate", "", tracebacks.THERE),
        ("EntityAlreadyExists", "", tracebacks.THERE),
        ("InvalidParameterException", "Creation of service was not idempotent.", tracebacks.THERE),
        ("ClientException", "The specified capacity provider already exists.", tracebacks.THERE),
        ("DeleteConflict", "Cannot delete entity, must detach all policies first.", ""),
        ("ServiceNotActiveException", "", tracebacks.NOT_THERE),
        ("InvalidClientTokenId", "", tracebacks.NEW_CLOUD),
        ("ClientException", "No Fargate configuration exists.", ""),
    ],
)
def test_what_to_do_about_a_refusal(code: str, message: str, advice: str) -> None:
    assert tracebacks.remedy(ClientError({"Error": {"Code": code, "Message": message}}, "Call")) == advice


def test_what_kubernetes_refuses_is_said_in_its_words() -> None:
    error = ApiException(status=404, reason="Not Found")
    error.body = '{"message": "namespaces \\"demo\\" not found"}'
    assert tracebacks.remedy(error) == f'Kubernetes says: namespaces "demo" not found\n{tracebacks.NOT_THERE}'
    assert tracebacks.remedy(FailToCreateError([error])) == tracebacks.remedy(error)
    assert tracebacks.remedy(ApiException(status=409)) == tracebacks.THERE
    error.body = "no JSON"
    assert tracebacks.remedy(error) == tracebacks.NOT_THERE
    assert tracebacks.remedy(ApiException(status=500)) == ""


def test_what_to_do_about_other_failures() -> None:
    assert tracebacks.remedy(URLError("refused")) == tracebacks.NOBODY
    assert tracebacks.remedy(EndpointConnectionError(endpoint_url="http://127.0.0.1:1")) == tracebacks.NO_CLOUD
    assert tracebacks.remedy(IndexError("list index out of range")) == tracebacks.NOTHING_FITS
    assert tracebacks.remedy(IndexError("string index out of range")) == ""
    assert tracebacks.remedy(AttributeError("anything else")) == ""
