"""The scheduler as a client of the API."""

from typing import Any

from lab_cloud.eks.agents.loop import Loop
from lab_cloud.eks.agents.recorder import Recorder
from lab_cloud.eks.controllers.client import Loopback
from lab_cloud.eks.controllers.scheduling import Scheduling
from lab_cloud.eks.controllers.volume_binding import CONFLICT, SELECTED, UNBOUND
from tests.lab_cloud.eks.kubernetes.server import MERGE, PODS, Server, pod
from tests.waiting import until

CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"


class Place:
    def __init__(self) -> None:
        self.server = Server()
        self.loop = Loop("test-scheduler")
        client = Loopback(self.server.api, "kube-scheduler")
        events = Recorder(client, "default-scheduler", lambda: self.server.now)
        self.scheduling = Scheduling(client, self.loop, events, lambda: self.server.now)
        self.scheduling.start()

    def node(self, name: str, pods: int = 2, **labels: str) -> None:
        self.server.made("/api/v1/nodes", {"metadata": {"name": name, "labels": labels}})
        status = {"status": {"allocatable": {"cpu": "2", "memory": "4Gi", "pods": str(pods)}}}
        assert self.server.patch(f"/api/v1/nodes/{name}/status", status, MERGE)[0] == 200

    def home(self, name: str) -> str:
        return str(self.server.get(f"{PODS}/{name}")["spec"].get("nodeName", ""))

    def told(self, name: str) -> list[tuple[str, str]]:
        found = self.server.get("/api/v1/namespaces/default/events")["items"]
        return [(each["reason"], each["message"]) for each in found if each["involvedObject"]["name"] == name]

    def scheduled(self, name: str) -> dict[str, Any]:
        conditions = self.server.get(f"{PODS}/{name}")["status"].get("conditions") or ()
        return next((dict(each) for each in conditions if each["type"] == "PodScheduled"), {})


def test_pods_wait_for_room_and_take_it_when_it_comes() -> None:
    place = Place()
    try:
        place.server.made(PODS, pod("one"))
        until(lambda: place.scheduled("one").get("reason") == "Unschedulable")
        assert place.scheduled("one")["message"] == "no nodes available to schedule pods"
        place.node("here")
        assert until(lambda: place.home("one")) == "here"
        assert place.scheduled("one")["status"] == "True"
        reasons = [reason for reason, _ in until(lambda: len(place.told("one")) == 2 and place.told("one"))]
        assert sorted(reasons) == ["FailedScheduling", "Scheduled"]
        place.server.made(PODS, pod("two"))
        assert until(lambda: place.home("two")) == "here"
        place.server.made(PODS, pod("three"))
        text = until(lambda: place.scheduled("three").get("message"))
        assert text.startswith("0/1 nodes are available: 1 Too many pods. preemption:")
        place.server.ask("DELETE", f"{PODS}/one", {"gracePeriodSeconds": 0})
        assert until(lambda: place.home("three")) == "here"
    finally:
        place.scheduling.close()
        place.loop.close()


def claim(name: str, storage_class: str = "") -> dict[str, Any]:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return {"metadata": {"name": name}, "spec": {**spec, "storageClassName": storage_class}}


def with_claim(name: str, claimed: str) -> dict[str, Any]:
    return pod(name, volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": claimed}}])


def bound(place: Place, name: str, zone: str) -> None:
    """Do what a provisioner does: a volume in a zone, bound to the claim."""
    term = {"matchExpressions": [{"key": "zone", "operator": "In", "values": [zone]}]}
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": f"vol-{name}"},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [term]}},
    }
    place.server.made("/api/v1/persistentvolumes", {"metadata": {"name": name}, "spec": spec})
    assert place.server.patch(f"{CLAIMS}/{name}", {"spec": {"volumeName": name}})[0] == 200
    assert place.server.patch(f"{CLAIMS}/{name}/status", {"status": {"phase": "Bound"}})[0] == 200


def test_a_pod_goes_where_its_volume_is_and_a_claim_that_waits_is_told_where_it_goes() -> None:
    place = Place()
    try:
        place.node("a", zone="a")
        place.server.made(PODS, with_claim("one", "data"))
        text = until(lambda: place.scheduled("one").get("message"))
        assert text.startswith('0/1 nodes are available: persistentvolumeclaim "data" not found.')
        place.server.made(CLAIMS, claim("data"))
        until(lambda: UNBOUND in place.scheduled("one")["message"])
        bound(place, "data", "b")
        until(lambda: CONFLICT in place.scheduled("one")["message"])
        place.node("b", zone="b")
        assert until(lambda: place.home("one")) == "b"

        late = {"metadata": {"name": "late"}, "provisioner": "x", "volumeBindingMode": "WaitForFirstConsumer"}
        place.server.made("/apis/storage.k8s.io/v1/storageclasses", late)
        place.server.made(CLAIMS, claim("waits", "late"))
        place.server.made(PODS, with_claim("two", "waits"))
        told = until(lambda: place.server.get(f"{CLAIMS}/waits")["metadata"].get("annotations"))
        assert told[SELECTED] == "a", "where there is more room"
        assert not place.home("two"), "its volume is not there yet"
        bound(place, "waits", "a")
        assert until(lambda: place.home("two")) == "a"
    finally:
        place.scheduling.close()
        place.loop.close()
