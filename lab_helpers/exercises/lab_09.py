"""Lab 09: a Deployment whose pod finds no node, a role that only looks, a node group of Spot Instances."""

from typing import TYPE_CHECKING, Any

from lab_helpers.exercises import Done, Exercise, NotAttempted, NotYet

if TYPE_CHECKING:
    from lab_helpers.exercises import Outcome
    from lab_helpers.lab import Lab

CLUSTER = "DemoEKS"
NAMESPACE = "demo"
REPORT = "report"
TOO_MUCH = "64Gi"
VIEWER = "PracticeViewer"
VIEW_POLICY = "AmazonEKSViewPolicy"
SPOT_GROUP = "SpotGroup"
LABEL = ("work", "batch")


def mended_report(lab: "Lab") -> "Outcome":
    """The Deployment whose pod found no node has a pod that is ready."""
    found = _deployment(lab, REPORT)
    if found is None:
        return NotAttempted(f"The Deployment {REPORT} is not there. Run the cell above that makes it.")
    asked = (found.spec.template.spec.containers[0].resources.requests or {}).get("memory", "")
    wanted, ready = found.spec.replicas, found.status.ready_replicas or 0
    if asked == TOO_MUCH and not ready:
        return NotAttempted(f"The Deployment still asks for {TOO_MUCH} of memory, and none of its pods runs.")
    missing = []
    if wanted != 1:
        missing.append(f"1 replica: {wanted} are wanted")
    elif not ready:
        missing.append(f"a pod that is ready: it asks for {asked or 'no memory'} now; look at its events")
    if not asked:
        missing.append("a request for memory: without one the scheduler may put the pod on a full node")
    if missing:
        return NotYet(missing=missing)
    return Done(f"The pod asks for {asked} and has found its node.")


def only_looking(lab: "Lab") -> "Outcome":
    """A role may look at the objects of one namespace, and do nothing else."""
    eks = lab.client("eks")
    arn = next((one for one in _entries(eks) if one.endswith(f":role/{VIEWER}")), None)
    if arn is None:
        return NotAttempted(f"{CLUSTER} has no access entry for a role {VIEWER} yet.")
    answer = eks.list_associated_access_policies(clusterName=CLUSTER, principalArn=arn)
    policies = answer["associatedAccessPolicies"]
    missing = []
    view = [one for one in policies if one["policyArn"].endswith(f"/{VIEW_POLICY}")]
    if not view:
        missing.append(f"the access policy {VIEW_POLICY}: an entry without a policy opens the door and allows nothing")
    elif view[0]["accessScope"]["type"] != "namespace":
        missing.append("a narrower scope: the role may look into every namespace of the cluster")
    elif view[0]["accessScope"]["namespaces"] != [NAMESPACE]:
        named = ", ".join(view[0]["accessScope"]["namespaces"])
        missing.append(f"the namespace {NAMESPACE}, and only that one: yours names {named}")
    more = [one["policyArn"].rpartition("/")[2] for one in policies if one not in view]
    if more:
        missing.append(f"no more than is needed: the role also has {', '.join(more)}")
    if missing:
        return NotYet(missing=missing)
    return Done(f"Whoever takes on {VIEWER} can list the pods in {NAMESPACE}, and cannot delete one.")


def spot_nodes(lab: "Lab") -> "Outcome":
    """A second node group of Spot Instances, with a label by which pods find it."""
    from botocore.exceptions import ClientError

    eks = lab.client("eks")
    try:
        found = eks.describe_nodegroup(clusterName=CLUSTER, nodegroupName=SPOT_GROUP)["nodegroup"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return NotAttempted(f"{CLUSTER} has no node group {SPOT_GROUP} yet.")
    missing = []
    if found["capacityType"] != "SPOT":
        missing.append(f"Spot Instances: yours are {found['capacityType']}, and that cannot be changed later")
    if found.get("labels", {}).get(LABEL[0]) != LABEL[1]:
        missing.append(f"the label {LABEL[0]}={LABEL[1]}: its nodes have {found.get('labels') or 'none of yours'}")
    if found["scalingConfig"]["minSize"] != 0:
        missing.append("a smallest size of 0, so that it can be emptied when there is no work")
    if found["status"] in ("CREATE_FAILED", "DEGRADED"):
        issues = found["health"]["issues"]
        missing.append(f"a healthy node group: {issues[0]['message'] if issues else found['status']}")
    elif found["status"] != "ACTIVE":
        missing.append(f"the status ACTIVE: it is {found['status']}; check again in a moment")
    if missing:
        return NotYet(missing=missing)
    return Done(f"Pods with the nodeSelector {LABEL[0]}: {LABEL[1]} go to Spot nodes; the others stay where they are.")


def _deployment(lab: "Lab", name: str) -> Any:
    from kubernetes.client import AppsV1Api
    from kubernetes.client.exceptions import ApiException

    try:
        return AppsV1Api(lab.kubernetes(CLUSTER)).read_namespaced_deployment(name, NAMESPACE)
    except ApiException as error:
        if error.status != 404:
            raise
        return None


def _entries(eks: Any) -> list[str]:
    pages = eks.get_paginator("list_access_entries").paginate(clusterName=CLUSTER)
    return [arn for page in pages for arn in page["accessEntries"]]


MENDED = """\
lab.kubectl("get", "events", "-n", "demo", "--field-selector", "reason=FailedScheduling")
# Insufficient memory: a t3.medium has 4 GiB, and the pod asks for 64

smaller = {"requests": {"memory": "64Mi", "cpu": "50m"}}
patch = {"name": "report", "resources": smaller}
AppsV1Api(lab.kubernetes("DemoEKS")).patch_namespaced_deployment(
    "report", "demo", {"spec": {"template": {"spec": {"containers": [patch]}}}}
)


def report_is_ready():
    found = AppsV1Api(lab.kubernetes("DemoEKS")).read_namespaced_deployment("report", "demo")
    return found.status.ready_replicas == 1 and found.status.replicas == 1


lab.wait(report_is_ready, "the pod of report to be ready")
"""

LOOKING = """\
eks, iam = lab.client("eks"), lab.client("iam")
anybody_here = {
    "Effect": "Allow",
    "Principal": {"AWS": lab.client("sts").get_caller_identity()["Account"]},
    "Action": "sts:AssumeRole",
}
viewer = iam.create_role(
    RoleName="PracticeViewer",
    AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [anybody_here]}),
)["Role"]["Arn"]
eks.create_access_entry(clusterName="DemoEKS", principalArn=viewer)
eks.associate_access_policy(
    clusterName="DemoEKS",
    principalArn=viewer,
    policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
    accessScope={"type": "namespace", "namespaces": ["demo"]},
)
"""

SPOT = """\
eks = lab.client("eks")
pattern = eks.describe_nodegroup(clusterName="DemoEKS", nodegroupName="DemoNodeGroup")["nodegroup"]
eks.create_nodegroup(
    clusterName="DemoEKS",
    nodegroupName="SpotGroup",
    capacityType="SPOT",
    instanceTypes=["t3.medium", "t3.large"],  # more than one: if one is taken back, another is left
    nodeRole=pattern["nodeRole"],
    subnets=pattern["subnets"],
    scalingConfig={"minSize": 0, "maxSize": 2, "desiredSize": 1},
    labels={"work": "batch"},
)
lab.wait(eks, "nodegroup_active", clusterName="DemoEKS", nodegroupName="SpotGroup")
"""

EXERCISES: dict[str, Exercise] = {
    "09a": Exercise(
        id="09a",
        title="Mend a Deployment whose pod finds no node",
        check=mended_report,
        hints=(
            "Do not guess. The scheduler says in an event of the pod why no node will do.",
            "Compare what the pod requests with what a node has as allocatable in section 6.",
            "Patch the Deployment: the container named report, with smaller resources.requests.",
        ),
        solution=MENDED,
    ),
    "09b": Exercise(
        id="09b",
        title="A role that may only look",
        check=only_looking,
        hints=(
            "Three steps: a role that somebody in your account may take on, a way in, and what is allowed inside.",
            "The way in is an access entry. What is allowed inside is an access policy with a scope.",
            "associate_access_policy takes an accessScope with the type namespace and a list of namespaces.",
        ),
        solution=LOOKING,
    ),
    "09c": Exercise(
        id="09c",
        title="A node group of Spot Instances",
        check=spot_nodes,
        hints=(
            "It is the call of section 5 with two more parameters. Look at what describe_nodegroup shows.",
            "One of them says which kind of capacity, the other is a map of labels for the nodes.",
            "capacityType takes SPOT; minSize is 0 and desiredSize 1. Role and subnets are those of DemoNodeGroup.",
        ),
        solution=SPOT,
    ),
}
