"""The API server of one cluster: from a request to an answer.

It holds no lock of the world, and knows neither HTTP connections nor AWS: who a token belongs to, and what EKS's
access policies allow, it asks of functions that it is given.
"""

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any, Protocol

from . import escalation, plain, reading, scale, status
from .accounts import Accounts
from .admission import Admission
from .answers import Answer, LogOptions, Watching, as_json
from .authorization import AUTHENTICATED, Attributes, Authorizer, Rbac, User, refuse
from .bootstrap import bootstrap
from .executing import Commands
from .registry import Registry
from .requests import Info, Request, accepted, resolve
from .reviews import Authenticate, Reviews
from .store import Object, Store
from .writing import Writing, Written, read

log = logging.getLogger(__name__)


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
            if request.path in plain.PROBE_PATHS and "authorization" not in request.headers and user is None:
                return self._plain(request, None)  # as on EKS, anybody may ask whether it is there
            who = user if user is not None else self.user_of(request)
            return self._answer(request, who)
        except status.ApiError as error:
            return as_json(error.status(), error.code)
        except Exception as bug:
            log.exception("%s %s: unexpected", request.method, request.path)
            text = f"Internal error occurred: the embedded cloud has a bug: {type(bug).__name__}: {bug}"
            return as_json(status.ApiError(500, "InternalError", text).status(), 500)

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
        return as_json(body, done.code, tuple(done.warnings))

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
            return as_json(reading.listed(self.store, info, wants, self.now()))
        if info.flag("watch"):
            return Watching(info, wants)
        found = self._registry.get(info.resource, info.namespace, info.name)
        if info.subresource == "scale":
            return as_json(scale.of(found))
        if info.subresource == "log":
            return self._log_options(info, found)
        return as_json(reading.one(found, info, wants, self.now()))

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

    def _plain(self, request: Request, user: User | None) -> Answer:
        if user is not None:
            asked = Attributes(user, request.method.lower(), path=request.path.rstrip("/") or "/")
            if not self.may(asked):
                raise refuse(asked)
        return plain.answer(request, self.version)


def _authenticated(user: User) -> User:
    return replace(user, groups=tuple(dict.fromkeys((*user.groups, AUTHENTICATED))))


def _object(sent: Any) -> dict[str, Any]:
    if not isinstance(sent, dict):
        raise status.bad_request("the body is no object")
    return sent
