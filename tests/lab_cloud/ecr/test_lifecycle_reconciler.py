from pathlib import Path
from typing import Any

import pytest

from lab_cloud.clock import ManualClock
from lab_cloud.delays import Delays
from lab_cloud.ecr import manifest
from lab_cloud.ecr.access import Access
from lab_cloud.ecr.blobs import BlobStore
from lab_cloud.ecr.image import Image
from lab_cloud.ecr.images import Images
from lab_cloud.ecr.lifecycle_reconciler import Lifecycles
from lab_cloud.ecr.repository import Repository
from lab_cloud.ecr.store import Store
from lab_cloud.iam.authority import Authority
from lab_cloud.world import World
from tests.lab_cloud.ecr.registry import digest_of, small
from tests.lab_cloud.ecr.test_lifecycle_policy import ARCHIVE, DAYS, rule, text

SPEED = 1000.0


class Scene:
    """A repository, and a lab calendar that runs a thousand times faster than the clock."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(SPEED)
        self.store = Store()
        self.images = Images(
            self.store, BlobStore(folder), self.clock, lambda repository, image: None, Access(Authority(self.clock))
        )
        self.repository = Repository("web", "us-east-1", "127.0.0.1:1", self.clock.now())
        self.store.registry("us-east-1").repositories["web"] = self.repository
        world = World(self.clock)
        self.lifecycles = Lifecycles(self.store, self.images, world, Delays(self.clock))

    def push(self, text: str, **more: Any) -> Image:
        picture = small(text, **more)
        for data in (picture.config, *picture.layers):
            upload = self.images.begin(self.repository)
            upload.write(data)
            self.images.complete(self.repository, upload, [digest_of(data)])
        return self.images.put(self.repository, manifest.parse(picture.manifest), None)

    def days(self, count: float) -> None:
        """Let so many days of the lab calendar pass, while a client is active."""
        left = count * 86_400 / SPEED
        while left > 0:
            self.clock.touch()
            step = min(left, 100)
            self.lifecycles.tick(self.clock.advance(step))
            left -= step


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_days_are_days_of_the_lab_calendar(scene: Scene) -> None:
    old = scene.push("old")
    scene.repository.lifecycle = text(rule(**DAYS))
    scene.days(13)
    new = scene.push("new")
    assert set(scene.repository.images) == {old.digest, new.digest}
    scene.days(2)
    assert set(scene.repository.images) == {new.digest}
    assert scene.repository.evaluated_at is not None


def test_a_transition_archives_and_another_rule_expires_from_there(scene: Scene) -> None:
    image = scene.push("archived")
    gone = {"countType": "sinceImageTransitioned", "countUnit": "days", "countNumber": 90, "storageClass": "archive"}
    scene.repository.lifecycle = text(rule(1, ARCHIVE, **DAYS), rule(2, **gone))
    scene.days(15)
    assert image.status(scene.clock.now()) == "ARCHIVED"
    scene.days(80)
    assert image.digest in scene.repository.images
    scene.days(12)
    assert scene.repository.images == {}


def test_artifacts_go_with_the_image_that_they_refer_to(scene: Scene) -> None:
    image = scene.push("subject")
    subject = {"mediaType": image.manifest.media_type, "digest": image.digest, "size": len(image.manifest.data)}
    scene.days(2)
    scene.push("signature", subject=subject)
    scene.repository.lifecycle = text(rule(**DAYS))
    scene.days(12.5)
    assert scene.repository.images == {}
