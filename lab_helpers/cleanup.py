"""Delete what carries the lab's tag, and nothing else; then look again, so that "nothing is left" is seen."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape

from . import (
    kinds_account,
    kinds_apprunner,
    kinds_ecr,
    kinds_ecs,
    kinds_events,
    kinds_network,
    kinds_scaling,
    kinds_stores,
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
    kinds_network.AUTO_SCALING_GROUPS,
    kinds_network.LAUNCH_TEMPLATES,
    kinds_network.LOAD_BALANCERS,
    kinds_network.TARGET_GROUPS,
    *kinds_apprunner.KINDS,
    kinds_network.SECURITY_GROUPS,
    *kinds_events.RECEIVERS,
    *kinds_stores.KINDS,
    kinds_ecr.REPOSITORIES,
    kinds_account.LOG_GROUPS,
    kinds_account.INSTANCE_PROFILES,
    kinds_account.ROLES,
    kinds_account.POLICIES,
)
ABSENT = {"UnsupportedOperation", "UnknownOperationException", "InvalidAction", "404"}


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
    """

    things: tuple[Thing, ...]
    dry_run: bool = False
    unseen: tuple[str, ...] = ()

    def rows(self) -> list[tuple[str, str]]:
        """Kind and name, in the order of deletion; several of the same name are one row with their number."""
        counted = Counter((thing.kind, thing.name) for thing in self.things)
        return [(kind, name if number == 1 else f"{name} ({number})") for (kind, name), number in counted.items()]

    @property
    def verdict(self) -> str:
        """What it comes to, in one line."""
        if self.dry_run:
            return "Nothing has been deleted: this is what would be." if self.things else "There is nothing to delete."
        seen = "Looked again: nothing that carries the lab's tag is left."
        return f"{seen} (This cloud cannot list: {', '.join(self.unseen)}.)" if self.unseen else seen

    def __repr__(self) -> str:
        width = max((len(kind) for kind, _ in self.rows()), default=0)
        return "\n".join([*(f"{kind:{width}}  {name}" for kind, name in self.rows()), self.verdict])

    def _repr_html_(self) -> str:
        verb = "Would be deleted" if self.dry_run else "Deleted"
        rows = "".join(f"<tr><td>{escape(kind)}</td><td>{escape(name)}</td></tr>" for kind, name in self.rows())
        table = (
            f"<table><thead><tr><th>{verb}</th><th>Name</th></tr></thead><tbody>{rows}</tbody></table>" if rows else ""
        )
        return f"{table}<p>{escape(self.verdict)}</p>"


def names(things: Sequence[Thing]) -> str:
    """Things in one line: ``cluster DemoCluster, role a``; several of the same name are counted."""
    return ", ".join(f"{kind} {name}" for kind, name in Report(tuple(things)).rows())


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
        things += [thing for thing in listed if labs is None or thing.lab in labs]
    return Found(things, tuple(unseen))


def delete(client: Client, wait: Wait, things: Sequence[Thing]) -> None:
    """Delete things, each kind before what it uses.

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
                kind.delete(client(kind.service), thing)
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
