"""Bad input gets AWS's error, and a message that says what would do."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.lab_cloud.apprunner.stage import NGINX, Runner, source


def refused(runner: Runner, words: str, **params: Any) -> None:
    before = len(runner.paged("list_services", "ServiceSummaryList"))
    with pytest.raises(ClientError) as caught:
        runner.client.create_service(
            **{"ServiceName": runner.cloud.name("refused"), "SourceConfiguration": source(), **params}
        )
    error = caught.value.response["Error"]
    assert error["Code"] == "InvalidRequestException"
    assert words in error["Message"]
    assert len(runner.paged("list_services", "ServiceSummaryList")) == before


@pytest.mark.parametrize(
    ("cpu", "memory", "words"),
    [
        ("256", "2048", "Cpu 0.25 vCPU does not go with Memory 2 GB. With this Cpu it can be: 0.5 GB, 1 GB."),
        ("0.5 vCPU", "0.5 GB", "it can be: 1 GB."),
        ("4 vCPU", "6 GB", "it can be: 8 GB, 10 GB, 12 GB."),
        ("3 vCPU", "2 GB", "regular expression pattern"),
        ("1024", "5 GB", "regular expression pattern"),
    ],
)
def test_illegal_sizes(runner: Runner, cpu: str, memory: str, words: str) -> None:
    refused(runner, words, InstanceConfiguration={"Cpu": cpu, "Memory": memory})


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "8 0"])
def test_bad_ports(runner: Runner, port: str) -> None:
    refused(runner, f"The port {port} is not valid", SourceConfiguration=source(NGINX, port))


@pytest.mark.parametrize(
    "image", ["nginx", "docker.io/library/nginx:latest", "public.ecr.aws/nginx", "127.0.0.1:1/x:1", "a b"]
)
def test_images_from_elsewhere(runner: Runner, image: str) -> None:
    refused(runner, "App Runner takes images from Amazon ECR", SourceConfiguration=source(image))


def test_kinds_of_repositories_must_fit(runner: Runner) -> None:
    given = source()
    given["ImageRepository"]["ImageRepositoryType"] = "ECR"
    refused(runner, "use ECR_PUBLIC", SourceConfiguration=given)


@pytest.mark.parametrize("name", ["-abcd", "a" * 41, "with blank", "dot.dot"])
def test_names(runner: Runner, name: str) -> None:
    refused(runner, "serviceName", ServiceName=name)


def test_the_rest_of_a_source(runner: Runner) -> None:
    refused(
        runner,
        "Automatic deployments are not supported",
        SourceConfiguration={**source(), "AutoDeploymentsEnabled": True},
    )
    refused(runner, "must have an ImageRepository", SourceConfiguration={})
    secrets = source(RuntimeEnvironmentSecrets={"KEY": "arn:aws:ssm:us-east-1:123456789012:parameter/x"})
    refused(runner, "need InstanceConfiguration.InstanceRoleArn", SourceConfiguration=secrets)
    wrong = source(RuntimeEnvironmentSecrets={"KEY": "my-secret"})
    refused(runner, "it must be the ARN", SourceConfiguration=wrong)
    both = source(RuntimeEnvironmentSecrets={"A": "arn:aws:ssm:x"}, RuntimeEnvironmentVariables={"A": "1"})
    refused(runner, "both an environment variable and a secret", SourceConfiguration=both)
    role = {"InstanceRoleArn": "arn:aws:iam::123456789012:role/nobody"}
    refused(runner, "Error in assuming instance role", InstanceConfiguration=role)
    for name in ("PORT", "AWSAPPRUNNER_X"):
        variables = source(RuntimeEnvironmentVariables={name: "1"})
        refused(runner, f"{name} is reserved", SourceConfiguration=variables)
    for command in ("'", " "):
        refused(runner, "The start command", SourceConfiguration=source(start=command))


def test_source_code_needs_a_connection_a_folder_and_python(runner: Runner, tmp_path: Path) -> None:
    code: dict[str, Any] = {
        "RepositoryUrl": "https://example.org/x",
        "SourceCodeVersion": {"Type": "BRANCH", "Value": "main"},
    }
    given: dict[str, Any] = {"CodeRepository": code}
    refused(runner, "needs a ConnectionArn", SourceConfiguration=given)
    unknown = "arn:aws:apprunner:us-east-1:123456789012:connection/nobody/0"
    given["AuthenticationConfiguration"] = {"ConnectionArn": unknown}
    refused(runner, f"Connection with arn {unknown} is not found", SourceConfiguration=given)
    made = runner.client.create_connection(ConnectionName=runner.cloud.name("hub"), ProviderType="GITHUB")
    assert made["Connection"]["Status"] == "PENDING_HANDSHAKE"
    given["AuthenticationConfiguration"] = {"ConnectionArn": made["Connection"]["ConnectionArn"]}
    refused(runner, "needs a CodeConfiguration", SourceConfiguration=given)
    code["CodeConfiguration"] = {"ConfigurationSource": "API"}
    refused(runner, "needs CodeConfigurationValues", SourceConfiguration=given)
    values = code["CodeConfiguration"]["CodeConfigurationValues"] = {"Runtime": "NODEJS_18"}
    refused(runner, "builds Python only", SourceConfiguration=given)
    values["Runtime"] = "PYTHON_311"
    refused(runner, "need a StartCommand", SourceConfiguration=given)
    values["StartCommand"] = "python app.py"
    refused(runner, "The repository https://example.org/x is not reached", SourceConfiguration=given)
    code["RepositoryUrl"] = (tmp_path / "nothing").as_uri()
    refused(runner, "There is no folder", SourceConfiguration=given)
    code |= {"RepositoryUrl": tmp_path.as_uri(), "SourceDirectory": "/../.."}
    refused(runner, "leads out of the repository", SourceConfiguration=given)
    refused(runner, "watches no folder", SourceConfiguration={**given, "AutoDeploymentsEnabled": True})
    refused(runner, "not both", SourceConfiguration={**given, **source()})


def test_what_a_service_names_must_exist(runner: Runner) -> None:
    arn = "arn:aws:apprunner:us-east-1:123456789012:{}/nobody/1/0"
    refused(runner, "AutoScaling", AutoScalingConfigurationArn=arn.format("autoscalingconfiguration"))
    egress = {"EgressType": "VPC", "VpcConnectorArn": arn.format("vpcconnector")}
    refused(runner, "VpcConnector", NetworkConfiguration={"EgressConfiguration": egress})
    refused(runner, "needs a VpcConnectorArn", NetworkConfiguration={"EgressConfiguration": {"EgressType": "VPC"}})
    watch = {"ObservabilityEnabled": True, "ObservabilityConfigurationArn": arn.format("observabilityconfiguration")}
    refused(runner, "Observability", ObservabilityConfiguration=watch)
    refused(runner, "health check path", HealthCheckConfiguration={"Protocol": "HTTP", "Path": "health"})
    refused(runner, "less than or equal to 20", HealthCheckConfiguration={"Interval": 21})


def test_a_name_is_taken_once(runner: Runner) -> None:
    arn = runner.running()
    refused(runner, "already exists", ServiceName=runner.service(arn)["ServiceName"])
    runner.delete(arn)


@pytest.mark.parametrize(
    "operation", ["describe_service", "update_service", "pause_service", "delete_service", "list_operations"]
)
def test_unknown_services(runner: Runner, operation: str) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        getattr(runner.client, operation)(ServiceArn="arn:aws:apprunner:us-east-1:123456789012:service/nobody/0")


def test_an_account_has_thirty_services_in_a_region(runner: Runner) -> None:
    room = 30 - len(runner.paged("list_services", "ServiceSummaryList"))
    made = [runner.create("public.ecr.aws/nobody/nothing:latest") for _ in range(room)]
    with pytest.raises(ClientError, match="ServiceQuotaExceededException"):
        runner.create()
    for arn in made:
        assert runner.settled(arn) == "CREATE_FAILED"
        runner.client.delete_service(ServiceArn=arn)


def test_connectors_and_connections_have_names_and_limits(runner: Runner) -> None:
    client = runner.client
    for name in ("-abcd", "a" * 41, "with blank"):
        with pytest.raises(ClientError, match="InvalidRequestException"):
            client.create_vpc_connector(VpcConnectorName=name, Subnets=["subnet-0"])
    for name in ("a" * 33, "with blank"):
        with pytest.raises(ClientError, match="InvalidRequestException"):
            client.create_connection(ConnectionName=name, ProviderType="GITHUB")
        with pytest.raises(ClientError, match="InvalidRequestException"):
            client.create_auto_scaling_configuration(AutoScalingConfigurationName=name)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.delete_connection(ConnectionArn="arn:aws:apprunner:us-east-1:123456789012:connection/nobody/0")
