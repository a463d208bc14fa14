import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.ecr import manifest
from lab_cloud.ecr.manifest import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, parse
from lab_cloud.errors import AwsError
from tests.lab_cloud.ecr.registry import small

BLOB = {"mediaType": "x/y", "digest": "sha256:" + "0" * 64, "size": 7}


def text(**members: Any) -> bytes:
    content = {"schemaVersion": 2, "config": BLOB, "layers": [BLOB], **members}
    return json.dumps({name: value for name, value in content.items() if value is not None}).encode()


@pytest.mark.parametrize(
    ("data", "declared", "kind"),
    [
        (text(), OCI_MANIFEST, OCI_MANIFEST),
        (text(), f"{OCI_MANIFEST}; charset=utf-8", OCI_MANIFEST),
        (text(), None, OCI_MANIFEST),
        (text(mediaType=DOCKER_MANIFEST), None, DOCKER_MANIFEST),
        (text(manifests=[BLOB]), None, OCI_INDEX),
        (text(manifests=[], mediaType=DOCKER_LIST), DOCKER_LIST, DOCKER_LIST),
    ],
)
def test_what_a_manifest_is(data: bytes, declared: str | None, kind: str) -> None:
    found = parse(data, declared)
    assert found.media_type == kind
    assert found.data == data


def test_what_it_refers_to() -> None:
    found = parse(text(artifactType="a/b", subject={**BLOB, "digest": "sha256:" + "1" * 64}, annotations={"k": "v"}))
    assert (found.artifact_type, found.subject, found.annotations) == ("a/b", "sha256:" + "1" * 64, {"k": "v"})
    assert [blob.size for blob in found.blobs] == [7, 7]
    assert found.size == 14
    assert parse(text()).artifact_type == "x/y"
    assert parse(small().manifest).digest == small().digest


def test_layers_that_nobody_may_push_are_not_needed() -> None:
    foreign = {**BLOB, "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"}
    assert len(parse(text(layers=[BLOB, foreign])).needed) == 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[" * 100_000,
        text().decode().encode("utf-16"),
        text(config=None),
        text(layers=None),
        text(layers=[{**BLOB, "size": -1}]),
        text(layers=[{**BLOB, "size": True}]),
        text(layers=[{**BLOB, "size": "7"}]),
        text(layers=[{**BLOB, "digest": "sha512:" + "0" * 128}]),
        text(layers={"a": 1}),
        text(annotations=[1]),
        text(subject=7),
        text(schemaVersion=1),
        text(mediaType="application/vnd.docker.distribution.manifest.v1+prettyjws"),
    ],
)
def test_what_is_no_manifest(data: bytes) -> None:
    with pytest.raises(AwsError) as caught:
        parse(data)
    assert caught.value.code == "InvalidParameterException"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
members = st.sampled_from(["config", "layers", "manifests", "subject", "annotations", "artifactType", "mediaType"])


@given(st.dictionaries(members, json_values), st.sampled_from([None, *manifest.MEDIA_TYPES]))
def test_odd_members_never_get_through_as_a_crash(odd: dict[str, Any], declared: str | None) -> None:
    try:
        found = parse(text(**odd), declared)
    except AwsError as error:
        assert error.code == "InvalidParameterException"
    else:
        assert found.media_type in manifest.MEDIA_TYPES
