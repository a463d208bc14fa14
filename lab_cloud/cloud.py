"""The parts of one running cloud, put together."""

import asyncio
import datetime
import gc
import logging
import os
import threading
from pathlib import Path
from typing import Any

from . import home, system
from .apprunner.part import AppRunner
from .autoscaling.part import Ec2AutoScaling
from .clock import Clock
from .cloudwatch.part import CloudWatch
from .containers import Containers
from .containers_control import ContainersControl
from .control import PREFIX as CONTROL_PREFIX
from .control import Control
from .core import Core
from .delays import Delays
from .ecr.service import Ecr
from .ecs.part import Ecs
from .efs.part import Efs
from .eks.part import Eks
from .elb.api import ElbApi
from .elb.classic_api import ClassicApi
from .elb.collector import ElbCollector
from .elb.reconciler import Elb
from .errors import CloudError
from .events.capacity import CapacitySource
from .events.part import Events
from .events.sources import AlarmSource, RegistrySource
from .iam.authority import Authority
from .iam.guard import Guard
from .iam.sts_api import StsApi
from .iam.vendor import PREFIX as CREDENTIALS
from .iam.vendor import Vendor
from .images_control import ImagesControl
from .network.addresses import AddressBook
from .network.api import NetworkApi
from .runtime.choice import ABOUT, choose
from .scaling.part import AutoScaling
from .scheduler.part import Scheduler
from .sqs.part import Sqs
from .wire import moto_load
from .wire.dispatch import Dispatcher
from .wire.gateway import Gateway
from .wire.iam import Iam
from .wire.moto_apps import MotoApps
from .wire.moto_logs import MotoLogs
from .wire.ssm import Ssm
from .world import World

log = logging.getLogger("lab_cloud")

DEFAULT_REGION = "us-east-1"
MOST_HURRY = 120.0
"""Real seconds; who hurries the cloud and dies must not leave it so."""


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
        core = self.core = _core(folder, port, speed, runtime)
        if not core.check_signatures:
            log.warning("LAB_AUTH=off: any program on this machine may use this cloud")
        logs = MotoLogs()
        # The order is that of the reconcilers: each sees what those before it have done in the same tick.
        self.elb = Elb(core.world, core.book, folder)
        core.world.add(self.elb)
        watch = CloudWatch(core)
        watch.sampler.add(ElbCollector(self.elb, core.world.lock))
        events = Events(core, watch)
        Scheduler(core, events)
        registry = Ecr(core)
        images = RegistrySource(events)
        registry.on_action.append(images.action)
        registry.on_scan.append(images.scanned)
        watch.evaluation.on_change.append(AlarmSource(events).changed)
        capacity = Ec2AutoScaling(core, self.elb, watch)
        instances = CapacitySource(capacity.store, events)
        core.world.add(instances)
        core.on_reset.append(instances.forget)
        self.efs = Efs(core)
        self.ecs = Ecs(core, self.elb, watch, logs, registry.pulling, capacity, events, self.efs)
        AutoScaling(core, self.ecs, watch)
        self.apprunner = AppRunner(core, registry, watch, logs)
        eks = Eks(core, self._secret_of, registry.pulling, capacity, self.elb.targets, self.efs.mounting, watch, logs)
        core.world.add(logs)
        core.dispatcher.prepare["logs"] = logs.store
        core.on_reset.append(logs.forget)
        Sqs(core)
        for service, api in {
            "sts": StsApi(core.running.access_key, core.authority),
            "elbv2": ElbApi(self.elb),
            "ec2": NetworkApi(),
            "iam": Iam(),
            "ssm": Ssm(eks.published_images),
        }.items():
            core.dispatcher.override(service, api)
        core.dispatcher.own("elb", ClassicApi())
        core.commands |= {"status": self._status, "url": self._url, "reset": self._reset, "hurry": self._hurry}
        core.commands |= ImagesControl(core.runtime.catalog, registry.pulling.own_password).commands()
        self.containers = Containers(core.runtime, folder / "volumes", registry.pulling.own_password)
        core.commands |= ContainersControl(self.containers).commands()
        core.on_reset.append(self.containers.reset)
        core.doors[CREDENTIALS] = core.vendor
        core.doors[CONTROL_PREFIX] = Control(core.running.secret_key, core.commands)
        self.gateway = Gateway(
            core.dispatcher,
            core.world.lock,
            self._secret_of,
            core.clock,
            open_doors=core.doors,
            stream_doors=core.stream_doors,
            sockets=core.sockets,
            slow_doors=core.slow_doors,
            check_signatures=core.check_signatures,
            inner=core.runtime.way_back,
            private=(CONTROL_PREFIX,),
        )

    def _secret_of(self, access_key: str) -> str | None:
        if access_key == self.core.running.access_key:
            return self.core.running.secret_key
        with self.core.world.lock:
            return self.core.moto.secret_of(access_key)

    def _status(self) -> dict[str, Any]:
        import psutil

        core = self.core
        calendar = datetime.datetime.fromtimestamp(core.clock.calendar(), datetime.UTC)
        return {
            "calendar": calendar.isoformat(timespec="milliseconds"),
            "containers": self._running(),
            "runtime_about": ABOUT[core.runtime.name],
            "reconciler_seconds": round(core.world.cpu_seconds, 3),
            "memory_mb": round(psutil.Process().memory_info().rss / 1e6),
            "urls": {**self.apprunner.urls(), **self.elb.urls()},
        }

    def _running(self) -> int:
        return self.ecs.containers() + self.apprunner.containers() + self.containers.running()

    def _url(self, name: str) -> dict[str, Any]:
        try:
            url, warning = self.elb.url(name)
        except CloudError as error:
            found = self.apprunner.url(name)
            if found is None:
                services = ", ".join(sorted(self.apprunner.urls()))
                remedy = f"{error.remedy} App Runner services here: {services}." if services else error.remedy
                raise CloudError(error.message, remedy) from None
            url, warning = found
        return {"url": url, "warning": warning}

    def _hurry(self, seconds: float) -> dict[str, Any]:
        return {"skipped": self.core.delays.hurry(min(max(seconds, 0.0), MOST_HURRY))}

    def _reset(self) -> dict[str, Any]:
        ended = self._running()
        for hook in self.core.on_reset:
            hook()
        self.core.vendor.clear()
        self.core.moto.reset()
        self.core.book.clear()
        self.core.world.wake()
        return {"containers": ended}

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Open for business: begin to tick, say how to be reached, and load the heavy parts."""
        self.core.world.start(loop)
        self.elb.start()
        for hook in self.core.on_start:
            hook()
        home.write(self.core.folder, self.core.running)
        threading.Thread(target=self._warm, name="warm-up", daemon=True).start()

    def _warm(self) -> None:
        try:
            moto_load.load()
            gc.freeze()  # code stays for good; no collection has to look through it
            with self.core.world.lock:
                self.core.moto.warm(self.core.running.region)
            with self.core.world.lock:
                moto_load.load_rest()
        except Exception:
            log.exception("moto could not be loaded")
        gc.enable()
        gc.collect()
        system.trim_memory()

    def close(self) -> None:
        """End every container and every thread."""
        home.forget(self.core.folder, self.core.running.pid)
        self.core.world.close()
        self.elb.close()
        self.core.runtime.close()
        for hook in self.core.on_close:
            hook()
        self.gateway.close()


def _core(folder: Path, port: int, speed: float, runtime: str) -> Core:
    access_key, secret_key = home.new_keys()
    clock = Clock(speed)
    world, moto = World(clock), MotoApps()
    chosen = choose(runtime, folder, port)
    running = home.Running(
        pid=os.getpid(),
        port=port,
        access_key=access_key,
        secret_key=secret_key,
        speed=speed,
        region=os.environ.get("LAB_REGION", DEFAULT_REGION),
        runtime=chosen.name,
        started=clock.now(),
    )
    dispatcher, authority = Dispatcher(moto, world.wake), Authority(clock)
    guard = Guard(authority, access_key, world.lock)
    dispatcher.guard = guard.check
    asked = chosen.way_back.private_url if chosen.way_back else ""
    return Core(
        folder=folder,
        running=running,
        clock=clock,
        delays=Delays(clock),
        world=world,
        moto=moto,
        dispatcher=dispatcher,
        book=AddressBook(relayed=chosen.name == "docker"),
        runtime=chosen,
        authority=authority,
        guard=guard,
        vendor=Vendor(asked or running.endpoint, clock, reachable=bool(asked) or chosen.name != "docker"),
        check_signatures=os.environ.get("LAB_AUTH", "on") != "off",
    )
