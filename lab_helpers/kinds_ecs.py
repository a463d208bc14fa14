"""The things of ECS that a lab makes: services, tasks, clusters, task definitions, capacity providers."""

from collections.abc import Iterator, Sequence
from typing import Any

from .inventory import Kind, Tags, Thing, Wait, batches, pages, short


def _services(ecs: Any, tags: Tags) -> Iterator[Thing]:
    for cluster in pages(ecs, "list_clusters", "clusterArns"):
        for arns in batches(pages(ecs, "list_services", "serviceArns", cluster=cluster), 10):
            answer = ecs.describe_services(cluster=cluster, services=arns, include=["TAGS"])
            for one in answer["services"]:
                lab = tags.lab(one.get("tags"))
                if lab is not None and one["status"] == "ACTIVE":
                    state = f"{one['desiredCount']} of {short(one.get('taskDefinition', ''))}"
                    yield Thing("service", one["serviceName"], one["serviceArn"], lab, state, cluster)


def _delete_service(ecs: Any, thing: Thing) -> None:
    found = ecs.describe_services(cluster=thing.parent, services=[thing.id])["services"]
    if found and found[0].get("resourceManagementType") == "ECS":  # Express Mode takes away what it has made, too
        ecs.delete_express_gateway_service(serviceArn=thing.id)
    else:
        ecs.delete_service(cluster=thing.parent, service=thing.id, force=True)


def _services_gone(ecs: Any, wait: Wait, things: Sequence[Thing]) -> None:
    """Wait for the services and for their tasks: a cluster with a stopping task cannot be deleted."""
    for cluster in sorted({thing.parent for thing in things}):
        for arns in batches((thing.id for thing in things if thing.parent == cluster), 10):
            wait(ecs, "services_inactive", cluster=cluster, services=arns)
        _all_stopped(ecs, wait, cluster)


def _all_stopped(ecs: Any, wait: Wait, cluster: str) -> None:
    """Wait for the tasks of a cluster that have been asked to stop."""
    for arns in batches(pages(ecs, "list_tasks", "taskArns", cluster=cluster, desiredStatus="STOPPED"), 100):
        wait(ecs, "tasks_stopped", cluster=cluster, tasks=arns)


def _tasks(ecs: Any, tags: Tags) -> Iterator[Thing]:
    for cluster in pages(ecs, "list_clusters", "clusterArns"):
        for arns in batches(pages(ecs, "list_tasks", "taskArns", cluster=cluster), 100):
            for one in ecs.describe_tasks(cluster=cluster, tasks=arns, include=["TAGS"])["tasks"]:
                lab = tags.lab(one.get("tags"))
                by_service = one.get("group", "").startswith("service:")
                if lab is not None and not by_service and one["lastStatus"] != "STOPPED":
                    family = short(one["taskDefinitionArn"].rsplit(":", 1)[0])
                    yield Thing("task", family, one["taskArn"], lab, parent=cluster)


def _stop_task(ecs: Any, thing: Thing) -> None:
    ecs.stop_task(cluster=thing.parent, task=thing.id, reason="The lab is cleaned up")


def _tasks_gone(ecs: Any, wait: Wait, things: Sequence[Thing]) -> None:
    for cluster in sorted({thing.parent for thing in things}):
        _all_stopped(ecs, wait, cluster)


def _clusters(ecs: Any, tags: Tags) -> Iterator[Thing]:
    for arns in batches(pages(ecs, "list_clusters", "clusterArns"), 100):
        for one in ecs.describe_clusters(clusters=arns, include=["TAGS"])["clusters"]:
            lab = tags.lab(one.get("tags"))
            if lab is not None and one["status"] != "INACTIVE":
                state = ", ".join(sorted(one.get("capacityProviders", [])))
                yield Thing("cluster", one["clusterName"], one["clusterArn"], lab, state)


def _delete_cluster(ecs: Any, thing: Thing) -> None:
    # A cluster with an instance in it cannot be deleted; the instance itself goes with its Auto Scaling group.
    for instance in pages(ecs, "list_container_instances", "containerInstanceArns", cluster=thing.id):
        ecs.deregister_container_instance(cluster=thing.id, containerInstance=instance, force=True)
    ecs.delete_cluster(cluster=thing.id)


def _task_definitions(ecs: Any, tags: Tags) -> Iterator[Thing]:
    for arn in pages(ecs, "list_task_definitions", "taskDefinitionArns", status="ACTIVE"):
        answer = ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
        lab = tags.lab(answer.get("tags"))
        if lab is not None:
            yield Thing("task definition", answer["taskDefinition"]["family"], arn, lab)


def _delete_task_definition(ecs: Any, thing: Thing) -> None:
    ecs.deregister_task_definition(taskDefinition=thing.id)
    ecs.delete_task_definitions(taskDefinitions=[thing.id])  # or it stays, inactive, for ever


def _capacity_providers(ecs: Any, tags: Tags) -> Iterator[Thing]:
    for one in _all_capacity_providers(ecs):
        lab = tags.lab(one.get("tags"))
        if lab is not None and one["status"] == "ACTIVE":
            scaling = (one.get("autoScalingGroupProvider") or {}).get("managedScaling", {})
            state = f"managed scaling {scaling.get('status', 'DISABLED')} at {scaling.get('targetCapacity', 100)}"
            yield Thing("capacity provider", one["name"], one["capacityProviderArn"], lab, state)


def _all_capacity_providers(ecs: Any) -> Iterator[dict[str, Any]]:
    token: dict[str, str] = {}  # boto3 has no paginator for it
    while True:
        answer = ecs.describe_capacity_providers(include=["TAGS"], **token)
        yield from answer["capacityProviders"]
        if not answer.get("nextToken"):
            return
        token = {"nextToken": answer["nextToken"]}


def _delete_capacity_provider(ecs: Any, thing: Thing) -> None:
    ecs.delete_capacity_provider(capacityProvider=thing.name)


def _capacity_providers_gone(ecs: Any, wait: Wait, things: Sequence[Thing]) -> None:
    """Wait until ECS has let go of the Auto Scaling groups, which are deleted next."""
    names = [thing.name for thing in things]

    def gone() -> bool:
        found = ecs.describe_capacity_providers(capacityProviders=names)["capacityProviders"]
        return all(one["status"] != "ACTIVE" for one in found)

    wait(gone, "the capacity providers to be gone", seconds=600)


SERVICES = Kind("service", "ecs", _services, _delete_service, _services_gone)
TASKS = Kind("task", "ecs", _tasks, _stop_task, _tasks_gone)
CLUSTERS = Kind("cluster", "ecs", _clusters, _delete_cluster)
TASK_DEFINITIONS = Kind("task definition", "ecs", _task_definitions, _delete_task_definition)
CAPACITY_PROVIDERS = Kind(
    "capacity provider", "ecs", _capacity_providers, _delete_capacity_provider, _capacity_providers_gone
)
