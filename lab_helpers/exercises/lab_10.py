"""Lab 10: a claim that nobody serves, a ledger that is kept and grows, two pods in two zones on one file system."""

from typing import TYPE_CHECKING, Any

from lab_helpers.exercises import Done, Exercise, NotAttempted, NotYet

if TYPE_CHECKING:
    from lab_helpers.exercises import Outcome
    from lab_helpers.lab import Lab

CLUSTER = "DemoEKS"
NAMESPACE = "storage"
REPORTS, WRONG_CLASS, RIGHT_CLASS = "reports", "ebs-gp2", "ebs-gp3"
KEEP, LEDGER = "ebs-keep", "ledger"
SHARED, GALLERY = "efs-shared", "gallery"
EBS, EFS = "ebs.csi.aws.com", "efs.csi.aws.com"


def served_claim(lab: "Lab") -> "Outcome":
    """The claim whose class was not there is bound by the right one."""
    found = _Cluster(lab).claim(REPORTS)
    if found is None:
        return NotYet(missing=[f"a claim {REPORTS} in the namespace {NAMESPACE}: there is none any more"])
    named, phase = found.spec.storage_class_name, found.status.phase
    if named == WRONG_CLASS and phase != "Bound":
        return NotAttempted(f"The claim {REPORTS} still waits.")
    if named != RIGHT_CLASS:
        return NotYet(missing=[f"the class {RIGHT_CLASS}: the claim names {named or 'none'}"])
    if phase != "Bound":
        return NotYet(missing=[f"a volume: the claim is {phase}; its class waits for the first pod that uses it"])
    return Done(f"The claim has its volume. {WRONG_CLASS} was the name of no class here.")


def kept_ledger(lab: "Lab") -> "Outcome":
    """A class whose volumes stay and can grow, and a claim of it that has grown."""
    cluster = _Cluster(lab)
    kind, claim = cluster.storage_class(KEEP), cluster.claim(LEDGER)
    if kind is None and claim is None:
        return NotAttempted(f"There is no class {KEEP} and no claim {LEDGER} yet.")
    missing = []
    if kind is None:
        missing.append(f"the class {KEEP}")
    else:
        given = kind.parameters or {}
        if kind.provisioner != EBS:
            missing.append(f"the driver {EBS}: the class names {kind.provisioner}")
        if given.get("encrypted") != "true":
            missing.append('encryption: the parameter encrypted with the text "true"')
        if kind.reclaim_policy != "Retain":
            missing.append(f"that volumes stay: reclaimPolicy is {kind.reclaim_policy}")
        if not kind.allow_volume_expansion:
            missing.append("that volumes can grow: allowVolumeExpansion")
    missing += _ledger(cluster, claim)
    if missing:
        return NotYet(missing=missing)
    return Done("The ledger has 5 GiB, encrypted. Its disk stays when the claim goes; somebody must delete it then.")


def _ledger(cluster: "_Cluster", claim: Any) -> list[str]:
    if claim is None:
        return [f"the claim {LEDGER}"]
    if claim.spec.storage_class_name != KEEP:
        return [f"that {LEDGER} is of the class {KEEP}: it names {claim.spec.storage_class_name or 'none'}"]
    if claim.status.phase != "Bound":
        return [f"a volume for {LEDGER}: it is {claim.status.phase}"]
    volume = cluster.volume(claim)
    missing = []
    if volume.spec.persistent_volume_reclaim_policy != "Retain":
        missing.append("that this volume stays: it was made while the class said Delete")
    size = claim.status.capacity.get("storage")
    if size != "5Gi":
        missing.append(f"5 GiB: the ledger has {size}")
    return missing


def shared_gallery(lab: "Lab") -> "Outcome":
    """Two pods on two nodes have the same claim mounted."""
    cluster = _Cluster(lab)
    claim, pods = cluster.claim(GALLERY), cluster.pods_with(GALLERY)
    if claim is None and not pods:
        return NotAttempted(f"There is no claim {GALLERY} yet.")
    missing = []
    if claim is None:
        missing.append(f"the claim {GALLERY}")
    else:
        if claim.spec.storage_class_name != SHARED:
            missing.append(f"the class {SHARED}: the claim names {claim.spec.storage_class_name or 'none'}")
        if "ReadWriteMany" not in (claim.spec.access_modes or ()):
            missing.append(f"a mode for many nodes: yours is {', '.join(claim.spec.access_modes or ())}")
        if claim.status.phase != "Bound":
            missing.append(f"a volume: the claim is {claim.status.phase}")
    ready = [each for each in pods if _is_ready(each)]
    places = {each.spec.node_name for each in ready}
    if len(ready) < 2:
        missing.append(f"two pods that are ready and have the claim mounted under /data: there are {len(ready)}")
    elif len(places) < 2:
        missing.append("two different nodes: both pods are on the same one")
    if missing:
        return NotYet(missing=missing)
    return Done("Two pods on two nodes see the same folder.")


class _Cluster:
    """What the checks look at."""

    def __init__(self, lab: "Lab") -> None:
        from kubernetes.client import CoreV1Api, StorageV1Api

        api = lab.kubernetes(CLUSTER)
        self._core, self._storage = CoreV1Api(api), StorageV1Api(api)

    def claim(self, name: str) -> Any:
        """A claim; None when there is none."""
        return _found(self._core.read_namespaced_persistent_volume_claim, name, NAMESPACE)

    def storage_class(self, name: str) -> Any:
        """A class; None when there is none."""
        return _found(self._storage.read_storage_class, name)

    def volume(self, claim: Any) -> Any:
        """The volume of a claim that is bound."""
        return self._core.read_persistent_volume(claim.spec.volume_name)

    def pods_with(self, claim: str) -> list[Any]:
        """The pods that mount a claim under ``/data``."""
        return [each for each in self._core.list_namespaced_pod(NAMESPACE).items if _mounts(each, claim)]


def _mounts(pod: Any, claim: str) -> bool:
    volumes = {
        each.name
        for each in pod.spec.volumes or ()
        if each.persistent_volume_claim is not None and each.persistent_volume_claim.claim_name == claim
    }
    mounts = [one for each in pod.spec.containers for one in each.volume_mounts or ()]
    return any(one.name in volumes and one.mount_path.rstrip("/") == "/data" for one in mounts)


def _is_ready(pod: Any) -> bool:
    return any(each.type == "Ready" and each.status == "True" for each in pod.status.conditions or ())


def _found(read: Any, *where: str) -> Any:
    from kubernetes.client.exceptions import ApiException

    try:
        return read(*where)
    except ApiException as error:
        if error.status != 404:
            raise
        return None


SERVED = """\
lab.kubectl("describe", "pvc", "reports", "-n", "storage")
# storageclass.storage.k8s.io "ebs-gp2" not found

kube = CoreV1Api(lab.kubernetes("DemoEKS"))
delete("reports")  # the pod, which is in the way of the claim
kube.delete_namespaced_persistent_volume_claim("reports", "storage")


def reports_is_gone():
    return "reports" not in names(kube.list_namespaced_persistent_volume_claim("storage"))


lab.wait(reports_is_gone, "the old claim to be gone")
claim("reports", "ebs-gp3", size="2Gi")
reports_volume = {"persistentVolumeClaim": {"claimName": "reports"}}
apply(pod("reports", reports_volume, SLEEP))
lab.wait(lambda: claimed("reports").status.phase == "Bound", "the claim to be bound")
"""

KEPT = """\
make_class(
    "ebs-keep",
    "ebs.csi.aws.com",
    {"type": "gp3", "encrypted": "true"},
    reclaimPolicy="Retain",
    allowVolumeExpansion=True,
    volumeBindingMode="WaitForFirstConsumer",
)
claim("ledger", "ebs-keep", size="3Gi")
run("bookkeeper", {"persistentVolumeClaim": {"claimName": "ledger"}}, WRITE, "100 EUR")
kube = CoreV1Api(lab.kubernetes("DemoEKS"))
more = {"spec": {"resources": {"requests": {"storage": "5Gi"}}}}
kube.patch_namespaced_persistent_volume_claim("ledger", "storage", more)
lab.wait(lambda: claimed("ledger").status.capacity["storage"] == "5Gi", "the ledger to grow")
"""

GALLERIES = """\
claim("gallery", "efs-shared", mode="ReadWriteMany")
gallery_labels = {"app": "gallery"}
gallery_container = {
    "name": "web",
    "image": "public.ecr.aws/nginx/nginx:latest",
    "volumeMounts": [{"name": "data", "mountPath": "/data"}],
}
apart = {
    "maxSkew": 1,
    "topologyKey": "topology.kubernetes.io/zone",
    "whenUnsatisfiable": "DoNotSchedule",
    "labelSelector": {"matchLabels": gallery_labels},
}
gallery_spec = {
    "containers": [gallery_container],
    "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "gallery"}}],
    "topologySpreadConstraints": [apart],
}
apply(
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "gallery"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": gallery_labels},
            "template": {"metadata": {"labels": gallery_labels}, "spec": gallery_spec},
        },
    }
)


def gallery_is_ready():
    listed = core.list_namespaced_pod("storage", label_selector="app=gallery").items
    return [one.status.phase for one in listed] == ["Running"] * 2 and all(
        each.ready for one in listed for each in one.status.container_statuses
    )


lab.wait(gallery_is_ready, "both pods to be ready")
"""

EXERCISES: dict[str, Exercise] = {
    "10a": Exercise(
        id="10a",
        title="Mend a claim that nobody serves",
        check=served_claim,
        hints=(
            "Ask the claim, not the pod: its events say for whom it waits.",
            "It names a class that does not exist. The table in section 2 shows those that do.",
            "A claim's class cannot be changed. Delete the pod, then the claim, and make both anew.",
        ),
        solution=SERVED,
    ),
    "10b": Exercise(
        id="10b",
        title="A ledger that is kept and grows",
        check=kept_ledger,
        hints=(
            "It is the class of section 3 with two more fields: one says what happens at the end, one lets it grow.",
            "reclaimPolicy and allowVolumeExpansion. With WaitForFirstConsumer a pod must use the claim once.",
            "To grow, patch spec.resources.requests.storage of the claim, and wait for status.capacity.",
        ),
        solution=KEPT,
    ),
    "10c": Exercise(
        id="10c",
        title="Two pods in two zones on one file system",
        check=shared_gallery,
        hints=(
            "The claim needs the mode of the board in section 4. The Deployment mounts it in its pod template.",
            "Two pods may land on one node. Something must keep them apart; the zone of the node is a label.",
            "topologySpreadConstraints with maxSkew 1, topologyKey topology.kubernetes.io/zone and DoNotSchedule.",
        ),
        solution=GALLERIES,
    ),
}
