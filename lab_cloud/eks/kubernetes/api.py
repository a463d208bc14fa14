"""The API server of one cluster: from a request to an answer.

It holds no lock of the world, and knows neither HTTP connections nor AWS: who a token belongs to, and what EKS's
access policies allow, it asks of functions that it is given.
"""

import gzip
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from . import escalation, openapi, reading, resources, status
from .accounts import Accounts
from .admission import Admission
from .authorization import AUTHENTICATED, Attributes, Authorizer, Rbac, User, refuse
from .bootstrap import bootstrap
from .executing import Commands
from .registry import Registry
from .requests import Info, Request, accepted, resolve
from .reviews import Authenticate, Reviews
from .store import Object, Store
from .writing import Writing, Written, read

log = logging.getLogger(__name__)

HEALTH = ("/healthz", "/livez", "/readyz")
PROBE_PATHS = (*HEALTH, "/version")
OPENAPI_PROTOBUF = "application/com.github.proto-openapi.spec.v2"
MADE = {"content-type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """What goes back.

    Parameters
    ----------
    code : int
        The HTTP status.
    body : bytes
        All of it.
    headers : mapping of str to str
        Also those of its type and coding.
    warnings : tuple of str
        One header each.
    """

    code: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: MADE)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Watching:
    """A stream of changes instead of an answer; who serves it begins and ends it."""

    info: Info
    wants: Any


@dataclass(frozen=True)
class LogOptions:
    """What of a container's output is wanted.

    Parameters
    ----------
    container : str
        Its name.
    follow, previous, timestamps : bool
        Whether to go on, to show the run before, to put times in front.
    tail, since, limit : int, optional
        Lines from the end; seconds back; bytes at most.
    """

    container: str
    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    tail: int | None = None
    since: int | None = None
    limit: int | None = None


class Logs(Protocol):
    """Where containers' output is: the node agents."""

    def read(self, pod: Object, options: LogOptions) -> AsyncIterator[bytes]:
        """The output; raises ApiError before the first piece when there is none to be had."""


class ApiServer:
    """The API server.

    Parameters
    ----------
    version : str
        As ``/version`` says it, for example ``1.36``.
    authenticate : callable
        From a bearer token to the user it belongs to; None for none.
    allowed : callable
        What is allowed beside role-based access control.
    now : callable
        The time in epoch seconds.
    service_cidr : str
        Where services get their addresses.

    Attributes
    ----------
    logs : Logs or None
        Where containers' output is; a node agent puts itself there.
    commands : Commands or None
        Where commands in containers run.
    accounts : Accounts
        The tokens of service accounts.
    """

    def __init__(
        self,
        version: str,
        authenticate: Authenticate,
        allowed: Authorizer,
        now: Callable[[], float],
        service_cidr: str = "10.100.0.0/16",
    ) -> None:
        self.version = version
        self.store = Store()
        self.rbac = Rbac(self.store)
        self.logs: Logs | None = None
        self.commands: Commands | None = None
        self.now = now
        self.accounts = Accounts(self.store, now)
        self._elsewhere = authenticate
        self._also_allowed = allowed
        self.admission = Admission(self.store, service_cidr)
        self._registry = Registry(self.store, self.admission, now)
        self._writing = Writing(self._registry)
        self._reviews = Reviews(self.may, self.rbac, self._authenticate, now)
        bootstrap(self._registry)

    def _authenticate(self, token: str) -> User | None:
        return self.accounts.user_of(token) or self._elsewhere(token)

    def may(self, asked: Attributes) -> bool:
        """Whether something is allowed."""
        return self.rbac(asked) or self._also_allowed(asked)

    def user_of(self, request: Request) -> User:
        """Who a request is from.

        Raises
        ------
        ApiError
            401.
        """
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        user = self._authenticate(token.strip()) if kind.lower() == "bearer" else None
        if user is None:
            raise status.unauthorized()
        return self._impersonated(request, _authenticated(user))

    def _impersonated(self, request: Request, user: User) -> User:
        """Who a request is from when it says that it speaks for somebody else (``kubectl --as``)."""
        name, group = request.headers.get("impersonate-user", ""), request.headers.get("impersonate-group", "")
        if not name:
            if group:
                raise status.bad_request("requested impersonation without a user")
            return user
        for resource, one in (("users", name), ("groups", group)):
            asked = Attributes(user, "impersonate", resource=resource, name=one)
            if one and not self.may(asked):
                raise refuse(asked)
        return _authenticated(User(name, (group,) if group else ()))

    def answer(self, request: Request, user: User | None = None) -> Answer | Watching | LogOptions:
        """Answer a request.

        Parameters
        ----------
        request : Request
            What arrived.
        user : User, optional
            Who it is from, when that is known; else its token says it.

        Returns
        -------
        Answer
            Always in the API's own shape.
        Watching
            For a watch: `Watch` is to be begun with it.
        LogOptions
            For a container's output: `logs` is to be read with it.
        """
        try:
            if request.path in PROBE_PATHS and "authorization" not in request.headers and user is None:
                return self._plain(request, None)  # as on EKS, anybody may ask whether it is there
            who = user if user is not None else self.user_of(request)
            return self._answer(request, who)
        except status.ApiError as error:
            return _json(error.status(), error.code)
        except Exception as bug:
            log.exception("%s %s: unexpected", request.method, request.path)
            text = f"Internal error occurred: the embedded cloud has a bug: {type(bug).__name__}: {bug}"
            return _json(status.ApiError(500, "InternalError", text).status(), 500)

    def _answer(self, request: Request, user: User) -> Answer | Watching | LogOptions:
        steps = request.path.strip("/").split("/")
        is_resource = (steps[0] == "api" and len(steps) > 2) or (steps[0] == "apis" and len(steps) > 3)
        if not is_resource:
            return self._plain(request, user)
        info = resolve(request)
        self._check(info, user)
        if info.verb in ("watch", "list", "get"):
            return self._read(request, info)
        done = self._write(request, info, user)
        wants = accepted(request.headers.get("accept", ""))
        body = done.body
        if wants.as_table and info.resource.stored and body.get("kind") == info.resource.kind:
            body = reading.one(body, info, wants, self.now())
        return _json(body, done.code, tuple(done.warnings))

    def _check(self, info: Info, user: User) -> None:
        resource = info.resource
        verbs = resource.subresources[info.subresource].verbs if info.subresource else resource.verbs
        asked = Attributes(
            user=user,
            verb=info.verb,
            group=resource.group,
            resource=resource.name,
            subresource=info.subresource,
            namespace=info.name if resource.kind == "Namespace" else info.namespace,
            name=info.name,
        )
        if not self.may(asked):
            raise refuse(asked)
        if info.verb not in verbs or (info.verb == "create" and info.name and not info.subresource):
            raise status.method_not_allowed()
        if resource.namespaced and not info.namespace and info.verb in ("create", "deletecollection"):
            raise status.method_not_allowed()

    def _read(self, request: Request, info: Info) -> Answer | Watching | LogOptions:
        wants = accepted(request.headers.get("accept", ""))
        if info.verb == "watch":
            return Watching(info, wants)
        if info.verb == "list":
            return _json(reading.listed(self.store, info, wants, self.now()))
        if info.flag("watch"):
            return Watching(info, wants)
        found = self._registry.get(info.resource, info.namespace, info.name)
        if info.subresource == "scale":
            from . import scale

            return _json(scale.of(found))
        if info.subresource == "log":
            return self._log_options(info, found)
        return _json(reading.one(found, info, wants, self.now()))

    def _log_options(self, info: Info, pod: Object) -> LogOptions:
        names = [each["name"] for each in (*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ()))]
        name = info.options.get("container", "")
        if not name and len(names) > 1:
            listed = " ".join(names)
            raise status.bad_request(
                f"a container name must be specified for pod {info.name}, choose one of: [{listed}]"
            )
        if name and name not in names:
            raise status.bad_request(f"container {name} is not valid for pod {info.name}")
        if not pod["spec"].get("nodeName"):
            raise status.bad_request(f"pod {info.name} does not have a host assigned")
        if self.logs is None:
            raise status.ApiError(503, "ServiceUnavailable", f"no node agent answers for pod {info.name}")
        return LogOptions(
            container=name or names[0],
            follow=info.flag("follow"),
            previous=info.flag("previous"),
            timestamps=info.flag("timestamps"),
            tail=info.number("tailLines"),
            since=info.number("sinceSeconds"),
            limit=info.number("limitBytes"),
        )

    def pod_of_logs(self, request: Request) -> Object:
        """The pod whose output a request asks for."""
        info = resolve(request)
        return self._registry.get(info.resource, info.namespace, info.name)

    def _write(self, request: Request, info: Info, user: User) -> Written:
        if not info.resource.stored:
            return Written(self._reviews.review(info.resource, _object(read(request)[0]), user), 201)
        change = self._writing.changes.get(info.verb)
        if change is not None:
            with self.store.lock:
                if escalation.concerns(info.resource) and info.verb != "delete":
                    trial = replace(info, options={**info.options, "dryRun": "All"})
                    escalation.check(self.store, self.may, user, info.resource, change(request, trial).body)
                return change(request, info)
        objects = reading.listed(self.store, info, accepted("application/json"), self.now())["items"]
        return self._writing.delete_all(request, info, objects)

    # -- what is no resource ------------------------------------------------------------------------------------------

    def _plain(self, request: Request, user: User | None) -> Answer:
        path = request.path.rstrip("/") or "/"
        if user is not None:
            asked = Attributes(user, request.method.lower(), path=path)
            if not self.may(asked):
                raise refuse(asked)
        if request.method not in ("GET", "HEAD"):
            raise status.method_not_allowed()
        if path in HEALTH:
            return Answer(200, b"ok", {"content-type": "text/plain; charset=utf-8"})
        if path == "/version":
            return _json(self._version())
        found = _discovery(path, request.headers.get("accept", ""))
        if found is None:
            raise status.no_such_path()
        return found if "gzip" in request.headers.get("accept-encoding", "") else _unpacked(found)

    def _version(self) -> dict[str, Any]:
        major, _, minor = self.version.partition(".")
        return {
            "major": major,
            "minor": minor,
            "emulationMajor": major,
            "emulationMinor": minor,
            "minCompatibilityMajor": major,
            "minCompatibilityMinor": minor,
            "gitVersion": f"v{self.version}.0-eks-simulated",
            "gitCommit": "0" * 40,
            "gitTreeState": "clean",
            "buildDate": "1970-01-01T00:00:00Z",
            "goVersion": "none: simulated by the embedded cloud",
            "compiler": "none",
            "platform": "linux/amd64",
        }


def _authenticated(user: User) -> User:
    return replace(user, groups=tuple(dict.fromkeys((*user.groups, AUTHENTICATED))))


def _discovery(path: str, accept: str) -> Answer | None:
    steps = path.strip("/").split("/")
    together = "g=apidiscovery.k8s.io" in accept and "v=v2;" in accept.replace(" ", "") + ";"
    if path in ("/api", "/apis") and together:
        found = resources.aggregated(core_group=path == "/api")
        return _json(found, headers={"content-type": resources.AGGREGATED})
    if path == "/":
        paths = ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]
        return _json({"paths": [*paths, *(f"/apis/{one}" for one in resources.group_versions() if "/" in one)]})
    if path == "/api":
        return _json(resources.api_versions())
    if path == "/apis":
        return _json(resources.api_groups())
    if steps[0] == "openapi":
        return _openapi(steps, accept)
    named: dict[str, Any] | None = None
    if steps[0] == "api" and len(steps) == 2:
        named = resources.resource_list(steps[1])
    elif steps[0] == "apis" and len(steps) == 2:
        named = resources.api_group(steps[1])
    elif steps[0] == "apis" and len(steps) == 3:
        named = resources.resource_list(f"{steps[1]}/{steps[2]}")
    return _json(named) if named is not None else None


def _openapi(steps: list[str], accept: str) -> Answer | None:
    if steps[1:] == ["v3"]:
        return _json(openapi.index())
    packed = openapi.v2() if steps[1:] == ["v2"] else None
    if steps[1:2] == ["v3"] and len(steps) > 3:
        packed = openapi.v3("/".join(steps[3:]))
    if packed is None:
        return None
    if accept and "json" not in accept and "*" not in accept:
        if steps[1:] == ["v2"] and OPENAPI_PROTOBUF in accept:
            return Answer(200, openapi.v2_protobuf(), {"content-type": f"{OPENAPI_PROTOBUF}.v1.0+protobuf"})
        raise status.ApiError(406, "NotAcceptable", "only JSON is to be had here")
    return Answer(200, packed, {**MADE, "content-encoding": "gzip"})


def _unpacked(answer: Answer) -> Answer:
    if "content-encoding" not in answer.headers:
        return answer
    headers = {name: value for name, value in answer.headers.items() if name != "content-encoding"}
    return replace(answer, body=gzip.decompress(answer.body), headers=headers)


def _object(sent: Any) -> dict[str, Any]:
    if not isinstance(sent, dict):
        raise status.bad_request("the body is no object")
    return sent


def _json(
    body: Mapping[str, Any], code: int = 200, warnings: tuple[str, ...] = (), headers: Mapping[str, str] = MADE
) -> Answer:
    return Answer(code, json.dumps(body, separators=(",", ":")).encode(), headers, warnings)
