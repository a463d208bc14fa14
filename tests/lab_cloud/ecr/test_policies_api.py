import base64
import datetime
import json
from typing import Any

import boto3
import pytest

from tests.lab_cloud.ecr.registry import Registry, login, small
from tests.lab_cloud.ecs.test_tasks_api import refused
from tests.stage import ONCE, RunningCloud


def policy(effect: str = "Deny", principal: Any = "*", action: Any = "ecr:*", **more: Any) -> str:
    statement = {"Effect": effect, "Principal": principal, "Action": action, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def new_user(cloud: RunningCloud, name: str) -> tuple[str, Any]:
    """An IAM user's ARN and ECR client; nothing is allowed to it."""
    iam = cloud.client("iam")
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    pair = iam.create_access_key(UserName=name)["AccessKey"]
    session = boto3.Session(pair["AccessKeyId"], pair["SecretAccessKey"], region_name="us-east-1")
    return arn, session.client("ecr", endpoint_url=cloud.endpoint, config=ONCE)


def own(effect: str, action: str, resource: str = "*", **more: Any) -> str:
    statement = {"Effect": effect, "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


@pytest.fixture(scope="module")
def user(cloud: RunningCloud) -> tuple[str, Any]:
    """The same, with everything allowed in ECR."""
    name = cloud.name("user")
    found = new_user(cloud, name)
    cloud.client("iam").put_user_policy(UserName=name, PolicyName="ecr", PolicyDocument=own("Allow", "ecr:*"))
    return found


def test_the_token(cloud: RunningCloud, registry: Registry) -> None:
    data = cloud.client("ecr").get_authorization_token()["authorizationData"][0]
    assert data["proxyEndpoint"] == f"http://{registry.host}"
    assert base64.b64decode(data["authorizationToken"]).startswith(b"AWS:")
    left = data["expiresAt"] - datetime.datetime.now(datetime.UTC)
    assert 11.9 < left.total_seconds() / 3600 <= 12
    refused(
        cloud.client("ecr").get_authorization_token, "InvalidParameterException", "no registry", registryIds=["1" * 12]
    )


def test_a_policy_is_kept_as_it_was_written(cloud: RunningCloud, name: str) -> None:
    ecr, text = cloud.client("ecr"), policy("Allow", action=["ecr:BatchGetImage"])
    refused(ecr.get_repository_policy, "RepositoryPolicyNotFoundException", name, repositoryName=name)
    assert ecr.set_repository_policy(repositoryName=name, policyText=text)["policyText"] == text
    assert ecr.get_repository_policy(repositoryName=name)["policyText"] == text
    assert ecr.delete_repository_policy(repositoryName=name)["policyText"] == text
    refused(ecr.delete_repository_policy, "RepositoryPolicyNotFoundException", name, repositoryName=name)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", policy("Maybe"), policy(action="PutImage"), policy(Colour=1)])
def test_what_is_no_policy(cloud: RunningCloud, name: str, text: str) -> None:
    ecr = cloud.client("ecr")
    refused(ecr.set_repository_policy, "InvalidParameterException", "PolicyText", repositoryName=name, policyText=text)
    refused(ecr.put_registry_policy, "InvalidParameterException", "PolicyText", policyText=text)


def test_a_user_is_denied_in_the_api_and_at_the_door(cloud: RunningCloud, name: str, user: tuple[str, Any]) -> None:
    ecr, (arn, theirs) = cloud.client("ecr"), user
    Registry(cloud).push(name, small("denied"), "v1")
    theirs.describe_images(repositoryName=name)
    text = policy(principal={"AWS": arn}, action=["ecr:BatchGetImage", "ecr:PutImage"])
    ecr.set_repository_policy(repositoryName=name, policyText=text)
    words = f"User: {arn} is not authorized to perform: ecr:BatchGetImage"
    ids = [{"imageTag": "v1"}]
    refused(theirs.batch_get_image, "AccessDeniedException", words, repositoryName=name, imageIds=ids)
    theirs.describe_images(repositoryName=name)
    assert ecr.batch_get_image(repositoryName=name, imageIds=ids)["images"]
    door = Registry(cloud, login(theirs))
    answer = door.ask("GET", f"/v2/{name}/manifests/v1")
    assert (answer.status, answer.code) == (403, "DENIED")
    assert words in answer.json["errors"][0]["message"]
    assert door.ask("GET", f"/v2/{name}/tags/list").status == 200


def test_a_role_is_denied_in_its_sessions(cloud: RunningCloud, name: str) -> None:
    iam, role = cloud.client("iam"), cloud.name("role")
    trust = policy("Allow", action="sts:AssumeRole")
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    keys = cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="me")["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name="us-east-1")
    theirs = session.client("ecr", endpoint_url=cloud.endpoint, config=ONCE)
    cloud.client("ecr").set_repository_policy(repositoryName=name, policyText=policy(principal={"AWS": arn}))
    refused(theirs.list_images, "AccessDeniedException", f"assumed-role/{role}/me", repositoryName=name)


def test_a_user_without_a_policy_may_nothing(cloud: RunningCloud, name: str) -> None:
    arn, theirs = new_user(cloud, cloud.name("nobody"))
    words = "because no identity-based policy allows the ecr:"
    refused(theirs.get_authorization_token, "AccessDeniedException", f"{words}GetAuthorizationToken action")
    refused(theirs.list_images, "AccessDeniedException", f"User: {arn} is not", repositoryName=name)
    refused(theirs.create_repository, "AccessDeniedException", words, repositoryName=cloud.name("no"))


def test_what_its_own_policies_allow(cloud: RunningCloud, name: str) -> None:
    iam, who = cloud.client("iam"), cloud.name("reader")
    _, theirs = new_user(cloud, who)
    arn = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
    iam.attach_user_policy(UserName=who, PolicyArn=arn)
    theirs.list_images(repositoryName=name)
    theirs.get_authorization_token()
    refused(theirs.delete_repository, "AccessDeniedException", "no identity-based", repositoryName=name)
    text = own("Deny", "ecr:ListImages", f"arn:aws:ecr:*:*:repository/{name}")
    iam.put_user_policy(UserName=who, PolicyName="not-this-one", PolicyDocument=text)
    refused(theirs.list_images, "AccessDeniedException", "deny in an identity-based policy", repositoryName=name)
    theirs.describe_repositories(repositoryNames=[name])
    iam.detach_user_policy(UserName=who, PolicyArn=arn)
    refused(theirs.describe_images, "AccessDeniedException", "no identity-based", repositoryName=name)


def test_the_policies_of_a_users_groups(cloud: RunningCloud, name: str) -> None:
    iam, who, group = cloud.client("iam"), cloud.name("member"), cloud.name("group")
    _, theirs = new_user(cloud, who)
    iam.create_group(GroupName=group)
    iam.put_group_policy(GroupName=group, PolicyName="list", PolicyDocument=own("Allow", "ecr:List*"))
    refused(theirs.list_images, "AccessDeniedException", "no identity-based", repositoryName=name)
    iam.add_user_to_group(GroupName=group, UserName=who)
    theirs.list_images(repositoryName=name)


def test_a_condition_on_another_address_allows_nothing(cloud: RunningCloud, name: str) -> None:
    who = cloud.name("careful")
    _, theirs = new_user(cloud, who)
    condition = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    cloud.client("iam").put_user_policy(
        UserName=who, PolicyName="from", PolicyDocument=own("Allow", "ecr:*", Condition=condition)
    )
    refused(theirs.list_images, "AccessDeniedException", "no identity-based", repositoryName=name)


def test_a_repository_lets_somebody_in_by_name_only(cloud: RunningCloud, name: str) -> None:
    ecr = cloud.client("ecr")
    arn, theirs = new_user(cloud, cloud.name("guest"))
    for principal in ("123456789012", "arn:aws:iam::123456789012:root"):  # leaves it to IAM
        ecr.set_repository_policy(repositoryName=name, policyText=policy("Allow", {"AWS": principal}))
        refused(theirs.list_images, "AccessDeniedException", "no identity-based", repositoryName=name)
    ecr.set_repository_policy(repositoryName=name, policyText=policy("Allow", {"AWS": arn}, "ecr:ListImages"))
    theirs.list_images(repositoryName=name)
    refused(theirs.describe_images, "AccessDeniedException", "no identity-based", repositoryName=name)


def test_an_explicit_deny_holds_for_the_administrator_too(cloud: RunningCloud, name: str) -> None:
    ecr = cloud.client("ecr")
    ecr.set_repository_policy(repositoryName=name, policyText=policy(action="ecr:DescribeImages"))
    refused(ecr.describe_images, "AccessDeniedException", "explicit deny", repositoryName=name)


def test_nobody_is_locked_out_by_mistake(cloud: RunningCloud, name: str) -> None:
    ecr = cloud.client("ecr")
    refused(ecr.set_repository_policy, "InvalidParameterException", "force", repositoryName=name, policyText=policy())
    ecr.set_repository_policy(repositoryName=name, policyText=policy(), force=True)
    refused(ecr.get_repository_policy, "AccessDeniedException", "explicit deny", repositoryName=name)


def test_the_registrys_policy(cloud: RunningCloud, user: tuple[str, Any]) -> None:
    ecr, (arn, theirs) = cloud.client("ecr"), user
    refused(ecr.get_registry_policy, "RegistryPolicyNotFoundException", "123456789012")
    text = policy(principal={"AWS": arn}, action="ecr:CreateRepository")
    try:
        assert ecr.put_registry_policy(policyText=text)["policyText"] == text
        assert ecr.get_registry_policy()["policyText"] == text
        refused(theirs.create_repository, "AccessDeniedException", arn, repositoryName=cloud.name("no"))
        ecr.create_repository(repositoryName=cloud.name("yes"))
    finally:
        assert ecr.delete_registry_policy()["policyText"] == text
    theirs.create_repository(repositoryName=cloud.name("now"))
