import gzip
import json
from pathlib import Path

import pytest

from lab_cloud.errors import ImageCorrupt
from lab_cloud.runtime.contents import contents, plain_layers
from lab_cloud.runtime.images import LAYER, MANIFEST, Store, canonical, digest_of
from lab_cloud.runtime.layers import Entry, pack

PLAIN = pack({"a": Entry(b"a", mode=0o644)})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "images")


def test_compressed_layers_are_unpacked_once_and_checked(store: Store) -> None:
    layer = store.put(gzip.compress(PLAIN), LAYER + "+gzip")
    image = contents(store, store.add([layer], {}, ["COPY a /"], diff_ids=[digest_of(PLAIN)]))
    assert image.created_by() == ["COPY a /"]
    assert plain_layers(store, image) == [store.path(digest_of(PLAIN))]
    store.path(digest_of(PLAIN)).write_bytes(b"other")
    with pytest.raises(ImageCorrupt):
        plain_layers(store, image)


def test_what_a_layer_is_not(store: Store) -> None:
    layer = store.put(gzip.compress(b"other"), LAYER + "+gzip")
    image = contents(store, store.add([layer], {}, diff_ids=[digest_of(PLAIN)]))
    with pytest.raises(ImageCorrupt, match="not sha256"):
        plain_layers(store, image)
    assert not store.has(digest_of(PLAIN))


def test_history_that_says_less_than_there_is(store: Store) -> None:
    layer = store.put(PLAIN, LAYER)
    history = [{"created_by": "ENV A=1", "empty_layer": True}, {"created_by": "COPY a /"}]
    assert contents(store, store.add([layer, layer], {}, history)).created_by() == ["COPY a /", ""]


@pytest.mark.parametrize("data", [b"no json", b"[]", b"{}", canonical({"config": {}, "layers": []})])
def test_no_manifest(store: Store, data: bytes) -> None:
    with pytest.raises(ImageCorrupt):
        contents(store, store.put(data, MANIFEST))


def test_layers_and_diff_ids_must_agree(store: Store) -> None:
    layer = store.put(PLAIN, LAYER)
    made = store.add([layer], {}, diff_ids=[layer.digest, layer.digest])
    assert len(json.loads(store.read(made.digest))["layers"]) == 1
    with pytest.raises(ImageCorrupt, match="1 layers and 2 diff_ids"):
        contents(store, made)
