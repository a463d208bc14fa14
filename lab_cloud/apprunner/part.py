"""App Runner as a part of the cloud."""

from ..cloudwatch.part import CloudWatch
from ..core import Core
from ..ecr.repository import Repository
from ..ecr.service import Ecr
from ..wire import moto_ec2
from ..wire.moto_logs import MotoLogs
from .api import AppRunnerApi
from .collector import AppRunnerCollector
from .doors import Doors
from .launch import Launcher
from .reconciler import Services
from .roles import Roles
from .service import Service
from .store import Store


class AppRunner:
    """Services, what keeps them as they should be, and their URLs.

    Parameters
    ----------
    core : Core
        Where it plugs in.
    registry : Ecr
        Where private images come from, and who tells of pushed tags.
    watch : CloudWatch
        Where measurements go.
    logs : MotoLogs
        Where output and events go.
    """

    def __init__(self, core: Core, registry: Ecr, watch: CloudWatch, logs: MotoLogs) -> None:
        self._core = core
        self.store = Store()
        self.doors = Doors(core.world, core.book, core.folder)
        roles = Roles(core.authority, core.guard, core.vendor, core.dispatcher.invoke)
        launcher = Launcher(core.world, core.runtime, registry.pulling, logs, roles, core.running.endpoint)
        self._launcher = launcher
        self._services = Services(self.store, core.world, launcher, self.doors, logs, core.delays)
        registry.on_tag.append(self._pushed)
        core.world.add(self._services)
        host = registry.pulling.host
        core.dispatcher.own("apprunner", AppRunnerApi(self.store, core.clock, self._services, roles, _Vpc(), host))
        watch.sampler.add(AppRunnerCollector(self.store, self.doors, core.world.lock))
        core.on_start += [self.doors.start, launcher.forget_all]
        core.on_reset.append(self._reset)
        core.on_close.append(self.doors.close)

    def containers(self) -> int:
        """How many containers run."""
        return sum(
            one.handle is not None and one.handle.exit is None
            for service in self.store.services()
            for one in service.instances.values()
        )

    def urls(self) -> dict[str, str]:
        """Of each service, by name: the URL that works from here."""
        with self._core.world.lock:
            return {service.name: self.doors.url(service.arn)[0] for service in self.store.services()}

    def url(self, name: str) -> tuple[str, str] | None:
        """The URL of a service that works from here, and why nobody answers there; None when there is no such service.

        Parameters
        ----------
        name : str
            Its name, ARN, or URL on AWS.
        """
        wanted = name.strip().removeprefix("https://").removeprefix("http://")
        if not wanted.startswith("arn:"):
            wanted = wanted.partition("/")[0]
        with self._core.world.lock:
            for service in self.store.services():
                if wanted in (service.name, service.arn, service.url):
                    return self.doors.url(service.arn)
        return None

    def _pushed(self, repository: Repository, tag: str) -> None:
        self._services.pushed(f"{repository.uri}:{tag}", repository.region)

    def _reset(self) -> None:
        for region in self.store.regions.values():
            for service in region.services.values():
                _end(service)
        self.store.regions.clear()
        self._services.apply_doors()
        self._launcher.forget_all()


class _Vpc:
    """Amazon VPC, as far as App Runner looks into it."""

    def problem(self, region: str, subnets: list[str], groups: list[str]) -> str:
        """Which of these does not exist."""
        for subnet in subnets:
            if moto_ec2.subnet(region, subnet) is None:
                return f"The subnet ID '{subnet}' does not exist."
        known = moto_ec2.security_groups(region)
        for group in groups:
            if group not in known:
                return f"The security group '{group}' does not exist."
        return ""


def _end(service: Service) -> None:
    for one in service.instances.values():
        one.stopping = True
        if one.handle is not None and one.handle.exit is None:
            one.handle.kill()
    service.instances.clear()
