"""Services from source code: really built, really run."""

from pathlib import Path
from typing import Any

import pytest

from tests.lab_cloud.apprunner.stage import Runner, source
from tests.waiting import until

APP = """
import http.server, os
from built import VALUE
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{VALUE} {os.environ.get('GREETING')} {os.environ.get('FLAVOUR')}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
BUILD = """
import os, pathlib
pathlib.Path("built.py").write_text(f"VALUE = {os.environ.get('FLAVOUR', 'plain')!r}")
"""
FILE = """
version: 1.0
runtime: python311
build:
  commands:
    build:
      - python build.py
  env:
    - name: FLAVOUR
      value: sweet
run:
  command: python app.py
  network:
    port: 8000
  env:
    - name: GREETING
      value: hello
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "build.py").write_text(BUILD)
    return tmp_path


@pytest.fixture(scope="module")
def connection(runner: Runner) -> str:
    made = runner.client.create_connection(ConnectionName=runner.cloud.name("hub"), ProviderType="GITHUB")
    arn = str(made["Connection"]["ConnectionArn"])
    found = {one["ConnectionArn"]: one["Status"] for one in runner.paged("list_connections", "ConnectionSummaryList")}
    assert found[arn] == "AVAILABLE"
    return arn


def code(folder: Path, connection: str, **configuration: Any) -> dict[str, Any]:
    repository = {
        "RepositoryUrl": folder.as_uri(),
        "SourceCodeVersion": {"Type": "BRANCH", "Value": "main"},
        "CodeConfiguration": configuration,
    }
    return {"CodeRepository": repository, "AuthenticationConfiguration": {"ConnectionArn": connection}}


def images(runner: Runner) -> str:
    return runner.cloud.command("images").stdout


def test_built_by_its_file_and_deployed_again(runner: Runner, folder: Path, connection: str) -> None:
    (folder / "apprunner.yaml").write_text(FILE)
    given = code(folder, connection, ConfigurationSource="REPOSITORY")
    arn = runner.running(SourceConfiguration=given)
    assert runner.get(arn) == (200, "sweet hello None")
    assert "from-source" in images(runner)
    stream = f"deployment/{runner.client.list_operations(ServiceArn=arn)['OperationSummaryList'][0]['Id']}"
    log = "\n".join(runner.log(arn, "service", stream))
    for words in ("Starting source code build.", "stands in for the repository", "[Build] ", "Successfully built"):
        assert words in log

    (folder / "apprunner.yaml").write_text(FILE.replace("hello", "again"))
    runner.client.start_deployment(ServiceArn=arn)
    assert runner.settled(arn) == "RUNNING"
    assert runner.get(arn) == (200, "sweet again None")

    (folder / "build.py").write_text("raise SystemExit('no flour')")
    runner.client.start_deployment(ServiceArn=arn)
    assert runner.settled(arn) == "RUNNING"
    assert runner.operations(arn)[0] == ("START_DEPLOYMENT", "ROLLBACK_SUCCEEDED")
    assert runner.said(arn, "Failed to build your application source code. Reason:")
    assert runner.get(arn) == (200, "sweet again None")

    refused_switch = {"ServiceArn": arn, "SourceConfiguration": source()}
    with pytest.raises(runner.client.exceptions.InvalidRequestException, match="cannot make it a service"):
        runner.client.update_service(**refused_switch)
    with pytest.raises(runner.client.exceptions.InvalidRequestException, match="is used by the service"):
        runner.client.delete_connection(ConnectionArn=connection)
    runner.client.pause_service(ServiceArn=arn)
    assert runner.settled(arn) == "PAUSED"
    runner.client.resume_service(ServiceArn=arn)
    assert runner.settled(arn) == "RUNNING"
    assert runner.get(arn) == (200, "sweet again None")
    runner.delete(arn)
    until(lambda: "from-source" not in images(runner))


def test_built_by_the_api(runner: Runner, folder: Path, connection: str) -> None:
    values = {"Runtime": "PYTHON_3", "BuildCommand": "python build.py", "StartCommand": "python app.py", "Port": "80"}
    variables = {"RuntimeEnvironmentVariables": {"GREETING": "hi"}}
    configuration = {"ConfigurationSource": "API", "CodeConfigurationValues": {**values, **variables}}
    arn = runner.running(SourceConfiguration=code(folder, connection, **configuration))
    shown = runner.service(arn)["SourceConfiguration"]
    assert shown["CodeRepository"]["SourceDirectory"] == "/"
    assert shown["AutoDeploymentsEnabled"] is False
    assert runner.get(arn) == (200, "plain hi None")
    runner.delete(arn)


def test_a_file_that_is_missing_fails_the_creation(runner: Runner, folder: Path, connection: str) -> None:
    arn = runner.create(SourceConfiguration=code(folder, connection, ConfigurationSource="REPOSITORY"))
    assert runner.settled(arn) == "CREATE_FAILED"
    assert runner.said(arn, "There is no file apprunner.yaml")
    runner.delete(arn)
