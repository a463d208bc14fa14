import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.ecr import packages
from lab_cloud.ecr.advisories import Advisory, load, normalized
from lab_cloud.ecr.packages import Package
from lab_cloud.ecr.scanner import match
from lab_cloud.errors import ImageCorrupt
from tests.lab_cloud.ecr.registry import Registry, layer, picture, small
from tests.lab_cloud.ecs.test_tasks_api import refused
from tests.stage import RunningCloud
from tests.waiting import until

SITE = "usr/local/lib/python3.12/site-packages"


def metadata(name: str, version: str) -> bytes:
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nVersion: not this one\n".encode()


def installed(name: str, version: str) -> dict[str, bytes]:
    return {f"{SITE}/{name}-{version}.dist-info/METADATA": metadata(name, version)}


@pytest.fixture
def laid(tmp_path: Path) -> Any:
    def lay(*layers: bytes) -> list[tuple[str, str]]:
        paths = []
        for number, data in enumerate(layers):
            paths.append(tmp_path / str(number))
            paths[-1].write_bytes(data)
        return [(each.name, each.version) for each in packages.find(paths)]

    return lay


def test_packages_of_all_layers(laid: Any) -> None:
    egg = {f"{SITE}/old.egg-info/PKG-INFO": metadata("old", "1"), f"{SITE}/older-2.egg-info": metadata("older", "2")}
    other = {f"{SITE}/x/METADATA": metadata("x", "1"), f"{SITE}/y.dist-info/RECORD": b"", "etc/passwd": b"root"}
    found = laid(layer(installed("requests", "2.19.0")), gzip.decompress(layer(egg)), layer(other))
    assert found == [("old", "1"), ("older", "2"), ("requests", "2.19.0")]


def test_what_a_later_layer_hides_is_gone(laid: Any) -> None:
    first = layer(installed("flask", "0.12") | installed("jinja2", "2.7") | installed("idna", "3"))
    upgraded = {f"{SITE}/.wh.flask-0.12.dist-info": b""} | installed("flask", "3.0.0")
    assert laid(first, layer(upgraded)) == [("flask", "3.0.0"), ("idna", "3"), ("jinja2", "2.7")]
    one_file = {f"{SITE}/idna-3.dist-info/.wh.METADATA": b""}
    assert laid(first, layer(one_file)) == [("flask", "0.12"), ("jinja2", "2.7")]
    opaque = {f"{SITE}/.wh..wh..opq": b""} | installed("new", "1")
    assert laid(first, layer(opaque)) == [("new", "1")]


@pytest.mark.parametrize("data", [b"no tar", b"\x1f\x8bno gzip", gzip.compress(b"no tar", mtime=0)])
def test_what_is_no_layer(laid: Any, data: bytes) -> None:
    with pytest.raises(ImageCorrupt):
        laid(data)


@pytest.mark.parametrize(
    ("version", "fixed"),
    [
        ("2.2.0", None), ("2.3.0", "2.31.0"), ("2.9.0", "2.31.0"), ("2.31.0rc1", "2.31.0"), ("2.31.0", None),
        ("2.31.0.post1", None), ("nonsense", None),
    ],
)  # fmt: skip
def test_versions_are_compared_as_pep_440_says(version: str, fixed: str | None) -> None:
    advisory = next(each for each in load().by_package["requests"] if each.id == "PYSEC-2023-74")
    assert advisory.fixed_in(version) == fixed
    assert advisory.name == "CVE-2023-32681"


def test_several_ranges_and_no_end() -> None:
    ranges = ((("introduced", "1"), ("fixed", "1.2"), ("introduced", "2")),)
    advisory = Advisory("X-1", "x", (), "", "", ranges)
    assert [advisory.fixed_in(each) for each in ("0.9", "1.1", "1.5", "2", "9")] == [None, "1.2", None, "", ""]


@given(st.lists(st.integers(0, 60), min_size=2, max_size=6, unique=True).map(sorted), st.integers(0, 60))
def test_a_version_is_affected_exactly_between_introduction_and_fix(marks: list[int], version: int) -> None:
    kinds = ["introduced", "fixed"] * 3
    events = tuple(zip(kinds, map(str, marks), strict=False))
    inside = [mark for mark in marks if mark <= version]
    advisory = Advisory("X-1", "x", (), "", "", (events,))
    assert (advisory.fixed_in(str(version)) is not None) == (len(inside) % 2 == 1)


def test_names_are_compared_as_pep_503_says() -> None:
    assert normalized("Flask_Cors") == normalized("flask.cors") == "flask-cors"
    database = load()
    found = match([Package("Flask_CORS", "3.0.0", "a"), Package("unknown", "1", "b")], database)
    assert found
    attributes = {each["key"]: each["value"] for each in found[0]["attributes"]}
    assert attributes["package_version"] == "3.0.0"
    assert "advisories, dated 2024-10-10" in attributes["advisory_source"]


def scanned(ecr: Any, name: str, tag: str) -> dict[str, Any]:
    def ready() -> Any:
        found = ecr.describe_image_scan_findings(repositoryName=name, imageId={"imageTag": tag})
        return found if found["imageScanStatus"]["status"] != "IN_PROGRESS" else None

    answer: dict[str, Any] = until(ready)
    return answer


def test_a_scan_finds_what_the_layers_hold(cloud: RunningCloud, registry: Registry, name: str) -> None:
    ecr = cloud.client("ecr")
    registry.push(name, picture(layer(installed("requests", "2.19.0")), layer({"app.py": b""})), "old")
    call = ecr.describe_image_scan_findings
    refused(call, "ScanNotFoundException", name, repositoryName=name, imageId={"imageTag": "old"})
    started = ecr.start_image_scan(repositoryName=name, imageId={"imageTag": "old"})
    assert started["imageScanStatus"]["status"] == "IN_PROGRESS"
    found = scanned(ecr, name, "old")
    assert found["imageScanStatus"]["status"] == "COMPLETE"
    assert "1 Python package, held" in found["imageScanStatus"]["description"]
    assert "advisories, dated" in found["imageScanStatus"]["description"]
    names = [each["name"] for each in found["imageScanFindings"]["findings"]]
    assert "CVE-2023-32681" in names
    summary = ecr.describe_images(repositoryName=name)["imageDetails"][0]["imageScanFindingsSummary"]
    assert sum(summary["findingSeverityCounts"].values()) == len(names)
    ecr.get_waiter("image_scan_complete").wait(repositoryName=name, imageId={"imageTag": "old"})
    again = ecr.start_image_scan
    refused(again, "LimitExceededException", "quota", repositoryName=name, imageId={"imageTag": "old"})


def test_scan_on_push(cloud: RunningCloud, registry: Registry, name: str) -> None:
    ecr = cloud.client("ecr")
    ecr.put_image_scanning_configuration(repositoryName=name, imageScanningConfiguration={"scanOnPush": True})
    registry.push(name, small("clean"), "v1")
    assert scanned(ecr, name, "v1")["imageScanFindings"]["findings"] == []
    configuration = ecr.batch_get_repository_scanning_configuration(repositoryNames=[name, "nowhere"])
    assert configuration["scanningConfigurations"][0]["scanFrequency"] == "SCAN_ON_PUSH"
    assert configuration["failures"][0]["failureCode"] == "REPOSITORY_NOT_FOUND"


def test_the_registrys_rules(cloud: RunningCloud, registry: Registry, name: str) -> None:
    ecr = cloud.client("ecr")
    rule = {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": f"{name}*", "filterType": "WILDCARD"}]}
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[rule])
    try:
        assert ecr.get_registry_scanning_configuration()["scanningConfiguration"]["rules"] == [rule]
        registry.push(name, small("by rule"), "v1")
        assert scanned(ecr, name, "v1")["imageScanStatus"]["status"] == "COMPLETE"
    finally:
        ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[])
    enhanced = ecr.put_registry_scanning_configuration
    refused(enhanced, "ValidationException", "Inspector", scanType="ENHANCED", rules=[])


def test_a_damaged_layer_fails_the_scan(cloud: RunningCloud, registry: Registry, name: str) -> None:
    ecr, image = cloud.client("ecr"), small("no tar")
    broken = b"this is no archive"
    parsed = json.loads(image.manifest)
    parsed["layers"][0] |= {"digest": registry.push_blob(name, broken), "size": len(broken)}
    registry.push_blob(name, image.config)
    ecr.put_image(repositoryName=name, imageManifest=json.dumps(parsed), imageTag="v1")
    ecr.start_image_scan(repositoryName=name, imageId={"imageTag": "v1"})
    found = scanned(ecr, name, "v1")["imageScanStatus"]
    assert found["status"] == "FAILED"
    assert "cannot be read" in found["description"]
