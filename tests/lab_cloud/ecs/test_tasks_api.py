from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.stage import Place, RunningCloud
from tests.waiting import until

FOREVER = "import time\nwhile True: time.sleep(1)"


def refused(call: Any, code: str, message: str, **arguments: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    assert message in caught.value.response["Error"]["Message"]


def test_a_task_runs_its_program_and_stops_with_its_exit_code(place: Place) -> None:
    task = place.run(place.program("import sys; sys.exit(3)"))
    assert task["lastStatus"] == "PROVISIONING"
    assert task["desiredStatus"] == "RUNNING"
    stopped = place.until_task(task["taskArn"], "STOPPED")
    assert stopped["stopCode"] == "EssentialContainerExited"
    assert stopped["stoppedReason"] == "Essential container in task exited"
    assert stopped["containers"][0]["exitCode"] == 3
    assert stopped["containers"][0]["lastStatus"] == "STOPPED"
    moments = [stopped[key] for key in ("createdAt", "pullStartedAt", "pullStoppedAt", "stoppingAt", "stoppedAt")]
    assert moments == sorted(moments)


def test_nothing_is_running_without_a_process(place: Place) -> None:
    task = place.run(place.program(FOREVER))
    place.wait("tasks_running", tasks=[task["taskArn"]])
    pids = {child.pid for child in psutil.Process(place.cloud.state["pid"]).children(recursive=True)}
    commands = [psutil.Process(pid).cmdline() for pid in pids if psutil.pid_exists(pid)]
    assert any("while True: time.sleep(1)" in " ".join(command) for command in commands)
    stopped = place.ecs.stop_task(cluster=place.name, task=task["taskArn"], reason="enough")["task"]
    assert stopped["desiredStatus"] == "STOPPED"
    place.wait("tasks_stopped", tasks=[task["taskArn"]])
    found = place.task(task["taskArn"])
    assert (found["stopCode"], found["stoppedReason"]) == ("UserInitiated", "enough")
    assert found["containers"][0]["exitCode"] == 143


def test_a_task_has_an_address_inside_its_subnet(place: Place) -> None:
    import ipaddress

    task = place.run(place.program(FOREVER))
    place.wait("tasks_running", tasks=[task["taskArn"]])
    found = place.task(task["taskArn"])
    details = {item["name"]: item["value"] for item in found["attachments"][0]["details"]}
    subnet = place.ec2.describe_subnets(SubnetIds=[details["subnetId"]])["Subnets"][0]
    assert ipaddress.ip_address(details["privateIPv4Address"]) in ipaddress.ip_network(subnet["CidrBlock"])
    assert found["availabilityZone"] == subnet["AvailabilityZone"]
    enis = place.ec2.describe_network_interfaces(NetworkInterfaceIds=[details["networkInterfaceId"]])
    assert enis["NetworkInterfaces"][0]["PrivateIpAddress"] == details["privateIPv4Address"]
    place.ecs.stop_task(cluster=place.name, task=task["taskArn"])
    place.wait("tasks_stopped", tasks=[task["taskArn"]])


def test_overrides_change_command_and_environment(place: Place) -> None:
    definition = place.program("raise SystemExit(1)", environment=[{"name": "CODE", "value": "1"}])
    command = ["python", "-c", "import os, sys; sys.exit(int(os.environ['CODE']))"]
    override = {"name": "web", "command": command, "environment": [{"name": "CODE", "value": "7"}]}
    task = place.run(definition, overrides={"containerOverrides": [override]})
    assert place.until_task(task["taskArn"], "STOPPED")["containers"][0]["exitCode"] == 7


def test_entry_point_and_command_are_joined(place: Place) -> None:
    definition = place.definition("python:3.12", entryPoint=["python", "-c"], command=["raise SystemExit(9)"])
    task = place.run(definition)
    assert place.until_task(task["taskArn"], "STOPPED")["containers"][0]["exitCode"] == 9


def test_an_essential_container_takes_the_others_with_it(place: Place) -> None:
    containers = [
        {"name": "main", "image": "python:3.12", "command": ["python", "-c", "import time; time.sleep(0.3)"]},
        {"name": "side", "image": "python:3.12", "command": ["python", "-c", FOREVER], "essential": False},
    ]
    made = place.ecs.register_task_definition(
        family=place.cloud.name("pair"), networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256",
        memory="512", containerDefinitions=containers,
    )  # fmt: skip
    task = place.run(made["taskDefinition"]["taskDefinitionArn"])
    stopped = place.until_task(task["taskArn"], "STOPPED")
    assert {each["name"]: each["exitCode"] for each in stopped["containers"]} == {"main": 0, "side": 143}


def test_a_container_that_is_not_essential_may_end_alone(place: Place) -> None:
    containers = [
        {"name": "main", "image": "python:3.12", "command": ["python", "-c", FOREVER]},
        {"name": "side", "image": "python:3.12", "command": ["python", "-c", "pass"], "essential": False},
    ]
    made = place.ecs.register_task_definition(
        family=place.cloud.name("pair"), networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256",
        memory="512", containerDefinitions=containers,
    )  # fmt: skip
    task = place.run(made["taskDefinition"]["taskDefinitionArn"])

    def side_has_ended() -> bool:
        found = {each["name"]: each for each in place.task(task["taskArn"])["containers"]}
        return found["side"].get("exitCode") == 0

    until(side_has_ended, 10)
    assert place.task(task["taskArn"])["lastStatus"] == "RUNNING"
    place.ecs.stop_task(cluster=place.name, task=task["taskArn"])
    place.wait("tasks_stopped", tasks=[task["taskArn"]])


def test_stop_timeout_kills_what_ignores_sigterm(place: Place) -> None:
    deaf = (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf')\nwhile True: time.sleep(1)"
    )
    task = place.run(place.program(deaf, stopTimeout=2))
    place.wait("tasks_running", tasks=[task["taskArn"]])
    place.ecs.stop_task(cluster=place.name, task=task["taskArn"])
    stopped = place.until_task(task["taskArn"], "STOPPED")
    assert stopped["containers"][0]["exitCode"] in (137, 143)  # 143 when the signal came before the program ignored it


def test_an_image_that_does_not_exist_stops_the_task(place: Place) -> None:
    task = place.run(place.definition("no-such/image:1"))
    stopped = place.until_task(task["taskArn"], "STOPPED")
    assert stopped["stopCode"] == "TaskFailedToStart"
    assert stopped["stoppedReason"].startswith("CannotPullContainerError")


def test_a_task_without_a_way_out_cannot_pull(place: Place) -> None:
    task = place.run(place.definition(), networkConfiguration=place.network(public=False))
    stopped = place.until_task(task["taskArn"], "STOPPED")
    assert stopped["stoppedReason"].startswith("CannotPullContainerError")
    assert "assignPublicIp" in stopped["stoppedReason"]


def test_too_much_memory_ends_the_container(place: Place) -> None:
    task = place.run(place.program("held = bytearray(200_000_000)\nimport time\ntime.sleep(60)", memory=64))
    stopped = place.until_task(task["taskArn"], "STOPPED")
    assert stopped["stoppedReason"] == "Essential container in task exited"
    assert stopped["containers"][0]["exitCode"] == 137
    assert stopped["containers"][0]["reason"].startswith("OutOfMemoryError")


def test_output_goes_to_the_awslogs_stream(place: Place) -> None:
    logs = place.cloud.client("logs")
    group = f"/ecs/{place.cloud.name('group')}"
    options = {"awslogs-group": group, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "ecs"}
    definition = place.program(
        "import sys\nprint('hello')\nprint('trouble', file=sys.stderr)",
        logConfiguration={"logDriver": "awslogs", "options": options},
    )
    task = place.run(definition)
    missing = place.until_task(task["taskArn"], "STOPPED")
    assert missing["stoppedReason"].startswith("ResourceInitializationError")
    assert "log group" in missing["stoppedReason"]
    logs.create_log_group(logGroupName=group)
    task = place.run(definition)
    place.until_task(task["taskArn"], "STOPPED")
    stream = f"ecs/web/{task['taskArn'].rsplit('/', 1)[1]}"

    def lines() -> set[str]:
        events = logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]
        return {event["message"] for event in events}

    until(lambda: lines() == {"hello", "trouble"}, 5)


def test_a_program_can_read_its_metadata_and_only_its_own(place: Place) -> None:
    code = (
        "import json, os, time, urllib.request\n"
        "base = os.environ['ECS_CONTAINER_METADATA_URI_V4']\n"
        "def ask(path): return json.load(urllib.request.urlopen(base + path))\n"
        "task = ask('/task')\n"
        "assert task['Containers'][0]['Name'] == 'web', task\n"
        "assert ask('/taskWithTags')['TaskTags'] == {'team': 'blue'}\n"
        "own = ask('')\n"
        "assert (own['Name'], own['DockerId']) == ('web', ask('/stats')['id']), own\n"
        "stats = ask('/task/stats')[own['DockerId']]\n"
        "assert stats['memory_stats']['usage'] > 1_000_000, stats\n"
        "assert stats['memory_stats']['limit'] == 512 * 1024 * 1024, stats\n"
        "assert ask('/stats')['cpu_stats']['cpu_usage']['total_usage'] > 0\n"
        "try:\n    urllib.request.urlopen(base[:-8] + 'x/web/task')\n"
        "except urllib.error.HTTPError as error:\n    assert error.code == 404\n"
        "raise SystemExit(5)"
    )
    task = place.run(place.program(code), tags=[{"key": "team", "value": "blue"}])
    assert place.until_task(task["taskArn"], "STOPPED")["containers"][0]["exitCode"] == 5


def test_containers_do_not_see_the_clouds_keys(place: Place) -> None:
    code = "import os, sys; sys.exit(any('SECRET' in name for name in os.environ))"
    assert place.until_task(place.run(place.program(code))["taskArn"], "STOPPED")["containers"][0]["exitCode"] == 0


def test_list_tasks_filters(place: Place) -> None:
    definition = place.program(FOREVER)
    family = definition.rsplit("/", 1)[1].split(":")[0]
    mine = place.run(definition, startedBy="me")["taskArn"]
    other = place.run(place.program(FOREVER))["taskArn"]

    def listed(**filters: str) -> list[str]:
        return list(place.ecs.list_tasks(cluster=place.name, **filters)["taskArns"])

    assert listed(family=family) == [mine]
    assert listed(startedBy="me") == [mine]
    assert {mine, other} <= set(listed(launchType="FARGATE"))
    assert listed(launchType="EC2") == []
    assert listed(desiredStatus="PENDING") == []
    place.ecs.stop_task(cluster=place.name, task=mine)
    assert mine in listed(desiredStatus="STOPPED")
    assert mine not in listed()
    page = place.ecs.list_tasks(cluster=place.name, maxResults=1, desiredStatus="STOPPED")
    assert len(page["taskArns"]) == 1
    place.ecs.stop_task(cluster=place.name, task=other)
    place.wait("tasks_stopped", tasks=[mine, other])


def test_unknown_tasks_are_failures(place: Place) -> None:
    answer = place.ecs.describe_tasks(cluster=place.name, tasks=["0" * 32])
    assert answer["tasks"] == []
    assert answer["failures"][0]["reason"] == "MISSING"
    refused(place.ecs.stop_task, "InvalidParameterException", "not found", cluster=place.name, task="0" * 32)


def test_bad_input_is_refused(place: Place, cloud: RunningCloud) -> None:
    definition = place.definition()
    good = {"cluster": place.name, "taskDefinition": definition, "launchType": "FARGATE"}
    network = place.network()
    run = place.ecs.run_task
    refused(run, "InvalidParameterException", "Network Configuration must be provided", **good)
    bad = {**network["awsvpcConfiguration"], "subnets": ["subnet-0"]}
    refused(
        run, "InvalidParameterException", "does not exist", **good, networkConfiguration={"awsvpcConfiguration": bad}
    )
    bad = {**network["awsvpcConfiguration"], "securityGroups": ["sg-0"]}
    refused(
        run, "InvalidParameterException", "does not exist", **good, networkConfiguration={"awsvpcConfiguration": bad}
    )
    good["networkConfiguration"] = network  # type: ignore[assignment]
    refused(run, "ClusterNotFoundException", "Cluster not found", **{**good, "cluster": "nowhere"})
    refused(run, "ClientException", "TaskDefinition not found", **{**good, "taskDefinition": "nothing"})
    refused(run, "InvalidParameterException", "enum value set", **{**good, "launchType": "MOON"})
    refused(run, "InvalidParameterException", "between 1 and 10", **good, count=11)
    override = {"containerOverrides": [{"name": "nobody"}]}
    refused(run, "InvalidParameterException", "nobody", **good, overrides=override)
    refused(run, "PlatformUnknownException", "9.9", **good, platformVersion="9.9")
    big = place.ecs.register_task_definition(
        family=cloud.name("big"), networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
        containerDefinitions=[{"name": "web", "image": "nginx"}], ephemeralStorage={"sizeInGiB": 30},
    )["taskDefinition"]  # fmt: skip
    refused(
        run, "PlatformTaskDefinitionIncompatibilityException", "ephemeralStorage",
        **{**good, "taskDefinition": big["taskDefinitionArn"]}, platformVersion="1.3.0",
    )  # fmt: skip
    volume = {"name": "data", "managedEBSVolume": {"roleArn": "arn:aws:iam::123456789012:role/ecsInfrastructure"}}
    refused(run, "InvalidParameterException", "not configured at launch", **good, volumeConfigurations=[volume])
    late = place.ecs.register_task_definition(
        family=cloud.name("late"), networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
        containerDefinitions=[{"name": "web", "image": "nginx"}],
        volumes=[{"name": "data", "configuredAtLaunch": True}],
    )["taskDefinition"]["taskDefinitionArn"]  # fmt: skip
    refused(run, "InvalidParameterException", "must be specified for it", **{**good, "taskDefinition": late})
    refused(run, "InvalidParameterException", "cannot begin with", **good, group="service:web")
    refused(run, "InvalidParameterException", "at most 128", **good, startedBy="x" * 129)
    refused(run, "InvalidParameterException", "only valid for services", **good, propagateTags="SERVICE")
    tagged = place.ecs.list_tags_for_resource
    missing = f"arn:aws:ecs:us-east-1:123456789012:task/{place.name}/{'0' * 32}"
    refused(tagged, "ResourceNotFoundException", "was not found", resourceArn=missing)
    listing = place.ecs.list_tasks
    refused(listing, "InvalidParameterException", "cannot be combined", cluster=place.name, startedBy="a", family="b")
    refused(listing, "ServiceNotFoundException", "not found", cluster=place.name, serviceName="none")
    assert place.ecs.list_tasks(cluster=place.name, family=definition.rsplit("/")[-1].split(":")[0])["taskArns"] == []


def test_a_client_token_runs_once(place: Place) -> None:
    definition = place.program("pass")
    first = place.run(definition, clientToken="once")
    assert place.run(definition, clientToken="once")["taskArn"] == first["taskArn"]
    with pytest.raises(ClientError, match="ConflictException") as caught:
        place.run(definition, clientToken="once", startedBy="other")
    assert caught.value.response["resourceIds"] == [first["taskArn"]]
