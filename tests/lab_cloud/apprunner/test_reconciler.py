"""Services on a clock that the test moves, with instances that are what the test says."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from lab_cloud.apprunner.reconciler import Services
from lab_cloud.apprunner.service import Instance, Release, Run, Service
from lab_cloud.apprunner.settings import Reader
from lab_cloud.apprunner.store import Store
from lab_cloud.clock import ManualClock
from lab_cloud.delays import Delays
from lab_cloud.runtime.spec import Exit
from tests.lab_cloud.apprunner.stage import source

PORT = 80


class Doors:
    """Stands for the data plane: a target is as healthy and as busy as the test says."""

    def __init__(self) -> None:
        self.targets = SimpleNamespace(expire=lambda now: None)
        self.health: dict[str, str] = {}
        self.load: dict[str, int] = {}
        self.answered = 0
        self.plans: dict[str, Any] = {}

    def apply(self, plans: dict[str, Any], groups: dict[str, Any]) -> None:
        self.plans = plans

    def add(self, group: str, address: str, port: int, loopback: int) -> None:
        self.health[address] = "initial"

    def drain(self, group: str, address: str) -> None:
        pass

    def remove(self, address: str) -> None:
        self.health.pop(address, None)

    def target(self, group: str, address: str, port: int) -> Any:
        if address not in self.health:
            return None
        record = SimpleNamespace(health=SimpleNamespace(state=self.health[address]))
        counters = SimpleNamespace(requests=self.answered)
        return SimpleNamespace(record=record, in_flight=self.load.get(address, 0), counters=counters)

    def in_flight(self, group: str) -> int:
        return sum(self.load.values())


@dataclass
class Handle:
    """A container that ends as soon as it is asked to."""

    ended: Any
    ports: dict[int, int] = field(default_factory=lambda: {PORT: 1})
    exit: Exit | None = None

    def stop(self) -> None:
        self.end(0)

    def end(self, code: int) -> None:
        self.exit = Exit(code)
        self.ended(self.exit)


class Launcher:
    """Pulls and starts at once."""

    def __init__(self) -> None:
        self.refusal = ""
        self.forgotten: set[str] = set()
        self.ended: list[str] = []
        self.handles: dict[str, Handle] = {}

    def prepare(self, service: Service, release: Release, say: Any, ready: Any) -> None:
        ready(None if self.refusal else Run("image", PORT), self.refusal)

    def end(self, instance: Instance) -> None:
        self.ended.append(instance.id)

    def forget(self, images: set[str]) -> None:
        self.forgotten |= images

    def start(self, service: Service, release: Release, instance: Instance, started: Any, ended: Any) -> None:
        self.handles[instance.id] = Handle(ended)
        started(self.handles[instance.id], "")

    def same_image(self, service: Service, image: str, region: str) -> bool:
        return image == service.settings.image


class Stage:
    """One service and its clock."""

    def __init__(self) -> None:
        self.clock, self.doors, self.launcher, self.store = ManualClock(60), Doors(), Launcher(), Store()
        self.lines: list[str] = []
        world = SimpleNamespace(clock=self.clock)
        logs = SimpleNamespace(
            open_stream=lambda *a, **k: "", write=lambda region, group, stream, when, line: self.lines.append(line)
        )
        self.services = Services(
            self.store, world, self.launcher, self.doors, logs, Delays(self.clock)  # type: ignore[arg-type]
        )  # fmt: skip
        region = self.store.region("r")
        self.settings = Reader(region, "host").create({"SourceConfiguration": source()})
        self.service = Service("r", "demo", "0", "x.r.awsapprunner.com", self.settings, self.clock.now())
        region.services[self.service.arn] = self.service
        self.service.release(self.settings)
        self.services.begin(self.service, "CREATE_SERVICE", self.clock.now())

    def tick(self, seconds: float = 0.25) -> None:
        self.clock.advance(seconds)
        self.services.tick(self.clock.now())

    def become(self, state: str) -> None:
        """Let every instance be so, and tick until nothing more follows from it."""
        for _ in range(5):
            for address in self.doors.health:
                self.doors.health[address] = state
            self.tick()

    @property
    def last(self) -> tuple[str, str]:
        return self.service.operations[0].kind, self.service.operations[0].status

    def plan(self) -> Any:
        return self.doors.plans[self.service.arn]


def test_a_service_is_in_progress_until_it_is_healthy() -> None:
    stage = Stage()
    for _ in range(3):
        stage.tick()
        assert stage.service.status == "OPERATION_IN_PROGRESS"
    assert (stage.last, stage.plan().group) == (("CREATE_SERVICE", "IN_PROGRESS"), "")
    stage.become("healthy")
    assert (stage.last, stage.service.status) == (("CREATE_SERVICE", "SUCCEEDED"), "RUNNING")
    assert stage.plan().group == stage.service.group(1)


def test_an_image_that_is_not_there() -> None:
    stage = Stage()
    stage.launcher.refusal = "no such thing."
    stage.tick()
    stage.tick()
    stage.tick()
    assert (stage.last, stage.service.status) == (("CREATE_SERVICE", "FAILED"), "CREATE_FAILED")
    assert any("no such thing" in line for line in stage.lines)
    assert "creation failed" in stage.plan().closed
    assert not stage.launcher.handles


def test_a_failed_deployment_goes_back_and_the_old_instances_never_stop() -> None:
    stage = Stage()
    stage.become("healthy")
    old = list(stage.launcher.handles)
    stage.services.deploy(stage.service, stage.clock.now())
    stage.tick()
    stage.tick()
    (new,) = set(stage.launcher.handles) - set(old)
    stage.launcher.handles[new].end(1)
    stage.tick()
    assert stage.last == ("START_DEPLOYMENT", "ROLLBACK_IN_PROGRESS")
    assert stage.service.status == "OPERATION_IN_PROGRESS"
    assert stage.plan().group == stage.service.group(1)
    stage.become("healthy")
    assert (stage.last, stage.service.status) == (("START_DEPLOYMENT", "ROLLBACK_SUCCEEDED"), "RUNNING")
    assert all(stage.launcher.handles[name].exit is None for name in old)
    assert list(stage.service.releases) == [1]


def test_the_new_release_has_the_traffic_before_the_old_one_ends() -> None:
    stage = Stage()
    stage.become("healthy")
    (old,) = stage.launcher.handles
    address = stage.service.instances[old].address
    stage.doors.load[address] = 1
    stage.services.deploy(stage.service, stage.clock.now())
    stage.become("healthy")
    assert stage.plan().group == stage.service.group(2)
    assert stage.launcher.handles[old].exit is None
    stage.doors.load.clear()
    stage.become("healthy")
    assert stage.launcher.handles[old].exit == Exit(0)
    assert len(stage.service.instances) == 1


def test_a_deployment_under_load_keeps_its_size() -> None:
    stage = Stage()
    stage.become("healthy")
    (first,) = stage.service.instances.values()
    stage.doors.load[first.address] = 150
    stage.become("healthy")
    stage.services.deploy(stage.service, stage.clock.now())
    stage.doors.load.clear()  # the requests move over to the new instances
    for _ in range(6):
        stage.become("healthy") if stage.service.active == 1 else stage.tick(0.05)
    assert stage.service.active == 2
    assert sum(one.release == 2 and one.drain_since is None for one in stage.service.instances.values()) == 2


def test_scale_in_waits_for_two_aws_minutes() -> None:
    stage = Stage()
    stage.become("healthy")
    (first,) = stage.service.instances.values()
    stage.doors.load[first.address] = 150
    stage.become("healthy")
    assert len(stage.service.instances) == 2
    stage.doors.load.clear()
    stage.tick(1.0)
    assert len(stage.service.instances) == 2
    stage.tick(1.1)
    stage.become("healthy")
    assert len(stage.service.instances) == 1


def test_a_pushed_tag_is_deployed_when_the_service_is_free() -> None:
    stage = Stage()
    object.__setattr__(stage.settings, "source", {**stage.settings.source, "AutoDeploymentsEnabled": True})
    stage.services.pushed(stage.settings.image, "r")
    stage.tick()
    assert stage.last == ("CREATE_SERVICE", "IN_PROGRESS")
    stage.become("healthy")
    stage.become("healthy")
    assert stage.last == ("START_DEPLOYMENT", "SUCCEEDED")
    assert len(stage.service.operations) == 2


def test_what_is_pushed_during_a_pause_is_not_deployed() -> None:
    stage = Stage()
    object.__setattr__(stage.settings, "source", {**stage.settings.source, "AutoDeploymentsEnabled": True})
    stage.become("healthy")
    stage.services.begin(stage.service, "PAUSE_SERVICE", stage.clock.now())
    stage.services.pushed(stage.settings.image, "r")
    stage.become("healthy")
    assert stage.service.status == "PAUSED"
    stage.services.pushed(stage.settings.image, "r")
    assert not stage.service.pushed


def test_what_crashes_again_and_again_is_not_restarted_at_once() -> None:
    stage = Stage()
    stage.become("healthy")
    for _ in range(3):
        for handle in [one for one in stage.launcher.handles.values() if one.exit is None]:
            handle.end(1)
        stage.tick(0.5)
        stage.tick(0.5)
    assert len(stage.launcher.handles) == 2
    stage.tick(5)
    assert len(stage.launcher.handles) == 3
    assert stage.service.status == "RUNNING"


def test_an_instance_without_requests_is_idle_until_the_next_one() -> None:
    stage = Stage()
    stage.tick()
    stage.tick()
    (instance,) = stage.service.instances.values()
    stage.tick(3)
    assert not instance.idle()  # it is starting
    stage.become("healthy")
    stage.tick(1.1)
    assert instance.idle()
    stage.doors.answered += 1  # between two ticks
    stage.tick()
    assert not instance.idle()
    stage.tick(1.1)
    assert instance.idle()
    stage.doors.load[instance.address] = 1
    stage.tick(1.1)
    assert not instance.idle()
