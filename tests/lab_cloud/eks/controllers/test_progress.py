"""Whether a Deployment gets on, by a clock that is moved by hand."""

from typing import Any

from lab_cloud.eks.controllers import conditions
from lab_cloud.eks.controllers.deployment import decide
from tests.lab_cloud.eks.controllers.test_deployment import Cluster, wanted

START = 1_700_000_000.0


class Told:
    """A Deployment that remembers its status, as the API would."""

    def __init__(self, image: str, **spec: Any) -> None:
        self.cluster = Cluster()
        self.found = wanted(image, **spec)

    def look(self, now: float) -> dict[str, Any]:
        plan = decide(self.found, list(self.cluster.sets.values()), now)
        self.due = plan.due
        self.found["status"] = plan.status
        self.cluster.step(self.found)
        return dict(conditions.of(self.found, "Progressing"))

    def change(self, image: str) -> None:
        self.found = {**wanted(image, **self.found["spec"]), "status": self.found["status"]}
        self.found["spec"]["template"]["spec"]["containers"][0]["image"] = image


def settled(**spec: Any) -> Told:
    told = Told("one", replicas=3, **spec)
    for _ in range(5):
        told.look(START)
        told.cluster.work(9)
    assert told.look(START)["reason"] == "NewReplicaSetAvailable"
    return told


def test_a_rollout_that_gets_nowhere_is_late_until_it_gets_on() -> None:
    told = settled(progressDeadlineSeconds=10)
    told.change("two")
    assert told.look(START)["reason"] == "NewReplicaSetCreated"
    for _ in range(3):
        assert told.look(START + 1)["status"] == "True"
    assert told.due == START + 11
    late = told.look(START + 12)
    assert (late["status"], late["reason"]) == ("False", "ProgressDeadlineExceeded")
    assert told.look(START + 13)["reason"] == "ProgressDeadlineExceeded"
    told.cluster.work(1)
    assert told.look(START + 14)["reason"] == "ReplicaSetUpdated"
    told.cluster.settle(told.found)
    assert told.look(START + 15)["reason"] == "NewReplicaSetAvailable"


def test_pods_that_fail_after_a_rollout_make_no_rollout_late() -> None:
    told = settled(progressDeadlineSeconds=10)
    own = next(iter(told.cluster.sets.values()))
    own["status"]["availableReplicas"] = 0
    assert told.look(START + 100)["reason"] == "NewReplicaSetAvailable"
    assert conditions.of(told.found, "Available")["status"] == "False"


def test_a_pause_is_told_and_has_no_deadline() -> None:
    told = settled(progressDeadlineSeconds=10)
    told.change("two")
    told.found["spec"]["paused"] = True
    assert told.look(START)["reason"] == "DeploymentPaused"
    assert told.due is None
    assert len(told.cluster.sets) == 1
    told.found["spec"]["paused"] = False
    assert told.look(START + 50)["reason"] == "NewReplicaSetCreated"


def test_the_reason_of_a_change_is_kept_with_its_set() -> None:
    found = wanted("one")
    found["metadata"]["annotations"] = {"kubernetes.io/change-cause": "why"}
    plan = decide(found, [])
    assert plan.create is not None
    assert plan.create["metadata"]["annotations"]["kubernetes.io/change-cause"] == "why"
    found["metadata"]["annotations"] = {"kubernetes.io/change-cause": "other"}
    patch = decide(found, [plan.create]).patch
    assert patch["metadata"]["annotations"]["kubernetes.io/change-cause"] == "other"
