"""Lab 05: a service that finds no place, tasks that never share an instance, a task that brings its own instance."""

from typing import TYPE_CHECKING, Any

from lab_helpers.exercises import Done, Exercise, NotAttempted, NotYet

from . import by_hand

if TYPE_CHECKING:
    from lab_helpers.exercises import Outcome
    from lab_helpers.lab import Lab

CLUSTER = "DemoCluster"
PROVIDER = "DemoCapacityProvider"
BROKEN = "thumbnails"
TOO_MUCH = 1024
GUARD = "guard"
FAMILY = "sleeper-ec2"
STARTED_BY = "me"


def placed_service(lab: "Lab") -> "Outcome":
    """The service that found no place runs its task on an EC2 instance."""
    service = _service(lab, BROKEN)
    if service is None:
        return NotAttempted("The service that finds no place is not there. Run the cell above that makes it.")
    containers = _containers(lab, service["taskDefinition"])
    asked = sum(one.get("memory") or one.get("memoryReservation") or 0 for one in containers)
    running = service["runningCount"]
    if asked == TOO_MUCH and not running:
        return NotAttempted(f"The service still asks for {TOO_MUCH} MiB, and none of its tasks runs.")
    missing = []
    if service.get("launchType") != "EC2":
        missing.append("the launch type EC2: the task is to run on these instances")
    if service["desiredCount"] != 1:
        missing.append(f"1 task: {service['desiredCount']} are wanted")
    elif not running:
        missing.append(f"a task that runs: it asks for {asked} MiB now; the service's events say what is wrong")
    if missing:
        return NotYet(missing=missing)
    return Done(f"The task asks for {asked} MiB and has found its place.")


def never_together(lab: "Lab") -> "Outcome":
    """Two tasks of the service run, and a constraint keeps them on different instances."""
    service = _service(lab, GUARD)
    if service is None:
        return NotAttempted(f"There is no service {GUARD} in {CLUSTER} yet.")
    missing = []
    if f"/{FAMILY}:" not in service["taskDefinition"]:
        missing.append(f"the family {FAMILY}: yours is {service['taskDefinition'].rsplit('/', 1)[-1]}")
    if service.get("launchType") != "EC2":
        missing.append("the launch type EC2")
    if service["desiredCount"] != 2:
        missing.append(f"2 tasks: {service['desiredCount']} are wanted")
    kinds = [one["type"] for one in service.get("placementConstraints", [])]
    if "distinctInstance" not in kinds:
        spread = any(one["type"] == "spread" for one in service.get("placementStrategy", []))
        but = ": spread is a wish, and when one instance is full ECS puts both on the other" if spread else ""
        missing.append(f"a rule that forbids two tasks on one instance{but}")
    if not missing and len(_places(lab, GUARD)) != 2:
        missing.append(f"2 tasks that run on 2 instances: {service['runningCount']} run; check again in a moment")
    if missing:
        return NotYet(missing=missing)
    return Done("Two guards on two instances. With one instance there would be one guard, and an event that says why.")


def brought_instance(lab: "Lab") -> "Outcome":
    """A task started by hand through the capacity provider runs."""
    found = by_hand.running(lab, CLUSTER, STARTED_BY) or by_hand.stopped(lab, CLUSTER, STARTED_BY)
    if not found:
        return NotAttempted(f"No task was started by {STARTED_BY!r} yet.")
    through = [one for one in found if one.get("capacityProviderName") == PROVIDER]
    if not through:
        return NotYet(missing=[f"a task that came through {PROVIDER}: yours names {_capacity(found[0])}"])
    task = through[0]
    missing = []
    if f"/{FAMILY}:" not in task["taskDefinitionArn"]:
        missing.append(f"a task of the family {FAMILY}: yours is {task['taskDefinitionArn'].rsplit('/', 1)[-1]}")
    if task["lastStatus"] == "STOPPED":
        missing.append(f"a task that runs: yours has stopped ({task.get('stoppedReason', 'no reason given')})")
    elif task["lastStatus"] == "PROVISIONING":
        missing.append("an instance for the task: it is PROVISIONING and waits; an instance comes in a few AWS minutes")
    elif task["lastStatus"] != "RUNNING":
        missing.append(f"the state RUNNING: the task is {task['lastStatus']}; check again in a moment")
    if missing:
        return NotYet(missing=missing)
    return Done("Your task waited, an instance came for it, and it runs. With launchType EC2 the call had failed.")


def _service(lab: "Lab", name: str) -> dict[str, Any] | None:
    found = lab.client("ecs").describe_services(cluster=CLUSTER, services=[name])["services"]
    return next((one for one in found if one["status"] == "ACTIVE"), None)


def _containers(lab: "Lab", definition: str) -> list[dict[str, Any]]:
    answer = lab.client("ecs").describe_task_definition(taskDefinition=definition)
    return list(answer["taskDefinition"]["containerDefinitions"])


def _places(lab: "Lab", service: str) -> set[str]:
    """The container instances on which the tasks of a service run."""
    ecs = lab.client("ecs")
    arns = ecs.list_tasks(cluster=CLUSTER, serviceName=service)["taskArns"]
    tasks = ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []
    return {one["containerInstanceArn"] for one in tasks if one["lastStatus"] == "RUNNING"}


def _capacity(task: dict[str, Any]) -> str:
    name = task.get("capacityProviderName")
    return f"the capacity provider {name}" if name else f"the launch type {task.get('launchType', 'EC2')}"


PLACED = """\
ecs = lab.client("ecs")
events = ecs.describe_services(cluster="DemoCluster", services=["thumbnails"])["services"][0]["events"]
for event in events:
    print(event["message"])  # insufficient memory: no t3.micro ever has 1024 MiB for tasks

old = ecs.describe_task_definition(taskDefinition="thumbnails")["taskDefinition"]
smaller = {**old["containerDefinitions"][0], "memory": 512}
ecs.register_task_definition(
    family="thumbnails",
    requiresCompatibilities=["EC2"],
    networkMode="bridge",
    containerDefinitions=[smaller],
)
ecs.update_service(cluster="DemoCluster", service="thumbnails", taskDefinition="thumbnails")
lab.wait(ecs, "services_stable", cluster="DemoCluster", services=["thumbnails"])
"""

NEVER_TOGETHER = """\
ecs = lab.client("ecs")
ecs.create_service(
    cluster="DemoCluster",
    serviceName="guard",
    taskDefinition="sleeper-ec2",
    desiredCount=2,
    launchType="EC2",
    placementConstraints=[{"type": "distinctInstance"}],
)
lab.wait(ecs, "services_stable", cluster="DemoCluster", services=["guard"])
"""

BROUGHT = """\
ecs = lab.client("ecs")
mine = ecs.run_task(
    cluster="DemoCluster",
    taskDefinition="sleeper-ec2",
    capacityProviderStrategy=[{"capacityProvider": "DemoCapacityProvider", "weight": 1}],
    startedBy="me",
)["tasks"][0]
print(mine["lastStatus"])  # PROVISIONING: it waits for an instance
lab.wait(ecs, "tasks_running", cluster="DemoCluster", tasks=[mine["taskArn"]])
"""

EXERCISES: dict[str, Exercise] = {
    "05a": Exercise(
        id="05a",
        title="Mend a service that finds no place",
        check=placed_service,
        hints=(
            "Do not guess. The service says in its events what the closest instance lacks.",
            "Compare what the recipe asks for with what the instances have registered, and with what remains.",
            "A recipe never changes: register the family again with less memory, then tell the service to use it.",
        ),
        solution=PLACED,
    ),
    "05b": Exercise(
        id="05b",
        title="Two tasks that never share an instance",
        check=never_together,
        hints=(
            "Is it a wish or a rule? A strategy prefers; something else forbids.",
            "Section 5 has used the rule with run_task. create_service has the same parameter.",
            "placementConstraints is a list; its entry has the type that section 5 names, and nothing else.",
        ),
        solution=NEVER_TOGETHER,
    ),
    "05c": Exercise(
        id="05c",
        title="A task that brings its own instance",
        check=brought_instance,
        hints=(
            "run_task takes either a launch type or a strategy. Which of them brings instances?",
            "capacityProviderStrategy is a list with one entry: the provider's name and a weight.",
            "The task waits for its instance. Use lab.wait with the waiter tasks_running, or check again in a moment.",
        ),
        solution=BROUGHT,
    ),
}
