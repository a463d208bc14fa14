"""Every operation of AWS's models answers or refuses in AWS's shape."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab_cloud.wire import model
from lab_cloud.wire.call import snake_case
from tests.lab_cloud.ecr.registry import small
from tests.stage import RunningCloud

VALUES = {
    "RepositoryName": "walk/repository",
    "UploadId": "00000000-0000-0000-0000-000000000000",
    "ReplicationBackfillId": "00000000-0000-0000-0000-000000000000",
    "LayerDigest": "sha256:" + "0" * 64,
    "BatchedOperationLayerDigest": "sha256:" + "0" * 64,
    "ImageDigest": "sha256:" + "0" * 64,
    "ImageManifest": small("walk").manifest.decode(),
    "Arn": "arn:aws:ecr:us-east-1:123456789012:repository/walk/repository",
    "PrincipalArn": "arn:aws:iam::123456789012:role/walk",
    "SigningProfileArn": "arn:aws:signer:us-east-1:123456789012:/signing-profiles/walk",
    "Url": "public.ecr.aws",
    "Region": "eu-west-1",
    "RegistryId": "123456789012",
    "AccountSettingName": "BLOB_MOUNTING",
    "AccountSettingValue": "ENABLED",
    "LifecyclePolicyText": "{}" + " " * 100,
}


def example(known: model.Model, name: str) -> Any:
    """A value of a shape, with its required members only."""
    shape = known.shape(name)
    kind = shape["type"]
    if name in VALUES:
        return VALUES[name]
    if kind == "structure":
        return {each: example(known, shape["members"][each]["shape"]) for each in shape.get("required", ())}
    if kind == "list":
        return [example(known, shape["member"]["shape"])] * max(shape.get("min", 0), 1)
    if kind == "blob":
        return b"x"
    if kind == "boolean":
        return True
    if kind in ("integer", "long"):
        return 0
    return shape.get("enum", ["walk"])[0]


@pytest.mark.parametrize("service", ["ecr", "ecr-public"])
def test_every_operation_answers_in_awss_shape(cloud: RunningCloud, service: str) -> None:
    known, client = model.load(service), cloud.client(service)
    unsupported, wrong = [], []
    for operation in sorted(known.operations, key=lambda name: (name.startswith("Delete"), name)):
        shape = known.input_shape(operation)
        arguments = example(known, shape) if shape else {}
        try:
            getattr(client, snake_case(operation))(**arguments)
        except ClientError as error:
            code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
            modelled = {each["shape"] for each in known.operations[operation].get("errors", ())}
            if code == "UnsupportedOperation":
                unsupported.append(operation)
            elif code not in modelled or status >= 500:
                wrong.append((operation, code, status, str(error)))
    assert wrong == []
    if service == "ecr":
        assert unsupported == []
    else:
        assert {"CreateRepository", "PutImage"} <= set(unsupported)
        assert not {"GetAuthorizationToken", "DescribeRegistries", "DescribeImages"} & set(unsupported)
