"""What a Job does: pure decisions with a clock moved by hand, then by way of the API."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab_cloud.eks.controllers import conditions
from lab_cloud.eks.controllers.client import Loopback
from lab_cloud.eks.controllers.job import INDEX, Ended, Plan, decide, is_over, pod_of, ranges
from lab_cloud.eks.controllers.standard import standard
from tests.lab_cloud.eks.kubernetes.server import PODS, Server
from tests.waiting import until

JOBS = "/apis/batch/v1/namespaces/default/jobs"
START = 1_700_000_000.0


def job(**spec: Any) -> dict[str, Any]:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "python:3"}]}}
    metadata = {"name": "sum", "namespace": "default", "uid": "j"}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": template, **spec}}


class Run:
    """A Job with pods whose ends a test decides."""

    def __init__(self, speed: float = 1.0, **spec: Any) -> None:
        self.job = job(**{"completions": 1, "parallelism": 1, "backoffLimit": 6, **spec})
        self.pods: dict[str, dict[str, Any]] = {}
        self.ended = Ended()
        self.made = 0
        self.speed = speed

    def look(self, now: float = START) -> Plan:
        self.ended.count(self.pods.values(), now)
        plan = decide(self.job, self.pods.values(), self.ended, now, self.speed)
        for name in plan.delete:
            del self.pods[name]
        for index in plan.create:
            pod = pod_of(self.job, index)
            pod["metadata"] |= {"name": f"p{self.made:02}", "uid": f"u{self.made}"}
            pod["status"] = {"phase": "Running"}
            self.pods[pod["metadata"]["name"]] = pod
            self.made += 1
        self.job["status"] = plan.status
        return plan

    def end(self, name: str, phase: str) -> None:
        self.pods[name]["status"]["phase"] = phase

    @property
    def active(self) -> list[str]:
        return [name for name, each in self.pods.items() if each["status"]["phase"] == "Running"]


@settings(deadline=None)
@given(st.integers(0, 6), st.integers(1, 4), st.integers(0, 3), st.data())
def test_a_job_ends_and_never_has_too_many_pods(completions: int, parallelism: int, limit: int, data: Any) -> None:
    run, now = Run(completions=completions, parallelism=parallelism, backoffLimit=limit), START
    for _ in range(60):
        run.look(now)
        now += 1000
        assert len(run.active) <= parallelism
        if is_over(run.job):
            break
        for name in run.active:
            run.end(name, data.draw(st.sampled_from(["Running", "Succeeded", "Succeeded", "Failed"])))
    else:
        return  # it was not let end
    run.look(now)
    assert run.active == []
    if is_over(run.job)["type"] == "Complete":
        assert run.job["status"].get("succeeded", 0) >= completions
    else:
        assert run.job["status"]["failed"] > limit


def test_the_end_of_a_job() -> None:
    run = Run(completions=2)
    assert len(run.look().create) == 1
    run.end("p00", "Succeeded")
    run.look()
    run.end("p01", "Succeeded")
    plan = run.look(START + 9)
    assert plan.outcome[0] == "CompletionsReached"
    assert plan.status["completionTime"] == "2023-11-14T22:13:29Z"
    assert plan.status["startTime"] == "2023-11-14T22:13:20Z"
    assert {each["type"] for each in plan.status["conditions"]} == {"SuccessCriteriaMet", "Complete"}
    assert run.look(START + 99).outcome == ("", "")


def test_after_failures_it_waits_longer_and_longer_by_the_speed() -> None:
    run = Run(speed=10.0)
    run.look()
    run.end("p00", "Failed")
    plan = run.look()
    assert (plan.create, plan.due) == ((), START + 1)
    assert run.look(START + 1).create == (-1,)
    run.end("p01", "Failed")
    assert run.look(START + 2).due == START + 4


def test_too_many_failures_and_too_much_time() -> None:
    run = Run(backoffLimit=0)
    run.look()
    run.end("p00", "Failed")
    assert run.look().outcome[0] == "BackoffLimitExceeded"
    assert conditions.of(run.job, "Failed")["status"] == "True"
    late = Run(activeDeadlineSeconds=5)
    assert late.look().due == START + 5
    plan = late.look(START + 5)
    assert (plan.outcome[0], plan.delete) == ("DeadlineExceeded", ("p00",))


def test_restarts_of_containers_count_as_failures() -> None:
    run = Run(backoffLimit=1)
    run.job["spec"]["template"]["spec"]["restartPolicy"] = "OnFailure"
    run.look()
    run.pods["p00"]["status"]["containerStatuses"] = [{"restartCount": 2}]
    assert run.look().outcome[0] == "BackoffLimitExceeded"


def test_a_job_goes_some_time_after_its_end() -> None:
    run = Run(ttlSecondsAfterFinished=10)
    run.look()
    run.end("p00", "Succeeded")
    run.look()
    assert run.look(START + 9).due == START + 10
    assert run.look(START + 10).remove


def test_a_suspended_job_has_no_pods() -> None:
    run = Run(parallelism=2, completions=2)
    run.look()
    run.job["spec"]["suspend"] = True
    assert run.look().delete == ("p00", "p01")
    assert "startTime" not in run.job["status"]
    run.job["spec"]["suspend"] = False
    assert len(run.look().create) == 2
    assert conditions.of(run.job, "Suspended")["status"] == "False"


def test_indexes_are_each_done_once() -> None:
    run = Run(completions=3, parallelism=2, completionMode="Indexed")
    run.look()
    assert [each["metadata"]["annotations"][INDEX] for each in run.pods.values()] == ["0", "1"]
    env = run.pods["p01"]["spec"]["containers"][0]["env"]
    assert env == [{"name": "JOB_COMPLETION_INDEX", "value": "1"}]
    run.end("p01", "Succeeded")
    assert run.look().create == (2,)
    assert run.job["status"]["completedIndexes"] == "1"
    assert ranges([0, 1, 2, 5]) == "0-2,5"


def test_a_queue_is_done_when_one_has_succeeded_and_all_have_ended() -> None:
    run = Run(parallelism=2)
    del run.job["spec"]["completions"]
    run.look()
    run.end("p00", "Succeeded")
    assert run.look().create == ()
    run.end("p01", "Succeeded")
    assert run.look().outcome[0] == "CompletionsReached"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    controllers = standard(Loopback(made.api, "job-controller"))
    controllers.start()
    yield made
    controllers.close()


def test_a_job_by_way_of_the_api(server: Server) -> None:
    made = job()
    server.made(JOBS, {**made, "metadata": {"name": "sum"}})
    until(lambda: len(server.get(PODS)["items"]) == 1)
    name = server.get(PODS)["items"][0]["metadata"]["name"]
    assert name.startswith("sum-")
    until(lambda: server.get(f"{JOBS}/sum")["status"].get("active") == 1)
    server.patch(f"{PODS}/{name}/status", {"status": {"phase": "Succeeded"}})
    until(lambda: is_over(server.get(f"{JOBS}/sum")).get("type") == "Complete")
    status = server.get(f"{JOBS}/sum")["status"]
    assert (status["succeeded"], status.get("active", 0)) == (1, 0)
    server.ask("DELETE", f"{JOBS}/sum")
    assert server.get(PODS)["items"] == []
