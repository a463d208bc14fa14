"""Carries out life-cycle policies: observe the images, ask `lifecycle.decide`, expire and archive."""

from ..delays import Delays
from ..world import World
from . import lifecycle, lifecycle_policy
from .image import Image
from .images import Images
from .lifecycle import Action, View
from .repository import Repository
from .store import Store


class Lifecycles:
    """Applies each repository's policy from time to time.

    Parameters
    ----------
    store : Store
        What ECR knows.
    images : Images
        What is done to repositories.
    world : World
        The time.
    delays : Delays
        How often a policy is applied.
    """

    def __init__(self, store: Store, images: Images, world: World, delays: Delays) -> None:
        self._store = store
        self._images = images
        self._world = world
        self._delays = delays

    def tick(self, now: float) -> None:
        """Apply the policies that are due."""
        for repository in self._store.repositories():
            if repository.lifecycle is None:
                continue
            if now >= repository.evaluate_next:
                self._apply(repository, repository.lifecycle, now)
                repository.evaluate_next = now + self._delays.real("ecr.lifecycle")
            self._world.wake_at(repository.evaluate_next)

    def _apply(self, repository: Repository, text: str, now: float) -> None:
        calendar = self._world.clock.calendar()
        for action in evaluate(repository, text, calendar):
            image = repository.images.get(action.digest)
            if image is None:  # gone with the image that it referred to
                continue
            if action.rule.transition:
                image.archive(now, calendar)
            else:
                self._images.remove(repository, image)
        repository.evaluated_at = now


def evaluate(repository: Repository, text: str, calendar: float) -> list[Action]:
    """What a policy does to a repository's images now."""
    return lifecycle.decide(
        lifecycle_policy.parse(text), [_view(each) for each in repository.images.values()], calendar
    )


def _view(image: Image) -> View:
    return View(
        digest=image.digest,
        tags=tuple(image.tags),
        pushed=image.pushed_calendar,
        pulled=image.pulled_calendar,
        transitioned=image.archived_calendar,
        archived=image.archived,
        children=tuple(child.digest for child in image.manifest.children),
    )
