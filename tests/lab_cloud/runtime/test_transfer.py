"""Push and pull over HTTP, against the cloud's own registry."""

import json
from pathlib import Path

import pytest

from lab_cloud.errors import ImageCorrupt, RegistryRefused
from lab_cloud.runtime.images import Descriptor, Store
from lab_cloud.runtime.pulling import pull_from
from lab_cloud.runtime.references import parse
from lab_cloud.runtime.remote import PullRefused
from lab_cloud.runtime.transfer import HttpRegistry, is_loopback, push
from tests.lab_cloud.ecr.registry import INDEX, OCI, Registry, small
from tests.stage import RunningCloud


@pytest.fixture(scope="module")
def registry(cloud: RunningCloud) -> Registry:
    return Registry(cloud)


@pytest.fixture
def uri(cloud: RunningCloud) -> str:
    made = cloud.client("ecr").create_repository(repositoryName=cloud.name("transfer"))
    return str(made["repository"]["repositoryUri"])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "images")


def built(store: Store) -> Descriptor:
    layer = store.put_stream([b"layer " * 1000] * 500, "application/vnd.oci.image.layer.v1.tar")
    return store.add([layer], {"Cmd": ["python"]})


def test_there_and_back(registry: Registry, store: Store, tmp_path: Path, uri: str) -> None:
    manifest, lines = built(store), list[str]()
    push(store, manifest, parse(f"{uri}:v1"), registry.password, lines.append)
    assert lines[0] == f"The push refers to repository [{uri}]"
    assert lines[1].endswith("Pushed (3000000 bytes)")
    assert lines[-1] == f"v1: digest: {manifest.digest} size: {manifest.size}"
    push(store, manifest, parse(f"{uri}:v2"), registry.password, lines.append)
    assert sum("already exists" in line for line in lines) == 2
    other = Store(tmp_path / "other")
    image = pull_from(HttpRegistry(registry.host), parse(f"{uri}:v2"), registry.password, other)
    assert image.digest == manifest.digest
    assert other.image(f"{uri}:v2", manifest).layers == store.image("x", manifest).layers


def test_refusals_say_why(cloud: RunningCloud, registry: Registry, store: Store, uri: str) -> None:
    manifest = built(store)
    with pytest.raises(RegistryRefused, match="does not exist"):
        push(store, manifest, parse(f"{registry.host}/no/where:v1"), registry.password, print)
    with pytest.raises(RegistryRefused, match="401"):
        push(store, manifest, parse(f"{uri}:v1"), "forged", print)
    with pytest.raises(PullRefused, match="manifest unknown"):
        pull_from(HttpRegistry(registry.host), parse(f"{uri}:v9"), registry.password, store)
    with pytest.raises(RegistryRefused, match="does not answer"):
        push(store, manifest, parse("127.0.0.1:1/web:v1"), "x", print)


def test_a_damaged_blob_is_not_pushed(registry: Registry, store: Store, uri: str) -> None:
    manifest = built(store)
    layer = json.loads(store.read(manifest.digest))["layers"][0]["digest"]
    data = store.path(layer).read_bytes()
    store.path(layer).write_bytes(data[:-1] + b"!")
    with pytest.raises(RegistryRefused, match="digest invalid"):
        push(store, manifest, parse(f"{uri}:v1"), registry.password, print)


def test_an_index_without_this_system(registry: Registry, store: Store, uri: str) -> None:
    name, image = uri.partition("/")[2], small("other system")
    registry.push(name, image, image.digest)
    child = {"mediaType": OCI, "digest": image.digest, "size": len(image.manifest), "platform": {"os": "windows"}}
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [child]}).encode()
    registry.ask("PUT", f"/v2/{name}/manifests/multi", index, Content_Type=INDEX)
    with pytest.raises(PullRefused, match="no match for platform"):
        pull_from(HttpRegistry(registry.host), parse(f"{uri}:multi"), registry.password, store)
    with pytest.raises(ImageCorrupt):
        store.image("x", Descriptor(INDEX, "sha256:" + "0" * 64, 1))


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1:80", True), ("127.9.9.9", True), ("localhost:1", True), ("[::1]:80", True),
        ("docker.io", False), ("10.0.0.1:80", False), ("localhost.evil.example:1", False), ("", False),
    ],
)  # fmt: skip
def test_only_this_machine(host: str, here: bool) -> None:
    assert is_loopback(host) is here
    if not here:
        with pytest.raises(RegistryRefused, match="not a registry on this machine"):
            HttpRegistry(host)


def test_the_command_line(cloud: RunningCloud, registry: Registry, uri: str) -> None:
    name = uri.partition("/")[2]
    cloud.command("tag", "containers-on-aws/web:1", f"{uri}:mine")
    told = cloud.command("push", f"{uri}:mine").stdout
    found = cloud.client("ecr").describe_images(repositoryName=name)["imageDetails"][0]
    assert f"mine: digest: {found['imageDigest']}" in told
    assert found["imageDigest"] in cloud.command("pull", f"{uri}:mine").stdout
    assert "docker.io/nginxdemos/hello:latest is here" in cloud.command("pull", "nginxdemos/hello").stdout
    refused = cloud.command("push", "containers-on-aws/web:1", code=1).stderr
    assert "does not lead to this cloud's registry" in refused
    assert "REPOSITORY_URI" in refused
    assert "There is no image" in cloud.command("push", f"{uri}:never-made", code=1).stderr
