from tests.lab_cloud.ecs.test_tasks_api import refused
from tests.stage import Place


def test_a_fargate_cluster_has_no_container_instances(place: Place) -> None:
    ecs = place.ecs
    assert ecs.list_container_instances(cluster=place.name)["containerInstanceArns"] == []
    found = ecs.describe_container_instances(cluster=place.name, containerInstances=["i"])
    assert found["failures"] == [{"arn": "i", "reason": "MISSING"}]
    assert ecs.list_attributes(cluster=place.name, targetType="container-instance")["attributes"] == []
    definition = place.definition()
    started = ecs.start_task(cluster=place.name, taskDefinition=definition, containerInstances=["i"])
    assert (started["tasks"], started["failures"][0]["reason"]) == ([], "MISSING")
    refused(ecs.list_container_instances, "ClusterNotFoundException", "Cluster not found", cluster="nowhere")


def test_no_instance_can_be_changed(place: Place) -> None:
    ecs = place.ecs
    state = ecs.update_container_instances_state
    assert state(cluster=place.name, containerInstances=["i"], status="DRAINING")["failures"][0]["reason"] == "MISSING"
    refused(
        state, "InvalidParameterException", "ACTIVE or DRAINING",
        cluster=place.name, containerInstances=["i"], status="DEREGISTERING",
    )  # fmt: skip
    for call in (ecs.deregister_container_instance, ecs.update_container_agent):
        refused(call, "InvalidParameterException", "not found", cluster=place.name, containerInstance="i")
    for call in (ecs.put_attributes, ecs.delete_attributes):
        attribute = {"name": "stack", "value": "a", "targetId": "i"}
        refused(call, "TargetNotFoundException", "was not found", cluster=place.name, attributes=[attribute])
        refused(call, "InvalidParameterException", "targetId", cluster=place.name, attributes=[{"name": "stack"}])
        refused(call, "InvalidParameterException", "empty", cluster=place.name, attributes=[])
