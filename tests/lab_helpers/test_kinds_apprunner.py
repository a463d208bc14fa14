"""What a lab makes in App Runner is found by its tag and deleted in order; where there is no App Runner, nothing is."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from lab_helpers import Lab, kinds_apprunner
from lab_helpers.inventory import Tags
from tests.waiting import until

SOURCE = {
    "ImageRepository": {
        "ImageIdentifier": "public.ecr.aws/nginx/nginx:latest",
        "ImageRepositoryType": "ECR_PUBLIC",
        "ImageConfiguration": {"Port": "80"},
    }
}


@pytest.mark.usefixtures("cloud")
def test_everything_goes() -> None:
    lab = Lab(2)
    lab.start()
    client, ec2 = lab.client("apprunner"), lab.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    group = ec2.create_security_group(GroupName="connector", Description="t", VpcId=subnet["VpcId"])["GroupId"]
    client.create_connection(ConnectionName="hub-connection", ProviderType="GITHUB")
    client.create_observability_configuration(ObservabilityConfigurationName="traces")
    connector = client.create_vpc_connector(
        VpcConnectorName="connector", Subnets=[subnet["SubnetId"]], SecurityGroups=[group]
    )["VpcConnector"]["VpcConnectorArn"]
    for _ in range(2):
        scaling = client.create_auto_scaling_configuration(AutoScalingConfigurationName="scaling")
    service = client.create_service(
        ServiceName="DemoHTTP",
        SourceConfiguration=SOURCE,
        AutoScalingConfigurationArn=scaling["AutoScalingConfiguration"]["AutoScalingConfigurationArn"],
        NetworkConfiguration={
            "EgressConfiguration": {"EgressType": "VPC", "VpcConnectorArn": connector},
            "IngressConfiguration": {"IsPubliclyAccessible": False},
        },
    )["Service"]
    until(lambda: client.list_services()["ServiceSummaryList"][0]["Status"] == "RUNNING")
    assert lab.url("DemoHTTP").startswith("http://127.0.0.1:")
    client.create_vpc_ingress_connection(
        ServiceArn=service["ServiceArn"],
        VpcIngressConnectionName="inside",
        IngressVpcConfiguration={"VpcId": subnet["VpcId"], "VpcEndpointId": "vpce-0123456789abcdef0"},
    )
    assert len(log_groups(lab)) == 2
    expected = {
        ("VPC ingress connection", "inside"),
        ("App Runner service", "DemoHTTP"),
        ("auto scaling configuration", "scaling"),
        ("VPC connector", "connector"),
        ("connection", "hub-connection"),
        ("observability configuration", "traces"),
        ("security group", "connector"),
    }
    by_hand = client.create_service(ServiceName="ByHand", SourceConfiguration=SOURCE)["Service"]["ServiceArn"]
    until(lambda: client.describe_service(ServiceArn=by_hand)["Service"]["Status"] == "RUNNING")
    client.delete_service(ServiceArn=by_hand)
    until(lambda: client.describe_service(ServiceArn=by_hand)["Service"]["Status"] == "DELETED")
    logs = {("log group", name) for name in log_groups(lab) if "/ByHand/" in name}
    assert len(logs) == 2, "they outlive it"
    assert {(thing.kind, thing.name) for thing in lab.teardown(dry_run=True).things} >= expected | logs
    lab.teardown()
    assert lab.teardown(dry_run=True).things == ()
    assert log_groups(lab) == []


def log_groups(lab: Lab) -> list[str]:
    """Those that App Runner has made."""
    found = lab.client("logs").describe_log_groups(logGroupNamePrefix="/aws/apprunner/")["logGroups"]
    return [one["logGroupName"] for one in found]


class Refusing:
    """A client of a cloud without App Runner."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, _operation: str) -> Callable[..., Any]:
        def refuse(**_: Any) -> None:
            raise self._error

        return refuse


def refusal(code: str, status: int) -> ClientError:
    response = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "ListServices")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error",
    [
        refusal("InternalFailure", 501),
        refusal("SubscriptionRequiredException", 400),
        EndpointConnectionError(endpoint_url="http://x"),
    ],
)
def test_a_cloud_without_app_runner_has_nothing_of_it(error: Exception) -> None:
    for kind in kinds_apprunner.KINDS:
        assert list(kind.find(Refusing(error), Tags("me"))) == []
    assert kinds_apprunner.host_of(Refusing(error), "x") == ""


def test_other_errors_are_not_hidden() -> None:
    with pytest.raises(ClientError):
        list(kinds_apprunner.SERVICES.find(Refusing(refusal("InternalServiceErrorException", 500)), Tags("me")))
