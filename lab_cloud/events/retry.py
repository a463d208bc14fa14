"""When a call that failed is tried again, and when no more. Pure.

References
----------
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
"""

from dataclasses import dataclass
from typing import Any

MOST_ATTEMPTS, LONGEST_AGE = 185, 86_400
FIRST_WAIT, LONGEST_WAIT = 1.0, 600.0
"""AWS seconds; AWS says only that the waits grow exponentially, with jitter."""
BY_ATTEMPTS, BY_AGE = "MaximumRetryAttempts", "MaximumEventAgeInSeconds"


@dataclass(frozen=True)
class Policy:
    """A retry policy.

    Parameters
    ----------
    attempts : int
        How often it is tried again at most.
    age : float
        AWS seconds since the first try after which it is not.
    """

    attempts: int = MOST_ATTEMPTS
    age: float = LONGEST_AGE

    @classmethod
    def of(cls, given: dict[str, Any] | None) -> "Policy":
        """A policy as ``RetryPolicy`` has it."""
        given = given or {}
        attempts, age = given.get(BY_ATTEMPTS), given.get(BY_AGE)
        return cls(MOST_ATTEMPTS if attempts is None else int(attempts), LONGEST_AGE if age is None else float(age))

    def exhausted(self, retries: int, age: float) -> str:
        """Which limit forbids another try after so many retries, so many AWS seconds old; empty when none does."""
        if retries >= self.attempts:
            return BY_ATTEMPTS
        return BY_AGE if age >= self.age else ""


def wait(retries: int, chance: float) -> float:
    """AWS seconds until the next try.

    Parameters
    ----------
    retries : int
        How often it was tried again already.
    chance : float
        From 0 to 1; spreads the tries by half.
    """
    return float(min(FIRST_WAIT * 2.0 ** min(retries, 30), LONGEST_WAIT) * (0.5 + chance / 2))
