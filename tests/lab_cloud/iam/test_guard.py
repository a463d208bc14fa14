"""Calls of users and of sessions of roles, through every protocol."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.stage import ONCE, RunningCloud

from .callers import Assumed, User, allow, deny, policy

ACCOUNT = "123456789012"


def refused(call: Callable[..., Any], code: str, *words: str, **params: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    assert all(word in error["Message"] for word in words), error["Message"]
    return str(error["Message"])


@pytest.fixture(scope="module")
def nobody(cloud: RunningCloud) -> User:
    return User(cloud)


@pytest.mark.parametrize(
    ("service", "operation", "params", "code", "what"),
    [
        ("ecs", "list_clusters", {}, "AccessDeniedException", "ecs:ListClusters on resource: *"),
        ("ec2", "describe_vpcs", {}, "UnauthorizedOperation", "ec2:DescribeVpcs on resource: *"),
        ("iam", "list_roles", {}, "AccessDenied", "iam:ListRoles on resource: *"),
        ("s3", "list_buckets", {}, "AccessDenied", "s3:ListAllMyBuckets on resource: *"),
        ("elbv2", "describe_load_balancers", {}, "AccessDenied", "elasticloadbalancing:DescribeLoadBalancers"),
        ("cloudwatch", "list_metrics", {}, "AccessDenied", "cloudwatch:ListMetrics on resource: *"),
        ("apprunner", "list_services", {}, "AccessDeniedException", "apprunner:ListServices on resource: *"),
        ("eks", "list_clusters", {}, "AccessDeniedException", "eks:ListClusters on resource: *"),
        ("efs", "describe_file_systems", {}, "AccessDeniedException", "elasticfilesystem:DescribeFileSystems"),
        ("sns", "create_topic", {"Name": "t"}, "AuthorizationError", f"arn:aws:sns:us-east-1:{ACCOUNT}:t"),
        ("sqs", "create_queue", {"QueueName": "q"}, "AccessDeniedException", f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"),
        ("ssm", "get_parameter", {"Name": "/a/b"}, "AccessDeniedException", "parameter/a/b"),
        ("logs", "create_log_group", {"logGroupName": "/g"}, "AccessDeniedException", "log-group:/g:log-stream:"),
        ("dynamodb", "get_item", {"TableName": "t", "Key": {}}, "AccessDeniedException", "table/t"),
        ("events", "put_events", {"Entries": [{"Source": "a"}]}, "AccessDeniedException", "event-bus/default"),
        ("secretsmanager", "get_secret_value", {"SecretId": "s"}, "AccessDeniedException", "secret:s"),
    ],
)
def test_who_has_no_policy_may_nothing(
    nobody: User, service: str, operation: str, params: dict[str, Any], code: str, what: str
) -> None:
    call = getattr(nobody.client(service), operation)
    start = f"User: {nobody.arn} is not authorized to perform: "
    message = refused(call, code, start, what, "because no identity-based policy allows the", **params)
    assert message.endswith(" action")


def test_everybody_may_ask_who_they_are(nobody: User) -> None:
    assert nobody.client("sts").get_caller_identity()["Arn"] == nobody.arn


@pytest.fixture(scope="module")
def bucket(cloud: RunningCloud) -> str:
    name = cloud.name("bucket")
    cloud.client("s3").create_bucket(Bucket=name)
    cloud.client("s3").put_object(Bucket=name, Key="in/a", Body=b"a")
    return name


def test_a_session_may_what_its_role_may(cloud: RunningCloud, bucket: str) -> None:
    who = Assumed(cloud)
    s3 = who.client("s3")
    arn = f"arn:aws:s3:::{bucket}"
    refused(s3.get_object, "AccessDenied", who.arn, f"s3:GetObject on resource: {arn}/in/a", Bucket=bucket, Key="in/a")
    only_in = {"StringLike": {"s3:prefix": "in/*"}}
    who.may(allow("s3:GetObject", f"{arn}/in/*"), allow("s3:ListBucket", arn, Condition=only_in))
    assert s3.get_object(Bucket=bucket, Key="in/a")["Body"].read() == b"a"
    refused(s3.put_object, "AccessDenied", f"s3:PutObject on resource: {arn}/in/b", Bucket=bucket, Key="in/b")
    refused(s3.get_object, "AccessDenied", f"{arn}/out/a", Bucket=bucket, Key="out/a")
    assert s3.list_objects_v2(Bucket=bucket, Prefix="in/")["KeyCount"] == 1
    refused(s3.list_objects_v2, "AccessDenied", "s3:ListBucket", Bucket=bucket)
    with pytest.raises(ClientError, match="403"):
        s3.head_object(Bucket=bucket, Key="out/a")
    who.may(allow("s3:*"), deny("s3:Delete*"))
    refused(s3.delete_object, "AccessDenied", "with an explicit deny in an identity", Bucket=bucket, Key="in/a")
    s3.copy_object(Bucket=bucket, Key="in/b", CopySource=f"{bucket}/in/a")
    who.may(allow("s3:PutObject"))
    copy = {"Bucket": bucket, "Key": "in/c", "CopySource": f"{bucket}/in/a"}
    refused(s3.copy_object, "AccessDenied", f"s3:GetObject on resource: {arn}/in/a", **copy)


def test_the_policies_of_buckets_and_queues(cloud: RunningCloud, bucket: str) -> None:
    who = User(cloud)
    grant = {**allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"), "Principal": {"AWS": who.arn}}
    cloud.client("s3").put_bucket_policy(Bucket=bucket, Policy=policy(grant))
    assert who.client("s3").get_object(Bucket=bucket, Key="in/a")["Body"].read() == b"a"
    cloud.client("s3").put_bucket_policy(Bucket=bucket, Policy=policy({**grant, "Effect": "Deny"}))
    who.may(allow("*"))
    words = "with an explicit deny in a resource-based policy"
    refused(who.client("s3").get_object, "AccessDenied", words, Bucket=bucket, Key="in/a")
    cloud.client("s3").delete_bucket_policy(Bucket=bucket)
    queue = cloud.client("sqs").create_queue(QueueName=cloud.name("queue"))["QueueUrl"]
    other = User(cloud)
    send = other.client("sqs").send_message
    refused(send, "AccessDeniedException", "sqs:SendMessage", QueueUrl=queue, MessageBody="x")
    text = policy({**allow("sqs:SendMessage"), "Principal": {"AWS": other.arn}})
    cloud.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": text})
    assert send(QueueUrl=queue, MessageBody="x")["MessageId"]
    refused(other.client("sqs").receive_message, "AccessDeniedException", "sqs:ReceiveMessage", QueueUrl=queue)


def test_tags_regions_and_boundaries(cloud: RunningCloud) -> None:
    who = Assumed(cloud)
    iam = cloud.client("iam")
    iam.tag_role(RoleName=who.name, Tags=[{"Key": "team", "Value": "blue"}])
    place = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
    who.may(
        allow("ssm:GetParameter*", "arn:aws:ssm:*:*:parameter/${aws:PrincipalTag/team}/*"),
        allow("ecs:List*", Condition=place),
    )
    cloud.client("ssm").put_parameter(Name="/blue/a", Value="1", Type="String")
    assert who.client("ssm").get_parameter(Name="/blue/a")["Parameter"]["Value"] == "1"
    refused(who.client("ssm").get_parameters, "AccessDeniedException", "/red/a", Names=["/blue/a", "/red/a"])
    who.client("ecs").list_clusters()
    session = boto3.Session(*who.keys, region_name="eu-west-1")
    far = session.client("ecs", endpoint_url=cloud.endpoint, config=ONCE)
    refused(far.list_clusters, "AccessDeniedException", "no identity-based policy allows the ecs:ListClusters")
    made = iam.create_policy(PolicyName=cloud.name("limit"), PolicyDocument=policy(allow("ssm:*")))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=who.name, PermissionsBoundary=made)
    who.client("ssm").get_parameter(Name="/blue/a")
    refused(who.client("ecs").list_clusters, "AccessDeniedException", "because no permissions boundary allows the")


def test_only_whom_a_role_trusts_may_assume_it(cloud: RunningCloud) -> None:
    iam, sts, user = cloud.client("iam"), cloud.client("sts"), User(cloud)
    ask = {"RoleSessionName": "me"}
    ghost = f"arn:aws:iam::{ACCOUNT}:role/ghost"
    words = f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: sts:AssumeRole on resource: {ghost}"
    assert refused(sts.assume_role, "AccessDenied", RoleArn=ghost, **ask) == words
    trust = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    tasks = iam.create_role(RoleName=cloud.name("tasks"), AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    refused(sts.assume_role, "AccessDenied", RoleArn=tasks, **ask)
    secret = {"StringEquals": {"sts:ExternalId": "mine"}}
    named = {**trust, "Principal": {"AWS": user.arn}, "Condition": secret}
    direct = iam.create_role(RoleName=cloud.name("direct"), AssumeRolePolicyDocument=policy(named))["Role"]["Arn"]
    theirs = user.client("sts").assume_role
    refused(theirs, "AccessDenied", user.arn, RoleArn=direct, **ask)
    assert theirs(RoleArn=direct, ExternalId="mine", **ask)["Credentials"]
    refused(
        theirs, "ValidationError", "MaxSessionDuration", RoleArn=direct, ExternalId="mine", DurationSeconds=7200, **ask
    )
    by_account = Assumed(cloud)  # trusts the account: a user of it needs a policy of their own too
    refused(theirs, "AccessDenied", RoleArn=by_account.role, **ask)
    user.may(allow("sts:AssumeRole", by_account.role))
    assert theirs(RoleArn=by_account.role, **ask)["Credentials"]
    by_account.may(allow("sts:AssumeRole"))
    chained = by_account.client("sts").assume_role
    refused(chained, "ValidationError", "role chaining", RoleArn=by_account.role, DurationSeconds=3601, **ask)


def test_a_session_policy_only_takes_away(cloud: RunningCloud) -> None:
    who = Assumed(cloud, Policy=policy(allow("ecs:List*")))
    who.may(allow("*"))
    who.client("ecs").list_clusters()
    refused(who.client("iam").list_roles, "AccessDenied", "because no session policy allows the iam:ListRoles action")


def test_credentials_without_their_token_are_worthless(cloud: RunningCloud) -> None:
    who = Assumed(cloud)
    who.may(allow("*"))
    for token in ("", "wrong"):
        session = boto3.Session(*who.keys[:2], token or None, region_name="us-east-1")
        ecs = session.client("ecs", endpoint_url=cloud.endpoint, config=ONCE)
        refused(ecs.list_clusters, "UnrecognizedClientException", "security token included in the request is invalid")


def test_roles_are_passed_by_permission(cloud: RunningCloud) -> None:
    who, name = User(cloud), cloud.name("family")
    role = f"arn:aws:iam::{ACCOUNT}:role/passed"
    who.may(allow("ecs:*"))
    asked: dict[str, Any] = {
        "family": name, "taskRoleArn": role, "containerDefinitions": [{"name": "a", "image": "b", "memory": 64}],
    }  # fmt: skip
    words = f"User: {who.arn} is not authorized to perform: iam:PassRole on resource: {role} because no identity-based"
    refused(who.client("ecs").register_task_definition, "AccessDeniedException", words, **asked)
    to_tasks = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    who.may(allow("ecs:*"), allow("iam:PassRole", role, Condition=to_tasks))
    assert who.client("ecs").register_task_definition(**asked)["taskDefinition"]["taskRoleArn"] == role
    target = {"Id": "1", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q", "RoleArn": role}
    who.may(allow("events:*"), allow("iam:PassRole", role, Condition=to_tasks))
    refused(who.client("events").put_targets, "AccessDeniedException", "iam:PassRole", Rule="r", Targets=[target])
