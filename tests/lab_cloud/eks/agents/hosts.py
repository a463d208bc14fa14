"""Nodes with real processes, and an API server without its port."""

import asyncio
import functools
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from lab_cloud.clock import Clock
from lab_cloud.eks.agents.addresses import Addresses
from lab_cloud.eks.agents.fleet import Fleet
from lab_cloud.eks.agents.loop import Loop
from lab_cloud.eks.agents.machine import Machine
from lab_cloud.eks.agents.node import GIB, Node
from lab_cloud.eks.agents.pod import PodWorker
from lab_cloud.eks.controllers.client import Loopback
from lab_cloud.eks.kubernetes.answers import LogOptions
from lab_cloud.network.addresses import AddressBook
from lab_cloud.runtime.process import ProcessRuntime
from tests.lab_cloud.eks.kubernetes.server import PODS, Server

WEB = {"name": "web", "image": "nginx", "ports": [{"containerPort": 8080}]}


class NoRegistry:
    def has(self, image: str) -> bool:
        return False

    def password(self, region: str, image: str, role: str, session: str) -> str | None:
        return None


class Hosts:
    """What nodes need to join."""

    def __init__(self, folder: Path, speed: float = 600.0, runtime: Callable[[Path], Any] = ProcessRuntime) -> None:
        self.server = Server()
        self.runtime = runtime(folder)
        self.loop = Loop("test-kubelet")
        self._asyncio = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._asyncio.run_forever, daemon=True)
        self._thread.start()
        self.book = AddressBook()
        addresses = Addresses(self.book, self._spawn)
        clock = Clock(speed)
        self.server.api.now = self.server.api._registry.now = clock.now
        self.machine = Machine(self.runtime, NoRegistry(), clock, folder / "pods", self.loop, addresses)
        self.fleet = Fleet(Loopback(self.server.api, "kubelet"), self.machine, self.server.api.accounts.issue)
        self.server.api.logs = self.fleet

    def _spawn(self, start: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(start(), self._asyncio)

    def node(self, name: str, **options: Any) -> Node:
        made = functools.partial(
            Node,
            name=name,
            provider_id=f"aws:///us-east-1a/i-{name}",
            cluster="demo",
            instance_type="t3.medium",
            zone="us-east-1a",
            region="us-east-1",
            internal_ip="192.168.0.4",
            cpu=2,
            memory=4 * GIB,
            pods=17,
            version="1.36",
        )
        return made(**options)

    def ready(self, name: str) -> dict[str, Any] | None:
        """A node once it is Ready."""
        found = self.server.get(f"/api/v1/nodes/{name}")
        conditions = {each["type"]: each["status"] for each in found.get("status", {}).get("conditions", ())}
        return found if conditions.get("Ready") == "True" else None

    def pod(self, name: str, node: str, **spec: Any) -> dict[str, Any]:
        """Make a pod that is on its node already."""
        spec.setdefault("containers", [WEB])
        return self.server.made(PODS, {"metadata": {"name": name}, "spec": {"nodeName": node, **spec}})

    def worker(self, name: str) -> PodWorker:
        """What runs a pod."""
        found = self.get(name)
        agent = self.fleet._agents[found["spec"]["nodeName"]]
        worker = agent.pod(found["metadata"]["uid"])
        assert worker is not None
        return worker

    def get(self, name: str) -> dict[str, Any]:
        return self.server.get(f"{PODS}/{name}")

    def status(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(name)["status"]
        return found

    def first(self, name: str) -> dict[str, Any]:
        """The status of a pod's first container."""
        found: dict[str, Any] = self.status(name)["containerStatuses"][0]
        return found

    def condition(self, name: str, kind: str) -> str:
        return next(each["status"] for each in self.status(name)["conditions"] if each["type"] == kind)

    def reasons(self, name: str) -> list[str]:
        """The reasons of a pod's events, in their order."""
        uid = self.get(name)["metadata"]["uid"]
        return [each["reason"] for each in self.events() if each["involvedObject"]["uid"] == uid]

    def events(self) -> list[dict[str, Any]]:
        found = self.server.get("/api/v1/namespaces/default/events")["items"]
        return sorted(found, key=lambda each: int(each["metadata"]["resourceVersion"]))

    def log(self, name: str, container: str, **options: Any) -> str:
        """What a container has written."""

        async def read() -> bytes:
            asked = LogOptions(container, **options)
            return b"".join([piece async for piece in self.fleet.read(self.get(name), asked)])

        return asyncio.run_coroutine_threadsafe(read(), self._asyncio).result(20).decode()

    def close(self) -> None:
        self.fleet.close()
        self.runtime.close()
        self.loop.close()
        self.machine.addresses.close()
        end_loop(self._asyncio, self._thread)
        self._asyncio.close()


def end_loop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    """End a loop that runs on a thread, with all that goes on there: no socket is left open."""

    async def finish() -> None:
        await asyncio.sleep(0)  # what was asked for before begins
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for _ in range(3):  # transports are closed one turn after it was asked for, or two
            await asyncio.sleep(0)

    asyncio.run_coroutine_threadsafe(finish(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(20)
    loop.close()
