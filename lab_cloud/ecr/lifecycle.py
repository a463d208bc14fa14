"""Decide what a life-cycle policy does to the images of a repository. Pure: no clock, no input, no output.

Follows "Automate the cleanup of images by using lifecycle policies in Amazon ECR" of the Amazon ECR User Guide: rules
are applied by priority; an image that a rule selects by its tags is left alone by all later rules, whether that rule
acts on it or not; images that an index lists stay while the index does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .lifecycle_policy import COUNT, PULLED, TRANSITIONED, Rule

DAY = 86_400.0


@dataclass(frozen=True)
class View:
    """What a rule looks at in an image; times are epoch seconds of the lab calendar.

    Parameters
    ----------
    digest : str
        Its digest.
    tags : tuple of str
        Its tags.
    pushed : float
        When it was pushed.
    pulled, transitioned : float or None
        When it was last pulled, and moved to the archive.
    archived : bool
        Whether it is in the archive.
    children : tuple of str
        The images that it lists, if it is an index.
    """

    digest: str
    tags: tuple[str, ...]
    pushed: float
    pulled: float | None = None
    transitioned: float | None = None
    archived: bool = False
    children: tuple[str, ...] = ()


@dataclass(frozen=True)
class Action:
    """What happens to an image, and by which rule."""

    digest: str
    rule: Rule


def decide(rules: Sequence[Rule], images: Sequence[View], now: float) -> list[Action]:
    """The actions of a policy.

    Parameters
    ----------
    rules : sequence of Rule
        By priority.
    images : sequence of View
        All images of one repository.
    now : float
        The lab calendar.

    Returns
    -------
    list of Action
        At most one for each image, in the order of the rules, newest image first.
    """
    free = sorted(images, key=lambda image: (-image.pushed, image.digest))
    actions: list[Action] = []
    for rule in rules:
        chosen: list[View] = []
        rest: list[View] = []
        for image in free:
            (chosen if rule.selects(image.tags, archived=image.archived) else rest).append(image)
        free = rest
        if rule.count_type == COUNT:
            hit = chosen[rule.count :]
        else:
            hit = [image for image in chosen if now - _since(rule, image) > rule.count * DAY]
        actions += [Action(image.digest, rule) for image in hit]
    return _without_needed(actions, images)


def _since(rule: Rule, image: View) -> float:
    if rule.count_type == PULLED and image.pulled is not None:
        return image.pulled
    if rule.count_type == TRANSITIONED and image.transitioned is not None:
        return image.transitioned
    return image.pushed


def _without_needed(actions: list[Action], images: Sequence[View]) -> list[Action]:
    """Spare the images that an index lists which itself stays."""
    by_digest = {image.digest: image for image in images}
    acted = {action.digest: action for action in actions}
    needed: set[str] = set()
    waiting = [image for image in images if image.digest not in acted]
    while waiting:
        index = waiting.pop()
        for child in index.children:
            if child in acted and child not in needed:
                needed.add(child)
                waiting.append(by_digest[child])
    return [action for action in actions if action.digest not in needed]
