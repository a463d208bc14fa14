"""What is written is read by the tools that people use: skopeo, podman, docker."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_cloud.errors import CloudError, ImageCorrupt
from lab_cloud.runtime.exporting import save
from lab_cloud.runtime.images import Descriptor
from tests.lab_cloud.runtime.build.making import Bench

NAME = "docker.io/library/exported:1"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = Bench(tmp_path)
    found.file("a.txt", "hello")
    return found


@pytest.fixture
def names(bench: Bench) -> dict[str, Descriptor]:
    text = 'FROM python:3.12\nCOPY a.txt /x/\nENV A=1\nCOPY --chmod=755 a.txt /b\nCMD ["cat"]\n'
    built = bench.build(text, "exported:1")
    return {NAME: bench.store.descriptor(built.digest)}


def run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def test_the_same_image_is_the_same_file(bench: Bench, names: dict[str, Descriptor], tmp_path: Path) -> None:
    sizes = [save(bench.store, names, tmp_path / name) for name in ("one.tar", "two.tar")]
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    assert sizes == [(tmp_path / "one.tar").stat().st_size] * 2


@pytest.mark.parametrize(("where", "kind"), [("layout", "oci"), ("x.tar", "oci-archive"), ("x.tar", "docker-archive")])
def test_skopeo_reads_it(bench: Bench, names: dict[str, Descriptor], tmp_path: Path, where: str, kind: str) -> None:
    skopeo = tool("skopeo")
    save(bench.store, names, tmp_path / where)
    seen = json.loads(run(skopeo, "inspect", f"{kind}:{tmp_path / where}"))
    image = bench.catalog.pull("exported:1")
    assert seen["Layers"] == list(image.layers)
    assert set(image.config["Env"]) == set(seen["Env"])
    run(
        skopeo,
        "--insecure-policy",
        "copy",
        "--preserve-digests",
        f"{kind}:{tmp_path / where}",
        f"oci:{tmp_path / 'copy'}:x",
    )
    if kind != "docker-archive":
        copied = json.loads((tmp_path / "copy" / "index.json").read_text())["manifests"][0]
        assert copied["digest"] == image.digest


def test_podman_pulls_it(bench: Bench, names: dict[str, Descriptor], tmp_path: Path) -> None:
    podman = tool("podman")
    save(bench.store, names, tmp_path / "layout")
    with tempfile.TemporaryDirectory() as own:  # its folders must have short names
        options = ["--root", f"{own}/p", "--runroot", f"{own}/r", "--storage-driver", "vfs"]
        pulled = run(podman, *options, "pull", "-q", f"oci:{tmp_path / 'layout'}").split()[-1]
    assert pulled == bench.image(bench.build()).config.digest.partition(":")[2]


@pytest.fixture
def docker() -> Iterator[str]:
    found = tool("docker")
    if subprocess.run([found, "info"], capture_output=True, timeout=30, check=False).returncode:
        pytest.skip("no Docker engine answers")
    yield found
    subprocess.run([found, "rmi", "-f", "exported-run:1"], capture_output=True, timeout=60, check=False)


def test_docker_loads_and_runs_it(bench: Bench, docker: str, tmp_path: Path) -> None:
    program = Path("/sbin/ldconfig")  # on Debian it needs no library, so that it runs in an empty image
    if not program.is_file():
        pytest.skip("there is no program here that needs no library")
    bench.file("program", program.read_bytes())
    text = 'FROM scratch\nCOPY program /program\nENTRYPOINT ["/program"]\nCMD ["--version"]\n'
    built = bench.build(text, "exported-run:1")
    manifest = bench.store.descriptor(built.digest)
    save(bench.store, {"docker.io/library/exported-run:1": manifest}, tmp_path / "x.tar")
    assert "exported-run:1" in run(docker, "load", "-i", str(tmp_path / "x.tar"))
    assert "ldconfig" in run(docker, "run", "--rm", "exported-run:1")
    (seen,) = json.loads(run(docker, "image", "inspect", "exported-run:1"))
    assert seen["RootFS"]["Layers"] == [step.layer for step in built.steps if step.layer]
    assert seen["Id"] == built.id


def test_nothing_is_written_over(bench: Bench, names: dict[str, Descriptor], tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(CloudError, match="is there already"):
        save(bench.store, names, tmp_path / "mine")
    with pytest.raises(CloudError, match="cannot be written"):
        save(bench.store, names, bench.folder / "a.txt" / "x.tar")


def test_a_damaged_image_is_not_written(bench: Bench, names: dict[str, Descriptor], tmp_path: Path) -> None:
    bench.store.path(bench.catalog.pull("exported:1").layers[0]).write_bytes(b"other")
    before = sorted(path.name for path in tmp_path.iterdir())
    for name in ("x.tar", "layout"):
        with pytest.raises(ImageCorrupt):
            save(bench.store, names, tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
