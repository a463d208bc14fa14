"""Who gets into a cluster: access entries and policies, seen through the API server."""

import json
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from lab_cloud.elb.authority import ca_file
from tests.lab_cloud.eks.place import EksPlace, token

POLICY = "arn:aws:eks::aws:cluster-access-policy/{}"


class Visitor:
    """Somebody with keys, at the door of the shared cluster."""

    def __init__(self, eks: EksPlace, session: Any) -> None:
        self._eks = eks
        self._session = session
        self._endpoint = eks.describe(eks.shared)["endpoint"]

    def ask(self, path: str, cluster: str = "") -> int:
        bearer = token(self._session, cluster or self._eks.shared, self._eks.cloud.endpoint)
        answer = requests.get(
            self._endpoint + path,
            headers={"authorization": f"Bearer {bearer}"},
            verify=str(ca_file(self._eks.cloud.home)),
            timeout=30,
        )
        assert answer.headers["content-type"].startswith("application/json")
        return answer.status_code


def user(eks: EksPlace) -> tuple[str, boto3.Session]:
    name = eks.cloud.name("user")
    arn = eks.iam.create_user(UserName=name)["User"]["Arn"]
    key = eks.iam.create_access_key(UserName=name)["AccessKey"]
    return arn, boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")


PODS, OTHER_PODS, NODES = "/api/v1/namespaces/default/pods", "/api/v1/namespaces/kube-system/pods", "/api/v1/nodes"


def test_who_made_the_cluster_may_do_all(eks: EksPlace) -> None:
    visitor = Visitor(eks, eks.cloud.session())
    assert visitor.ask(NODES) == 200
    assert visitor.ask(NODES, cluster="another") == 401
    entries = eks.api.list_access_entries(clusterName=eks.shared)["accessEntries"]
    assert "arn:aws:iam::123456789012:root" in entries


def test_an_entry_lets_in_and_a_policy_allows(eks: EksPlace) -> None:
    arn, session = user(eks)
    visitor = Visitor(eks, session)
    asked = {"clusterName": eks.shared, "principalArn": arn}
    assert visitor.ask(PODS) == 401
    made = eks.api.create_access_entry(**asked)["accessEntry"]
    assert (made["username"], made["type"]) == (arn, "STANDARD")
    assert visitor.ask(PODS) == 403
    assert visitor.ask("/api/v1") == 200
    view = POLICY.format("AmazonEKSViewPolicy")
    scope = {"type": "namespace", "namespaces": ["def*"]}
    eks.api.associate_access_policy(**asked, policyArn=view, accessScope=scope)
    assert [visitor.ask(path) for path in (PODS, OTHER_PODS, NODES)] == [200, 403, 403]
    eks.api.associate_access_policy(**asked, policyArn=view, accessScope={"type": "cluster"})
    assert [visitor.ask(path) for path in (PODS, OTHER_PODS, NODES)] == [200, 200, 403]
    listed = eks.api.list_associated_access_policies(**asked)["associatedAccessPolicies"]
    assert [(each["policyArn"], each["accessScope"]["type"]) for each in listed] == [(view, "cluster")]
    eks.api.disassociate_access_policy(**asked, policyArn=view)
    assert visitor.ask(PODS) == 403
    eks.api.delete_access_entry(**asked)
    assert visitor.ask(PODS) == 401


def test_the_session_of_a_role_is_let_in_by_the_roles_entry(eks: EksPlace) -> None:
    role = eks.make_role("ec2.amazonaws.com")
    root = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [root]})
    eks.iam.update_assume_role_policy(RoleName=role.rpartition("/")[2], PolicyDocument=trust)
    eks.api.create_access_entry(clusterName=eks.shared, principalArn=role, kubernetesGroups=["readers"])
    found = eks.cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="ana")["Credentials"]
    session = boto3.Session(
        found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"], region_name="us-east-1"
    )
    assert Visitor(eks, session).ask(PODS) == 403
    policy = POLICY.format("AmazonEKSClusterAdminPolicy")
    eks.api.associate_access_policy(
        clusterName=eks.shared, principalArn=role, policyArn=policy, accessScope={"type": "cluster"}
    )
    assert Visitor(eks, session).ask(NODES) == 200


def test_entries_that_cannot_be_made(eks: EksPlace) -> None:
    arn, _session = user(eks)
    create = eks.api.create_access_entry
    asked = {"clusterName": eks.shared, "principalArn": arn}
    for params, code, words in (
        ({"principalArn": "ana"}, "InvalidParameterException", "no user or role"),
        ({"principalArn": "arn:aws:iam::123456789012:role/none"}, "InvalidParameterException", "does not exist"),
        ({"kubernetesGroups": ["system:masters"]}, "InvalidParameterException", "system:"),
        ({"username": "system:me"}, "InvalidParameterException", "system:"),
        ({"type": "ODD"}, "InvalidParameterException", "ODD"),
        ({"type": "EC2_LINUX", "username": "me"}, "InvalidParameterException", "neither"),
        ({"clusterName": "none"}, "ResourceNotFoundException", "No cluster found"),
    ):
        with pytest.raises(ClientError, match=words) as caught:
            create(**{**asked, **params})
        assert caught.value.response["Error"]["Code"] == code
    create(**asked)
    with pytest.raises(ClientError, match="already in use"):
        create(**asked)
    changed = eks.api.update_access_entry(**asked, kubernetesGroups=["team"], username="ana")["accessEntry"]
    assert (changed["kubernetesGroups"], changed["username"]) == (["team"], "ana")
    associate = eks.api.associate_access_policy
    with pytest.raises(ClientError, match="ListAccessPolicies"):
        associate(**asked, policyArn=POLICY.format("None"), accessScope={"type": "cluster"})
    with pytest.raises(ClientError, match="names at least one namespace"):
        associate(**asked, policyArn=POLICY.format("AmazonEKSViewPolicy"), accessScope={"type": "namespace"})


def test_a_page_of_the_web_and_another_name_are_turned_away(eks: EksPlace) -> None:
    endpoint, ca = eks.describe(eks.shared)["endpoint"], str(ca_file(eks.cloud.home))
    for headers in ({"origin": "https://example.com"}, {"host": "example.com:443"}):
        answer = requests.get(f"{endpoint}/version", headers=headers, verify=ca, timeout=30)
        assert answer.status_code == 403
    answer = requests.get(f"{endpoint}/version", verify=ca, timeout=30)
    assert "simulated" in json.loads(answer.text)["gitVersion"]
