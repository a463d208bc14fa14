"""What services refer to: revisions, connections, connectors, domains, and the tags of all."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.lab_cloud.apprunner.stage import Runner
from tests.stage import Place


def scaling(runner: Runner, name: str, **values: int) -> dict[str, Any]:
    made = runner.client.create_auto_scaling_configuration(AutoScalingConfigurationName=name, **values)
    found: dict[str, Any] = made["AutoScalingConfiguration"]
    return found


def test_revisions_of_an_auto_scaling_configuration(runner: Runner) -> None:
    name = runner.cloud.name("scaling")
    first, second = scaling(runner, name), scaling(runner, name, MaxConcurrency=50, MaxSize=5)
    assert (first["MaxConcurrency"], first["MinSize"], first["MaxSize"]) == (100, 1, 25)
    assert second["AutoScalingConfigurationRevision"] == 2
    assert second["Latest"]
    arn = second["AutoScalingConfigurationArn"]

    def described(arn: str) -> dict[str, Any]:
        answer = runner.client.describe_auto_scaling_configuration(AutoScalingConfigurationArn=arn)
        found: dict[str, Any] = answer["AutoScalingConfiguration"]
        return found

    assert not described(first["AutoScalingConfigurationArn"])["Latest"]
    assert described(arn.rsplit("/", 2)[0])["AutoScalingConfigurationRevision"] == 2
    assert described(first["AutoScalingConfigurationArn"].rsplit("/", 1)[0])["AutoScalingConfigurationRevision"] == 1
    member = "AutoScalingConfigurationSummaryList"
    listed = runner.paged("list_auto_scaling_configurations", member, AutoScalingConfigurationName=name, MaxResults=1)
    assert [one["AutoScalingConfigurationRevision"] for one in listed] == [1, 2]
    listed = runner.paged("list_auto_scaling_configurations", member, LatestOnly=True)
    assert [one["AutoScalingConfigurationArn"] for one in listed].count(arn) == 1
    gone = runner.client.delete_auto_scaling_configuration(AutoScalingConfigurationArn=arn)
    assert gone["AutoScalingConfiguration"]["Status"] == "INACTIVE"
    assert described(arn)["Status"] == "INACTIVE"
    assert described(first["AutoScalingConfigurationArn"])["Latest"]
    assert scaling(runner, name)["AutoScalingConfigurationRevision"] == 3
    runner.client.delete_auto_scaling_configuration(
        AutoScalingConfigurationArn=arn.rsplit("/", 2)[0], DeleteAllRevisions=True
    )
    assert runner.paged("list_auto_scaling_configurations", member, AutoScalingConfigurationName=name) == []


def test_limits_of_auto_scaling_configurations(runner: Runner) -> None:
    name = runner.cloud.name("scaling")
    for values, words in (({"MinSize": 3, "MaxSize": 2}, "must not be greater"), ({"MaxSize": 26}, "at most 25")):
        with pytest.raises(ClientError, match=rf"InvalidRequestException.*{words}"):
            scaling(runner, name, **values)
    for _ in range(5):
        made = scaling(runner, name)
    with pytest.raises(ClientError, match="ServiceQuotaExceededException"):
        scaling(runner, name)
    runner.client.delete_auto_scaling_configuration(
        AutoScalingConfigurationArn=made["AutoScalingConfigurationArn"], DeleteAllRevisions=True
    )


def test_the_default_and_what_is_used_cannot_be_deleted(runner: Runner) -> None:
    name = runner.cloud.name("scaling")
    arn = scaling(runner, name)["AutoScalingConfigurationArn"]
    summaries = runner.paged("list_auto_scaling_configurations", "AutoScalingConfigurationSummaryList")
    default = next(one["AutoScalingConfigurationArn"] for one in summaries if one["IsDefault"])
    changed = runner.client.update_default_auto_scaling_configuration(AutoScalingConfigurationArn=arn)
    assert changed["AutoScalingConfiguration"]["IsDefault"]
    service = runner.running()
    assert runner.service(service)["AutoScalingConfigurationSummary"]["AutoScalingConfigurationArn"] == arn
    with pytest.raises(ClientError, match=r"InvalidRequestException.*default"):
        runner.client.delete_auto_scaling_configuration(AutoScalingConfigurationArn=arn)
    runner.client.update_default_auto_scaling_configuration(AutoScalingConfigurationArn=default)
    with pytest.raises(ClientError, match=r"InvalidRequestException.*is used by the service"):
        runner.client.delete_auto_scaling_configuration(AutoScalingConfigurationArn=arn)
    runner.client.update_service(ServiceArn=service, AutoScalingConfigurationArn=default)
    assert runner.settled(service) == "RUNNING"
    runner.client.delete_auto_scaling_configuration(AutoScalingConfigurationArn=arn)
    runner.delete(service)


def test_connectors_of_a_vpc(runner: Runner, place: Place) -> None:
    name = runner.cloud.name("connector")
    with pytest.raises(ClientError, match=r"InvalidRequestException.*subnet-0"):
        runner.client.create_vpc_connector(VpcConnectorName=name, Subnets=["subnet-0"])
    made = runner.client.create_vpc_connector(
        VpcConnectorName=name, Subnets=place.subnets, SecurityGroups=[place.group]
    )["VpcConnector"]
    arn = made["VpcConnectorArn"]
    egress = {"EgressConfiguration": {"EgressType": "VPC", "VpcConnectorArn": arn}}
    service = runner.running(
        NetworkConfiguration={**egress, "IngressConfiguration": {"IsPubliclyAccessible": False}},
    )
    with pytest.raises(ClientError, match=r"InvalidRequestException.*is used by"):
        runner.client.delete_vpc_connector(VpcConnectorArn=arn)
    ingress = runner.client.create_vpc_ingress_connection(
        ServiceArn=service,
        VpcIngressConnectionName=name,
        IngressVpcConfiguration={"VpcId": place.vpc, "VpcEndpointId": "vpce-1"},
    )["VpcIngressConnection"]["VpcIngressConnectionArn"]
    with pytest.raises(ClientError, match="InvalidStateException"):
        runner.client.delete_service(ServiceArn=service)
    found = runner.paged(
        "list_vpc_ingress_connections", "VpcIngressConnectionSummaryList", Filter={"ServiceArn": service}
    )
    assert found == [{"VpcIngressConnectionArn": ingress, "ServiceArn": service}]
    runner.client.update_vpc_ingress_connection(
        VpcIngressConnectionArn=ingress, IngressVpcConfiguration={"VpcId": place.vpc, "VpcEndpointId": "vpce-2"}
    )
    gone = runner.client.delete_vpc_ingress_connection(VpcIngressConnectionArn=ingress)["VpcIngressConnection"]
    assert (gone["Status"], gone["IngressVpcConfiguration"]["VpcEndpointId"]) == ("DELETED", "vpce-2")
    runner.delete(service)
    assert runner.client.delete_vpc_connector(VpcConnectorArn=arn)["VpcConnector"]["Status"] == "INACTIVE"
    assert arn not in [one["VpcConnectorArn"] for one in runner.paged("list_vpc_connectors", "VpcConnectors")]


def test_domains_are_stored(runner: Runner) -> None:
    service = runner.running()
    made = runner.client.associate_custom_domain(ServiceArn=service, DomainName="www.example.org")
    assert made["DNSTarget"] == runner.service(service)["ServiceUrl"]
    assert made["CustomDomain"]["Status"] == "PENDING_CERTIFICATE_DNS_VALIDATION"
    with pytest.raises(ClientError, match="InvalidRequestException"):
        runner.client.associate_custom_domain(ServiceArn=service, DomainName="www.example.org")
    assert len(runner.paged("describe_custom_domains", "CustomDomains", ServiceArn=service)) == 1
    gone = runner.client.disassociate_custom_domain(ServiceArn=service, DomainName="www.example.org")
    assert gone["CustomDomain"]["Status"] == "DELETING"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        runner.client.disassociate_custom_domain(ServiceArn=service, DomainName="www.example.org")
    runner.delete(service)


def test_connections_and_observability_and_their_tags(runner: Runner) -> None:
    client, name = runner.client, runner.cloud.name("stored")
    connection = client.create_connection(
        ConnectionName=name, ProviderType="BITBUCKET", Tags=[{"Key": "a", "Value": "1"}]
    )["Connection"]["ConnectionArn"]
    watch = client.create_observability_configuration(
        ObservabilityConfigurationName=name, TraceConfiguration={"Vendor": "AWSXRAY"}
    )["ObservabilityConfiguration"]["ObservabilityConfigurationArn"]
    for arn, first in ((connection, {"a": "1"}), (watch, {})):
        assert tags(runner, arn) == first
        client.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
        assert tags(runner, arn) == {**first, "b": "2"}
        client.untag_resource(ResourceArn=arn, TagKeys=["b", "c"])
        assert tags(runner, arn) == first
    assert client.list_connections(ConnectionName=name)["ConnectionSummaryList"][0]["ConnectionArn"] == connection
    assert client.delete_connection(ConnectionArn=connection)["Connection"]["Status"] == "DELETED"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        tags(runner, connection)
    described = client.describe_observability_configuration(ObservabilityConfigurationArn=watch)
    assert described["ObservabilityConfiguration"]["TraceConfiguration"] == {"Vendor": "AWSXRAY"}
    client.delete_observability_configuration(ObservabilityConfigurationArn=watch)
    listed = runner.paged(
        "list_observability_configurations",
        "ObservabilityConfigurationSummaryList",
        ObservabilityConfigurationName=name,
    )
    assert listed == []


def tags(runner: Runner, arn: str) -> dict[str, str]:
    found = runner.client.list_tags_for_resource(ResourceArn=arn)["Tags"]
    return {one["Key"]: one["Value"] for one in found}
