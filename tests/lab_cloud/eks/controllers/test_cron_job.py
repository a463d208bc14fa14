"""What a CronJob does, by a clock that is moved by hand."""

from collections.abc import Iterator
from typing import Any

import pytest

from lab_cloud.eks.controllers.client import Loopback
from lab_cloud.eks.controllers.cron_job import decide, job_of
from lab_cloud.eks.controllers.standard import standard
from tests.lab_cloud.eks.kubernetes.server import Server
from tests.waiting import until

CREATED = 1767225600.0  # 2026-01-01T00:00:00Z
CRON_JOBS = "/apis/batch/v1/namespaces/default/cronjobs"
TEMPLATE = {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "a"}]}}}}


def cron_job(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "tick", "namespace": "default", "uid": "c", "creationTimestamp": "2026-01-01T00:00:00Z"}
    own = {"schedule": "*/5 * * * *", "jobTemplate": TEMPLATE, **spec}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": own}


def job(name: str, over: str = "") -> dict[str, Any]:
    conditions = [{"type": over, "status": "True"}] if over else []
    return {"metadata": {"name": name}, "status": {"conditions": conditions}}


def test_a_job_at_each_time() -> None:
    early, late = decide(cron_job(), [], CREATED + 10), decide(cron_job(), [], CREATED + 301)
    assert (early.run, early.due) == (0, CREATED + 300)
    assert (late.run, late.due) == (CREATED + 300, CREATED + 600)
    assert job_of(cron_job(), late.run)["metadata"]["name"] == f"tick-{int(late.run // 60)}"
    assert decide(cron_job(suspend=True), [], CREATED + 301).run == 0


def test_of_missed_times_only_the_last_counts_and_not_too_late() -> None:
    assert decide(cron_job(), [], CREATED + 1000).run == CREATED + 900
    assert decide(cron_job(startingDeadlineSeconds=60), [], CREATED + 1000).skipped == "MissSchedule"


def test_what_runs_still_is_let_be_waited_for_or_replaced() -> None:
    running = [job("old")]
    assert decide(cron_job(), running, CREATED + 301).delete == ()
    assert decide(cron_job(concurrencyPolicy="Forbid"), running, CREATED + 301).skipped == "JobAlreadyActive"
    assert decide(cron_job(concurrencyPolicy="Replace"), running, CREATED + 301).delete == ("old",)


def test_old_jobs_go() -> None:
    jobs = [*(job(f"a{i}", "Complete") for i in range(5)), *(job(f"b{i}", "Failed") for i in range(2))]
    assert decide(cron_job(), jobs, CREATED).delete == ("a0", "a1", "b0")


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    controllers = standard(Loopback(made.api, "cronjob-controller"))
    controllers.start()
    yield made
    controllers.close()


def test_a_cron_job_by_way_of_the_api(server: Server) -> None:
    made = {**cron_job(schedule="* * * * *"), "metadata": {"name": "tick"}}
    server.made(CRON_JOBS, made)  # the server's clock is years behind, so a time has been missed
    until(lambda: server.get("/apis/batch/v1/namespaces/default/jobs")["items"])
    until(lambda: len(server.get(f"{CRON_JOBS}/tick").get("status", {}).get("active", ())) == 1)
    bad = {**cron_job(schedule="every minute"), "metadata": {"name": "bad"}}
    code, found = server.ask("POST", CRON_JOBS, bad)
    assert (code, found["details"]["causes"][0]["field"]) == (422, "spec.schedule")
