"""What EventBridge asks of the services beside it. The part plugs in the real ones; tests plug in small ones."""

from dataclasses import dataclass
from typing import Any, Protocol


class Failed(Exception):  # noqa: N818
    """A target could not be called.

    Parameters
    ----------
    code : str
        As the dead-letter queue gets it in ``ERROR_CODE``.
    message : str
        As it gets it in ``ERROR_MESSAGE``.
    again : bool
        Whether another try may help.
    """

    def __init__(self, code: str, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.code, self.message, self.again = code, message, again


@dataclass(frozen=True)
class Order:
    """One call of one target.

    Parameters
    ----------
    principal : str
        The service that calls, for example ``events.amazonaws.com``.
    source_arn : str
        The rule or schedule.
    target : dict
        The target, as PutTargets or CreateSchedule had it.
    payload : str
        What it gets.
    started_by : str
        What tasks show as ``startedBy``.
    event : dict or None
        The whole event, for a target that is another bus; None when a schedule calls.
    given : bool
        Whether the payload was made for the target, rather than being the whole event.
    """

    principal: str
    source_arn: str
    region: str
    target: dict[str, Any]
    payload: str
    started_by: str = ""
    event: dict[str, Any] | None = None
    given: bool = False

    @property
    def arn(self) -> str:
        """The target's ARN."""
        return str(self.target["Arn"])

    @property
    def role(self) -> str:
        """The role that it is called with; empty when there is none."""
        return str(self.target.get("RoleArn") or "")


class Targets(Protocol):
    """What calls targets."""

    def call(self, order: Order) -> dict[str, Any]:
        """Call a target and say what came of it, for the trail.

        Raises
        ------
        Failed
            When it could not be called.
        """

    def bury(self, order: Order, queue: str, attributes: dict[str, str]) -> None:
        """Put a message into a dead-letter queue.

        Raises
        ------
        Failed
            When that cannot be.
        """


class Trust(Protocol):
    """What is asked of IAM before a role is taken."""

    def trusted(self, role: str, principal: str) -> bool:
        """Whether a service may assume a role."""

    def check(self, role: str, principal: str) -> str:
        """Why a service may not assume a role, in the words of EventBridge; empty when it may."""
