"""Every operation of App Runner answers in AWS's shape, whatever it is given."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from lab_cloud.apprunner.api import AppRunnerApi
from lab_cloud.wire import model
from lab_cloud.wire.call import handler_of
from tools import operations

MODEL = model.load("apprunner")
ARN = "arn:aws:apprunner:us-east-1:123456789012:service/nobody/0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def caller() -> Iterator[operations.Caller]:
    with operations.caller() as made:
        yield made


def allowed(error: ClientError | None, operation: str) -> bool:
    if error is None:
        return True
    codes = {one["shape"] for one in MODEL.operations[operation]["errors"]} | {"SerializationException"}
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status < 500 and error.response["Error"]["Code"] in codes


@pytest.mark.parametrize("operation", sorted(MODEL.operations))
def test_answers_and_errors_are_those_of_the_model(caller: operations.Caller, operation: str) -> None:
    assert handler_of(AppRunnerApi, operation) is not None
    smallest = operations.smallest(MODEL, operation)
    empty = {name: type(value)() for name, value in smallest.items()}
    arns = {name: ARN for name in smallest if name.endswith("Arn")}
    for given in ({}, empty, smallest, smallest | arns):
        error = caller.call("apprunner", operation, given)
        assert allowed(error, operation), (given, error)
