"""Everything the embedded cloud can raise.

::

    CloudError                     what went wrong, in one line for the learner
    ├── AwsError                   an answer with AWS's own code, sent to the client
    ├── HomeError                  `.lab/` cannot be read or written
    ├── AlreadyRunning             a second `up`
    ├── NotRunning                 a command that needs a cloud found none
    ├── PortInUse                  the port asked for is taken
    ├── BuildFailed                an image could not be built
    │   └── DockerfileError        a line of the Dockerfile cannot be read, or asks for what this builder does not do
    ├── MountRefused               a file system cannot be mounted, in the words of the mount helper
    ├── RegistryRefused            a registry on this machine does not take an image
    └── RuntimeFailure             a container could not be prepared or started
        ├── ImageNotFound          no such image, as `CannotPullContainerError` words it
        ├── ImageCorrupt           a blob does not have the digest that it should
        ├── RuntimeUnavailable     the runtime that was chosen is not there
        └── CannotStart            the entrypoint cannot run here; the reason says what to do
"""

from typing import Any


class CloudError(Exception):
    """The root of all errors of the embedded cloud.

    Parameters
    ----------
    message : str
        What is wrong, in one line.
    remedy : str
        What to do about it, in one line; may be empty.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class AwsError(CloudError):
    """An error that the client sees as the AWS error it is.

    Parameters
    ----------
    code : str
        AWS's error code, for example ``ClientException``.
    message : str
        The text that the learner reads.
    status : int
        The HTTP status of the answer.
    **fields
        Further members of the modelled error, for example ``resourceIds``.
    """

    def __init__(self, code: str, message: str, status: int = 400, **fields: Any) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.fields = fields


class HomeError(CloudError):
    """The folder `.lab/` cannot be read or written."""


class AlreadyRunning(CloudError):  # noqa: N818
    """A cloud is up already."""


class NotRunning(CloudError):  # noqa: N818
    """No cloud is up."""


class PortInUse(CloudError):  # noqa: N818
    """The port asked for belongs to another program."""


class BuildFailed(CloudError):  # noqa: N818
    """An image could not be built."""


class DockerfileError(BuildFailed):
    """A line of the Dockerfile cannot be read, or asks for what this builder does not do.

    Parameters
    ----------
    line : int
        Its number, from 1.
    text : str
        The line.
    message, remedy : str
        What is wrong with it, and what to do.
    """

    def __init__(self, line: int, text: str, message: str, remedy: str = "") -> None:
        shown = text.strip()
        shown = shown if len(shown) <= 100 else f"{shown[:99]}…"
        super().__init__(f"Dockerfile line {line}: {message}" + (f": {shown}" if shown else ""), remedy)
        self.line = line


class MountRefused(CloudError):  # noqa: N818
    """A file system cannot be mounted.

    Parameters
    ----------
    message : str
        What the mount helper prints.
    remedy : str
        What to do, or which rule is missing.
    code : int
        The mount helper's exit code.
    """

    def __init__(self, message: str, remedy: str = "", code: int = 32) -> None:
        super().__init__(message, remedy)
        self.code = code


class RegistryRefused(CloudError):  # noqa: N818
    """A registry on this machine does not take an image."""


class RuntimeFailure(CloudError):  # noqa: N818
    """A container could not be prepared or started."""


class ImageNotFound(RuntimeFailure):
    """No image answers to this reference."""


class ImageCorrupt(RuntimeFailure):
    """A blob of the image does not have the digest that its manifest names."""


class RuntimeUnavailable(RuntimeFailure):
    """The way to run containers that was asked for does not work on this machine."""


class CannotStart(RuntimeFailure):
    """The image's entrypoint cannot run with this runtime on this machine."""
