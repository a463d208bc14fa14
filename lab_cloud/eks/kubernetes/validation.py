"""Values that the API server forbids though the schema allows them, and fields that may not change.

References
----------
https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...schedule import BadSchedule
from . import selectors
from .cron import Cron
from .status import Cause, required, unsupported, wrong

Object = Mapping[str, Any]

LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
DNS_LABEL = re.compile(rf"^{LABEL}$")
SUBDOMAIN = re.compile(rf"^{LABEL}(\.{LABEL})*$")
DNS_1035 = re.compile(r"^[a-z]([-a-z0-9]*[a-z0-9])?$")
VALUE = re.compile(r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$")
SAYS_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
SAYS_SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
SAYS_1035 = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
SAYS_VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
FREE_NAMES = ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
WORKLOADS = ("Deployment", "ReplicaSet", "DaemonSet")
ENUMS: dict[str, tuple[str, ...]] = {
    "restartPolicy": ("Always", "OnFailure", "Never"),
    "imagePullPolicy": ("Always", "IfNotPresent", "Never"),
    "dnsPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    "protocol": ("SCTP", "TCP", "UDP"),
}
CONCURRENCY = ("Allow", "Forbid", "Replace")
SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
IMMUTABLE: dict[str, tuple[str, ...]] = {
    "Deployment": ("spec.selector",),
    "ReplicaSet": ("spec.selector",),
    "DaemonSet": ("spec.selector",),
    "Job": ("spec.selector", "spec.completions", "spec.completionMode"),
    "Secret": ("type",),
    "StorageClass": ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"),
    "EndpointSlice": ("addressType",),
}
POD_MAY_CHANGE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def check(kind: str, found: Object, *, namespaced: bool) -> list[Cause]:
    """What is wrong with an object; empty when all is well."""
    causes = list(_metadata(kind, found["metadata"], namespaced=namespaced))
    spec = found.get("spec") or {}
    if kind in WORKLOADS:
        causes += _workload(kind, spec)
    elif kind == "Job":
        causes += _template("spec.template", spec.get("template") or {}, ("OnFailure", "Never"))
    elif kind == "CronJob":
        causes += _cron_job(spec)
    elif kind == "PodDisruptionBudget":
        causes += _budget(spec)
    elif kind == "Pod":
        causes += _pod(spec, "spec")
    elif kind == "Service":
        causes += _service(spec)
    elif kind == "PersistentVolumeClaim":
        causes += _claim(spec)
    elif kind in ("ConfigMap", "Secret"):
        causes += _data(found)
    elif kind in ("RoleBinding", "ClusterRoleBinding"):
        causes += _role_reference(found.get("roleRef") or {})
    return causes


def _metadata(kind: str, metadata: Object, *, namespaced: bool) -> Iterator[Cause]:
    name = str(metadata.get("name", ""))
    if not name:
        yield required("metadata.name", "name or generateName is required")
    elif kind in FREE_NAMES:
        if "/" in name or "%" in name or name in (".", ".."):
            yield wrong("metadata.name", name, "may not contain '/' or '%'")
    elif kind == "Namespace":
        if not DNS_LABEL.match(name) or len(name) > 63:
            yield wrong("metadata.name", name, SAYS_LABEL)
    elif kind == "Service":
        if not DNS_1035.match(name) or len(name) > 63:
            yield wrong("metadata.name", name, SAYS_1035)
    elif not SUBDOMAIN.match(name) or len(name) > 253:
        yield wrong("metadata.name", name, SAYS_SUBDOMAIN)
    if namespaced and not DNS_LABEL.match(str(metadata.get("namespace", ""))):
        yield wrong("metadata.namespace", metadata.get("namespace", ""), SAYS_LABEL)
    yield from _labels("metadata.labels", metadata.get("labels") or {})
    for key in metadata.get("annotations") or {}:
        yield from _key("metadata.annotations", str(key).lower())


def _labels(path: str, labels: Object) -> Iterator[Cause]:
    for key, value in labels.items():
        yield from _key(path, key)
        if not VALUE.match(value):
            yield wrong(path, value, SAYS_VALUE)
        elif len(value) > 63:
            yield wrong(path, value, "must be no more than 63 bytes")


def _key(path: str, key: str) -> Iterator[Cause]:
    prefix, slash, name = key.rpartition("/")
    good_prefix = not slash or (SUBDOMAIN.match(prefix) and len(prefix) <= 253)
    if not good_prefix or not name or not VALUE.match(name) or len(name) > 63:
        why = (
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
            "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
            "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
        )
        yield wrong(path, key, why)


def _workload(kind: str, spec: Object) -> Iterator[Cause]:
    selector, template = spec.get("selector"), spec.get("template") or {}
    if spec.get("replicas", 0) < 0:
        yield wrong("spec.replicas", spec["replicas"], "must be greater than or equal to 0")
    labels = (template.get("metadata") or {}).get("labels") or {}
    if selector is not None:
        if not selector.get("matchLabels") and not selector.get("matchExpressions"):
            yield wrong("spec.selector", selector, f"empty selector is invalid for {kind.lower()}")
        elif not selectors.of_spec(selector)(labels):
            yield wrong("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")
    yield from _template("spec.template", template, ("Always",))


def _template(path: str, template: Object, policies: tuple[str, ...]) -> Iterator[Cause]:
    spec = template.get("spec") or {}
    yield from _labels(f"{path}.labels", (template.get("metadata") or {}).get("labels") or {})
    policy = spec.get("restartPolicy")
    if policy in ENUMS["restartPolicy"] and policy not in policies:
        yield unsupported(f"{path}.spec.restartPolicy", policy, policies)
    yield from _pod(spec, f"{path}.spec")


def _cron_job(spec: Object) -> Iterator[Cause]:
    try:
        Cron(spec.get("schedule", ""), spec.get("timeZone"))
    except BadSchedule as bad:
        yield wrong("spec.schedule", spec.get("schedule", ""), str(bad))
    policy = spec.get("concurrencyPolicy")
    if policy not in CONCURRENCY:
        yield unsupported("spec.concurrencyPolicy", policy, CONCURRENCY)
    template = ((spec.get("jobTemplate") or {}).get("spec") or {}).get("template") or {}
    yield from _template("spec.jobTemplate.spec.template", template, ("OnFailure", "Never"))


def _budget(spec: Object) -> Iterator[Cause]:
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        yield wrong("spec", dict(spec), "minAvailable and maxUnavailable cannot be both set")


def _pod(spec: Object, path: str) -> Iterator[Cause]:
    yield from _enum(spec, path, "restartPolicy")
    yield from _enum(spec, path, "dnsPolicy")
    if not spec.get("containers"):
        yield required(f"{path}.containers")
    volumes = {each.get("name") for each in spec.get("volumes") or ()}
    names: set[str] = set()
    for group in ("initContainers", "containers"):
        for i, container in enumerate(spec.get(group) or ()):
            where = f"{path}.{group}[{i}]"
            yield from _container(container, where, volumes)
            name = container.get("name", "")
            if name in names:
                yield Cause(f"{where}.name", f'Duplicate value: "{name}"', "FieldValueDuplicate")
            names.add(name)


def _container(container: Object, path: str, volumes: set[Any]) -> Iterator[Cause]:
    name = container.get("name", "")
    if name and (not DNS_LABEL.match(name) or len(name) > 63):
        yield wrong(f"{path}.name", name, SAYS_LABEL)
    if not container.get("image"):
        yield required(f"{path}.image")
    yield from _enum(container, path, "imagePullPolicy")
    for i, port in enumerate(container.get("ports") or ()):
        yield from _port(port.get("containerPort"), f"{path}.ports[{i}].containerPort")
        yield from _enum(port, f"{path}.ports[{i}]", "protocol")
    for i, mount in enumerate(container.get("volumeMounts") or ()):
        if mount.get("name") not in volumes:
            where = f"{path}.volumeMounts[{i}].name"
            yield Cause(where, f'Not found: "{mount.get("name", "")}"', "FieldValueNotFound")
    yield from _resources(container.get("resources") or {}, f"{path}.resources")


def _resources(resources: Object, path: str) -> Iterator[Cause]:
    limits = resources.get("limits") or {}
    for name, asked in (resources.get("requests") or {}).items():
        if name in limits and quantity(asked) > quantity(limits[name]):
            why = f"must be less than or equal to {name} limit of {limits[name]}"
            yield wrong(f"{path}.requests", asked, why)


SUFFIXES = {
    **{"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18},
    **{f"{letter}i": 1024.0 ** (i + 1) for i, letter in enumerate("KMGTPE")},
}


def quantity(text: str) -> float:
    """A quantity as a number: ``500m`` is 0.5, ``1Ki`` is 1024."""
    match = re.fullmatch(r"([+-]?[\d.]+)([numkMGTPE]|[KMGTPE]i)?", str(text))
    if match is None:
        return float(text)  # with an exponent
    return float(match[1]) * SUFFIXES[match[2] or ""]


def _port(port: Any, path: str) -> Iterator[Cause]:
    if port is not None and not 1 <= port <= 65535:
        yield wrong(path, port, "must be between 1 and 65535, inclusive")


def _enum(found: Object, path: str, field: str) -> Iterator[Cause]:
    value = found.get(field)
    if value is not None and value not in ENUMS[field]:
        yield unsupported(f"{path}.{field}", value, ENUMS[field])


def _service(spec: Object) -> Iterator[Cause]:
    kind, ports = spec.get("type"), spec.get("ports") or ()
    if kind not in SERVICE_TYPES:
        yield unsupported("spec.type", kind, SERVICE_TYPES)
    if not ports and kind != "ExternalName" and spec.get("clusterIP") != "None":
        yield required("spec.ports")
    names = set()
    for i, port in enumerate(ports):
        path = f"spec.ports[{i}]"
        yield from _port(port.get("port"), f"{path}.port")
        yield from _enum(port, path, "protocol")
        if isinstance(port.get("targetPort"), int):
            yield from _port(port["targetPort"], f"{path}.targetPort")
        name = port.get("name", "")
        if not name and len(ports) > 1:
            yield required(f"{path}.name")
        elif name in names:
            yield Cause(f"{path}.name", f'Duplicate value: "{name}"', "FieldValueDuplicate")
        names.add(name)


def _claim(spec: Object) -> Iterator[Cause]:
    if not spec.get("accessModes"):
        yield required("spec.accessModes", "at least 1 access mode is required")
    for i, mode in enumerate(spec.get("accessModes") or ()):
        if mode not in ACCESS_MODES:
            yield unsupported(f"spec.accessModes[{i}]", mode, ACCESS_MODES)
    if "storage" not in ((spec.get("resources") or {}).get("requests") or {}):
        yield required("spec.resources[storage]")


def _data(found: Object) -> Iterator[Cause]:
    for key in found.get("data") or {}:
        if not re.fullmatch(r"[-._a-zA-Z0-9]+", key):
            why = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
            yield wrong(f"data[{key}]", key, why)


def _role_reference(reference: Object) -> Iterator[Cause]:
    if reference.get("kind") not in ("Role", "ClusterRole"):
        yield unsupported("roleRef.kind", reference.get("kind", ""), ("ClusterRole", "Role"))


# -- what may not change ----------------------------------------------------------------------------------------------


def check_change(kind: str, before: Object, after: Object) -> list[Cause]:
    """What may not change and has."""
    causes = [
        wrong(path, _at(after, path), "field is immutable")
        for path in IMMUTABLE.get(kind, ())
        if _at(before, path) != _at(after, path)
    ]
    if kind in ("RoleBinding", "ClusterRoleBinding") and before.get("roleRef") != after.get("roleRef"):
        causes.append(wrong("roleRef", after.get("roleRef"), "cannot change roleRef"))
    if kind in ("ConfigMap", "Secret") and before.get("immutable"):
        changed = [part for part in ("data", "binaryData") if before.get(part) != after.get(part)]
        why = "Forbidden: field is immutable when `immutable` is set"
        causes += [Cause(part, why, "FieldValueForbidden") for part in changed]
    if kind == "Pod" and _fixed_of_pod(before) != _fixed_of_pod(after):
        causes.append(Cause("spec", f"Forbidden: {POD_MAY_CHANGE}", "FieldValueForbidden"))
    if kind == "Job" and _at(before, "spec.template") != _at(after, "spec.template"):
        causes.append(wrong("spec.template", _at(after, "spec.template"), "field is immutable"))
    if kind == "PersistentVolumeClaim" and _fixed_of_claim(before, before) != _fixed_of_claim(after, before):
        why = (
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
        )
        causes.append(Cause("spec", f"Forbidden: {why}", "FieldValueForbidden"))
    address = _at(before, "spec.clusterIP")
    if (
        kind == "Service"
        and address
        and _at(after, "spec.type") != "ExternalName"
        and address != _at(after, "spec.clusterIP")
    ):
        causes.append(wrong("spec.clusterIPs[0]", [_at(after, "spec.clusterIP")], "may not change once set"))
    return causes


def _fixed_of_pod(found: Object) -> dict[str, Any]:
    spec = {key: value for key, value in (found.get("spec") or {}).items() if key not in _POD_FREE}
    for group in ("containers", "initContainers"):
        if group in spec:
            spec[group] = [{key: value for key, value in one.items() if key != "image"} for one in spec[group]]
    return spec


_POD_FREE = ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds")


def _fixed_of_claim(found: Object, before: Object) -> dict[str, Any]:
    """What of a claim stays: which volume it has, and of which class, may be said once, and the class no later."""
    free = ["resources", "volumeAttributesClassName"]
    if not _at(before, "spec.volumeName"):
        free += ["volumeName", *(["storageClassName"] if _at(before, "spec.storageClassName") is None else [])]
    return {key: value for key, value in (found.get("spec") or {}).items() if key not in free}


def _at(found: Any, path: str) -> Any:
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found
