"""Create, update, patch, apply and delete, from what a client sent to what it is answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import decoding, disruption, patches, protobuf, scale, status
from .garbage import Deletion
from .names import timestamp
from .registry import Registry, Write
from .requests import Info, Request, manager_of
from .resources import Resource
from .schemas import Schemas, load
from .store import Object

JSON, YAML = "application/json", "application/yaml"
JSON_PATCH, MERGE_PATCH = "application/json-patch+json", "application/merge-patch+json"
STRATEGIC_PATCH, APPLY_PATCH = "application/strategic-merge-patch+json", "application/apply-patch+yaml"
BODIES = (JSON, YAML, protobuf.CONTENT_TYPE)
PATCHES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)
GIVEN_BACK = (
    "CSIDriver",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "Service",
    "ServiceAccount",
    "StorageClass",
)
"""Kinds of which a deletion answers the object, as the published OpenAPI says of their paths; all others a Status."""
PROPAGATIONS = ("Background", "Foreground", "Orphan")


@dataclass
class Written:
    """What is answered.

    Parameters
    ----------
    body : dict
        The object.
    code : int
        The HTTP status.
    warnings : list of str
        What the client should be told beside.
    """

    body: dict[str, Any]
    code: int = 200
    warnings: list[str] = field(default_factory=list)


def content_type(request: Request) -> str:
    """The type of a request's body, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip() or JSON


def read(request: Request) -> tuple[Any, list[str]]:
    """The body of a request that is no patch, and what stands in it twice.

    Raises
    ------
    ApiError
        400 or 415.
    """
    if request.body.startswith(protobuf.MAGIC):
        return protobuf.decode(request.body), []
    kind = content_type(request)
    if kind == YAML:
        return decoding.read_yaml(request.body), []
    if kind not in (JSON, "*/*"):
        listed = ", ".join(BODIES)
        message = f"the body of the request was in an unknown format - accepted media types include: {listed}"
        raise status.ApiError(415, "UnsupportedMediaType", message)
    return decoding.read_json(request.body)


class Writing:
    """What changes the objects of a cluster.

    Parameters
    ----------
    registry : Registry
        The objects.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._schemas: Schemas = load()
        self.changes: Mapping[str, Callable[[Request, Info], Written]] = {
            "create": self.create,
            "update": self.update,
            "patch": self.patch,
            "delete": self.delete,
        }
        """What is done for each verb."""

    # -- create -------------------------------------------------------------------------------------------------------

    def create(self, request: Request, info: Info) -> Written:
        """POST."""
        sent, doubled = read(request)
        if info.subresource:
            return self._create_below(info, sent)
        made, warnings = self._object(info, sent, doubled)
        self._check_address(info, made)
        write = self._write(request, info)
        return Written(self._registry.create(info.resource, info.namespace, made, write), 201, warnings)

    def _create_below(self, info: Info, sent: Any) -> Written:
        if info.subresource == "binding":
            target = (sent.get("target") or {}).get("name", "") if isinstance(sent, Mapping) else ""
            self.bind(info, target)
            return Written(status.success(), 201)
        if info.subresource == "eviction":
            options = sent.get("deleteOptions") if isinstance(sent, Mapping) else None
            with self._registry.store.lock:
                pod = self._registry.get(info.resource, info.namespace, info.name)
                disruption.check_eviction(self._registry.store, pod)
                how = _deletion(info, options or {})
                self._registry.garbage.delete(info.resource, info.namespace, info.name, how)
            return Written(status.success(), 201)
        raise status.method_not_allowed()

    def bind(self, info: Info, node: str) -> None:
        """Give a pod to a node."""
        if not node:
            raise status.invalid("", "Binding", info.name, [status.required("target.name")])
        registry, pods = self._registry, info.resource
        with registry.store.lock:
            found = registry.get(pods, info.namespace, info.name)
            if found["spec"].get("nodeName"):
                why = f'pod {info.name} is already assigned to node "{found["spec"]["nodeName"]}"'
                raise status.conflict("", "pods/binding", info.name, why)
            if "deletionTimestamp" in found["metadata"]:
                raise status.conflict("", "pods/binding", info.name, f"pod {info.name} is being deleted")
            now = found["status"].get("conditions") or []
            since = timestamp(registry.now())
            scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": since}
            conditions = [*(each for each in now if each.get("type") != "PodScheduled"), scheduled]
            made = {**found, "spec": {**found["spec"], "nodeName": node}}
            made["status"] = {**found["status"], "conditions": conditions}
            registry.store.put(pods, made)

    # -- update and patch ---------------------------------------------------------------------------------------------

    def update(self, request: Request, info: Info) -> Written:
        """PUT."""
        sent, doubled = read(request)
        if info.subresource == "scale":
            return Written(self._scale(request, info, lambda _before: sent))
        made, warnings = self._object(info, sent, doubled)
        self._check_address(info, made)
        write = self._write(request, info)
        return Written(self._registry.update(info.resource, info.namespace, info.name, made, write), 200, warnings)

    def patch(self, request: Request, info: Info) -> Written:
        """PATCH."""
        kind = content_type(request)
        if kind not in PATCHES:
            listed = ", ".join(PATCHES)
            message = f"the body of the request was in an unknown format - accepted media types include: {listed}"
            raise status.ApiError(415, "UnsupportedMediaType", message)
        if kind == APPLY_PATCH and info.subresource != "scale":
            return self._apply(request, info)
        sent, doubled = decoding.read_json(request.body)
        if kind != JSON_PATCH and not isinstance(sent, dict):
            raise status.bad_request("error decoding patch: a patch of this type is an object")

        def changed(before: Object) -> Any:
            if kind == JSON_PATCH:
                return patches.json_patch(before, sent)
            if kind == MERGE_PATCH or info.subresource == "scale":
                return patches.merge(before, sent)
            return patches.strategic(self._schemas, self._registry.node(info.resource), before, sent)

        if info.subresource == "scale":
            return Written(self._scale(request, info, changed))
        warnings: list[str] = []

        def checked(before: Object) -> Any:
            made, found = self._object(info, changed(before), doubled)
            warnings.extend(found)
            return made

        write = self._write(request, info)
        found = self._registry.patch(info.resource, info.namespace, info.name, checked, write)
        return Written(found, 200, warnings)

    def _scale(self, request: Request, info: Info, change: Any) -> dict[str, Any]:
        def scaled(before: Object) -> Object:
            wanted = change(scale.of(before))
            replicas = (wanted.get("spec") or {}).get("replicas", 0) if isinstance(wanted, dict) else None
            if isinstance(replicas, bool) or not isinstance(replicas, int):
                raise status.bad_request("spec.replicas of a Scale is a whole number")
            version = (wanted.get("metadata") or {}).get("resourceVersion")
            metadata = {**before["metadata"], "resourceVersion": version or before["metadata"]["resourceVersion"]}
            return {**before, "metadata": metadata, "spec": {**before["spec"], "replicas": replicas}}

        write = self._write(request, info)
        return scale.of(self._registry.patch(info.resource, info.namespace, info.name, scaled, write))

    def _apply(self, request: Request, info: Info) -> Written:
        if not info.options.get("fieldManager"):
            why = "fieldManager: Required value: is required for apply patch"
            raise status.ApiError(422, "Invalid", f'PatchOptions.meta.k8s.io "" is invalid: {why}')
        sent = decoding.read_yaml(request.body)
        made, warnings = self._object(info, sent, [])
        self._check_address(info, made)
        write = self._write(request, info)
        found, new = self._registry.apply(info.resource, info.namespace, info.name, made, write)
        return Written(found, 201 if new else 200, warnings)

    # -- delete -------------------------------------------------------------------------------------------------------

    def delete(self, request: Request, info: Info) -> Written:
        """DELETE of one object."""
        how = self._options(request, info)
        found, gone = self._registry.garbage.delete(info.resource, info.namespace, info.name, how)
        if not gone or info.resource.kind in GIVEN_BACK:
            return Written(found)
        details = {"name": info.name, "group": info.resource.group, "kind": info.resource.name}
        details["uid"] = found["metadata"]["uid"]
        return Written(status.success({key: value for key, value in details.items() if value}))

    def delete_all(self, request: Request, info: Info, objects: list[Object]) -> Written:
        """DELETE of a collection."""
        how = self._options(request, info)
        for each in objects:
            metadata = each["metadata"]
            try:
                self._registry.garbage.delete(info.resource, metadata.get("namespace", ""), metadata["name"], how)
            except status.ApiError as error:
                if error.code != 404:  # gone with what owned it
                    raise
        kind = f"{info.resource.kind}List"
        metadata = {"resourceVersion": str(self._registry.store.revision)}
        return Written({"kind": kind, "apiVersion": info.resource.api_version, "metadata": metadata, "items": objects})

    def _options(self, request: Request, info: Info) -> Deletion:
        sent: Any = read(request)[0] if request.body.strip() else {}
        if not isinstance(sent, Mapping):
            raise status.bad_request("the body of a deletion is a DeleteOptions object")
        return _deletion(info, sent)

    # -- what they have in common -------------------------------------------------------------------------------------

    def _object(self, info: Info, sent: Any, doubled: list[str]) -> tuple[Object, list[str]]:
        """The object that was sent, in its shape, and the warnings that go with it."""
        resource = info.resource
        if not isinstance(sent, Mapping):
            raise decoding.cannot_be_handled(resource, "", "json: cannot unmarshal into Go value of an object")
        self._check_kind(resource, sent)
        made, unknown = decoding.shape(self._schemas, resource, resource.definition, sent)
        found = [f'unknown field "{path}"' for path in unknown]
        found += [f'duplicate field "{name}"' for name in doubled]
        if found and info.validation == "Strict":
            raise decoding.cannot_be_handled(resource, "", f"strict decoding error: {', '.join(found)}")
        return made, found if info.validation == "Warn" else []

    def _check_kind(self, resource: Resource, sent: Mapping[str, Any]) -> None:
        kind, version = sent.get("kind") or resource.kind, sent.get("apiVersion") or resource.api_version
        if kind != resource.kind or version != resource.api_version:
            if version != resource.api_version:
                why = (
                    f"the API version in the data ({version}) does not match the expected API version "
                    f"({resource.api_version})"
                )
            else:
                why = f"the kind in the data ({kind}) does not match the expected kind ({resource.kind})"
            raise status.bad_request(why)

    def _check_address(self, info: Info, sent: Object) -> None:
        given = (sent.get("metadata") or {}).get("namespace", "")
        if info.resource.namespaced and given and given != info.namespace:
            raise status.bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )

    def _write(self, request: Request, info: Info) -> Write:
        return Write(
            manager=manager_of(request, info.options),
            dry_run=info.dry_run,
            subresource=info.subresource,
            force=info.flag("force"),
        )


def _deletion(info: Info, sent: Mapping[str, Any]) -> Deletion:
    conditions = sent.get("preconditions") or {}
    propagation = sent.get("propagationPolicy") or info.options.get("propagationPolicy") or ""
    if not propagation and (sent.get("orphanDependents") or info.flag("orphanDependents")):
        propagation = "Orphan"
    propagation = propagation or "Background"
    if propagation not in PROPAGATIONS:
        found = status.unsupported("propagationPolicy", propagation, PROPAGATIONS)
        raise status.invalid("meta.k8s.io", "DeleteOptions", "", [found])
    grace = sent.get("gracePeriodSeconds", info.number("gracePeriodSeconds"))
    if grace is not None and (isinstance(grace, bool) or not isinstance(grace, int)):
        raise status.bad_request("gracePeriodSeconds is a whole number")
    return Deletion(
        propagation=propagation,
        grace=grace,
        uid=str(conditions.get("uid") or ""),
        resource_version=str(conditions.get("resourceVersion") or ""),
        dry_run=info.dry_run or list(sent.get("dryRun") or ()) == ["All"],
    )
