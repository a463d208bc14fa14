"""What beside each CSI driver looks at claims: it lets the driver make volumes, delete them and make them larger.

References
----------
https://kubernetes-csi.github.io/docs/external-provisioner.html
https://kubernetes-csi.github.io/docs/external-resizer.html
"""

import contextlib
from collections.abc import Mapping
from typing import Any

from ..controllers import conditions
from ..controllers.client import Client
from ..controllers.cluster_view import ZONE
from ..controllers.events import Recorder
from ..controllers.persistent_volume import PROVISIONER, asked_for, capacity_of, provisioner_of
from ..controllers.volume_binding import SELECTED
from ..controllers.watching import Seen
from ..kubernetes.status import ApiError
from .account import kind_of
from .driver import BY, GIB, Driver, DriverError, Made, Wish

Object = Mapping[str, Any]
FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer"
FIRST_RETRY, LONGEST_RETRY = 5.0, 300.0
LEAST_RETRY = 0.3
VOLUMES = "/api/v1/persistentvolumes"


class Provisioner:
    """The controller of one driver.

    Parameters
    ----------
    client : Client
        The cluster's API.
    driver : Driver
        What makes volumes.
    speed : float
        How many times shorter its waiting between attempts is.
    """

    watches = ("persistentvolumeclaims", "persistentvolumes", "storageclasses", "csidrivers", "nodes")

    def __init__(self, client: Client, driver: Driver, speed: float) -> None:
        self._client = client
        self._driver = driver
        self._speed = speed
        part = kind_of(driver.name).name.removeprefix("aws-").replace("-driver", "-controller")
        self._recorder = Recorder(client, f"{driver.name}_{part}")
        self._resizer = Recorder(client, f"external-resizer {driver.name}")
        self._retries: dict[str, tuple[float, float]] = {}

    def sync(self, seen: Seen, now: float) -> float | None:
        """Do what is due; nothing without the driver, whose pods need a node."""
        if not self._runs(seen):
            return None
        classes = {each["metadata"]["name"]: each for each in seen.all("storageclasses")}
        volumes = seen.all("persistentvolumes")
        known = {each["metadata"]["uid"] for each in (*seen.all("persistentvolumeclaims"), *volumes)}
        self._retries = {uid: each for uid, each in self._retries.items() if uid in known}
        for claim in seen.all("persistentvolumeclaims"):
            storage_class = classes.get(claim["spec"].get("storageClassName") or "")
            if storage_class is not None and provisioner_of(storage_class) == self._driver.name:
                self._try(claim, now, lambda claim=claim, own=storage_class: self._claim(claim, own, seen, now))
        for volume in volumes:
            if (volume["metadata"].get("annotations") or {}).get(BY) == self._driver.name:
                self._try(volume, now, lambda volume=volume: self._volume(volume, now))
        return min((due for due, _wait in self._retries.values()), default=None)

    def _runs(self, seen: Seen) -> bool:
        installed = any(each["metadata"]["name"] == self._driver.name for each in seen.all("csidrivers"))
        ready = any(
            conditions.of(each, "Ready").get("status") == "True"
            and (each["metadata"].get("labels") or {}).get("eks.amazonaws.com/compute-type") != "fargate"
            for each in seen.all("nodes")
        )
        return installed and ready

    def _try(self, about: Object, now: float, work: Any) -> None:
        """Do something about an object, and if it fails again after a wait, which grows."""
        uid = about["metadata"]["uid"]
        due, wait = self._retries.get(uid, (0.0, FIRST_RETRY / 2))
        if now < due:
            return
        try:
            with contextlib.suppress(ApiError):  # gone or changed meanwhile: the watch tells
                work()
            self._retries.pop(uid, None)
        except DriverError as error:
            wait = min(wait * 2, LONGEST_RETRY)
            self._retries[uid] = now + max(wait / self._speed, LEAST_RETRY), wait
            self._refused(about, error, now)

    def _refused(self, about: Object, error: DriverError, now: float) -> None:
        if about["kind"] == "PersistentVolume":
            self._recorder.tell(about, "VolumeFailedDelete", str(error), now, warning=True)
        elif about["spec"].get("volumeName"):
            text = f'resize volume "{about["spec"]["volumeName"]}" by resizer "{self._driver.name}" failed: {error}'
            self._resizer.tell(about, "VolumeResizeFailed", text, now, warning=True)
        else:
            text = f'failed to provision volume with StorageClass "{about["spec"]["storageClassName"]}": {error}'
            self._recorder.tell(about, "ProvisioningFailed", text, now, warning=True)

    # -- claims -------------------------------------------------------------------------------------------------------

    def _claim(self, claim: Object, storage_class: Object, seen: Seen, now: float) -> None:
        metadata, spec = claim["metadata"], claim["spec"]
        notes = metadata.get("annotations") or {}
        if "deletionTimestamp" in metadata:
            return
        if spec.get("volumeName"):
            if (claim.get("status") or {}).get("phase") == "Bound" and storage_class.get("allowVolumeExpansion"):
                self._grow(claim, seen, now)
            return
        delayed = storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"
        if notes.get(PROVISIONER) != self._driver.name or (delayed and not notes.get(SELECTED)):
            return
        name = f"pvc-{metadata['uid']}"
        if any(each["metadata"]["name"] == name for each in seen.all("persistentvolumes")):
            return
        text = f'External provisioner is provisioning volume for claim "{metadata["namespace"]}/{metadata["name"]}"'
        self._recorder.tell(claim, "Provisioning", text, now)
        wish = Wish(
            name=name,
            namespace=metadata["namespace"],
            claim=metadata["name"],
            size=max(asked_for(claim), 1.0),
            modes=tuple(spec.get("accessModes") or ()),
            block=spec.get("volumeMode") == "Block",
            parameters={key: str(value) for key, value in (storage_class.get("parameters") or {}).items()},
            zone=_zone(seen, notes.get(SELECTED, ""), storage_class),
        )
        made = self._driver.create(wish)
        body = _volume(self._driver.name, claim, storage_class, wish, made)
        try:
            self._client.create(VOLUMES, body)
        except ApiError:
            self._driver.delete(body)
            raise
        self._recorder.tell(claim, "ProvisioningSucceeded", f"Successfully provisioned volume {name}", now)

    def _grow(self, claim: Object, seen: Seen, now: float) -> None:
        name = claim["spec"]["volumeName"]
        volume = next((each for each in seen.all("persistentvolumes") if each["metadata"]["name"] == name), None)
        wanted = asked_for(claim)
        if volume is None or capacity_of(volume) >= wanted:
            return
        if not self._driver.grows:
            raise DriverError("Unimplemented", f"{self._driver.name} does not expand volumes")
        self._resizer.tell(claim, "Resizing", f"External resizer is resizing volume {name}", now)
        size = {"capacity": {"storage": _text(self._driver.grow(volume, wanted))}}
        self._client.merge(f"{VOLUMES}/{name}", {"spec": size})
        metadata = claim["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/persistentvolumeclaims/{metadata['name']}/status"
        self._client.merge(path, {"status": size})
        self._resizer.tell(claim, "VolumeResizeSuccessful", "Resize volume succeeded", now)

    # -- volumes ------------------------------------------------------------------------------------------------------

    def _volume(self, volume: Object, now: float) -> None:
        metadata, spec = volume["metadata"], volume["spec"]
        deletes = spec.get("persistentVolumeReclaimPolicy") == "Delete"
        held = FINALIZER in (metadata.get("finalizers") or ())
        if (volume.get("status") or {}).get("phase") == "Released" and deletes:
            self._driver.delete(volume)
            if "deletionTimestamp" not in metadata:
                self._client.delete(f"{VOLUMES}/{metadata['name']}")
        elif deletes or not held:
            return
        found = self._client.get(f"{VOLUMES}/{metadata['name']}")["metadata"]
        left = [each for each in found.get("finalizers") or () if each != FINALIZER]
        patch = {"finalizers": left or None, "resourceVersion": found["resourceVersion"]}
        self._client.merge(f"{VOLUMES}/{metadata['name']}", {"metadata": patch})


def _zone(seen: Seen, selected: str, storage_class: Object) -> str:
    """Where a volume is made: in the zone of the node, else in one that the class and the nodes have."""
    labels = {each["metadata"]["name"]: each["metadata"].get("labels") or {} for each in seen.all("nodes")}
    if selected:
        return str(labels.get(selected, {}).get(ZONE, ""))
    allowed = {
        value
        for each in storage_class.get("allowedTopologies") or ()
        for one in each.get("matchLabelExpressions") or ()
        if one["key"] == ZONE
        for value in one["values"]
    }
    zones = {each[ZONE] for each in labels.values() if each.get(ZONE)}
    return min(zones & allowed if allowed else zones, default="")


def _volume(driver: str, claim: Object, storage_class: Object, wish: Wish, made: Made) -> dict[str, Any]:
    """The PersistentVolume of what a driver has made."""
    metadata = claim["metadata"]
    reference = {key: metadata[key] for key in ("namespace", "name", "uid", "resourceVersion")}
    deletes = storage_class.get("reclaimPolicy", "Delete") == "Delete"
    spec: dict[str, Any] = {
        "capacity": {"storage": _text(made.size)},
        "accessModes": list(wish.modes),
        "volumeMode": "Block" if wish.block else "Filesystem",
        "storageClassName": storage_class["metadata"]["name"],
        "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
        "claimRef": {"kind": "PersistentVolumeClaim", "apiVersion": "v1", **reference},
        "csi": {
            "driver": driver,
            "volumeHandle": made.handle,
            "volumeAttributes": {"storage.kubernetes.io/csiProvisionerIdentity": driver, **made.attributes},
        },
    }
    if storage_class.get("mountOptions"):
        spec["mountOptions"] = storage_class["mountOptions"]
    if made.zone:
        spec["csi"]["fsType"] = wish.parameters.get("csi.storage.k8s.io/fstype", "ext4")
        one = {"key": ZONE, "operator": "In", "values": [made.zone]}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [one]}]}}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": wish.name,
            "annotations": {BY: driver},
            **({"finalizers": [FINALIZER]} if deletes else {}),
        },
        "spec": spec,
    }


def _text(size: float) -> str:
    whole = size / GIB
    if whole == int(whole):
        return f"{int(whole)}Gi"
    return f"{int(size / 1024**2)}Mi" if size % 1024**2 == 0 else str(int(size))
