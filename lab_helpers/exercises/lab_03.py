"""Lab 03: a task by hand, a gentler deployment, a second service behind the same load balancer, a service to mend."""

from typing import TYPE_CHECKING, Any

from lab_helpers.exercises import Done, Exercise, NotAttempted, NotYet

from . import by_hand

if TYPE_CHECKING:
    from lab_helpers.exercises import Outcome
    from lab_helpers.lab import Lab

CLUSTER = "DemoCluster"
SERVICE = "nginxdemos-hello"
BALANCER = "DemoALBForECS"
STARTED_BY = "me"
CEILING = 150
SECOND = "web"
SECOND_GROUP = "tg-web"
SECOND_PORT = 8080
BROKEN_GROUP = "tg-repair"
BROKEN_PATH = "/ready"


def task_by_hand(lab: "Lab") -> "Outcome":
    """A task of the family, started without the service, runs."""
    found = by_hand.running(lab, CLUSTER, STARTED_BY) or by_hand.stopped(lab, CLUSTER, STARTED_BY)
    if not found:
        return NotAttempted(f"No task was started by {STARTED_BY!r} yet.")
    task = found[0]
    missing = []
    if f"/{SERVICE}:" not in task["taskDefinitionArn"]:
        missing.append(f"a task of the family {SERVICE}: yours is {task['taskDefinitionArn'].rsplit('/', 1)[-1]}")
    if task["lastStatus"] == "STOPPED":
        missing.append(f"a task that runs: yours has stopped ({task.get('stoppedReason', 'no reason given')})")
    elif task["lastStatus"] != "RUNNING":
        missing.append(f"the state RUNNING: the task is {task['lastStatus']}; check again in a moment")
    if missing:
        return NotYet(missing=missing)
    return Done("Your task runs, and no service looks after it: if it stops now, nobody starts another.")


def gentler_deployment(lab: "Lab") -> "Outcome":
    """The service may have half as many tasks again during a deployment, not twice as many."""
    service = _service(lab, SERVICE)
    if service is None:
        return NotAttempted(f"There is no service {SERVICE} in {CLUSTER}. Run the cells above first.")
    settings = service["deploymentConfiguration"]
    floor, ceiling = settings["minimumHealthyPercent"], settings["maximumPercent"]
    breaker = settings.get("deploymentCircuitBreaker", {})
    if (floor, ceiling) == (100, 200) and breaker.get("enable"):
        return NotAttempted("The service still has the settings from above: 100 and 200 percent.")
    missing = []
    if ceiling != CEILING:
        missing.append(f"maximumPercent {CEILING}: it is {ceiling}")
    if floor != 100:
        missing.append(f"minimumHealthyPercent 100: it is {floor}, so visitors could lose tasks during an update")
    if not (breaker.get("enable") and breaker.get("rollback")):
        missing.append("the circuit breaker with rollback: it is off now, so a bad version would stay")
    if missing:
        return NotYet(missing=missing)
    return Done("With 2 tasks wanted, there are now never fewer than 2 and never more than 3 during an update.")


def second_service(lab: "Lab") -> "Outcome":
    """A service `web` with two healthy tasks answers on port 8080 of the same load balancer."""
    group = _target_group(lab, SECOND_GROUP)
    service = _service(lab, SECOND)
    if group is None and service is None:
        return NotAttempted(f"There is no target group {SECOND_GROUP} and no service {SECOND} yet.")
    missing = []
    if group is None:
        missing.append(f"a target group called {SECOND_GROUP}")
    else:
        missing += _wrong_group(lab, group)
    if service is None:
        missing.append(f"a service called {SECOND} in {CLUSTER}")
    elif group and group["TargetGroupArn"] not in str(service["loadBalancers"]):
        missing.append(f"the target group {SECOND_GROUP} in the service's loadBalancers")
    elif (service["desiredCount"], service["runningCount"]) != (2, 2):
        missing.append(f"2 tasks: {service['desiredCount']} are wanted and {service['runningCount']} run")
    if not missing and group is not None:
        healthy = _healthy(lab, group)
        if healthy != 2:
            missing.append(f"2 healthy targets in {SECOND_GROUP}: there are {healthy}")
    if not missing and not _port_is_open(lab):
        missing.append(f"a security group of {BALANCER} that lets port {SECOND_PORT} in")
    if missing:
        return NotYet(missing=missing)
    return Done(f"Two services share {BALANCER} now: one on port 80, one on port {SECOND_PORT}.")


def mended_service(lab: "Lab") -> "Outcome":
    """The target group of the broken service has a healthy target."""
    group = _target_group(lab, BROKEN_GROUP)
    if group is None:
        return NotAttempted("The broken service is not there. Run the cell above that makes it.")
    healthy = _healthy(lab, group)
    if healthy and group["HealthCheckPath"] == BROKEN_PATH:
        return NotYet(missing=[f"a health check that the program really answers with 200: {BROKEN_PATH} is not one"])
    if healthy:
        return Done("The service is healthy. You read the reason first and changed only what was wrong.")
    if group["HealthCheckPath"] == BROKEN_PATH and group.get("Matcher", {}).get("HttpCode") == "200":
        return NotAttempted("The target is still unhealthy, and the health check has not been changed.")
    return NotYet(missing=["a healthy target: the health check has changed, but no target passes it yet"])


def _service(lab: "Lab", name: str) -> dict[str, Any] | None:
    found = lab.client("ecs").describe_services(cluster=CLUSTER, services=[name])["services"]
    return next((one for one in found if one["status"] == "ACTIVE"), None)


def _target_group(lab: "Lab", name: str) -> dict[str, Any] | None:
    elbv2 = lab.client("elbv2")
    try:
        groups: list[dict[str, Any]] = elbv2.describe_target_groups(Names=[name])["TargetGroups"]
    except elbv2.exceptions.TargetGroupNotFoundException:
        return None
    return groups[0]


def _balancer(lab: "Lab") -> dict[str, Any] | None:
    elbv2 = lab.client("elbv2")
    try:
        balancers: list[dict[str, Any]] = elbv2.describe_load_balancers(Names=[BALANCER])["LoadBalancers"]
    except elbv2.exceptions.LoadBalancerNotFoundException:
        return None
    return balancers[0]


def _healthy(lab: "Lab", group: dict[str, Any]) -> int:
    answers = lab.client("elbv2").describe_target_health(TargetGroupArn=group["TargetGroupArn"])
    return sum(one["TargetHealth"]["State"] == "healthy" for one in answers["TargetHealthDescriptions"])


def _wrong_group(lab: "Lab", group: dict[str, Any]) -> list[str]:
    missing = []
    if group["TargetType"] != "ip":
        missing.append(f"the target type ip: {SECOND_GROUP} has {group['TargetType']}, which Fargate tasks cannot join")
    balancer = _balancer(lab)
    if balancer is None:
        return [*missing, f"the load balancer {BALANCER}"]
    listeners = lab.client("elbv2").describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    listener = next((one for one in listeners if one["Port"] == SECOND_PORT), None)
    if listener is None:
        missing.append(f"a listener on port {SECOND_PORT} of {BALANCER}")
    elif group["TargetGroupArn"] not in str(listener["DefaultActions"]):
        missing.append(f"a listener on port {SECOND_PORT} that forwards to {SECOND_GROUP}")
    return missing


def _port_is_open(lab: "Lab") -> bool:
    balancer = _balancer(lab)
    if balancer is None:
        return False
    groups = lab.client("ec2").describe_security_groups(GroupIds=balancer["SecurityGroups"])["SecurityGroups"]
    rules = [rule for group in groups for rule in group["IpPermissions"]]
    return any(
        rule["IpProtocol"] == "-1" or rule.get("FromPort", 0) <= SECOND_PORT <= rule.get("ToPort", -1) for rule in rules
    )


TASK_BY_HAND = """\
ecs = lab.client("ecs")
service = ecs.describe_services(cluster="DemoCluster", services=["nginxdemos-hello"])["services"][0]
task = ecs.run_task(
    cluster="DemoCluster",
    taskDefinition="nginxdemos-hello",
    launchType="FARGATE",
    count=1,
    startedBy="me",
    networkConfiguration=service["networkConfiguration"],  # the same subnets and security group
)["tasks"][0]
lab.wait(ecs, "tasks_running", cluster="DemoCluster", tasks=[task["taskArn"]])
"""

GENTLER = """\
ecs = lab.client("ecs")
ecs.update_service(
    cluster="DemoCluster",
    service="nginxdemos-hello",
    deploymentConfiguration={
        "minimumHealthyPercent": 100,
        "maximumPercent": 150,
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
    },
)
lab.wait(ecs, "services_stable", cluster="DemoCluster", services=["nginxdemos-hello"])
"""

SECOND_SERVICE = """\
ec2, ecs, elbv2 = (lab.client(name) for name in ("ec2", "ecs", "elbv2"))
balancer = elbv2.describe_load_balancers(Names=["DemoALBForECS"])["LoadBalancers"][0]
group_id = balancer["SecurityGroups"][0]

# 1. Let visitors reach port 8080 of the load balancer.
ec2.authorize_security_group_ingress(
    GroupId=group_id,
    IpPermissions=[{"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
)

# 2. A target group, and a listener that leads to it.
target_group = elbv2.create_target_group(
    Name="tg-web", Protocol="HTTP", Port=80, TargetType="ip", VpcId=balancer["VpcId"], HealthCheckPath="/"
)["TargetGroups"][0]
elbv2.create_listener(
    LoadBalancerArn=balancer["LoadBalancerArn"],
    Protocol="HTTP",
    Port=8080,
    DefaultActions=[{"Type": "forward", "TargetGroupArn": target_group["TargetGroupArn"]}],
)

# 3. The recipe, and the service. The tasks share subnets and security group with the first service.
ecs.register_task_definition(
    family="web",
    requiresCompatibilities=["FARGATE"],
    networkMode="awsvpc",
    cpu="256",
    memory="512",
    containerDefinitions=[
        {
            "name": "web",
            "image": "public.ecr.aws/nginx/nginx:latest",
            "portMappings": [{"containerPort": 80}],
        }
    ],
)
hello = ecs.describe_services(cluster="DemoCluster", services=["nginxdemos-hello"])["services"][0]
ecs.create_service(
    cluster="DemoCluster",
    serviceName="web",
    taskDefinition="web",
    desiredCount=2,
    launchType="FARGATE",
    networkConfiguration=hello["networkConfiguration"],
    loadBalancers=[
        {"targetGroupArn": target_group["TargetGroupArn"], "containerName": "web", "containerPort": 80}
    ],
)
lab.wait(ecs, "services_stable", cluster="DemoCluster", services=["web"])
lab.wait(elbv2, "target_in_service", TargetGroupArn=target_group["TargetGroupArn"])
"""

MENDED = """\
elbv2 = lab.client("elbv2")
group = elbv2.describe_target_groups(Names=["tg-repair"])["TargetGroups"][0]
for one in elbv2.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]:
    print(one["TargetHealth"])  # Target.ResponseCodeMismatch: there is no page /ready, so nginx answers 404

elbv2.modify_target_group(TargetGroupArn=group["TargetGroupArn"], HealthCheckPath="/")
lab.wait(elbv2, "target_in_service", TargetGroupArn=group["TargetGroupArn"])
"""

EXERCISES: dict[str, Exercise] = {
    "03a": Exercise(
        id="03a",
        title="Start one task by hand",
        check=task_by_hand,
        hints=(
            "A task without a service is started with run_task, not with create_service.",
            f"run_task needs the cluster, the task definition, a launch type, startedBy={STARTED_BY!r} and a network."
            " The service already has a network that works: describe_services shows it.",
            "networkConfiguration has the same shape in both calls, so you can hand the service's to run_task."
            " Without a public address the image cannot be pulled.",
        ),
        solution=TASK_BY_HAND,
    ),
    "03b": Exercise(
        id="03b",
        title="Update with fewer extra tasks",
        check=gentler_deployment,
        hints=(
            "You do not need a new service. One call changes the settings of the one you have.",
            "update_service takes deploymentConfiguration. With 2 tasks wanted, 3 tasks are 150 percent.",
            "What you do not name in deploymentConfiguration stays as it is. Better name the floor and the circuit"
            " breaker too, so that whoever reads the call sees all of it.",
        ),
        solution=GENTLER,
    ),
    "03c": Exercise(
        id="03c",
        title="A second service behind the same load balancer",
        check=second_service,
        hints=(
            "Work from the outside to the inside: security group, listener and target group, task definition, service."
            " lab.check says what is still missing, so run it often.",
            f"The listener listens on port {SECOND_PORT} and forwards to {SECOND_GROUP}. The container listens on"
            " port 80, so the target group and the service name port 80.",
            "Take subnets and security groups from the first service. The target group needs TargetType='ip' and the"
            " VpcId of the load balancer; the listener must exist before the service does.",
        ),
        solution=SECOND_SERVICE,
    ),
    "03d": Exercise(
        id="03d",
        title="Mend a service that is never healthy",
        check=mended_service,
        hints=(
            "Do not guess. describe_target_health tells you a reason and a description.",
            "The program answers, but with another status code than the health check wants. Which path does the"
            " health check ask for? Which paths does a new web server have?",
            "A target group can be changed while it works: modify_target_group takes HealthCheckPath.",
        ),
        solution=MENDED,
    ),
}
