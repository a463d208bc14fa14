"""Pull a task's images and start its containers. Slow, so on worker threads; what happened is posted to the world."""

import logging
from collections.abc import Callable
from typing import Any

from ..errors import RuntimeFailure
from ..runtime.spec import ContainerSpec, Exit, Handle, Runtime, Share
from ..world import World
from .metadata import PREFIX as METADATA
from .outside import Logs, Registries
from .roles import Roles
from .storage import Storage
from .task import Container, Task
from .task_definition import MIB, container_ports, cpu_units, environment_of, memory_mib

log = logging.getLogger(__name__)

DEFAULT_STOP_SECONDS = 30.0
MAX_STOP_SECONDS = 120.0

Pulled = Callable[[dict[str, str], str], None]
Started = Callable[[Container, Handle | None, str], None]
Ended = Callable[[Container, Exit], None]


class Launcher:
    """Turns task definitions into running containers.

    Parameters
    ----------
    world : World
        Where what happened is posted.
    runtime : Runtime
        What runs containers on this machine.
    logs : Logs
        Where output goes.
    registries : Registries
        Where images are pulled from with the task's execution role.
    roles : Roles
        In whose name that is done, and what the containers may do.
    storage : Storage
        What gives tasks their volumes.
    endpoint : str
        The cloud's URL.
    """

    def __init__(
        self,
        world: World,
        runtime: Runtime,
        logs: Logs,
        registries: Registries,
        roles: Roles,
        storage: Storage,
        endpoint: str,
    ) -> None:
        self._world = world
        self._runtime = runtime
        self._logs = logs
        self._registries = registries
        self._roles = roles
        self._storage = storage
        self._endpoint = endpoint

    def _open_logs(self, task: Task) -> str:
        for container in task.containers:
            options = _awslogs(container)
            if options is None:
                continue
            region, create = options.get("awslogs-region", task.region), options.get("awslogs-create-group") == "true"
            group, stream = options["awslogs-group"], stream_name(task, container)
            why = self._roles.log_refusal(task, region, group, stream, create_group=create)
            why = why or self._logs.open_stream(region, group, stream, create_group=create)
            if why:
                return (
                    "ResourceInitializationError: failed to validate logger args: create stream "
                    "has been retried 1 times: "
                    f"failed to create Cloudwatch log stream: {why}"
                )
        return ""

    def prepare(self, task: Task) -> str:
        """Get what a task needs before its images; why that cannot be, or an empty text. Under the lock."""
        private = any(self._registries.has(each.definition["image"]) for each in task.containers)
        why = self._roles.pull_refusal(task, private) or self._roles.fetch_secrets(task) or self._open_logs(task)
        why = why or self._storage.prepare(task)
        if not why:
            self._roles.begin(task)
        return why

    def forget(self, task: Task) -> None:
        """Let its credentials and its volumes end with a task. Under the lock."""
        self._roles.end(task)
        self._storage.release(task)

    def pull(self, task: Task, pulled: Pulled) -> None:
        """Pull the images of a task on a worker thread.

        Parameters
        ----------
        task : Task
            The task.
        pulled : callable
            Posted with the digest of each container's image, or with why they cannot be had.
        """

        who = self._roles.execution(task)
        role, session = (who.owner, who.arn.rpartition("/")[2]) if who is not None else ("", "")

        def work() -> None:
            digests: dict[str, str] = {}

            def pull_all() -> None:
                for each in task.containers:
                    image = each.definition["image"]
                    password = self._registries.password(task.region, image, role, session)
                    digests[each.name] = self._runtime.pull(image, password).digest

            why = _tried(lambda: self._storage.ebs.fill(task)) or _tried(pull_all)
            self._post(pulled, digests, why)

        self._world.work(work)

    def start(self, task: Task, container: Container, started: Started, ended: Ended) -> None:
        """Start one container on a worker thread.

        Parameters
        ----------
        task : Task
            The task.
        container : Container
            One container of it.
        started : callable
            Posted with the container and its handle, or with None and why it cannot start.
        ended : callable
            Posted when it has ended.
        """
        spec = self._spec(task, container, ended)

        def work() -> None:
            handles: list[Handle] = []
            why = _tried(lambda: handles.append(self._runtime.start(spec)))
            self._post(started, container, handles[0] if handles else None, why)

        self._world.work(work)

    def _post(self, fact: Callable[..., None], *arguments: Any) -> None:
        self._world.post(lambda: fact(*arguments))

    def _spec(self, task: Task, container: Container, ended: Ended) -> ContainerSpec:
        definition, override = container.definition, container.override
        memory = override.get("memory") or definition.get("memory")
        entry_point = definition.get("entryPoint")
        command = override.get("command") or definition.get("command")
        return ContainerSpec(
            name=container.name,
            image=self._pinned(task, container),
            entry_point=tuple(entry_point) if entry_point else None,
            command=tuple(command) if command else None,
            environment={
                **self._own_environment(task, container),
                **environment_of(definition, override),
                **_secrets_of(container),
            },
            working_directory=definition.get("workingDirectory"),
            ports=container_ports(definition),
            memory_limit=memory * MIB if memory else None,
            share=task.share,
            mounts=self._storage.mounts(task, container),
            hostname=task.interface.dns_name if task.interface else None,
            user=definition.get("user"),
            stop_timeout=min(float(definition.get("stopTimeout", DEFAULT_STOP_SECONDS)), MAX_STOP_SECONDS),
            on_output=self._output(task, container),
            on_exit=lambda exit: self._post(ended, container, exit),  # noqa: A006
        )

    def _own_environment(self, task: Task, container: Container) -> dict[str, str]:
        # what the Fargate agent sets; a plain process has no host name of its own, so it is told the interface's
        interface = task.interface
        return {
            **(task.credentials.environment if task.credentials is not None else {}),
            "AWS_ENDPOINT_URL": self._endpoint,  # AWS needs none: its SDKs know its own addresses
            "AWS_REGION": task.region,
            "AWS_DEFAULT_REGION": task.region,
            "AWS_EXECUTION_ENV": f"AWS_ECS_{task.launch_type}",
            "ECS_CONTAINER_METADATA_URI_V4": f"{self._endpoint}{METADATA}{task.metadata_token}/{container.name}",
            "HOSTNAME": interface.dns_name if interface else task.id[:12],
        }

    def _pinned(self, task: Task, container: Container) -> str:
        """What was pulled is what runs, even when its tag has moved meanwhile."""
        image = str(container.definition["image"])
        if container.image_digest and "@" not in image and self._registries.has(image):
            return f"{image}@{container.image_digest}"
        return image

    def _output(self, task: Task, container: Container) -> Callable[[float, str], None]:
        options = _awslogs(container)
        if options is None:
            return _drop
        region = options.get("awslogs-region", task.region)
        group, stream = options["awslogs-group"], stream_name(task, container)
        return lambda when, line: self._logs.write(region, group, stream, when, line)


def stream_name(task: Task, container: Container) -> str:
    """The log stream, as the awslogs driver names it: ``prefix/container/task-id``."""
    prefix = (_awslogs(container) or {}).get("awslogs-stream-prefix")
    return f"{prefix}/{container.name}/{task.id}" if prefix else container.arn.rsplit("/", 1)[-1]


def _awslogs(container: Container) -> dict[str, str] | None:
    logs = container.definition.get("logConfiguration", {})
    found: dict[str, str] | None = logs.get("options") if logs.get("logDriver") == "awslogs" else None
    return found


def _secrets_of(container: Container) -> dict[str, str]:
    names = {each["name"] for each in container.definition.get("secrets", ())}
    return {name: value for name, value in container.secrets.items() if name in names}


def _drop(when: float, line: str) -> None:
    """A container without a log driver: its output goes nowhere, as on Fargate."""


def share_of(task: Task) -> Share:
    """What the containers of a task share: its CPU and its memory; a task without limits has those of its instance."""
    units, mib = cpu_units(task.cpu), memory_mib(task.memory)
    if task.host is not None:
        units = min(units or task.host.vcpu * 1024, task.host.vcpu * 1024)
        mib = mib or task.host.memory
    return Share(cpu=units / 1024 if units else None, memory=mib * MIB if mib else None)


def _tried(step: Callable[[], object]) -> str:
    """Do a step of the runtime; return why it failed, or an empty text."""
    try:
        step()
    except RuntimeFailure as failure:
        return f"{failure.message.rstrip('.')}. {failure.remedy}".strip()
    except Exception as bug:
        log.exception("a container could not be started")
        return f"ResourceInitializationError: the container could not be started: {type(bug).__name__}: {bug}"
    return ""
