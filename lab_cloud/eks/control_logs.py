"""The logs of a control plane: who has changed what (``audit``), and the API server's own lines (``api``).

They go to the log group ``/aws/eks/NAME/cluster`` while the cluster's logging has the kind turned on. Requests that
only read are left out: clients that watch would fill it. The other kinds (authenticator, controllerManager, scheduler)
can be turned on and stay empty.

References
----------
https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html
https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
"""

import contextlib
import json
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from . import names
from .cluster import Cluster
from .kubernetes.names import micro_timestamp
from .kubernetes.requests import Request
from .kubernetes.status import ApiError
from .outside import Logs

if TYPE_CHECKING:  # loaded with the first cluster
    from .kubernetes.api import ApiServer

READING = ("GET", "HEAD", "OPTIONS")
VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
GROUP = "/aws/eks/{}/cluster"


class ControlLogs:
    """What one cluster's API server writes down.

    Parameters
    ----------
    cluster : Cluster
        Whose.
    api : ApiServer
        Who knows whom a request is from.
    lock : RLock
        The world's; held only to make log streams.
    logs : Logs
        Where lines go.
    now : callable
        The time in epoch seconds.
    """

    def __init__(
        self, cluster: Cluster, api: "ApiServer", lock: "threading.RLock", logs: Logs, now: Callable[[], float]
    ) -> None:
        self._cluster = cluster
        self._api = api
        self._lock = lock
        self._logs = logs
        self._now = now
        self._mark = names.short_id(32)

    def __call__(self, request: Request, code: int) -> None:
        """A request was answered."""
        kinds = self._cluster.logging
        if request.method in READING or not {"api", "audit"} & set(kinds):
            return
        when, user = self._now(), "system:anonymous"
        with contextlib.suppress(ApiError):
            user = self._api.user_of(request).name
        if "audit" in kinds:
            event = {
                "kind": "Event",
                "apiVersion": "audit.k8s.io/v1",
                "level": "Metadata",
                "auditID": names.uuid(),
                "stage": "ResponseComplete",
                "requestURI": request.path + (f"?{request.query}" if request.query else ""),
                "verb": VERBS.get(request.method, request.method.lower()),
                "user": {"username": user},
                "userAgent": request.headers.get("user-agent", ""),
                "responseStatus": {"code": code},
                "requestReceivedTimestamp": micro_timestamp(when),
            }
            self._write("kube-apiserver-audit", when, json.dumps(event))
        if "api" in kinds:
            self._write("kube-apiserver", when, f'"HTTP" verb="{request.method}" URI="{request.path}" resp={code}')

    def _write(self, stream: str, when: float, line: str) -> None:
        region, group, stream = self._cluster.region, GROUP.format(self._cluster.name), f"{stream}-{self._mark}"
        with self._lock:
            self._logs.open_stream(region, group, stream, create_group=True)
        self._logs.write(region, group, stream, when, line)
