"""What the API server fills in where a manifest is silent; the published schemas do not say it.

References
----------
https://kubernetes.io/docs/reference/kubernetes-api/ ; the rules are those of the ``v1`` kinds
"""

from collections.abc import Callable
from typing import Any

Object = dict[str, Any]

POD = {
    "restartPolicy": "Always",
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "terminationGracePeriodSeconds": 30,
    "enableServiceLinks": True,
}
CONTAINER = {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
ROLLING = {"maxSurge": "25%", "maxUnavailable": "25%"}
SOURCE_MODES = ("secret", "configMap", "downwardAPI", "projected")
NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
TOLERATED_SECONDS = 300


def fill(kind: str, found: Object) -> None:
    """Fill in an object of this kind, in place."""
    filler = FILLERS.get(kind)
    if filler is not None:
        filler(found)


def _set(found: Object, wanted: dict[str, Any]) -> None:
    for key, value in wanted.items():
        found.setdefault(key, value)


def pod_spec(spec: Object) -> None:
    """The spec of a pod, or of a template."""
    _set(spec, POD)
    spec.setdefault("securityContext", {})
    if "serviceAccountName" in spec:
        spec.setdefault("serviceAccount", spec["serviceAccountName"])
    for name in ("initContainers", "containers"):
        for container in spec.get(name) or ():
            _container(container)
    for volume in spec.get("volumes") or ():
        if len(volume) == 1:
            volume["emptyDir"] = {}
        for source in SOURCE_MODES:
            if source in volume:
                volume[source].setdefault("defaultMode", 0o644)
        if "hostPath" in volume:
            volume["hostPath"].setdefault("type", "")


def _container(container: Object) -> None:
    _set(container, CONTAINER)
    container.setdefault("resources", {})
    image = str(container.get("image", ""))
    if image:
        tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
        latest = tag == "latest" or (not tag and "@" not in image)
        container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
    limits = container["resources"].get("limits") or {}
    if limits:
        container["resources"].setdefault("requests", {})
        _set(container["resources"]["requests"], limits)
    for port in container.get("ports") or ():
        port.setdefault("protocol", "TCP")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if name in container:
            _set(container[name], PROBE)
            if "httpGet" in container[name]:
                _set(container[name]["httpGet"], {"path": "/", "scheme": "HTTP"})
    for variable in container.get("env") or ():
        reference = (variable.get("valueFrom") or {}).get("fieldRef")
        if reference is not None:
            reference.setdefault("apiVersion", "v1")


def _template(found: Object) -> Object:
    spec: Object = found.setdefault("spec", {})
    template = spec.get("template")
    if isinstance(template, dict):
        template.setdefault("metadata", {})
        if isinstance(template.get("spec"), dict):
            pod_spec(template["spec"])
    return spec


def _pod(found: Object) -> None:
    spec = found.get("spec")
    if not isinstance(spec, dict):
        return
    pod_spec(spec)
    spec.setdefault("serviceAccountName", "default")
    spec.setdefault("serviceAccount", spec["serviceAccountName"])
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    spec.setdefault("priority", 0)
    tolerations = spec.setdefault("tolerations", [])
    for key in (NOT_READY, UNREACHABLE):
        if not any(
            each.get("key") in (key, None) and each.get("effect") in ("NoExecute", None) for each in tolerations
        ):
            one = {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": TOLERATED_SECONDS}
            tolerations.append(one)
    status = found.setdefault("status", {})
    status.setdefault("phase", "Pending")
    status.setdefault("qosClass", _quality(spec))


def _quality(spec: Object) -> str:
    # https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    resources = [each.get("resources") or {} for each in containers]
    if not any(each.get("requests") or each.get("limits") for each in resources):
        return "BestEffort"
    for each in resources:
        limits, requests = each.get("limits") or {}, each.get("requests") or {}
        if any(name not in limits or requests.get(name) != limits[name] for name in ("cpu", "memory")):
            return "Burstable"
    return "Guaranteed"


def _deployment(found: Object) -> None:
    spec = _template(found)
    _set(spec, {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600})
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        _set(strategy.setdefault("rollingUpdate", {}), ROLLING)


def _replica_set(found: Object) -> None:
    spec = _template(found)
    spec.setdefault("replicas", 1)
    labels = (spec.get("template") or {}).get("metadata", {}).get("labels")
    if labels:
        found["metadata"].setdefault("labels", dict(labels))


def _daemon_set(found: Object) -> None:
    spec = _template(found)
    spec.setdefault("revisionHistoryLimit", 10)
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        _set(strategy.setdefault("rollingUpdate", {}), {"maxSurge": 0, "maxUnavailable": 1})


def _job(found: Object) -> None:
    spec = _template(found)
    _set(spec, {"backoffLimit": 6, "completionMode": "NonIndexed", "suspend": False, "manualSelector": False})
    _set(spec, {"podReplacementPolicy": "TerminatingOrFailed"})
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    uid, name = found["metadata"].get("uid"), found["metadata"].get("name")
    if uid and not spec["manualSelector"] and isinstance(spec.get("template"), dict):
        own = {"batch.kubernetes.io/controller-uid": uid}
        spec.setdefault("selector", {"matchLabels": own})
        labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
        _set(labels, {**own, "batch.kubernetes.io/job-name": name, "controller-uid": uid, "job-name": name})


def _cron_job(found: Object) -> None:
    spec = found.setdefault("spec", {})
    _set(spec, {"concurrencyPolicy": "Allow", "suspend": False})
    _set(spec, {"successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1})
    template = spec.get("jobTemplate")
    if isinstance(template, dict):
        _template(template)


def _service(found: Object) -> None:
    spec = found.setdefault("spec", {})
    _set(spec, {"type": "ClusterIP", "sessionAffinity": "None"})
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if "port" in port and spec["type"] != "ExternalName":
            port.setdefault("targetPort", port["port"])
    if spec["type"] != "ExternalName":
        _set(spec, {"internalTrafficPolicy": "Cluster", "ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"]})
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    found.setdefault("status", {"loadBalancer": {}})


def _secret(found: Object) -> None:
    import base64

    found.setdefault("type", "Opaque")
    text = found.pop("stringData", None)
    if text:
        found.setdefault("data", {})
        found["data"] |= {key: base64.b64encode(value.encode()).decode() for key, value in text.items()}


def _claim(found: Object) -> None:
    found.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
    found.setdefault("status", {}).setdefault("phase", "Pending")


def _volume(found: Object) -> None:
    _set(found.setdefault("spec", {}), {"volumeMode": "Filesystem", "persistentVolumeReclaimPolicy": "Retain"})
    found.setdefault("status", {}).setdefault("phase", "Pending")


def _storage_class(found: Object) -> None:
    _set(found, {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"})


def _driver(found: Object) -> None:
    spec = {"attachRequired": True, "podInfoOnMount": False, "storageCapacity": False, "requiresRepublish": False}
    _set(found.setdefault("spec", {}), {**spec, "fsGroupPolicy": "ReadWriteOnceWithFSType", "seLinuxMount": False})
    found["spec"].setdefault("volumeLifecycleModes", ["Persistent"])


def _namespace(found: Object) -> None:
    found.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
    found.setdefault("status", {}).setdefault("phase", "Active")
    if "name" in found["metadata"]:
        found["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = found["metadata"]["name"]


def _role_binding(found: Object) -> None:
    reference = found.get("roleRef")
    if isinstance(reference, dict):
        reference.setdefault("apiGroup", RBAC)
    for subject in found.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            subject.setdefault("apiGroup", RBAC)


def _event(found: Object) -> None:
    found.setdefault("type", "Normal")


RBAC = "rbac.authorization.k8s.io"
FILLERS: dict[str, Callable[[Object], None]] = {
    "Pod": _pod,
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "CronJob": _cron_job,
    "Service": _service,
    "Secret": _secret,
    "PersistentVolumeClaim": _claim,
    "PersistentVolume": _volume,
    "StorageClass": _storage_class,
    "CSIDriver": _driver,
    "Namespace": _namespace,
    "RoleBinding": _role_binding,
    "ClusterRoleBinding": _role_binding,
    "Event": _event,
}
