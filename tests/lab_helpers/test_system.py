"""A system in words: what is there, and what is not."""

from lab_helpers.system import Door, Queue, Service, System, Timer, in_words

WEB = Service("c", "page", 2, 2, ("shop:1",), True, door=Door("Application Load Balancer", "front", 8080))
OFFICE = Service("default", "office", 1, 1, ("nginx",), managed=True, door=Door("Express service", "https://x"))
WORKER = Service("c", "hands", 3, 1, ("shop:1",), True, "Fargate Spot", queues=("orders",))
TIMER = Timer("rule", "often", "rate(1 hour)", False, "c", "report")
WHOLE = System(
    services=(WEB, OFFICE, WORKER), queues=(Queue("orders", "u", 3, "dead"),), graves=(Queue("dead", "d", 1),),
    timers=(TIMER,), kubernetes=("DemoEKS",),
)  # fmt: skip


def test_a_service_is_what_its_door_says() -> None:
    assert [one.kind for one in WHOLE.services] == ["web service", "Express service", "worker service"]
    assert (WHOLE.webs, WHOLE.managed, WHOLE.workers) == ((WEB,), (OFFICE,), (WORKER,))


def test_an_address_is_what_the_lab_can_open() -> None:
    assert WEB.door is not None and WEB.door.address == "front:8080"
    assert OFFICE.door is not None and OFFICE.door.address == "https://x"


def test_the_tasks_of_a_timer_are_known_by_who_started_them() -> None:
    assert TIMER.started_by == "events-rule/often"
    assert Timer("schedule", "n" * 200, "", True, "c", "r").started_by.startswith("chronos-schedule/n")
    assert len(Timer("schedule", "n" * 200, "", True, "c", "r").started_by) == 128


def test_in_words() -> None:
    assert in_words(System()) == "Nothing of your system is there yet."
    words = in_words(WHOLE)
    for part in (
        "web service page: 2 of 2 tasks on Fargate, your own image",
        "requests come by Application Load Balancer front",
        "Express service office: 1 of 1 tasks on Fargate, nginx",
        "worker service hands: 1 of 3 tasks on Fargate Spot",
        "uses the queue orders",
        "queue orders, what fails ends in dead",
        "rule often: rate(1 hour) starts report, turned off",
        "EKS cluster DemoEKS",
    ):
        assert part in words, part
