"""Reads a system out of the account through the AWS APIs. What another lab has made does not belong to it."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from .cleanup import ABSENT
from .inventory import Client, Tags, batches, pages, short
from .kinds_apprunner import NOT_IMPLEMENTED
from .system import MANAGED, Door, Queue, Service, System, Timer

Found = TypeVar("Found")
GONE = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "ResourceNotFoundException"}


class Reader:
    """Reads the account once.

    Parameters
    ----------
    client : callable
        Gives the boto3 client of a service.
    tags : Tags
        Reads the tags of this learner.
    lab : int
        The lab whose system it is: things that carry another lab's number are left out, things without are not.
    """

    def __init__(self, client: Client, tags: Tags, lab: int) -> None:
        self._client = client
        self._tags = tags
        self._lab = lab

    def read(self) -> System:
        """The system as it is now."""
        every = _there(self._queues)
        graves = {queue.grave for queue in every if queue.grave}
        return System(
            services=tuple(sorted(_there(lambda: self._services(every)), key=lambda one: (one.kind, one.name))),
            queues=tuple(queue for queue in every if queue.name not in graves),
            graves=tuple(queue for queue in every if queue.name in graves),
            timers=(*_there(self._schedules), *_there(self._rules)),
            kubernetes=tuple(_there(self._kubernetes)),
        )

    def ours(self, tags: object) -> bool:
        """Whether something with these tags may belong to the system."""
        return self._tags.lab(tags) in (None, self._lab)

    # -- what serves and works ---------------------------------------------------------------------------------

    def _services(self, queues: list[Queue]) -> Iterator[Service]:
        ecs = self._client("ecs")
        repositories = [
            one["repositoryUri"] for one in pages(self._client("ecr"), "describe_repositories", "repositories")
        ]
        for cluster in pages(ecs, "list_clusters", "clusterArns"):
            arns = pages(ecs, "list_services", "serviceArns", cluster=cluster)
            for some in batches(arns, 10):
                found = ecs.describe_services(cluster=cluster, services=some, include=["TAGS"])["services"]
                for raw in found:
                    if raw["status"] == "ACTIVE" and self.ours(raw.get("tags")):
                        yield self._service(ecs, raw, repositories, queues)

    def _service(self, ecs: Any, raw: Mapping[str, Any], repositories: list[str], queues: list[Queue]) -> Service:
        definition = ecs.describe_task_definition(taskDefinition=raw["taskDefinition"])["taskDefinition"]
        containers = definition["containerDefinitions"]
        images = tuple(one["image"] for one in containers)
        values = " ".join(str(each["value"]) for one in containers for each in one.get("environment", []))
        managed = raw.get("resourceManagementType") == "ECS"
        return Service(
            cluster=short(raw["clusterArn"]),
            name=raw["serviceName"],
            desired=raw["desiredCount"],
            running=raw["runningCount"],
            images=images,
            own=any(image.startswith((f"{uri}:", f"{uri}@")) for image in images for uri in repositories),
            on=_capacity(raw),
            managed=managed,
            door=self._express_door(ecs, raw) if managed else self._door(raw),
            queues=tuple(one.name for one in queues if one.url in values or one.name in values.split()),
        )

    def _door(self, raw: Mapping[str, Any]) -> Door | None:
        """The first listener that leads to the service."""
        elb = self._client("elbv2")
        for entry in raw.get("loadBalancers", []):
            if "targetGroupArn" not in entry:
                continue
            group = elb.describe_target_groups(TargetGroupArns=[entry["targetGroupArn"]])["TargetGroups"][0]
            for arn in group["LoadBalancerArns"]:
                balancer = elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
                for listener in pages(elb, "describe_listeners", "Listeners", LoadBalancerArn=arn):
                    path = _path(elb, listener, group["TargetGroupArn"])
                    if path:
                        kind = "Network Load Balancer" if balancer["Type"] == "network" else "Application Load Balancer"
                        name = balancer["LoadBalancerName"]
                        return Door(kind, name, listener["Port"], path, group["TargetGroupArn"])
        return None

    @staticmethod
    def _express_door(ecs: Any, raw: Mapping[str, Any]) -> Door | None:
        found = ecs.describe_express_gateway_service(serviceArn=raw["serviceArn"])["service"]
        for one in found.get("activeConfigurations", []):
            for path in one.get("ingressPaths", []):
                return Door(MANAGED, path["endpoint"])
        return None

    def _kubernetes(self) -> Iterator[str]:
        eks = self._client("eks")
        for name in pages(eks, "list_clusters", "clusters"):
            if self.ours(eks.describe_cluster(name=name)["cluster"].get("tags")):
                yield name

    # -- queues and timers -------------------------------------------------------------------------------------

    def _queues(self) -> Iterator[Queue]:
        from botocore.exceptions import ClientError

        sqs = self._client("sqs")
        for url in pages(sqs, "list_queues", "QueueUrls"):
            try:
                if not self.ours(sqs.list_queue_tags(QueueUrl=url).get("Tags")):
                    continue
                found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            except ClientError as error:
                if error.response["Error"]["Code"] not in GONE:  # AWS lists a deleted queue for a minute
                    raise
                continue
            grave = json.loads(found.get("RedrivePolicy") or "{}").get("deadLetterTargetArn", "")
            yield Queue(short(url), url, int(found["ApproximateNumberOfMessages"]), short(grave))

    def _schedules(self) -> Iterator[Timer]:
        scheduler = self._client("scheduler")
        groups = {
            one["Name"]: self.ours(scheduler.list_tags_for_resource(ResourceArn=one["Arn"])["Tags"])
            for one in pages(scheduler, "list_schedule_groups", "ScheduleGroups")
        }
        for one in pages(scheduler, "list_schedules", "Schedules"):
            found = scheduler.get_schedule(GroupName=one["GroupName"], Name=one["Name"])
            target = found["Target"]
            if "EcsParameters" in target and groups.get(one["GroupName"], True) and self._role_ours(target["RoleArn"]):
                yield Timer(
                    "schedule", one["Name"], found["ScheduleExpression"], found["State"] == "ENABLED",
                    short(target["Arn"]), _family(target["EcsParameters"]["TaskDefinitionArn"]),
                )  # fmt: skip

    def _role_ours(self, arn: str) -> bool:
        """A schedule has no tags; its role has."""
        iam = self._client("iam")
        try:
            return self.ours(iam.list_role_tags(RoleName=short(arn))["Tags"])
        except iam.exceptions.NoSuchEntityException:
            return True

    def _rules(self) -> Iterator[Timer]:
        events = self._client("events")
        for one in pages(events, "list_rules", "Rules"):
            expression = one.get("ScheduleExpression")
            if not expression or not self.ours(events.list_tags_for_resource(ResourceARN=one["Arn"])["Tags"]):
                continue
            for target in pages(events, "list_targets_by_rule", "Targets", Rule=one["Name"]):
                if "EcsParameters" in target:
                    family = _family(target["EcsParameters"]["TaskDefinitionArn"])
                    enabled = one["State"].startswith("ENABLED")
                    yield Timer("rule", one["Name"], expression, enabled, short(target["Arn"]), family)


def _there(find: Callable[[], Iterator[Found]]) -> list[Found]:
    """What is found; nothing where the cloud does not have the service."""
    from botocore.exceptions import ClientError, EndpointConnectionError

    try:
        return list(find())
    except EndpointConnectionError:
        return []
    except ClientError as error:
        absent = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == NOT_IMPLEMENTED
        if absent or error.response["Error"]["Code"] in ABSENT:
            return []
        raise


def _capacity(raw: Mapping[str, Any]) -> str:
    """What a service's tasks run on, in words."""
    names = {"FARGATE": "Fargate", "FARGATE_SPOT": "Fargate Spot"}
    providers = [one["capacityProvider"] for one in raw.get("capacityProviderStrategy", [])]
    found = providers or [raw.get("launchType", "EC2")]
    return " and ".join(names.get(one, one) for one in found)


def _family(definition: str) -> str:
    return definition.rsplit("/", 1)[-1].split(":", maxsplit=1)[0]


def _path(elb: Any, listener: Mapping[str, Any], group: str) -> str:
    """The path by which a listener leads to a target group; empty when it does not."""
    if any(group in str(action) for action in listener["DefaultActions"]):
        return "/"
    for rule in pages(elb, "describe_rules", "Rules", ListenerArn=listener["ListenerArn"]):
        if group in str(rule["Actions"]):
            for condition in rule["Conditions"]:
                if condition["Field"] == "path-pattern":
                    values = condition.get("PathPatternConfig", {}).get("Values") or condition.get("Values", [])
                    return str(values[0]).split("*")[0] or "/"
    return ""
