import http.client
import json
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.stage import RunningCloud

TARGET = "AmazonEC2ContainerServiceV20141113.ListClusters"


def post(cloud: RunningCloud, headers: dict[str, str], body: bytes = b"{}") -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", cloud.state["port"], timeout=10)
    try:
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def signed(
    cloud: RunningCloud, body: bytes = b"{}", *, secret: str = "", service: str = "ecs", **headers: str
) -> dict[str, str]:
    base = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": TARGET, **headers}
    request = AWSRequest("POST", cloud.endpoint + "/", data=body, headers=base)
    credentials = Credentials(cloud.state["access_key"], secret or cloud.state["secret_key"])
    SigV4Auth(credentials, service, "us-east-1").add_auth(request)
    return {
        name: value.decode() if isinstance(value, bytes) else value for name, value in request.prepare().headers.items()
    }


def test_a_signed_call_is_answered(cloud: RunningCloud) -> None:
    status, headers, body = post(cloud, signed(cloud))
    assert status == 200
    assert headers["content-type"] == "application/x-amz-json-1.1"
    assert "clusterArns" in json.loads(body)


def test_an_unsigned_call_is_refused(cloud: RunningCloud) -> None:
    status, _, body = post(cloud, {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": TARGET})
    assert status == 400
    assert json.loads(body)["__type"] == "MissingAuthenticationTokenException"


def test_a_wrong_key_is_refused(cloud: RunningCloud) -> None:
    status, _, body = post(cloud, signed(cloud, secret="another"))
    assert status == 400
    assert json.loads(body)["__type"] == "InvalidSignatureException"


def test_a_changed_body_is_refused(cloud: RunningCloud) -> None:
    _, _, body = post(cloud, signed(cloud, b'{"maxResults": 2}'), b'{"maxResults": 1}')
    assert json.loads(body)["__type"] == "InvalidSignatureException"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example:1", ""]
)
def test_a_foreign_host_is_refused_even_when_signed(cloud: RunningCloud, host: str) -> None:
    status, _, body = post(cloud, {**signed(cloud), "Host": host})
    assert status == 403
    assert b"host name" in body


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_a_web_page_is_refused(cloud: RunningCloud, origin: str) -> None:
    status, headers, body = post(cloud, {**signed(cloud), "Origin": origin})
    assert status == 403
    assert b"Web pages" in body
    assert "access-control-allow-origin" not in headers


def test_query_services_refuse_in_their_own_shape(cloud: RunningCloud) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    status, headers, body = post(cloud, form, b"Action=DescribeVpcs&Version=2016-11-15")
    assert status == 403
    assert headers["content-type"] == "text/xml"
    assert b"<Code>MissingAuthenticationToken</Code>" in body


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'"text"'])
def test_a_malformed_body_is_refused(cloud: RunningCloud, body: bytes) -> None:
    status, _, answer = post(cloud, signed(cloud, body), body)
    assert status == 400
    assert json.loads(answer)["__type"] == "SerializationException"


def test_a_wrong_type_is_refused(cloud: RunningCloud) -> None:
    body = b'{"maxResults": "many"}'
    _, _, answer = post(cloud, signed(cloud, body), body)
    assert json.loads(answer)["__type"] == "SerializationException"
    assert "maxResults" in json.loads(answer)["message"]


def test_an_unknown_operation_and_service_answer_in_awss_shape(cloud: RunningCloud) -> None:
    target = {"X-Amz-Target": "AmazonEC2ContainerServiceV20141113.MakeCoffee"}
    status, _, body = post(cloud, signed(cloud, **target))
    assert status == 400
    assert json.loads(body)["__type"] == "UnsupportedOperation"
    status, _, body = post(cloud, signed(cloud, service="coffee"))
    assert json.loads(body)["__type"] == "UnknownService"


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code"),
    [
        ("ec2", "run_instances", {"MinCount": 1, "MaxCount": 1, "InstanceType": "t9.huge"}, "InvalidParameterValue"),
        ("logs", "create_log_group", {"logGroupName": "a b"}, "InvalidParameterException"),
        ("iam", "create_role", {"RoleName": "a b", "AssumeRolePolicyDocument": "{}"}, "ValidationError"),
        ("elbv2", "create_load_balancer", {"Name": "x", "Type": "cloudy"}, "ValidationError"),
        ("ec2", "describe_aws_network_performance_metric_subscriptions", {}, "UnsupportedOperation"),
        ("braket", "search_jobs", {"filters": []}, "UnsupportedOperation"),
        (
            "apprunner",
            "create_connection",
            {"ConnectionName": "a b c", "ProviderType": "GITHUB"},
            "InvalidRequestException",
        ),
    ],
)
def test_every_service_refuses_bad_values_in_awss_shape(
    cloud: RunningCloud, service: str, operation: str, arguments: dict[str, Any], code: str
) -> None:
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError) as caught:
        getattr(cloud.client(service), operation)(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    assert "<html" not in str(caught.value).lower()


def test_identity(cloud: RunningCloud) -> None:
    found = cloud.client("sts").get_caller_identity()
    assert found["Arn"] == "arn:aws:iam::123456789012:root"
    assert found["Account"] == "123456789012"


def test_keys_that_iam_hands_out_work_too(cloud: RunningCloud) -> None:
    import boto3

    iam, name = cloud.client("iam"), cloud.name("user")
    iam.create_user(UserName=name)
    pair = iam.create_access_key(UserName=name)["AccessKey"]
    session = boto3.Session(pair["AccessKeyId"], pair["SecretAccessKey"], region_name="us-east-1")
    found = session.client("sts", endpoint_url=cloud.endpoint).get_caller_identity()
    assert found["Arn"].endswith(f":user/{name}")


def test_the_control_address_needs_the_key(cloud: RunningCloud) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", cloud.state["port"], timeout=10)
    connection.request("POST", "/_lab/reset", b"{}", {"x-lab-key": "guess"})
    assert connection.getresponse().status == 403
    connection.close()


def test_an_answer_without_content_leaves_the_connection_as_it_was(cloud: RunningCloud) -> None:
    name = cloud.client("efs").create_file_system(CreationToken=cloud.name("efs"))["FileSystemId"]
    connection = http.client.HTTPConnection("127.0.0.1", cloud.state["port"], timeout=10)
    credentials = Credentials(cloud.state["access_key"], cloud.state["secret_key"])
    try:
        sockets = []
        for action in ("create-tags", "delete-tags"):  # both answer 204
            body = b'{"Tags": [{"Key": "a", "Value": "b"}]}' if action == "create-tags" else b'{"TagKeys": ["a"]}'
            path = f"/2015-02-01/{action}/{name}"
            request = AWSRequest("POST", cloud.endpoint + path, data=body)
            SigV4Auth(credentials, "elasticfilesystem", "us-east-1").add_auth(request)
            connection.request("POST", path, body, dict(request.headers.items()))
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (204, b"")
            sockets.append(connection.sock)
        assert sockets[0] is sockets[1] is not None
    finally:
        connection.close()
