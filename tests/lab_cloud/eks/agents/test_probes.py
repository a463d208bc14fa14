"""What the answers of probes mean."""

from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.eks.agents.probes import (
    LIVENESS,
    READINESS,
    STARTUP,
    Probe,
    Record,
    first,
    has_failed,
    port_of,
    probes_of,
    step,
)

CONTAINER = {
    "name": "web",
    "ports": [{"name": "http", "containerPort": 8080}],
    "livenessProbe": {"httpGet": {"port": "http"}, "periodSeconds": 20, "failureThreshold": 2},
    "readinessProbe": {"tcpSocket": {"port": 8080}, "successThreshold": 2, "periodSeconds": 1},
}


def probe(kind: str, speed: float = 60.0) -> Probe:
    return probes_of(CONTAINER, speed)[kind]


def after(kind: str, *answers: tuple[float, bool]) -> Record:
    record = first(kind)
    for now, passed in answers:
        record = step(record, probe(kind), passed, now)
    return record


def test_periods_go_with_the_speed_down_to_a_second() -> None:
    assert probe(LIVENESS).interval == 1.0
    assert probe(LIVENESS, 4.0).interval == 5.0
    assert probe(READINESS, 600.0).interval == 1.0
    assert STARTUP not in probes_of(CONTAINER, 60.0)
    assert port_of("http", CONTAINER) == 8080
    assert port_of("none", CONTAINER) == 0
    assert port_of(9, CONTAINER) == 9


def test_a_container_is_ready_after_enough_good_answers_and_not_after_enough_bad_ones() -> None:
    assert not first(READINESS).passing
    assert not after(READINESS, (1, True)).passing
    ready = ((1, True), (2, True))
    assert after(READINESS, *ready).passing
    assert after(READINESS, *ready, (3, False), (4, False)).passing
    assert not after(READINESS, *ready, (3, False), (4, False), (5, False)).passing


def test_a_program_that_is_starting_gets_the_time_that_it_has_on_a_real_cluster() -> None:
    slow = after(LIVENESS, (1, False), (2, False), (3, False), (19.9, False))
    assert not has_failed(slow, probe(LIVENESS))
    assert has_failed(step(slow, probe(LIVENESS), False, 21.5), probe(LIVENESS))
    once_well = after(LIVENESS, (1, True), (2, False), (3, False))
    assert has_failed(once_well, probe(LIVENESS))
    assert not has_failed(after(READINESS, *((i, False) for i in range(9))), probe(READINESS))


@given(st.lists(st.booleans(), max_size=30))
def test_one_good_answer_is_worth_a_new_start(answers: list[bool]) -> None:
    record = after(LIVENESS, *((float(i * 30), passed) for i, passed in enumerate(answers)), (10_000.0, True))
    assert record.failures == 0
    assert record.passed
