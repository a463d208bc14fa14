"""Authorizes every call to the API, before the service sees it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import parse_qs, unquote

from ..errors import AwsError
from ..wire import ACCOUNT, PARTITION, Call
from ..wire.grants import secret_arn
from ..wire.sigv4 import Request
from .actions import actions_of
from .authority import Authority
from .evaluate import Decision
from .principal import Principal
from .resources import Place, of_s3, resources_of

OWN_CHECK = ("ecr",)
"""Services that ask about each call themselves, since their own policies have a say."""
CODES = {
    "ec2": "UnauthorizedOperation",
    **dict.fromkeys(("s3", "iam", "sts", "cloudwatch", "elb", "elbv2", "autoscaling"), "AccessDenied"),
    "sns": "AuthorizationError",
}
"""The error code of a refusal; AccessDeniedException elsewhere."""
PASSED: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("ecs", "RegisterTaskDefinition"): (
        ("taskRoleArn", "ecs-tasks.amazonaws.com"),
        ("executionRoleArn", "ecs-tasks.amazonaws.com"),
    ),
    ("events", "PutTargets"): (("Targets.RoleArn", "events.amazonaws.com"),),
    ("events", "PutRule"): (("RoleArn", "events.amazonaws.com"),),
    ("scheduler", "CreateSchedule"): (("Target.RoleArn", "scheduler.amazonaws.com"),),
    ("scheduler", "UpdateSchedule"): (("Target.RoleArn", "scheduler.amazonaws.com"),),
    ("eks", "CreateCluster"): (("roleArn", "eks.amazonaws.com"),),
    ("eks", "CreateNodegroup"): (("nodeRole", "eks.amazonaws.com"),),
    ("apprunner", "CreateService"): (
        ("InstanceConfiguration.InstanceRoleArn", "tasks.apprunner.amazonaws.com"),
        ("SourceConfiguration.AuthenticationConfiguration.AccessRoleArn", "build.apprunner.amazonaws.com"),
    ),
    ("lambda", "CreateFunction"): (("Role", "lambda.amazonaws.com"),),
}
"""The roles that a call hands to a service: where its parameters name them, and which service gets them."""


class Guard:
    """Lets calls pass, or refuses them.

    Parameters
    ----------
    authority : Authority
        What knows callers and policies.
    own_key : str
        The cloud's own access key. Its holder is the account's administrator, and may do everything.
    lock : RLock
        The world's.
    """

    def __init__(self, authority: Authority, own_key: str, lock: AbstractContextManager[Any]) -> None:
        self._authority = authority
        self._own_key = own_key
        self._lock = lock

    def check(self, call: Call, request: Request, params: Callable[[], Mapping[str, Any]]) -> None:
        """Let a call pass, or refuse it.

        Parameters
        ----------
        call : Call
            Who calls what.
        request : Request
            What arrived.
        params : callable
            Reads its parameters; not called for S3.

        Raises
        ------
        AwsError
            AWS's AccessDenied, by the code and in the words that the service uses.
        """
        if call.access_key == self._own_key or call.service in OWN_CHECK:
            return
        with self._lock:
            who = self._authority.caller(call.access_key)
            if not who.is_root:
                self._check(call, who, request, params)

    def _check(self, call: Call, who: Principal, request: Request, params: Callable[[], Mapping[str, Any]]) -> None:
        found: Mapping[str, Any] = {} if call.service == "s3" else params()
        for action, resource in self._needs(call, request, found):
            decision = self._authority.ask(who, action, resource, _context(call, request, found))
            if not decision.allowed:
                raise refusal(call, decision)
        self._check_passed(call, who, found)

    def _needs(self, call: Call, request: Request, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        actions = actions_of(call.service, call.operation)
        place = Place(PARTITION, call.region, ACCOUNT)
        if call.service == "s3":
            resources = of_s3(place, request.path)
            source = unquote(request.headers.get("x-amz-copy-source", ""))
            if source:
                yield "s3:GetObject", of_s3(place, source.partition("?")[0])[0]
        else:
            resources = resources_of(place, call.service, call.operation, params)
        if call.service == "secretsmanager":
            resources = [secret_arn(call.region, each.partition(":secret:")[2] or each) for each in resources]
            resources = [place.named("secretsmanager", "secret:", each) if each != "*" else each for each in resources]
        for resource in resources:
            for action in actions:
                yield action, resource

    def _check_passed(self, call: Call, who: Principal, params: Mapping[str, Any]) -> None:
        for path, service in PASSED.get((call.service, call.operation), ()):
            for role in _at(params, path.split(".")):
                self.check_pass_role(call, who, role, service)

    def check_pass_role(self, call: Call, who: Principal, role: str, service: str) -> None:
        """Refuse a caller that may not hand a role to a service.

        Follows https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html.

        Raises
        ------
        AwsError
            As `check`.
        """
        if not role:
            return
        arn = role if role.startswith("arn:") else f"arn:{PARTITION}:iam::{ACCOUNT}:role/{role}"
        decision = self._authority.ask(who, "iam:PassRole", arn, {"iam:passedtoservice": service})
        if not decision.allowed:
            raise refusal(call, decision)

    def check_roles(self, call: Call, roles: tuple[str, ...], service: str) -> None:
        """The same for the caller of a call, and several roles; the administrator may pass all."""
        who = self._authority.caller(call.access_key)
        for role in () if who.is_root else roles:
            self.check_pass_role(call, who, role, service)


def refusal(call: Call, decision: Decision) -> AwsError:
    """A decision as the error of a service."""
    code = CODES.get(call.service, "AccessDeniedException")
    status = 403 if code != "AccessDeniedException" else 400
    message = decision.message
    if call.service == "ec2":
        message = f"You are not authorized to perform this operation. {message}"
    return AwsError(code, message, status=status)


def _context(call: Call, request: Request, params: Mapping[str, Any]) -> dict[str, str | tuple[str, ...]]:
    found: dict[str, str | tuple[str, ...]] = {
        "aws:requestedregion": call.region,
        "aws:useragent": request.headers.get("user-agent", ""),
    }
    tags = _tags(params)
    found |= {f"aws:requesttag/{key}".lower(): value for key, value in tags.items()}
    if tags:
        found["aws:tagkeys"] = tuple(tags)
    if call.service == "s3":
        query = parse_qs(request.query)
        found |= {f"s3:{name}": query[name][0] for name in ("prefix", "delimiter", "max-keys") if name in query}
    elif call.service == "ecs" and (params.get("cluster") or call.operation in ("RunTask", "StartTask")):
        cluster = str(params.get("cluster") or "default").rpartition("/")[2]
        found["ecs:cluster"] = f"arn:{PARTITION}:ecs:{call.region}:{ACCOUNT}:cluster/{cluster}"
    return found


def _tags(params: Mapping[str, Any]) -> dict[str, str]:
    given = params.get("tags") or params.get("Tags") or {}
    if isinstance(given, dict):
        return {str(key): str(value) for key, value in given.items()}
    found = {}
    for tag in given if isinstance(given, list) else ():
        if isinstance(tag, dict):
            found[str(tag.get("Key") or tag.get("key") or "")] = str(tag.get("Value") or tag.get("value") or "")
    return found


def _at(value: Any, path: list[str]) -> Iterator[str]:
    """All texts at a path of members; a list on the way means each of its items."""
    if isinstance(value, list):
        for each in value:
            yield from _at(each, path)
    elif not path:
        if isinstance(value, str):
            yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from _at(value[path[0]], path[1:])
