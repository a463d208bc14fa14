"""The workflows of the OCI Distribution Specification, over plain HTTP."""

import base64
import json
import socket
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.lab_cloud.ecr.registry import INDEX, OCI, Registry, digest_of, layer, picture, plain, small
from tests.stage import RunningCloud
from tests.waiting import until

BLOB = b"some bytes" * 1000


def test_the_door_wants_a_token(cloud: RunningCloud, registry: Registry) -> None:
    answer = plain(cloud, "GET", "/v2/")
    assert answer.status == 401
    assert answer.code == "UNAUTHORIZED"
    assert answer.headers["www-authenticate"].startswith("Basic realm=")
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"
    assert registry.ask("GET", "/v2/").status == 200


@pytest.mark.parametrize("password", ["guess", "a.b", "e30.AAAA", ""])
def test_a_forged_token_is_refused(cloud: RunningCloud, password: str) -> None:
    answer = Registry(cloud, password or "x").ask("GET", "/v2/_catalog")
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    assert plain(cloud, "GET", "/v2/", headers={"Authorization": "Basic %%%"}).status == 401


def test_another_user_than_aws_is_refused(cloud: RunningCloud, registry: Registry) -> None:
    assert Registry(cloud, registry.password, "root").ask("GET", "/v2/").status == 401


def test_a_changed_token_is_refused(cloud: RunningCloud, registry: Registry) -> None:
    content, _, mark = registry.password.partition(".")
    assert Registry(cloud, f"{content[:-2]}AA.{mark}").ask("GET", "/v2/").status == 401


def test_foreign_hosts_and_pages_stay_out(registry: Registry) -> None:
    assert registry.ask("GET", "/v2/", Host="evil.example").status == 403
    assert registry.ask("GET", "/v2/", Origin="http://evil.example").status == 403


def test_push_and_pull(registry: Registry, name: str) -> None:
    image = small("push")
    digest = registry.push(name, image, "v1")
    assert digest == image.digest
    for reference in ("v1", digest):
        answer = registry.ask("GET", f"/v2/{name}/manifests/{reference}")
        assert answer.body == image.manifest
        assert answer.headers["content-type"] == OCI
        assert answer.headers["docker-content-digest"] == digest
        head = registry.ask("HEAD", f"/v2/{name}/manifests/{reference}")
        assert (head.status, head.body) == (200, b"")
        assert head.headers["content-length"] == str(len(image.manifest))
    blob = registry.ask("GET", f"/v2/{name}/blobs/{digest_of(image.layers[0])}")
    assert blob.body == image.layers[0]
    head = registry.ask("HEAD", f"/v2/{name}/blobs/{digest_of(image.layers[0])}")
    assert head.headers["content-length"] == str(len(image.layers[0]))


def test_a_blob_in_one_request(registry: Registry, name: str) -> None:
    path = f"/v2/{name}/blobs/uploads/?digest={digest_of(BLOB)}"
    answer = registry.ask("POST", path, BLOB)
    assert answer.status == 201
    assert registry.ask("GET", answer.headers["location"]).body == BLOB


def test_a_blob_in_chunks(registry: Registry, name: str) -> None:
    started = registry.ask("POST", f"/v2/{name}/blobs/uploads/")
    where = started.headers["location"]
    half = len(BLOB) // 2
    first = registry.ask("PATCH", where, BLOB[:half], Content_Range=f"0-{half - 1}")
    assert (first.status, first.headers["range"]) == (202, f"0-{half - 1}")
    status = registry.ask("GET", where)
    assert (status.status, status.headers["range"]) == (204, f"0-{half - 1}")
    wrong = registry.ask("PATCH", where, BLOB[:10], Content_Range="0-9")
    assert (wrong.status, wrong.headers["range"]) == (416, f"0-{half - 1}")
    last = registry.ask(
        "PUT", f"{where}?digest={digest_of(BLOB)}", BLOB[half:], Content_Range=f"{half}-{len(BLOB) - 1}"
    )
    assert last.status == 201
    assert registry.ask("GET", where).code == "BLOB_UPLOAD_UNKNOWN"


def test_a_stream_of_unknown_length(registry: Registry, name: str) -> None:
    where = registry.ask("POST", f"/v2/{name}/blobs/uploads/").headers["location"]
    pieces = [BLOB] * 300
    assert registry.ask("PATCH", where, iter(pieces)).status == 202
    digest = digest_of(b"".join(pieces))
    assert registry.ask("PUT", f"{where}?digest={digest}").status == 201
    assert registry.ask("GET", f"/v2/{name}/blobs/{digest}").body == b"".join(pieces)


def test_a_wrong_digest_leaves_nothing(registry: Registry, name: str) -> None:
    wrong = "sha256:" + "0" * 64
    where = registry.ask("POST", f"/v2/{name}/blobs/uploads/").headers["location"]
    assert registry.ask("PUT", f"{where}?digest={wrong}", BLOB).code == "DIGEST_INVALID"
    assert registry.ask("GET", f"/v2/{name}/blobs/{wrong}").code == "BLOB_UNKNOWN"
    assert registry.ask("GET", where).code == "BLOB_UPLOAD_UNKNOWN"
    assert registry.ask("POST", f"/v2/{name}/blobs/uploads/?digest=md5:1", BLOB).code == "DIGEST_INVALID"


def test_an_upload_is_cancelled(registry: Registry, name: str) -> None:
    where = registry.ask("POST", f"/v2/{name}/blobs/uploads/").headers["location"]
    assert registry.ask("DELETE", where).status == 204
    assert registry.ask("PATCH", where, b"x").code == "BLOB_UPLOAD_UNKNOWN"


def test_a_mount_copies_nothing(cloud: RunningCloud, registry: Registry, name: str) -> None:
    other = cloud.name("repository")
    cloud.client("ecr").create_repository(repositoryName=other)
    digest = registry.push_blob(other, b"mounted")
    assert registry.ask("HEAD", f"/v2/{name}/blobs/{digest}").status == 404
    done = registry.ask("POST", f"/v2/{name}/blobs/uploads/?mount={digest}&from={other}")
    assert done.status == 201
    assert registry.ask("GET", f"/v2/{name}/blobs/{digest}").body == b"mounted"
    missing = "sha256:" + "1" * 64
    assert registry.ask("POST", f"/v2/{name}/blobs/uploads/?mount={missing}&from={other}").status == 202


@pytest.mark.parametrize(
    ("wanted", "expected"), [("bytes=0-9", BLOB[:10]), ("bytes=10-", BLOB[10:]), ("bytes=-5", BLOB[-5:])]
)
def test_a_part_of_a_blob(registry: Registry, name: str, wanted: str, expected: bytes) -> None:
    digest = registry.push_blob(name, BLOB)
    answer = registry.ask("GET", f"/v2/{name}/blobs/{digest}", Range=wanted)
    assert (answer.status, answer.body) == (206, expected)
    assert answer.headers["content-range"].endswith(f"/{len(BLOB)}")


def test_a_part_that_is_not_there(registry: Registry, name: str) -> None:
    digest = registry.push_blob(name, BLOB)
    assert registry.ask("GET", f"/v2/{name}/blobs/{digest}", Range=f"bytes={len(BLOB)}-").status == 416
    for odd in ("bytes=a-b", "bytes=0-1,5-6", "lines=0-1", "bytes=-", "bytes=\xb2-"):
        answer = registry.ask("GET", f"/v2/{name}/blobs/{digest}", Range=odd)
        assert (answer.status, len(answer.body)) == (200, len(BLOB))  # what is not understood is left out


def test_blobs_are_deleted_unless_they_are_used(registry: Registry, name: str) -> None:
    image = small("kept")
    registry.push(name, image, "v1")
    used = registry.ask("DELETE", f"/v2/{name}/blobs/{digest_of(image.layers[0])}")
    assert (used.status, used.code) == (405, "UNSUPPORTED")
    free = registry.push_blob(name, b"free")
    assert registry.ask("DELETE", f"/v2/{name}/blobs/{free}").status == 202
    assert registry.ask("GET", f"/v2/{name}/blobs/{free}").code == "BLOB_UNKNOWN"


def test_tags_page_by_page(registry: Registry, name: str) -> None:
    image = small("tags")
    for tag in ("c", "a", "b"):
        registry.push(name, image, tag)
    assert registry.ask("GET", f"/v2/{name}/tags/list").json == {"name": name, "tags": ["a", "b", "c"]}
    first = registry.ask("GET", f"/v2/{name}/tags/list?n=2")
    assert first.json["tags"] == ["a", "b"]
    following = first.headers["link"].partition(">")[0].strip("<")
    assert registry.ask("GET", following).json["tags"] == ["c"]
    assert registry.ask("GET", f"/v2/{name}/tags/list?n=0").json["tags"] == []
    for wrong in ("x", "-1", "%C2%B2"):
        assert registry.ask("GET", f"/v2/{name}/tags/list?n={wrong}").code == "PAGINATION_NUMBER_INVALID"
    assert name in registry.ask("GET", "/v2/_catalog").json["repositories"]


def test_manifests_are_deleted_by_tag_and_digest(registry: Registry, name: str) -> None:
    image = small("delete")
    for tag in ("one", "two"):
        registry.push(name, image, tag)
    assert registry.ask("DELETE", f"/v2/{name}/manifests/one").status == 202
    assert registry.ask("GET", f"/v2/{name}/manifests/one").code == "MANIFEST_UNKNOWN"
    assert registry.ask("GET", f"/v2/{name}/manifests/two").status == 200
    assert registry.ask("DELETE", f"/v2/{name}/manifests/{image.digest}").status == 202
    assert registry.ask("GET", f"/v2/{name}/manifests/two").code == "MANIFEST_UNKNOWN"
    assert registry.ask("DELETE", f"/v2/{name}/manifests/{image.digest}").status == 404


def test_an_index_needs_its_images(registry: Registry, name: str) -> None:
    image = small("child")
    child = {"mediaType": OCI, "digest": image.digest, "size": len(image.manifest)}
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [child]}).encode()
    path = f"/v2/{name}/manifests/multi"
    assert registry.ask("PUT", path, index, Content_Type=INDEX).code == "MANIFEST_BLOB_UNKNOWN"
    registry.push(name, image, image.digest)
    assert registry.ask("PUT", path, index, Content_Type=INDEX).status == 201
    assert registry.ask("GET", path).headers["content-type"] == INDEX
    kept = registry.ask("DELETE", f"/v2/{name}/manifests/{image.digest}")
    assert (kept.status, kept.code) == (403, "DENIED")


def test_referrers(registry: Registry, name: str) -> None:
    image = small("subject")
    registry.push(name, image, "v1")
    subject = {"mediaType": OCI, "digest": image.digest, "size": len(image.manifest)}
    note = picture(layer({"sbom": b"{}"}), artifactType="text/sbom", subject=subject, annotations={"by": "me"})
    for blob in (note.config, *note.layers):
        registry.push_blob(name, blob)
    done = registry.ask("PUT", f"/v2/{name}/manifests/{note.digest}", note.manifest, Content_Type=OCI)
    assert done.headers["oci-subject"] == image.digest
    answer = registry.ask("GET", f"/v2/{name}/referrers/{image.digest}")
    assert answer.headers["content-type"] == INDEX
    found = answer.json["manifests"]
    assert [(each["digest"], each["artifactType"], each["annotations"]) for each in found] == [
        (note.digest, "text/sbom", {"by": "me"})
    ]
    other = registry.ask("GET", f"/v2/{name}/referrers/{image.digest}?artifactType=x")
    assert (other.json["manifests"], other.headers["oci-filters-applied"]) == ([], "artifactType")


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"{", OCI, "MANIFEST_INVALID"),
        (b"[]", OCI, "MANIFEST_INVALID"),
        (b'{"schemaVersion": 1}', OCI, "MANIFEST_INVALID"),
        (b'{"schemaVersion": 2}', "application/x-unknown", "MANIFEST_INVALID"),
        (b'{"schemaVersion": 2}', OCI, "MANIFEST_INVALID"),
        (small("absent").manifest, OCI, "MANIFEST_BLOB_UNKNOWN"),
        (small("absent").manifest, INDEX, "MANIFEST_INVALID"),
        (b" " * (4 * 1024 * 1024 + 1), OCI, "SIZE_INVALID"),
    ],
)
def test_bad_manifests(registry: Registry, name: str, body: bytes, kind: str, code: str) -> None:
    answer = registry.ask("PUT", f"/v2/{name}/manifests/bad", body, Content_Type=kind)
    assert answer.code == code
    assert registry.ask("GET", f"/v2/{name}/manifests/bad").status == 404


def test_a_manifest_under_another_digest(registry: Registry, name: str) -> None:
    image = small("digest")
    registry.push(name, image, "v1")
    path = f"/v2/{name}/manifests/sha256:{'2' * 64}"
    assert registry.ask("PUT", path, image.manifest, Content_Type=OCI).code == "DIGEST_INVALID"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v2/nowhere/manifests/v1", 404, "NAME_UNKNOWN"),
        ("/v2/nowhere/tags/list", 404, "NAME_UNKNOWN"),
        ("/v2/UPPER/tags/list", 400, "NAME_INVALID"),
        ("/v2/a..b/../c/tags/list", 400, "NAME_INVALID"),
        ("/v2/nowhere/what", 404, "UNSUPPORTED"),
        ("/v2/nowhere/blobs/sha256:1", 400, "DIGEST_INVALID"),
    ],
)
def test_what_is_not_there(registry: Registry, path: str, status: int, code: str) -> None:
    answer = registry.ask("GET", path)
    assert (answer.status, answer.code) == (status, code)


def test_methods_that_are_not_possible(registry: Registry, name: str) -> None:
    for method, path in (("PATCH", "manifests/v1"), ("PUT", "tags/list"), ("GET", "blobs/uploads/")):
        assert registry.ask(method, f"/v2/{name}/{path}").status == 405


def test_an_immutable_tag_is_not_pushed_again(cloud: RunningCloud, registry: Registry, name: str) -> None:
    change: dict[str, Any] = {"repositoryName": name, "imageTagMutability": "IMMUTABLE"}
    cloud.client("ecr").put_image_tag_mutability(**change)
    registry.push(name, small("one"), "v1")
    registry.push(name, small("one"), "v1")  # the same again changes nothing
    for blob in (small("two").config, *small("two").layers):
        registry.push_blob(name, blob)
    answer = registry.ask("PUT", f"/v2/{name}/manifests/v1", small("two").manifest, Content_Type=OCI)
    assert (answer.status, answer.code) == (400, "TAG_INVALID")
    assert "immutable" in answer.body.decode()


def test_a_client_that_goes_away_can_go_on(cloud: RunningCloud, registry: Registry, name: str) -> None:
    data = b"0123456789abcdef" * 65_536 * 4
    where = registry.ask("POST", f"/v2/{name}/blobs/uploads/").headers["location"]
    secret = base64.b64encode(f"AWS:{registry.password}".encode()).decode()
    half = len(data) // 2
    with socket.create_connection(("127.0.0.1", cloud.state["port"]), timeout=10) as connection:
        head = f"PATCH {where} HTTP/1.1\r\nHost: {registry.host}\r\nAuthorization: Basic {secret}\r\n"
        connection.sendall(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data[:half])
        until(lambda: registry.ask("GET", where).headers["range"] != "0-0")

    def kept() -> int:
        answer = registry.ask("PATCH", where, b"", Content_Length="0")
        return int(registry.ask("GET", where).headers["range"].partition("-")[2]) + 1 if answer.status == 202 else 0

    received = until(kept)
    assert 0 < received <= half
    rest = data[received:]
    sent = registry.ask("PATCH", where, rest, Content_Range=f"{received}-{len(data) - 1}")
    assert sent.status == 202, sent.body
    assert registry.ask("PUT", f"{where}?digest={digest_of(data)}").status == 201


def test_a_signed_request_under_v2_is_an_aws_call(cloud: RunningCloud) -> None:
    with pytest.raises(ClientError) as caught:
        cloud.client("apigatewayv2").get_api(ApiId="nothing")
    assert "x-amzn-requestid" in caught.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert "docker-distribution-api-version" not in caught.value.response["ResponseMetadata"]["HTTPHeaders"]


def test_an_archived_image_is_not_given_out(cloud: RunningCloud, registry: Registry, name: str) -> None:
    digest = registry.push(name, small("archived"), "v1")
    cloud.client("ecr").update_image_storage_class(
        repositoryName=name, imageId={"imageDigest": digest}, targetStorageClass="ARCHIVE"
    )
    for method in ("GET", "HEAD"):
        assert registry.ask(method, f"/v2/{name}/manifests/v1").status == 404
    registry.push(name, small("archived"), "v2")  # pushing it again restores it
    status = cloud.client("ecr").describe_images(repositoryName=name)["imageDetails"][0]["imageStatus"]
    assert status in ("ACTIVE", "ACTIVATING")
