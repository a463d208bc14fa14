"""Pods with roles of their own, through real boto3 inside real pods."""

import json
from typing import Any

import pytest

from lab_cloud.eks.identity import AGENT_URI, complete
from tests.lab_cloud.eks.place import EksPlace
from tests.lab_cloud.eks.test_nodegroups_api import Group
from tests.lab_cloud.iam.callers import allow, policy
from tests.waiting import until

WHO = """
import boto3, json
s3, out = boto3.client("s3"), []
out.append(boto3.client("sts").get_caller_identity()["Arn"])
for key in ("in/a", "out/a"):
    try:
        s3.put_object(Bucket="{}", Key=key, Body=b"x")
        out.append("put")
    except Exception as error:
        out.append(str(error))
print(json.dumps(out))
"""
NONE = "import boto3\ntry:\n boto3.client('s3').list_buckets()\nexcept Exception as error:\n print(error)"
KEEP = "import json, os, time\nprint(json.dumps(dict(os.environ)), flush=True)\ntime.sleep(600)"


@pytest.fixture(scope="module")
def group(eks: EksPlace) -> Group:
    made = Group(eks, scalingConfig={"minSize": 1, "maxSize": 1, "desiredSize": 1})
    until(lambda: made.ready(1), 30)
    return made


def role_of(eks: EksPlace, *statements: dict[str, Any]) -> str:
    arn = eks.make_role("pods.eks.amazonaws.com")
    eks.iam.put_role_policy(RoleName=arn.rpartition("/")[2], PolicyName="own", PolicyDocument=policy(*statements))
    return arn


def associated(eks: EksPlace, group: Group, role: str) -> str:
    """A service account that has a role; its name."""
    account = eks.cloud.name("account")
    group.core.create_namespaced_service_account("default", {"metadata": {"name": account}})
    eks.api.create_pod_identity_association(
        clusterName=group.cluster, namespace="default", serviceAccount=account, roleArn=role
    )
    return account


def with_agent(eks: EksPlace, group: Group) -> None:
    asked = {"clusterName": group.cluster, "addonName": "eks-pod-identity-agent"}
    if asked["addonName"] not in eks.api.list_addons(clusterName=group.cluster)["addons"]:
        eks.api.create_addon(**asked)
    until(lambda: eks.api.describe_addon(**asked)["addon"]["status"] == "ACTIVE", 30)


def run(group: Group, account: str, code: str) -> str:
    """Make a pod that runs Python once; its name."""
    name = group.place.cloud.name("who")
    container = {"name": "who", "image": "python:3.12-alpine", "command": ["python", "-c", code]}
    spec = {"serviceAccountName": account, "restartPolicy": "Never", "containers": [container]}
    group.core.create_namespaced_pod("default", {"metadata": {"name": name}, "spec": spec})
    return name


def said(group: Group, name: str) -> str:
    """What a pod has written, when it has ended."""
    until(lambda: group.core.read_namespaced_pod(name, "default").status.phase in ("Succeeded", "Failed"), 30)
    return str(until(lambda: group.core.read_namespaced_pod_log(name, "default")))


def test_a_pod_may_what_its_role_may(eks: EksPlace, group: Group) -> None:
    bucket = eks.cloud.name("pods")
    eks.cloud.client("s3").create_bucket(Bucket=bucket)
    role = role_of(eks, allow("s3:PutObject", f"arn:aws:s3:::{bucket}/in/*"))
    account = associated(eks, group, role)
    with_agent(eks, group)
    name = run(group, account, WHO.format(bucket))
    who, first, second = json.loads(said(group, name))
    assert who.startswith(f"arn:aws:sts::123456789012:assumed-role/{role.rpartition('/')[2]}/eks-{group.cluster[:12]}-")
    assert first == "put"
    assert "(AccessDenied)" in second
    assert f"{who} is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::{bucket}/out/a" in second
    shown = {each.name: each.value for each in group.core.read_namespaced_pod(name, "default").spec.containers[0].env}
    assert shown["AWS_CONTAINER_CREDENTIALS_FULL_URI"] == AGENT_URI
    assert shown["AWS_REGION"] == "us-east-1"


def test_credentials_are_one_pods_and_die_with_it(eks: EksPlace, group: Group) -> None:
    import requests

    with_agent(eks, group)
    name = run(group, associated(eks, group, role_of(eks, allow("s3:*"))), KEEP)
    until(lambda: group.core.read_namespaced_pod(name, "default").status.phase == "Running", 30)
    environment = json.loads(until(lambda: group.core.read_namespaced_pod_log(name, "default")))
    url, token = (environment[f"AWS_CONTAINER_{each}"] for each in ("CREDENTIALS_FULL_URI", "AUTHORIZATION_TOKEN"))
    assert "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" not in environment
    assert requests.get(url, timeout=5).status_code == 401
    assert requests.get(url, headers={"Authorization": token}, timeout=5).json()["AccessKeyId"].startswith("ASIA")
    group.core.delete_namespaced_pod(name, "default", grace_period_seconds=0)
    until(lambda: requests.get(url, headers={"Authorization": token}, timeout=5).status_code == 404)


def test_a_pod_without_credentials_says_why(eks: EksPlace, group: Group) -> None:
    with_agent(eks, group)
    role = role_of(eks, allow("s3:*"))
    account = associated(eks, group, role)
    assert "Unable to locate credentials" in said(group, run(group, "default", NONE))  # no association
    eks.iam.delete_role_policy(RoleName=role.rpartition("/")[2], PolicyName="own")
    eks.iam.delete_role(RoleName=role.rpartition("/")[2])
    name = run(group, account, NONE)
    assert "Unable to locate credentials" in said(group, name)
    events = group.core.list_namespaced_event("default", field_selector=f"involvedObject.name={name}").items
    told = next(each.message for each in events if each.reason == "NoPodIdentity")
    assert told.startswith(f"The container gets no credentials of AWS: the role {role} does not exist, or its trust")


def test_what_a_pod_says_itself_stays() -> None:
    own = {"name": "AWS_REGION", "value": "eu-west-1"}
    pod: dict[str, Any] = {"spec": {"containers": [{"name": "a", "env": [own]}], "initContainers": [{"name": "b"}]}}
    complete(pod, "us-east-1")
    found = {each["name"]: each["value"] for each in pod["spec"]["containers"][0]["env"]}
    assert (found["AWS_REGION"], found["AWS_DEFAULT_REGION"]) == ("eu-west-1", "us-east-1")
    assert pod["spec"]["initContainers"][0]["volumeMounts"] == pod["spec"]["containers"][0]["volumeMounts"]
    before = json.dumps(pod)
    complete(pod, "us-east-1")
    assert json.dumps(pod) == before
