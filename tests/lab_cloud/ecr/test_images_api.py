import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.lab_cloud.ecr.registry import CONFIG, INDEX, OCI, Registry, digest_of, small
from tests.lab_cloud.ecs.test_tasks_api import refused
from tests.stage import RunningCloud


def put(cloud: RunningCloud, name: str, text: str, tag: str = "", **more: Any) -> str:
    """Push with the API alone."""
    ecr, image = cloud.client("ecr"), small(text)
    for blob in (image.config, *image.layers):
        upload = ecr.initiate_layer_upload(repositoryName=name)["uploadId"]
        ecr.upload_layer_part(
            repositoryName=name, uploadId=upload, partFirstByte=0, partLastByte=len(blob) - 1, layerPartBlob=blob
        )
        try:
            ecr.complete_layer_upload(repositoryName=name, uploadId=upload, layerDigests=[digest_of(blob)])
        except ClientError as error:
            assert error.response["Error"]["Code"] == "LayerAlreadyExistsException"
    tags = {"imageTag": tag} if tag else {}
    made = ecr.put_image(repositoryName=name, imageManifest=image.manifest.decode(), **tags, **more)["image"]
    assert made["imageId"]["imageDigest"] == image.digest
    return image.digest


def test_an_image_byte_for_byte(cloud: RunningCloud, registry: Registry, name: str) -> None:
    digest = put(cloud, name, "api", "v1")
    answer = cloud.client("ecr").batch_get_image(
        repositoryName=name, imageIds=[{"imageTag": "v1"}, {"imageDigest": digest}, {"imageTag": "v2"}, {}]
    )
    assert [each["imageManifest"].encode() for each in answer["images"]] == [small("api").manifest] * 2
    assert {each["imageManifestMediaType"] for each in answer["images"]} == {OCI}
    assert [each["failureCode"] for each in answer["failures"]] == ["ImageNotFound", "MissingDigestAndTag"]
    assert registry.ask("GET", f"/v2/{name}/manifests/v1").body == small("api").manifest
    other = cloud.client("ecr").batch_get_image(
        repositoryName=name, imageIds=[{"imageTag": "v1"}], acceptedMediaTypes=[INDEX]
    )
    assert other["images"] == []


def test_describe_has_all_fields(cloud: RunningCloud, name: str) -> None:
    ecr, image = cloud.client("ecr"), small("fields")
    digest = put(cloud, name, "fields", "v1")
    put(cloud, name, "fields", "v2")
    found = ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "v2"}])["imageDetails"][0]
    assert found["imageDigest"] == digest
    assert found["imageTags"] == ["v1", "v2"]
    assert found["imageSizeInBytes"] == len(image.config) + sum(map(len, image.layers))
    assert found["imageManifestMediaType"] == OCI
    assert found["artifactMediaType"] == CONFIG
    assert found["imageStatus"] == "ACTIVE"
    assert "lastRecordedPullTime" not in found
    ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "v1"}])
    found = ecr.describe_images(repositoryName=name)["imageDetails"][0]
    assert found["lastRecordedPullTime"] >= found["imagePushedAt"]
    missing = [{"imageTag": "v9"}]
    refused(ecr.describe_images, "ImageNotFoundException", "imageTag:'v9'", repositoryName=name, imageIds=missing)


def test_tags_move_and_filters_see_it(cloud: RunningCloud, name: str) -> None:
    ecr = cloud.client("ecr")
    one, two = put(cloud, name, "one", "latest"), put(cloud, name, "two", "latest")
    found = {
        each["imageDigest"]: each.get("imageTags") for each in ecr.describe_images(repositoryName=name)["imageDetails"]
    }
    assert found == {one: None, two: ["latest"]}
    for status, expected in (("TAGGED", {two}), ("UNTAGGED", {one}), ("ANY", {one, two})):
        chosen = {"tagStatus": status}
        details = ecr.describe_images(repositoryName=name, filter=chosen)["imageDetails"]
        assert {each["imageDigest"] for each in details} == expected
        ids = ecr.list_images(repositoryName=name, filter=chosen)["imageIds"]
        assert {each["imageDigest"] for each in ids} == expected
    pages = ecr.get_paginator("list_images").paginate(repositoryName=name, PaginationConfig={"PageSize": 1})
    assert [len(page["imageIds"]) for page in pages] == [1, 1]


def test_the_same_image_again(cloud: RunningCloud, name: str) -> None:
    put(cloud, name, "same", "v1")
    with pytest.raises(ClientError) as caught:
        put(cloud, name, "same", "v1")
    assert caught.value.response["Error"]["Code"] == "ImageAlreadyExistsException"


def test_immutable_tags(cloud: RunningCloud, name: str) -> None:
    ecr = cloud.client("ecr")
    ecr.put_image_tag_mutability(
        repositoryName=name,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}],
    )
    one = put(cloud, name, "one", "v1")
    put(cloud, name, "one", "dev-1")
    with pytest.raises(ClientError) as caught:
        put(cloud, name, "two", "v1")
    assert caught.value.response["Error"]["Code"] == "ImageTagAlreadyExistsException"
    two = put(cloud, name, "two", "dev-1")
    tags = {each["imageDigest"]: each["imageTags"] for each in ecr.describe_images(repositoryName=name)["imageDetails"]}
    assert tags == {one: ["v1"], two: ["dev-1"]}


@pytest.mark.parametrize(
    ("manifest", "more", "code", "words"),
    [
        ("{", {}, "InvalidParameterException", "JSON"),
        (small("none").manifest.decode(), {}, "LayersNotFoundException", digest_of(small("none").config)),
        (small("none").manifest.decode(), {"imageManifestMediaType": INDEX}, "InvalidParameterException", "media type"),
        (
            json.dumps(
                {
                    "schemaVersion": 2,
                    "mediaType": INDEX,
                    "manifests": [{"mediaType": OCI, "digest": "sha256:" + "3" * 64, "size": 1}],
                }
            ),
            {},
            "ReferencedImagesNotFoundException",
            "3" * 64,
        ),
        (
            small("none").manifest.decode(),
            {"imageDigest": "sha256:" + "4" * 64},
            "ImageDigestDoesNotMatchException",
            "4",
        ),
        (small("none").manifest.decode(), {"imageTag": "a b"}, "InvalidParameterException", "imageTag"),
        ('{"schemaVersion": 2, "mediaType": "x/y"}', {}, "InvalidParameterException", "not supported"),
        ('{"schemaVersion": 2, "config": {}, "layers": []}', {}, "InvalidParameterException", "mediatype not provided"),
    ],
)
def test_manifests_that_are_refused(
    cloud: RunningCloud, name: str, manifest: str, more: dict[str, str], code: str, words: str
) -> None:
    refused(cloud.client("ecr").put_image, code, words, repositoryName=name, imageManifest=manifest, **more)


def test_a_manifest_that_lies_about_a_size(cloud: RunningCloud, registry: Registry, name: str) -> None:
    image = small("liar")
    for blob in (image.config, *image.layers):
        registry.push_blob(name, blob)
    content = json.loads(image.manifest)
    content["layers"][0]["size"] += 1
    call = cloud.client("ecr").put_image
    refused(call, "InvalidParameterException", "bytes", repositoryName=name, imageManifest=json.dumps(content))


def test_deleting(cloud: RunningCloud, registry: Registry, name: str) -> None:
    ecr = cloud.client("ecr")
    digest = put(cloud, name, "gone", "a")
    put(cloud, name, "gone", "b")
    other = put(cloud, name, "other", "c")
    wrong = {"imageDigest": other, "imageTag": "b"}
    done = ecr.batch_delete_image(
        repositoryName=name, imageIds=[{"imageTag": "a"}, {"imageTag": "z"}, wrong, {}, {"imageDigest": "sha256:1"}]
    )
    assert done["imageIds"] == [{"imageDigest": digest, "imageTag": "a"}]
    assert [each["failureCode"] for each in done["failures"]] == [
        "ImageNotFound", "ImageTagDoesNotMatchDigest", "MissingDigestAndTag", "InvalidImageDigest"
    ]  # fmt: skip
    done = ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "b"}])
    assert done["imageIds"] == [{"imageDigest": digest, "imageTag": "b"}]
    assert [each["imageDigest"] for each in ecr.describe_images(repositoryName=name)["imageDetails"]] == [other]
    child = {"mediaType": OCI, "digest": other, "size": len(small("other").manifest)}
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [child]})
    ecr.put_image(repositoryName=name, imageManifest=index, imageTag="multi")
    kept = ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": other}])["failures"][0]
    assert kept["failureCode"] == "ImageReferencedByManifestList"


def test_the_archive(cloud: RunningCloud, registry: Registry, name: str) -> None:
    ecr = cloud.client("ecr")
    digest = put(cloud, name, "archive", "v1")
    move = {"repositoryName": name, "imageId": {"imageDigest": digest}}
    assert ecr.update_image_storage_class(targetStorageClass="ARCHIVE", **move)["imageStatus"] == "ARCHIVED"
    assert registry.ask("GET", f"/v2/{name}/manifests/v1").status == 404
    failures = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "v1"}])["failures"]
    assert failures[0]["failureCode"] == "ImageInaccessible"
    details = ecr.describe_images(repositoryName=name, filter={"imageStatus": "ARCHIVED"})["imageDetails"]
    assert details[0]["lastArchivedAt"]
    refused(
        ecr.update_image_storage_class, "ImageStorageClassUpdateNotSupportedException", "ARCHIVED",
        targetStorageClass="ARCHIVE", **move,
    )  # fmt: skip
    assert ecr.update_image_storage_class(targetStorageClass="STANDARD", **move)["imageStatus"] == "ACTIVATING"


def test_referrers(cloud: RunningCloud, registry: Registry, name: str) -> None:
    ecr = cloud.client("ecr")
    digest = put(cloud, name, "subject", "v1")
    subject = {"mediaType": OCI, "digest": digest, "size": len(small("subject").manifest)}
    note = small("note", artifactType="text/sbom", subject=subject)
    registry.push(name, note, note.digest)
    found = ecr.list_image_referrers(repositoryName=name, subjectId={"imageDigest": digest})["referrers"]
    assert [(each["digest"], each["artifactType"]) for each in found] == [(note.digest, "text/sbom")]
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": digest}])
    assert ecr.describe_images(repositoryName=name)["imageDetails"] == []
