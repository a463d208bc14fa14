"""App Runner through the AWS CLI: each of its commands."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from awscli.clidriver import create_clidriver

from lab_cloud.wire import model
from lab_cloud.wire.call import snake_case
from tests.lab_cloud.apprunner.stage import Runner, source
from tests.stage import Place


class Cli:
    """The AWS CLI in this process, since each start of it takes a second of a processor."""

    def __init__(self) -> None:
        self.used: set[str] = set()
        self._driver = create_clidriver()

    def __call__(self, command: str, **options: Any) -> dict[str, Any]:
        """Call with options by their names in Python; anything but a text goes as JSON."""
        self.used.add(command)
        words = ["apprunner", command, "--output", "json"]
        for name, value in options.items():
            words.append(f"--{name.replace('_', '-')}")
            if value is not True:
                words.append(value if isinstance(value, str) else json.dumps(value))
        written = io.StringIO()
        with redirect_stdout(written):
            code = self._driver.main(words)
        assert code == 0, words
        found: dict[str, Any] = json.loads(written.getvalue() or "{}")
        return found

    def arn(self, command: str, member: str, **options: Any) -> str:
        """The ARN of what a command has made."""
        return str(self(command, **options)[member][f"{member}Arn"])


@pytest.fixture
def cli(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> Cli:
    for name, value in environment(runner).items():
        monkeypatch.setenv(name, value)
    return Cli()


def environment(runner: Runner) -> dict[str, str]:
    state = runner.cloud.state
    return {
        "AWS_ENDPOINT_URL": runner.cloud.endpoint,
        "AWS_ACCESS_KEY_ID": state["access_key"],
        "AWS_SECRET_ACCESS_KEY": state["secret_key"],
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_PAGER": "",
    }


def test_the_program_itself(runner: Runner) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, Path(sys.executable).with_name("aws"), "apprunner", "list-services", "--output", "json"],
        env=kept | environment(runner), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"ServiceSummaryList": []}


def test_every_command(runner: Runner, cli: Cli, place: Place) -> None:
    name = runner.cloud.name("commands")
    scaling = cli.arn(
        "create-auto-scaling-configuration", "AutoScalingConfiguration", auto_scaling_configuration_name=name
    )
    watch = cli.arn(
        "create-observability-configuration",
        "ObservabilityConfiguration",
        observability_configuration_name=name,
        trace_configuration="Vendor=AWSXRAY",
    )
    hub = cli.arn("create-connection", "Connection", connection_name=name, provider_type="GITHUB")
    connector = cli.arn("create-vpc-connector", "VpcConnector", vpc_connector_name=name, subnets=place.subnets)

    made = cli(
        "create-service",
        service_name=name,
        source_configuration=source(),
        instance_configuration="Cpu=1 vCPU,Memory=2 GB",
        auto_scaling_configuration_arn=scaling,
        tags="Key=a,Value=b",
    )
    arn = made["Service"]["ServiceArn"]
    assert made["Service"]["Status"] == "OPERATION_IN_PROGRESS"
    assert runner.settled(arn) == "RUNNING"
    (operation,) = cli("list-operations", service_arn=arn)["OperationSummaryList"]
    assert (operation["Id"], operation["Status"]) == (made["OperationId"], "SUCCEEDED")
    assert name in [one["ServiceName"] for one in cli("list-services")["ServiceSummaryList"]]
    assert cli("describe-service", service_arn=arn)["Service"]["InstanceConfiguration"]["Cpu"] == "1024"
    private = {"IngressConfiguration": {"IsPubliclyAccessible": False}}
    for command, status, more in (
        ("start-deployment", "RUNNING", {}),
        ("update-service", "RUNNING", {"network_configuration": private}),
        ("pause-service", "PAUSED", {}),
        ("resume-service", "RUNNING", {}),
    ):
        assert cli(command, service_arn=arn, **more)["OperationId"]
        assert runner.settled(arn) == status

    cli("tag-resource", resource_arn=arn, tags="Key=c,Value=d")
    cli("untag-resource", resource_arn=arn, tag_keys="a")
    assert cli("list-tags-for-resource", resource_arn=arn)["Tags"] == [{"Key": "c", "Value": "d"}]

    domain = {"service_arn": arn, "domain_name": "www.example.org"}
    cli("associate-custom-domain", **domain)
    assert len(cli("describe-custom-domains", service_arn=arn)["CustomDomains"]) == 1
    cli("disassociate-custom-domain", **domain)

    for kind, member, one, listed in (
        ("auto-scaling-configuration", "AutoScalingConfiguration", scaling, "AutoScalingConfigurationSummaryList"),
        ("observability-configuration", "ObservabilityConfiguration", watch, "ObservabilityConfigurationSummaryList"),
        ("vpc-connector", "VpcConnector", connector, "VpcConnectors"),
    ):
        shown = cli(f"describe-{kind}", **{f"{kind}_arn": one})[member]
        assert shown[f"{member}Name"] == name
        found = cli(f"list-{kind}s")[listed]
        assert one in [each[f"{member}Arn"] for each in found]
    assert hub in [each["ConnectionArn"] for each in cli("list-connections")["ConnectionSummaryList"]]
    users = cli("list-services-for-auto-scaling-configuration", auto_scaling_configuration_arn=scaling)
    assert users["ServiceArnList"] == [arn]
    default = next(
        one["AutoScalingConfigurationArn"]
        for one in cli("list-auto-scaling-configurations")["AutoScalingConfigurationSummaryList"]
        if one["IsDefault"]
    )
    changed = cli("update-default-auto-scaling-configuration", auto_scaling_configuration_arn=default)
    assert changed["AutoScalingConfiguration"]["IsDefault"]

    ingress = cli.arn(
        "create-vpc-ingress-connection",
        "VpcIngressConnection",
        service_arn=arn,
        vpc_ingress_connection_name=name,
        ingress_vpc_configuration=f"VpcId={place.vpc},VpcEndpointId=vpce-1",
    )
    assert [
        one["VpcIngressConnectionArn"]
        for one in cli("list-vpc-ingress-connections")["VpcIngressConnectionSummaryList"]
        if one["ServiceArn"] == arn
    ] == [ingress]
    moved = f"VpcId={place.vpc},VpcEndpointId=vpce-2"
    cli("update-vpc-ingress-connection", vpc_ingress_connection_arn=ingress, ingress_vpc_configuration=moved)
    shown = cli("describe-vpc-ingress-connection", vpc_ingress_connection_arn=ingress)["VpcIngressConnection"]
    assert shown["IngressVpcConfiguration"]["VpcEndpointId"] == "vpce-2"
    cli("delete-vpc-ingress-connection", vpc_ingress_connection_arn=ingress)

    cli("delete-service", service_arn=arn)
    assert runner.settled(arn) == "DELETED"
    for kind, one in (
        ("auto-scaling-configuration", scaling),
        ("observability-configuration", watch),
        ("vpc-connector", connector),
        ("connection", hub),
    ):
        cli(f"delete-{kind}", **{f"{kind}_arn": one})
    assert cli.used == {snake_case(one).replace("_", "-") for one in model.load("apprunner").operations}
