"""The instance role, through real boto3 inside real instances."""

import json
import shlex
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.lab_cloud.apprunner.stage import PYTHON, Runner, source
from tests.lab_cloud.iam.callers import User, allow

TRUST = {"Effect": "Allow", "Principal": {"Service": "tasks.apprunner.amazonaws.com"}, "Action": "sts:AssumeRole"}
SERVER = """
import boto3, http.server, json, os
def tried(call):
    try:
        return call()
    except Exception as error:
        return str(error)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        who = tried(lambda: boto3.client('sts').get_caller_identity()['Arn'])
        queues = tried(lambda: boto3.client('sqs').list_queues().get('QueueUrls', []))
        found = {'who': who, 'queues': queues, 'key': os.environ.get('KEY'), 'word': os.environ.get('WORD')}
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), Handler).serve_forever()
"""


def role(runner: Runner, *statements: dict[str, Any], trust: dict[str, Any] = TRUST) -> str:
    iam, name = runner.cloud.client("iam"), runner.cloud.name("instance")
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    if statements:
        policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy)
    return str(arn)


def program(**secrets: str) -> dict[str, Any]:
    start = shlex.join(["python", "-c", f"exec({json.dumps(SERVER)})"])
    return source(PYTHON, "8080", start, **({"RuntimeEnvironmentSecrets": secrets} if secrets else {}))


def test_credentials_and_secrets(runner: Runner) -> None:
    manager, ssm = runner.cloud.client("secretsmanager"), runner.cloud.client("ssm")
    secret = manager.create_secret(Name=runner.cloud.name("db"), SecretString='{"password": "open sesame"}')["ARN"]
    name = f"/{runner.cloud.name('word')}"
    ssm.put_parameter(Name=name, Value="hello", Type="SecureString")
    parameter = f"arn:aws:ssm:us-east-1:123456789012:parameter{name}"
    able = role(runner, allow("sqs:ListQueues"), allow(["secretsmanager:GetSecretValue", "ssm:GetParameters"]))
    given = program(KEY=f"{secret}:password::", WORD=parameter)
    arn = runner.running(SourceConfiguration=given, InstanceConfiguration={"InstanceRoleArn": able})
    seen = json.loads(runner.get(arn)[1])
    assert f":assumed-role/{able.rpartition('/')[2]}/" in seen["who"]
    assert (seen["key"], seen["word"]) == ("open sesame", "hello")
    assert isinstance(seen["queues"], list)
    assert "open sesame" not in json.dumps(runner.service(arn), default=str)

    unable = role(runner)
    runner.client.update_service(ServiceArn=arn, InstanceConfiguration={"InstanceRoleArn": unable})
    assert runner.settled(arn) == "RUNNING"
    assert runner.operations(arn)[0] == ("UPDATE_SERVICE", "ROLLBACK_SUCCEEDED")
    assert runner.said(arn, "Failed to read the secrets of your application")
    assert json.loads(runner.get(arn)[1])["key"] == "open sesame"
    runner.delete(arn)


def test_an_instance_without_a_role_may_do_nothing(runner: Runner) -> None:
    arn = runner.running(SourceConfiguration=program())
    seen = json.loads(runner.get(arn)[1])
    assert "credentials" in seen["who"]
    runner.delete(arn)


def test_who_may_hand_a_role_to_app_runner(runner: Runner) -> None:
    other = role(runner, trust={**TRUST, "Principal": {"Service": "ecs-tasks.amazonaws.com"}})
    with pytest.raises(ClientError, match="Error in assuming instance role"):
        runner.create(InstanceConfiguration={"InstanceRoleArn": other})
    user = User(runner.cloud)
    user.may(allow("apprunner:CreateService"))
    with pytest.raises(ClientError, match="iam:PassRole"):
        user.client("apprunner").create_service(
            ServiceName=runner.cloud.name("refused"),
            SourceConfiguration=source(),
            InstanceConfiguration={"InstanceRoleArn": role(runner)},
        )
