"""The roles of tasks: who may hand them to ECS, what ECS does with them, and what the containers get.

References
----------
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html
"""

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import AwsError
from ..iam.authority import Authority
from ..iam.guard import Guard
from ..iam.principal import Principal
from ..iam.secret import wanted_by
from ..iam.secret_values import RETRIED, Invoke, SecretValues, told
from ..iam.vendor import Vendor
from ..wire import ACCOUNT, PARTITION, Call
from .task import Task
from .task_definition import TaskDefinition

TASKS = "ecs-tasks.amazonaws.com"
NOT_ASSUMED = (
    "ECS was unable to assume the role '{}' that was provided for this task. Please verify that the role being passed "
    "has the proper trust relationship and permissions and that your IAM user has permissions to pass this role."
)
INIT = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
EXEC = ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")


class Roles:
    """Every method is called under the world's lock.

    Parameters
    ----------
    authority : Authority
        What knows what roles may.
    guard : Guard
        What knows what callers may.
    vendor : Vendor
        What gives out credentials.
    invoke : callable
        Calls another service of the cloud.
    instance_role : callable
        From a region and an EC2 instance to the ARN of its role; empty when it has none.
    """

    def __init__(
        self,
        authority: Authority,
        guard: Guard,
        vendor: Vendor,
        invoke: Invoke,
        instance_role: Callable[[str, str], str],
    ) -> None:
        self._authority = authority
        self._guard = guard
        self._vendor = vendor
        self._values = SecretValues(authority, invoke)
        self._instance_role = instance_role

    # -- before a task is there ------------------------------------------------------------------------------

    def why_not(self, definition: TaskDefinition, overrides: Mapping[str, Any]) -> str:
        """Why ECS cannot take the roles of a task; empty when it can."""
        for role in _roles(definition, overrides):
            if role and not self._authority.trusts(role, TASKS):
                return NOT_ASSUMED.format(role)
        return ""

    def check(self, call: Call, definition: TaskDefinition, overrides: Mapping[str, Any]) -> None:
        """Refuse a caller that may not pass the roles of a task, and roles that ECS cannot take.

        Raises
        ------
        AwsError
            ``AccessDeniedException`` or ``ClientException``.
        """
        self.check_passed(call, definition, overrides)
        why = self.why_not(definition, overrides)
        if why:
            raise AwsError("ClientException", why)

    def check_passed(self, call: Call, definition: TaskDefinition, overrides: Mapping[str, Any]) -> None:
        """Refuse a caller that may not pass the roles of a task.

        Raises
        ------
        AwsError
            ``AccessDeniedException``.
        """
        self._guard.check_roles(call, _roles(definition, overrides), TASKS)

    def check_infrastructure(self, call: Call, roles: tuple[str, ...]) -> None:
        """Refuse a caller that may not pass the infrastructure roles of volumes.

        Raises
        ------
        AwsError
            ``AccessDeniedException``.
        """
        self._guard.check_roles(call, roles, "ecs.amazonaws.com")

    def check_taken(self, call: Call, role: str, service: str) -> None:
        """Refuse a caller that may not pass a role to a service of AWS, and a role that the service cannot assume.

        Raises
        ------
        AwsError
            ``AccessDeniedException``.
        """
        self._guard.check_roles(call, (role,), service)
        if not self._authority.trusts(role, service):
            why = f"it does not exist, or its trust policy does not let {service} do sts:AssumeRole"
            raise AwsError("AccessDeniedException", f"Cannot assume role {role}: {why}.")

    def check_exec(self, what: str, done: str, definition: TaskDefinition, overrides: Mapping[str, Any]) -> None:
        """Refuse ECS Exec for tasks without a role.

        Raises
        ------
        AwsError
            ``InvalidParameterException``.
        """
        if not _roles(definition, overrides)[0]:
            raise AwsError(
                "InvalidParameterException",
                f"The {what} couldn't be {done} because a valid taskRoleArn is not being used. Specify a valid task "
                "role in your task definition and try again.",
            )

    # -- what the execution role is for ----------------------------------------------------------------------

    def execution(self, task: Task) -> Principal | None:
        """In whose name images are pulled and output is written: the execution role, on EC2 else the instance's."""
        role = _roles(task.definition, task.overrides)[1]
        if role:
            return self._authority.session_of(role, task.id)
        if task.host is not None:
            role = self._instance_role(task.region, task.host.id)
            return self._authority.session_of(role, task.host.id) if role else None
        return None

    def pull_refusal(self, task: Task, private: bool) -> str:
        """Why the execution role gets no password of the registry; empty when it does, or needs none."""
        who = self.execution(task)
        if not private or who is None:
            return ""
        decision = self._authority.ask(who, "ecr:GetAuthorizationToken")
        return "" if decision.allowed else f"{INIT}unable to retrieve ecr registry auth: {RETRIED}{told(decision)}"

    def log_refusal(self, task: Task, region: str, group: str, stream: str, *, create_group: bool) -> str:
        """Why no log stream can be made in the name of the execution role; empty when it can."""
        who = self.execution(task)
        if who is None:
            return "NoCredentialProviders: no valid providers in chain" if task.host is not None else ""
        base = f"arn:{PARTITION}:logs:{region}:{ACCOUNT}:log-group:{group}:log-stream:"
        needed = [("logs:CreateLogStream", base + stream), ("logs:PutLogEvents", base + stream)]
        if create_group:
            needed.insert(0, ("logs:CreateLogGroup", base))
        for action, resource in needed:
            decision = self._authority.ask(who, action, resource)
            if not decision.allowed:
                return told(decision)
        return ""

    def fetch_secrets(self, task: Task) -> str:
        """Put the values of its secrets on a task's containers; why that cannot be, or an empty text."""
        role = _roles(task.definition, task.overrides)[1]
        for container in task.containers:
            for one in wanted_by(container.definition, task.region):
                who = self._authority.session_of(role, task.id)
                try:
                    container.secrets[one.name] = self._values.value(who, one)
                except AwsError as error:
                    return f"{INIT}{error.message}"
        return ""

    # -- what the task role is for ---------------------------------------------------------------------------

    def begin(self, task: Task) -> None:
        """Give a task that has a role an address for its credentials."""
        role = _roles(task.definition, task.overrides)[0]
        if role and task.credentials is None:
            task.credentials = self._vendor.issue(role, task.id)
        task.agent = "RUNNING" if task.execute_command and self.may_exec(task) else "STOPPED"

    def of_task(self, task: Task) -> Principal | None:
        """The session of a task's own role; None when it has none."""
        role = _roles(task.definition, task.overrides)[0]
        return self._authority.session_of(role, task.id) if role else None

    def end(self, task: Task) -> None:
        """Let its credentials end with it."""
        if task.credentials is not None:
            self._vendor.end(task.credentials)
            task.credentials = None

    def may_exec(self, task: Task) -> bool:
        """Whether the agent of ECS Exec in a task can reach Systems Manager: by the permissions of the task's role."""
        who = self.of_task(task)
        return who is not None and all(self._authority.ask(who, f"ssmmessages:{action}").allowed for action in EXEC)


def _roles(definition: TaskDefinition, overrides: Mapping[str, Any]) -> tuple[str, str]:
    """The ARNs of the task role and of the execution role; empty for one that is not there."""
    found = [
        str(overrides.get(key) or definition.registered.get(key) or "") for key in ("taskRoleArn", "executionRoleArn")
    ]
    task, execution = (
        role if role.startswith("arn:") or not role else f"arn:{PARTITION}:iam::{ACCOUNT}:role/{role}" for role in found
    )
    return task, execution
