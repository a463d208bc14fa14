"""The agents of one cluster's nodes."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from ...errors import CloudError
from ...runtime.spec import ExecResult
from ..controllers.client import Client, Object
from ..kubernetes.answers import LogOptions
from ..kubernetes.status import bad_request
from .agent import NodeAgent
from .container import Container
from .machine import Machine
from .node import Node
from .pod import PodWorker
from .volumes import Token

EXEC_SECONDS = 300.0
"""The longest that a command in a container may take, in real seconds."""


class Fleet:
    """All nodes of a cluster that are switched on.

    Parameters
    ----------
    client : Client
        The cluster's API.
    machine : Machine
        What pods run with.
    token : callable
        Makes tokens of service accounts.
    """

    def __init__(self, client: Client, machine: Machine, token: Token) -> None:
        self._client = client
        self._token = token
        self._machine = machine
        self._agents: dict[str, NodeAgent] = {}

    def join(self, node: Node, trouble: str = "") -> NodeAgent:
        """Switch a node on: its agent registers it and runs pods; returns at once. A name joins once.

        With a trouble it is not Ready, and says that.
        """
        found = self._agents.get(node.name)
        if found is None:
            found = self._agents[node.name] = NodeAgent(self._client, node, self._machine, self._token, trouble)
            found.start()
        return found

    def leave(self, name: str) -> None:
        """Switch a node off: its processes are killed; the API is told nothing."""
        found = self._agents.pop(name, None)
        if found is not None:
            found.stop()

    def tell(self, name: str, trouble: str) -> None:
        """Say what keeps a node from being Ready; an empty text when nothing does."""
        found = self._agents.get(name)
        if found is not None:
            found.tell(trouble)

    def has(self, name: str) -> bool:
        """Whether a node of this name is switched on."""
        return name in self._agents

    def containers(self, pod: Object) -> list[Container]:
        """The containers of a pod; none when its node has nothing of it. From any thread."""
        agent = self._agents.get(pod["spec"].get("nodeName", ""))
        found = agent.pod(pod["metadata"]["uid"]) if agent is not None else None
        return list(found.containers) if found is not None else []

    async def read(self, pod: Object, options: LogOptions) -> AsyncIterator[bytes]:
        """The output of a pod's container."""
        output = self._worker(pod).output_of(options)
        async for piece in output.read(options, self._machine.clock.now()):
            yield piece

    async def run(self, pod: Mapping[str, Any], container: str, argv: Sequence[str]) -> ExecResult:
        """Run a command in a pod's container, and wait for its end."""
        handle = next(each.handle for each in self._worker(pod).containers if each.name == container)
        if handle is None:
            raise bad_request(f'container "{container}" of pod "{pod["metadata"]["name"]}" is not running')
        try:
            return await asyncio.get_running_loop().run_in_executor(None, handle.exec, argv, EXEC_SECONDS)
        except CloudError as error:
            raise bad_request(f"{error.message.rstrip('.')}. {error.remedy}".strip()) from None

    def _worker(self, pod: Mapping[str, Any]) -> PodWorker:
        metadata = pod["metadata"]
        agent = self._agents.get(pod["spec"].get("nodeName", ""))
        found = agent.pod(metadata["uid"]) if agent is not None else None
        if found is None:
            raise bad_request(f'the node of pod "{metadata["name"]}" has nothing of it (any more)')
        return found

    def close(self) -> None:
        """Switch all off."""
        for name in list(self._agents):
            self.leave(name)
