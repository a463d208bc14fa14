"""Express Mode through the AWS CLI."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.lab_cloud.ecs.express.stage import NGINX, Gateways
from tests.waiting import until


def aws(gateways: Gateways, *words: str) -> Any:
    state = gateways.cloud.state
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    keys = {
        "AWS_ENDPOINT_URL": gateways.cloud.endpoint,
        "AWS_ACCESS_KEY_ID": state["access_key"],
        "AWS_SECRET_ACCESS_KEY": state["secret_key"],
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_PAGER": "",
    }
    done = subprocess.run(
        [sys.executable, Path(sys.executable).with_name("aws"), "ecs", *words, "--output", "json"],
        env=kept | keys, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["service"]


def test_a_service_from_its_beginning_to_its_end(gateways: Gateways) -> None:
    name = gateways.cloud.name("express")
    made = aws(
        gateways, "create-express-gateway-service", "--service-name", name,
        "--execution-role-arn", gateways.execution, "--infrastructure-role-arn", gateways.infrastructure,
        "--primary-container", json.dumps({"image": NGINX}), "--cpu", "256", "--memory", "512",
        "--scaling-target", "minTaskCount=1,maxTaskCount=2",
    )  # fmt: skip
    arn = made["serviceArn"]
    until(lambda: gateways.get(arn)[0] == 200, 20)
    shown = aws(gateways, "describe-express-gateway-service", "--service-arn", arn, "--include", "TAGS")
    assert shown["activeConfigurations"][0]["cpu"] == "256"
    changed = aws(
        gateways, "update-express-gateway-service", "--service-arn", arn, "--scaling-target", "maxTaskCount=3"
    )
    assert changed["targetConfiguration"]["scalingTarget"]["maxTaskCount"] == 3
    assert aws(gateways, "delete-express-gateway-service", "--service-arn", arn)["status"]["statusCode"] == "DRAINING"
