"""Lab 11: a better health check, a small service of one's own, an Express service with room to grow."""

from typing import TYPE_CHECKING, Any

from lab_helpers.exercises import Done, Exercise, NotAttempted, NotYet
from lab_helpers.kinds_apprunner import pages_of

if TYPE_CHECKING:
    from lab_helpers.exercises import Outcome
    from lab_helpers.lab import Lab

NAME, GREETER, EXPRESS = "DemoHTTP", "greeter", "demo-express"
CHECK = {"Protocol": "HTTP", "Path": "/", "Interval": 10, "UnhealthyThreshold": 3}
DEFAULT = {"Protocol": "TCP", "Path": "/", "Interval": 5, "UnhealthyThreshold": 5}
SCALING = {"minTaskCount": 2, "maxTaskCount": 4, "autoScalingMetric": "AVERAGE_CPU", "autoScalingTargetValue": 70}


def better_check(lab: "Lab") -> "Outcome":
    """DemoHTTP is checked over HTTP, and still runs."""
    service = _service(lab, NAME)
    if service is None:
        return NotAttempted(f"There is no service {NAME}. Run the cells of section 1.")
    check = service["HealthCheckConfiguration"]
    if all(check.get(name) == value for name, value in DEFAULT.items()):
        return NotAttempted("The health check still is the one that comes by itself: TCP, every 5 seconds.")
    missing = [
        f"{name} {value}: yours is {check.get(name)}" for name, value in CHECK.items() if check.get(name) != value
    ]
    missing += _not_running(service)
    if missing:
        return NotYet(missing=missing)
    return Done("App Runner asks for a page now, and a program that only listens is no longer good enough.")


def greeter(lab: "Lab") -> "Outcome":
    """A service of the smallest size says hello."""
    service = _service(lab, GREETER)
    if service is None:
        return NotAttempted(f"There is no App Runner service {GREETER} yet.")
    size = service["InstanceConfiguration"]
    image = service["SourceConfiguration"].get("ImageRepository", {}).get("ImageConfiguration", {})
    variables = image.get("RuntimeEnvironmentVariables", {})
    missing = []
    if (size["Cpu"], size["Memory"]) != ("256", "512"):
        missing.append(f"0.25 vCPU and 0.5 GB: yours has {int(size['Cpu']) / 1024:g} vCPU, {_gb(size['Memory'])} GB")
    if variables.get("TEXT") != "hello":
        missing.append(f"the text hello: yours is {variables.get('TEXT', 'not there')!r}")
    missing += _not_running(service)
    if missing:
        return NotYet(missing=missing)
    return Done("It says hello for 0.0035 USD an hour while nobody asks (us-east-1, November 2026).")


def room_to_grow(lab: "Lab") -> "Outcome":
    """The Express service scales between 2 and 4 tasks."""
    service = _express(lab)
    if service is None:
        return NotAttempted(f"There is no Express service {EXPRESS}. Run the cells of section 6.")
    configuration = service["activeConfigurations"][0]
    found = configuration["scalingTarget"]
    if found["minTaskCount"] == 1 and found["maxTaskCount"] == 20:
        return NotAttempted("The service still has the bounds that come by themselves: 1 and 20 tasks.")
    missing = [
        f"{name} {value}: yours is {found.get(name)}" for name, value in SCALING.items() if found.get(name) != value
    ]
    running = lab.client("ecs").describe_services(cluster="default", services=[EXPRESS])["services"][0]["runningCount"]
    if not missing and running < SCALING["minTaskCount"]:
        missing.append(f"2 tasks that run: {running} runs so far; wait a moment and check again")
    if missing:
        return NotYet(missing=missing)
    return Done("Two tasks at least, four at most. It is the scalable target of lab 04, set through Express Mode.")


def _service(lab: "Lab", name: str) -> dict[str, Any] | None:
    client = lab.client("apprunner")
    listed = pages_of(client, "list_services", "ServiceSummaryList")
    arn = next((one["ServiceArn"] for one in listed if one["ServiceName"] == name and one["Status"] != "DELETED"), None)
    return None if arn is None else dict(client.describe_service(ServiceArn=arn)["Service"])


def _not_running(service: dict[str, Any]) -> list[str]:
    status = service["Status"]
    if status == "RUNNING":
        return []
    wait = "; wait and check again" if status == "OPERATION_IN_PROGRESS" else "; its events say why"
    return [f"the status RUNNING: it is {status}{wait}"]


def _express(lab: "Lab") -> dict[str, Any] | None:
    ecs = lab.client("ecs")
    found = ecs.describe_services(cluster="default", services=[EXPRESS])["services"] if _default(ecs) else []
    arn = next((one["serviceArn"] for one in found if one["status"] == "ACTIVE"), None)
    return None if arn is None else dict(ecs.describe_express_gateway_service(serviceArn=arn)["service"])


def _default(ecs: Any) -> bool:
    found = ecs.describe_clusters(clusters=["default"])["clusters"]
    return any(one["status"] == "ACTIVE" for one in found)


def _gb(mib: str) -> str:
    return f"{int(mib) / 1024:g}"


BETTER_CHECK = """\
apprunner.update_service(
    ServiceArn=service()["ServiceArn"],
    HealthCheckConfiguration={
        "Protocol": "HTTP",
        "Path": "/",
        "Interval": 10,
        "UnhealthyThreshold": 3,
    },
)
wait_for_operation()
"""

GREETER_CODE = """\
apprunner.create_service(
    ServiceName="greeter",
    SourceConfiguration=program("hello"),
    InstanceConfiguration={"Cpu": "0.25 vCPU", "Memory": "0.5 GB"},
)
wait_for_operation("greeter")
"""

ROOM_TO_GROW = """\
ecs.update_express_gateway_service(
    serviceArn=made["serviceArn"],
    scalingTarget={
        "minTaskCount": 2,
        "maxTaskCount": 4,
        "autoScalingMetric": "AVERAGE_CPU",
        "autoScalingTargetValue": 70,
    },
)
lab.wait(lambda: plain()["runningCount"] >= 2, "the second task")
"""

EXERCISES: dict[str, Exercise] = {
    "11a": Exercise(
        id="11a",
        title="A better health check",
        check=better_check,
        hints=(
            "update_service changes one thing and leaves the others as they are. You need not repeat the source.",
            "The parameter is HealthCheckConfiguration: Protocol, Path, and two more.",
            "The seconds between two checks are Interval. How many failures count is UnhealthyThreshold.",
        ),
        solution=BETTER_CHECK,
    ),
    "11b": Exercise(
        id="11b",
        title="A small service of your own",
        check=greeter,
        hints=(
            "It is the call of section 1 with another name, another source and another size.",
            'The size is written as in section 1: "0.25 vCPU", and memory in the same way.',
            'The source is program("hello"). Then wait with wait_for_operation("greeter").',
        ),
        solution=GREETER_CODE,
    ),
    "11c": Exercise(
        id="11c",
        title="An Express service with room to grow",
        check=room_to_grow,
        hints=(
            "update_express_gateway_service deploys only when the container or the network changes.",
            "Everything about scaling is in one parameter, scalingTarget.",
            "It has four members: the two bounds, the metric AVERAGE_CPU, and the target value.",
        ),
        solution=ROOM_TO_GROW,
    ),
}
