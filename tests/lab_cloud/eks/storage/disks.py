"""A cluster with nodes in two zones, and short ways to claim storage there."""

from typing import Any

from tests.lab_cloud.eks.place import EksPlace
from tests.lab_cloud.eks.test_nodegroups_api import Group
from tests.waiting import until

ZONE = "topology.kubernetes.io/zone"
POLICIES = "arn:aws:iam::aws:policy/"


class Disks:
    """The cluster, its APIs, and what they tell."""

    def __init__(self, place: EksPlace) -> None:
        import kubernetes

        self.place = place
        self.cloud = place.cloud
        self.ec2 = place.cloud.client("ec2")
        self.efs = place.cloud.client("efs")
        self.group = Group(place, scalingConfig={"minSize": 1, "maxSize": 2, "desiredSize": 2})
        self.core: Any = self.group.core
        self.classes: Any = kubernetes.client.StorageV1Api(self.core.api_client)
        self.cluster = self.group.cluster
        until(lambda: self.group.ready(2), 30)
        self.zones = sorted({each.metadata.labels[ZONE] for each in self.group.nodes()})

    def allow(self, policy: str) -> None:
        """Let the driver's pods do what it needs, as their nodes may."""
        self.place.iam.attach_role_policy(RoleName=self.group.role.rpartition("/")[2], PolicyArn=POLICIES + policy)

    def forbid(self, policy: str) -> None:
        self.place.iam.detach_role_policy(RoleName=self.group.role.rpartition("/")[2], PolicyArn=POLICIES + policy)

    def install(self, addon: str, driver: str) -> None:
        self.place.api.create_addon(clusterName=self.cluster, addonName=addon)
        until(lambda: driver in [each.metadata.name for each in self.classes.list_csi_driver().items], 20)

    def make_class(self, name: str, provisioner: str, **options: Any) -> None:
        body = {"metadata": {"name": name}, "provisioner": provisioner, **options}
        self.classes.create_storage_class(body)

    def claim(self, name: str, storage_class: str | None, size: str = "4Gi", mode: str = "ReadWriteOnce",
              **spec: Any) -> None:  # fmt: skip
        if storage_class is not None:
            spec["storageClassName"] = storage_class
        body = {
            "metadata": {"name": name},
            "spec": {"accessModes": [mode], "resources": {"requests": {"storage": size}}, **spec},
        }
        self.core.create_namespaced_persistent_volume_claim("default", body)

    def pvc(self, name: str) -> Any:
        return self.core.read_namespaced_persistent_volume_claim(name, "default")

    def bound(self, name: str) -> Any:
        """The volume of a claim, once there is one."""
        until(lambda: self.pvc(name).status.phase == "Bound", 20)
        return self.core.read_persistent_volume(self.pvc(name).spec.volume_name)

    def told(self, name: str, reason: str, text: str = "") -> str:
        """The message of an event, once it is told."""

        def found() -> str:
            listed = self.core.list_namespaced_event("default", field_selector=f"involvedObject.name={name}").items
            return next((each.message for each in listed if each.reason == reason and text in each.message), "")

        return until(found, 20)

    def pod(self, name: str, claim: str, code: str, zone: str = "", **spec: Any) -> None:
        """A pod that runs some Python with the claim at ``/data``; the folder is its first argument."""
        own = {
            "name": "main",
            "image": "python:3.12-alpine",
            "command": ["python3", "-u", "-c", code, "/data"],
            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        }
        volume = {"name": "data", "persistentVolumeClaim": {"claimName": claim}}
        spec = {"containers": [own], "volumes": [volume], "restartPolicy": "Never", **spec}
        if zone:
            spec["nodeSelector"] = {ZONE: zone}
        self.core.create_namespaced_pod("default", {"metadata": {"name": name}, "spec": spec})

    def phase(self, name: str) -> str:
        return str(self.core.read_namespaced_pod(name, "default").status.phase)

    def ends(self, name: str) -> str:
        """What a pod has written, once it has ended well."""
        until(lambda: self.phase(name) == "Succeeded", 20)
        return str(self.core.read_namespaced_pod_log(name, "default"))

    def delete_pod(self, name: str) -> None:
        self.core.delete_namespaced_pod(name, "default", grace_period_seconds=0)
        until(lambda: name not in [each.metadata.name for each in self.core.list_namespaced_pod("default").items], 20)

    def delete_claim(self, name: str) -> None:
        self.core.delete_namespaced_persistent_volume_claim(name, "default")

    def volumes(self) -> list[str]:
        return [each.metadata.name for each in self.core.list_persistent_volume().items]

    def claims(self) -> list[str]:
        found = self.core.list_namespaced_persistent_volume_claim("default").items
        return [each.metadata.name for each in found]
