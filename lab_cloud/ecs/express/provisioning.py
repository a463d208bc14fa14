"""Makes and deletes what stands around an Express service: load balancer, rule, groups, logs, alarm and scaling.

Names are as on AWS. A load balancer is shared by up to 25 services in the same subnets; each has a rule for its own
host name.

References
----------
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-update-full.html
"""

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from ...wire import ACCOUNT, moto_ec2, moto_express
from .gateway import MANAGED, METRICS, Configuration, Gateway
from .surroundings import Surroundings

MOST_SERVICES = 25
"""That share a load balancer."""
DIMENSION = "ecs:service:DesiredCount"
WRONG = ("HTTPCode_Target_4XX_Count", "HTTPCode_Target_5XX_Count")


class Provisioning:
    """What Express Mode does with its infrastructure role.

    Parameters
    ----------
    surroundings : Surroundings
        The other services.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings

    def provide(
        self, gateway: Gateway, others: Iterable[Gateway], certificate: object, tags: Mapping[str, str], now: float
    ) -> None:
        """Make everything that the service itself needs to be there first.

        Parameters
        ----------
        gateway : Gateway
            For whom; what was made is noted in it at once.
        others : iterable of Gateway
            Those with whom it may share a load balancer.
        certificate : object
            That of its host name, as `moto_express` has prepared it.
        tags : mapping
            What the caller wants on everything that is made.
        now : float
            Epoch seconds.
        """
        made, region, configuration = gateway.made, gateway.region, gateway.configuration
        made.updated = now
        tags = {**tags, **MANAGED}
        made.certificate = moto_express.keep_certificate(region, certificate, tags)
        self._balancer(gateway, others, tags, now)
        made.target_groups = (self._target_group(gateway, tags), self._target_group(gateway, tags))
        made.rule = self._rule(gateway, tags)
        name = f"{gateway.cluster}-{gateway.name}-{gateway.vpc}"
        about = f"Created by Amazon ECS Express Mode for {gateway.name}"
        made.service_group = moto_express.create_group(region, gateway.vpc, name, about, tags)
        self.admit(gateway, configuration)
        if made.log_group:
            moto_express.create_log_group(region, made.log_group, tags)
        self._alarm(gateway, tags)

    def admit(self, gateway: Gateway, configuration: Configuration) -> None:
        """Let the load balancer reach the tasks' port."""
        made = gateway.made
        moto_express.admit(gateway.region, made.service_group, configuration.port, made.balancer_group)

    def check(self, gateway: Gateway, path: str, group: str) -> None:
        """Let a target group check its targets by another path."""
        self._call(gateway, "elbv2", "ModifyTargetGroup", TargetGroupArn=group, HealthCheckPath=path)

    def scale(self, gateway: Gateway, tags: Mapping[str, str], group: str) -> None:
        """Make or change the scalable target and its policy; `group` is where the requests go that it may count."""
        made, scaling = gateway.made, gateway.configuration.scaling
        target = {
            "ServiceNamespace": "ecs", "ResourceId": gateway.resource, "ScalableDimension": DIMENSION,
        }  # fmt: skip
        answer = self._call(
            gateway,
            "application-autoscaling",
            "RegisterScalableTarget",
            **target,
            MinCapacity=scaling["minTaskCount"],
            MaxCapacity=scaling["maxTaskCount"],
            Tags={**tags, **MANAGED},
        )
        made.target = str(answer["ScalableTargetARN"])
        metric: dict[str, Any] = {"PredefinedMetricType": METRICS[scaling["autoScalingMetric"]]}
        if scaling["autoScalingMetric"] == "REQUEST_COUNT_PER_TARGET":
            metric["ResourceLabel"] = f"{_short(made.balancer)}/{_short(group)}"
        made.policy_name = made.policy_name or f"ecs-express-gateway-{gateway.name}-{secrets.token_hex(4)}"
        answer = self._call(
            gateway,
            "application-autoscaling",
            "PutScalingPolicy",
            **target,
            PolicyName=made.policy_name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": float(scaling["autoScalingTargetValue"]),
                "PredefinedMetricSpecification": metric,
            },
        )
        made.policy, made.policy_group = str(answer["PolicyARN"]), group

    def unscale(self, gateway: Gateway) -> None:
        """Delete the scalable target, with its policies and their alarms."""
        if gateway.made.target:
            self._quietly(
                gateway,
                "application-autoscaling",
                "DeregisterScalableTarget",
                ServiceNamespace="ecs",
                ResourceId=gateway.resource,
                ScalableDimension=DIMENSION,
            )

    def release(self, gateway: Gateway, others: Iterable[Gateway], now: float) -> None:
        """Delete what was made, except what others use, and the log group, which holds the output of the tasks."""
        made, region = gateway.made, gateway.region
        self.unscale(gateway)
        if made.alarm:
            self._quietly(gateway, "cloudwatch", "DeleteAlarms", AlarmNames=[gateway.alarm_name])
        if made.rule:
            self._quietly(gateway, "elbv2", "DeleteRule", RuleArn=made.rule)
        for group in filter(None, made.target_groups):
            self._quietly(gateway, "elbv2", "DeleteTargetGroup", TargetGroupArn=group)
        if made.service_group:
            moto_ec2.delete_group(region, made.service_group)
        if made.listener:
            moto_express.remove_certificate(region, made.listener, made.certificate)
        alone = all(other.made.balancer != made.balancer for other in others)
        if made.balancer and alone and not self._surroundings.rules_of(region, made.balancer):
            moto_express.delete_balancer(region, made.balancer)
            moto_ec2.delete_group(region, made.balancer_group)
        if made.certificate:
            moto_express.delete_certificate(region, made.certificate)
        made.updated, gateway.gone = now, True

    def _balancer(self, gateway: Gateway, others: Iterable[Gateway], tags: Mapping[str, str], now: float) -> None:
        made, region, wanted = gateway.made, gateway.region, set(gateway.configuration.subnets)
        for other in others:
            alike = (other.vpc, other.public) == (gateway.vpc, gateway.public)
            if not alike or set(other.configuration.subnets) != wanted:
                continue
            rules = self._surroundings.rules_of(region, other.made.balancer)
            if rules is not None and rules < MOST_SERVICES:
                made.balancer, made.balancer_group = other.made.balancer, other.made.balancer_group
                made.listener = other.made.listener
                moto_express.add_certificate(region, made.listener, made.certificate)
                return
        name, about = f"ecs-express-gateway-alb-sg-{int(now * 1000)}", "Created by Amazon ECS Express Mode"
        made.balancer_group = moto_express.create_group(region, gateway.vpc, name, about, tags)
        moto_express.admit(region, made.balancer_group, 443)
        answer = self._call(
            gateway,
            "elbv2",
            "CreateLoadBalancer",
            Name=f"ecs-express-gateway-alb-{secrets.token_hex(4)}",
            Subnets=list(gateway.configuration.subnets),
            SecurityGroups=[made.balancer_group],
            Scheme=gateway.scheme,
            Tags=_listed(tags),
        )
        made.balancer = str(answer["LoadBalancers"][0]["LoadBalancerArn"])
        made.listener = moto_express.create_listener(region, made.balancer, made.certificate, _listed(tags))

    def _target_group(self, gateway: Gateway, tags: Mapping[str, str]) -> str:
        answer = self._call(
            gateway,
            "elbv2",
            "CreateTargetGroup",
            Name=f"ecs-gateway-tg-{secrets.token_hex(9)[:17]}",
            Protocol="HTTP",
            Port=gateway.configuration.port,
            VpcId=gateway.vpc,
            TargetType="ip",
            HealthCheckPath=gateway.configuration.path,
            Tags=_listed(tags),
        )
        return str(answer["TargetGroups"][0]["TargetGroupArn"])

    def _rule(self, gateway: Gateway, tags: Mapping[str, str]) -> str:
        found = self._call(gateway, "elbv2", "DescribeRules", ListenerArn=gateway.made.listener)["Rules"]
        taken = {one["Priority"] for one in found}
        first, second = gateway.made.target_groups
        groups = [{"TargetGroupArn": first, "Weight": 100}, {"TargetGroupArn": second, "Weight": 0}]
        answer = self._call(
            gateway,
            "elbv2",
            "CreateRule",
            ListenerArn=gateway.made.listener,
            Priority=next(number for number in range(1, 50_000) if str(number) not in taken),
            Conditions=[{"Field": "host-header", "HostHeaderConfig": {"Values": [gateway.host]}}],
            Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
            Tags=_listed(tags),
        )
        return str(answer["Rules"][0]["RuleArn"])

    def _alarm(self, gateway: Gateway, tags: Mapping[str, str]) -> None:
        """An alarm on the share of answers with 4xx and 5xx: above 1 % in two of three minutes."""
        dimensions = [
            [{"Name": "LoadBalancer", "Value": _short(gateway.made.balancer)},
             {"Name": "TargetGroup", "Value": _short(group)}]
            for group in gateway.made.target_groups
        ]  # fmt: skip
        metrics = [
            _metric(f"{letter}{number}", name, of_group)
            for number, of_group in enumerate(dimensions)
            for letter, name in zip("efr", (*WRONG, "RequestCount"), strict=True)
        ]
        wrong = " + ".join(f"FILL({letter}{number}, 0)" for number in (0, 1) for letter in "ef")
        share = f"100 * ({wrong}) / (FILL(r0, 0) + FILL(r1, 0))"
        self._call(
            gateway,
            "cloudwatch",
            "PutMetricAlarm",
            AlarmName=gateway.alarm_name,
            AlarmDescription=f"Rolls deployments of the Express service {gateway.name} back.",
            Metrics=[{"Id": "share", "Expression": share, "Label": "4xx and 5xx, percent"}, *metrics],
            ComparisonOperator="GreaterThanThreshold",
            Threshold=1.0,
            EvaluationPeriods=3,
            DatapointsToAlarm=2,
            TreatMissingData="notBreaching",
            Tags=_listed(tags),
        )
        gateway.made.alarm = f"arn:aws:cloudwatch:{gateway.region}:{ACCOUNT}:alarm:{gateway.alarm_name}"

    def _call(self, gateway: Gateway, service: str, operation: str, **params: Any) -> dict[str, Any]:
        return self._surroundings.call(gateway.region, service, operation, **params)

    def _quietly(self, gateway: Gateway, service: str, operation: str, **params: Any) -> None:
        """Delete what somebody else may have deleted already, or still uses: then it stays theirs."""
        self._surroundings.delete(gateway.region, service, operation, **params)


def _metric(name: str, metric: str, dimensions: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {"Namespace": "AWS/ApplicationELB", "MetricName": metric, "Dimensions": dimensions},
            "Period": 60,
            "Stat": "Sum",
        },
        "ReturnData": False,
    }


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _short(arn: str) -> str:
    """``app/NAME/ID`` of a load balancer, ``targetgroup/NAME/ID`` of a target group: as metrics name them."""
    return arn.rpartition(":")[2].removeprefix("loadbalancer/")
