"""App Runner from end to end on each runtime that isolates; the default one is what all other tests use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab_cloud.apprunner.stage import Runner
from tests.lab_cloud.runtime.kinds import KINDS, need
from tests.stage import RunningCloud
from tests.waiting import until

APP = """
import http.server, os
from built import VALUE
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{VALUE} {os.getpid()}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
print("it begins", flush=True)
port = os.environ.get("PORT_8000")
place = ("127.0.0.1", int(port)) if port else ("", 8000)
http.server.HTTPServer(place, Handler).serve_forever()
"""


@pytest.fixture(scope="module", params=[kind for kind in KINDS if kind != "process"])
def isolated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    need(request.param)
    cloud = RunningCloud(
        tmp_path_factory.mktemp(request.param) / "lab", LAB_RUNTIME=request.param, LAB_DOCKER_PULL="off"
    )
    cloud.command("up")
    assert cloud.state["runtime"] == request.param
    yield Runner(cloud)
    cloud.command("down")


def test_an_image_is_served_paused_and_resumed(isolated: Runner) -> None:
    arn = isolated.create()
    assert isolated.settled(arn, 60) == "RUNNING", isolated.events(arn)
    assert isolated.get(arn)[0] == 200
    isolated.client.pause_service(ServiceArn=arn)
    assert isolated.settled(arn, 60) == "PAUSED"
    isolated.client.resume_service(ServiceArn=arn)
    assert isolated.settled(arn, 60) == "RUNNING"
    assert isolated.get(arn)[0] == 200
    isolated.client.delete_service(ServiceArn=arn)
    assert isolated.settled(arn, 60) == "DELETED"


def test_source_code_is_built_and_served(isolated: Runner, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    made = isolated.client.create_connection(ConnectionName="github", ProviderType="GITHUB")["Connection"]
    command = "python -c \"open('built.py', 'w').write('VALUE = 42')\""
    values = {"Runtime": "PYTHON_311", "BuildCommand": command, "StartCommand": "python app.py", "Port": "8000"}
    code = {
        "RepositoryUrl": tmp_path.as_uri(),
        "SourceCodeVersion": {"Type": "BRANCH", "Value": "main"},
        "CodeConfiguration": {"ConfigurationSource": "API", "CodeConfigurationValues": values},
    }
    authentication = {"ConnectionArn": made["ConnectionArn"]}
    arn = isolated.client.create_service(
        ServiceName="coded",
        SourceConfiguration={"CodeRepository": code, "AuthenticationConfiguration": authentication},
    )["Service"]["ServiceArn"]
    assert isolated.settled(arn, 60) == "RUNNING", isolated.events(arn)
    assert isolated.get(arn)[1].split() == ["42", "1"]
    logs = isolated.cloud.client("logs")
    group = f"/aws/apprunner/coded/{arn.rpartition('/')[2]}/application"
    assert until(lambda: logs.filter_log_events(logGroupName=group)["events"])[0]["message"] == "it begins"
    isolated.client.delete_service(ServiceArn=arn)
    assert isolated.settled(arn, 60) == "DELETED"
