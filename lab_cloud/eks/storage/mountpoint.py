"""The Mountpoint for Amazon S3 CSI driver: a bucket as a folder. It mounts volumes that are written by hand, no others.

On AWS it is a FUSE file system, which passes each read and write to S3. Here it is a folder of this machine that a
thread keeps in step with the bucket.

References
----------
https://docs.aws.amazon.com/eks/latest/userguide/s3-csi.html
https://github.com/awslabs/mountpoint-s3-csi-driver/blob/main/docs/CONFIGURATION.md
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import AwsError
from ..agents.node import Node
from ..controllers.events import Recorder
from .account import DriverAccount
from .bucket import Bucket
from .driver import DriverError, Object
from .folders import Folders
from .mirror import Mirror, Options

log = logging.getLogger(__name__)
EVERY = 0.4
"""Seconds between two looks at the folder and the bucket."""
KNOWN = {"prefix", "allow-delete", "allow-overwrite", "read-only", "allow-other", "allow-root", "region", "uid", "gid",
         "file-mode", "dir-mode", "cache", "metadata-ttl", "max-cache-size"}  # fmt: skip


@dataclass
class Mounted:
    """A volume that pods use.

    Parameters
    ----------
    mirror : Mirror
        Its folder.
    pods : dict
        The pods, by their uids.
    """

    mirror: Mirror
    pods: dict[str, Object] = field(default_factory=dict)


class MountpointDriver:
    """The driver, for one cluster.

    Parameters
    ----------
    account : DriverAccount
        What it may do.
    folders : Folders
        Where files lie.
    recorder : Recorder
        Where it tells of what it undoes.
    now : callable
        The time in epoch seconds.
    """

    name = "s3.csi.aws.com"

    def __init__(self, account: DriverAccount, folders: Folders, recorder: Recorder, now: Callable[[], float]) -> None:
        self._account = account
        self._folders = folders
        self._recorder = recorder
        self._now = now
        self._lock = threading.Lock()
        self._mounted: dict[str, Mounted] = {}
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def mount(self, pod: Object, volume: Object, node: Node) -> Path:
        """The folder of a bucket; the objects are there as files when it returns."""
        spec, source = volume["spec"], volume["spec"]["csi"]
        given: Mapping[str, str] = source.get("volumeAttributes") or {}
        bucket = given.get("bucketName", "")
        if not bucket:
            raise DriverError("InvalidArgument", "Bucket name not provided")
        options = _options(spec)
        role, key = self._role(pod, given), f"{self._account.cluster.name}/{volume['metadata']['name']}"
        if given.get("authenticationSource") == "pod":
            key += f"/{pod['metadata']['namespace']}.{_service_account(pod)}"
        with self._lock:
            mounted = self._mounted.get(key)
            if mounted is None:
                folder = f"{key}-{volume['metadata']['uid']}"
                self._folders.remove(self._account.region, "s3", folder)
                place = self._folders.of(self._account.region, "s3", folder)
                allowed = Options(
                    "read-only" in options
                    or set(spec["accessModes"]) <= {"ReadOnlyMany"}
                    or bool(source.get("readOnly")),
                    "allow-delete" in options,
                    "allow-overwrite" in options,
                )
                found = Bucket(self._account, bucket, options.get("prefix", ""), role)
                mirror = Mirror(found, place, allowed, lambda text: self._tell(key, text))
                mounted = self._mounted[key] = Mounted(mirror, {pod["metadata"]["uid"]: pod})
                try:
                    mirror.step()
                except AwsError as error:
                    del self._mounted[key]
                    raise _refused(bucket, self._account.region, error) from error
            mounted.pods[pod["metadata"]["uid"]] = pod
            if self._thread is None and not self._ended.is_set():
                self._thread = threading.Thread(target=self._run, name="mountpoint-s3", daemon=True)
                self._thread.start()
        return mounted.mirror.files

    def release(self, pod: Object) -> None:
        """A pod has ended: what it has written goes to the bucket; what nobody uses is kept in step no more."""
        with self._lock:
            for key, mounted in list(self._mounted.items()):
                if pod["metadata"]["uid"] not in mounted.pods:
                    continue
                if len(mounted.pods) == 1:
                    self._step(key, mounted, last=True)
                    del self._mounted[key]
                mounted.pods.pop(pod["metadata"]["uid"])

    def close(self) -> None:
        """End; does not wait: the thread may be waiting for the world's lock, which the caller holds."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.wait(EVERY):
            with self._lock:
                for key, mounted in self._mounted.items():
                    self._step(key, mounted)

    def _step(self, key: str, mounted: Mounted, *, last: bool = False) -> None:
        try:
            mounted.mirror.step(last=last)
        except AwsError as error:
            self._tell(key, f"{error.code}: {error.message}")
        except Exception:
            log.exception("%s: the folder is not in step with its bucket", key)

    def _tell(self, key: str, text: str) -> None:
        mounted = self._mounted.get(key)
        for each in list(mounted.pods.values()) if mounted is not None else ():
            self._recorder.tell(each, "MountpointRefused", text, self._now(), warning=True)

    def _role(self, pod: Object, given: Mapping[str, str]) -> str:
        if given.get("authenticationSource", "driver") == "driver":
            return self._account.role()
        return self._account.role_of_pod(pod["metadata"]["namespace"], _service_account(pod))


def _service_account(pod: Object) -> str:
    return str(pod["spec"].get("serviceAccountName") or "default")


def _options(spec: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in spec.get("mountOptions") or ():
        name, _, value = str(each).strip().removeprefix("--").replace("=", " ", 1).partition(" ")
        if name not in KNOWN:
            raise DriverError("Internal", f"Mount failed: error: unexpected argument '--{name}' found")
        found[name] = value.strip()
    prefix = found.get("prefix", "")
    if prefix and not prefix.endswith("/"):
        raise DriverError("Internal", f"Mount failed: invalid value '{prefix}' for '--prefix': must end in '/'")
    return found


def _refused(bucket: str, region: str, error: AwsError) -> DriverError:
    """Why Mountpoint does not begin, as it says it."""
    kind, why = "Client error", f"Forbidden: {error.message}"
    if error.code == "NoSuchBucket":
        kind, why = "Service error", "The bucket does not exist"
    elif error.code == "NoCredentialProviders":
        why = "No signing credentials found"
    elif error.code != "AccessDenied":
        why = f"{error.code}: {error.message}"
    text = (
        f'Could not mount "{bucket}": Mount failed: Error: Failed to create S3 client. Caused by: 0: initial '
        f"ListObjectsV2 failed for bucket {bucket} in region {region} 1: {kind} 2: {why}"
    )
    return DriverError("Internal", text)
