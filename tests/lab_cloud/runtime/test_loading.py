import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab_cloud.errors import CloudError, ImageCorrupt
from lab_cloud.runtime.exporting import save
from lab_cloud.runtime.images import Descriptor, Store, canonical, digest_of
from lab_cloud.runtime.layers import Entry, pack
from lab_cloud.runtime.loading import load
from tests.lab_cloud.runtime.build.making import Bench


@pytest.fixture
def source(tmp_path: Path) -> Bench:
    found = Bench(tmp_path / "source")
    found.file("a.txt", "hello")
    return found


@pytest.fixture
def names(source: Bench) -> dict[str, Descriptor]:
    built = source.build("FROM python:3.12\nCOPY a.txt /x/\nENV A=1\n", "loaded:1", "other/name:2")
    return {name: source.store.descriptor(built.digest) for name in built.names}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "images")


def blobs(store: Store) -> list[str]:
    return sorted(path.name for path in (store.folder / "blobs" / "sha256").iterdir())


@pytest.mark.parametrize("where", ["x.tar", "layout", "x.tar.gz"])
def test_what_was_saved_is_loaded(
    source: Bench, names: dict[str, Descriptor], store: Store, tmp_path: Path, where: str
) -> None:
    path = tmp_path / where
    if where.endswith(".gz"):
        save(source.store, names, tmp_path / "y.tar")
        path.write_bytes(gzip.compress((tmp_path / "y.tar").read_bytes()))
    else:
        save(source.store, names, path)
    assert load(store, path) == names
    image = store.image("x", store.names()["docker.io/library/loaded:1"])
    assert (store.root(image) / "x" / "a.txt").read_text() == "hello"
    assert store.is_mine("docker.io/other/name:2")
    assert list(store.incoming.iterdir()) == []


def test_one_image_can_be_given_a_name(
    source: Bench, names: dict[str, Descriptor], store: Store, tmp_path: Path
) -> None:
    save(source.store, names, tmp_path / "x.tar")
    assert list(load(store, tmp_path / "x.tar", "mine:3")) == ["docker.io/library/mine:3"]


# -- what others write ------------------------------------------------------------------------------------------------

LAYER = pack({"a": Entry(b"a", mode=0o644)})


def archive(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return buffer.getvalue()


def config(*layers: bytes) -> bytes:
    diff_ids = [digest_of(layer) for layer in layers]
    return canonical({"architecture": "arm64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}})


def old_archive(path: Path, **changes: Any) -> Path:
    """What docker save wrote for years."""
    item = {"Config": "c.json", "RepoTags": ["old:1"], "Layers": ["one/layer.tar", "two/layer.tar"]}
    files = {
        "c.json": config(LAYER, LAYER),
        "one/layer.tar": LAYER,
        "manifest.json": json.dumps([{**item, **changes.pop("item", {})}]).encode(),
        **changes.pop("files", {}),
    }
    path.write_bytes(archive(files, {"two/layer.tar": "../one/layer.tar"}))
    return path


def test_an_old_docker_archive(store: Store, tmp_path: Path) -> None:
    (manifest,) = load(store, old_archive(tmp_path / "x.tar")).values()
    image = store.image("x", manifest)
    assert image.layers == (digest_of(LAYER),) * 2
    assert digest_of(config(LAYER, LAYER)) in store.read(manifest.digest).decode()
    assert list(store.names()) == ["docker.io/library/old:1"]


def layout(folder: Path, change: Callable[[dict[str, Any]], None] = lambda parts: None) -> Path:
    """An OCI layout with a gzip layer, as skopeo writes it; `change` may spoil its parts first."""
    packed = gzip.compress(LAYER, mtime=0)
    parts: dict[str, Any] = {"layer": packed, "config": config(LAYER), "platform": None}
    parts["layer_entry"] = {
        "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "digest": digest_of(packed),
        "size": len(packed),
    }
    parts["config_entry"] = {
        "mediaType": "application/vnd.docker.container.image.v1+json",
        "digest": digest_of(parts["config"]),
        "size": len(parts["config"]),
    }
    parts["kind"] = "application/vnd.docker.distribution.manifest.v2+json"
    change(parts)
    manifest = canonical(
        {
            "schemaVersion": 2,
            "mediaType": parts["kind"],
            "config": parts["config_entry"],
            "layers": [parts["layer_entry"]],
        }
    )
    entry = {"mediaType": parts["kind"], "digest": digest_of(manifest), "size": len(manifest)}
    data = {digest_of(each): each for each in (manifest, parts["config"])}
    data[parts["layer_entry"]["digest"]] = parts["layer"]
    if parts["platform"]:
        other = {"mediaType": parts["kind"], "digest": "sha256:" + "0" * 64, "size": 1}
        index = canonical(
            {
                "schemaVersion": 2,
                "manifests": [
                    {**other, "platform": {"architecture": "s390x", "os": "linux"}},
                    {**entry, "platform": parts["platform"]},
                    {**other, "platform": {"architecture": "unknown", "os": "unknown"}},
                ],
            }
        )
        data[digest_of(index)] = index
        kind = "application/vnd.oci.image.index.v1+json"
        entry = {"mediaType": kind, "digest": digest_of(index), "size": len(index)}
    (folder / "blobs" / "sha256").mkdir(parents=True)
    for digest, content in data.items():
        (folder / "blobs" / "sha256" / digest.replace("sha256:", "").replace("/", "_")).write_bytes(content)
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (folder / "index.json").write_bytes(canonical({"schemaVersion": 2, "manifests": [entry]}))
    return folder


def test_a_compressed_layer(store: Store, tmp_path: Path) -> None:
    (manifest,) = load(store, layout(tmp_path / "my-image")).values()
    assert list(store.names()) == ["docker.io/library/my-image:latest"]
    assert (store.root(store.image("x", manifest)) / "a").read_bytes() == b"a"
    bench = Bench(tmp_path / "bench")
    load(bench.store, tmp_path / "my-image", "base:1")
    bench.file("b", "b")
    assert bench.texts(bench.build("FROM base:1\nCOPY b /b\n")) == {"a": "a", "b": "b"}
    assert bench.image(bench.build()).configuration["architecture"] == "arm64"


def test_of_several_platforms_ours(store: Store, tmp_path: Path) -> None:
    def platform(parts: dict[str, Any]) -> None:
        parts["platform"] = {"architecture": "amd64", "os": "linux"}

    (manifest,) = load(store, layout(tmp_path / "x", platform)).values()
    assert len(store.image("x", manifest).layers) == 1


# -- what is bad ------------------------------------------------------------------------------------------------------


def bomb(parts: dict[str, Any]) -> None:
    huge = gzip.compress(bytes(1 << 20), mtime=0)
    parts["layer"] = huge
    parts["layer_entry"].update(digest=digest_of(huge), size=100)


def other_bytes(parts: dict[str, Any]) -> None:
    parts["layer"] = gzip.compress(b"other", mtime=0)


def other_content(parts: dict[str, Any]) -> None:
    parts["layer"] = gzip.compress(b"other", mtime=0)
    parts["layer_entry"].update(digest=digest_of(parts["layer"]), size=len(parts["layer"]))


def no_gzip(parts: dict[str, Any]) -> None:
    parts["layer"] = gzip.compress(LAYER)[:-9]
    parts["layer_entry"].update(digest=digest_of(parts["layer"]), size=len(parts["layer"]))


def larger(parts: dict[str, Any]) -> None:
    parts["layer_entry"]["size"] += 1


def unknown_layer(parts: dict[str, Any]) -> None:
    parts["layer_entry"]["mediaType"] = "application/vnd.oci.image.layer.v1.tar+zstd"


def unknown_manifest(parts: dict[str, Any]) -> None:
    parts["kind"] = "application/x-nothing"


def a_path(parts: dict[str, Any]) -> None:
    parts["config_entry"]["digest"] = "sha256:../../../etc/passwd"


def no_config(parts: dict[str, Any]) -> None:
    parts["config"] = b"[]"
    parts["config_entry"].update(digest=digest_of(b"[]"), size=2)


BAD = [bomb, other_bytes, other_content, no_gzip, larger, unknown_layer, unknown_manifest, a_path, no_config]


@pytest.mark.parametrize("change", BAD, ids=lambda change: change.__name__)
def test_a_bad_layout_leaves_nothing(store: Store, tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    with pytest.raises(ImageCorrupt):
        load(store, layout(tmp_path / "x", change))
    assert (blobs(store), store.names(), list(store.incoming.iterdir())) == ([], {}, [])


@pytest.mark.parametrize(
    "changes",
    [
        {"files": {"c.json": b"{}"}},
        {"files": {"c.json": config(LAYER)}},
        {"files": {"c.json": config(LAYER, LAYER + b"\0")}},
        {"files": {"manifest.json": b"no json"}},
        {"files": {"manifest.json": b"{}"}},
        {"files": {"manifest.json": b"[]"}},
        {"item": {"Layers": ["../../x", "one/layer.tar"]}},
        {"item": {"Layers": ["one/none", "one/layer.tar"]}},
        {"item": {"RepoTags": ["NOT A NAME"]}},
    ],
)
def test_a_bad_archive_leaves_nothing(store: Store, tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(CloudError):
        load(store, old_archive(tmp_path / "x.tar", **changes))
    assert (blobs(store), store.names(), list(store.incoming.iterdir())) == ([], {}, [])


@pytest.mark.parametrize(
    "data", [b"", b"nothing of the kind", gzip.compress(b"x" * 2000, mtime=0)[:30], archive({"x": b""})]
)
def test_no_archive_at_all(store: Store, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.tar").write_bytes(data)
    with pytest.raises(ImageCorrupt):
        load(store, tmp_path / "x.tar")
    assert list(store.incoming.iterdir()) == []
    with pytest.raises(CloudError, match="no file"):
        load(store, tmp_path / "nothing")


def test_what_was_there_before_stays(store: Store, tmp_path: Path) -> None:
    load(store, layout(tmp_path / "good"))
    before = blobs(store)
    with pytest.raises(ImageCorrupt):
        load(store, layout(tmp_path / "bad", unknown_manifest))
    assert blobs(store) == before
    for name in before:
        assert hashlib.sha256((store.folder / "blobs" / "sha256" / name).read_bytes()).hexdigest() == name
