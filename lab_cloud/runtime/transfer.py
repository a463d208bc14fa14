"""Push images to a registry and read from one, over the OCI Distribution Specification's HTTP. Loopback only."""

import base64
import http.client
import ipaddress
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from lab_cloud.errors import ImageCorrupt, RegistryRefused
from lab_cloud.runtime.images import Descriptor, Store
from lab_cloud.runtime.pulling import INDEXES, MANIFESTS
from lab_cloud.runtime.references import Reference
from lab_cloud.runtime.remote import PullRefused

PIECE = 1 << 20
TIMEOUT_SECONDS = 60.0
ACCEPTED = ", ".join((*MANIFESTS, *INDEXES))

Say = Callable[[str], None]


class HttpRegistry:
    """A registry on this machine.

    Parameters
    ----------
    host : str
        Its address, for example ``127.0.0.1:4566``.
    user : str
        The user that the password belongs to.

    Raises
    ------
    RegistryRefused
        The address is not one of this machine.
    """

    def __init__(self, host: str, user: str = "AWS") -> None:
        if not is_loopback(host):
            raise RegistryRefused(
                f"{host} is not a registry on this machine.",
                "Push to the repositoryUri of a repository of this cloud; for others use docker push.",
            )
        self.host = host
        self._user = user

    def manifest(self, path: str, reference: str, password: str) -> tuple[bytes, str]:
        """A manifest's bytes and media type (PullRefused)."""
        with self._ask("GET", f"/v2/{path}/manifests/{reference}", password, {"Accept": ACCEPTED}) as answer:
            data = answer.read()
            if answer.status != 200:
                raise PullRefused(told(answer.status, data))
            return data, answer.headers.get("Content-Type", "")

    def blob(self, path: str, digest: str, password: str) -> Iterator[bytes]:
        """A blob's bytes, piece by piece (PullRefused)."""
        with self._ask("GET", f"/v2/{path}/blobs/{digest}", password) as answer:
            if answer.status != 200:
                raise PullRefused(told(answer.status, answer.read()))
            while piece := answer.read(PIECE):
                yield piece

    def has_blob(self, path: str, digest: str, password: str) -> bool:
        """Whether a repository holds a blob already."""
        with self._ask("HEAD", f"/v2/{path}/blobs/{digest}", password) as answer:
            answer.read()
            if answer.status not in (200, 404):
                raise RegistryRefused(told(answer.status, b""))
            return answer.status == 200

    def put_blob(self, path: str, blob: Descriptor, file: IO[bytes], password: str) -> None:
        """Upload a blob (RegistryRefused)."""
        with self._ask("POST", f"/v2/{path}/blobs/uploads/", password) as answer:
            data = answer.read()
            if answer.status != 202:
                raise RegistryRefused(told(answer.status, data))
            where = answer.headers["Location"]
        joint = "&" if "?" in where else "?"
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(blob.size)}
        with self._ask("PUT", f"{where}{joint}digest={blob.digest}", password, headers, file) as answer:
            data = answer.read()
            if answer.status != 201:
                raise RegistryRefused(told(answer.status, data))

    def put_manifest(self, path: str, reference: str, data: bytes, media_type: str, password: str) -> None:
        """Upload a manifest (RegistryRefused)."""
        headers = {"Content-Type": media_type}
        with self._ask("PUT", f"/v2/{path}/manifests/{reference}", password, headers, data) as answer:
            found = answer.read()
            if answer.status != 201:
                raise RegistryRefused(told(answer.status, found))

    @contextmanager
    def _ask(
        self, method: str, path: str, password: str, headers: dict[str, str] | None = None, body: Any = None
    ) -> Iterator[http.client.HTTPResponse]:
        secret = base64.b64encode(f"{self._user}:{password}".encode()).decode()
        sent = {"Authorization": f"Basic {secret}", **(headers or {})}
        if body is None and method in ("POST", "PUT"):
            sent["Content-Length"] = "0"
        connection = http.client.HTTPConnection(self.host, timeout=TIMEOUT_SECONDS, blocksize=PIECE)
        try:
            connection.request(method, path, body, sent)
            yield connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise RegistryRefused(f"The registry {self.host} does not answer: {error}.") from error
        finally:
            connection.close()


def push(store: Store, manifest: Descriptor, reference: Reference, password: str, say: Say) -> None:
    """Push an image of the store.

    Parameters
    ----------
    store : Store
        Where it is.
    manifest : Descriptor
        The image.
    reference : Reference
        The name under which the registry is to have it.
    password : str
        Who pushes.
    say : callable
        Given lines of progress, in Docker's words.

    Raises
    ------
    RegistryRefused
        The registry does not take it; says why.
    ImageCorrupt
        A blob of the image was damaged here.
    """
    registry = HttpRegistry(reference.host)
    data = store.read(manifest.digest)
    try:
        content = json.loads(data)
        blobs = [Descriptor(each["mediaType"], each["digest"], each["size"]) for each in content["layers"]]
        config = Descriptor(content["config"]["mediaType"], content["config"]["digest"], content["config"]["size"])
    except (ValueError, KeyError, TypeError) as error:
        raise ImageCorrupt(f"the manifest {manifest.digest} cannot be read: {error!r}") from error
    say(f"The push refers to repository [{reference.repository}]")
    for blob in [*blobs, config]:
        what = "Config" if blob is config else "Layer"
        if registry.has_blob(reference.path, blob.digest, password):
            say(f"{_short(blob.digest)}: {what} already exists")
            continue
        with store.path(blob.digest).open("rb") as file:
            registry.put_blob(reference.path, blob, file, password)
        say(f"{_short(blob.digest)}: Pushed ({blob.size} bytes)")
    registry.put_manifest(reference.path, reference.tag, data, manifest.media_type, password)
    say(f"{reference.tag}: digest: {manifest.digest} size: {manifest.size}")


def is_loopback(host: str) -> bool:
    """Whether an address is on this machine."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def told(status: int, body: bytes) -> str:
    """What a registry's answer says is wrong."""
    try:
        errors = json.loads(body)["errors"]
        return "; ".join(f"{each['code'].lower().replace('_', ' ')}: {each['message']}" for each in errors)
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"unexpected status {status}"


def _short(digest: str) -> str:
    return digest.partition(":")[2][:12]
