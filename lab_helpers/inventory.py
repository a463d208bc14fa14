"""What carries the lab's tag in the account, found kind by kind through the AWS APIs.

Each kind knows how to list its things with their tags and how to delete one. The order of `KINDS` is the order in which
things can be deleted: what uses another thing goes first.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import tagging

Client = Callable[[str], Any]
Wait = Callable[..., None]


@dataclass(frozen=True)
class Thing:
    """Something in the account.

    Parameters
    ----------
    kind : str
        In AWS's words, for example ``target group``.
    name : str
        The name that a learner knows it by.
    id : str
        What its API calls it.
    lab : int
        The number of the lab that made it.
    state : str
        What tells it from the same thing after somebody has changed it; may be empty.
    parent : str
        The cluster, for things of a cluster.
    """

    kind: str
    name: str
    id: str = field(repr=False)
    lab: int
    state: str = ""
    parent: str = ""


@dataclass(frozen=True)
class Kind:
    """How things of one kind are listed and deleted.

    Parameters
    ----------
    name : str
        In AWS's words.
    service : str
        The boto3 service.
    find : callable
        ``find(client, tags)`` yields what carries the tags.
    delete : callable
        ``delete(client, thing)`` asks for the end of one.
    settle : callable, optional
        ``settle(client, wait, things)`` waits until those that were asked to end have gone; needed where that takes a
        while and what follows depends on it.
    after : callable, optional
        ``after(clients, things)`` takes away what AWS leaves behind of things that have gone, and that has no tags.
    whole : bool
        ``find`` gets the function that gives clients in place of one client, since the tags lie in another service.
    """

    name: str
    service: str
    find: "Callable[[Any, Tags], Iterator[Thing]]"
    delete: Callable[[Any, Thing], None]
    settle: Callable[[Any, Wait, Sequence[Thing]], None] | None = None
    after: Callable[[Client, Sequence[Thing]], None] | None = None
    whole: bool = False


class Tags:
    """Reads tags in every spelling, and tells which lab of this learner they belong to.

    Parameters
    ----------
    learner : str
        The learner's id.
    """

    def __init__(self, learner: str) -> None:
        self.learner = learner

    def lab(self, tags: object) -> int | None:
        """The number of the lab, or None when the tags are not this course's and this learner's.

        Parameters
        ----------
        tags
            A map, or a list of key and value structures; None counts as no tags.
        """
        flat = _flat(tags)
        key, value = tagging.COURSE_TAG
        if flat.get(key) != value or flat.get(tagging.LEARNER_KEY) != self.learner:
            return None
        number = flat.get(tagging.NUMBER_KEY, "")
        return int(number) if number.isdigit() else 0

    def filters(self) -> list[dict[str, Any]]:
        """The same as a filter of EC2's."""
        key, value = tagging.COURSE_TAG
        return [
            {"Name": f"tag:{key}", "Values": [value]},
            {"Name": f"tag:{tagging.LEARNER_KEY}", "Values": [self.learner]},
        ]


def _flat(tags: object) -> dict[str, str]:
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items()}
    found = {}
    for one in tags if isinstance(tags, Sequence) else ():
        key = one.get("key", one.get("Key"))
        found[str(key)] = str(one.get("value", one.get("Value", "")))
    return found


def batches(items: Iterable[str], size: int) -> Iterator[list[str]]:
    """Lists of at most so many."""
    some: list[str] = []
    for item in items:
        some.append(item)
        if len(some) == size:
            yield some
            some = []
    if some:
        yield some


def pages(client: Any, operation: str, member: str, **params: Any) -> Iterator[Any]:
    """The items of all pages of an answer."""
    if not client.can_paginate(operation):
        yield from getattr(client, operation)(**params).get(member, [])
        return
    for page in client.get_paginator(operation).paginate(**params):
        yield from page.get(member, [])


def short(arn: str) -> str:
    """The last part of an ARN."""
    return arn.rsplit("/", 1)[-1].rsplit(":", 1)[-1]
