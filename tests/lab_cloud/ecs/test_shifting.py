"""Canary deployments of ordinary services: traffic goes over by weights, and comes back."""

import json
from typing import Any

import pytest

from lab_cloud.ecs.service import Deployment, Service
from lab_cloud.ecs.service_settings import DEFAULT_CONFIGURATION
from lab_cloud.ecs.task_definition import TaskDefinition
from tests.stage import Place
from tests.waiting import until

ALARM = {
    "Namespace": "Course", "MetricName": "Bad", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
    "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching",
}  # fmt: skip


class Site:
    """A load balancer whose rule has two target groups, and a service behind it."""

    def __init__(self, place: Place, **configuration: Any) -> None:
        self.place, self.ecs, self.elb = place, place.ecs, place.elb
        name, first = place.balancer()
        made = place.elb.create_target_group(
            Name=f"{name}-2", Protocol="HTTP", Port=80, VpcId=place.vpc, TargetType="ip",
            HealthCheckIntervalSeconds=15,
        )  # fmt: skip
        self.groups = [first, made["TargetGroups"][0]["TargetGroupArn"]]
        arn = place.elb.describe_load_balancers(Names=[name])["LoadBalancers"][0]["LoadBalancerArn"]
        listener = place.elb.describe_listeners(LoadBalancerArn=arn)["Listeners"][0]["ListenerArn"]
        pairs = [{"TargetGroupArn": group, "Weight": 1 - number} for number, group in enumerate(self.groups)]
        rule = place.elb.create_rule(
            ListenerArn=listener, Priority=1, Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
            Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": pairs}}],
        )  # fmt: skip
        self.rule = rule["Rules"][0]["RuleArn"]
        self.alarm = place.cloud.name("alarm")
        place.cloud.client("cloudwatch").put_metric_alarm(AlarmName=self.alarm, **ALARM)
        self.configuration = {
            "strategy": "CANARY",
            "bakeTimeInMinutes": 1,
            "canaryConfiguration": {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 1440},
            "alarms": {"alarmNames": [self.alarm], "enable": True, "rollback": True},
            **configuration,
        }
        balancer = {
            "targetGroupArn": first, "containerName": "web", "containerPort": 80,
            "advancedConfiguration": {
                "alternateTargetGroupArn": self.groups[1], "productionListenerRule": self.rule,
                "roleArn": "arn:aws:iam::123456789012:role/ecsInfrastructureRole",
            },
        }  # fmt: skip
        self.name = place.serve(
            place.definition(), loadBalancers=[balancer], deploymentConfiguration=self.configuration
        )
        until(lambda: self.rollout() == "COMPLETED", 20)

    def service(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ecs.describe_services(cluster=self.place.name, services=[self.name])["services"][0]
        return found

    def rollout(self) -> str:
        return str(self.service()["deployments"][0]["rolloutState"])

    def update(self, **changes: Any) -> None:
        self.ecs.update_service(cluster=self.place.name, service=self.name, forceNewDeployment=True, **changes)

    def deployment(self, place: int = 0) -> dict[str, Any]:
        listed = self.ecs.list_service_deployments(cluster=self.place.name, service=self.name)["serviceDeployments"]
        wanted = [listed[place]["serviceDeploymentArn"]]
        found = self.ecs.describe_service_deployments(serviceDeploymentArns=wanted)["serviceDeployments"][0]
        return dict(found)

    def weights(self) -> list[int]:
        action = self.elb.describe_rules(RuleArns=[self.rule])["Rules"][0]["Actions"][0]
        found = {one["TargetGroupArn"]: one["Weight"] for one in action["ForwardConfig"]["TargetGroups"]}
        return [found[group] for group in self.groups]

    def serving(self) -> int:
        """The place of the target group that gets all the traffic."""
        return self.weights().index(100)

    def end(self) -> None:
        self.ecs.delete_service(cluster=self.place.name, service=self.name, force=True)


@pytest.fixture(scope="module")
def site(place: Place) -> Site:
    return Site(place)


def test_a_canary_gets_its_share_and_an_alarm_takes_it_back(site: Site) -> None:
    old = site.serving()
    assert "not simulated" not in json.dumps(site.service(), default=str)
    site.update()
    until(lambda: site.weights()[old] == 90, 20)
    assert sum(site.weights()) == 100
    found = site.deployment()
    assert (found["status"], found["lifecycleStage"]) == ("IN_PROGRESS", "PRODUCTION_TRAFFIC_SHIFT")
    assert found["targetServiceRevision"]["requestedProductionTrafficWeight"] == 10.0
    (source,) = found["sourceServiceRevisions"]
    assert (source["requestedProductionTrafficWeight"], source["runningTaskCount"]) == (90.0, 1)
    assert found["alarms"] == {"status": "MONITORING", "alarmNames": [site.alarm]}
    assert site.service()["runningCount"] == 2, "both revisions run in full"
    ring(site, "ALARM")
    until(lambda: site.deployment()["status"] == "ROLLBACK_SUCCESSFUL", 20)
    found = site.deployment()
    assert site.serving() == old
    assert found["alarms"]["triggeredAlarmNames"] == [site.alarm]
    assert found["rollback"]["serviceRevisionArn"] == source["arn"]
    assert f"alarm detected: {site.alarm}" in found["statusReason"]
    until(lambda: site.service()["runningCount"] == 1, 20)


def test_an_alarm_that_rings_already_is_not_watched(site: Site) -> None:
    ring(site, "ALARM")
    old = site.serving()
    site.update(deploymentConfiguration={**site.configuration, "canaryConfiguration": {"canaryBakeTimeInMinutes": 0}})
    until(lambda: site.deployment()["status"] == "SUCCESSFUL", 20)
    assert site.deployment()["lifecycleStage"] == "CLEAN_UP"
    assert site.deployment()["alarms"]["status"] == "DISABLED"
    assert site.serving() == 1 - old, "the next one goes the other way"
    ring(site, "OK")


def test_a_newer_deployment_overtakes_and_a_stopped_one_goes_back(site: Site) -> None:
    old = site.serving()
    site.update(deploymentConfiguration=site.configuration)
    until(lambda: site.weights()[old] == 90, 20)
    site.update()
    until(lambda: site.deployment(1)["status"] == "STOPPED")
    until(
        lambda: site.weights()[old] == 90 and site.deployment().get("lifecycleStage") == "PRODUCTION_TRAFFIC_SHIFT", 20
    )
    assert site.service()["runningCount"] == 2
    site.ecs.stop_service_deployment(serviceDeploymentArn=site.deployment()["serviceDeploymentArn"])
    until(lambda: site.deployment()["status"] == "ROLLBACK_SUCCESSFUL", 20)
    assert site.serving() == old
    site.end()


def ring(site: Site, state: str) -> None:
    """Put the alarm into a state in which it stays."""
    watch = site.place.cloud.client("cloudwatch")
    missing = {"ALARM": "breaching", "OK": "notBreaching"}[state]
    watch.put_metric_alarm(AlarmName=site.alarm, **{**ALARM, "TreatMissingData": missing})
    watch.set_alarm_state(AlarmName=site.alarm, StateValue=state, StateReason="test")


def test_what_serves_is_kept_also_before_its_own_deployment_was_completed() -> None:
    advanced = {"alternateTargetGroupArn": "b", "productionListenerRule": "arn:x:listener-rule/app/y"}
    balancer = {
        "targetGroupArn": "a", "containerName": "web", "containerPort": 80, "advancedConfiguration": advanced,
    }  # fmt: skip
    first, second, third = (
        Deployment(TaskDefinition("f", number, "r", {}, 0.0), number, None, "FARGATE", "1.4.0", (balancer,))
        for number in range(3)
    )
    configuration = {**DEFAULT_CONFIGURATION, "strategy": "CANARY"}
    service = Service("s", "c", "r", 1, 0.0, [], configuration, {}, {})
    service.deploy(first)
    service.deploy(second)
    assert service.shifting_from is None, "nothing serves yet: nothing is to be shifted"
    assert not second.alternate
    second.served = True
    service.deploy(third)
    assert service.shifting_from is second
    assert third.alternate
    assert third.targets == [("b", "web", 80)]
