from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab_cloud.wire import model
from tests.lab_cloud.ecs.test_tasks_api import refused
from tests.stage import Place
from tests.waiting import until


def test_revisions_count_up_and_come_back_as_registered(place: Place) -> None:
    ecs, family = place.ecs, place.cloud.name("family")
    container = {
        "name": "web", "image": "nginx", "memory": 128, "essential": True, "cpu": 10,
        "portMappings": [{"containerPort": 80, "hostPort": 0, "protocol": "tcp", "name": "http"}],
        "environment": [{"name": "A", "value": "1"}], "stopTimeout": 5, "dockerLabels": {"a": "b"},
    }  # fmt: skip
    first = ecs.register_task_definition(
        family=family, containerDefinitions=[container], tags=[{"key": "lab", "value": "3"}]
    )["taskDefinition"]
    assert first["revision"] == 1
    assert first["containerDefinitions"][0] == {**first["containerDefinitions"][0], **container}
    assert (
        ecs.register_task_definition(family=family, containerDefinitions=[container])["taskDefinition"]["revision"] == 2
    )
    assert ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]["revision"] == 2
    found = ecs.describe_task_definition(taskDefinition=f"{family}:1", include=["TAGS"])
    assert found["tags"] == [{"key": "lab", "value": "3"}]
    listed = ecs.list_task_definitions(familyPrefix=family, sort="DESC")["taskDefinitionArns"]
    assert [arn.rsplit(":", 1)[1] for arn in listed] == ["2", "1"]
    assert family in ecs.list_task_definition_families(familyPrefix=family)["families"]
    assert ecs.deregister_task_definition(taskDefinition=f"{family}:2")["taskDefinition"]["status"] == "INACTIVE"
    assert ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]["revision"] == 1
    gone = ecs.delete_task_definitions(taskDefinitions=[f"{family}:1", f"{family}:2", "none:1"])
    assert [each["status"] for each in gone["taskDefinitions"]] == ["DELETE_IN_PROGRESS"]
    assert len(gone["failures"]) == 2
    reasons = " ".join(each["reason"] for each in gone["failures"])
    assert "still in ACTIVE status" in reasons
    assert "does not exist" in reasons
    invalid = ecs.delete_task_definitions(taskDefinitions=[family])["failures"][0]
    assert "identifier is invalid" in invalid["reason"]
    delete = ecs.delete_task_definitions
    refused(delete, "InvalidParameterException", "1 to 10", taskDefinitions=["a:1"] * 11)
    refused(ecs.deregister_task_definition, "ClientException", "Invalid revision", taskDefinition=f"{family}:x")


def test_a_family_whose_revisions_are_all_deleted_is_not_shown_and_counts_on(place: Place) -> None:
    ecs, family = place.ecs, place.cloud.name("family")
    container = {"name": "web", "image": "nginx", "memory": 64}
    ecs.register_task_definition(family=family, containerDefinitions=[container])
    ecs.deregister_task_definition(taskDefinition=f"{family}:1")
    assert ecs.list_task_definition_families(familyPrefix=family)["families"] == [family]
    ecs.delete_task_definitions(taskDefinitions=[f"{family}:1"])
    assert ecs.list_task_definition_families(familyPrefix=family)["families"] == []
    again = ecs.register_task_definition(family=family, containerDefinitions=[container])["taskDefinition"]
    assert again["revision"] == 2


def test_a_definition_is_kept_while_a_service_uses_it_and_goes_with_that_service(place: Place) -> None:
    ecs, definition = place.ecs, place.definition()
    family = definition.rsplit("/", 1)[1].partition(":")[0]
    service = place.serve(definition, count=0)
    ecs.deregister_task_definition(taskDefinition=definition)
    ecs.delete_task_definitions(taskDefinitions=[definition])
    found = ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]
    assert found["status"] == "DELETE_IN_PROGRESS"
    ecs.delete_service(cluster=place.name, service=service)
    until(lambda: not ecs.list_task_definition_families(familyPrefix=family)["families"])
    assert place.service(service)["status"] == "INACTIVE"  # still shown, as AWS does


def test_bad_input(place: Place) -> None:
    def register(**changes: Any) -> Any:
        web = {"name": "web", "image": "nginx", "memory": 64}
        return place.ecs.register_task_definition(**{"family": "bad", "containerDefinitions": [web], **changes})

    refused(register, "ClientException", "Family contains invalid", family="a b")
    refused(register, "ClientException", "cannot be empty", containerDefinitions=[])
    refused(register, "InvalidParameterException", "enum value set", networkMode="mesh")
    fargate = {"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "300", "memory": "512"}
    refused(register, "ClientException", "Invalid 'cpu' setting for task", **fargate)
    describe = place.ecs.describe_task_definition
    refused(describe, "ClientException", "Unable to describe", taskDefinition="bad")
    refused(place.ecs.deregister_task_definition, "ClientException", "Revision is missing", taskDefinition="bad")


def test_tags_of_every_kind(place: Place) -> None:
    ecs = place.ecs
    arn = ecs.describe_clusters(clusters=[place.name])["clusters"][0]["clusterArn"]
    definition = place.definition()
    for resource in (arn, definition):
        ecs.tag_resource(resourceArn=resource, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
        ecs.untag_resource(resourceArn=resource, tagKeys=["b"])
        assert ecs.list_tags_for_resource(resourceArn=resource)["tags"] == [{"key": "a", "value": "1"}]
    refused(
        ecs.tag_resource, "InvalidParameterException", "aws:", resourceArn=arn, tags=[{"key": "aws:x", "value": "1"}]
    )
    refused(ecs.list_tags_for_resource, "InvalidParameterException", "ARN", resourceArn="arn:aws:ecs:us-east-1:1:x/y")


# -- everything that the model knows comes back as it was registered ---------------------------------------------------

ECS = model.load("ecs")
WORD = st.text("abcdef-", min_size=1, max_size=6)
VOLUMES: list[dict[str, Any]] = [
    {},
    {"host": {"sourcePath": "/srv/data"}},
    {"configuredAtLaunch": True},
    {"dockerVolumeConfiguration": {"scope": "shared", "autoprovision": True, "driver": "local", "labels": {"a": "b"}}},
    {
        "efsVolumeConfiguration": {
            "fileSystemId": "fs-1",
            "rootDirectory": "/",
            "transitEncryption": "ENABLED",
            "transitEncryptionPort": 2999,
            "authorizationConfig": {"accessPointId": "fsap-1", "iam": "ENABLED"},
        }
    },
]
FIXED: dict[str, st.SearchStrategy[Any]] = {
    # what rules other than the model's apply to, drawn so that they are met
    "family": st.just("everything"),
    "tags": st.just([{"key": "a", "value": "b"}]),
    "requiresCompatibilities": st.just(["EC2"]),
    "cpu": st.just("1024"),
    "memory": st.just("2048"),
    "ContainerDefinition.name": st.just("web"),
    "ContainerDefinition.image": st.just("nginx"),
    "ContainerDefinition.cpu": st.integers(0, 512),
    "ContainerDefinition.memory": st.integers(512, 1024),
    "ContainerDefinition.memoryReservation": st.integers(6, 512),
    "ContainerDefinition.essential": st.just(True),
    "ContainerDefinition.dependsOn": st.just([]),
    "ContainerDefinition.mountPoints": st.lists(
        st.fixed_dictionaries(
            {"sourceVolume": st.just("data"), "containerPath": st.just("/data")}, optional={"readOnly": st.booleans()}
        ),
        max_size=1,
    ),
    "ContainerDefinition.volumesFrom": st.just([]),
    "volumes": st.sampled_from(VOLUMES).map(lambda kind: [{"name": "data", **kind}]),
    "KeyValuePair.name": st.just("A"),
    "PortMapping.containerPort": st.just(80),
    "PortMapping.hostPort": st.just(80),
    "HealthCheck.command": st.just(["CMD", "true"]),
    "HealthCheck.interval": st.integers(5, 300),
    "HealthCheck.timeout": st.integers(2, 60),
    "HealthCheck.retries": st.integers(1, 10),
    "HealthCheck.startPeriod": st.integers(0, 300),
    "LogConfiguration.logDriver": st.sampled_from(["json-file", "fluentd"]),
}


def values_of(name: str) -> st.SearchStrategy[Any]:
    """Values that the model allows for a shape."""
    shape = ECS.shape(name)
    kind = shape["type"]
    if kind == "structure":
        stem = "" if name == "RegisterTaskDefinitionRequest" else f"{name}."
        members = {
            member: FIXED[stem + member] if stem + member in FIXED else values_of(item["shape"])
            for member, item in shape["members"].items()
        }
        always = {*shape.get("required", ()), *({"name", "image", "memory"} if name == "ContainerDefinition" else ())}
        always |= set() if stem else {"executionRoleArn", "volumes"}  # what has secrets or mount points needs them
        always |= {"containerPort"} if name == "PortMapping" else set()
        always |= set(members) if shape.get("union") else set()
        return st.fixed_dictionaries(
            {member: value for member, value in members.items() if member in always},
            optional={member: value for member, value in members.items() if member not in always},
        )
    if kind == "list":
        return st.lists(values_of(shape["member"]["shape"]), min_size=1, max_size=1)
    if kind == "map":
        return st.dictionaries(WORD, WORD, max_size=2)
    if kind == "string":
        return st.sampled_from(shape["enum"]) if "enum" in shape else WORD
    return st.booleans() if kind == "boolean" else st.integers(1, 100)


def missing(sent: Any, shown: Any, path: str = "") -> list[str]:
    """Where what was sent is not in what is shown."""
    if isinstance(sent, dict):
        return [
            where
            for key, value in sent.items()
            for where in (missing(value, shown[key], f"{path}.{key}") if key in shown else [f"{path}.{key}"])
        ]
    if isinstance(sent, list) and isinstance(shown, list) and len(sent) == len(shown):
        pairs = enumerate(zip(sent, shown, strict=True))
        return [where for index, (a, b) in pairs for where in missing(a, b, f"{path}[{index}]")]
    return [] if sent == shown else [path]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(values_of("RegisterTaskDefinitionRequest"))
def test_what_is_registered_comes_back(place: Place, definition: dict[str, Any]) -> None:
    made = place.ecs.register_task_definition(**definition)
    shown = place.ecs.describe_task_definition(
        taskDefinition=made["taskDefinition"]["taskDefinitionArn"], include=["TAGS"]
    )
    assert missing(definition, {**shown["taskDefinition"], "tags": shown["tags"]}) == []


def test_every_member_of_the_model_was_drawn() -> None:
    # the property above is worth nothing for a member that the output does not have
    sent = set(ECS.shape("RegisterTaskDefinitionRequest")["members"]) - {"tags"}
    assert sent <= set(ECS.shape("TaskDefinition")["members"])
