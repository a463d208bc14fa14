"""Objects as rows of a table, which is how ``kubectl get`` asks for them.

References
----------
https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import names
from .resources import Resource
from .tables_pods import ready as pod_ready
from .tables_pods import restarts, state

Object = Mapping[str, Any]
Cell = Callable[[Object, float], Any]
NONE = "<none>"


@dataclass(frozen=True)
class Column:
    """One column.

    Parameters
    ----------
    name : str
        Its title.
    cell : callable
        From an object and the time to what stands there.
    wide : bool
        Whether it is shown by ``-o wide`` only.
    type : str
        As the API names it.
    """

    name: str
    cell: Cell
    wide: bool = False
    type: str = "string"


def at(found: Any, path: str, default: Any = "") -> Any:
    """The value at a path of members."""
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return default if found is None else found


def age_of(text: str | None, now: float) -> str:
    """How long ago a time was, as kubectl writes it: ``5s``, ``3m20s``, ``2d``."""
    if not text:
        return "<unknown>"
    seconds = max(int(now - names.epoch(text)), 0)
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    return f"{days}d" if days < 730 else f"{days // 365}y"


def _age(found: Object, now: float) -> str:
    return age_of(found["metadata"].get("creationTimestamp"), now)


AGE = Column("Age", _age)


def _field(title: str, path: str, default: Any = "", *, wide: bool = False) -> Column:
    return Column(title, lambda found, _now: at(found, path, default), wide)


def _number(title: str, path: str) -> Column:
    return Column(title, lambda found, _now: at(found, path, 0), type="integer")


def _sizes(*paths: str) -> Cell:
    return lambda found, _now: sum(len(at(found, path, ())) for path in paths)


def _share(part: str, whole: str) -> Cell:
    return lambda found, _now: f"{at(found, part, 0)}/{at(found, whole, 0)}"


def _labels(path: str) -> Cell:
    return lambda found, _now: selector_text({"matchLabels": at(found, path, {})})


def _count(title: str, path: str) -> Column:
    return Column(title, lambda found, _now: len(at(found, path, ())))


def _joined(values: Sequence[Any]) -> str:
    return ",".join(map(str, values)) or NONE


def _containers(field: str, path: str = "spec.template.spec.containers") -> Cell:
    return lambda found, _now: _joined([each.get(field, "") for each in at(found, path, ())])


def selector_text(found: Object | None) -> str:
    """A selector in one line."""
    if not found:
        return NONE
    parts = [f"{key}={value}" for key, value in sorted((found.get("matchLabels") or {}).items())]
    for each in found.get("matchExpressions") or ():
        values = f" ({','.join(each.get('values') or ())})" if each.get("values") else ""
        parts.append(f"{each['key']} {each['operator'].lower()}{values}")
    return _joined(parts)


def _selector(path: str) -> Cell:
    return lambda found, _now: selector_text(at(found, path, None))


WORKLOAD_WIDE = (
    Column("Containers", _containers("name"), wide=True),
    Column("Images", _containers("image"), wide=True),
    Column("Selector", _selector("spec.selector"), wide=True),
)


def _node_status(found: Object, _now: float) -> str:
    ready = [each for each in at(found, "status.conditions", ()) if each.get("type") == "Ready"]
    text = "Ready" if ready and ready[0].get("status") == "True" else "NotReady" if ready else "Unknown"
    return f"{text},SchedulingDisabled" if at(found, "spec.unschedulable", False) else text


def _roles(found: Object, _now: float) -> str:
    prefix = "node-role.kubernetes.io/"
    return _joined(
        sorted(key.removeprefix(prefix) for key in at(found, "metadata.labels", {}) if key.startswith(prefix))
    )


def _address(kind: str) -> Cell:
    return lambda found, _now: next(
        (each["address"] for each in at(found, "status.addresses", ()) if each["type"] == kind), NONE
    )


def _external(found: Object, _now: float) -> str:
    kind = at(found, "spec.type")
    if kind == "ExternalName":
        return str(at(found, "spec.externalName"))
    entries = at(found, "status.loadBalancer.ingress", ())
    shown = [each.get("hostname") or each.get("ip") or "" for each in entries]
    if kind == "LoadBalancer":
        return ",".join(shown) or "<pending>"
    return _joined(at(found, "spec.externalIPs", ()))


def _service_ports(found: Object, _now: float) -> str:
    return _joined(
        [
            f"{each['port']}{':' + str(each['nodePort']) if each.get('nodePort') else ''}/{each.get('protocol', 'TCP')}"
            for each in at(found, "spec.ports", ())
        ]
    )


MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def _modes(path: str) -> Cell:
    return lambda found, _now: ",".join(MODES.get(each, each) for each in at(found, path, ()))


def _claim_status(found: Object, _now: float) -> str:
    return "Terminating" if at(found, "metadata.deletionTimestamp") else str(at(found, "status.phase"))


def _claim_of(found: Object, _now: float) -> str:
    reference = at(found, "spec.claimRef", None)
    return f"{reference['namespace']}/{reference['name']}" if reference else ""


def _job_status(found: Object, _now: float) -> str:
    for each in at(found, "status.conditions", ()):
        if each.get("status") == "True" and each.get("type") in ("Complete", "Failed"):
            return str(each["type"])
    return "Suspended" if at(found, "spec.suspend", False) else "Running"


def _duration(found: Object, now: float) -> str:
    start, end = at(found, "status.startTime"), at(found, "status.completionTime")
    return age_of(start, names.epoch(end) if end else now) if start else ""


def _last_seen(found: Object, now: float) -> str:
    times = (at(found, "series.lastObservedTime"), at(found, "lastTimestamp"), at(found, "eventTime"))
    return age_of(next((each for each in times if each), found["metadata"].get("creationTimestamp")), now)


def _involved(found: Object, _now: float) -> str:
    return f"{str(at(found, 'involvedObject.kind')).lower()}/{at(found, 'involvedObject.name')}"


def _role(found: Object, _now: float) -> str:
    return f"{at(found, 'roleRef.kind')}/{at(found, 'roleRef.name')}"


def _endpoints(found: Object, _now: float) -> str:
    return _joined([one for each in at(found, "endpoints", ()) for one in each.get("addresses", ())])


def _boolean(path: str, default: bool = False) -> Cell:
    return lambda found, _now: str(bool(at(found, path, default))).lower()


def _pod_ip(found: Object, _now: float) -> str:
    return str(at(found, "status.podIP", NONE))


COLUMNS: dict[str, tuple[Column, ...]] = {
    "Pod": (
        Column("Ready", lambda found, _now: pod_ready(found)),
        Column("Status", lambda found, _now: state(found)),
        Column("Restarts", lambda found, now: restarts(found, now, age_of)),
        AGE,
        Column("IP", _pod_ip, wide=True),
        _field("Node", "spec.nodeName", NONE, wide=True),
        _field("Nominated Node", "status.nominatedNodeName", NONE, wide=True),
        Column("Readiness Gates", lambda _found, _now: NONE, wide=True),
    ),
    "Node": (
        *(
            Column("Status", _node_status),
            Column("Roles", _roles),
            AGE,
            _field("Version", "status.nodeInfo.kubeletVersion"),
        ),
        Column("Internal-IP", _address("InternalIP"), wide=True),
        Column("External-IP", _address("ExternalIP"), wide=True),
        _field("OS-Image", "status.nodeInfo.osImage", "<unknown>", wide=True),
        _field("Kernel-Version", "status.nodeInfo.kernelVersion", "<unknown>", wide=True),
        _field("Container-Runtime", "status.nodeInfo.containerRuntimeVersion", "<unknown>", wide=True),
    ),
    "Deployment": (
        Column("Ready", _share("status.readyReplicas", "spec.replicas")),
        *(_number("Up-to-date", "status.updatedReplicas"), _number("Available", "status.availableReplicas"), AGE),
        *WORKLOAD_WIDE,
    ),
    "ReplicaSet": (
        *(_number("Desired", "spec.replicas"), _number("Current", "status.replicas")),
        *(_number("Ready", "status.readyReplicas"), AGE, *WORKLOAD_WIDE),
    ),
    "DaemonSet": (
        *(_number("Desired", "status.desiredNumberScheduled"), _number("Current", "status.currentNumberScheduled")),
        *(_number("Ready", "status.numberReady"), _number("Up-to-date", "status.updatedNumberScheduled")),
        _number("Available", "status.numberAvailable"),
        Column("Node Selector", _labels("spec.template.spec.nodeSelector")),
        *(AGE, *WORKLOAD_WIDE),
    ),
    "Job": (
        Column("Status", _job_status),
        Column("Completions", _share("status.succeeded", "spec.completions")),
        *(Column("Duration", _duration), AGE, *WORKLOAD_WIDE),
    ),
    "Service": (
        *(_field("Type", "spec.type"), _field("Cluster-IP", "spec.clusterIP", NONE), Column("External-IP", _external)),
        *(Column("Port(s)", _service_ports), AGE),
        Column("Selector", _labels("spec.selector"), wide=True),
    ),
    "Namespace": (_field("Status", "status.phase"), AGE),
    "ConfigMap": (
        Column("Data", _sizes("data", "binaryData")),
        AGE,
    ),
    "Secret": (_field("Type", "type"), _count("Data", "data"), AGE),
    "ServiceAccount": (_count("Secrets", "secrets"), AGE),
    "EndpointSlice": (
        _field("AddressType", "addressType"),
        Column("Ports", lambda found, _now: _joined([each.get("port", "") for each in at(found, "ports", ())])),
        *(Column("Endpoints", _endpoints), AGE),
    ),
    "PersistentVolume": (
        *(_field("Capacity", "spec.capacity.storage"), Column("Access Modes", _modes("spec.accessModes"))),
        *(_field("Reclaim Policy", "spec.persistentVolumeReclaimPolicy"), Column("Status", _claim_status)),
        *(Column("Claim", _claim_of), _field("StorageClass", "spec.storageClassName")),
        *(
            _field("VolumeAttributesClass", "spec.volumeAttributesClassName", "<unset>"),
            _field("Reason", "status.reason"),
            AGE,
        ),
        _field("VolumeMode", "spec.volumeMode", wide=True),
    ),
    "PersistentVolumeClaim": (
        *(
            Column("Status", _claim_status),
            _field("Volume", "spec.volumeName"),
            _field("Capacity", "status.capacity.storage"),
        ),
        *(Column("Access Modes", _modes("status.accessModes")), _field("StorageClass", "spec.storageClassName")),
        *(_field("VolumeAttributesClass", "spec.volumeAttributesClassName", "<unset>"), AGE),
        _field("VolumeMode", "spec.volumeMode", wide=True),
    ),
    "StorageClass": (
        *(_field("Provisioner", "provisioner"), _field("ReclaimPolicy", "reclaimPolicy")),
        _field("VolumeBindingMode", "volumeBindingMode"),
        Column(
            "AllowVolumeExpansion", lambda found, _now: bool(at(found, "allowVolumeExpansion", False)), type="boolean"
        ),
        AGE,
    ),
    "CSIDriver": (
        *(
            Column("AttachRequired", _boolean("spec.attachRequired", True)),
            Column("PodInfoOnMount", _boolean("spec.podInfoOnMount")),
        ),
        Column("StorageCapacity", _boolean("spec.storageCapacity")),
        Column("Modes", lambda found, _now: ",".join(at(found, "spec.volumeLifecycleModes", ()))),
        AGE,
    ),
    "RoleBinding": (Column("Role", _role), AGE),
    "ClusterRoleBinding": (Column("Role", _role), AGE),
    "Role": (_field("Created At", "metadata.creationTimestamp"),),
    "ClusterRole": (_field("Created At", "metadata.creationTimestamp"),),
    "Lease": (_field("Holder", "spec.holderIdentity"), AGE),
    "Event": (
        *(Column("Last Seen", _last_seen), _field("Type", "type"), _field("Reason", "reason")),
        *(Column("Object", _involved), _field("Message", "message")),
        *(_field("Source", "source.component", wide=True), _field("Count", "count", 1, wide=True)),
    ),
}
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def table(
    resource: Resource, objects: Sequence[Object], metadata: dict[str, Any], include: str, now: float
) -> dict[str, Any]:
    """Objects as a Table.

    Parameters
    ----------
    resource : Resource
        Whose objects they are.
    objects : sequence of dict
        The rows.
    metadata : dict
        Of the list.
    include : str
        ``Metadata``, ``Object`` or ``None``: what each row brings along.
    now : float
        The time, for ages.
    """
    columns = COLUMNS.get(resource.kind, (AGE,))
    named = resource.kind != "Event"
    heads = [_head("Name", "string", "name", 0)] if named else []
    heads += [_head(each.name, each.type, "", int(each.wide)) for each in columns]
    if not named:
        heads.append(_head("Name", "string", "name", 1))
    rows = []
    for each in objects:
        cells = [column.cell(each, now) for column in columns]
        row: dict[str, Any] = {"cells": [_name(each), *cells] if named else [*cells, _name(each)]}
        if include == "Object":
            row["object"] = each
        elif include != "None":
            partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": each["metadata"]}
            row["object"] = partial
        rows.append(row)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": heads,
        "rows": rows,
    }


def _head(name: str, kind: str, form: str, priority: int) -> dict[str, Any]:
    return {"name": name, "type": kind, "format": form, "description": "", "priority": priority}


def _name(found: Object) -> str:
    marked = (found["metadata"].get("annotations") or {}).get(DEFAULT_CLASS) == "true"
    return f"{found['metadata']['name']} (default)" if marked else str(found["metadata"]["name"])
