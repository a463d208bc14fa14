"""Start a task's containers. Slow, so it runs on a worker thread; what happened is posted back to the world."""

from collections.abc import Callable
from typing import Any

from ..errors import RuntimeFailure
from ..runtime.spec import ContainerSpec, Exit, Handle, Runtime, Share
from ..world import World
from .outside import Logs
from .task import Container, Task
from .task_definition import MIB, container_ports, cpu_units, environment_of, memory_mib

DEFAULT_STOP_SECONDS = 30.0
MAX_STOP_SECONDS = 120.0

Started = Callable[[Container, Handle, str], None]
Ended = Callable[[Container, Exit], None]
Finished = Callable[[str], None]


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
    metadata_base : str
        The URL under which tasks find their own metadata.
    """

    def __init__(self, world: World, runtime: Runtime, logs: Logs, metadata_base: str) -> None:
        self._world = world
        self._runtime = runtime
        self._logs = logs
        self._metadata_base = metadata_base

    def open_logs(self, task: Task) -> str:
        """Make the log streams of a task; return why that cannot be, or an empty text. Under the lock."""
        for container in task.containers:
            options = _awslogs(container)
            if options is None:
                continue
            why = self._logs.open_stream(
                options.get("awslogs-region", task.region),
                options["awslogs-group"],
                stream_name(task, container),
                create_group=options.get("awslogs-create-group") == "true",
            )
            if why:
                return (
                    "ResourceInitializationError: failed to validate logger args: create stream "
                    "has been retried 1 times: "
                    f"failed to create Cloudwatch log stream: {why}"
                )
        return ""

    def launch(self, task: Task, started: Started, ended: Ended, finished: Finished) -> None:
        """Start all containers of a task on a worker thread.

        Parameters
        ----------
        task : Task
            The task.
        started : callable
            Posted with each container, its handle, and the digest of its image.
        ended : callable
            Posted when a container has ended.
        finished : callable
            Posted at the end, with an empty text or why the task cannot start.
        """
        self._world.work(lambda: self._launch(task, started, ended, finished))

    def _launch(self, task: Task, started: Started, ended: Ended, finished: Finished) -> None:
        share = Share(cpu=_task_cpu(task), memory=_task_memory(task))
        why = ""
        try:
            digests = {}
            for container in task.containers:
                digests[container.name] = self._runtime.pull(container.definition["image"]).digest
            for container in task.containers:
                handle = self._runtime.start(self._spec(task, container, share, ended))
                self._post(started, container, handle, digests[container.name])
        except RuntimeFailure as failure:
            why = f"{failure.message.rstrip('.')}. {failure.remedy}".strip()
        except Exception as bug:
            why = f"ResourceInitializationError: the container could not be started: {type(bug).__name__}: {bug}"
            raise
        finally:
            self._post(finished, why)

    def _post(self, fact: Callable[..., None], *arguments: Any) -> None:
        self._world.post(lambda: fact(*arguments))

    def _spec(self, task: Task, container: Container, share: Share, ended: Ended) -> ContainerSpec:
        definition, override = container.definition, container.override
        memory = override.get("memory") or definition.get("memory")
        entry_point = definition.get("entryPoint")
        command = override.get("command") or definition.get("command")
        return ContainerSpec(
            name=container.name,
            image=definition["image"],
            entry_point=tuple(entry_point) if entry_point else None,
            command=tuple(command) if command else None,
            environment={**self._own_environment(task, container), **environment_of(definition, override)},
            working_directory=definition.get("workingDirectory"),
            ports=container_ports(definition),
            memory_limit=memory * MIB if memory else None,
            share=share,
            stop_timeout=min(float(definition.get("stopTimeout", DEFAULT_STOP_SECONDS)), MAX_STOP_SECONDS),
            on_output=self._output(task, container),
            on_exit=lambda exit: self._post(ended, container, exit),  # noqa: A006
        )

    def _own_environment(self, task: Task, container: Container) -> dict[str, str]:
        # what the Fargate agent sets; a plain process has no host name of its own, so it is told the interface's
        interface = task.interface
        return {
            "AWS_REGION": task.region,
            "AWS_DEFAULT_REGION": task.region,
            "AWS_EXECUTION_ENV": f"AWS_ECS_{task.launch_type}",
            "ECS_CONTAINER_METADATA_URI_V4": f"{self._metadata_base}/{task.metadata_token}/{container.name}",
            "HOSTNAME": interface.dns_name if interface else task.id[:12],
        }

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


def _drop(when: float, line: str) -> None:
    """A container without a log driver: its output goes nowhere, as on Fargate."""


def _task_cpu(task: Task) -> float | None:
    units = cpu_units(task.cpu)
    return units / 1024 if units else None


def _task_memory(task: Task) -> int | None:
    mib = memory_mib(task.memory)
    return mib * MIB if mib else None
