"""Registries that images are pulled from, told apart by their host; what they are is the runtime's business no more."""

from collections.abc import Iterator
from typing import Protocol


class PullRefused(Exception):  # noqa: N818
    """A registry does not give what was asked for; the message is the cause as a container engine words it.

    Parameters
    ----------
    cause : str
        For example ``not found``.
    remedy : str
        What to do about it.
    """

    def __init__(self, cause: str, remedy: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy


class RemoteRegistry(Protocol):
    """A registry, as a runtime uses it. Both methods are slow."""

    def manifest(self, path: str, reference: str, password: str) -> tuple[bytes, str]:
        """A manifest's bytes and media type.

        Parameters
        ----------
        path : str
            The repository.
        reference : str
            A tag or a digest.
        password : str
            Who asks; may be empty.

        Raises
        ------
        PullRefused
            It is not there, or not for this caller.
        """

    def blob(self, path: str, digest: str, password: str) -> Iterator[bytes]:
        """A blob's bytes, piece by piece (PullRefused)."""
