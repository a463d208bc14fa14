"""Objects as rows of a table, which is how ``kubectl get`` asks for them.

References
----------
https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
"""

from collections.abc import Sequence
from typing import Any

from .cells import (
    AGE,
    NONE,
    WORKLOAD_WIDE,
    Cell,
    Column,
    Object,
    age_of,
    at,
    field,
    joined,
    number,
    selector_text,
    share,
)
from .resources import Resource
from .tables_batch import COLUMNS as BATCH
from .tables_pods import ready as pod_ready
from .tables_pods import restarts, state


def _sizes(*paths: str) -> Cell:
    return lambda found, _now: sum(len(at(found, path, ())) for path in paths)


def _labels(path: str) -> Cell:
    return lambda found, _now: selector_text({"matchLabels": at(found, path, {})})


def _count(title: str, path: str) -> Column:
    return Column(title, lambda found, _now: len(at(found, path, ())))


def _node_status(found: Object, _now: float) -> str:
    ready = [each for each in at(found, "status.conditions", ()) if each.get("type") == "Ready"]
    text = "Ready" if ready and ready[0].get("status") == "True" else "NotReady" if ready else "Unknown"
    return f"{text},SchedulingDisabled" if at(found, "spec.unschedulable", False) else text


def _roles(found: Object, _now: float) -> str:
    prefix = "node-role.kubernetes.io/"
    return joined(
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
    return joined(at(found, "spec.externalIPs", ()))


def _service_ports(found: Object, _now: float) -> str:
    return joined(
        [
            f"{each['port']}{':' + str(each['nodePort']) if each.get('nodePort') else ''}/{each.get('protocol', 'TCP')}"
            for each in at(found, "spec.ports", ())
        ]
    )


MOST_SHOWN = 3
MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def _modes(path: str) -> Cell:
    return lambda found, _now: ",".join(MODES.get(each, each) for each in at(found, path, ()))


def _claim_status(found: Object, _now: float) -> str:
    return "Terminating" if at(found, "metadata.deletionTimestamp") else str(at(found, "status.phase"))


def _claim_of(found: Object, _now: float) -> str:
    reference = at(found, "spec.claimRef", None)
    return f"{reference['namespace']}/{reference['name']}" if reference else ""


def _last_seen(found: Object, now: float) -> str:
    times = (at(found, "series.lastObservedTime"), at(found, "lastTimestamp"), at(found, "eventTime"))
    return age_of(next((each for each in times if each), found["metadata"].get("creationTimestamp")), now)


def _involved(found: Object, _now: float) -> str:
    return f"{str(at(found, 'involvedObject.kind')).lower()}/{at(found, 'involvedObject.name')}"


def _role(found: Object, _now: float) -> str:
    return f"{at(found, 'roleRef.kind')}/{at(found, 'roleRef.name')}"


def _endpoints(found: Object, _now: float) -> str:
    return joined([one for each in at(found, "endpoints", ()) for one in each.get("addresses", ())])


def _addresses(found: Object, _now: float) -> str:
    shown = [
        f"{address['ip']}:{port['port']}"
        for each in at(found, "subsets", ())
        for address in each.get("addresses") or ()
        for port in each.get("ports") or ()
    ]
    more = f" + {len(shown) - MOST_SHOWN} more..." if len(shown) > MOST_SHOWN else ""
    return joined(shown[:MOST_SHOWN]) + more


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
        field("Node", "spec.nodeName", NONE, wide=True),
        field("Nominated Node", "status.nominatedNodeName", NONE, wide=True),
        Column("Readiness Gates", lambda _found, _now: NONE, wide=True),
    ),
    "Node": (
        *(
            Column("Status", _node_status),
            Column("Roles", _roles),
            AGE,
            field("Version", "status.nodeInfo.kubeletVersion"),
        ),
        Column("Internal-IP", _address("InternalIP"), wide=True),
        Column("External-IP", _address("ExternalIP"), wide=True),
        field("OS-Image", "status.nodeInfo.osImage", "<unknown>", wide=True),
        field("Kernel-Version", "status.nodeInfo.kernelVersion", "<unknown>", wide=True),
        field("Container-Runtime", "status.nodeInfo.containerRuntimeVersion", "<unknown>", wide=True),
    ),
    "Deployment": (
        Column("Ready", share("status.readyReplicas", "spec.replicas")),
        *(number("Up-to-date", "status.updatedReplicas"), number("Available", "status.availableReplicas"), AGE),
        *WORKLOAD_WIDE,
    ),
    "ReplicaSet": (
        *(number("Desired", "spec.replicas"), number("Current", "status.replicas")),
        *(number("Ready", "status.readyReplicas"), AGE, *WORKLOAD_WIDE),
    ),
    "DaemonSet": (
        *(number("Desired", "status.desiredNumberScheduled"), number("Current", "status.currentNumberScheduled")),
        *(number("Ready", "status.numberReady"), number("Up-to-date", "status.updatedNumberScheduled")),
        number("Available", "status.numberAvailable"),
        Column("Node Selector", _labels("spec.template.spec.nodeSelector")),
        *(AGE, *WORKLOAD_WIDE),
    ),
    "Service": (
        *(field("Type", "spec.type"), field("Cluster-IP", "spec.clusterIP", NONE), Column("External-IP", _external)),
        *(Column("Port(s)", _service_ports), AGE),
        Column("Selector", _labels("spec.selector"), wide=True),
    ),
    "Endpoints": (Column("Endpoints", _addresses), AGE),
    "Namespace": (field("Status", "status.phase"), AGE),
    "ConfigMap": (
        Column("Data", _sizes("data", "binaryData")),
        AGE,
    ),
    "Secret": (field("Type", "type"), _count("Data", "data"), AGE),
    "ServiceAccount": (_count("Secrets", "secrets"), AGE),
    "EndpointSlice": (
        field("AddressType", "addressType"),
        Column("Ports", lambda found, _now: joined([each.get("port", "") for each in at(found, "ports", ())])),
        *(Column("Endpoints", _endpoints), AGE),
    ),
    "PersistentVolume": (
        *(field("Capacity", "spec.capacity.storage"), Column("Access Modes", _modes("spec.accessModes"))),
        *(field("Reclaim Policy", "spec.persistentVolumeReclaimPolicy"), Column("Status", _claim_status)),
        *(Column("Claim", _claim_of), field("StorageClass", "spec.storageClassName")),
        *(
            field("VolumeAttributesClass", "spec.volumeAttributesClassName", "<unset>"),
            field("Reason", "status.reason"),
            AGE,
        ),
        field("VolumeMode", "spec.volumeMode", wide=True),
    ),
    "PersistentVolumeClaim": (
        *(
            Column("Status", _claim_status),
            field("Volume", "spec.volumeName"),
            field("Capacity", "status.capacity.storage"),
        ),
        *(Column("Access Modes", _modes("status.accessModes")), field("StorageClass", "spec.storageClassName")),
        *(field("VolumeAttributesClass", "spec.volumeAttributesClassName", "<unset>"), AGE),
        field("VolumeMode", "spec.volumeMode", wide=True),
    ),
    "StorageClass": (
        *(field("Provisioner", "provisioner"), field("ReclaimPolicy", "reclaimPolicy")),
        field("VolumeBindingMode", "volumeBindingMode"),
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
    "Role": (field("Created At", "metadata.creationTimestamp"),),
    "ClusterRole": (field("Created At", "metadata.creationTimestamp"),),
    "Lease": (field("Holder", "spec.holderIdentity"), AGE),
    "Event": (
        *(Column("Last Seen", _last_seen), field("Type", "type"), field("Reason", "reason")),
        *(Column("Object", _involved), field("Message", "message")),
        *(field("Source", "source.component", wide=True), field("Count", "count", 1, wide=True)),
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
    columns = COLUMNS.get(resource.kind) or BATCH.get(resource.kind, (AGE,))
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
