"""Events: what controllers tell of what they do, one object for what happens again and again.

References
----------
https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

import contextlib
import threading
from collections.abc import Mapping
from typing import Any

from ..kubernetes import names
from ..kubernetes.status import ApiError
from .client import Client, Object

MOST_KEPT = 1000
Key = tuple[str, str, str, str]


class Recorder:
    """What writes the events of one component.

    Parameters
    ----------
    client : Client
        The cluster's API.
    component : str
        Who tells, for example ``deployment-controller``.
    host : str
        The node that it is on, if it is one's.
    """

    def __init__(self, client: Client, component: str, host: str = "") -> None:
        self._client = client
        self._source = {"component": component, **({"host": host} if host else {})}
        self._told: dict[Key, tuple[str, int]] = {}
        self._lock = threading.Lock()

    def tell(
        self, about: Mapping[str, Any], reason: str, message: str, now: float, *, warning: bool = False, part: str = ""
    ) -> None:
        """Write an event, or count it once more. May be called from any thread.

        An event is never worth a failure: what the API refuses (a namespace that ends, for one) is let go.

        Parameters
        ----------
        about : mapping
            The object.
        reason, message : str
            One word in CamelCase, and a sentence.
        now : float
            The time in epoch seconds.
        warning : bool
            Whether something went wrong.
        part : str
            Which part of the object, for example ``spec.containers{web}``.
        """
        key = str(about["metadata"]["uid"]), part, reason, message
        when = names.timestamp(now)
        with contextlib.suppress(ApiError), self._lock:
            path, count = self._told.get(key, ("", 0))
            if path and self._counted(path, count + 1, when):
                self._told[key] = path, count + 1
                return
            made = _event(about, reason, message, when, self._source, warning=warning)
            if part:
                made["involvedObject"]["fieldPath"] = part
            base = f"/api/v1/namespaces/{made['metadata']['namespace']}/events"
            stored = self._stored(base, made, str(about["metadata"]["name"]), now)
            if len(self._told) >= MOST_KEPT:
                self._told.clear()
            self._told[key] = f"{base}/{stored['metadata']['name']}", 1

    def _stored(self, base: str, made: Object, about: str, now: float) -> Object:
        """Events are named by their time, so that those of one second stay in their order in lists."""
        mark = int(now * 1e9)
        while True:
            made["metadata"]["name"] = f"{about}.{mark:x}"
            try:
                return self._client.create(base, made)
            except ApiError as error:
                if error.reason != "AlreadyExists":
                    raise
            mark += 1

    def _counted(self, path: str, count: int, when: str) -> bool:
        try:
            self._client.merge(path, {"count": count, "lastTimestamp": when})
        except ApiError as error:
            if error.code == 404:  # somebody has deleted it
                return False
            raise
        return True


def _event(
    about: Mapping[str, Any], reason: str, message: str, when: str, source: dict[str, str], *, warning: bool
) -> dict[str, Any]:
    metadata = about["metadata"]
    namespace = metadata.get("namespace", "default")
    reference = {"kind": about["kind"], "apiVersion": about["apiVersion"], "name": metadata["name"]}
    reference |= {name: metadata[name] for name in ("namespace", "uid", "resourceVersion") if name in metadata}
    return {
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": {"namespace": namespace},
        "involvedObject": reference,
        "reason": reason,
        "message": message,
        "type": "Warning" if warning else "Normal",
        "count": 1,
        "firstTimestamp": when,
        "lastTimestamp": when,
        "source": source,
        "reportingComponent": source["component"],
        "reportingInstance": source.get("host", ""),
    }
