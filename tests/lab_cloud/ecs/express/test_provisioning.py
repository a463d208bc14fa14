"""What Express Mode makes: all of it can be seen by the ordinary operations, and goes with the service."""

import http.client
import json
import socket
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from tests.lab_cloud.ecs.express.stage import NGINX, Gateways, program
from tests.lab_cloud.ecs.test_tasks_api import refused
from tests.stage import RunningCloud
from tests.waiting import until


def tags_of(gateways: Gateways, arn: str) -> dict[str, str]:
    found = gateways.cloud.client("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
    return {one["Key"]: one["Value"] for one in found}


def test_everything_is_there_under_its_name_on_aws(gateways: Gateways) -> None:
    cloud, ecs, elb = gateways.cloud, gateways.ecs, gateways.cloud.client("elbv2")
    with gateways.made(tags=[{"key": "lab", "value": "11"}]) as arn:
        name = arn.rpartition("/")[2]
        service = gateways.service(arn)
        assert service["cluster"] == "default"
        assert service["status"] == {"statusCode": "ACTIVE"}
        assert service["infrastructureRoleArn"] == gateways.infrastructure
        assert service["tags"] == [{"key": "lab", "value": "11"}]
        (active,) = service["activeConfigurations"]
        assert (active["cpu"], active["memory"], active["cpuArchitecture"]) == ("1024", "2048", "X86_64")
        assert active["healthCheckPath"] == "/"
        assert active["scalingTarget"] == {
            "minTaskCount": 1, "maxTaskCount": 20, "autoScalingMetric": "AVERAGE_CPU", "autoScalingTargetValue": 60,
        }  # fmt: skip
        assert active["primaryContainer"]["containerPort"] == 80
        host = active["ingressPaths"][0]["endpoint"].removeprefix("https://")
        assert host.startswith("ex-")
        assert host.endswith(".ecs.us-east-1.on.aws")

        managed = gateways.resources(arn)
        ingress = managed["ingressPaths"][0]
        balancer = elb.describe_load_balancers(LoadBalancerArns=[ingress["loadBalancer"]["arn"]])["LoadBalancers"][0]
        assert balancer["LoadBalancerName"].startswith("ecs-express-gateway-alb-")
        assert balancer["Scheme"] == ingress["loadBalancer"]["scheme"] == "internet-facing"
        assert balancer["SecurityGroups"] == ingress["loadBalancer"]["securityGroupIds"]
        listener = elb.describe_listeners(ListenerArns=[ingress["listener"]["arn"]])["Listeners"][0]
        assert (listener["Protocol"], listener["Port"]) == ("HTTPS", 443)
        assert listener["DefaultActions"][0]["FixedResponseConfig"]["StatusCode"] == "404"
        rule = elb.describe_rules(RuleArns=[ingress["rule"]["arn"]])["Rules"][0]
        assert rule["Conditions"][0]["Values"] == [host]
        weights = {one["TargetGroupArn"]: one["Weight"] for one in rule["Actions"][0]["ForwardConfig"]["TargetGroups"]}
        groups = [one["arn"] for one in ingress["targetGroups"]]
        assert weights == {groups[0]: 100, groups[1]: 0}
        for group in elb.describe_target_groups(TargetGroupArns=groups)["TargetGroups"]:
            assert group["TargetGroupName"].startswith("ecs-gateway-tg-")
            assert (group["TargetType"], group["Protocol"], group["HealthCheckPath"]) == ("ip", "HTTP", "/")
        for resource in (*groups, rule["RuleArn"]):
            assert tags_of(gateways, resource).items() >= {"AmazonECSManaged": "true", "lab": "11"}.items()
        assert tags_of(gateways, balancer["LoadBalancerArn"])["AmazonECSManaged"] == "true"
        certificate = cloud.client("acm").describe_certificate(CertificateArn=ingress["certificate"]["arn"])
        assert certificate["Certificate"]["DomainName"] == host
        assert certificate["Certificate"]["Status"] == "ISSUED"

        shown = gateways.plain(arn)
        assert shown["resourceManagementType"] == "ECS"
        assert arn in ecs.list_services(resourceManagementType="ECS", maxResults=100)["serviceArns"]
        assert arn not in ecs.list_services(resourceManagementType="CUSTOMER", maxResults=100)["serviceArns"]
        assert (shown["launchType"], shown["propagateTags"]) == ("FARGATE", "SERVICE")
        configuration = shown["deploymentConfiguration"]
        assert configuration["strategy"] == "CANARY"
        assert configuration["canaryConfiguration"] == {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 3}
        assert configuration["bakeTimeInMinutes"] == 3
        assert configuration["alarms"] == {
            "alarmNames": [f"default/{name}/RollbackAlarm"], "enable": True, "rollback": True,
        }  # fmt: skip
        assert "not simulated" not in json.dumps(shown, default=str)
        definition = ecs.describe_task_definition(taskDefinition=active["taskDefinitionArn"], include=["TAGS"])
        assert definition["taskDefinition"]["family"] == f"default-{name}"
        (container,) = definition["taskDefinition"]["containerDefinitions"]
        assert (container["name"], container["image"]) == ("Main", NGINX)
        group = container["logConfiguration"]["options"]["awslogs-group"]
        assert group == managed["logGroups"][0]["logGroupName"]
        assert group.startswith(f"/aws/ecs/default/{name}-")
        logs = cloud.client("logs")
        assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        tasks = ecs.list_tasks(cluster="default", serviceName=name)["taskArns"]
        task = ecs.describe_tasks(cluster="default", tasks=tasks, include=["TAGS"])["tasks"][0]
        assert {"key": "lab", "value": "11"} in task["tags"]

        scaling = cloud.client("application-autoscaling")
        target = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[f"service/default/{name}"])
        (target,) = target["ScalableTargets"]
        assert target["ScalableTargetARN"] == managed["autoScaling"]["scalableTarget"]["arn"]
        assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 20)
        found = scaling.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=f"service/default/{name}")
        tracking = found["ScalingPolicies"][0]["TargetTrackingScalingPolicyConfiguration"]
        assert tracking["PredefinedMetricSpecification"]["PredefinedMetricType"] == "ECSServiceAverageCPUUtilization"
        alarms = cloud.client("cloudwatch").describe_alarms(AlarmNames=[f"default/{name}/RollbackAlarm"])
        (alarm,) = alarms["MetricAlarms"]
        assert alarm["AlarmArn"] == managed["metricAlarms"][0]["arn"]
        assert (alarm["Threshold"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (1.0, 3, 2)

    gateways.until_gone(arn)
    assert gateways.service(arn)["activeConfigurations"] == []
    delete = gateways.ecs.delete_express_gateway_service
    refused(delete, "ServiceNotActiveException", "INACTIVE status", serviceArn=arn)
    gone = [*groups, rule["RuleArn"]]
    until(lambda: all(missing(elb.describe_tags, ResourceArns=[one]) for one in gone))
    assert not cloud.client("cloudwatch").describe_alarms(AlarmNames=[alarm["AlarmName"]])["MetricAlarms"]
    target = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[f"service/default/{name}"])
    assert target["ScalableTargets"] == []
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"], "the output of the tasks is kept"


def missing(operation: Any, **params: Any) -> bool:
    try:
        operation(**params)
    except ClientError:
        return True
    return False


def test_services_of_one_network_share_a_load_balancer_until_it_is_full(gateways: Gateways) -> None:
    elb = gateways.cloud.client("elbv2")
    with gateways.made(program("one")) as first, gateways.made(program("two")) as second:
        assert (gateways.get(first)[1], gateways.get(second)[1]) == ("one", "two")
        one, two = (gateways.resources(arn)["ingressPaths"][0] for arn in (first, second))
        assert one["loadBalancer"]["arn"] == two["loadBalancer"]["arn"]
        assert one["listener"]["arn"] == two["listener"]["arn"]
        # the same port of the load balancer leads to each of them by its name
        balancer = elb.describe_load_balancers(LoadBalancerArns=[one["loadBalancer"]["arn"]])["LoadBalancers"][0]
        url = gateways.cloud.url(balancer["DNSName"])
        assert url.startswith("https://127.0.0.1:")
        for path, text in ((one, "one"), (two, "two")):
            host = path["certificate"]["domainName"]
            # the certificate of that name is looked at too
            assert asked_by_name(gateways, url, host, host) == (200, text)
        assert asked_by_name(gateways, url, host, "elsewhere.example.com")[0] == 404
        with pytest.raises(ssl.SSLCertVerificationError):
            asked_by_name(gateways, url, "elsewhere.example.com", "elsewhere.example.com")
        listener = one["listener"]["arn"]
        rules = elb.describe_rules(ListenerArn=listener)["Rules"]
        added = [fill(elb, listener, 1000 + number) for number in range(26 - len(rules))]
        with gateways.made(program("three")) as third:
            three = gateways.resources(third)["ingressPaths"][0]["loadBalancer"]["arn"]
            assert three != balancer["LoadBalancerArn"]
            assert gateways.get(third)[1] == "three"
        gateways.ecs.delete_express_gateway_service(serviceArn=first)
        for rule in added:
            elb.delete_rule(RuleArn=rule)
        until(lambda: missing(elb.describe_load_balancers, LoadBalancerArns=[three]))
        gateways.until_gone(first)
        assert gateways.get(second) == (200, "two"), "what others use stays"


def asked_by_name(gateways: Gateways, url: str, name: str, host: str) -> tuple[int, str]:
    """Ask the HTTPS listener as a client of AWS would, for whom the certificate must have the name."""
    trust = ssl.create_default_context(cafile=gateways.cloud.home / "tls" / "ca.pem")
    place = urlsplit(url)
    with (
        socket.create_connection((place.hostname, place.port), timeout=20) as plain,
        trust.wrap_socket(plain, server_hostname=name) as talk,
    ):
        talk.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = http.client.HTTPResponse(talk)
        answer.begin()
        return answer.status, answer.read().decode()


def fill(elb: Any, listener: str, priority: int) -> str:
    conditions = [{"Field": "host-header", "Values": [f"h{priority}.example.com"]}]
    actions = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]
    made = elb.create_rule(ListenerArn=listener, Priority=priority, Conditions=conditions, Actions=actions)
    return str(made["Rules"][0]["RuleArn"])


def test_scaling_by_another_metric_and_between_other_bounds(gateways: Gateways) -> None:
    scaling = {
        "minTaskCount": 2, "maxTaskCount": 3, "autoScalingMetric": "REQUEST_COUNT_PER_TARGET",
        "autoScalingTargetValue": 700,
    }  # fmt: skip
    with gateways.made(scalingTarget=scaling) as arn:
        assert policy(gateways, arn)["metric"] == "ALBRequestCountPerTarget"
        assert gateways.plain(arn)["desiredCount"] == 2
        less = {"minTaskCount": 1, "autoScalingMetric": "AVERAGE_MEMORY", "autoScalingTargetValue": 70}
        changed = gateways.ecs.update_express_gateway_service(serviceArn=arn, scalingTarget=less)
        assert changed["service"]["targetConfiguration"]["scalingTarget"] == {**scaling, **less}
        assert len(gateways.plain(arn)["deployments"]) == 1, "nothing has to be deployed for that"
        assert policy(gateways, arn)["metric"] == "ECSServiceAverageMemoryUtilization"
        target = gateways.cloud.client("application-autoscaling").describe_scalable_targets(
            ServiceNamespace="ecs", ResourceIds=[f"service/{arn.partition('/')[2]}"]
        )
        assert target["ScalableTargets"][0]["MinCapacity"] == 1


def policy(gateways: Gateways, arn: str) -> dict[str, Any]:
    (found,) = gateways.resources(arn)["autoScaling"]["applicationAutoScalingPolicies"]
    return dict(found)


def test_a_reset_takes_everything_and_the_name_is_free_again(tmp_path: Path) -> None:
    cloud = RunningCloud(tmp_path / "lab")
    cloud.command("up")
    try:
        before = create(Gateways(cloud))
        cloud.command("reset")
        for service, operation, member in (
            ("ecs", "list_clusters", "clusterArns"),
            ("elbv2", "describe_load_balancers", "LoadBalancers"),
            ("acm", "list_certificates", "CertificateSummaryList"),
            ("cloudwatch", "describe_alarms", "MetricAlarms"),
        ):
            assert getattr(cloud.client(service), operation)()[member] == []
        targets = cloud.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")
        assert targets["ScalableTargets"] == []
        assert create(Gateways(cloud)) == before, "the same name has the same URL"
    finally:
        cloud.command("down")


def create(gateways: Gateways) -> str:
    """Make a service, see that it answers, and return its URL on this machine."""
    made = gateways.ecs.create_express_gateway_service(**gateways.params(serviceName="again"))["service"]
    arn = str(made["serviceArn"])
    until(lambda: gateways.get(arn)[0] == 200, 20)
    return gateways.url(arn)
