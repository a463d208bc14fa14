"""Every operation of both load balancing services answers in AWS's shape, whatever it is given."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from lab_cloud.wire import model
from tools import operations

COMMON = {"ValidationError", "UnsupportedOperation"}
CASES = [(service, name) for service in ("elb", "elbv2") for name in sorted(model.load(service).operations)]


@pytest.fixture(scope="module")
def caller() -> Iterator[operations.Caller]:
    with operations.caller() as made:
        yield made


def codes(service: str, operation: str) -> set[str]:
    known = model.load(service)
    shapes = [known.shape(one["shape"]) for one in known.operations[operation].get("errors", [])]
    return {shape["error"]["code"] for shape in shapes}


def allowed(error: ClientError | None, service: str, operation: str) -> bool:
    if error is None:
        return True
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status < 500 and error.response["Error"]["Code"] in codes(service, operation) | COMMON


@pytest.mark.parametrize(("service", "operation"), CASES)
def test_answers_and_errors_are_those_of_the_model(caller: operations.Caller, service: str, operation: str) -> None:
    known = model.load(service)
    smallest = operations.smallest(known, operation)
    empty = {name: type(value)() for name, value in smallest.items()}
    arns = {
        name: "arn:aws:elasticloadbalancing:us-east-1:123456789012:x/y" for name in smallest if name.endswith("Arn")
    }
    for given in ({}, empty, smallest, smallest | arns):
        error = caller.call(service, operation, given)
        assert allowed(error, service, operation), (given, error)
