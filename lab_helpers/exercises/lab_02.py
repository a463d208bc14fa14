"""Lab 02: an execution role that may create log groups, a task role for one bucket, a cheap cluster, its insights."""

from typing import TYPE_CHECKING, Any

from lab_helpers.exercises import Done, Exercise, NotAttempted, NotYet

from .policies import allows, find_role, statements, trusted

if TYPE_CHECKING:
    from lab_helpers.exercises import Outcome
    from lab_helpers.lab import Lab

TASKS = "ecs-tasks.amazonaws.com"
EXECUTION_ROLE = "PracticeExecutionRole"
EXECUTION_POLICY = "AmazonECSTaskExecutionRolePolicy"
CREATE_LOG_GROUP = "logs:CreateLogGroup"
TASK_ROLE = "PracticeTaskRole"
BUCKET = "arn:aws:s3:::practice-photos"
PHOTO = f"{BUCKET}/2026/november.jpg"
CLUSTER = "PracticeCluster"
BASE = 1
SHARE = 3


def log_group_role(lab: "Lab") -> "Outcome":
    """An execution role that may do what AWS's policy allows, and create log groups too."""
    iam = lab.client("iam")
    role = find_role(iam, EXECUTION_ROLE)
    if role is None:
        return NotAttempted(f"There is no role called {EXECUTION_ROLE} yet.")
    missing = _wrong_trust(role)
    attached = iam.list_attached_role_policies(RoleName=EXECUTION_ROLE)["AttachedPolicies"]
    if EXECUTION_POLICY not in {one["PolicyName"] for one in attached}:
        missing.append(f"the policy {EXECUTION_POLICY}: it is not attached, so the role could not pull an image")
    found = statements(iam, EXECUTION_ROLE)
    if not allows(found, CREATE_LOG_GROUP):
        missing.append(f"the permission {CREATE_LOG_GROUP}: no policy of the role has it")
    if allows(found, "logs:DeleteLogGroup"):
        missing.append("no more than is needed: the role may also delete log groups")
    if missing:
        return NotYet(missing=missing)
    return Done("A task with this role may create its own log group. It still may not delete one.")


def bucket_role(lab: "Lab") -> "Outcome":
    """A task role that reads the objects of one bucket and does nothing else."""
    iam = lab.client("iam")
    role = find_role(iam, TASK_ROLE)
    if role is None:
        return NotAttempted(f"There is no role called {TASK_ROLE} yet.")
    missing = _wrong_trust(role)
    found = statements(iam, TASK_ROLE)
    if not allows(found, "s3:GetObject", PHOTO):
        missing.append(
            "the permission to read an object of practice-photos: s3:GetObject is not allowed on its objects"
        )
    if allows(found, "s3:GetObject", "arn:aws:s3:::another-bucket/letter.txt"):
        missing.append("only one bucket: the role may read the objects of every other bucket too")
    for action, words in (("s3:PutObject", "write"), ("s3:DeleteObject", "delete")):
        if allows(found, action, PHOTO):
            missing.append(f"only reading: the role may also {words} objects ({action})")
    if allows(found, "ecs:RunTask"):
        missing.append("only S3: the role may also use other services")
    if missing:
        return NotYet(missing=missing)
    return Done("Only a task can take this role on, and all it may do is read one bucket. That is least privilege.")


def spot_cluster(lab: "Lab") -> "Outcome":
    """A cluster whose default strategy keeps one task on Fargate and spreads the others 1 to 3."""
    cluster = _cluster(lab)
    if cluster is None:
        return NotAttempted(f"There is no cluster called {CLUSTER} yet.")
    strategy = {one["capacityProvider"]: one for one in cluster.get("defaultCapacityProviderStrategy", [])}
    missing = [f"the capacity provider {name}" for name in ("FARGATE", "FARGATE_SPOT") if name not in strategy]
    if missing:
        there = ", ".join(sorted(strategy)) or "empty"
        return NotYet(missing=[f"{one} in the default strategy, which is {there} now" for one in missing])
    base = strategy["FARGATE"].get("base", 0)
    if base != BASE:
        missing.append(f"the first {BASE} on FARGATE: its base is {base}")
    weights = [strategy[name].get("weight", 0) for name in ("FARGATE", "FARGATE_SPOT")]
    if weights[0] < 1 or weights[0] * SHARE != weights[1]:
        missing.append(f"3 on FARGATE_SPOT for each 1 on FARGATE: the weights are {weights[1]} and {weights[0]}")
    if missing:
        return NotYet(missing=missing)
    return Done("Of 9 tasks, 1 is the base, and of the other 8 FARGATE gets 2 and FARGATE_SPOT gets 6.")


def insights(lab: "Lab") -> "Outcome":
    """The same cluster has Container Insights on."""
    cluster = _cluster(lab)
    if cluster is None:
        return NotAttempted(f"There is no cluster called {CLUSTER}. Make it in 02c first.")
    settings = {one["name"]: one["value"] for one in cluster.get("settings", [])}
    value = settings.get("containerInsights", "disabled")
    if value == "disabled":
        return NotAttempted(f"Container Insights is still disabled for {CLUSTER}.")
    if value == "enabled":
        return NotYet(missing=["the better of the two: enabled is the older one, which does not look into tasks"])
    return Done(f"CloudWatch now collects more metrics of {CLUSTER}. On AWS turn it off when nobody looks at them.")


def _cluster(lab: "Lab") -> dict[str, Any] | None:
    found = lab.client("ecs").describe_clusters(clusters=[CLUSTER], include=["SETTINGS"])["clusters"]
    return next((one for one in found if one["status"] == "ACTIVE"), None)


def _wrong_trust(role: dict[str, Any]) -> list[str]:
    who = trusted(role)
    if who == [TASKS]:
        return []
    return [f"a trust policy for {TASKS} alone: now the role may be taken on by {', '.join(who) or 'nobody'}"]


LOG_GROUP_ROLE = """\
import json

iam = lab.client("iam")
for_tasks = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
iam.create_role(RoleName="PracticeExecutionRole", AssumeRolePolicyDocument=json.dumps(for_tasks))
iam.attach_role_policy(
    RoleName="PracticeExecutionRole",
    PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
)
create_log_groups = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "logs:CreateLogGroup", "Resource": "*"}],
}
iam.put_role_policy(
    RoleName="PracticeExecutionRole",
    PolicyName="CreateLogGroups",
    PolicyDocument=json.dumps(create_log_groups),
)
"""

BUCKET_ROLE = """\
import json

iam = lab.client("iam")
only_tasks = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
iam.create_role(RoleName="PracticeTaskRole", AssumeRolePolicyDocument=json.dumps(only_tasks))
read_photos = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::practice-photos/*"}
    ],
}
iam.put_role_policy(
    RoleName="PracticeTaskRole", PolicyName="ReadPhotos", PolicyDocument=json.dumps(read_photos)
)
"""

SPOT_CLUSTER = """\
ecs = lab.client("ecs")
ecs.create_cluster(
    clusterName="PracticeCluster",
    capacityProviders=["FARGATE", "FARGATE_SPOT"],
    defaultCapacityProviderStrategy=[
        {"capacityProvider": "FARGATE", "base": 1, "weight": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 3},
    ],
)
"""

INSIGHTS = """\
ecs = lab.client("ecs")
ecs.update_cluster_settings(
    cluster="PracticeCluster",
    settings=[{"name": "containerInsights", "value": "enhanced"}],
)
"""

EXERCISES: dict[str, Exercise] = {
    "02a": Exercise(
        id="02a",
        title="An execution role that may also create log groups",
        check=log_group_role,
        hints=(
            "The cell above that makes ecsTaskExecutionRole is nearly what you need. Only the name differs, and "
            "something is added.",
            "You need three calls to IAM: one makes the role, one attaches AWS's policy, one puts a small policy of "
            "your own on the role.",
            "The third call is put_role_policy. Its document allows one action, logs:CreateLogGroup, on all resources.",
        ),
        solution=LOG_GROUP_ROLE,
    ),
    "02b": Exercise(
        id="02b",
        title="A task role for one bucket",
        check=bucket_role,
        hints=(
            "Ask two questions: who may take the role on, and what may it do? Each has its own policy.",
            "Who: the same trust policy as the execution role has. What: one statement, one action, one resource.",
            "Reading an object is s3:GetObject. It acts on objects, so the resource is not the bucket's ARN alone: "
            "after it come a slash and a star.",
        ),
        solution=BUCKET_ROLE,
    ),
    "02c": Exercise(
        id="02c",
        title="A cluster that is cheap but not fragile",
        check=spot_cluster,
        hints=(
            "create_cluster takes a defaultCapacityProviderStrategy. Yours has two entries, one for each capacity "
            "provider.",
            "base says how many tasks come first, before any are shared out. weight says how the others are shared.",
            "The entry of FARGATE has a base and a weight of 1 each. The entry of FARGATE_SPOT has only a weight. "
            "If the cluster is there already, put_cluster_capacity_providers changes its strategy.",
        ),
        solution=SPOT_CLUSTER,
    ),
    "02d": Exercise(
        id="02d",
        title="Container Insights on",
        check=insights,
        hints=(
            "It is a setting of the cluster. ECS has a call that changes the settings of a cluster.",
            "update_cluster_settings takes the cluster and a list of settings. A setting has a name and a value.",
            "The name is containerInsights. Of its three values one is off, and enabled is the older one. Take the "
            "third: its name says that it is better.",
        ),
        solution=INSIGHTS,
    ),
}
