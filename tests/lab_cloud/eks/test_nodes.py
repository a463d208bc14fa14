"""Nodes that a learner launches without a node group, and clusters that are entered by aws-auth."""

import base64
from typing import Any

import kubernetes
import pytest

from tests.lab_cloud.eks.place import EksPlace
from tests.waiting import until

PARAMETER = "/aws/service/eks/optimized-ami/1.36/amazon-linux-2023/x86_64/standard/recommended"
USER_DATA = """\
apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  cluster:
    name: {name}
  kubelet:
    flags: [--node-labels=own=yes]
"""


@pytest.fixture(scope="module")
def mapped(eks: EksPlace) -> str:
    """A cluster of mode CONFIG_MAP."""
    name = eks.make()
    eks.active(name)
    return name


def launch(place: EksPlace, cluster: str, role: str) -> str:
    """An Auto Scaling group with one EKS-optimized instance; its name."""
    name, cloud = place.cloud.name("own"), place.cloud
    place.iam.create_instance_profile(InstanceProfileName=name)
    place.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role.rpartition("/")[2])
    image = cloud.client("ssm").get_parameter(Name=f"{PARAMETER}/image_id")["Parameter"]["Value"]
    data = {
        "ImageId": image,
        "InstanceType": "t3.small",
        "IamInstanceProfile": {"Name": name},
        "UserData": base64.b64encode(USER_DATA.format(name=cluster).encode()).decode(),
    }
    cloud.client("ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    cloud.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": name},
        MinSize=0,
        MaxSize=1,
        DesiredCapacity=1,
        VPCZoneIdentifier=place.subnets[0],
    )
    return name


def told(place: EksPlace, group: str) -> str:
    """What an instance says of why it does not join."""
    filters = [{"Name": "tag:aws:autoscaling:groupName", "Values": [group]}]
    found = place.cloud.client("ec2").describe_instances(Filters=filters)["Reservations"]
    tags = {each["Key"]: each["Value"] for one in found for each in one["Instances"][0]["Tags"]}
    return str(tags.get("embedded-cloud-agent", ""))


def own(core: Any) -> list[str]:
    return [each.metadata.name for each in core.list_node(label_selector="own=yes").items]


def test_an_instance_of_ones_own_joins_with_an_access_entry(eks: EksPlace) -> None:
    role, core = eks.node_role(), eks.core(eks.shared)
    group = launch(eks, eks.shared, role)
    until(lambda: "access entry of type EC2_LINUX" in told(eks, group))
    assert own(core) == []
    eks.api.create_access_entry(clusterName=eks.shared, principalArn=role, type="EC2_LINUX")
    until(lambda: len(own(core)) == 1)
    assert told(eks, group) == ""
    node = core.list_node(label_selector="own=yes").items[0]
    assert node.status.capacity["pods"] == "11"
    autoscaling = eks.cloud.client("autoscaling")
    autoscaling.delete_auto_scaling_group(AutoScalingGroupName=group, ForceDelete=True)
    until(lambda: own(core) == [])


def test_a_cluster_with_aws_auth_lets_mapped_nodes_and_roles_in(eks: EksPlace, mapped: str) -> None:
    core, managed = eks.core(mapped), eks.node_role()
    eks.api.create_nodegroup(
        clusterName=mapped,
        nodegroupName="workers",
        subnets=eks.subnets,
        nodeRole=managed,
        scalingConfig={"minSize": 0, "maxSize": 1, "desiredSize": 1},
    )
    waiter = {"clusterName": mapped, "nodegroupName": "workers"}
    until(lambda: eks.api.describe_nodegroup(**waiter)["nodegroup"]["status"] == "ACTIVE", 30)
    found = core.read_namespaced_config_map("aws-auth", "kube-system")
    assert managed in found.data["mapRoles"]
    # another role, mapped by hand, may do what its group may
    role = eks.make_role("ec2.amazonaws.com")
    caller = eks.assumed(role)
    with pytest.raises(kubernetes.client.ApiException) as caught:
        eks.core(mapped, caller).list_node()
    assert caught.value.status == 401
    users = f"- rolearn: {role}\n  username: ana\n  groups:\n  - system:masters\n"
    data = {"mapRoles": found.data["mapRoles"] + users}
    core.patch_namespaced_config_map("aws-auth", "kube-system", {"data": data})
    assert len(eks.core(mapped, caller).list_node().items) == 1
    eks.api.delete_nodegroup(**waiter)
    until(lambda: eks.api.list_nodegroups(clusterName=mapped)["nodegroups"] == [], 30)

    def roles() -> str:
        return str(core.read_namespaced_config_map("aws-auth", "kube-system").data["mapRoles"])

    until(lambda: managed not in roles())
    assert role in roles()
