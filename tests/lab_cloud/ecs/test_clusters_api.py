from tests.lab_cloud.ecs.test_tasks_api import FOREVER, refused
from tests.stage import Place, RunningCloud


def test_a_cluster_comes_and_goes(cloud: RunningCloud) -> None:
    ecs, name = cloud.client("ecs"), cloud.name("cluster")
    tags = [{"key": "lab", "value": "02"}]
    made = ecs.create_cluster(clusterName=name, tags=tags, capacityProviders=["FARGATE", "FARGATE_SPOT"])["cluster"]
    assert made["status"] == "ACTIVE"
    assert made["clusterArn"].endswith(f":cluster/{name}")
    assert ecs.create_cluster(clusterName=name)["cluster"]["clusterArn"] == made["clusterArn"]
    found = ecs.describe_clusters(clusters=[name, "nowhere"], include=["TAGS", "SETTINGS", "STATISTICS"])
    assert found["clusters"][0]["tags"] == tags
    assert found["failures"][0]["reason"] == "MISSING"
    assert made["clusterArn"] in ecs.list_clusters()["clusterArns"]
    assert ecs.delete_cluster(cluster=name)["cluster"]["status"] == "INACTIVE"
    assert made["clusterArn"] not in ecs.list_clusters()["clusterArns"]
    refused(ecs.delete_cluster, "ClusterNotFoundException", "Cluster not found", cluster=name)


def test_a_cluster_in_use_stays(cloud: RunningCloud) -> None:
    place = Place(cloud)
    task = place.run(place.program(FOREVER))["taskArn"]
    remove = place.ecs.delete_cluster
    refused(remove, "ClusterContainsTasksException", "Tasks are active", cluster=place.name)
    service = place.serve(place.program(FOREVER), 1)
    refused(remove, "ClusterContainsServicesException", "Services are active", cluster=place.name)
    place.ecs.delete_service(cluster=place.name, service=service, force=True)
    place.ecs.stop_task(cluster=place.name, task=task)
    place.wait("services_inactive", services=[service])
    place.wait("tasks_stopped", tasks=[task])
    remove(cluster=place.name)


def test_bad_names_and_strategies(cloud: RunningCloud) -> None:
    create = cloud.client("ecs").create_cluster
    refused(create, "InvalidParameterException", "Invalid cluster name", clusterName="a b")
    refused(create, "InvalidParameterException", "was not found", clusterName="x", capacityProviders=["MOON"])
    strategy = [{"capacityProvider": "FARGATE"}]
    refused(
        create, "InvalidParameterException", "not associated", clusterName="x", defaultCapacityProviderStrategy=strategy
    )


def test_container_insights_takes_three_values(cloud: RunningCloud, place: Place) -> None:
    wrong = [{"name": "containerInsights", "value": "on"}]
    refuse = "Specify one of enhanced, enabled, disabled"
    refused(place.ecs.create_cluster, "InvalidParameterException", refuse, clusterName="insights", settings=wrong)
    for change in (place.ecs.update_cluster, place.ecs.update_cluster_settings):
        refused(change, "InvalidParameterException", refuse, cluster=place.name, settings=wrong)
        right = [{"name": "containerInsights", "value": "enhanced"}]
        assert change(cluster=place.name, settings=right)["cluster"]["settings"] == right
        off = [{"name": "containerInsights", "value": "disabled"}]
        place.ecs.update_cluster_settings(cluster=place.name, settings=off)


def test_what_is_not_there_says_so_in_awss_shape(cloud: RunningCloud) -> None:
    refused(
        cloud.client("ecs").describe_task_sets,
        "UnsupportedOperation",
        "not part of the embedded cloud. Task sets belong to services whose deployment controller is EXTERNAL",
        cluster="a",
        service="b",
    )


def test_settings_are_kept_and_checked(cloud: RunningCloud) -> None:
    ecs, name = cloud.client("ecs"), cloud.name("cluster")
    insights = [{"name": "containerInsights", "value": "enhanced"}]
    made = ecs.create_cluster(clusterName=name, settings=insights)["cluster"]
    assert made["settings"] == insights
    other = [{"name": "containerInsights", "value": "disabled"}]
    refused(ecs.create_cluster, "InvalidParameterException", "inconsistent", clusterName=name, settings=other)
    assert ecs.update_cluster_settings(cluster=name, settings=other)["cluster"]["settings"] == other
    wrong = [{"name": "containerInsights", "value": "loud"}]
    refused(ecs.update_cluster_settings, "InvalidParameterException", "loud", cluster=name, settings=wrong)
    configuration = {"executeCommandConfiguration": {"logging": "DEFAULT"}}
    shown = ecs.update_cluster(cluster=name, configuration=configuration, serviceConnectDefaults={"namespace": "shop"})[
        "cluster"
    ]
    assert shown["configuration"] == configuration
    assert shown["serviceConnectDefaults"] == {"namespace": "shop"}
    refused(ecs.describe_clusters, "InvalidParameterException", "At most 100", clusters=["x"] * 101)
    ecs.delete_cluster(cluster=name)
