"""The agent of one node: it registers the node, says that it lives, and runs the pods that are given to it."""

import logging
from collections.abc import Callable

from ..controllers.client import Client, Object
from ..kubernetes import names
from ..kubernetes.status import ApiError
from . import node as nodes
from .machine import Machine
from .node import Node
from .pod import PodWorker
from .recorder import Recorder
from .volumes import Token

log = logging.getLogger(__name__)


class NodeAgent:
    """What a kubelet is.

    All of it runs on the machine's loop.

    Parameters
    ----------
    client : Client
        The cluster's API.
    node : Node
        What it registers.
    machine : Machine
        What it runs pods with.
    token : callable
        Makes tokens of service accounts.
    trouble : str
        Why the node is not Ready; empty when it is.
    """

    def __init__(self, client: Client, node: Node, machine: Machine, token: Token, trouble: str = "") -> None:
        self.node = node
        self._token = token
        self._trouble = trouble
        self._client = client
        self._machine = machine
        self._uid = ""
        self._since = 0.0
        self._turned: float | None = None
        self._reported = 0.0
        self._stopped = False
        self._end: Callable[[], None] = lambda: None
        self._pods: dict[str, PodWorker] = {}
        self._recorder = Recorder(client, "kubelet", machine.clock.now, node.name)

    def start(self) -> None:
        """Join the cluster; returns at once."""
        self._machine.loop.post(self._join)

    def stop(self) -> None:
        """End as a machine ends that is switched off: its processes are killed, and the API is told nothing.

        The Node and the pods stay as they were; a node lifecycle controller sees to them.
        """
        self._stopped = True
        self._machine.loop.post(self._leave)

    def tell(self, trouble: str) -> None:
        """Say from now on that the node is not Ready, and why; with an empty text that it is."""
        self._machine.loop.post(lambda: self._tell(trouble))

    # -- on the loop --------------------------------------------------------------------------------------------------

    def _join(self) -> None:
        if self._stopped:
            return
        self._since = self._machine.clock.now()
        self._register()
        self._renew()
        loop = self._machine.loop
        fields = f"spec.nodeName={self.node.name}"
        self._end = self._client.watch(
            "/api/v1/pods", lambda kind, pod: loop.post(lambda: self._told(kind, pod)), fields
        )

    def _leave(self) -> None:
        self._end()
        for each in list(self._pods.values()):
            each.removed()

    def pod(self, uid: str) -> PodWorker | None:
        """A pod of this node, by its uid."""
        return self._pods.get(uid)

    def _forget(self, uid: str) -> None:
        self._pods.pop(uid, None)

    def _told(self, kind: str, pod: Object) -> None:
        if kind == "BOOKMARK" or self._stopped:
            return
        uid = pod["metadata"]["uid"]
        found = self._pods.get(uid)
        if kind == "DELETED":
            if found is not None:
                found.removed()
            return
        if found is None:
            found = self._pods[uid] = PodWorker(
                self._client, self._machine, self.node, self._recorder, self._token, pod, self._forget
            )
        found.seen(pod)

    def _register(self) -> None:
        """Make the Node, with its status as a kubelet does, or take over the one that is there."""
        made = {**nodes.node_object(self.node), "status": self._status()}
        path = f"/api/v1/nodes/{self.node.name}"
        try:
            found = self._client.create("/api/v1/nodes", made)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            found = self._client.merge(path, {"metadata": {"labels": made["metadata"]["labels"]}})
            self._report()
        self._uid = found["metadata"]["uid"]

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble and not self._stopped:
            self._trouble, self._turned = trouble, self._machine.clock.now()
            self._report()

    def _report(self) -> None:
        self._client.merge(f"/api/v1/nodes/{self.node.name}/status", {"status": self._status()})

    def _status(self) -> Object:
        now = self._reported = self._machine.clock.now()
        return nodes.node_status(self.node, self._since, now, self._trouble, self._turned)

    def _renew(self) -> None:
        """Say that the node lives, and again before long."""
        if self._stopped:
            return
        self._machine.loop.later(nodes.RENEW_SECONDS, self._renew)
        now = self._machine.clock.now()
        try:
            renewed: Object = {"spec": {"holderIdentity": self.node.name, "renewTime": names.micro_timestamp(now)}}
            self._client.merge(f"{nodes.LEASES}/{self.node.name}", renewed)
        except ApiError:
            self._client.create(nodes.LEASES, nodes.lease(self.node, self._uid, now))
        if now - self._reported >= nodes.REPORT_SECONDS:
            self._report()
