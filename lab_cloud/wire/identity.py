"""STS as far as every first call needs it: who am I?

Answering this without moto is what lets the cloud reply within a second of its start; all else of STS is moto's.
"""

from typing import Any

from .call import ACCOUNT, FORWARD, PARTITION, Answer, Call


class Identity:
    """Overrides of STS.

    Parameters
    ----------
    access_key : str
        The cloud's own key, which is the account's root user.
    """

    def __init__(self, access_key: str) -> None:
        self._access_key = access_key

    def get_caller_identity(self, call: Call, params: dict[str, Any]) -> Answer:
        """Say whose key signed; keys that IAM or STS gave out are moto's to explain."""
        if call.access_key != self._access_key:
            return FORWARD
        return {"UserId": ACCOUNT, "Account": ACCOUNT, "Arn": f"arn:{PARTITION}:iam::{ACCOUNT}:root"}
