"""What is slow about a container's start: its image, its configuration, its process. On worker threads."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import CloudError, RuntimeFailure
from ...runtime.references import parse
from ...runtime.spec import ContainerSpec, Exit, Handle, Image, Share
from ..controllers.client import Client
from ..kubernetes.status import ApiError
from ..kubernetes.validation import quantity
from ..services import doors
from . import environment
from .container import Container
from .environment import ConfigError
from .machine import Machine
from .node import Node
from .recorder import WARNING, Recorder
from .volumes import Volumes

log = logging.getLogger(__name__)

Object = Mapping[str, Any]
PULL_FAILED, NEVER_PULLED = "ErrImagePull", "ErrImageNeverPull"
CONFIG_ERROR, START_ERROR = "CreateContainerConfigError", "StartError"
PATHS = {"ConfigMap": "configmaps", "Secret": "secrets"}


@dataclass(frozen=True)
class Failed:
    """A container could not be started.

    Parameters
    ----------
    reason : str
        As the container's state has it.
    message : str
        Why.
    """

    reason: str
    message: str


class Starter:
    """Starts the containers of one pod.

    Parameters
    ----------
    client : Client
        The cluster's API.
    machine : Machine
        What runs containers.
    node : Node
        The pod's.
    recorder : Recorder
        Where it is told.
    """

    def __init__(self, client: Client, machine: Machine, node: Node, recorder: Recorder) -> None:
        self._client = client
        self._machine = machine
        self._node = node
        self._recorder = recorder

    def source(self, namespace: str) -> Callable[[str, str], Object | None]:
        """Where the ConfigMaps and Secrets of a namespace are."""

        def find(kind: str, name: str) -> Object | None:
            try:
                return self._client.get(f"/api/v1/namespaces/{namespace}/{PATHS[kind]}/{name}")
            except ApiError as error:
                if error.code == 404:
                    return None
                raise ConfigError(error.message) from None

        return find

    def _links(self, pod: Object) -> dict[str, str]:
        """The variables by which a pod finds Services."""
        services = self._client.get("/api/v1/services")["items"]
        links = pod["spec"].get("enableServiceLinks", True)
        return doors.environment(services, pod["metadata"]["namespace"], links=links)

    def pull(self, pod: Object, container: Container) -> Image | Failed:
        """Make a container's image available; slow."""
        image, policy = str(container.spec.get("image", "")), container.spec.get("imagePullPolicy")
        try:
            here = self._machine.runtime.catalog.store.resolve(str(parse(image))) is not None
            if policy == "Never" and not here:
                message = f'Container image "{image}" is not present with pull policy of Never'
                self._tell(pod, container, NEVER_PULLED, message, WARNING)
                return Failed(NEVER_PULLED, message)
            pulls = policy == "Always" or not here
            if pulls:
                self._tell(pod, container, "Pulling", f'Pulling image "{image}"')
            began = time.monotonic()
            role, node = self._node.role, self._node
            password = self._machine.registries.password(node.region, image, role, node.provider_id.rpartition("/")[2])
            found = self._machine.runtime.pull(image, password)
        except RuntimeFailure as failure:
            message = _words(failure)
        except Exception as bug:
            log.exception("an image could not be pulled")
            message = f"{type(bug).__name__}: {bug}"
        else:
            if pulls:
                took = f"{max(round((time.monotonic() - began) * 1000), 1)}ms"
                message = f'Successfully pulled image "{image}" in {took} ({took} including waiting). '
                self._tell(pod, container, "Pulled", f"{message}Image size: {found.size} bytes.")
            else:
                self._tell(pod, container, "Pulled", f'Container image "{image}" already present on machine')
            return found
        self._tell(pod, container, "Failed", f'Failed to pull image "{image}": {message}', WARNING)
        self._tell(pod, container, "Failed", f"Error: {PULL_FAILED}", WARNING)
        return Failed(PULL_FAILED, message)

    def start(
        self,
        pod: Object,
        container: Container,
        image: Image,
        volumes: Volumes,
        address: str,
        ended: Callable[[Exit], None],
    ) -> Handle | Failed:
        """Start a container whose image is there; slow."""
        metadata = pod["metadata"]
        source = self.source(metadata["namespace"])
        try:
            links = self._links(pod)
            known = environment.environment(pod, container.spec, self._node, address, source, links)
            spec = self._spec(pod, container, image, self._with_identity(pod, container, known), volumes, ended)
        except (ConfigError, CloudError) as error:
            message = _words(error) if isinstance(error, CloudError) else str(error)
            self._tell(pod, container, "Failed", f"Error: {message}", WARNING)
            return Failed(CONFIG_ERROR, message)
        self._tell(pod, container, "Created", f"Created container: {container.name}")
        try:
            handle = self._machine.runtime.start(spec)
        except RuntimeFailure as failure:
            message = _words(failure)
        except Exception as bug:
            log.exception("a container could not be started")
            message = f"{type(bug).__name__}: {bug}"
        else:
            self._tell(pod, container, "Started", f"Started container {container.name}")
            return handle
        self._tell(pod, container, "Failed", f"Error: {message}", WARNING)
        return Failed(START_ERROR, message)

    def _with_identity(self, pod: Object, container: Container, known: dict[str, str]) -> dict[str, str]:
        if self._machine.identities is None:
            return known
        found, why = self._machine.identities.give(self._node, pod, known)
        if why:
            self._tell(pod, container, "NoPodIdentity", f"The container gets no credentials of AWS: {why}.", WARNING)
        return found

    def _spec(
        self,
        pod: Object,
        container: Container,
        image: Image,
        known: Mapping[str, str],
        volumes: Volumes,
        ended: Callable[[Exit], None],
    ) -> ContainerSpec:
        own, spec = container.spec, pod["spec"]
        limits = (own.get("resources") or {}).get("limits") or {}
        listed = [int(each["containerPort"]) for each in own.get("ports") or () if each.get("protocol") != "UDP"]
        exposed = (name.partition("/") for name in image.config.get("ExposedPorts") or ())
        listed += [int(port) for port, _, kind in exposed if kind in ("", "tcp") and int(port) not in listed]
        hostname = str(spec.get("hostname") or pod["metadata"]["name"])[:63]
        assert container.fresh is not None
        return ContainerSpec(
            name=container.name,
            image=self._pinned(str(own["image"]), image),
            entry_point=environment.words(own.get("command"), known),
            command=environment.words(own.get("args"), known),
            environment={"HOSTNAME": hostname, **known},
            working_directory=own.get("workingDir"),
            ports=tuple(dict.fromkeys(listed)),
            memory_limit=int(quantity(str(limits["memory"]))) if limits.get("memory") else None,
            share=Share(cpu=quantity(str(limits.get("cpu") or self._node.cpu))),
            mounts=volumes.mounts(own),
            hostname=hostname,
            stop_timeout=float(spec.get("terminationGracePeriodSeconds") or 30),
            on_output=container.fresh.add,
            on_exit=ended,
        )

    def _pinned(self, reference: str, image: Image) -> str:
        """What was pulled is what runs, even when its tag has moved meanwhile."""
        if "@" not in reference and self._machine.registries.has(reference):
            return f"{reference}@{image.digest}"
        return reference

    def _tell(self, pod: Object, container: Container, reason: str, message: str, kind: str = "Normal") -> None:
        self._recorder.tell(pod, reason, message, kind, container.path)


def _words(error: CloudError) -> str:
    """Why, and what to do; without the name that ECS gives such an error."""
    message = error.message.removeprefix("CannotPullContainerError: ").removeprefix("CannotStartContainerError: ")
    return f"{message} {error.remedy}".strip()
