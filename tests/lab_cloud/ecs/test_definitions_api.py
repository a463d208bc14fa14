from typing import Any

from tests.lab_cloud.ecs.test_tasks_api import refused
from tests.stage import Place


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
    refused(place.ecs.deregister_task_definition, "ClientException", "include a revision", taskDefinition="bad")


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
