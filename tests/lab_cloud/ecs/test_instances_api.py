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
