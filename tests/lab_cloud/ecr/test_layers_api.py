import os
import signal
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from lab_cloud import system
from lab_cloud.ecr.names import digest_of
from tests.lab_cloud.ecr.registry import Registry
from tests.lab_cloud.ecs.test_tasks_api import refused
from tests.stage import RunningCloud
from tests.waiting import until

MIB = 1024 * 1024


def upload(cloud: RunningCloud, name: str, *parts: bytes) -> str:
    ecr = cloud.client("ecr")
    started = ecr.initiate_layer_upload(repositoryName=name)
    assert started["partSize"] == 10 * MIB
    first = 0
    for part in parts:
        last = first + len(part) - 1
        done = ecr.upload_layer_part(
            repositoryName=name, uploadId=started["uploadId"], partFirstByte=first, partLastByte=last,
            layerPartBlob=part,
        )  # fmt: skip
        assert done["lastByteReceived"] == last
        first = last + 1
    return str(started["uploadId"])


def test_a_layer_in_parts(cloud: RunningCloud, name: str) -> None:
    ecr = cloud.client("ecr")
    parts = [os.urandom(5 * MIB), os.urandom(6 * MIB), b"end"]
    digest = digest_of(b"".join(parts))
    check = ecr.batch_check_layer_availability
    before = check(repositoryName=name, layerDigests=[digest])["layers"]
    assert before == [{"layerDigest": digest, "layerAvailability": "UNAVAILABLE"}]
    upload_id = upload(cloud, name, *parts)
    done = ecr.complete_layer_upload(repositoryName=name, uploadId=upload_id, layerDigests=[digest])
    assert done["layerDigest"] == digest
    after = check(repositoryName=name, layerDigests=[digest, "sha256:00"])
    assert after["layers"][0]["layerAvailability"] == "AVAILABLE"
    assert after["layers"][0]["layerSize"] == sum(map(len, parts))
    assert after["failures"][0]["failureCode"] == "InvalidLayerDigest"
    url = ecr.get_download_url_for_layer(repositoryName=name, layerDigest=digest)["downloadUrl"]
    assert urllib.request.urlopen(url).read() == b"".join(parts)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url[:-1])
    again = upload(cloud, name, *parts)
    complete = ecr.complete_layer_upload
    refused(complete, "LayerAlreadyExistsException", digest, repositoryName=name, uploadId=again, layerDigests=[digest])


@pytest.mark.parametrize(
    ("first", "last", "size"), [(5, 9, 5), (0, 4, 5), (10, 10, 5), (10, 20 * MIB + 10, 20 * MIB + 1), (11, 15, 5)]
)
def test_parts_out_of_order_or_of_a_wrong_size(
    cloud: RunningCloud, name: str, first: int, last: int, size: int
) -> None:
    ecr, upload_id = cloud.client("ecr"), upload(cloud, name, b"0123456789")
    with pytest.raises(ClientError) as caught:
        ecr.upload_layer_part(
            repositoryName=name, uploadId=upload_id, partFirstByte=first, partLastByte=last, layerPartBlob=b"x" * size
        )
    assert caught.value.response["Error"]["Code"] == "InvalidLayerPartException"
    assert caught.value.response["lastValidByteReceived"] == 9
    digest = digest_of(b"0123456789")
    ecr.complete_layer_upload(repositoryName=name, uploadId=upload_id, layerDigests=[digest])  # nothing was added


def test_uploads_that_cannot_be_completed(cloud: RunningCloud, name: str) -> None:
    complete = cloud.client("ecr").complete_layer_upload
    digest = digest_of(b"x")
    there = {"repositoryName": name, "layerDigests": [digest]}
    refused(complete, "EmptyUploadException", "layer parts", uploadId=upload(cloud, name), **there)
    wrong = upload(cloud, name, b"y")
    refused(complete, "InvalidLayerException", digest, uploadId=wrong, **there)
    refused(complete, "UploadNotFoundException", wrong, uploadId=wrong, **there)
    refused(complete, "LayerPartTooSmallException", "5242880", uploadId=upload(cloud, name, b"a", b"b"), **there)
    nowhere = "00000000-0000-0000-0000-000000000000"
    refused(complete, "UploadNotFoundException", nowhere, uploadId=nowhere, **there)
    url = cloud.client("ecr").get_download_url_for_layer
    refused(url, "LayersNotFoundException", digest, repositoryName=name, layerDigest=digest)


def blobs(home: Path) -> list[Path]:
    return list((home / "ecr" / "blobs").iterdir())


@pytest.mark.skipif(system.WINDOWS, reason="needs SIGKILL")
def test_a_cloud_that_is_killed_during_an_upload_leaves_a_sound_store(new_cloud: RunningCloud) -> None:
    new_cloud.command("up")
    ecr = new_cloud.client("ecr")
    ecr.create_repository(repositoryName="web")
    registry = Registry(new_cloud)
    kept = registry.push_blob("web", b"complete" * 1000)
    upload(new_cloud, "web", b"half")
    where = registry.ask("POST", "/v2/web/blobs/uploads/").headers["location"]
    pid = new_cloud.state["pid"]

    def endless() -> object:
        yield b"x" * MIB * 3
        os.kill(pid, signal.SIGKILL)
        while system.is_alive(pid):
            yield b"x" * MIB

    with pytest.raises((OSError, ConnectionError)):
        registry.ask("PATCH", where, endless())
    until(lambda: not system.is_alive(pid))
    assert [f"sha256:{path.name}" for path in blobs(new_cloud.home)] == [kept]
    assert all(digest_of(path.read_bytes()) == f"sha256:{path.name}" for path in blobs(new_cloud.home))
    assert list((new_cloud.home / "ecr" / "uploads").iterdir()) != []
    new_cloud.command("up")
    new_cloud._clients.clear()
    assert blobs(new_cloud.home) == []  # repositories end with their cloud, and so do their layers
    assert list((new_cloud.home / "ecr" / "uploads").iterdir()) == []
    new_cloud.client("ecr").create_repository(repositoryName="web")
    assert Registry(new_cloud).push_blob("web", b"complete" * 1000) == kept
