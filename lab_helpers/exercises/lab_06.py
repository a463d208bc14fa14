"""Lab 06: a task role with just enough, a secret for one execution role, a folder behind an access point."""

from typing import TYPE_CHECKING, Any

from lab_helpers.exercises import Done, Exercise, NotAttempted, NotYet

from . import by_hand
from .policies import allows, find_role, statements

if TYPE_CHECKING:
    from lab_helpers.exercises import Outcome
    from lab_helpers.lab import Lab

CLUSTER = "DemoCluster"
STARTED_BY = "me"
REPORTER, REPORTER_ROLE = "reporter", "ReporterRole"
MAILER, MAILER_ROLE, MAILER_SECRET = "mailer", "MailerExecutionRole", "lab06/mailer"
ARCHIVE, FILES, FOLDER = "archive", "DemoFiles", "/archive"
OWNER = 1000
LISTS, WRITES, READS_SECRET = "s3:ListBucket", "s3:PutObject", "secretsmanager:GetSecretValue"


def report_written(lab: "Lab") -> "Outcome":
    """The reporter's role may list one bucket and write reports, nothing else; a task has done it."""
    iam = lab.client("iam")
    if find_role(iam, REPORTER_ROLE) is None:
        return NotAttempted(f"There is no role {REPORTER_ROLE}. Run the cell above that makes it.")
    found = statements(iam, REPORTER_ROLE)
    if not found:
        return NotAttempted(f"{REPORTER_ROLE} has no permission yet.")
    bucket = f"arn:aws:s3:::{_bucket(lab)}"
    missing = []
    if not allows(found, LISTS, bucket):
        missing.append("the permission to list the bucket: the first call of the program needs it")
    if not allows(found, WRITES, f"{bucket}/reports/today.txt"):
        missing.append("the permission to write the report: the second call of the program needs it")
    if allows(found, WRITES, f"{bucket}/in/order.txt"):
        missing.append("only reports: the role may also overwrite the orders")
    if allows(found, "s3:GetObject", f"{bucket}/in/order.txt") or allows(found, "s3:DeleteObject", f"{bucket}/in/a"):
        missing.append("no more than is needed: the program never reads or deletes an object")
    if allows(found, LISTS, "arn:aws:s3:::another-bucket"):
        missing.append("only this bucket: the role may list every other one too")
    missing = missing or _not_run(lab, REPORTER)
    if missing:
        return NotYet(missing=missing)
    return Done("The report is there, and the role may do two things and no third.")


def mail_sent(lab: "Lab") -> "Outcome":
    """The mailer's execution role may read its one secret; a task has got it."""
    iam = lab.client("iam")
    if find_role(iam, MAILER_ROLE) is None:
        return NotAttempted(f"There is no role {MAILER_ROLE}. Run the cell above that makes it.")
    found = statements(iam, MAILER_ROLE)
    if not allows(found, READS_SECRET):
        return NotAttempted(f"{MAILER_ROLE} may not read any secret yet.")
    missing = []
    if not allows(found, READS_SECRET, _secret(lab)):
        missing.append(f"the permission for {MAILER_SECRET}: it speaks of another secret")
    other = f"arn:aws:secretsmanager:us-east-1:{_account(lab)}:secret:lab06/database-AbCdEf"
    if allows(found, READS_SECRET, other):
        missing.append("only this secret: the role may read others too")
    if not allows(found, "logs:PutLogEvents"):
        missing.append("the permissions for logs: without them the task fails even earlier")
    missing = missing or _not_run(lab, MAILER)
    if missing:
        return NotYet(missing=missing)
    return Done("The mailer has its password, and its role can read no other.")


def archive_made(lab: "Lab") -> "Outcome":
    """A task has written into a folder that it sees through an access point."""
    efs = lab.client("efs")
    systems = [one for one in efs.describe_file_systems()["FileSystems"] if one.get("Name") == FILES]
    if not systems:
        return NotAttempted(f"There is no file system {FILES}. Run section 8 first.")
    points = [
        one
        for system in systems
        for one in efs.describe_access_points(FileSystemId=system["FileSystemId"])["AccessPoints"]
    ]
    if not points:
        return NotAttempted(f"{FILES} has no access point yet.")
    ours = [one for one in points if one["RootDirectory"]["Path"] == FOLDER]
    if not ours:
        there = ", ".join(one["RootDirectory"]["Path"] for one in points)
        return NotYet(missing=[f"the root directory {FOLDER}: yours is {there}"])
    point = ours[-1]
    missing = []
    info = point["RootDirectory"].get("CreationInfo", {})
    wanted = {"OwnerUid": OWNER, "OwnerGid": OWNER, "Permissions": "0755"}
    if {**info, "Permissions": info.get("Permissions", "").zfill(4)} != wanted:
        missing.append(f"the folder's owner {OWNER}, group {OWNER} and permissions 0755, with which EFS makes it")
    user = point.get("PosixUser", {})
    if (user.get("Uid"), user.get("Gid")) != (OWNER, OWNER):
        missing.append(f"one user for all clients: {OWNER} with the group {OWNER}")
    if missing:
        return NotYet(missing=missing)
    return _archived(lab, [one["AccessPointId"] for one in ours])


def _archived(lab: "Lab", points: list[str]) -> "Outcome":
    missing = _not_run(lab, ARCHIVE)
    if missing:
        return NotYet(missing=missing)
    used = set()
    for task in _succeeded(lab, ARCHIVE):
        found = lab.client("ecs").describe_task_definition(taskDefinition=task["taskDefinitionArn"])
        for volume in found["taskDefinition"].get("volumes", []):
            settings = volume.get("efsVolumeConfiguration", {}).get("authorizationConfig", {})
            used.add(settings.get("accessPointId"))
    if not used & set(points):
        return NotYet(missing=["the access point in the task's volume: the task has mounted without it"])
    return Done("The task sees one folder and is user 1000 there, whatever its image says.")


def _not_run(lab: "Lab", family: str) -> list[str]:
    """What is missing until a task of a family has ended well."""
    if _succeeded(lab, family):
        return []
    mine = _mine(lab, family)
    if not mine:
        return [f"a task of the family {family} with startedBy={STARTED_BY!r}"]
    last = max(mine, key=lambda one: one["createdAt"])
    if last["lastStatus"] != "STOPPED":
        return [f"the end of the task: it is {last['lastStatus']}; check again in a moment"]
    code = last["containers"][0].get("exitCode")
    told = f"exit code {code}" if code is not None else str(last.get("stoppedReason", "no reason given"))
    return [f"a task that ends with exit code 0: the last one ended with {told}"]


def _succeeded(lab: "Lab", family: str) -> list[dict[str, Any]]:
    return [one for one in _mine(lab, family) if one["containers"][0].get("exitCode") == 0]


def _mine(lab: "Lab", family: str) -> list[dict[str, Any]]:
    """The tasks of a family that the learner has started by hand, those that have ended too."""
    found = by_hand.running(lab, CLUSTER, STARTED_BY) + by_hand.stopped(lab, CLUSTER, STARTED_BY)
    return [one for one in found if f"/{family}:" in one["taskDefinitionArn"]]


def _account(lab: "Lab") -> str:
    return str(lab.client("sts").get_caller_identity()["Account"])


def _bucket(lab: "Lab") -> str:
    return f"lab06-{_account(lab)}-{lab.client('s3').meta.region_name}"


def _secret(lab: "Lab") -> str:
    return str(lab.client("secretsmanager").describe_secret(SecretId=MAILER_SECRET)["ARN"])


REPORT = """\
may_report = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{BUCKET}/reports/*"},
    ],
}
iam.put_role_policy(RoleName="ReporterRole", PolicyName="report", PolicyDocument=json.dumps(may_report))
my_report = start("reporter", startedBy="me")
print(output(my_report))
"""

MAIL = """\
may_read = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": mailer_secret},
    ],
}
# a policy of its own beside the one for logs, which stays
iam.put_role_policy(RoleName="MailerExecutionRole", PolicyName="secret", PolicyDocument=json.dumps(may_read))
my_mail = start("mailer", startedBy="me")
print(output(my_mail))
"""

ARCHIVED = """\
my_point = efs.create_access_point(
    FileSystemId=file_system,
    PosixUser={"Uid": 1000, "Gid": 1000},
    RootDirectory={
        "Path": "/archive",
        "CreationInfo": {"OwnerUid": 1000, "OwnerGid": 1000, "Permissions": "0755"},
    },
)["AccessPointId"]


def my_point_is_there():
    found = efs.describe_access_points(AccessPointId=my_point)["AccessPoints"]
    return found[0]["LifeCycleState"] == "available"


lab.wait(my_point_is_there, "the access point")
my_volume = {
    "name": "files",
    "efsVolumeConfiguration": {
        "fileSystemId": file_system,
        "transitEncryption": "ENABLED",  # an access point needs it
        "authorizationConfig": {"accessPointId": my_point},
    },
}
my_recipe = recipe(
    "archive", WRITER, "/mnt/files", "kept.txt", "for ever", volumes=[my_volume], mountPoints=MOUNTED
)
my_task = start(my_recipe, startedBy="me")
print(output(my_task))
"""

EXERCISES: dict[str, Exercise] = {
    "06a": Exercise(
        id="06a",
        title="A program that stopped halfway",
        check=report_written,
        hints=(
            "Let the task tell you. Run it once without any permission, and read its lines in the log group.",
            "The program makes two calls: one lists the bucket, one writes an object. Each needs one permission.",
            "The bucket's ARN ends with its name. The ARN of objects goes on with a slash, a path and a star.",
        ),
        solution=REPORT,
    ),
    "06b": Exercise(
        id="06b",
        title="The mailer has no password",
        check=mail_sent,
        hints=(
            "Who reads the secret: your program, or ECS before it starts? Which of the two roles is that?",
            "The stopped reason of a failed task names the action and the resource.",
            "One more inline policy with a name of its own leaves the one for logs as it is. Its resource is the ARN "
            "of the secret, not a star.",
        ),
        solution=MAIL,
    ),
    "06c": Exercise(
        id="06c",
        title="A folder behind an access point",
        check=archive_made,
        hints=(
            "efs.create_access_point takes the user in PosixUser, and the folder in RootDirectory.",
            "EFS makes a folder only when RootDirectory says with which owner and permissions: CreationInfo.",
            "In the volume, authorizationConfig names the access point. Then rootDirectory stays away, and one more "
            "setting must be ENABLED.",
        ),
        solution=ARCHIVED,
    ),
}
