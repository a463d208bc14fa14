"""Pull or build a release's image and start its instances.

Slow, so on worker threads; what happened is posted to the world.

A VPC connector does not change what an instance can reach.
"""

import logging
import shlex
from collections.abc import Callable
from typing import Protocol

from ..errors import AwsError, BuildFailed, RuntimeFailure
from ..runtime.references import parse
from ..runtime.spec import ContainerSpec, Exit, Handle, Runtime
from ..world import World
from .building import NAMES, CodeBuilder
from .code import words
from .roles import Roles
from .service import Instance, Release, Run, Service, Settings
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
    roles : Roles
        What gives instances the credentials of their role, and the values of secrets.
    endpoint : str
        The cloud's URL.
    """

    def __init__(
        self, world: World, runtime: Runtime, registries: Registries, logs: Logs, roles: Roles, endpoint: str
    ) -> None:
        self._world = world
        self._runtime = runtime
        self._registries = registries
        self._logs = logs
        self._roles = roles
        self._endpoint = endpoint
        self._builder = CodeBuilder(runtime.catalog)

    def prepare(
        self, service: Service, release: Release, say: Callable[[str], None], ready: Callable[[Run | None, str], None]
    ) -> None:
        """Pull or build a release's image.

        Parameters
        ----------
        service : Service
            Whose it is.
        release : Release
            What is asked for.
        say : callable
            Given each line of a build, from a worker thread.
        ready : callable
            Posted with what its instances are to run, or None and why that cannot be had.
        """
        if release.settings.code is not None:
            tag = f"{service.name.lower()}-{service.id[:8]}:{release.number}"
            self._prepare(lambda: self._build(release.settings, tag, say), ready)
            return
        image, region, elsewhere = reference_of(release.settings.image, self._registries.host)
        if elsewhere:
            self._world.post(lambda: ready(None, elsewhere))
            return
        where, session = region or service.region, f"AppRunner-{service.id[:8]}"
        self._prepare(lambda: self._pull(release.settings, image, where, session), ready)

    def _prepare(self, make: Callable[[], Run], ready: Callable[[Run | None, str], None]) -> None:
        def work() -> None:
            made: list[Run] = []
            why = _tried(lambda: made.append(make()))
            self._world.post(lambda: ready(made[0] if made else None, why))

        self._world.work(work)

    def _pull(self, settings: Settings, image: str, region: str, session: str) -> Run:
        password = self._registries.password(region, image, settings.access_role, session)
        digest = self._runtime.pull(image, password).digest
        pinned = "@" not in image and self._registries.has(image)
        command = settings.of_image.get("StartCommand")
        return Run(
            image=f"{image}@{digest}" if pinned else image,
            port=int(settings.of_image["Port"]),
            command=tuple(shlex.split(command)) if command else None,
            environment=settings.of_image.get("RuntimeEnvironmentVariables", {}),
            secrets=settings.of_image.get("RuntimeEnvironmentSecrets", {}),
        )

    def _build(self, settings: Settings, tag: str, say: Callable[[str], None]) -> Run:
        assert settings.code is not None
        name, recipe = self._builder.build(settings.code, tag, say)
        return Run(name, recipe.port, words(recipe.command), recipe.environment, recipe.secrets)

    def end(self, instance: Instance) -> None:
        """Let its credentials end with an instance. Under the lock."""
        self._roles.end(instance)

    def forget(self, images: set[str]) -> None:
        """Take away those of these images that were built of source code."""
        ours = {image for image in images if image.startswith(NAMES)}
        if ours:
            self._world.work(lambda: self._builder.forget(ours))

    def forget_all(self) -> None:
        """Take away every image that was built of source code, also by an earlier cloud."""
        left = self._builder.left()
        if left:
            self._world.work(lambda: self._builder.forget(left))

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
        run = release.run
        assert run is not None
        try:
            given = self._roles.begin(service, instance, release.settings.role, run.secrets)
        except AwsError as error:
            why = f"Failed to read the secrets of your application: {error.message}"
            self._world.post(lambda: started(None, why))
            return
        spec = ContainerSpec(
            name=service.name,
            image=run.image,
            entry_point=run.command,
            environment={
                "AWS_REGION": service.region,
                "AWS_DEFAULT_REGION": service.region,
                "AWS_ENDPOINT_URL": self._endpoint,  # AWS needs none: its SDKs know its own addresses
                **run.environment,
                **given,
            },
            ports=(run.port,),
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
        if service.settings.code is not None:
            return False
        named, chosen, elsewhere = reference_of(service.settings.image, self._registries.host)
        if elsewhere or not self._registries.has(named) or (chosen or service.region) != region:
            return False
        return str(parse(named)) == str(parse(image))


def _tried(step: Callable[[], object]) -> str:
    """Do a step of the runtime; return why it failed, or an empty text."""
    try:
        step()
    except (BuildFailed, RuntimeFailure) as failure:
        return f"{failure.message.rstrip('.')}. {failure.remedy}".strip()
    except Exception as bug:
        log.exception("an instance could not be started")
        return f"the container could not be started: {type(bug).__name__}: {bug}"
    return ""
