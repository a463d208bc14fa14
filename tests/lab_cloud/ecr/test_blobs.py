from pathlib import Path

import pytest

from lab_cloud.ecr import blobs
from lab_cloud.ecr.blobs import BlobStore
from lab_cloud.errors import AwsError
from tests.lab_cloud.ecr.registry import digest_of


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "ecr")


def test_a_blob_has_its_place_once_it_is_complete(store: BlobStore) -> None:
    upload = store.begin("web", 0)
    for piece in (b"one ", b"two"):
        upload.write(piece)
    assert store.digests() == []
    assert upload.digest == digest_of(b"one two")
    store.keep(upload)
    assert b"".join(store.read(upload.digest)) == b"one two"
    assert not upload.path.exists()


def test_the_same_blob_again_is_one_blob(store: BlobStore) -> None:
    for _ in range(2):
        upload = store.begin("web", 0)
        upload.write(b"same")
        store.keep(upload)
    assert store.digests() == [digest_of(b"same")]


def test_what_is_put_away_is_deleted_later(store: BlobStore, tmp_path: Path) -> None:
    upload = store.begin("web", 0)
    store.discard(upload.path)
    store.discard(upload.path)  # twice is no error
    store.empty_trash()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_upload_whose_repository_went_takes_nothing_more(store: BlobStore) -> None:
    upload = store.begin("web", 0)
    store.discard(upload.path)
    with pytest.raises(AwsError) as caught:
        upload.write(b"late")
    assert caught.value.code == "UploadNotFoundException"


def test_a_layer_that_is_too_large(store: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "MAX_LAYER_BYTES", 10)
    upload = store.begin("web", 0)
    upload.write(b"0123456789")
    with pytest.raises(AwsError) as caught:
        upload.write(b"x")
    assert caught.value.code == "LimitExceededException"
    assert upload.digest == digest_of(b"0123456789")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_says_so(store: BlobStore) -> None:
    upload = store.begin("web", 0)
    upload.path.unlink()
    upload.path.symlink_to("/dev/full")
    with pytest.raises(AwsError, match="Make room on the disk"):
        upload.write(b"x" * 1_000_000)


def test_a_new_cloud_begins_with_an_empty_store(store: BlobStore, tmp_path: Path) -> None:
    store.begin("web", 0).write(b"half")
    upload = store.begin("web", 0)
    store.keep(upload)
    assert BlobStore(tmp_path / "ecr").digests() == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
