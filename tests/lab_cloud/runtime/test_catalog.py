import json
from pathlib import Path

import pytest

from lab_cloud.errors import ImageCorrupt, ImageNotFound
from lab_cloud.runtime.catalog import SOURCES, Catalog
from lab_cloud.runtime.images import Store


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(Store(tmp_path / "images"))


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("nginxdemos/hello", "docker.io/nginxdemos/hello:latest"),
        ("docker.io/nginxdemos/hello:plain-text", "docker.io/nginxdemos/hello:plain-text"),
        ("nginx", "docker.io/library/nginx:latest"),
        ("public.ecr.aws/nginx/nginx:latest", "public.ecr.aws/nginx/nginx:latest"),
        ("python:3.12-alpine", "docker.io/library/python:3.12-alpine"),
        ("public.ecr.aws/docker/library/python:3.12-alpine", "public.ecr.aws/docker/library/python:3.12-alpine"),
        ("python:3.11.9-slim-bookworm", "docker.io/library/python:3.11.9-slim-bookworm"),
        ("python", "docker.io/library/python:latest"),
        ("containers-on-aws/web:1", "docker.io/containers-on-aws/web:1"),
        ("containers-on-aws/web:broken-health", "docker.io/containers-on-aws/web:broken-health"),
    ],
)
def test_the_course_has_these(catalog: Catalog, text: str, full: str) -> None:
    image = catalog.pull(text)
    assert image.reference == full
    assert image.config["Cmd"]
    assert catalog.store.resolve(full) is not None
    assert catalog.pull(text) == image


def test_digests_are_the_same_on_every_machine(tmp_path: Path) -> None:
    one, two = (Catalog(Store(tmp_path / name)) for name in ("one", "two"))
    for text in ("nginxdemos/hello", "nginx", "containers-on-aws/web:2", "python:3.12"):
        assert one.pull(text).digest == two.pull(text).digest


def test_tags_share_layers_and_differ_in_what_they_say(catalog: Catalog) -> None:
    one, two = catalog.pull("containers-on-aws/web:1"), catalog.pull("containers-on-aws/web:2")
    assert one.digest != two.digest
    assert one.layers == two.layers
    assert "WEB_VERSION=1" in one.config["Env"]
    assert "WEB_VERSION=2" in two.config["Env"]
    assert any(item.startswith("PYTHONPATH=") for item in two.config["Env"])
    hello = catalog.pull("nginxdemos/hello")
    assert hello.layers[0] == one.layers[0]


def test_by_digest(catalog: Catalog) -> None:
    digest = catalog.pull("nginxdemos/hello").digest
    assert catalog.pull(f"nginxdemos/hello@{digest}").digest == digest
    fresh = Catalog(Store(catalog.store.folder.with_name("fresh")))
    assert fresh.pull(f"nginxdemos/hello:latest@{digest}").digest == digest
    with pytest.raises(ImageNotFound):
        catalog.pull(f"nginx@{digest}")
    with pytest.raises(ImageNotFound):
        catalog.pull("nginxdemos/hello@sha256:" + "0" * 64)


@pytest.mark.parametrize(
    ("text", "words", "remedy"),
    [
        ("nope", "failed to resolve ref docker.io/library/nope:latest: pull access denied", "nginxdemos/hello"),
        ("nginx:nope", "failed to resolve ref docker.io/library/nginx:nope: not found", "alpine"),
        ("python:nope", "failed to resolve ref docker.io/library/python:nope: not found", "LAB_RUNTIME=docker"),
        ("public.ecr.aws/x/y:1", "failed to resolve ref public.ecr.aws/x/y:1: not found", "LAB_RUNTIME=docker"),
    ],
)
def test_an_unknown_image_is_told_in_the_words_of_ecs(catalog: Catalog, text: str, words: str, remedy: str) -> None:
    with pytest.raises(ImageNotFound) as caught:
        catalog.pull(text)
    assert caught.value.message.startswith("CannotPullContainerError: pull image manifest has been retried 1 time(s)")
    assert words in caught.value.message
    assert remedy in caught.value.remedy


def test_a_damaged_blob_is_found_on_pull(catalog: Catalog) -> None:
    image = catalog.pull("nginxdemos/hello")
    catalog.store.path(image.layers[0]).write_bytes(b"other")
    with pytest.raises(ImageCorrupt):
        catalog.pull("nginxdemos/hello")


def test_the_sources_are_well_formed() -> None:
    for file in SOURCES.glob("*/image.json"):
        source = json.loads(file.read_text(encoding="utf-8"))
        assert set(source) <= {"repositories", "about", "base", "config", "tags", "tag_pattern"}, file
        assert source["about"]
        for path in (file.parent / "root").rglob("*"):
            if path.is_file():
                assert b"\r" not in path.read_bytes(), path
