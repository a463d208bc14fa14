"""Nodes with real processes, and an API server without its port."""

import functools
from pathlib import Path
from typing import Any

from lab_cloud.clock import Clock
from lab_cloud.eks.agents.fleet import Fleet
from lab_cloud.eks.agents.loop import Loop
from lab_cloud.eks.agents.machine import Machine
from lab_cloud.eks.agents.node import GIB, Node
from lab_cloud.eks.controllers.client import Loopback
from lab_cloud.runtime.process import ProcessRuntime
from tests.lab_cloud.eks.kubernetes.server import Server


class NoRegistry:
    def has(self, image: str) -> bool:
        return False

    def password(self, region: str, image: str, role: str, session: str) -> str | None:
        return None


class Hosts:
    """What nodes need to join."""

    def __init__(self, folder: Path, speed: float = 600.0) -> None:
        self.server = Server()
        self.runtime = ProcessRuntime(folder)
        self.loop = Loop("test-kubelet")
        self.machine = Machine(self.runtime, NoRegistry(), Clock(speed), folder / "pods", self.loop)
        self.fleet = Fleet(Loopback(self.server.api, "kubelet"), self.machine)

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

    def close(self) -> None:
        self.fleet.close()
        self.loop.close()
        self.runtime.close()
