"""What Express Mode refuses, with AWS's codes; nothing is left behind by a refusal."""

from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from tests.lab_cloud.ecs.express.stage import EXECUTION, INFRASTRUCTURE, NGINX, Gateways
from tests.lab_cloud.ecs.test_tasks_api import refused
from tests.lab_cloud.iam.callers import User, allow
from tests.waiting import until

INVALID, DENIED = "InvalidParameterException", "AccessDeniedException"


def test_an_infrastructure_role_is_required(gateways: Gateways) -> None:
    create = gateways.ecs.create_express_gateway_service
    with pytest.raises(ParamValidationError, match="infrastructureRoleArn"):
        create(**gateways.params(infrastructureRoleArn=None))
    unknown = "arn:aws:iam::123456789012:role/nobody"
    refused(create, DENIED, "it does not exist", **gateways.params(infrastructureRoleArn=unknown))
    refused(create, DENIED, "Cannot assume role", **gateways.params(infrastructureRoleArn="x"))
    wrong = gateways.role("ecs-tasks.amazonaws.com", INFRASTRUCTURE)
    refused(create, DENIED, "does not let ecs.amazonaws.com", **gateways.params(infrastructureRoleArn=wrong))
    user = User(gateways.cloud)
    user.may(allow("ecs:*"))
    theirs = user.client("ecs").create_express_gateway_service
    refused(theirs, DENIED, f"iam:PassRole on resource: {gateways.infrastructure}", **gateways.params())
    bare = gateways.role("ecs.amazonaws.com")
    words = "not authorized to perform: elasticloadbalancing:CreateLoadBalancer"
    refused(create, DENIED, words, **gateways.params(infrastructureRoleArn=bare))


def test_an_image_needs_an_execution_role(gateways: Gateways) -> None:
    create = gateways.ecs.create_express_gateway_service
    refused(create, INVALID, "executionRoleArn is required", **gateways.params(executionRoleArn=None))
    wrong = gateways.role("ecs.amazonaws.com", EXECUTION)
    refused(create, DENIED, "does not let ecs-tasks.amazonaws.com", **gateways.params(executionRoleArn=wrong))
    bare = gateways.role("ecs-tasks.amazonaws.com")
    refused(create, DENIED, "logs:CreateLogStream", **gateways.params(executionRoleArn=bare))


@pytest.mark.parametrize(
    ("code", "words", "more"),
    [
        (INVALID, "Invalid service name", {"serviceName": "a b"}),
        (INVALID, "Invalid service name", {"serviceName": "a" * 256}),
        ("ClusterNotFoundException", "Cluster not found", {"cluster": "nowhere"}),
        (INVALID, "Either primaryContainer", {"primaryContainer": None}),
        (INVALID, "image of the primary container", {"primaryContainer": {"image": ""}}),
        (INVALID, "Invalid container port 0", {"primaryContainer": {"image": NGINX, "containerPort": 0}}),
        (INVALID, "Invalid container port 70000", {"primaryContainer": {"image": NGINX, "containerPort": 70000}}),
        (INVALID, "health check path 'ping'", {"healthCheckPath": "ping"}),
        (INVALID, "health check path", {"healthCheckPath": "/a b"}),
        ("ClientException", "No Fargate configuration exists", {"cpu": "256", "memory": "8192"}),
        ("ClientException", "Invalid 'cpu' setting", {"cpu": "300"}),
        (INVALID, "minTaskCount must be at least 1", {"scalingTarget": {"minTaskCount": 0}}),
        (INVALID, "must not be less than minTaskCount", {"scalingTarget": {"minTaskCount": 3, "maxTaskCount": 2}}),
        (INVALID, "autoScalingTargetValue 101", {"scalingTarget": {"autoScalingTargetValue": 101}}),
        (INVALID, "subnet ID 'subnet-0'", {"networkConfiguration": {"subnets": ["subnet-0"]}}),
        (INVALID, "security group 'sg-0'", {"networkConfiguration": {"securityGroups": ["sg-0"]}}),
        (INVALID, "kept for AWS", {"tags": [{"key": "aws:x", "value": "y"}]}),
    ],
)
def test_bad_input(gateways: Gateways, code: str, words: str, more: dict[str, Any]) -> None:
    before = counts(gateways)
    refused(gateways.ecs.create_express_gateway_service, code, words, **gateways.params(**more))
    # those of other tests may go meanwhile
    assert all(now <= then for now, then in zip(counts(gateways), before, strict=True)), "nothing is left behind"


def counts(gateways: Gateways) -> list[int]:
    cloud = gateways.cloud
    return [
        len(cloud.client("acm").list_certificates()["CertificateSummaryList"]),
        len(cloud.client("elbv2").describe_target_groups()["TargetGroups"]),
        len(gateways.ecs.list_task_definition_families(familyPrefix="default-express")["families"]),
    ]


def test_networks_that_no_load_balancer_can_be_in(gateways: Gateways) -> None:
    ec2, create = gateways.cloud.client("ec2"), gateways.ecs.create_express_gateway_service
    found = ec2.describe_subnets()["Subnets"]
    one = {"subnets": [found[0]["SubnetId"]]}
    refused(create, INVALID, "at least two Availability Zones", **gateways.params(networkConfiguration=one))
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    zones = ("us-east-1a", "us-east-1b")
    own = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.7.{number}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for number, zone in enumerate(zones)
    ]
    mixed = {"subnets": [found[0]["SubnetId"], own[1]]}
    refused(create, INVALID, "must belong to the same VPC", **gateways.params(networkConfiguration=mixed))
    made = create(**gateways.params(networkConfiguration={"subnets": own}))["service"]
    path = made["activeConfigurations"][0]["ingressPaths"][0]
    assert path["accessType"] == "PRIVATE", "subnets without a route to an internet gateway"
    gateways.ecs.delete_express_gateway_service(serviceArn=made["serviceArn"])


def test_a_task_definition_of_the_callers_own(gateways: Gateways) -> None:
    create = gateways.ecs.create_express_gateway_service
    bare = {"primaryContainer": None, "executionRoleArn": None}
    good = {"name": "Main", "image": NGINX, "portMappings": [{"containerPort": 80, "name": "http"}]}

    def definition(*containers: dict[str, Any], fargate: bool = True) -> str:
        made = gateways.ecs.register_task_definition(
            family=gateways.cloud.name("own"), containerDefinitions=list(containers), cpu="256", memory="512",
            networkMode="awsvpc", requiresCompatibilities=["FARGATE" if fargate else "EC2"],
        )  # fmt: skip
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def wrong(words: str, arn: str, **more: Any) -> None:
        code = "ClientException" if "not found" in words else INVALID
        refused(create, code, words, **gateways.params(**{**bare, "taskDefinitionArn": arn, **more}))

    wrong("must have a container named Main", definition({**good, "name": "web"}))
    wrong("single TCP port mapping", definition({**good, "portMappings": []}))
    wrong("single TCP port mapping", definition({**good, "portMappings": [{"containerPort": 80}]}))
    two = [{"containerPort": 80, "name": "a"}, {"containerPort": 81, "name": "b"}]
    wrong("single TCP port mapping", definition({**good, "portMappings": two}))
    wrong("TaskDefinition not found", "nothing:1")
    fine = definition(good, {"name": "beside", "image": NGINX, "essential": False})
    wrong("You specified primaryContainer, cpu", fine, primaryContainer={"image": NGINX}, cpu="256")
    made = create(**gateways.params(**bare, taskDefinitionArn=fine))["service"]
    (active,) = made["activeConfigurations"]
    assert (active["taskDefinitionArn"], active["cpu"], active["memory"]) == (fine, "256", "512")
    assert "primaryContainer" not in active
    until(lambda: gateways.get(made["serviceArn"])[0] == 200, 20)
    gateways.ecs.delete_express_gateway_service(serviceArn=made["serviceArn"])


def test_services_that_are_not_there_or_go_already(gateways: Gateways) -> None:
    ecs = gateways.ecs
    nobody = "arn:aws:ecs:us-east-1:123456789012:service/default/nobody"
    refused(ecs.describe_express_gateway_service, "ResourceNotFoundException", "Resource not found", serviceArn=nobody)
    refused(ecs.update_express_gateway_service, "ServiceNotFoundException", "not found", serviceArn=nobody)
    refused(ecs.delete_express_gateway_service, "ServiceNotFoundException", "not found", serviceArn=nobody)
    refused(ecs.describe_express_gateway_service, INVALID, "Invalid service ARN", serviceArn="nobody")
    params = gateways.params()
    arn = ecs.create_express_gateway_service(**params)["service"]["serviceArn"]
    refused(ecs.create_express_gateway_service, INVALID, "not idempotent", **params)
    cluster, name = arn.split("/")[1:]
    rolling = {"strategy": "ROLLING"}
    words = "Updating to ROLLING deployment strategy is not supported for ExpressGatewayServices."
    refused(ecs.update_service, INVALID, words, cluster=cluster, service=name, deploymentConfiguration=rolling)
    assert ecs.delete_express_gateway_service(serviceArn=arn)["service"]["status"]["statusCode"] == "DRAINING"
    for again in (ecs.delete_express_gateway_service, ecs.update_express_gateway_service):
        refused(again, "ServiceNotActiveException", "Service is in DRAINING status", serviceArn=arn)
    refused(ecs.create_express_gateway_service, INVALID, "still Draining", **params)


def test_a_service_that_express_mode_did_not_make(gateways: Gateways) -> None:
    ecs, cluster = gateways.ecs, gateways.cloud.name("cluster")
    ecs.create_cluster(clusterName=cluster)
    definition = ecs.register_task_definition(
        family=cluster, containerDefinitions=[{"name": "Main", "image": NGINX, "memory": 64}]
    )
    made = ecs.create_service(
        cluster=cluster, serviceName="plain", desiredCount=0, launchType="EC2",
        taskDefinition=definition["taskDefinition"]["taskDefinitionArn"],
    )  # fmt: skip
    arn = made["service"]["serviceArn"]
    refused(ecs.delete_express_gateway_service, INVALID, "is not an Express service", serviceArn=arn)
