from typing import Any

from tests.lab_cloud.ecs.test_tasks_api import FOREVER, refused
from tests.stage import Place, RunningCloud
from tests.waiting import until


def scaling_group(place: Place) -> str:
    """The ARN of a new Auto Scaling group without instances."""
    scaling, name = place.cloud.client("autoscaling"), place.cloud.name("group")
    scaling.create_launch_configuration(
        LaunchConfigurationName=name, ImageId="ami-05fb4f257abd42992", InstanceType="t3.micro"
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=name, LaunchConfigurationName=name, MinSize=0, MaxSize=2, DesiredCapacity=0,
        VPCZoneIdentifier=",".join(place.subnets),
    )  # fmt: skip
    found = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]
    return str(found["AutoScalingGroupARN"])


def provider(place: Place, **settings: Any) -> str:
    """The name of a new capacity provider of a new Auto Scaling group."""
    name = place.cloud.name("provider")
    asked = {"autoScalingGroupArn": scaling_group(place), **settings}
    place.ecs.create_capacity_provider(name=name, autoScalingGroupProvider=asked)
    return name


def associate(place: Place, *names: str, strategy: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    put = place.ecs.put_cluster_capacity_providers
    done = put(cluster=place.name, capacityProviders=list(names), defaultCapacityProviderStrategy=list(strategy))
    cluster: dict[str, Any] = done["cluster"]
    return cluster


def test_a_provider_comes_with_its_defaults_and_goes(place: Place) -> None:
    ecs, group, name = place.ecs, scaling_group(place), place.cloud.name("provider")
    tags = [{"key": "lab", "value": "02"}]
    made = ecs.create_capacity_provider(
        name=name,
        autoScalingGroupProvider={"autoScalingGroupArn": group, "managedScaling": {"targetCapacity": 80}},
        tags=tags,
    )["capacityProvider"]
    assert made["status"] == "ACTIVE"
    assert made["type"] == "EC2_AUTOSCALING"
    assert made["capacityProviderArn"].endswith(f":capacity-provider/{name}")
    assert made["autoScalingGroupProvider"] == {
        "autoScalingGroupArn": group,
        "managedScaling": {
            "status": "ENABLED",
            "targetCapacity": 80,
            "minimumScalingStepSize": 1,
            "maximumScalingStepSize": 10000,
            "instanceWarmupPeriod": 300,
        },
        "managedTerminationProtection": "DISABLED",
        "managedDraining": "ENABLED",
    }
    changed = ecs.update_capacity_provider(
        name=name,
        autoScalingGroupProvider={"managedScaling": {"instanceWarmupPeriod": 0}, "managedDraining": "DISABLED"},
    )["capacityProvider"]["autoScalingGroupProvider"]
    assert changed["managedScaling"]["instanceWarmupPeriod"] == 0
    assert changed["managedScaling"]["targetCapacity"] == 80
    assert changed["managedDraining"] == "DISABLED"
    found = ecs.describe_capacity_providers(capacityProviders=[made["capacityProviderArn"], "none"], include=["TAGS"])
    assert found["capacityProviders"][0]["tags"] == tags
    assert found["failures"][0]["reason"] == "MISSING"
    ecs.tag_resource(resourceArn=made["capacityProviderArn"], tags=[{"key": "a", "value": "b"}])
    assert len(ecs.list_tags_for_resource(resourceArn=made["capacityProviderArn"])["tags"]) == 2
    gone = ecs.delete_capacity_provider(capacityProvider=name)["capacityProvider"]
    assert (gone["status"], gone["updateStatus"]) == ("INACTIVE", "DELETE_COMPLETE")
    listed = [each["name"] for each in ecs.describe_capacity_providers()["capacityProviders"]]
    assert name not in listed
    assert {"FARGATE", "FARGATE_SPOT"} <= set(listed)


def test_a_cluster_shows_what_it_is_given(cloud: RunningCloud) -> None:
    place = Place(cloud)
    name = provider(place)
    cluster = associate(place, "FARGATE", name, strategy=({"capacityProvider": name, "weight": 1, "base": 2},))
    assert cluster["capacityProviders"] == ["FARGATE", name]
    assert cluster["defaultCapacityProviderStrategy"] == [{"capacityProvider": name, "weight": 1, "base": 2}]
    assert cluster["attachmentsStatus"] == "UPDATE_COMPLETE"
    details = {each["name"]: each["value"] for each in cluster["attachments"][0]["details"]}
    assert details["capacityProviderName"] == name
    assert details["scalingPolicyName"].startswith("ECSManagedAutoScalingPolicy-")
    found = place.ecs.describe_capacity_providers(cluster=place.name)["capacityProviders"]
    assert [each["name"] for each in found] == ["FARGATE", name]
    refused(place.ecs.delete_capacity_provider, "ClientException", "associated with cluster", capacityProvider=name)
    assert associate(place)["capacityProviders"] == []
    place.ecs.delete_capacity_provider(capacityProvider=name)


def test_a_task_waits_for_an_instance_that_does_not_come(cloud: RunningCloud) -> None:
    place = Place(cloud)
    name = provider(place)
    strategy = [{"capacityProvider": name, "weight": 1}]
    associate(place, "FARGATE", name, strategy=({"capacityProvider": "FARGATE"},))
    options = {"capacityProviderStrategy": strategy, "networkConfiguration": place.network(public=False)}
    ran = place.ecs.run_task(cluster=place.name, taskDefinition=place.program(FOREVER), **options)["tasks"][0]
    assert (ran["capacityProviderName"], ran["launchType"]) == (name, "EC2")
    service = cloud.name("waiting")
    made = place.ecs.create_service(
        cluster=place.name, serviceName=service, taskDefinition=place.program(FOREVER), desiredCount=1, **options
    )["service"]
    assert made["capacityProviderStrategy"] == [{"capacityProvider": name, "weight": 1, "base": 0}]
    assert "launchType" not in made

    def told() -> list[str]:
        return [event["message"] for event in place.service(service)["events"] if "unable to place" in event["message"]]

    assert "No Container Instances were found in your capacity provider." in until(told, 10)[0]
    waiting = place.tasks(service)
    assert place.task(waiting[0])["lastStatus"] == "PROVISIONING"
    assert place.task(ran["taskArn"])["lastStatus"] == "PROVISIONING"
    counts = place.ecs.describe_clusters(clusters=[place.name], include=["STATISTICS"])["clusters"][0]
    assert {"name": "pendingEC2TasksCount", "value": "2"} in counts["statistics"]
    assert {"name": "activeEC2ServiceCount", "value": "1"} in counts["statistics"]
    refused(
        place.ecs.put_cluster_capacity_providers, "ResourceInUseException", "in use and cannot be removed",
        cluster=place.name, capacityProviders=["FARGATE"], defaultCapacityProviderStrategy=[],
    )  # fmt: skip
    place.ecs.delete_service(cluster=place.name, service=service, force=True)
    place.ecs.stop_task(cluster=place.name, task=ran["taskArn"])
    place.wait("tasks_stopped", tasks=[ran["taskArn"], *waiting])
    assert len(told()) == 1


def test_nothing_waits_where_nothing_will_come(cloud: RunningCloud) -> None:
    place = Place(cloud)
    name = provider(place, managedScaling={"status": "DISABLED"})
    associate(place, name)
    strategy = [{"capacityProvider": name, "weight": 1}]
    common = {
        "cluster": place.name,
        "taskDefinition": place.program(FOREVER),
        "networkConfiguration": place.network(public=False),
    }
    run = place.ecs.run_task
    refused(
        run, "InvalidParameterException", "found in your capacity provider", **common, capacityProviderStrategy=strategy
    )
    refused(run, "InvalidParameterException", "found in your cluster", **common)
    for options, why in (
        ({"capacityProviderStrategy": strategy}, "in your capacity provider."),
        ({"launchType": "EC2"}, "in your cluster."),
    ):
        service = place.cloud.name("nowhere")
        place.ecs.create_service(serviceName=service, desiredCount=1, **common, **options)
        until(lambda service=service, why=why: why in str(place.service(service)["events"]), 10)  # type: ignore[misc]
        assert place.tasks(service) == []
        place.ecs.delete_service(cluster=place.name, service=service, force=True)


def test_what_is_refused(place: Place) -> None:
    ecs, group = place.ecs, scaling_group(place)
    create = ecs.create_capacity_provider

    def asked(**settings: Any) -> dict[str, Any]:
        return {"autoScalingGroupProvider": {"autoScalingGroupArn": group, **settings}}

    for name in ("a b", "aws-x", "ECS", "fargate2"):
        refused(create, "ClientException", "name", name=name, **asked())
    refused(create, "ClientException", "needs an autoScalingGroupProvider", name="x")
    missing = {"autoScalingGroupProvider": {"autoScalingGroupArn": group + "x"}}
    refused(create, "ClientException", "does not exist", name="x", **missing)
    refused(
        create, "InvalidParameterException", "targetCapacity", name="x", **asked(managedScaling={"targetCapacity": 101})
    )
    steps = {"minimumScalingStepSize": 3, "maximumScalingStepSize": 2}
    refused(create, "ClientException", "must not be greater", name="x", **asked(managedScaling=steps))
    protected = {"managedScaling": {"status": "DISABLED"}, "managedTerminationProtection": "ENABLED"}
    refused(create, "ClientException", "managed scaling must be enabled", name="x", **asked(**protected))
    instances = {
        "infrastructureRoleArn": "arn:aws:iam::123456789012:role/r",
        "instanceLaunchTemplate": {"ec2InstanceProfileArn": "arn", "networkConfiguration": {}},
    }
    refused(create, "UnsupportedFeatureException", "Managed Instances", name="x", managedInstancesProvider=instances)
    first = place.cloud.name("first")
    create(name=first, **asked())
    refused(create, "ClientException", "already exists", name=first, **asked())
    refused(create, "ClientException", "already being used", name=place.cloud.name("second"), **asked())
    update = ecs.update_capacity_provider
    refused(
        update, "ClientException", "must not be greater", name=first, autoScalingGroupProvider={"managedScaling": steps}
    )
    refused(update, "ClientException", "does not exist", name="none", autoScalingGroupProvider={})
    refused(update, "ClientException", "Nothing to update", name=first)
    for name in ("FARGATE", "FARGATE_SPOT"):
        refused(ecs.delete_capacity_provider, "ClientException", "reserved", capacityProvider=name)
    refused(ecs.delete_capacity_provider, "ClientException", "does not exist", capacityProvider="none")
    put = ecs.put_cluster_capacity_providers
    wrong = {"cluster": place.name, "capacityProviders": ["none"], "defaultCapacityProviderStrategy": []}
    refused(put, "InvalidParameterException", "was not found", **wrong)
    refused(put, "ClusterNotFoundException", "Cluster not found", **{**wrong, "cluster": "nowhere"})
    strange = [{"capacityProvider": first, "weight": 1}]
    refused(
        put, "InvalidParameterException", "not associated",
        **{**wrong, "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": strange},
    )  # fmt: skip
    ecs.delete_capacity_provider(capacityProvider=first)
