"""The things of EKS that a lab makes, and what a cluster leaves behind on AWS."""

from collections.abc import Iterator, Sequence
from typing import Any

from .inventory import Client, Kind, Tags, Thing, Wait, batches, pages
from .kinds_network import delete_group

LOGS = ("/aws/eks/{}/", "/aws/containerinsights/{}/")


def _clusters(eks: Any, tags: Tags) -> Iterator[Thing]:
    for name in pages(eks, "list_clusters", "clusters"):
        one = eks.describe_cluster(name=name)["cluster"]
        lab = tags.lab(one.get("tags"))
        if lab is not None and one["status"] != "DELETING":
            yield Thing("EKS cluster", name, name, lab, one["version"])


def _delete_cluster(eks: Any, thing: Thing) -> None:
    if eks.describe_cluster(name=thing.id)["cluster"].get("deletionProtection"):
        eks.update_cluster_config(name=thing.id, deletionProtection=False)
        eks.get_waiter("cluster_active").wait(name=thing.id)
    eks.delete_cluster(name=thing.id)


def _clusters_gone(eks: Any, wait: Wait, things: Sequence[Thing]) -> None:
    for thing in things:
        wait(eks, "cluster_deleted", name=thing.id)


def _left_behind(client: Client, things: Sequence[Thing]) -> None:
    """Load balancers of Services and log groups: both outlive the cluster on AWS, and carry only the cluster's name.

    So does the cluster's security group when a rule of another group lets it in.
    """
    for thing in things:
        _balancers_gone(client("elbv2"), thing.id)
        named = [{"Name": "group-name", "Values": [f"eks-cluster-sg-{thing.id}-*"]}]
        for group in list(pages(client("ec2"), "describe_security_groups", "SecurityGroups", Filters=named)):
            delete_group(client("ec2"), group["GroupId"])
        logs = client("logs")
        for prefix in LOGS:
            found = pages(logs, "describe_log_groups", "logGroups", logGroupNamePrefix=prefix.format(thing.id))
            for one in list(found):
                logs.delete_log_group(logGroupName=one["logGroupName"])


def _balancers_gone(elbv2: Any, cluster: str) -> None:
    for kind, delete, name in (
        ("load_balancers", elbv2.delete_load_balancer, "LoadBalancerArn"),
        ("target_groups", elbv2.delete_target_group, "TargetGroupArn"),
    ):
        member = "".join(word.title() for word in kind.split("_"))
        arns = [one[name] for one in pages(elbv2, f"describe_{kind}", member)]
        for some in batches(arns, 20):
            for one in elbv2.describe_tags(ResourceArns=some)["TagDescriptions"]:
                if {"Key": f"kubernetes.io/cluster/{cluster}", "Value": "owned"} in one["Tags"]:
                    delete(**{name: one["ResourceArn"]})


def _nodegroups(eks: Any, tags: Tags) -> Iterator[Thing]:
    for cluster in pages(eks, "list_clusters", "clusters"):
        for name in pages(eks, "list_nodegroups", "nodegroups", clusterName=cluster):
            one = eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]
            lab = tags.lab(one.get("tags"))
            if lab is not None and one["status"] != "DELETING":
                sizes = one["scalingConfig"]
                state = f"{sizes['desiredSize']} of {sizes['minSize']} to {sizes['maxSize']}"
                yield Thing("node group", name, name, lab, state, cluster)


def _delete_nodegroup(eks: Any, thing: Thing) -> None:
    eks.delete_nodegroup(clusterName=thing.parent, nodegroupName=thing.id)


def _nodegroups_gone(eks: Any, wait: Wait, things: Sequence[Thing]) -> None:
    for thing in things:
        wait(eks, "nodegroup_deleted", clusterName=thing.parent, nodegroupName=thing.id)


def _profiles(eks: Any, tags: Tags) -> Iterator[Thing]:
    for cluster in pages(eks, "list_clusters", "clusters"):
        for name in pages(eks, "list_fargate_profiles", "fargateProfileNames", clusterName=cluster):
            asked = {"clusterName": cluster, "fargateProfileName": name}
            one = eks.describe_fargate_profile(**asked)["fargateProfile"]
            lab = tags.lab(one.get("tags"))
            if lab is not None and one["status"] != "DELETING":
                yield Thing("Fargate profile", name, name, lab, parent=cluster)


def _delete_profile(eks: Any, thing: Thing) -> None:
    """One at a time: EKS refuses a second one while the first is being deleted."""
    eks.delete_fargate_profile(clusterName=thing.parent, fargateProfileName=thing.id)
    eks.get_waiter("fargate_profile_deleted").wait(
        clusterName=thing.parent, fargateProfileName=thing.id, WaiterConfig={"Delay": 1, "MaxAttempts": 900}
    )


def _addons(eks: Any, tags: Tags) -> Iterator[Thing]:
    for cluster in pages(eks, "list_clusters", "clusters"):
        for name in pages(eks, "list_addons", "addons", clusterName=cluster):
            one = eks.describe_addon(clusterName=cluster, addonName=name)["addon"]
            lab = tags.lab(one.get("tags"))
            if lab is not None and one["status"] != "DELETING":
                yield Thing("EKS add-on", name, name, lab, one["addonVersion"], cluster)


def _delete_addon(eks: Any, thing: Thing) -> None:
    eks.delete_addon(clusterName=thing.parent, addonName=thing.id)


def _addons_gone(eks: Any, wait: Wait, things: Sequence[Thing]) -> None:
    for thing in things:
        wait(eks, "addon_deleted", clusterName=thing.parent, addonName=thing.id)


ADDONS = Kind("EKS add-on", "eks", _addons, _delete_addon, _addons_gone)
NODEGROUPS = Kind("node group", "eks", _nodegroups, _delete_nodegroup, _nodegroups_gone)
PROFILES = Kind("Fargate profile", "eks", _profiles, _delete_profile)
CLUSTERS = Kind("EKS cluster", "eks", _clusters, _delete_cluster, _clusters_gone, _left_behind)
