import json
from typing import Any

import boto3

from tests.stage import ONCE, RunningCloud

TRUST = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}


def refusal(cloud: RunningCloud, *keys: str) -> str:
    """Whom the cloud takes the holder of these keys for, seen from a refusal."""
    client: Any = boto3.Session(*keys, region_name="us-east-1").client("ecr", endpoint_url=cloud.endpoint, config=ONCE)
    try:
        client.describe_images(repositoryName="principals")
    except client.exceptions.ClientError as error:
        return str(error)
    raise AssertionError("not refused")


def test_each_key_is_somebodys(cloud: RunningCloud) -> None:
    ecr, iam, sts = cloud.client("ecr"), cloud.client("iam"), cloud.client("sts")
    ecr.create_repository(repositoryName="principals")
    statement = {"Effect": "Deny", "Principal": "*", "Action": "ecr:DescribeImages"}
    ecr.set_repository_policy(repositoryName="principals", policyText=json.dumps({"Statement": [statement]}))
    user = iam.create_user(UserName="principals")["User"]["Arn"]
    pair = iam.create_access_key(UserName="principals")["AccessKey"]
    assert f"User: {user} is not" in refusal(cloud, pair["AccessKeyId"], pair["SecretAccessKey"])
    trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    role = iam.create_role(RoleName="principals", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    session = sts.assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    told = refusal(cloud, session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    assert "User: arn:aws:sts::123456789012:assumed-role/principals/me is not" in told
    own = cloud.state
    assert "User: arn:aws:iam::123456789012:root is not" in refusal(cloud, own["access_key"], own["secret_key"])
