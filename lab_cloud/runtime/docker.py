"""The `docker` runtime: real containers of a Docker or Podman engine.

Ports are published on loopback, on ports that the engine chooses. Limits are the kernel's. Every container carries
labels (see `lab_cloud.runtime.engine`), so that what a dead cloud has left is found and removed: by its guardian, and
by the next cloud. Images that were loaded stay in the engine, as a cache.
"""

import contextlib
import logging
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lab_cloud.errors import CannotStart
from lab_cloud.runtime import link_local
from lab_cloud.runtime.catalog import SOURCES, Catalog
from lab_cloud.runtime.command import words
from lab_cloud.runtime.dividing import Keeper
from lab_cloud.runtime.docker_handle import CPU_PERIOD, DockerHandle
from lab_cloud.runtime.engine import HOME, RUN, connect, labels, remove, remove_leftovers, said
from lab_cloud.runtime.engine_images import EngineImages
from lab_cloud.runtime.images import Store
from lab_cloud.runtime.limits import GIVEN
from lab_cloud.runtime.mounts import check_mounts
from lab_cloud.runtime.spec import ContainerSpec, Image
from lab_cloud.runtime.wayback import WayBack, open_way_back
from lab_cloud.system import Guardian

_CALLS = 8
"""Calls to the engine that may be under way beside those that start containers."""

_PATIENCE = 10.0
"""Seconds at the end until containers that are still there are removed by force."""

_LAST_WILL = "from lab_cloud.runtime.engine import remove_run\nremove_run(sys.argv[1])\n"

log = logging.getLogger(__name__)


class DockerRuntime:
    """Runs containers by a container engine.

    Parameters
    ----------
    home : Path
        ``.lab``: holds ``images/``. One cloud at a time uses it.
    sources : Path
        The folder of the course's images.
    port : int
        The cloud's port on loopback; 0 when containers need no way back to it.
    online : bool
        Whether the engine may pull from registries of the network.

    Raises
    ------
    RuntimeUnavailable
        No engine answers.
    """

    name = "docker"

    def __init__(self, home: Path, sources: Path = SOURCES, *, port: int = 0, online: bool = True) -> None:
        self.api = connect()
        self.run = secrets.token_hex(4)
        self.keeper = Keeper()
        self.way_back: WayBack | None = open_way_back(self.api, port) if port else None
        self.cores = float(self.api.info().get("NCPU") or 1)
        self._port = port
        self._labels = labels(home, self.run)
        self._folder = home / "containers" / self.run
        self._folder.mkdir(parents=True)
        self.catalog = Catalog(Store(home / "images"), sources)
        self._images = EngineImages(self.api, self.catalog, self._folder, online=online)
        self._containers: dict[str, DockerHandle] = {}
        self._starting = 0
        self._guardian: Guardian | None = None
        self._changed = threading.Condition()
        self._closed = False
        self._calls = ThreadPoolExecutor(_CALLS, "engine")
        self.call(lambda: remove_leftovers(self.api, home, self.run))

    def call(self, job: Callable[[], object]) -> None:
        """Ask something of the engine without waiting for the answer."""

        def work() -> None:
            try:
                job()
            except Exception as error:
                log.warning("the container engine refused: %s", said(error))

        with contextlib.suppress(RuntimeError):  # after the end
            self._calls.submit(work)

    def pull(self, image: str, password: str | None = None) -> Image:
        """Make an image available; see `EngineImages.pull`."""
        return self._images.pull(image, password)

    def start(self, spec: ContainerSpec) -> DockerHandle:
        """Start a container.

        Raises
        ------
        ImageNotFound, ImageCorrupt
            As `pull`.
        CannotStart
            The engine refuses; with its reason.
        """
        check_mounts(spec.mounts)
        image = self.pull(spec.image)
        with self._changed:
            if self._closed:
                raise CannotStart("the cloud is going down")
            if self._guardian is None or not self._guardian.alive():
                self._guardian = Guardian(self.run, self._folder, _LAST_WILL, _engine_environment())
            self._starting += 1
        key = ""
        try:
            key = self._create(spec, image)
            self._ensure_address(spec)
            handle = DockerHandle(self, spec, image, key)
            handle.begin()
            with self._changed:
                self._containers[key] = handle
        except Exception as error:
            if key:
                remove(self.api, key)
            if isinstance(error, CannotStart):
                raise
            raise CannotStart(f"CannotStartContainerError: {said(error)}", "Check the container definition.") from error
        finally:
            with self._changed:
                self._starting -= 1
                self._changed.notify_all()
        handle.follow()
        return handle

    def _ensure_address(self, spec: ContainerSpec) -> None:
        url = self.way_back.private_url if self.way_back is not None else ""
        if not url or not any(value.startswith(url) for value in spec.environment.values()):
            return
        if not link_local.ensure(self.api):  # it was there when the cloud started
            raise CannotStart(
                f"CannotStartContainerError: containers cannot reach {link_local.ADDRESS} any more",
                "See which network of the engine has this address, and start the cloud again.",
            )

    def _create(self, spec: ContainerSpec, image: Image) -> str:
        config = image.config
        line = words(image, spec)
        environment = dict(item.partition("=")[::2] for item in config.get("Env") or ()) | dict(spec.environment)
        if spec.hostname:
            environment["HOSTNAME"] = spec.hostname
        if self.way_back is not None:
            way_back, port = self.way_back, self._port
            environment = {name: way_back.mapped(value, port) for name, value in environment.items()}
        limits: dict[str, Any] = {}
        memory = [limit for limit in (spec.memory_limit, spec.share and spec.share.memory) if limit]
        if memory:
            limits |= {"mem_limit": min(memory), "memswap_limit": min(memory)}
        cpu = self.keeper.part(spec.share) if spec.share else None
        if cpu is not None and cpu < self.cores:
            limits |= {"cpu_period": CPU_PERIOD, "cpu_quota": quota(cpu)}
        host = self.api.create_host_config(
            port_bindings={
                port: ("127.0.0.1", spec.host_ports[port]) if port in spec.host_ports else ("127.0.0.1",)
                for port in spec.ports
            },
            mounts=[
                {
                    "Type": "bind",
                    "Source": str(each.source.absolute()),
                    "Target": each.target,
                    "ReadOnly": each.read_only,
                }
                for each in spec.mounts
            ],
            **limits,
        )
        made = self.api.create_container(
            self._images.name(image),
            command=line[1:],
            entrypoint=line[:1],
            environment=environment,
            working_dir=spec.working_directory or config.get("WorkingDir") or "/",
            user=spec.user or config.get("User") or None,
            hostname=(spec.hostname or "")[:63] or None,
            ports=list(spec.ports),
            stop_signal=config.get("StopSignal"),
            labels=self._labels,
            host_config=host,
            healthcheck={"test": ["NONE"]},  # ECS does not read the image's own
        )
        return str(made["Id"])

    def forget(self, handle: DockerHandle) -> None:
        """Clean up after a container that has ended."""
        self.keeper.remove(handle.spec.share, handle)
        with self._changed:
            self._containers.pop(handle.id, None)

    def close(self) -> None:
        """Stop everything; no container is left."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.wait_for(lambda: self._starting == 0, 30)
            containers = list(self._containers.values())
        for handle in containers:
            handle.kill()
        deadline = time.monotonic() + _PATIENCE
        for handle in containers:
            handle.wait(max(deadline - time.monotonic(), 0))
        self.keeper.close()
        self._calls.shutdown()
        for each in self.api.containers(all=True, filters={"label": f"{RUN}={self.run}"}):
            remove(self.api, each["Id"])
        if self.way_back is not None:
            for door in self.way_back.listeners:
                door.close()
            if self.way_back.third is not None:
                link_local.leave(self.api, HOME)
        self.api.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._guardian is not None:
            self._guardian.dismiss()


def quota(cpu: float) -> int:
    """Microseconds of a period that a share of processors is; a little less, so that use never shows above 100 %."""
    return max(int(cpu * GIVEN * CPU_PERIOD), 1000)


def _engine_environment() -> dict[str, str]:
    """What the guardian must know to find the same engine."""
    names = ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "XDG_RUNTIME_DIR", "HOME")
    return {name: os.environ[name] for name in names if name in os.environ}
