"""The scheduler as a client of the API."""

from typing import Any

from lab_cloud.eks.agents.loop import Loop
from lab_cloud.eks.agents.recorder import Recorder
from lab_cloud.eks.controllers.client import Loopback
from lab_cloud.eks.controllers.scheduling import Scheduling
from tests.lab_cloud.eks.kubernetes.server import MERGE, PODS, Server, pod
from tests.waiting import until


class Place:
    def __init__(self) -> None:
        self.server = Server()
        self.loop = Loop("test-scheduler")
        client = Loopback(self.server.api, "kube-scheduler")
        events = Recorder(client, "default-scheduler", lambda: self.server.now)
        self.scheduling = Scheduling(client, self.loop, events, lambda: self.server.now)
        self.scheduling.start()

    def node(self, name: str, pods: int = 2) -> None:
        self.server.made("/api/v1/nodes", {"metadata": {"name": name}})
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
