import datetime
import json
from xml.etree import ElementTree

import pytest

from lab_cloud.errors import AwsError
from lab_cloud.wire import answers
from lab_cloud.wire.call import snake_case

PROBLEM = AwsError("ClientException", "a < b & c", resourceIds=["x"])


def test_json_results_leave_out_what_is_none_and_write_epoch_seconds() -> None:
    moment = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
    response = answers.json_result({"a": None, "b": {"c": None, "d": [moment]}}, "1.1", "id")
    assert json.loads(response.body) == {"b": {"d": [moment.timestamp()]}}
    assert response.headers["content-type"] == "application/x-amz-json-1.1"


def test_json_errors() -> None:
    response = answers.error(PROBLEM, "json", "id")
    assert json.loads(response.body) == {"__type": "ClientException", "message": "a < b & c", "resourceIds": ["x"]}
    assert response.headers["x-amzn-errortype"] == "ClientException"


@pytest.mark.parametrize(("protocol", "path"), [("query", "Error"), ("ec2", "Errors/Error"), ("rest-xml", ".")])
def test_xml_errors_are_escaped(protocol: str, path: str) -> None:
    tree = ElementTree.fromstring(answers.error(PROBLEM, protocol, "id").body)
    found = tree.find(path)
    assert found is not None
    assert (found.findtext("Code"), found.findtext("Message")) == ("ClientException", "a < b & c")


@pytest.mark.parametrize(("service", "code"), [("ecs", "InvalidParameterException"), ("coffee", "ValidationException")])
def test_the_code_for_bad_values_differs_per_service(service: str, code: str) -> None:
    assert answers.invalid_input(service, "x").code == code


@pytest.mark.parametrize(
    ("operation", "method"),
    [
        ("RunTask", "run_task"),
        ("DescribeDBInstances", "describe_db_instances"),
        ("ListTagsForResource", "list_tags_for_resource"),
        ("GetCallerIdentity", "get_caller_identity"),
    ],
)
def test_snake_case(operation: str, method: str) -> None:
    assert snake_case(operation) == method
