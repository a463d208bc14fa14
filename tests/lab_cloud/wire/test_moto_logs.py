"""The output of containers: what is written before moto is loaded waits for it, and nobody else does."""

import time
from typing import Any

import pytest

from lab_cloud.wire import moto_load
from lab_cloud.wire.call import ACCOUNT
from lab_cloud.wire.moto_logs import MotoLogs


@pytest.fixture
def early(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first second of a cloud."""

    def load() -> None:
        raise AssertionError("this would wait")

    monkeypatch.setattr(moto_load, "loaded", lambda: False)
    monkeypatch.setattr(moto_load, "load", load)


def groups(region: str) -> Any:
    moto_load.load()
    from moto.logs.models import logs_backends

    return logs_backends[ACCOUNT][region].groups


@pytest.mark.usefixtures("early")
def test_what_is_written_early_is_there_later(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = MotoLogs()
    assert "does not exist" in logs.open_stream("eu-west-1", "early", "one", create_group=False)
    assert logs.open_stream("eu-west-1", "early", "one", create_group=True) == ""
    assert logs.open_stream("eu-west-1", "early", "two", create_group=False) == "", "it is being made"
    logs.write("eu-west-1", "early", "one", time.time(), "hello")
    logs.tick(1.0)
    monkeypatch.undo()
    moto_load.load()
    logs.tick(2.0)
    found = groups("eu-west-1").pop("early").streams
    assert [event.message for event in found["one"].events] == ["hello"]
    assert not found["two"].events


@pytest.mark.usefixtures("early")
def test_a_reset_forgets_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = MotoLogs()
    logs.open_stream("eu-west-1", "forgotten", "one", create_group=True)
    logs.forget()
    monkeypatch.undo()
    moto_load.load()
    logs.tick(1.0)
    assert "forgotten" not in groups("eu-west-1")


def test_who_reads_before_the_next_tick_finds_it_too() -> None:
    logs = MotoLogs()
    logs.open_stream("eu-west-1", "group", "one", create_group=True)
    logs.write("eu-west-1", "group", "one", time.time(), "hello")
    logs.store()
    assert [event.message for event in groups("eu-west-1").pop("group").streams["one"].events] == ["hello"]
