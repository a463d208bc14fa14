"""What an API call is about, as ARNs. Pure.

For the services of the course, by the "Service Authorization Reference" of AWS; for any other what its parameters
name as an ARN, or ``*``. A call that is about several things needs permission for each of them.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

Params = Mapping[str, Any]
Finder = Callable[["Place", str, Params], list[str]]


class Place:
    """Makes ARNs.

    Parameters
    ----------
    partition, region, account : str
        Their parts.
    """

    def __init__(self, partition: str, region: str, account: str) -> None:
        self.partition = partition
        self.region = region
        self.account = account

    def arn(self, service: str, rest: str) -> str:
        """An ARN of this account and region; what is one already stays."""
        if rest.startswith("arn:"):
            return rest
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{rest}"

    def named(self, service: str, kind: str, name: str) -> str:
        """The ARN of something by its name or ARN."""
        return name if name.startswith("arn:") else self.arn(service, f"{kind}{name}")


def resources_of(place: Place, service: str, operation: str, params: Params) -> list[str]:
    """The ARNs that a call is about; ``["*"]`` when it is about nothing in particular."""
    finder = _FINDERS.get(service, _generic)
    return finder(place, operation, params) or ["*"]


def of_s3(place: Place, path: str) -> list[str]:
    """The bucket or object of a request in path style."""
    bucket, _, key = unquote(path.lstrip("/")).partition("/")
    if not bucket:
        return ["*"]
    return [f"arn:{place.partition}:s3:::{bucket}/{key}" if key else f"arn:{place.partition}:s3:::{bucket}"]


def _sqs(place: Place, operation: str, params: Params) -> list[str]:
    name = params.get("QueueName") or str(params.get("QueueUrl", "")).rpartition("/")[2]
    if operation == "ListQueues" or not name:
        return [params["SourceArn"]] if params.get("SourceArn") else []
    return [place.arn("sqs", name)]


def _sns(place: Place, operation: str, params: Params) -> list[str]:
    if operation == "CreateTopic":
        return [place.arn("sns", params["Name"])]
    subscription = params.get("SubscriptionArn")
    if subscription:
        return [subscription.rpartition(":")[0]]
    return [params[key] for key in ("TopicArn", "TargetArn", "ResourceArn") if params.get(key)]


def _ecs(place: Place, operation: str, params: Params) -> list[str]:
    cluster = _last(params.get("cluster") or "default")
    many: dict[str, tuple[str, str]] = {
        "tasks": ("task", f"{cluster}/"),
        "services": ("service", f"{cluster}/"),
        "clusters": ("cluster", ""),
        "containerInstances": ("container-instance", f"{cluster}/"),
    }
    for key, (kind, before) in many.items():
        if params.get(key) and operation != "StartTask":
            return [place.named("ecs", f"{kind}/{before}", each) for each in params[key]]
    for key, (kind, before) in {
        "task": ("task", f"{cluster}/"),
        "service": ("service", f"{cluster}/"),
        "serviceName": ("service", f"{cluster}/"),
        "taskDefinition": ("task-definition", ""),
        "containerInstance": ("container-instance", f"{cluster}/"),
        "clusterName": ("cluster", ""),
        "cluster": ("cluster", ""),
        "capacityProvider": ("capacity-provider", ""),
        "resourceArn": ("", ""),
    }.items():
        if operation in _ECS_OF_ALL or (operation in _ECS_OF_SERVICE and key == "taskDefinition"):
            return []
        if params.get(key):
            return [place.named("ecs", f"{kind}/{before}", str(params[key]))]
    if operation == "RegisterTaskDefinition":
        return [place.arn("ecs", f"task-definition/{params.get('family', '')}:*")]
    return []


_ECS_OF_ALL = (
    "DeregisterTaskDefinition",
    "DescribeTaskDefinition",
    "ListClusters",
    "ListServices",
    "ListTaskDefinitionFamilies",
    "ListTaskDefinitions",
    "ListTasks",
)
_ECS_OF_SERVICE = ("CreateService", "UpdateService")


def _dynamodb(place: Place, operation: str, params: Params) -> list[str]:
    tables = [params["TableName"]] if params.get("TableName") else list(params.get("RequestItems", {}))
    for item in params.get("TransactItems", ()):
        tables += [each["TableName"] for each in item.values() if "TableName" in each]
    index = f"/index/{params['IndexName']}" if params.get("IndexName") else ""
    return list(dict.fromkeys(place.named("dynamodb", "table/", table) + index for table in tables))


def _logs(place: Place, operation: str, params: Params) -> list[str]:
    group = params.get("logGroupName") or params.get("logGroupIdentifier") or ""
    if not group:
        return [place.arn("logs", "log-group::log-stream:")] if operation.startswith("Describe") else []
    base = group.removesuffix(":*") if group.startswith("arn:") else place.arn("logs", f"log-group:{group}")
    return [f"{base}:log-stream:{params.get('logStreamName') or ''}"]


def _secrets(place: Place, operation: str, params: Params) -> list[str]:
    named = [params["SecretId"]] if params.get("SecretId") else list(params.get("SecretIdList", ()))
    if operation == "CreateSecret":
        named = [params["Name"]]
    return [place.named("secretsmanager", "secret:", each) for each in named]


def _ssm(place: Place, operation: str, params: Params) -> list[str]:
    named = [params[key] for key in ("Name", "Path") if params.get(key)] + list(params.get("Names", ()))
    if "Parameter" not in operation or operation == "DescribeParameters":
        return []
    return [place.named("ssm", "parameter/", each if each.startswith("arn:") else each.lstrip("/")) for each in named]


def _events(place: Place, operation: str, params: Params) -> list[str]:
    if operation == "PutEvents":
        buses = {entry.get("EventBusName") or "default" for entry in params.get("Entries", ())}
        return [place.named("events", "event-bus/", bus) for bus in sorted(buses)]
    bus = _last(params.get("EventBusName") or "default")
    rule = params.get("Rule") or (params.get("Name") if operation.endswith("Rule") else "")
    if rule:
        return [place.named("events", "rule/" if bus == "default" else f"rule/{bus}/", rule)]
    if params.get("Name") and operation.endswith("EventBus"):
        return [place.named("events", "event-bus/", params["Name"])]
    return _generic(place, operation, params)


def _scheduler(place: Place, operation: str, params: Params) -> list[str]:
    if operation.endswith("Schedule") and params.get("Name"):
        return [place.named("scheduler", f"schedule/{params.get('GroupName') or 'default'}/", params["Name"])]
    if operation.endswith("ScheduleGroup") and params.get("Name"):
        return [place.named("scheduler", "schedule-group/", params["Name"])]
    return _generic(place, operation, params)


def _elb(place: Place, operation: str, params: Params) -> list[str]:
    if operation.startswith("Describe"):
        return []
    if params.get("Name") and operation in ("CreateLoadBalancer", "CreateTargetGroup"):
        kind = "targetgroup/" if operation == "CreateTargetGroup" else "loadbalancer/app/"
        return [place.arn("elasticloadbalancing", f"{kind}{params['Name']}/*")]
    return _generic(place, operation, params)


def _iam(place: Place, operation: str, params: Params) -> list[str]:
    for key, kind in (
        ("RoleName", "role"),
        ("UserName", "user"),
        ("GroupName", "group"),
        ("InstanceProfileName", "instance-profile"),
        ("PolicyName", "policy"),
    ):
        if params.get(key):
            path = str(params.get("Path") or "/")
            return [f"arn:{place.partition}:iam::{place.account}:{kind}{path}{params[key]}"]
    return [params["PolicyArn"]] if params.get("PolicyArn") else []


def _lambda(place: Place, operation: str, params: Params) -> list[str]:
    name = params.get("FunctionName")
    return [place.named("lambda", "function:", name)] if name else []


def _cloudwatch(place: Place, operation: str, params: Params) -> list[str]:
    names = [params["AlarmName"]] if params.get("AlarmName") else list(params.get("AlarmNames", ()))
    return [place.named("cloudwatch", "alarm:", each) for each in names]


def _eks(place: Place, operation: str, params: Params) -> list[str]:
    name = params.get("clusterName") or (params.get("name") if operation.endswith(("Cluster", "ClusterConfig")) else "")
    return [place.named("eks", "cluster/", name)] if name else _generic(place, operation, params)


def _efs(place: Place, operation: str, params: Params) -> list[str]:
    found = {"FileSystemId": "file-system/", "AccessPointId": "access-point/"}
    named = [place.named("elasticfilesystem", kind, params[key]) for key, kind in found.items() if params.get(key)]
    if params.get("ResourceId"):
        kind = "access-point/" if params["ResourceId"].startswith("fsap-") else "file-system/"
        named.append(place.named("elasticfilesystem", kind, params["ResourceId"]))
    return named


def _generic(place: Place, operation: str, params: Params) -> list[str]:
    """What the parameters name as ARNs, other than roles, which are passed and not acted on."""
    found: list[str] = []
    for key, value in params.items():
        if key.lower().endswith("rolearn"):
            continue
        if key.lower().endswith(("arn", "arns")):
            found += [each for each in (value if isinstance(value, list) else [value]) if str(each).startswith("arn:")]
    return found


def _last(reference: str) -> str:
    return reference.rpartition("/")[2]


def _nothing(place: Place, operation: str, params: Params) -> list[str]:
    return []


_FINDERS: dict[str, Finder] = {
    "application-autoscaling": _nothing,
    "autoscaling": _nothing,
    "cloudwatch": _cloudwatch,
    "dynamodb": _dynamodb,
    "ec2": _nothing,
    "ecs": _ecs,
    "efs": _efs,
    "eks": _eks,
    "elb": _nothing,
    "elbv2": _elb,
    "events": _events,
    "iam": _iam,
    "lambda": _lambda,
    "logs": _logs,
    "scheduler": _scheduler,
    "secretsmanager": _secrets,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _ssm,
}
