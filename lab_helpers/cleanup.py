"""Delete what carries the lab's tag, and nothing else; then look again, so that "nothing is left" is seen."""

import textwrap
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from . import (
    kinds_account,
    kinds_apprunner,
    kinds_ecr,
    kinds_ecs,
    kinds_eks,
    kinds_events,
    kinds_network,
    kinds_scaling,
    kinds_storage,
    kinds_stores,
    kinds_vpc,
)
from .errors import CleanupFailed
from .inventory import Client, Kind, Tags, Thing, Wait

# What uses another thing goes before it.
KINDS: tuple[Kind, ...] = (
    kinds_scaling.SCALABLE_TARGETS,
    kinds_scaling.ALARMS,
    *kinds_events.CALLERS,
    kinds_ecs.SERVICES,
    kinds_ecs.TASKS,
    kinds_ecs.CLUSTERS,
    kinds_ecs.CAPACITY_PROVIDERS,
    kinds_ecs.TASK_DEFINITIONS,
    kinds_eks.ADDONS,
    kinds_eks.PROFILES,
    kinds_eks.NODEGROUPS,
    kinds_network.AUTO_SCALING_GROUPS,
    kinds_eks.CLUSTERS,
    kinds_network.LAUNCH_TEMPLATES,
    kinds_network.LOAD_BALANCERS,
    kinds_network.TARGET_GROUPS,
    *kinds_apprunner.KINDS,
    *kinds_storage.KINDS,
    kinds_network.SECURITY_GROUPS,
    *kinds_vpc.KINDS,
    *kinds_events.RECEIVERS,
    *kinds_stores.KINDS,
    kinds_ecr.REPOSITORIES,
    kinds_account.LOG_GROUPS,
    kinds_account.INSTANCE_PROFILES,
    kinds_account.ROLES,
    kinds_account.POLICIES,
)
HELD = {
    *("DependencyViolation", "ResourceInUse", "ResourceInUseException", "DeleteConflict", "ConflictException"),
    *("ClusterContainsServicesException", "ClusterContainsTasksException", "UpdateInProgressException"),
    *("ClusterContainsContainerInstancesException", "ClusterContainsCapacityProviderException"),
    *("OperationNotPermitted", "OperationAborted", "ScalingActivityInProgress", "InvalidStateException"),
    *("FileSystemInUse", "BucketNotEmpty", "Throttling", "ThrottlingException", "RequestLimitExceeded"),
    *("TooManyRequestsException", "ServerException"),
}
"""What passes by itself: another thing still lets go of this one, or AWS asks for patience."""
PATIENCE = 120.0  # real seconds in which a thing that is still held may be let go
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0  # real seconds between two tries
ABSENT = {"UnsupportedOperation", "UnknownOperationException", "InvalidAction", "404", "405"}


@dataclass(frozen=True, repr=False)
class Report:
    """What a clean-up did.

    Parameters
    ----------
    things : tuple of Thing
        What was deleted, or would be.
    dry_run : bool
        Nothing was deleted; this only says what would be.
    unseen : tuple of str
        Kinds that this cloud could not list, so that nobody knows whether any are left.
    proof : str
        On a real account: what AWS's own index of tags said afterwards.
    """

    things: tuple[Thing, ...]
    dry_run: bool = False
    unseen: tuple[str, ...] = ()
    proof: str = ""

    def rows(self) -> list[tuple[str, str]]:
        """Kind and name, in the order of deletion; several of the same name are one row with their number."""
        counted = Counter((thing.kind, thing.name) for thing in self.things)
        return [(kind, name if number == 1 else f"{name} ({number})") for (kind, name), number in counted.items()]

    def _steps(self) -> list[tuple[str, ...]]:
        """The rows as they are shown: what would be deleted has numbers, since there the order is the news."""
        if not self.dry_run:
            return list(self.rows())
        return [(f"{place}.", *row) for place, row in enumerate(self.rows(), 1)]

    @property
    def verdict(self) -> str:
        """What it comes to, in one line."""
        if self.dry_run:
            return "Nothing has been deleted: this is what would be." if self.things else "There is nothing to delete."
        seen = f"Looked again: nothing that carries the lab's tag is left. {self.proof}".rstrip()
        return f"{seen} (This cloud cannot list: {', '.join(self.unseen)}.)" if self.unseen else seen

    def __repr__(self) -> str:
        steps = self._steps()
        widths = [max(map(len, column)) for column in zip(*steps, strict=True)]
        lines = ["  ".join(f"{text:{width}}" for text, width in zip(row, widths, strict=True)) for row in steps]
        return "\n".join([*(line.rstrip() for line in lines), self.verdict])

    def _repr_html_(self) -> str:
        verb = "Would be deleted" if self.dry_run else "Deleted"
        head = ("Step", verb, "Name") if self.dry_run else (verb, "Name")
        rows = "".join(f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in row)}</tr>" for row in self._steps())
        heads = "".join(f'<th scope="col">{text}</th>' for text in head)
        table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
        return f"{table}<p>{escape(self.verdict)}</p>"


def _until_let_go(kind: Kind, client: Any, thing: Thing, patience: float) -> None:
    """Try to delete again and again, with longer and longer pauses, while another thing holds it."""
    from botocore.exceptions import ClientError

    deadline, pause = time.monotonic() + patience, FIRST_PAUSE
    while True:
        try:
            kind.delete(client, thing)
            return
        except ClientError as error:
            if error.response["Error"]["Code"] not in HELD or time.monotonic() + pause > deadline:
                raise
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def names(things: Sequence[Thing]) -> str:
    """Things in one line: ``cluster DemoCluster, role a``; several of the same name are counted."""
    return ", ".join(f"{kind} {name}" for kind, name in Report(tuple(things)).rows())


def told(words: str, things: Sequence[Thing]) -> str:
    """A sentence that names things, in lines that end between words: a notebook breaks longer ones anywhere."""
    return textwrap.fill(f"{words}: {names(things)}.", 84, break_long_words=False, break_on_hyphens=False)


@dataclass(frozen=True)
class Found:
    """What is there, in the order in which it can be deleted, and the kinds that the cloud cannot list."""

    things: list[Thing]
    unseen: tuple[str, ...]


def find(
    client: Client, tags: Tags, labs: Collection[int] | None = None, services: Collection[str] | None = None
) -> Found:
    """What carries the lab's tag, in the order in which it can be deleted.

    Parameters
    ----------
    client : callable
        Gives the boto3 client of a service.
    tags : Tags
        Whose things.
    labs : collection of int, optional
        Only those labs' things.
    services : collection of str, optional
        Only in those services.
    """
    from botocore.exceptions import ClientError

    things: list[Thing] = []
    unseen: list[str] = []
    for kind in KINDS:
        if services is not None and kind.service not in services:
            continue
        try:
            listed = list(kind.find(client if kind.whole else client(kind.service), tags))
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT:  # a cloud without the operation has no such thing
                continue
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) < 500:
                raise
            unseen.append(kind.name)  # emulators crash where they have no operation
            continue
        ours = (thing for thing in listed if labs is None or thing.lab in labs)
        things += sorted(ours, key=lambda thing: thing.name)  # AWS gives roles in no order that stays
    return Found(things, tuple(unseen))


def delete(client: Client, wait: Wait, things: Sequence[Thing], patience: float = PATIENCE) -> None:
    """Delete things, each kind before what it uses; what is still held is tried again.

    Parameters
    ----------
    client : callable
        Gives the boto3 client of a service.
    wait : callable
        Waits as `Lab.wait` does.
    things : sequence of Thing
        What `find` has found.
    patience : float
        Real seconds in which a thing that another one still holds is tried again.

    Raises
    ------
    CleanupFailed
        When AWS refuses for a reason that waiting does not mend.
    """
    from botocore.exceptions import ClientError

    for kind in KINDS:
        ours = [thing for thing in things if thing.kind == kind.name]
        for thing in ours:
            try:
                _until_let_go(kind, client(kind.service), thing, patience)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if "NotFound" in code or "NoSuchEntity" in code:  # gone already, with something else or by another hand
                    continue
                raise CleanupFailed(
                    f"The {thing.kind} {thing.name} was not deleted: {code}: {error.response['Error']['Message']}",
                    "Delete what still uses it, then run lab.teardown() again.",
                ) from error
        if ours and kind.settle is not None:
            kind.settle(client(kind.service), wait, ours)
        if ours and kind.after is not None:
            kind.after(client, ours)
