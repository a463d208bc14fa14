"""Other people's clients against the registry, both ways; skipped plainly where they are not installed."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab_cloud.ecr.registry import Registry, small
from tests.stage import ROOT, RunningCloud

needs_skopeo = pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not installed")


class Skopeo:
    def __init__(self, registry: Registry, home: Path) -> None:
        self._registry = registry
        self._environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
        self._policy = home / "policy.json"
        self._policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')

    def run(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            ["skopeo", "--policy", str(self._policy), *words],
            env=self._environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode == 0) == (code == 0), done.stdout + done.stderr
        return done.stdout + done.stderr

    def login(self) -> None:
        argv = ["login", "--tls-verify=false", "-u", "AWS", "-p", self._registry.password, self._registry.host]
        assert "Login Succeeded" in self.run(*argv)

    def url(self, name: str, tag: str) -> str:
        return f"docker://{self._registry.host}/{name}:{tag}"


@pytest.fixture
def skopeo(registry: Registry, tmp_path: Path) -> Skopeo:
    made = Skopeo(registry, tmp_path)
    made.login()
    return made


@needs_skopeo
def test_skopeo_both_ways(cloud: RunningCloud, registry: Registry, skopeo: Skopeo, name: str, tmp_path: Path) -> None:
    image, ecr = small("skopeo"), cloud.client("ecr")
    registry.push(name, image, "v1")
    layout = f"oci:{tmp_path / 'layout'}:v1"
    skopeo.run("copy", "--src-tls-verify=false", skopeo.url(name, "v1"), layout)
    skopeo.run("copy", "--dest-tls-verify=false", layout, skopeo.url(name, "v2"))
    assert ecr.describe_images(repositoryName=name)["imageDetails"][0]["imageTags"] == ["v1", "v2"]
    assert image.digest in skopeo.run("inspect", "--tls-verify=false", skopeo.url(name, "v2"))
    listed = skopeo.run("list-tags", "--tls-verify=false", f"docker://{registry.host}/{name}")
    assert '"v1"' in listed
    assert '"v2"' in listed
    as_docker = ["copy", "--format=v2s2", "--src-tls-verify=false", "--dest-tls-verify=false"]
    skopeo.run(*as_docker, skopeo.url(name, "v1"), skopeo.url(name, "docker"))
    kinds = {each["imageManifestMediaType"] for each in ecr.describe_images(repositoryName=name)["imageDetails"]}
    assert "application/vnd.docker.distribution.manifest.v2+json" in kinds
    skopeo.run("delete", "--tls-verify=false", skopeo.url(name, "docker"))
    assert "docker" not in registry.ask("GET", f"/v2/{name}/tags/list").json["tags"]
    assert "does not exist" in skopeo.run("inspect", "--tls-verify=false", skopeo.url(name, "v9"), code=1)


@needs_skopeo
def test_skopeo_with_a_forged_token(cloud: RunningCloud, tmp_path: Path) -> None:
    stranger = Skopeo(Registry(cloud, "forged"), tmp_path)
    argv = ["login", "--tls-verify=false", "-u", "AWS", "-p", "forged", f"127.0.0.1:{cloud.state['port']}"]
    assert "invalid username/password" in stranger.run(*argv, code=1)


def _engine() -> bool:
    if shutil.which("docker") is None:
        return False
    try:
        return subprocess.run(["docker", "info"], capture_output=True, timeout=20, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


needs_docker = pytest.mark.skipif(not _engine(), reason="no Docker engine answers")


@needs_docker
def test_docker_both_ways(cloud: RunningCloud, registry: Registry, name: str, tmp_path: Path) -> None:
    def docker(*words: str, code: int = 0) -> str:
        done = subprocess.run(
            ["docker", *words],
            env={**os.environ, "DOCKER_CONFIG": str(tmp_path)},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert (done.returncode == 0) == (code == 0), done.stdout + done.stderr
        return done.stdout + done.stderr

    ecr, image = cloud.client("ecr"), small("docker")
    registry.push(name, image, "v1")
    one, two = f"{registry.host}/{name}:v1", f"{registry.host}/{name}:v2"
    docker("pull", one, code=1)
    assert "Login Succeeded" in docker("login", "-u", "AWS", "-p", registry.password, registry.host)
    try:
        assert image.digest in docker("pull", one)
        docker("tag", one, two)
        docker("push", two)
        details = ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "v2"}])["imageDetails"][0]
        assert details["imageManifestMediaType"].endswith(("manifest.v2+json", "manifest.v1+json"))
        pushed = registry.ask("GET", f"/v2/{name}/manifests/v2").json["layers"]
        assert [registry.ask("HEAD", f"/v2/{name}/blobs/{each['digest']}").status for each in pushed] == [200]
        ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="IMMUTABLE")
        docker("tag", one, f"{registry.host}/{name}:v3")
        docker("push", f"{registry.host}/{name}:v3")
    finally:
        docker("rmi", "-f", one, two, f"{registry.host}/{name}:v3", code=0)


@needs_docker
def test_the_page_on_docker_works_as_it_stands(new_cloud: RunningCloud, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8").partition("## docker, podman, skopeo")[2]
    commands = page.partition("```sh\n")[2].partition("```")[0]
    new_cloud.command("up")
    surroundings = {
        **new_cloud.environment,
        "DOCKER_CONFIG": str(tmp_path / "docker"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
    }
    script = f'set -eu\neval "$(python -m lab_cloud env)"\n{commands}docker rmi -f "$uri:1"\n'
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env=surroundings, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Login Succeeded" in done.stdout
    assert new_cloud.client("ecr").describe_images(repositoryName="web")["imageDetails"][0]["imageTags"] == ["1"]


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short name, which podman wants."""
    with tempfile.TemporaryDirectory(prefix="p") as folder:
        yield Path(folder)


@pytest.mark.skipif(shutil.which("podman") is None, reason="podman is not installed")
def test_podman_pulls_and_pushes(registry: Registry, name: str, short: Path) -> None:
    def podman(*words: str) -> str:
        folders = ["--root", str(short / "root"), "--runroot", str(short / "run"), "--storage-driver", "vfs"]
        done = subprocess.run(["podman", *folders, *words], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    registry.push(name, small("podman"), "v1")
    login = ["--tls-verify=false", "--creds", f"AWS:{registry.password}"]
    podman("pull", *login, f"{registry.host}/{name}:v1")
    podman("push", *login, f"{registry.host}/{name}:v1", f"{registry.host}/{name}:podman")
    assert "podman" in registry.ask("GET", f"/v2/{name}/tags/list").json["tags"]
