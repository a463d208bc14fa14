"""Pull a release's image and start its instances. Slow, so on worker threads; what happened is posted to the world.

The instance role is stored and described: an instance gets no credentials of it yet. Nor does a VPC connector change
what an instance can reach.
"""

import logging
import shlex
from collections.abc import Callable
from typing import Protocol

from ..errors import RuntimeFailure
from ..runtime.references import parse
from ..runtime.spec import ContainerSpec, Exit, Handle, Runtime
from ..world import World
from .service import Instance, Release, Service
from .settings import reference_of

log = logging.getLogger(__name__)

STOP_SECONDS = 10.0


class Registries(Protocol):
    """Amazon ECR, as App Runner uses it."""

    host: str

    def has(self, image: str) -> bool:
        """Whether an image lies in a registry that needs a password."""

    def password(self, region: str, image: str, role: str, session: str) -> str | None:
        """The password with which a role pulls an image; None for an image that lies elsewhere."""


class Logs(Protocol):
    """CloudWatch Logs, as App Runner uses it."""

    def open_stream(self, region: str, group: str, stream: str, *, create_group: bool) -> str:
        """Make the stream; return why that cannot be, or an empty text."""

    def write(self, region: str, group: str, stream: str, when: float, line: str) -> None:
        """Add one line. May be called from any thread, without the lock."""


class Launcher:
    """Turns releases into running containers.

    Parameters
    ----------
    world : World
        Where what happened is posted.
    runtime : Runtime
        What runs containers on this machine.
    registries : Registries
        Where private images come from.
    logs : Logs
        Where output goes.
    """

    def __init__(self, world: World, runtime: Runtime, registries: Registries, logs: Logs) -> None:
        self._world = world
        self._runtime = runtime
        self._registries = registries
        self._logs = logs

    def pull(self, service: Service, release: Release, pulled: Callable[[str, str], None]) -> None:
        """Pull a release's image; `pulled` is posted with its digest and with why it cannot be had."""
        settings = release.settings
        image, region, elsewhere = reference_of(settings.image, self._registries.host)
        if elsewhere:
            self._world.post(lambda: pulled("", elsewhere))
            return
        role, session = settings.access_role, f"AppRunner-{service.id[:8]}"

        def work() -> None:
            digests: list[str] = []

            def pull() -> None:
                password = self._registries.password(region or service.region, image, role, session)
                digests.append(self._runtime.pull(image, password).digest)

            why = _tried(pull)
            self._world.post(lambda: pulled(digests[0] if digests else "", why))

        self._world.work(work)

    def start(
        self,
        service: Service,
        release: Release,
        instance: Instance,
        started: Callable[[Handle | None, str], None],
        ended: Callable[[Exit], None],
    ) -> None:
        """Start an instance; `started` is posted with its handle, or None and why, and `ended` when it has ended."""
        group, stream = service.log_group("application"), f"instance/{instance.id}"
        self._logs.open_stream(service.region, group, stream, create_group=True)
        of_image = release.settings.of_image
        command = of_image.get("StartCommand")
        spec = ContainerSpec(
            name=service.name,
            image=self._pinned(release),
            entry_point=tuple(shlex.split(command)) if command else None,
            environment={
                "AWS_REGION": service.region,
                "AWS_DEFAULT_REGION": service.region,
                **of_image.get("RuntimeEnvironmentVariables", {}),
            },
            ports=(release.settings.port,),
            share=instance.share(),
            hostname=instance.id[:12],
            stop_timeout=STOP_SECONDS,
            on_output=lambda when, line: self._logs.write(service.region, group, stream, when, line),
            on_exit=lambda exit: self._world.post(lambda: ended(exit)),  # noqa: A006
        )

        def work() -> None:
            handles: list[Handle] = []
            why = _tried(lambda: handles.append(self._runtime.start(spec)))
            self._world.post(lambda: started(handles[0] if handles else None, why))

        self._world.work(work)

    def same_image(self, service: Service, image: str, region: str) -> bool:
        """Whether a service runs this image of the cloud's own registry."""
        named, chosen, elsewhere = reference_of(service.settings.image, self._registries.host)
        if elsewhere or not self._registries.has(named) or (chosen or service.region) != region:
            return False
        return str(parse(named)) == str(parse(image))

    def _pinned(self, release: Release) -> str:
        """What was pulled is what runs, even when its tag has moved meanwhile."""
        image, _region, _elsewhere = reference_of(release.settings.image, self._registries.host)
        if release.digest and "@" not in image and self._registries.has(image):
            return f"{image}@{release.digest}"
        return image


def _tried(step: Callable[[], object]) -> str:
    """Do a step of the runtime; return why it failed, or an empty text."""
    try:
        step()
    except RuntimeFailure as failure:
        return f"{failure.message.rstrip('.')}. {failure.remedy}".strip()
    except Exception as bug:
        log.exception("an instance could not be started")
        return f"the container could not be started: {type(bug).__name__}: {bug}"
    return ""
