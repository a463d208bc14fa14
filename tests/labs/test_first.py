"""Any lab can be the first one: from an empty cloud, twice in a row, and after the cloud was killed or has slept."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lab_helpers import Lab, cloud, home
from lab_helpers.errors import CloudUnavailable
from tests.waiting import until

LABS = home.all_numbers()
# Labs that stand on the same ones begin in the same way: one of them is asked each time, and the others in the matrix.
FIRST_OF_ITS_KIND = {tuple(home.needed(number)): number for number in reversed(LABS)}.values()
pytestmark = pytest.mark.labs


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A home of the test's own; whatever cloud it starts ends with it."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "LOCALSTACK_")) or name in ("LAB_BACKEND", "LAB_LEARNER", "JUPYTERHUB_USER"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LAB_HOME", str(tmp_path / ".lab"))
    monkeypatch.setenv("LAB_PROGRESS", "off")
    yield
    cloud._run("down")


def begun(number: int, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What a start says after its first line."""
    Lab(number).start()
    first, *more = capsys.readouterr().out.splitlines()
    assert first.startswith(f"Lab {number:02d} begins here, on the embedded cloud")
    return more


def ready(said: list[str]) -> list[str]:
    """The sentence on what was brought, on however many lines; others may come after it."""
    begins = [place for place, line in enumerate(said) if line.startswith("Ready from the labs before: ")]
    found = said[begins[0] :] if begins else []
    return found[: 1 + next((place for place, line in enumerate(found) if line.endswith(".")), 0)]


@pytest.mark.parametrize(
    "number", [pytest.param(n, marks=() if n in FIRST_OF_ITS_KIND else pytest.mark.matrix) for n in LABS]
)
def test_any_lab_first_then_again_then_after_the_cloud_was_killed(
    number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    said = begun(number, capsys)
    made = [one for needed in home.needed(number) for one in home.notebook(needed).build]
    assert bool(ready(said)) == bool(made)
    hurried = "On AWS they take about 10 minutes; here nobody waited for that."
    assert (hurried in said) == (9 in home.needed(number))  # a cluster and its nodes
    assert not any(line.startswith("Removed") for line in said)
    again = begun(number, capsys)
    assert ready(again) == ready(said)
    assert hurried not in again
    assert not any(line.startswith("Removed") for line in again)
    dead = cloud.status()["pid"]
    os.kill(dead, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    until(lambda: not psutil.pid_exists(dead) or not cloud.status()["running"])
    assert ready(begun(number, capsys)) == ready(said)
    assert cloud.status()["pid"] != dead


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal that lets a process sleep")
def test_a_laptop_that_slept_goes_on_where_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    said = begun(3, capsys)
    lab = Lab(3)
    names = {"lab": lab}
    for source in home.notebook(3).build:
        exec(source, names)
    ecs = lab.client("ecs")
    asleep = psutil.Process(cloud.status()["pid"])
    family = [asleep, *asleep.children(recursive=True)]
    assert len(family) > 1  # a task runs
    for each in family:
        each.send_signal(signal.SIGSTOP)
    until(lambda: asleep.status() == psutil.STATUS_STOPPED)
    time.sleep(2)  # two minutes of AWS, in which no heartbeat comes and no probe is answered
    for each in family:
        each.send_signal(signal.SIGCONT)
    (service,) = ecs.list_services(cluster="DemoCluster")["serviceArns"]
    lab.wait(ecs, "services_stable", cluster="DemoCluster", services=[service])
    assert cloud.status()["pid"] == asleep.pid
    assert ready(begun(3, capsys)) == ready(said)


def test_a_client_of_a_dead_cloud_says_what_to_do() -> None:
    lab = Lab(0)
    lab.start()
    sts = lab.client("sts")
    os.kill(cloud.status()["pid"], signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    until(lambda: not cloud.status()["running"])
    with pytest.raises(CloudUnavailable, match="does not answer any more"):
        sts.get_caller_identity()
    lab.start()
    assert lab.client("sts").get_caller_identity()["Account"]
