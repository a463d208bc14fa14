"""A request to the API: its address, its verb, its options.

References
----------
https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from .resources import Resource, find
from .status import ApiError, bad_request, no_such_path

VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
STREAMS = {
    "attach": "The embedded cloud does not carry input to containers; `kubectl logs -f` follows what they say.",
    "exec": "The embedded cloud runs commands without -i and -t (kubectl exec POD -- COMMAND), over a WebSocket.",
    "portforward": "The embedded cloud forwards no ports: a Service says in its annotation "
    "containers-on-aws.lab/answers-at where it answers on this machine.",
}
"""What of pods is not carried, and what helps instead."""
INSTEAD = {
    "controllerrevisions": "a DaemonSet keeps no revisions here; apply its earlier manifest again",
    "horizontalpodautoscalers": "use `kubectl scale`; an autoscaler needs the metrics API, which is not there either",
    "ingresses": "use a Service of type LoadBalancer",
    "statefulsets": "use a Deployment, with a PersistentVolumeClaim where it keeps data",
}
"""Kinds that learners may look for, and what helps instead."""
VALIDATIONS = ("Strict", "Warn", "Ignore")


@dataclass(frozen=True)
class Request:
    """What arrived.

    Parameters
    ----------
    method : str
        The HTTP method.
    path : str
        Still percent-encoded.
    query : str
        Without the question mark.
    headers : mapping of str to str
        By lower-case name.
    body : bytes
        The whole body.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Info:
    """What a request asks of which resource.

    Parameters
    ----------
    resource : Resource
        Which.
    verb : str
        For example ``list``.
    namespace, name, subresource : str
        Of which object; empty for none.
    options : mapping of str to str
        The query's.
    """

    resource: Resource
    verb: str
    namespace: str
    name: str
    subresource: str
    options: Mapping[str, str]

    def flag(self, name: str) -> bool:
        """Whether an option is set to true.

        Raises
        ------
        ApiError
            400, when it is something else than a truth value.
        """
        text = self.options.get(name, "")
        if text.lower() in ("", "0", "f", "false"):
            return False
        if text.lower() in ("1", "t", "true"):
            return True
        raise bad_request(f'strconv.ParseBool: parsing "{text}": invalid syntax')

    def number(self, name: str) -> int | None:
        """An option that is a whole number; None when it is not there.

        Raises
        ------
        ApiError
            400, when it is none.
        """
        text = self.options.get(name)
        if text is None or text == "":
            return None
        try:
            return int(text)
        except ValueError:
            raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None

    @property
    def dry_run(self) -> bool:
        """Whether nothing is to be stored.

        Raises
        ------
        ApiError
            400, for another directive than ``All``.
        """
        text = self.options.get("dryRun")
        if text is None:
            return False
        if text != "All":
            raise bad_request(f'Invalid value: "{text}": supported values: "All"')
        return True

    @property
    def validation(self) -> str:
        """What is done about unknown fields: ``Strict``, ``Warn`` or ``Ignore``.

        Raises
        ------
        ApiError
            400, for something else.
        """
        text = self.options.get("fieldValidation") or "Warn"
        if text not in VALIDATIONS:
            raise bad_request(
                f'fieldValidation: Unsupported value: "{text}": supported values: "Ignore", "Strict", "Warn"'
            )
        return text


def options_of(query: str) -> dict[str, str]:
    """The options of a query string; of one that stands twice the last counts."""
    return dict(parse_qsl(query, keep_blank_values=True))


def resolve(request: Request) -> Info:
    """What a request to ``/api/...`` or ``/apis/...`` asks.

    Raises
    ------
    ApiError
        404, when there is no such address.
    """
    steps = [unquote(step) for step in request.path.strip("/").split("/")]
    if steps[0] == "api":
        group, version, rest = "", steps[1], steps[2:]
    else:
        group, version, rest = steps[1], steps[2], steps[3:]
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and _is_resource(group, version, rest[2]):
        namespace, rest = rest[1], rest[2:]
    resource = find(group, version, rest[0])
    if resource is None:
        raise _no_such_kind(rest[2] if rest[0] == "namespaces" and len(rest) > 2 else rest[0])
    if len(rest) > 3 or (namespace and not resource.namespaced):
        raise no_such_path()
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if subresource and subresource not in resource.subresources:
        raise absent(subresource if resource.kind == "Pod" else "")
    if name and resource.namespaced and not namespace:
        raise no_such_path()
    options = options_of(request.query)
    verb = VERBS.get(request.method, "")
    if not name:
        verb = {"get": "list", "delete": "deletecollection"}.get(verb, verb)
        if verb == "list" and options.get("watch", "").lower() in ("1", "t", "true"):
            verb = "watch"
    return Info(resource, verb, namespace, name, subresource, options)


def _no_such_kind(name: str) -> ApiError:
    """The refusal of what a real cluster may have, and this one has not."""
    hint = INSTEAD.get(name, "`kubectl api-resources` lists what there is")
    return no_such_path(f"the embedded cloud has no {name}: {hint}")


def absent(name: str) -> ApiError:
    """The refusal of what is at no address here; of what pods can do on a real cluster, with what helps instead."""
    return ApiError(501, "NotImplemented", STREAMS[name]) if name in STREAMS else no_such_path()


def _is_resource(group: str, version: str, name: str) -> bool:
    found = find(group, version, name)
    return found is not None and found.namespaced


@dataclass(frozen=True)
class Accepted:
    """What a client takes.

    Parameters
    ----------
    as_table : bool
        Whether it wants a Table.
    partial : bool
        Whether it wants metadata only.
    """

    as_table: bool = False
    partial: bool = False


def accepted(header: str) -> Accepted:
    """What the header ``Accept`` asks for, the first that this server can give."""
    for part in header.split(","):
        parameters = dict(_pairs(part))
        kind = parameters.get("", "").strip()
        if kind not in ("application/json", "application/yaml", "*/*", "application/*"):
            continue
        shape = parameters.get("as", "")
        if shape == "Table":
            return Accepted(as_table=True)
        if shape in ("PartialObjectMetadata", "PartialObjectMetadataList"):
            return Accepted(partial=True)
        if not shape:
            return Accepted()
    return Accepted()


def _pairs(part: str) -> list[tuple[str, str]]:
    first, *rest = part.split(";")
    return [
        ("", first.strip()),
        *((key.strip(), value.strip()) for key, _, value in (one.partition("=") for one in rest)),
    ]


def manager_of(request: Request, options: Mapping[str, Any]) -> str:
    """The field manager: what the client says, or the beginning of its name."""
    return str(options.get("fieldManager") or request.headers.get("user-agent", "").partition("/")[0] or "unknown")
