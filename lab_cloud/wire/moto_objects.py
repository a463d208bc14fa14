"""Tell of objects that come and go in moto's S3.

moto's own way to EventBridge asks no pattern and knows nothing of our rules, so it is replaced.
"""

import importlib
import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .call import Call

REASONS = {
    # moto's event: (detail-type, reason)
    "ObjectCreated:Put": ("Object Created", "PutObject"),
    "ObjectCreated:Post": ("Object Created", "POST Object"),
    "ObjectCreated:Copy": ("Object Created", "CopyObject"),
    "ObjectCreated:CompleteMultipartUpload": ("Object Created", "CompleteMultipartUpload"),
    "ObjectRemoved:Delete": ("Object Deleted", "DeleteObject"),
    "ObjectTagging:Put": ("Object Tags Added", ""),
    "ObjectTagging:Delete": ("Object Tags Deleted", ""),
    "ObjectAcl:Put": ("Object ACL Updated", ""),
}


BY_THEMSELVES = ("PutObjectTagging", "DeleteObjectTagging", "PutObjectAcl")
"""moto tells of tags and lists with each upload too; S3 does not."""


@dataclass(frozen=True)
class Happening:
    """What happened to an object.

    Parameters
    ----------
    kind, reason : str
        EventBridge's ``detail-type``, and S3's reason.
    told : bool
        Whether EventBridge is on for the bucket.
    call : Call or None
        Who did it.
    """

    region: str
    bucket: str
    key: str
    size: int
    etag: str
    version: str | None
    kind: str
    reason: str
    told: bool
    sequencer: str
    call: Call | None


Hook = Callable[[Happening], None]
_state: dict[str, Any] = {"hook": None, "call": None, "patched": False, "writes": 0}
_sequence = itertools.count(0x0065_0000_0000_0000)


def watch(hook: Hook) -> None:
    """Call this for every object that comes or goes; under the world's lock."""
    _state["hook"] = hook


def writes() -> int:
    """How many calls to S3 may have changed something: the same number again says that no bucket has changed.

    moto does not tell of each change: the marker that deletes an object with versions comes quietly.
    """
    return int(_state["writes"])


def begin(call: Call) -> None:
    """A call to S3 begins; under the world's lock."""
    _state["call"] = call
    if not call.operation.startswith(("Get", "Head", "List")):
        _state["writes"] += 1
    if not _state["patched"]:
        _patch()


def _patch() -> None:
    _models = importlib.import_module("moto.s3.models")
    notifications: Any = sys.modules["moto.s3.notifications"]
    original = notifications.send_event

    def send_event(account_id: str, event_name: Any, bucket: Any, key: Any) -> None:
        original(account_id, event_name, bucket, key)
        _tell(str(getattr(event_name, "value", event_name)), bucket, key)

    notifications.send_event = send_event
    notifications._send_event_bridge_message = lambda *some: None
    # it tells rules of new buckets without a trail of CloudTrail
    sys.modules["moto.s3.models"].events_send_notification = lambda **some: None  # type: ignore[attr-defined]
    _state["patched"] = True


def _tell(name: str, bucket: Any, key: Any) -> None:
    found = REASONS.get(name.removeprefix("s3:"))
    hook = _state["hook"]
    if found is None or hook is None or key is None:
        return
    call = _state["call"]
    if name.startswith(("s3:ObjectTagging", "s3:ObjectAcl")) and (call is None or call.operation not in BY_THEMSELVES):
        return
    configured = bucket.notification_configuration
    version = getattr(key, "version_id", None)
    happening = Happening(
        region=str(bucket.region_name),
        bucket=str(bucket.name),
        key=str(getattr(key, "name", "")),
        size=int(getattr(key, "size", 0) or 0),
        etag=str(getattr(key, "etag", "")).strip('"'),
        version=str(version) if bucket.is_versioned and version else None,
        kind=found[0],
        reason=found[1],
        told=configured is not None and configured.event_bridge is not None,
        sequencer=f"{next(_sequence):016X}",
        call=call,
    )
    hook(happening)
