"""App Runner through the AWS CLI."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.lab_cloud.apprunner.stage import Runner, source


def aws(runner: Runner, *words: str) -> Any:
    state = runner.cloud.state
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    keys = {
        "AWS_ENDPOINT_URL": runner.cloud.endpoint,
        "AWS_ACCESS_KEY_ID": state["access_key"],
        "AWS_SECRET_ACCESS_KEY": state["secret_key"],
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_PAGER": "",
    }
    done = subprocess.run(
        [sys.executable, Path(sys.executable).with_name("aws"), "apprunner", *words, "--output", "json"],
        env=kept | keys, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_service_from_its_beginning_to_its_end(runner: Runner) -> None:
    name = runner.cloud.name("service")
    made = aws(
        runner, "create-service", "--service-name", name, "--source-configuration", json.dumps(source()),
        "--instance-configuration", "Cpu=1 vCPU,Memory=2 GB",
    )  # fmt: skip
    arn = made["Service"]["ServiceArn"]
    assert made["Service"]["Status"] == "OPERATION_IN_PROGRESS"
    assert runner.settled(arn) == "RUNNING"
    operations = aws(runner, "list-operations", "--service-arn", arn)["OperationSummaryList"]
    assert [(one["Id"], one["Status"]) for one in operations] == [(made["OperationId"], "SUCCEEDED")]
    assert name in [one["ServiceName"] for one in aws(runner, "list-services")["ServiceSummaryList"]]
    aws(runner, "delete-service", "--service-arn", arn)
    assert runner.settled(arn) == "DELETED"
