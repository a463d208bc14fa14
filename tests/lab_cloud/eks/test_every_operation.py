"""Whatever operation of EKS a client calls, the answer is one of AWS's, and never a page or a crash."""

from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lab_cloud.eks.api import EksApi
from lab_cloud.eks.refused import REFUSED
from lab_cloud.wire import model
from lab_cloud.wire.call import handler_of, snake_case
from tests.lab_cloud.eks.place import EksPlace

EKS = model.load("eks")
OPERATIONS = sorted(EKS.operations)
SHAPES = {*EKS.raw["shapes"], "UnsupportedOperation", "SerializationException"}


@pytest.fixture(scope="module")
def client(eks: EksPlace) -> Any:
    """One that sends whatever it is given."""
    lax = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    return eks.cloud.session().client("eks", endpoint_url=eks.cloud.endpoint, config=lax)


def smallest(shape_name: str, depth: int = 0) -> Any:
    """The smallest value that the model allows."""
    shape = EKS.shape(shape_name)
    kind = shape["type"]
    if kind == "structure":
        return {name: smallest(shape["members"][name]["shape"], depth + 1) for name in shape.get("required", ())}
    if kind == "list":
        return [smallest(shape["member"]["shape"], depth + 1)] if depth < 5 else []
    if kind == "string":
        return shape["enum"][0] if "enum" in shape else "a" * max(shape.get("min", 1), 1)
    if kind == "boolean":
        return True
    return {} if kind == "map" else max(shape.get("min", 1), 1)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_answers_in_awss_shape(client: Any, eks: EksPlace, operation: str) -> None:
    shape = EKS.input_shape(operation)
    least = smallest(shape) if shape else {}
    members = EKS.shape(shape)["members"] if shape else {}
    every = {name: smallest(item["shape"]) for name, item in members.items()}
    there = {name: eks.shared for name in ("name", "clusterName") if name in members and operation != "DeleteCluster"}
    for body in (least, {**least, **there}, every, {**every, **there}):
        code = ""
        try:
            getattr(client, snake_case(operation))(**body)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] < 500, (body, error)
            assert code in SHAPES, (body, error)
        assert (code == "UnsupportedOperation") == (operation in REFUSED), (body, code)


def test_every_operation_is_answered_or_refused_with_a_reason() -> None:
    answered = {name for name in OPERATIONS if handler_of(EksApi, name) is not None}
    assert answered & set(REFUSED) == set()
    assert answered | set(REFUSED) == set(OPERATIONS)
