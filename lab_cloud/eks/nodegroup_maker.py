"""What EKS makes for a managed node group: an instance profile, a launch template, an Auto Scaling group.

References
----------
https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html
https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html
https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html
"""

from typing import Any

from ..errors import AwsError
from . import aws_auth, images, names
from .access import NODE_NAME, NODE_TYPES, Entry
from .cluster import WITH_ENTRIES, Cluster
from .controllers.client import Object
from .kubernetes.status import ApiError
from .nodegroup import Issue, Made, Nodegroup
from .outside import Machines, Networks, Roles, ScalingGroups
from .planes import Plane

SSH = "eks-remoteAccess"


class Maker:
    """Makes and deletes it.

    Parameters
    ----------
    machines, groups, roles, networks
        The services beside EKS.
    """

    def __init__(self, machines: Machines, groups: ScalingGroups, roles: Roles, networks: Networks) -> None:
        self._machines = machines
        self._groups = groups
        self._roles = roles
        self._networks = networks

    def make(self, cluster: Cluster, group: Nodegroup, now: float) -> Issue | None:
        """Make all; what is wrong when that fails."""
        mark = f"eks-{names.uuid()}"
        made = Made(profile=mark)
        group.made = made
        try:
            profile = self._roles.create_profile(mark, group.role)
        except AwsError as error:
            return Issue("IamNodeRoleNotFound", error.message, (group.role,))
        if group.key:
            about = "Security group for all nodes in the nodeGroup to allow SSH access"
            name = f"{SSH}-{names.uuid()}"
            made.remote_group = self._networks.create_group(group.region, cluster.network.vpc, name, about)
        data = self._data(cluster, group, profile)
        made.template = self._machines.create_template(group.region, mark, data, self._tags(cluster, group))
        made.version = "1"
        name = f"eks-{group.name}-{names.uuid()}"
        size = (group.least, group.most, group.desired)
        try:
            self._groups.create(group.region, name, made.template, size, group.subnets, self._spread(cluster, group))
        except AwsError as error:
            return Issue("AutoScalingGroupInvalidConfiguration", error.message, (name,))
        made.group = name
        group.worn = dict(group.labels), group.taints
        if cluster.mode in WITH_ENTRIES and group.role not in cluster.entries:
            cluster.entries[group.role] = _entry(cluster, group.role, now)
        return None

    def renew(self, cluster: Cluster, group: Nodegroup) -> None:
        """Let new instances come from another image, or from another version of the learner's template."""
        version, release = group.target or (group.version, group.release)
        data = self._data(cluster, group, "", version, release)
        known = self._machines.template(group.region, {"id": group.made.template, "version": group.made.version})
        if known is not None:
            data["IamInstanceProfile"] = known[3]["IamInstanceProfile"]
        group.made.version = self._machines.add_version(group.region, group.made.template, data)
        self._groups.set_version(group.region, group.made.group, group.made.template, group.made.version)

    def _data(
        self, cluster: Cluster, group: Nodegroup, profile: str, version: str = "", release: str = ""
    ) -> dict[str, Any]:
        """The launch template's data: the learner's, and what EKS adds."""
        own: dict[str, Any] = {}
        if group.launch_template:
            asked = {"id": group.launch_template["id"], "version": group.launch_template["version"]}
            own = (self._machines.template(group.region, asked) or ("", "", "", {}))[3]
        data = {key: value for key, value in own.items() if key != "UserData"}
        tags = [{"Key": key, "Value": value} for key, value in self._tags(cluster, group).items()]
        data["TagSpecifications"] = [
            *(own.get("TagSpecifications") or ()), {"ResourceType": "instance", "Tags": tags}
        ]  # fmt: skip
        data["IamInstanceProfile"] = {"Arn": profile}
        if not own.get("ImageId"):
            image = images.find(group.region, group.ami, version or group.version, release or group.release)
            self._machines.know_image(group.region, image)
            data["ImageId"] = image.id
        if group.capacity == "SPOT":
            data["InstanceMarketOptions"] = {"MarketType": "spot"}
        data.setdefault("InstanceType", next(iter(group.types), ""))
        extra = (group.made.remote_group,) if group.made.remote_group else ()
        if not own.get("SecurityGroupIds") and not own.get("NetworkInterfaces"):
            data["SecurityGroupIds"] = [cluster.network.cluster_group, *extra]
        if group.key:
            data["KeyName"] = group.key
        if group.disk:
            volume = {"VolumeSize": group.disk, "VolumeType": "gp3", "DeleteOnTermination": True}
            data["BlockDeviceMappings"] = [{"DeviceName": "/dev/xvda", "Ebs": volume}]
        data["UserData"] = _user_data(cluster)
        return data

    def _tags(self, cluster: Cluster, group: Nodegroup) -> dict[str, str]:
        return {"eks:cluster-name": cluster.name, "eks:nodegroup-name": group.name}

    def _spread(self, cluster: Cluster, group: Nodegroup) -> dict[str, str]:
        """The tags that the Auto Scaling group gives to its instances."""
        return {
            **self._tags(cluster, group),
            "k8s.io/cluster-autoscaler/enabled": "true",
            f"k8s.io/cluster-autoscaler/{cluster.name}": "owned",
            f"kubernetes.io/cluster/{cluster.name}": "owned",
        }

    def unmake(self, cluster: Cluster, group: Nodegroup, *, last: bool) -> None:
        """Delete all that was made.

        Parameters
        ----------
        cluster, group
            Which.
        last : bool
            Whether no other managed node group of the cluster has its role.
        """
        made = group.made
        if made.group and self._groups.find(group.region, made.group) is not None:
            self._groups.delete(group.region, made.group)
        if made.template:
            self._machines.delete_template(group.region, made.template)
        self._roles.delete_profile(made.profile)
        if made.remote_group:
            self._networks.delete_group(group.region, made.remote_group)
        entry = cluster.entries.get(group.role)
        if last and entry is not None and entry.kind == "EC2_LINUX":
            del cluster.entries[group.role]
        group.made = Made()


def _entry(cluster: Cluster, role: str, now: float) -> Entry:
    arn = names.arn(cluster.region, f"access-entry/{cluster.name}/{names.uuid()}")
    return Entry(role, arn, "EC2_LINUX", NODE_NAME, NODE_TYPES["EC2_LINUX"], now, now)


def _user_data(cluster: Cluster) -> str:
    """What tells the agent which cluster it belongs to, as nodeadm reads it."""
    return f"""\
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="//"

--//
Content-Type: application/node.eks.aws

---
apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  cluster:
    name: {cluster.name}
    apiServerEndpoint: {cluster.endpoint}
    certificateAuthority: {cluster.authority}
    cidr: {cluster.service_cidr}

--//--
"""


def map_role(plane: Plane, role: str, *, put: bool, fargate: bool = False) -> None:
    """Put a role of nodes, or of pods on Fargate, into aws-auth, or take it out; not under the world's lock."""
    path = f"/api/v1/namespaces/{aws_auth.NAMESPACE}/configmaps"
    found: Object | None
    try:
        found = plane.client.get(f"{path}/{aws_auth.NAME}")
    except ApiError:
        found = None
    data = aws_auth.with_node_role(found, role, fargate=fargate) if put else aws_auth.without_role(found, role)
    if data is None:
        return
    if found is None:
        metadata = {"name": aws_auth.NAME, "namespace": aws_auth.NAMESPACE}
        plane.client.create(path, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    else:
        plane.client.merge(f"{path}/{aws_auth.NAME}", {"data": data})
