from pathlib import Path

import pytest

from lab_cloud.clock import ManualClock
from lab_cloud.ecr import manifest
from lab_cloud.ecr.access import Access
from lab_cloud.ecr.blobs import BlobStore
from lab_cloud.ecr.images import Images
from lab_cloud.ecr.repository import Repository
from lab_cloud.ecr.store import Store
from lab_cloud.ecr.sweeper import EVERY_SECONDS, KEPT_SECONDS, Sweeper
from lab_cloud.iam.authority import Authority
from lab_cloud.world import World
from tests.lab_cloud.ecr.registry import digest_of, small


class Scene:
    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.world = World(self.clock)
        self.world.work = lambda job: job()  # type: ignore[method-assign]
        self.blobs = BlobStore(folder)
        self.store = Store()
        self.images = Images(
            self.store, self.blobs, self.clock, lambda repository, image: None, Access(Authority(self.clock))
        )
        self.sweeper = Sweeper(self.store, self.images, self.blobs, self.world)
        self.repository = Repository("web", "us-east-1", "127.0.0.1:1", self.clock.now())
        self.store.registry("us-east-1").repositories["web"] = self.repository

    def upload(self, data: bytes) -> str:
        upload = self.images.begin(self.repository)
        upload.write(data)
        return self.images.complete(self.repository, upload, [digest_of(data)])

    def later(self, seconds: float) -> None:
        self.sweeper.tick(self.clock.advance(seconds))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_layers_of_images_stay_and_others_go_after_a_while(scene: Scene) -> None:
    image = small("kept")
    used = {scene.upload(each) for each in (image.config, *image.layers)}
    free = scene.upload(b"free")
    scene.images.put(scene.repository, manifest.parse(image.manifest), "v1")
    scene.later(KEPT_SECONDS - 1)
    assert set(scene.blobs.digests()) == {*used, free}
    scene.later(EVERY_SECONDS + 2)
    assert set(scene.blobs.digests()) == used
    assert set(scene.repository.layers) == used


def test_a_deleted_repository_leaves_nothing(scene: Scene, tmp_path: Path) -> None:
    scene.upload(b"data")
    scene.images.begin(scene.repository).write(b"half")
    scene.images.drop(scene.repository)
    scene.store.registries.clear()
    scene.later(EVERY_SECONDS + 1)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_idle_upload_is_given_up_unless_somebody_writes(scene: Scene) -> None:
    idle, busy = scene.images.begin(scene.repository), scene.images.begin(scene.repository)
    with busy.busy:
        scene.later(KEPT_SECONDS + 1)
    assert list(scene.repository.uploads) == [busy.id]
    assert not idle.path.exists()


def test_the_same_layer_in_two_repositories_is_stored_once(scene: Scene) -> None:
    other = Repository("other", "us-east-1", "127.0.0.1:1", 0)
    scene.store.registry("us-east-1").repositories["other"] = other
    digest = scene.upload(b"shared")
    assert scene.images.mount(other, scene.repository, digest)
    del scene.repository.layers[digest]
    scene.later(1)
    assert scene.blobs.digests() == [digest]
    del other.layers[digest]
    scene.later(EVERY_SECONDS + 1)
    assert scene.blobs.digests() == []
