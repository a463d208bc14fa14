"""PutEvents and TestEventPattern.

References
----------
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
"""

import datetime
import json
from typing import Any

from ..clock import Clock
from ..wire import Call
from .checks import invalid
from .event import made
from .router import Router
from .rules_api import read_pattern
from .store import bus_name

LARGEST = 1024 * 1024
"""Bytes of one request's entries; 256 KB until January 2026."""
NEEDED = ("id", "account", "source", "time", "region", "resources", "detail-type")


class EntryOperations:
    """Take in events of the learner's own, and try a pattern."""

    _router: Router
    _clock: Clock

    def put_events(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutEvents: each entry gets an id, or the reason why not."""
        if params.get("EndpointId"):
            raise invalid("Global endpoints are not part of the embedded cloud. Leave EndpointId out.")
        if sum(size(entry) for entry in params["Entries"]) >= LARGEST:
            raise invalid("Total size of the entries in the request is over the limit.")
        answers = [self._put(call, entry) for entry in params["Entries"]]
        return {"FailedEntryCount": sum("ErrorCode" in each for each in answers), "Entries": answers}

    def _put(self, call: Call, entry: dict[str, Any]) -> dict[str, str]:
        for name in ("Source", "DetailType", "Detail"):
            if not entry.get(name):
                message = f"Parameter {name} is not valid. Reason: {name} is a required argument."
                return {"ErrorCode": "InvalidArgument", "ErrorMessage": message}
        if entry["Source"].startswith("aws."):
            return {
                "ErrorCode": "NotAuthorizedForSourceException",
                "ErrorMessage": "Not authorized for the source.",
            }
        try:
            detail = json.loads(entry["Detail"])
        except (ValueError, RecursionError):
            detail = None
        if not isinstance(detail, dict):
            return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        moment = _moment(entry.get("Time"), self._clock.now())
        event = made(call.region, entry["Source"], entry["DetailType"], detail, moment, entry.get("Resources") or ())
        self._router.accept(call.region, bus_name(entry.get("EventBusName")), event)
        return {"EventId": event["id"]}

    def test_event_pattern(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """TestEventPattern."""
        pattern = read_pattern(params["EventPattern"])
        try:
            event = json.loads(params["Event"])
        except (ValueError, RecursionError) as error:
            raise invalid(f"Parameter Event is not valid. Reason: it is not JSON: {error}.") from error
        lacking = [name for name in NEEDED if not isinstance(event, dict) or name not in event]
        if lacking:
            raise invalid(f"Parameter Event is not valid. Reason: it lacks {', '.join(lacking)}.")
        return {"Result": pattern.matches(event)}


def size(entry: dict[str, Any]) -> int:
    """Bytes of one entry, as EventBridge counts them."""
    texts = [entry.get(name) or "" for name in ("Source", "DetailType", "Detail")]
    counted = sum(len(text.encode()) for text in [*texts, *(entry.get("Resources") or ())])
    return counted + (14 if entry.get("Time") else 0)


def _moment(given: Any, now: float) -> float:
    if given is None:
        return now
    if isinstance(given, datetime.datetime):
        return given.timestamp()
    return float(given)
