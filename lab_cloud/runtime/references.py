"""Image references, read as Docker reads them."""

import re
from dataclasses import dataclass

from lab_cloud.errors import ImageNotFound

DOCKER_HUB = "docker.io"

_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?|\[[0-9a-fA-F:]+\](?::[0-9]+)?")


@dataclass(frozen=True)
class Reference:
    """The full name of an image.

    Parameters
    ----------
    host : str
        The registry, for example ``docker.io`` or ``127.0.0.1:4510``.
    path : str
        The repository within it, for example ``library/nginx``.
    tag : str
        ``latest`` when neither a tag nor a digest was given; empty beside a digest.
    digest : str
        ``sha256:…``, or empty.
    """

    host: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def repository(self) -> str:
        """Host and path."""
        return f"{self.host}/{self.path}"

    def __str__(self) -> str:
        return self.repository + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def parse(text: str) -> Reference:
    """Read a reference as Docker does: ``nginx`` is ``docker.io/library/nginx:latest``.

    Parameters
    ----------
    text : str
        What stands in ``image`` of a container definition.

    Raises
    ------
    ImageNotFound
        It is not the form of a reference.
    """
    rest, _, digest = text.partition("@")
    first, slash, after = rest.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost" or first != first.lower()):
        host, rest = first, after
    else:
        host = DOCKER_HUB
    path, tag = rest, ""
    if ":" in rest.rpartition("/")[2]:
        path, _, tag = rest.rpartition(":")
    if host in ("index.docker.io", "registry-1.docker.io"):
        host = DOCKER_HUB
    if host == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    well_formed = (
        _HOST.fullmatch(host)
        and _PATH.fullmatch(path)
        and (_TAG.fullmatch(tag) or (not tag and not rest.endswith(":")))
        and (_DIGEST.fullmatch(digest) if "@" in text else True)
    )
    if not well_formed:
        raise ImageNotFound(
            f"CannotPullContainerError: failed to parse image reference {text!r}: invalid reference format",
            "Write it as repository:tag, for example nginxdemos/hello:latest, in small letters.",
        )
    if not tag and not digest:
        tag = "latest"
    return Reference(host, path, tag, digest)


def short(name: str) -> str:
    """A full name as people write it: without Docker Hub's host, and without ``library/`` there."""
    return name.removeprefix(f"{DOCKER_HUB}/library/").removeprefix(f"{DOCKER_HUB}/")
