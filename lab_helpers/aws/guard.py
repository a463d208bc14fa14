"""What may be made on a real account: only what the labs make, only with the lab's tags, only so large and so many.

The lists are data: `data/aws/makes.csv` has every call by which a lab makes something, and `data/aws/limits.csv` has
how much of it. Whether an operation takes tags is read from botocore's own model of it. What is on no list is refused
before it is sent, so that neither a slip nor a copied cell can cost more than the lab says.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .. import tagging
from ..errors import NotAllowed

DATA = Path(__file__).resolve().parents[2] / "data" / "aws"
# By the first words of their names.
READING = (
    *("Describe", "Get", "List", "BatchGet", "BatchCheck", "Head", "Filter", "Lookup", "Search", "Assume", "Select"),
    *("Simulate", "Validate", "Test", "Receive", "DecodeAuthorizationMessage"),
)
LESSENING = (
    *("Delete", "BatchDelete", "Update", "Modify", "Stop", "Tag", "Untag", "Deregister", "Detach", "Remove", "Revoke"),
    *("Disable", "Terminate", "Reboot", "Release", "Disassociate", "Cancel", "Reset", "Purge", "Abort", "Change"),
    *("Pause", "Suspend", "Unsubscribe", "Replace", "Set"),
)
LABELLING = {"CreateTags", "AddTags", "CreateOrUpdateTags", "AddTagsToResource", "PutBucketTagging", "PutObjectTagging"}
HOW_TO = "Your limits are data/aws/limits.csv; docs/aws.md says how to change them."
UNITS = {"vcpu": 1024.0, "gb": 1024.0, "": 1.0}


def reads(operation: str) -> bool:
    """Whether an operation changes nothing."""
    return operation.startswith(READING)


def makes(operation: str) -> bool:
    """Whether an operation may make something: all that neither read, nor lessen or change what is there."""
    return not reads(operation) and not operation.startswith(LESSENING) and operation not in LABELLING


@dataclass(frozen=True)
class Limit:
    """One row of `limits.csv`.

    Parameters
    ----------
    parameter : str
        The path of a parameter, ``[]`` for each item of a list; empty for the calls themselves.
    rule : str
        ``most`` (a number at most), ``only`` (one of these words), ``never`` (may not be given), or ``calls`` (so
        many successful calls since `lab.start()`).
    limit : str
        The number, or the words.
    why : str
        For the learner.
    """

    parameter: str
    rule: str
    limit: str
    why: str

    def broken_by(self, params: Mapping[str, Any], calls: int) -> str:
        """What is wrong with a call; empty when nothing is."""
        if self.rule == "calls":
            return f"the limit is {self.limit} since lab.start()" if calls >= int(self.limit) else ""
        for value in values(params, self.parameter):
            if self.rule == "never":
                return f"{self.parameter} may not be given"
            if self.rule == "only" and str(value) not in self.limit.split():
                return f"{self.parameter} is {value}, and may be {', '.join(self.limit.split())}"
            if self.rule == "most" and number(value) > float(self.limit):
                return f"{self.parameter} is {value}, and may be at most {self.limit}"
        return ""


class Guard:
    """Judges calls before they are sent, and counts those that succeeded.

    Attributes
    ----------
    learner : str
        Whose tags everything must carry.
    """

    def __init__(self) -> None:
        self.learner = ""
        self._calls: Counter[tuple[str, str]] = Counter()

    def forget(self) -> None:
        """A lab begins: count anew."""
        self._calls.clear()

    def count(self, http_response: Any, model: Any, **_: Any) -> None:
        """A call has been answered."""
        if http_response.status_code < 300:
            self._calls[_key(model)] += 1

    def judge(self, model: Any, params: Mapping[str, Any]) -> NotAllowed | None:
        """Why a call may not be sent to a real account; None when it may.

        Parameters
        ----------
        model : botocore.model.OperationModel
            The operation.
        params : mapping
            Its parameters as they will be sent, tags included.
        """
        key = _key(model)
        if makes(model.name):
            reason = allowed().get(key)
            if reason is None:
                return NotAllowed(f"No lab calls {key[0]} {key[1]}, so it is not sent to a real account.", HOW_TO)
            if not reason and not tagging.has_tags(model, params, self.learner):
                return NotAllowed(
                    f"{key[0]} {key[1]} would make something without the lab's tags, which lab.teardown() cannot find.",
                    "Use lab.client() or lab.session, and leave the tags lab, learner and lab-number to it.",
                )
        for limit in limits().get(key, ()):
            broken = limit.broken_by(params, self._calls[key])
            if broken:
                return NotAllowed(f"{key[0]} {key[1]} is not sent to a real account: {broken}. {limit.why}", HOW_TO)
        return None


def values(params: object, path: str) -> Iterator[Any]:
    """Everything that is at a path."""
    name, _, rest = path.partition(".")
    found = params.get(name.removesuffix("[]")) if isinstance(params, Mapping) else None
    if found is None:
        return
    for one in found if name.endswith("[]") else (found,):
        if rest:
            yield from values(one, rest)
        else:
            yield one


def number(value: object) -> float:
    """A number as AWS takes them: ``512``, ``"0.5 vCPU"``, ``"2 GB"``; what is none is larger than any limit."""
    match = re.fullmatch(r"\s*(\d*\.?\d+)\s*(vcpu|gb|)\s*", str(value).lower())
    return float(match[1]) * UNITS[match[2]] if match else float("inf")


def _key(model: Any) -> tuple[str, str]:
    return model.service_model.service_name, model.name


@cache
def allowed() -> dict[tuple[str, str], str]:
    """The calls by which the labs make things; for those that take no tags, why that is no harm."""
    with (DATA / "makes.csv").open(encoding="utf-8", newline="") as file:
        return {(row["service"], row["operation"]): row["why untagged"] for row in csv.DictReader(file)}


@cache
def limits() -> dict[tuple[str, str], list[Limit]]:
    """The limits of each call."""
    found: dict[tuple[str, str], list[Limit]] = {}
    with (DATA / "limits.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            limit = Limit(row["parameter"], row["rule"], row["limit"], row["why"])
            found.setdefault((row["service"], row["operation"]), []).append(limit)
    return found
