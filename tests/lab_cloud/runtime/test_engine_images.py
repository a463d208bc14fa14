"""Which image runs on an engine: decided with an engine that only keeps names."""

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker.errors
import pytest

from lab_cloud.errors import ImageNotFound
from lab_cloud.runtime.catalog import Catalog
from lab_cloud.runtime.engine_images import EngineImages
from lab_cloud.runtime.images import LAYER, Store
from lab_cloud.runtime.layers import Entry, pack

PYTHON = "docker.io/library/python:3.12-alpine"


class Engine:
    """Keeps names of images; its registry has what `registry` says."""

    def __init__(self, *has: str, registry: tuple[str, ...] = ()) -> None:
        self.has = {name: f"sha256:{number:064x}" for number, name in enumerate(has)}
        self.registry = registry
        self.asked: list[str] = []
        self.loaded: list[dict[str, bytes]] = []
        self.built: list[dict[str, bytes]] = []

    def inspect_image(self, name: str) -> dict[str, Any]:
        for known, key in self.has.items():
            if name in (known, key):
                return {"Id": key, "RepoDigests": [], "Config": {"Cmd": ["real"]}, "Size": 1}
        raise docker.errors.ImageNotFound("no such image")

    def images(self, name: str) -> list[dict[str, str]]:
        return [{"Id": key} for known, key in self.has.items() if f"/{name}:" in known]

    def pull(self, repository: str, tag: str, **_options: Any) -> Iterator[dict[str, str]]:
        name = f"{repository}:{tag}"
        self.asked.append(name)
        if name not in self.registry:
            raise docker.errors.APIError("x", explanation="dial tcp: no such host")
        if name.endswith(":torn"):
            return iter([{"status": "Pulling"}, {"error": "unexpected EOF"}])
        self.has[name] = f"sha256:{len(self.has):064x}"
        return iter([{"status": "Pulled"}])

    def load_image(self, data: io.BufferedReader, quiet: bool) -> None:
        files = read(data)
        self.loaded.append(files)
        for name in json.loads(files["manifest.json"])[0]["RepoTags"]:
            self.has[name] = f"sha256:{len(self.has):064x}"

    def build(self, fileobj: io.BufferedReader, tag: str, **_options: Any) -> Iterator[dict[str, str]]:
        self.built.append(read(fileobj))
        self.has[tag] = f"sha256:{len(self.has):064x}"
        yield {"stream": "done"}


def read(data: Any) -> dict[str, bytes]:
    files = {}
    with tarfile.open(fileobj=data) as archive:
        for member in archive:
            content = archive.extractfile(member)
            files[member.name] = content.read() if content else b""
    return files


def images(engine: Engine, folder: Path, *, online: bool = True) -> EngineImages:
    return EngineImages(engine, Catalog(Store(folder / "images")), folder, online=online)


def test_the_real_image_is_used_where_the_engine_has_it(tmp_path: Path) -> None:
    engine = Engine("docker.io/library/nginx:latest")
    found = images(engine, tmp_path)
    image = found.pull("nginx")
    assert image.config["Cmd"] == ["real"]
    assert found.name(image) == engine.has["docker.io/library/nginx:latest"]
    assert engine.asked == []


def test_the_real_image_is_pulled_where_it_can_be(tmp_path: Path) -> None:
    engine = Engine(registry=("docker.io/library/nginx:latest",))
    assert images(engine, tmp_path).pull("nginx").config["Cmd"] == ["real"]


def test_the_courses_stands_in_upon_the_real_python(tmp_path: Path) -> None:
    engine = Engine(PYTHON)
    found = images(engine, tmp_path)
    image = found.pull("nginx")
    assert image.config["Labels"]["edition"] == "course"
    assert engine.asked == ["docker.io/library/nginx:latest"]
    assert found.pull("nginx") == image
    assert engine.asked == ["docker.io/library/nginx:latest"]  # an unreachable registry is not asked each time
    assert len(engine.built) == 1
    assert engine.built[0]["Dockerfile"] == f"FROM {engine.has[PYTHON]}\nADD root.tar /\n".encode()
    assert "usr/sbin/nginx" in read(io.BytesIO(engine.built[0]["root.tar"]))
    assert list(tmp_path.glob("*.tar")) == []


def test_what_is_built_already_is_not_built_again(tmp_path: Path) -> None:
    engine = Engine(PYTHON)
    first = images(engine, tmp_path, online=False)
    second = images(engine, tmp_path, online=False)
    assert first.name(first.pull("containers-on-aws/web:1")) == second.name(second.pull("containers-on-aws/web:1"))
    assert len(engine.built) == 1


def test_names_of_the_course_are_asked_of_nobody(tmp_path: Path) -> None:
    engine = Engine(PYTHON, registry=("docker.io/containers-on-aws/web:9", "docker.io/containers-on-aws/web:1"))
    found = images(engine, tmp_path)
    found.pull("containers-on-aws/web:1")
    with pytest.raises(ImageNotFound):
        found.pull("containers-on-aws/web:9")
    assert engine.asked == []


def test_another_python_will_do(tmp_path: Path) -> None:
    engine = Engine("docker.io/library/python:3.13-slim")
    found = images(engine, tmp_path, online=False)
    assert found.name(found.pull("python:3.12-alpine")) == engine.has["docker.io/library/python:3.13-slim"]


def test_no_python_at_all(tmp_path: Path) -> None:
    with pytest.raises(ImageNotFound, match=r"stands on docker.io/library/python:3.12-alpine") as caught:
        images(Engine(), tmp_path).pull("containers-on-aws/web:1")
    assert "docker pull" in caught.value.remedy


def test_an_image_with_all_that_it_needs_is_loaded_as_it_is(tmp_path: Path) -> None:
    store = Store(tmp_path / "images")
    layer = store.put(pack({"hello": Entry(data=b"hi")}), LAYER)
    manifest = store.add([layer], {"Cmd": ["/hello"]})
    store.tag("127.0.0.1:4510/mine:1", manifest)
    engine = Engine()
    found = EngineImages(engine, Catalog(store), tmp_path)
    image = found.pull("127.0.0.1:4510/mine:1")
    assert image.digest == manifest.digest
    listed = json.loads(engine.loaded[0]["manifest.json"])[0]
    assert engine.loaded[0][listed["Layers"][0]] == store.read(layer.digest)
    assert json.loads(engine.loaded[0][listed["Config"]])["config"] == {"Cmd": ["/hello"]}
    assert found.name(image) == listed["RepoTags"][0]


def test_what_nobody_has_is_told_in_the_registrys_words(tmp_path: Path) -> None:
    engine = Engine()
    with pytest.raises(ImageNotFound, match=r"failed to resolve ref quay.io/x/y:1: dial tcp: no such host"):
        images(engine, tmp_path).pull("quay.io/x/y:1")
    assert engine.asked == ["quay.io/x/y:1"]
    with pytest.raises(ImageNotFound):
        images(engine, tmp_path, online=False).pull("quay.io/x/y:1")
    assert engine.asked == ["quay.io/x/y:1"]


def test_a_pull_that_breaks_off(tmp_path: Path) -> None:
    with pytest.raises(ImageNotFound, match=r"quay.io/x/y:torn: unexpected EOF"):
        images(Engine(registry=("quay.io/x/y:torn",)), tmp_path).pull("quay.io/x/y:torn")
