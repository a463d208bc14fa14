"""What a Deployment does: pure decisions in a simulated cluster, then by way of the API."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab_cloud.eks.controllers.client import Loopback
from lab_cloud.eks.controllers.deployment import REVISION, bounds, decide, hash_of, share, template_of
from lab_cloud.eks.controllers.standard import standard
from tests.lab_cloud.eks.kubernetes.server import DEPLOYMENTS, PODS, REPLICA_SETS, STRATEGIC, Server, deployment
from tests.waiting import until


def wanted(image: str, **spec: Any) -> dict[str, Any]:
    made = deployment(**spec)
    made["spec"]["template"]["spec"]["containers"][0]["image"] = image
    made["metadata"] |= {"namespace": "default", "uid": "u"}
    return made


class Cluster:
    """ReplicaSets whose pods become available when a test says so."""

    def __init__(self) -> None:
        self.sets: dict[str, dict[str, Any]] = {}

    def step(self, found: dict[str, Any]) -> bool:
        """Decide and do; whether anything changed."""
        plan = decide(found, copy.deepcopy(list(self.sets.values())))
        if plan.create is not None:
            self.sets[plan.create["metadata"]["name"]] = {**plan.create, "status": {}}
        if plan.patch:
            new = next(each for each in self.sets.values() if template_of(each) == found["spec"]["template"])
            new["metadata"]["annotations"] |= plan.patch["metadata"]["annotations"]
        for name, count in plan.scale.items():
            own = self.sets[name]
            own["spec"]["replicas"] = count
            available = min(own["status"].get("availableReplicas", 0), count)
            own["status"] = {"replicas": count, "availableReplicas": available}
        for name in plan.delete:
            del self.sets[name]
        return bool(plan.create or plan.scale or plan.patch or plan.delete)

    def work(self, most: int) -> None:
        """Let some more pods become available."""
        for own in self.sets.values():
            more = min(own["status"].get("replicas", 0) - own["status"].get("availableReplicas", 0), most)
            own["status"]["availableReplicas"] = own["status"].get("availableReplicas", 0) + more
            most -= more

    @property
    def available(self) -> int:
        return sum(each["status"].get("availableReplicas", 0) for each in self.sets.values())

    @property
    def total(self) -> int:
        return sum(each["spec"]["replicas"] for each in self.sets.values())

    def settle(self, found: dict[str, Any]) -> None:
        for _ in range(60):
            self.work(9)
            if not self.step(found):
                return
        raise AssertionError("it does not settle")


sizes = st.integers(0, 3) | st.sampled_from(["0%", "25%", "50%", "100%"])


@settings(deadline=None)
@given(st.integers(1, 8), sizes, sizes, st.lists(st.integers(0, 3), max_size=12), st.booleans())
def test_a_rollout_keeps_its_bounds_and_ends(
    replicas: int, surge: Any, missing: Any, pace: list[int], interrupted: bool
) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": missing}}
    cluster, spec = Cluster(), {"replicas": replicas, "strategy": strategy}
    cluster.settle(wanted("one", **spec))
    assert (cluster.available, cluster.total) == (replicas, replicas)
    target = wanted("two", **spec)
    fewest, most = bounds(target["spec"])
    for place, more in enumerate(pace):
        if interrupted and place == len(pace) // 2:
            target = wanted("three", **spec)
        cluster.step(target)
        assert cluster.available >= fewest
        assert cluster.total <= most
        cluster.work(more)
    cluster.settle(target)
    assert (cluster.available, cluster.total) == (replicas, replicas)
    new = next(each for each in cluster.sets.values() if template_of(each) == target["spec"]["template"])
    assert new["spec"]["replicas"] == replicas


def test_pods_that_were_asked_to_go_are_not_counted_on() -> None:
    cluster, before, after = Cluster(), wanted("nginx:1", replicas=2), wanted("nginx:2", replicas=2)
    while cluster.step(before):
        cluster.work(2)
    while cluster.step(after):  # one more
        pass
    cluster.work(1)
    old = next(each for each in cluster.sets.values() if template_of(each) == before["spec"]["template"])
    late = copy.deepcopy(old["status"])
    cluster.step(after)  # one of the old may go, and one more of the new comes
    assert old["spec"]["replicas"] == 1
    old["status"] = late  # which the ReplicaSet has not written yet
    cluster.step(after)
    assert old["spec"]["replicas"] == 1


def test_recreate_ends_all_before_it_begins() -> None:
    spec = {"replicas": 3, "strategy": {"type": "Recreate"}}
    cluster = Cluster()
    cluster.settle(wanted("one", **spec))
    cluster.step(wanted("two", **spec))
    cluster.step(wanted("two", **spec))
    assert cluster.total == 0
    cluster.settle(wanted("two", **spec))
    assert cluster.total == 3


def test_to_go_back_takes_the_old_set_with_a_new_revision() -> None:
    cluster = Cluster()
    for image in ("one", "two", "one"):
        cluster.settle(wanted(image, replicas=2))
    assert len(cluster.sets) == 2
    revisions = {
        each["spec"]["template"]["spec"]["containers"][0]["image"]: each["metadata"]["annotations"][REVISION]
        for each in cluster.sets.values()
    }
    assert revisions == {"one": "3", "two": "2"}


def test_old_sets_are_kept_as_long_as_asked() -> None:
    cluster = Cluster()
    for image in "abcde":
        cluster.settle(wanted(image, replicas=1, revisionHistoryLimit=2))
    assert len(cluster.sets) == 3


def test_a_paused_deployment_begins_nothing_new() -> None:
    cluster = Cluster()
    cluster.settle(wanted("one", replicas=1))
    assert not cluster.step(wanted("two", replicas=1, paused=True))


def test_shares_and_hashes() -> None:
    assert [share("25%", 10, up=True), share("25%", 10, up=False), share(3, 10, up=True)] == [3, 2, 3]
    assert bounds({"replicas": 1, "strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}}) == (0, 1)
    assert hash_of({"a": 1}) == hash_of({"a": 1}) != hash_of({"a": 2})


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    controllers = standard(Loopback(made.api, "kube-controller-manager"))
    controllers.start()
    yield made
    controllers.close()


def test_a_deployment_makes_a_set_that_makes_pods(server: Server) -> None:
    server.made(DEPLOYMENTS, deployment(replicas=3))
    until(lambda: len(server.get(PODS)["items"]) == 3)
    until(lambda: server.get(f"{DEPLOYMENTS}/web").get("status", {}).get("unavailableReplicas") == 3)
    found = server.get(f"{DEPLOYMENTS}/web")
    assert found["metadata"]["annotations"][REVISION] == "1"
    assert {each["type"]: each["status"] for each in found["status"]["conditions"]} == {
        "Available": "False",
        "Progressing": "True",
    }
    image = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "nginx:2"}]}}}}
    server.patch(f"{DEPLOYMENTS}/web", image, STRATEGIC)
    until(lambda: len(server.get(REPLICA_SETS)["items"]) == 2)
    until(lambda: server.get(f"{DEPLOYMENTS}/web")["metadata"]["annotations"][REVISION] == "2")
    server.ask("DELETE", f"{DEPLOYMENTS}/web")
    until(lambda: server.get(REPLICA_SETS)["items"] == server.get(PODS)["items"] == [])
