"""Credentials of roles over HTTP, with a clock that the test moves."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lab_cloud.clock import ManualClock
from lab_cloud.iam.vendor import LIFETIME_SECONDS, PREFIX, RENEWED_SECONDS, Issued, Vendor
from lab_cloud.wire import moto_load, moto_sts
from lab_cloud.wire.principals import caller_of, check_token
from lab_cloud.wire.sigv4 import Refused, Request, Signer

ENDPOINT = "http://127.0.0.1:4566"
ROLE = "arn:aws:iam::123456789012:role/app"


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    moto_load.load()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def vendor(clock: ManualClock) -> Iterator[Vendor]:
    made = Vendor(ENDPOINT, clock)
    yield made
    made.clear()


def ask(vendor: Vendor, issued: Issued, token: str | None = None, method: str = "GET") -> tuple[int, dict[str, Any]]:
    headers = {"authorization": issued.token if token is None else token}
    answer = vendor(Request(method, issued.url.removeprefix(ENDPOINT), "", headers, b""))
    return (answer.status, json.loads(answer.body)) if answer is not None else (404, {})


def refused(found: dict[str, Any], now: float, token: str | None = None) -> str:
    """Why these credentials are refused; empty when they are not."""
    try:
        check_token(Signer(found["AccessKeyId"], "us-east-1", "s3", found["Token"] if token is None else token), now)
    except Refused as why:
        return why.kind
    return ""


def test_an_address_gives_the_credentials_of_its_role(vendor: Vendor, clock: ManualClock) -> None:
    issued = vendor.issue(ROLE, "task-1")
    status, found = ask(vendor, issued)
    assert (status, found["RoleArn"]) == (200, ROLE)
    assert found["Expiration"] == "2023-11-15T04:13:20Z"  # six hours on
    who = caller_of(found["AccessKeyId"])
    assert (who.arn, who.role) == ("arn:aws:sts::123456789012:assumed-role/app/task-1", ROLE)
    assert refused(found, clock.now()) == ""
    assert refused(found, clock.now(), "guess") == "unknown-key"
    assert issued.environment == {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": issued.url,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": issued.token,
    }
    assert issued.token not in repr(issued)


def test_nobody_else_gets_them(vendor: Vendor) -> None:
    issued, other = vendor.issue(ROLE, "task-1"), vendor.issue(ROLE, "task-2")
    assert ask(vendor, issued, "")[0] == 401
    assert ask(vendor, issued, other.token)[0] == 401
    assert ask(vendor, issued, method="POST")[0] == 404
    assert vendor(Request("GET", PREFIX, "", {"authorization": ""}, b"")) is None
    assert ask(vendor, issued)[1]["AccessKeyId"] != ask(vendor, other)[1]["AccessKeyId"]


def test_they_are_renewed_before_they_expire(vendor: Vendor, clock: ManualClock) -> None:
    issued = vendor.issue(ROLE, "task-1")
    first = ask(vendor, issued)[1]
    clock.advance(LIFETIME_SECONDS - RENEWED_SECONDS - 1)
    assert ask(vendor, issued)[1] == first
    clock.advance(1)
    second = ask(vendor, issued)[1]
    assert second["AccessKeyId"] != first["AccessKeyId"]
    assert second["Expiration"] > first["Expiration"]
    assert refused(first, clock.now()) == ""  # the old ones are good until their end
    clock.advance(RENEWED_SECONDS - 1)
    assert refused(first, clock.now()) == ""
    clock.advance(1)
    assert refused(first, clock.now()) == "expired-token"
    assert refused(second, clock.now()) == ""
    clock.advance(LIFETIME_SECONDS)
    assert refused(second, clock.now()) == "expired-token"
    assert refused(ask(vendor, issued)[1], clock.now()) == ""


def test_they_end_with_the_task(vendor: Vendor, clock: ManualClock) -> None:
    issued = vendor.issue(ROLE, "task-1")
    found = [ask(vendor, issued)[1]]
    clock.advance(LIFETIME_SECONDS)
    found.append(ask(vendor, issued)[1])
    vendor.end(issued)
    assert ask(vendor, issued)[0] == 404
    assert [moto_sts.find(each["AccessKeyId"]) for each in found] == [None, None]


def test_where_containers_cannot_ask_for_them(clock: ManualClock) -> None:
    vendor = Vendor(ENDPOINT, clock, reachable=False)
    issued = vendor.issue(ROLE, "task-1")
    found = issued.environment
    assert set(found) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
    assert caller_of(found["AWS_ACCESS_KEY_ID"]).role == ROLE
    assert found["AWS_SECRET_ACCESS_KEY"] not in repr(issued)
    vendor.end(issued)
    assert moto_sts.find(found["AWS_ACCESS_KEY_ID"]) is None
