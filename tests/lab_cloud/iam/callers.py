"""Callers other than the administrator, for tests: users with keys, and sessions of roles."""

import json
from typing import Any

import boto3

from tests.stage import ONCE, RunningCloud

ROOT = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}


class Caller:
    """Somebody with keys, and clients of theirs."""

    def __init__(self, cloud: RunningCloud, name: str, arn: str, *keys: str) -> None:
        self.cloud, self.name, self.arn, self.keys = cloud, name, arn, keys
        self._session = boto3.Session(*keys, region_name="us-east-1")

    def client(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self.cloud.endpoint, config=ONCE)


class User(Caller):
    """A user of IAM with an access key."""

    def __init__(self, cloud: RunningCloud) -> None:
        iam, name = cloud.client("iam"), cloud.name("user")
        arn = iam.create_user(UserName=name)["User"]["Arn"]
        pair = iam.create_access_key(UserName=name)["AccessKey"]
        super().__init__(cloud, name, arn, pair["AccessKeyId"], pair["SecretAccessKey"])

    def may(self, *statements: dict[str, Any]) -> None:
        self.cloud.client("iam").put_user_policy(
            UserName=self.name, PolicyName="own", PolicyDocument=policy(*statements)
        )


class Assumed(Caller):
    """A session of a role that the account trusts."""

    def __init__(self, cloud: RunningCloud, **options: Any) -> None:
        iam, name = cloud.client("iam"), cloud.name("role")
        self.role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(ROOT))["Role"]["Arn"]
        made = cloud.client("sts").assume_role(RoleArn=self.role, RoleSessionName="me", **options)
        found = made["Credentials"]
        keys = (found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
        super().__init__(cloud, name, made["AssumedRoleUser"]["Arn"], *keys)

    def may(self, *statements: dict[str, Any]) -> None:
        self.cloud.client("iam").put_role_policy(
            RoleName=self.name, PolicyName="own", PolicyDocument=policy(*statements)
        )


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}
