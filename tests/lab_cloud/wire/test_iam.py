import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab_cloud.errors import AwsError
from lab_cloud.wire.iam import check_trust
from tests.stage import RunningCloud

TRUST: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Service": "ecs-tasks.amazonaws.com"},
    "Action": "sts:AssumeRole",
}


def policy(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_the_tags_of_an_instance_profile(cloud: RunningCloud) -> None:
    iam, name = cloud.client("iam"), cloud.name("profile")
    iam.create_instance_profile(InstanceProfileName=name, Tags=[{"Key": "b", "Value": "2"}])
    iam.tag_instance_profile(InstanceProfileName=name, Tags=[{"Key": "a", "Value": "1"}])
    found = iam.list_instance_profile_tags(InstanceProfileName=name)
    assert found["Tags"] == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    assert found["IsTruncated"] is False
    with pytest.raises(iam.exceptions.NoSuchEntityException, match="nowhere"):
        iam.list_instance_profile_tags(InstanceProfileName="nowhere")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("nonsense", "invalid Json"),
        ("[]", "Syntax errors"),
        ("{}", "Syntax errors"),
        (policy("x"), "Syntax errors"),
        (policy({**TRUST, "Resource": "*"}), "prohibited field Resource"),
        (policy({"Effect": "Allow", "Action": "sts:AssumeRole"}), "Missing required field Principal"),
    ],
)
def test_a_trust_policy_that_nobody_can_fulfil(document: str, words: str) -> None:
    with pytest.raises(AwsError, match=words) as caught:
        check_trust(document)
    assert caught.value.code == "MalformedPolicyDocument"


def test_a_role_is_made_only_with_a_trust_policy(cloud: RunningCloud) -> None:
    iam, name = cloud.client("iam"), cloud.name("role")
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy({"Effect": "Allow", "Action": "s3:GetObject"}))
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(TRUST))
    with pytest.raises(ClientError, match="MalformedPolicyDocument"):
        iam.update_assume_role_policy(RoleName=name, PolicyDocument="{}")
    one_statement = json.dumps({"Version": "2012-10-17", "Statement": TRUST})
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=one_statement)
    iam.delete_role(RoleName=name)
