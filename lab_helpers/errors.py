"""Everything the helpers can raise.

::

    LabError                       one line of what is wrong, one line of what to do
    ├── CloudUnavailable           the embedded cloud is not running, or cannot be started
    ├── BackendError               the backend that was asked for cannot be used
    │   ├── NotConfirmed           a real account, and nobody has said yes
    │   └── NotAllowed             a real account, and a call that makes what no lab makes, or without the lab's tags
    ├── NotReached                 a waiter's end; what was waited for did not come
    ├── ReplayFailed               a lab that this one needs could not be brought
    ├── CleanupFailed              something that carries the lab's tag could not be deleted
    ├── LoadRefused                a load that makes no sense, or that would go to somebody else's server
    ├── LoadFailed                 the program that sends a load has ended before its time
    ├── ImageProblem               an image that is not there, cannot be read, or cannot be written
    │   └── BuildFailed            a Dockerfile, or a step of it, has failed
    ├── ContainerProblem           a container cannot be started, is not there, or cannot do what it was asked for
    ├── NotFound                   no exercise, lab, load balancer or term of that name
    └── NotRefused                 AWS was expected to refuse, and did not (or did for another reason)

An error of AWS itself is never wrapped by a client: it stays botocore's `ClientError` with AWS's code and message.
"""


class LabError(Exception):
    """The root of all errors of the helpers.

    A notebook shows these two lines in place of a traceback.

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

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """What is wrong, and what to do when that is known."""
        return [line for line in (self.message, self.remedy) if line]

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback."""
        return [f"{type(self).__name__}: {self.message}", *self.lines()[1:]]


class CloudUnavailable(LabError):  # noqa: N818
    """The embedded cloud is not running, or cannot be started."""


class BackendError(LabError):
    """The backend that was asked for cannot be used."""


class NotConfirmed(BackendError):  # noqa: N818
    """The backend is a real account, and nobody has said yes to using it."""


class NotAllowed(BackendError):  # noqa: N818
    """A real account, and a call that makes what no lab makes, too much of it, or without the lab's tags."""


class NotReached(LabError):  # noqa: N818
    """What was waited for did not come."""


class ReplayFailed(LabError):  # noqa: N818
    """A lab that this one needs could not be brought."""


class CleanupFailed(LabError):  # noqa: N818
    """Something that carries the lab's tag could not be deleted."""


class LoadRefused(LabError):  # noqa: N818
    """A load that makes no sense, or that would go to somebody else's server."""


class LoadFailed(LabError):  # noqa: N818
    """The program that sends a load has ended before its time."""


class ImageProblem(LabError):  # noqa: N818
    """An image is not there, cannot be read, or cannot be written."""


class BuildFailed(ImageProblem):
    """A Dockerfile cannot be read, or a step of it has failed."""


class ContainerProblem(LabError):  # noqa: N818
    """A container cannot be started, is not there, or cannot do what it was asked for."""


class NotFound(LabError):  # noqa: N818
    """Nothing has that name."""


class NotRefused(LabError):  # noqa: N818
    """AWS was expected to refuse a call, and did not, or did so for another reason."""
