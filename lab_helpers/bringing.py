"""What labs have made is found, removed, or brought to where another lab begins."""

from collections.abc import Collection
from contextlib import ExitStack
from typing import TYPE_CHECKING

from . import backends, cleanup, home, in_kubernetes, waiting
from .inventory import Tags, Thing
from .made import Made
from .replay import Built, footprint, replay

if TYPE_CHECKING:
    from .lab import Lab

SLOW = ("eks", "efs")
"""The services that prepare for minutes what a lab makes; to hurry the cloud for the others would only cost time."""


def find(lab: "Lab", built: Built, labs: Collection[int] | None) -> cleanup.Found:
    """What labs have made and is there.

    Parameters
    ----------
    lab : Lab
        Whose cloud and learner.
    built : Built
        In which services anything was made.
    labs : collection of int, optional
        Only those labs' things.
    """
    tags = Tags(lab._learner())
    # The embedded cloud's memory lies beside the cloud, so it knows where anything can be. A real account may have
    # been used from elsewhere too, so there every service is looked at.
    if not isinstance(lab._cloud(), backends.Embedded):
        return cleanup.find(lab.client, tags, labs)
    found = cleanup.find(lab.client, tags, labs, built.services())
    return cleanup.Found(Made(lab.number).find(labs) + found.things, found.unseen)


def delete(lab: "Lab", things: list[Thing]) -> None:
    """Delete what `find` has found."""
    if isinstance(lab._cloud(), backends.Embedded):
        Made(lab.number).delete(things)
    cleanup.delete(lab.client, lab.wait, things)


def remove(lab: "Lab", labs: list[int], built: Built) -> list[Thing]:
    """Delete what those labs have made; answers what it was."""
    in_kubernetes.clear(lab, built, labs)
    things = find(lab, built, labs).things
    delete(lab, things)
    built.forget(labs)
    return things


def bring(lab: "Lab", number: int, built: Built, skipped: list[float]) -> list[Thing]:
    """Make sure that the lasting work of a lab is there.

    Parameters
    ----------
    lab : Lab
        The lab that stands on it.
    number : int
        The lab whose work it is.
    built : Built
        What was replayed before.
    skipped : list of float
        Gets the seconds of AWS's own waiting that nobody had to wait for.

    Returns
    -------
    list of Thing
        What is there now.

    Raises
    ------
    ReplayFailed, CleanupFailed
        When it cannot be brought.
    """
    things = find(lab, built, [number]).things
    if not things or footprint(things) != built.print_of(number):
        if things:
            remove(lab, [number, *home.dependents(number)], built)
        strict = not isinstance(lab._cloud(), backends.Endpoint)
        slow = any(f'client("{name}")' in cell for name in SLOW for cell in home.notebook(number).build)
        with waiting.ticking(f"what lab {number:02d} makes"), ExitStack() as hurry:
            if slow:
                hurry.enter_context(lab._cloud().hurried(skipped))
            missing = replay(lab._as(number), strict)
        for missed in missing:
            print(f"Not brought, since this endpoint cannot: {missed}")
        things = find(lab, built, [number]).things
        built.remember(number, footprint(things))
    return things
