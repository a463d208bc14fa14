"""What labs have made inside a cluster, where AWS's tags do not reach: namespaces, storage classes, volumes.

They carry the number of their lab as a label. They must go while the cluster can still see to it: a volume of EBS whose
cluster has gone stays in the account, and costs.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from .backends import Embedded
from .inventory import pages
from .tagging import NUMBER_KEY

if TYPE_CHECKING:
    from .lab import Lab
    from .replay import Built

CLUSTER = "DemoEKS"
SECONDS = 1800.0  # of AWS's own pace: a file system of FSx takes that long


def clear(lab: "Lab", built: "Built", numbers: Collection[int] | None) -> None:
    """Delete what labs have made in the cluster of the course; nothing when there is no such cluster.

    Parameters
    ----------
    lab : Lab
        What reaches the cluster.
    built : Built
        In which services anything was made, which the embedded cloud knows.
    numbers : collection of int, optional
        Those labs' things; None for all labs'.
    """
    if isinstance(lab._cloud(), Embedded) and "eks" not in built.services():
        return
    eks = lab.client("eks")
    if CLUSTER not in pages(eks, "list_clusters", "clusters"):
        return
    if eks.describe_cluster(name=CLUSTER)["cluster"]["status"] != "ACTIVE":
        return
    from kubernetes.client import CoreV1Api, StorageV1Api

    api = lab.kubernetes(CLUSTER)
    core: Any = CoreV1Api(api)  # its types say that any field may be missing
    storage: Any = StorageV1Api(api)
    wanted = NUMBER_KEY if numbers is None else f"{NUMBER_KEY} in ({', '.join(f'{each:02d}' for each in numbers)})"
    classes = {each.metadata.name for each in storage.list_storage_class(label_selector=wanted).items}
    named = {each.metadata.name for each in core.list_namespace(label_selector=wanted).items}
    volumes = _volumes(core, wanted, classes)
    if not (classes or named or volumes):
        return
    drivers = {each.metadata.name for each in storage.list_csi_driver().items}
    for volume in volumes:
        source = volume.spec.csi
        if (volume.metadata.annotations or {}).get("pv.kubernetes.io/provisioned-by") in drivers:
            # what was to be kept goes too: nobody else would see to it
            core.patch_persistent_volume(volume.metadata.name, {"spec": {"persistentVolumeReclaimPolicy": "Delete"}})
        elif source is not None:  # nobody is left who would delete it
            core.patch_persistent_volume(volume.metadata.name, {"metadata": {"finalizers": None}})
    for name in named:
        core.delete_namespace(name)
    for volume in volumes:
        if (volume.metadata.annotations or {}).get("pv.kubernetes.io/provisioned-by") not in drivers:
            _gone_already(core.delete_persistent_volume, volume.metadata.name)

    def gone() -> bool:
        left = {each.metadata.name for each in core.list_namespace().items} & named
        return not left and not _volumes(core, wanted, classes)

    lab.wait(gone, "the lab's namespaces and volumes in the cluster to be gone", seconds=SECONDS)
    for name in classes:
        storage.delete_storage_class(name)


def _volumes(core: Any, wanted: str, classes: Collection[str]) -> list[Any]:
    marked = core.list_persistent_volume(label_selector=wanted).items
    names = {each.metadata.name for each in marked}
    of_class = [each for each in core.list_persistent_volume().items if each.spec.storage_class_name in classes]
    return [*marked, *(each for each in of_class if each.metadata.name not in names)]


def _gone_already(delete: Any, name: str) -> None:
    from kubernetes.client.exceptions import ApiException

    try:
        delete(name)
    except ApiException as error:
        if error.status != 404:
            raise
