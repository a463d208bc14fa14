"""PersistentVolumes and claims: which belong to each other, and what becomes of a volume whose claim is gone.

Who makes volumes is somebody else: a provisioner, or an administrator. This says only for whom a claim waits.

References
----------
https://kubernetes.io/docs/concepts/storage/persistent-volumes/
"""

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

from ..kubernetes import selectors
from ..kubernetes.status import ApiError
from ..kubernetes.validation import quantity
from .affinity import term_holds
from .client import Client
from .cluster_view import NodeView
from .events import Recorder
from .volume_binding import SELECTED
from .watching import Seen

Object = Mapping[str, Any]
PROVISIONER = "volume.kubernetes.io/storage-provisioner"
COMPLETED, BY_CONTROLLER = "pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller"
NO_PROVISIONER = "kubernetes.io/no-provisioner"
MIGRATED = {"kubernetes.io/aws-ebs": "ebs.csi.aws.com"}
"""Provisioners that Kubernetes once had in itself, and who does their work now."""
TOLD_AGAIN_SECONDS = 15.0
WAITING = "waiting for first consumer to be created before binding"
NO_CLASS = "no persistent volumes available for this claim and no storage class is set"


def provisioner_of(storage_class: Object) -> str:
    """Who makes the volumes of a class."""
    named = str(storage_class.get("provisioner", ""))
    return MIGRATED.get(named, named)


def asked_for(claim: Object) -> float:
    """How many bytes a claim asks for."""
    found = ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", "0")
    return float(quantity(str(found)))


def capacity_of(volume: Object) -> float:
    """How many bytes a volume has."""
    return float(quantity(str((volume["spec"].get("capacity") or {}).get("storage", "0"))))


def is_of(volume: Object, claim: Object) -> bool:
    """Whether a volume is reserved for this claim: by its uid, or by its name alone."""
    reference = volume["spec"].get("claimRef") or {}
    metadata = claim["metadata"]
    same = (reference.get("namespace"), reference.get("name")) == (metadata["namespace"], metadata["name"])
    return same and reference.get("uid") in (None, "", metadata["uid"])


def fits(volume: Object, claim: Object, node: NodeView | None) -> bool:
    """Whether a volume that is there can be a claim's; pure.

    Parameters
    ----------
    volume, claim : mapping
        The two.
    node : NodeView, optional
        Where the pod goes for which it is wanted, when that is known.
    """
    spec, wanted = volume["spec"], claim["spec"]
    if spec.get("claimRef"):
        if not is_of(volume, claim):
            return False
    elif (volume.get("status") or {}).get("phase") not in ("Available", "Pending"):
        return False
    required = (spec.get("nodeAffinity") or {}).get("required") or {}
    return (
        "deletionTimestamp" not in volume["metadata"]
        and (spec.get("storageClassName") or "") == (wanted.get("storageClassName") or "")
        and set(wanted.get("accessModes") or ()) <= set(spec.get("accessModes") or ())
        and spec.get("volumeMode") == wanted.get("volumeMode")
        and capacity_of(volume) >= asked_for(claim)
        and selectors.of_spec(wanted.get("selector") or {})(volume["metadata"].get("labels") or {})
        and (
            node is None
            or not required
            or any(term_holds(each, node) for each in required.get("nodeSelectorTerms") or ())
        )
    )


def choose(volumes: Iterable[Object], claim: Object, node: NodeView | None) -> Object | None:
    """The volume for a claim: the one reserved for it, else the smallest that fits; pure."""
    named = claim["spec"].get("volumeName")
    found = [each for each in volumes if named in (None, "", each["metadata"]["name"]) and fits(each, claim, node)]
    return min(
        found,
        key=lambda each: (not each["spec"].get("claimRef"), capacity_of(each), each["metadata"]["name"]),
        default=None,
    )


class PersistentVolumes:
    """The controller.

    Parameters
    ----------
    client : Client
        The cluster's API.
    """

    watches = ("persistentvolumeclaims", "persistentvolumes", "storageclasses")

    def __init__(self, client: Client) -> None:
        self._client = client
        self._recorder = Recorder(client, "persistentvolume-controller")
        self._told: dict[str, tuple[str, float]] = {}

    def sync(self, seen: Seen, now: float) -> float | None:
        """Bring claims and volumes together."""
        claims = {each["metadata"]["uid"]: each for each in seen.all("persistentvolumeclaims")}
        self._told = {uid: told for uid, told in self._told.items() if uid in claims}
        for each in seen.all("persistentvolumes"):
            with contextlib.suppress(ApiError):  # gone or changed meanwhile: the watch tells
                self._volume(each, claims)
        waiting = False
        for each in claims.values():
            with contextlib.suppress(ApiError):
                waiting |= self._claim(each, seen, now)
        return now + TOLD_AGAIN_SECONDS if waiting else None

    # -- volumes ------------------------------------------------------------------------------------------------------

    def _volume(self, volume: Object, claims: Mapping[str, Object]) -> None:
        reference = volume["spec"].get("claimRef") or {}
        uid = reference.get("uid", "")
        if not uid:
            self._phase(volume, "Available")
        elif uid not in claims:
            self._phase(volume, "Released")
        else:
            self._phase(volume, "Bound")

    def _phase(self, volume: Object, phase: str) -> None:
        if (volume.get("status") or {}).get("phase") != phase:
            path = f"/api/v1/persistentvolumes/{volume['metadata']['name']}/status"
            self._client.merge(path, {"status": {"phase": phase}})

    # -- claims -------------------------------------------------------------------------------------------------------

    def _claim(self, claim: Object, seen: Seen, now: float) -> bool:
        """Bring one claim on; whether it still waits."""
        metadata, spec = claim["metadata"], claim["spec"]
        notes = metadata.get("annotations") or {}
        volumes = seen.all("persistentvolumes")
        if (claim.get("status") or {}).get("phase") == "Bound":
            if all(each["metadata"]["name"] != spec.get("volumeName") for each in volumes):
                self._client.merge(f"{_path(claim)}/status", {"status": {"phase": "Lost"}})
                self._recorder.tell(claim, "ClaimLost", "Bound claim has lost its PersistentVolume", now, warning=True)
            return False
        if "deletionTimestamp" in metadata or (claim.get("status") or {}).get("phase") == "Lost":
            return False
        classes = {each["metadata"]["name"]: each for each in seen.all("storageclasses")}
        found = classes.get(spec.get("storageClassName") or "")
        delayed = (found or {}).get("volumeBindingMode") == "WaitForFirstConsumer"
        selected = notes.get(SELECTED, "")
        reserved = any(each["spec"].get("claimRef") and is_of(each, claim) for each in volumes)
        if delayed and not selected and not reserved and not spec.get("volumeName"):
            self._tell(claim, "WaitForFirstConsumer", WAITING, now)
            return True
        volume = choose(volumes, claim, self._node(selected))
        if volume is not None:
            self._bind(claim, volume)
            return False
        if not spec.get("storageClassName"):
            self._tell(claim, "FailedBinding", NO_CLASS, now)
        elif found is None:
            message = f'storageclass.storage.k8s.io "{spec["storageClassName"]}" not found'
            self._tell(claim, "ProvisioningFailed", message, now, warning=True)
        elif provisioner_of(found) != NO_PROVISIONER:
            self._await(claim, provisioner_of(found), now)
        return True

    def _await(self, claim: Object, provisioner: str, now: float) -> None:
        if (claim["metadata"].get("annotations") or {}).get(PROVISIONER) != provisioner:
            self._client.merge(_path(claim), {"metadata": {"annotations": {PROVISIONER: provisioner}}})
        self._tell(
            claim,
            "ExternalProvisioning",
            f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the "
            "system administrator. If volume creation is delayed, please verify that the provisioner is running and "
            "correctly registered.",
            now,
        )

    def _node(self, name: str) -> NodeView | None:
        if not name:
            return None
        try:
            return NodeView(self._client.get(f"/api/v1/nodes/{name}"))
        except ApiError:
            return None

    def _bind(self, claim: Object, volume: Object) -> None:
        """Write on both that they belong together."""
        metadata, name = claim["metadata"], volume["metadata"]["name"]
        path = f"/api/v1/persistentvolumes/{name}"
        version = {"resourceVersion": volume["metadata"]["resourceVersion"]}
        if (volume["spec"].get("claimRef") or {}).get("uid") != metadata["uid"]:
            reference = {key: metadata[key] for key in ("namespace", "name", "uid", "resourceVersion")}
            reference |= {"kind": "PersistentVolumeClaim", "apiVersion": "v1"}
            own = {"metadata": {**version, "annotations": {BY_CONTROLLER: "yes"}}, "spec": {"claimRef": reference}}
            self._client.merge(path, own)
        self._client.merge(f"{path}/status", {"status": {"phase": "Bound"}})
        notes = {COMPLETED: "yes", BY_CONTROLLER: "yes"}
        self._client.merge(_path(claim), {"metadata": {"annotations": notes}, "spec": {"volumeName": name}})
        found = {key: volume["spec"].get(key) for key in ("accessModes", "capacity")}
        self._client.merge(f"{_path(claim)}/status", {"status": {"phase": "Bound", **found}})

    def _tell(self, claim: Object, reason: str, message: str, now: float, *, warning: bool = False) -> None:
        """Tell at once what is new, and now and then what has not changed."""
        uid = claim["metadata"]["uid"]
        before, when = self._told.get(uid, ("", 0.0))
        if before != message or now - when >= TOLD_AGAIN_SECONDS:
            self._told[uid] = message, now
            self._recorder.tell(claim, reason, message, now, warning=warning)


def _path(claim: Object) -> str:
    metadata = claim["metadata"]
    return f"/api/v1/namespaces/{metadata['namespace']}/persistentvolumeclaims/{metadata['name']}"
