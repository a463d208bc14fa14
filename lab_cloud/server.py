"""The cloud as one process: put the parts together, serve on loopback, end cleanly.

Start with ``python -m lab_cloud up``. Heavy parts (moto, botocore) are loaded on a thread of their own after the door
is open, so that the first call is answered within a second.
"""

import argparse
import asyncio
import datetime
import gc
import logging
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import uvicorn

from . import home, system
from .clock import Clock
from .cloudwatch.alarm_reconciler import Alarms
from .cloudwatch.alarm_store import AlarmStore
from .cloudwatch.api import CloudWatchApi
from .cloudwatch.sampler import Sampler
from .cloudwatch.store import MetricStore
from .control import PREFIX as CONTROL_PREFIX
from .control import Command, Control
from .delays import Delays
from .ecr.service import Ecr
from .ecs.api import EcsApi
from .ecs.collector import EcsCollector
from .ecs.health_reconciler import HealthChecks
from .ecs.interruption import Interruptions
from .ecs.launch import Launcher
from .ecs.metadata import PREFIX as METADATA_PREFIX
from .ecs.metadata import Metadata
from .ecs.neighbours import AutoScalingNeighbour, ElbNeighbour, VpcNeighbour
from .ecs.service_reconciler import ServiceReconciler
from .ecs.store import Store
from .ecs.task_reconciler import TaskReconciler
from .elb.api import ElbApi
from .elb.reconciler import Elb
from .errors import AlreadyRunning, CloudError, PortInUse
from .images_control import ImagesControl
from .network.addresses import AddressBook
from .network.api import NetworkApi
from .runtime.choice import ABOUT, choose
from .scaling.api import ScalingApi
from .scaling.groups_api import GroupsApi
from .scaling.neighbours import EcsServices
from .scaling.reconciler import Scaling
from .scaling.store import ScalingStore
from .wire import moto_load
from .wire.dispatch import Dispatcher
from .wire.gateway import Gateway
from .wire.iam import Iam
from .wire.identity import Identity
from .wire.moto_apps import MotoApps
from .wire.moto_logs import MotoLogs
from .wire.ssm import Ssm
from .world import World

log = logging.getLogger("lab_cloud")

DEFAULT_REGION = "us-east-1"
SWITCH_SECONDS = 0.001
"""How long a busy thread may keep the others waiting; Python's 5 ms would be felt by every proxied request."""


class Cloud:
    """All parts of one running cloud.

    Parameters
    ----------
    folder : Path
        The folder `.lab/`.
    port : int
        The loopback port of the API.
    speed : float
        How many times shorter AWS's own waiting is.
    runtime : str
        How containers run; empty for the default.

    Raises
    ------
    RuntimeUnavailable
        This machine cannot run them so.
    """

    def __init__(self, folder: Path, port: int, speed: float, runtime: str = "") -> None:
        access_key, secret_key = home.new_keys()
        self.folder = folder
        self.clock = Clock(speed)
        self.world = World(self.clock)
        self.moto = MotoApps()
        self.book = AddressBook()
        self.runtime = choose(runtime, folder, port)
        self.running = home.Running(
            pid=os.getpid(),
            port=port,
            access_key=access_key,
            secret_key=secret_key,
            speed=speed,
            region=os.environ.get("LAB_REGION", DEFAULT_REGION),
            runtime=self.runtime.name,
            started=self.clock.now(),
        )
        self.store = Store()
        self.logs = MotoLogs()
        self.metrics = MetricStore(self.clock)
        self.alarms = AlarmStore()
        self.sampler = Sampler(self.clock, self.metrics)
        self.sampler.add(EcsCollector(self.store, self.world.lock))
        alarms = Alarms(self.clock, self.metrics, self.alarms, self.world.wake_at)
        self.scaling = ScalingStore()
        scalable = {"ecs": EcsServices(self.store)}
        scaling = Scaling(self.clock, self.scaling, self.alarms, scalable, self.world.wake_at)
        alarms.on_action(
            r"arn:aws:autoscaling:[^:]*:[^:]*:scalingPolicy:[^:]*:resource/", scaling.on_alarm, repeat=True
        )
        delays = Delays(self.clock)
        self.interruptions = Interruptions(self.store, self.world, delays)
        self.elb = Elb(self.world, self.book, folder)
        networks = VpcNeighbour(self.book)
        balancing = ElbNeighbour(self.elb.targets)
        check_signatures = os.environ.get("LAB_AUTH", "on") != "off"
        self.ecr = Ecr(
            self.world,
            folder,
            f"127.0.0.1:{port}",
            region=self.running.region,
            check_tokens=check_signatures,
        )
        self.runtime.catalog.add_remote(self.ecr.pulling.host, self.ecr.pulling)
        launcher = Launcher(
            self.world,
            self.runtime,
            self.logs,
            self.ecr.pulling,
            f"http://127.0.0.1:{port}{METADATA_PREFIX.rstrip('/')}",
        )
        tasks = TaskReconciler(self.store, self.world, launcher, networks, balancing, delays)
        for reconciler in (
            self.elb,
            tasks,
            HealthChecks(self.store, self.world),
            ServiceReconciler(self.store, self.world, tasks, balancing, delays),
            alarms,
            scaling,
            self.logs,
        ):
            self.world.add(reconciler)
        dispatcher = self.dispatcher = Dispatcher(self.moto, self.world.wake)
        dispatcher.own("ecr", self.ecr.api)
        dispatcher.own("ecs", EcsApi(self.store, self.clock, networks, balancing, AutoScalingNeighbour()))
        watch = CloudWatchApi(self.clock, self.metrics, self.alarms, alarms)
        dispatcher.own("cloudwatch", watch)
        dispatcher.own(
            "application-autoscaling", ScalingApi(self.clock, self.scaling, scaling, self.alarms, watch, scalable)
        )
        dispatcher.override("sts", Identity(access_key))
        dispatcher.override("elbv2", ElbApi(self.elb))
        dispatcher.override("ec2", NetworkApi())
        dispatcher.override("autoscaling", GroupsApi())
        dispatcher.override("iam", Iam())
        dispatcher.override("ssm", Ssm())
        if not check_signatures:
            log.warning("LAB_AUTH=off: any program on this machine may use this cloud")
        self.gateway = Gateway(
            dispatcher,
            self.world.lock,
            self._secret_of,
            self.clock,
            open_doors={METADATA_PREFIX: Metadata(self.store), CONTROL_PREFIX: self._control()},
            stream_doors=[self.ecr.door],
            check_signatures=check_signatures,
        )

    def _secret_of(self, access_key: str) -> str | None:
        if access_key == self.running.access_key:
            return self.running.secret_key
        with self.world.lock:
            return self.moto.secret_of(access_key)

    def _control(self) -> Control:
        commands: dict[str, Command] = {
            "status": self._status,
            "url": self._url,
            "interrupt": self.interruptions.interrupt,
            "reset": self._reset,
            **ImagesControl(self.runtime.catalog).commands(),
        }
        return Control(self.running.secret_key, commands)

    def _status(self) -> dict[str, Any]:
        import psutil

        calendar = datetime.datetime.fromtimestamp(self.clock.calendar(), datetime.UTC)
        return {
            "calendar": calendar.isoformat(timespec="milliseconds"),
            "containers": self._containers(),
            "runtime_about": ABOUT[self.runtime.name],
            "reconciler_seconds": round(self.world.cpu_seconds, 3),
            "memory_mb": round(psutil.Process().memory_info().rss / 1e6),
            "urls": self.elb.urls(),
        }

    def _url(self, name: str) -> dict[str, Any]:
        url, warning = self.elb.url(name)
        return {"url": url, "warning": warning}

    def _reset(self) -> dict[str, Any]:
        ended = self._containers()
        now = self.clock.now()
        for region in self.store.regions.values():
            for task in region.tasks.values():
                task.ask_to_stop("UserInitiated", "The cloud was reset", now)
                for container in task.containers:
                    if container.alive and container.handle is not None:
                        container.handle.kill()
        self.store.regions.clear()
        self.metrics.clear()
        self.alarms.clear()
        self.ecr.reset()
        self.scaling.regions.clear()
        self.moto.reset()
        self.book.clear()
        self.world.wake()
        return {"containers": ended}

    def _containers(self) -> int:
        return sum(
            container.alive
            for region in self.store.regions.values()
            for task in region.tasks.values()
            for container in task.containers
        )

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Open for business: begin to tick, say how to be reached, and load the heavy parts."""
        self.world.start(loop)
        self.elb.start()
        self.sampler.start()
        home.write(self.folder, self.running)
        threading.Thread(target=self._warm, name="warm-up", daemon=True).start()

    def _warm(self) -> None:
        try:
            moto_load.load()
            with self.world.lock:
                self.moto.warm(self.running.region)
            with self.world.lock:
                moto_load.load_rest()
        except Exception:
            log.exception("moto could not be loaded")
        gc.collect()
        system.trim_memory()

    def close(self) -> None:
        """End every container and every thread."""
        home.forget(self.folder, self.running.pid)
        self.sampler.close()
        self.world.close()
        self.elb.close()
        self.runtime.close()
        self.ecr.close()
        self.gateway.close()


def serve(folder: Path, port: int, speed: float, runtime: str = "", *, to_terminal: bool = False) -> int:
    """Run the cloud until it is told to stop.

    Parameters
    ----------
    folder : Path
        The folder `.lab/`.
    port : int
        The loopback port; 0 for a free one.
    speed : float
        How many times shorter AWS's own waiting is.
    runtime : str
        How containers run; empty for the default.
    to_terminal : bool
        Whether somebody reads along.

    Returns
    -------
    int
        The exit code.
    """
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # the learner's own account is none of this cloud's business; moto would read a profile
    listener = _listen(folder, port)
    sys.setswitchinterval(SWITCH_SECONDS)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    cloud = Cloud(folder, listener.getsockname()[1], speed, runtime)
    config = uvicorn.Config(
        cloud.gateway,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
        ws="none",
    )
    server = uvicorn.Server(config)

    async def run() -> None:
        cloud.start(asyncio.get_running_loop())
        if to_terminal:
            print(f"The cloud is up at {cloud.running.endpoint} (speed {speed:g}). Ctrl-C stops it.", flush=True)
        await server.serve(sockets=[listener])

    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(run())
    except KeyboardInterrupt:
        pass
    finally:
        cloud.close()
    return 0


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:  # Windows has none
        return None
    return uvloop.new_event_loop


def _listen(folder: Path, port: int) -> socket.socket:
    other = home.read(folder)
    if other is not None:
        raise AlreadyRunning(f"A cloud is already up on port {other.port}.", "Stop it first: python -m lab_cloud down")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if not system.WINDOWS:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        raise PortInUse(
            f"Port {port} is used by another program ({error.strerror}).",
            "Leave --port out to get a free one, or name another.",
        ) from error
    return listener


def main() -> int:
    """Run the daemon that ``up`` starts."""
    parser = argparse.ArgumentParser(prog="python -m lab_cloud.server")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--speed", type=float, default=60.0)
    parser.add_argument("--runtime", default="")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the learner's terminal is not meant for us
    try:
        return serve(options.home, options.port, options.speed, options.runtime)
    except CloudError as error:
        print(f"error: {error.message} | {error.remedy}", flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
