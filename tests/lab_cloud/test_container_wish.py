"""How ``docker run``'s options are read."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.container_wish import LEAST_MEMORY, Wish, memory, pairs, read
from lab_cloud.errors import CloudError


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    for name in ("work", "work/.hidden", "work/above", "elsewhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "work" / "data").mkdir()
    return tmp_path / "work"


def wish(mine: Path, **options: Any) -> Wish:
    return read("web:1", mine / "above" / "lab" / "volumes", mine, mine, **options)


def test_nothing_asked_for(mine: Path) -> None:
    plain = wish(mine)
    assert plain == Wish("web:1")
    assert plain.stop_timeout == 10


@pytest.mark.parametrize(
    ("text", "found"),
    [("80", {80: 0}), ("8080:80", {80: 8080}), ("127.0.0.1:8080:80/tcp", {80: 8080}), ("127.0.0.1::80", {80: 0})],
)
def test_ports(mine: Path, text: str, found: dict[int, int]) -> None:
    assert wish(mine, publish=[text]).ports == found


@pytest.mark.parametrize("text", ["", "web", "0", "70000", "80:70000", "0.0.0.0:80:80", "80/udp", "1:2:3:4", "-1"])
def test_no_ports(mine: Path, text: str) -> None:
    with pytest.raises(CloudError) as caught:
        wish(mine, publish=[text])
    assert caught.value.remedy


def test_a_port_is_published_once(mine: Path) -> None:
    with pytest.raises(CloudError, match="published twice"):
        wish(mine, publish=["80", "8080:80"])


def test_volumes(mine: Path) -> None:
    named, folder = wish(mine, volume=["kept:/data", "data:/in:ro", "./data:/more"]).mounts[:2]
    assert (named.source, named.target, named.read_only) == (
        mine / "above" / "lab" / "volumes" / "kept",
        "/data",
        False,
    )
    assert named.source.is_dir()
    assert folder.target == "/in"
    assert folder.read_only


def test_a_folder_by_its_path(mine: Path) -> None:
    assert wish(mine, volume=[f"{mine / 'data'}:/in"]).mounts[0].source == (mine / "data").resolve()


@pytest.mark.parametrize("source", ["/", "..", "../elsewhere", "./.hidden", ".", "./data/../../elsewhere", "./above"])
def test_only_folders_of_ones_own(mine: Path, source: str) -> None:
    with pytest.raises(CloudError, match="is not below yours"):
        wish(mine, volume=[f"{source}:/in"])


def test_a_link_does_not_lead_out(mine: Path) -> None:
    (mine / "link").symlink_to(mine.parent / "elsewhere", target_is_directory=True)
    with pytest.raises(CloudError, match="is not below yours"):
        wish(mine, volume=["./link:/in"])


@pytest.mark.parametrize("text", ["", "data", "data:in", ":/in", "./nothing:/in"])
def test_no_volumes(mine: Path, text: str) -> None:
    with pytest.raises(CloudError) as caught:
        wish(mine, volume=[text])
    assert caught.value.remedy


@given(st.integers(min_value=6, max_value=100_000))
def test_memory_in_its_units(size: int) -> None:
    assert memory(f"{size}m") == memory(f"{size * 1024}k") == memory(size * 1024**2) == size * 1024**2


@pytest.mark.parametrize("text", ["5m", "64x", "-64m", "m", "1.5g", LEAST_MEMORY - 1])
def test_no_memory(text: str | int) -> None:
    with pytest.raises(CloudError):
        memory(text)


@pytest.mark.parametrize(
    "options", [{"cpus": "0"}, {"cpus": "x"}, {"cpus": "nan"}, {"stop_timeout": "-1"}, {"name": "a b"}]
)
def test_no_such_values(mine: Path, options: dict[str, Any]) -> None:
    with pytest.raises(CloudError):
        wish(mine, **options)


def test_variables() -> None:
    assert pairs("-e", ["A=1", "B=", "C=x=y"]) == {"A": "1", "B": "", "C": "x=y"}
    for text in ("A", "=1", "A=\0"):
        with pytest.raises(CloudError):
            pairs("-e", [text])
