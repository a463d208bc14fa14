import hashlib
import json
from pathlib import Path

import pytest

from lab_cloud.errors import ImageCorrupt
from lab_cloud.runtime.images import CONFIG, LAYER, MANIFEST, Descriptor, Store, digest_of
from lab_cloud.runtime.layers import Entry, pack


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "images")


def make(store: Store, text: bytes = b"hello") -> Descriptor:
    layer = store.put(pack({"app/text": Entry(text)}), LAYER)
    return store.add([layer], {"Cmd": ["cat", "/app/text"]}, ["COPY text /app/text"])


def test_an_image_is_a_genuine_oci_image(store: Store) -> None:
    manifest = make(store)
    content = json.loads(store.read(manifest.digest))
    config = json.loads(store.read(content["config"]["digest"]))
    assert content["mediaType"] == manifest.media_type == MANIFEST
    assert content["config"]["mediaType"] == CONFIG
    assert config["rootfs"]["diff_ids"] == [layer["digest"] for layer in content["layers"]]
    assert len(config["history"]) == len(content["layers"])
    for descriptor in (content["config"], *content["layers"]):
        data = store.path(descriptor["digest"]).read_bytes()
        assert "sha256:" + hashlib.sha256(data).hexdigest() == descriptor["digest"]
        assert len(data) == descriptor["size"]
    assert json.loads((store.folder / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}


def test_names_survive_a_new_start(store: Store) -> None:
    manifest, other = make(store), make(store, b"other")
    store.tag("docker.io/library/a:1", manifest)
    store.tag("docker.io/library/a:2", manifest)
    store.tag("docker.io/library/b:1", other)
    store.untag("docker.io/library/a:1")
    again = Store(store.folder)
    assert again.names() == {"docker.io/library/a:2": manifest, "docker.io/library/b:1": other}
    image = again.image("docker.io/library/a:2", manifest)
    assert image.digest == manifest.digest
    assert image.config == {"Cmd": ["cat", "/app/text"]}
    assert image.size > 0
    assert (again.root(image) / "app" / "text").read_bytes() == b"hello"


def test_a_stream_with_another_digest_leaves_nothing(store: Store) -> None:
    kept = store.put_stream([b"a", b"b"], LAYER, digest_of(b"ab"))
    assert store.has(kept.digest)
    assert kept.size == 2
    with pytest.raises(ImageCorrupt, match="not sha256"):
        store.put_stream([b"a", b"c"], LAYER, digest_of(b"ab!"))

    def broken() -> object:
        yield b"half"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        store.put_stream(broken(), LAYER)  # type: ignore[arg-type]
    assert [path.name for path in (store.folder / "blobs/sha256").iterdir()] == [kept.digest[7:]]
    assert list((store.folder / "incoming").iterdir()) == []


def test_what_a_crash_left_half_written_is_removed(store: Store) -> None:
    (store.folder / "incoming" / "half").write_bytes(b"x")
    Store(store.folder)
    assert list((store.folder / "incoming").iterdir()) == []


@pytest.mark.parametrize("which", ["manifest", "config", "layer"])
@pytest.mark.parametrize("how", ["changed", "missing"])
def test_a_damaged_blob_is_found(store: Store, which: str, how: str) -> None:
    manifest = make(store)
    content = json.loads(store.read(manifest.digest))
    digests = {
        "manifest": manifest.digest,
        "config": content["config"]["digest"],
        "layer": content["layers"][0]["digest"],
    }
    store.image("x", manifest)
    path = store.path(digests[which])
    if how == "changed":
        path.write_bytes(path.read_bytes()[:-1] + b"?!")
    else:
        path.unlink()
    with pytest.raises(ImageCorrupt, match=digests[which]):
        store.image("x", manifest)


@pytest.mark.parametrize("digest", ["sha256:../../../x", "sha256:12", "md5:" + "0" * 64, "", "sha256:" + "G" * 64])
def test_a_digest_is_never_a_path(store: Store, digest: str) -> None:
    with pytest.raises(ImageCorrupt):
        store.path(digest)


def test_an_unreadable_list_of_names_says_what_to_do(store: Store) -> None:
    (store.folder / "index.json").write_text("{")
    with pytest.raises(ImageCorrupt) as caught:
        Store(store.folder)
    assert "Delete" in caught.value.remedy


def test_an_image_that_cannot_be_unpacked_leaves_nothing(store: Store) -> None:
    layer = store.put(b"no tar", LAYER)
    image = store.image("x", store.add([layer], {}))
    for _ in range(2):
        with pytest.raises(ImageCorrupt):
            store.root(image)
    assert list((store.folder / "unpacked").iterdir()) == []
    assert list((store.folder / "incoming").iterdir()) == []
