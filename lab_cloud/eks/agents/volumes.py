"""Volumes of a pod: folders of this machine.

References
----------
https://kubernetes.io/docs/concepts/storage/volumes/
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from ...runtime.mounts import remove_folder
from ...runtime.spec import Mount
from .environment import ConfigError, Source, field, resource
from .node import Node

Object = Mapping[str, Any]
Token = Callable[[Object, Sequence[str], int], str]


class NotMounted(Exception):  # noqa: N818
    """A volume cannot be had now; the pod waits, and it is tried again.

    Parameters
    ----------
    message : str
        What the event says.
    reason : str
        The event's reason.
    """

    def __init__(self, message: str, reason: str = "FailedMount") -> None:
        super().__init__(message)
        self.reason = reason


class VolumeMounter(Protocol):
    """Who gives pods the folders of one kind of volume, for instance of claims. All calls are slow, on a worker."""

    def mount(self, pod: Object, volume: Object, node: Node) -> Path:
        """The folder of a volume; raises NotMounted. Called again after a refusal, and must bear being called twice."""

    def unmount(self, pod: Object, volume: Object, node: Node) -> None:
        """The pod has ended and its processes are gone."""


class Volumes:
    """The volumes of one pod.

    Parameters
    ----------
    folder : Path
        The pod's own.
    node : Node
        Where it runs.
    source : callable
        Where ConfigMaps and Secrets are.
    token : callable
        Makes a token of the pod's service account for some audiences and seconds.
    mounters : mapping of str to VolumeMounter
        Who mounts what is not made here, by the name of the volume's source.
    """

    def __init__(
        self, folder: Path, node: Node, source: Source, token: Token, mounters: Mapping[str, VolumeMounter]
    ) -> None:
        self._token = token
        self._folder = folder
        self._node = node
        self._source = source
        self._mounters = mounters
        self._mounted: dict[str, Path] = {}

    def prepare(self, pod: Object, address: str) -> None:
        """Make all of them; slow.

        Raises
        ------
        NotMounted
            One cannot be had now.
        """
        for volume in pod["spec"].get("volumes") or ():
            if volume["name"] not in self._mounted:
                self._mounted[volume["name"]] = self._make(pod, volume, address)

    def _make(self, pod: Object, volume: Object, address: str) -> Path:
        kind = next((key for key in volume if key != "name"), "emptyDir")
        if kind in self._mounters:
            return self._mounters[kind].mount(pod, volume, self._node)
        name = str(volume["name"])
        if kind not in ("emptyDir", "configMap", "secret", "downwardAPI", "projected"):
            raise NotMounted(f'MountVolume.SetUp failed for volume "{name}" : {kind} is not simulated here')
        place = self._folder / "volumes" / name
        place.mkdir(parents=True, exist_ok=True)
        if kind == "emptyDir":
            return place
        try:
            sources = volume["projected"].get("sources") or () if kind == "projected" else ({kind: volume[kind]},)
            for each in sources:
                mode = each.get("defaultMode") or volume[kind].get("defaultMode")
                self._write(place, self._files(pod, each, address), mode)
        except ConfigError as error:
            raise NotMounted(f'MountVolume.SetUp failed for volume "{name}" : {error}') from None
        return place

    def _files(self, pod: Object, source: Object, address: str) -> dict[str, bytes]:
        asked = source.get("serviceAccountToken")
        if asked:
            audiences = (asked["audience"],) if asked.get("audience") else ()
            return {asked["path"]: self._token(pod, audiences, int(asked.get("expirationSeconds") or 3600)).encode()}
        if source.get("downwardAPI"):
            return {each["path"]: self._field(pod, each, address) for each in source["downwardAPI"].get("items") or ()}
        for kind, key in (("ConfigMap", "configMap"), ("Secret", "secret")):
            if source.get(key):
                return self._data(kind, source[key])
        raise ConfigError(f"{next(iter(source), 'this source')} is not simulated here")

    def _field(self, pod: Object, item: Object, address: str) -> bytes:
        if item.get("fieldRef"):
            return field(pod, item["fieldRef"]["fieldPath"], self._node, address).encode()
        return resource(pod, {"name": ""}, item["resourceFieldRef"], self._node).encode()

    def _data(self, kind: str, source: Object) -> dict[str, bytes]:
        name = source.get("secretName") or source.get("name") or ""
        found = self._source(kind, name)
        if found is None:
            if source.get("optional"):
                return {}
            raise ConfigError(f'{kind.lower()} "{name}" not found')
        data = {key: value.encode() for key, value in (found.get("data") or {}).items()}
        if kind == "Secret":
            data = {key: base64.b64decode(value) for key, value in data.items()}
        else:
            data |= {key: base64.b64decode(value) for key, value in (found.get("binaryData") or {}).items()}
        if not source.get("items"):
            return data
        missing = [each["key"] for each in source["items"] if each["key"] not in data]
        if missing and not source.get("optional"):
            raise ConfigError(f"references non-existent {kind.lower()} key: {missing[0]}")
        return {each["path"]: data[each["key"]] for each in source["items"] if each["key"] in data}

    def _write(self, place: Path, files: Mapping[str, bytes], mode: int | None) -> None:
        for name, data in files.items():
            steps = name.split("/")
            if name.startswith("/") or any(step in ("", ".", "..") for step in steps):
                raise ConfigError(f"{name!r} is no path within a volume")
            target = place.joinpath(*steps)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            if mode is not None:
                target.chmod(mode | 0o600)  # the learner's own: it must be removable again

    def mounts(self, container: Object) -> tuple[Mount, ...]:
        """What a container sees of them; slow.

        Raises
        ------
        ConfigError
            A path that cannot be mounted.
        """
        made = []
        for each in container.get("volumeMounts") or ():
            source = self._mounted[each["name"]]
            below = each.get("subPath") or ""
            if below:
                steps = below.split("/")
                if below.startswith("/") or ".." in steps:
                    raise ConfigError(f"subPath {below!r} must be a path within the volume")
                source = source.joinpath(*steps)
                if source.is_file():
                    raise ConfigError(f"subPath {below!r} is a file: here only folders can be mounted")
                source.mkdir(parents=True, exist_ok=True)
            made.append(Mount(source, each["mountPath"], bool(each.get("readOnly"))))
        return tuple(made)

    def remove(self, pod: Object) -> None:
        """The pod has ended: nothing of it is kept but what outlives pods; slow."""
        for volume in pod["spec"].get("volumes") or ():
            for kind in volume:
                if kind in self._mounters and volume["name"] in self._mounted:
                    self._mounters[kind].unmount(pod, volume, self._node)
        remove_folder(self._folder)
