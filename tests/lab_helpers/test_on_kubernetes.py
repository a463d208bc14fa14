"""A lab talks to a cluster of EKS, or to the cluster of a kubeconfig of one's own."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import CoreV1Api, V1Namespace, V1ObjectMeta

from lab_helpers import Lab, kubeconfig, on_kubernetes
from lab_helpers.errors import BackendError, NotFound
from tests.stage import RunningCloud

FIRST, OTHER = "DemoEKS", "elsewhere"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A cloud with two clusters."""
    cloud = RunningCloud(tmp_path_factory.mktemp("clusters"), LAB_SPEED="600")
    cloud.command("up")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_HOME", str(cloud.home))
        patch.setenv("LAB_PROGRESS", "off")
        lab = Lab(9)
        allowed = {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        role = lab.client("iam").create_role(RoleName="cluster", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        subnets = [one["SubnetId"] for one in lab.client("ec2").describe_subnets()["Subnets"]]
        for name in (FIRST, OTHER):
            lab.client("eks").create_cluster(
                name=name, roleArn=role, resourcesVpcConfig={"subnetIds": subnets},
                accessConfig={"authenticationMode": "API"},
            )  # fmt: skip
        for name in (FIRST, OTHER):
            lab.wait("eks", "cluster_active", name=name)
    yield cloud
    cloud.command("down")


@pytest.fixture
def lab(home: Path, place: RunningCloud, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("LAB_HOME", str(place.home))
    return Lab(9)


@pytest.fixture
def of_another(lab: Lab, place: RunningCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kubeconfig outside `.lab/`, which stands for that of a real cluster."""
    lab.kubernetes(OTHER)
    path = tmp_path / "my config"
    shutil.copy(place.home / "kubeconfig", path)
    lab.kubernetes(FIRST)  # the course's own leads to the first one again
    monkeypatch.setenv("LAB_KUBECONFIG", str(path))
    return path


def names(api: Any) -> set[str]:
    return {one.metadata.name for one in CoreV1Api(api).list_namespace().items}


def test_the_client_and_kubectl_reach_the_cluster(
    lab: Lab, place: RunningCloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # nobody is there
    api = lab.kubernetes(FIRST)
    assert {"default", "kube-system"} <= names(api)
    path = place.home / "kubeconfig"
    assert os.name == "nt" or path.stat().st_mode & 0o077 == 0
    if shutil.which("kubectl"):
        lab.kubectl("get namespaces -o name", cluster=FIRST)
        assert "namespace/default" in capsys.readouterr().out


def test_another_cluster_is_added_and_the_latest_is_current(lab: Lab, place: RunningCloud) -> None:
    for name in (OTHER, FIRST, OTHER):
        lab.kubernetes(name)
    content = yaml.safe_load((place.home / "kubeconfig").read_text(encoding="utf-8"))
    assert [one["name"].rpartition("/")[2] for one in content["clusters"]] == [FIRST, OTHER]
    assert content["current-context"].endswith(f"/{OTHER}")


def test_a_cluster_that_is_not_there(lab: Lab) -> None:
    with pytest.raises(NotFound, match="There is no cluster nowhere"):
        lab.kubernetes("nowhere")


def test_a_cluster_that_does_not_answer_yet(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    class Eks:
        def describe_cluster(self, name: str) -> dict[str, Any]:
            return {"cluster": {"name": name, "status": "CREATING"}}

    monkeypatch.setattr(lab, "client", lambda service: Eks())
    with pytest.raises(BackendError, match="is CREATING") as caught:
        lab.kubernetes(FIRST)
    assert "cluster_active" in caught.value.remedy


def test_a_kubeconfig_of_your_own_is_used_instead(
    lab: Lab, of_another: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = of_another.read_bytes()
    api = lab.kubernetes(FIRST)
    namespace = V1Namespace(metadata=V1ObjectMeta(name="only-there"))
    CoreV1Api(api).create_namespace(namespace)
    assert "only-there" in names(api)
    if shutil.which("kubectl"):
        lab.kubectl("get", "namespace", "only-there", "-o", "name")
        assert capsys.readouterr().out == "namespace/only-there\n"
    assert of_another.read_bytes() == before
    os.environ.pop("LAB_KUBECONFIG")
    assert "only-there" not in names(lab.kubernetes(FIRST))


def test_the_banner_says_where_kubernetes_is(of_another: Path) -> None:
    told = Lab(9)._elsewhere()
    assert told.startswith("Cells with Kubernetes talk to the cluster of the context arn:aws:eks:us-east-1:")
    assert f"cluster/{OTHER}, at https://127.0.0.1:" in told
    assert told.endswith("(LAB_KUBECONFIG).")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "there is no such file"),
        ("- a list", "is no kubeconfig"),
        ("{", "cannot be read"),
        ("kind: Config", "no current context"),
    ],
)
def test_a_kubeconfig_that_is_none(
    content: str | None, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    monkeypatch.setenv(kubeconfig.VARIABLE, str(path))
    with pytest.raises(BackendError, match=words):
        Lab(9)._elsewhere()


def test_without_kubectl_it_says_so(
    lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAB_KUBECTL", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    lab.kubectl("get nodes")
    assert capsys.readouterr().out == "kubectl is not on this machine, so this was not run: kubectl get nodes\n"


def test_a_token_is_renewed_before_it_ends(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(on_kubernetes.time, "monotonic", lambda: clock[0])
    made: list[str] = []
    monkeypatch.setattr(on_kubernetes.eks_token, "token", lambda *asked: made.append("token") or str(len(made)))
    settings = lab.kubernetes(FIRST).configuration
    for clock[0], number in ((1000.0, 1), (1800.0, 1), (1841.0, 2)):
        settings.refresh_api_key_hook(settings)
        assert settings.api_key["BearerToken"] == f"Bearer {number}"


def test_kubectl_gets_its_token_from_the_course(lab: Lab, place: RunningCloud) -> None:
    lab.kubernetes(FIRST)
    content = yaml.safe_load((place.home / "kubeconfig").read_text(encoding="utf-8"))
    plugin = next(one["user"]["exec"] for one in content["users"] if one["name"].endswith(FIRST))
    assert plugin["command"] == sys.executable
    assert {"name": "LAB_HOME", "value": str(place.home)} in plugin["env"]


def test_the_clean_up_takes_the_security_group_of_a_cluster_that_another_group_lets_in(lab: Lab) -> None:
    """AWS leaves it then. This is the last test of the file: no cluster is left."""
    ec2, made = lab.client("ec2"), lab.client("eks").describe_cluster(name=FIRST)["cluster"]["resourcesVpcConfig"]
    group = ec2.create_security_group(GroupName="files", Description="t", VpcId=made["vpcId"])["GroupId"]
    pairs = [{"GroupId": made["clusterSecurityGroupId"]}]
    rule = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, "UserIdGroupPairs": pairs}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    lab.teardown()
    assert [one["GroupName"] for one in ec2.describe_security_groups()["SecurityGroups"]] == ["default"]
