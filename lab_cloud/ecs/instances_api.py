"""Operations on container instances and their attributes.

References
----------
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterContainerInstance.html
"""

import json
from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..instance_types import instance_types
from ..wire import Call
from .agents import Agents
from .container_instance import ContainerInstance
from .outside import Hosts
from .paging import page
from .placer import taken_ports, tasks_on, views
from .query import BadQuery, parse
from .store import Region, Store
from .tags import tag_dict

STATUSES = ("ACTIVE", "DRAINING")
MOST_NAMED = 100
MOST_CHANGED = 10


class InstanceOperations:
    """Register, list, describe, drain and deregister container instances; put and list attributes."""

    _store: Store
    _clock: Clock
    _hosts: Hosts
    _agents: Agents

    def register_container_instance(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """RegisterContainerInstance, as the agent calls it: for an EC2 instance that runs."""
        region = self._store.region(call.region)
        cluster = region.find_cluster(params.get("cluster"))
        host_id = _identity(params.get("instanceIdentityDocument", ""))
        host = next((one for one in self._hosts.all(region.name) if one.id == host_id), None)
        if host is None or host.state != "running":
            raise AwsError("ClientException", f"The EC2 instance {host_id} does not exist, or does not run.")
        if host.type not in instance_types():
            raise AwsError("ClientException", f"The embedded cloud does not know the size of {host.type}.")
        known = next((one for one in region.instances.values() if one.host == host_id and one.ended is None), None)
        if known is not None and known.cluster != cluster.name:
            raise AwsError("ClientException", f"The instance {host_id} is part of the cluster {known.cluster}.")
        made = known or self._agents.register(region, host, cluster.name, self._clock.now())
        made.tags |= tag_dict(params.get("tags"))
        made.own_attributes |= {one["name"]: one.get("value", "") for one in params.get("attributes") or ()}
        return {"containerInstance": shown(region, made, with_tags=True)}

    def list_container_instances(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListContainerInstances, by status and by an expression of the cluster query language."""
        region = self._store.region(call.region)
        cluster = region.find_cluster(params.get("cluster"))
        wanted = params.get("status")
        found = [
            one
            for one in region.instances.values()
            if one.cluster == cluster.name and one.status in ((wanted,) if wanted else STATUSES)
        ]
        if params.get("filter"):
            try:
                test = parse(params["filter"])
            except BadQuery as bad:
                raise AwsError("InvalidParameterException", f"Invalid filter '{params['filter']}': {bad}.") from bad
            chosen = {view.id for view in views(region, found) if test(view.subject)}
            found = [one for one in found if one.id in chosen]
        arns, token = page([one.arn for one in found], params)
        return {"containerInstanceArns": arns, "nextToken": token}

    def describe_container_instances(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeContainerInstances; those that nobody knows come back as failures."""
        region, found, failed = self._named(call, params["containerInstances"], params.get("cluster"))
        tags = "TAGS" in params.get("include", ())
        return {
            "containerInstances": [shown(region, one, with_tags=tags) for one in found],
            "failures": failed,
        }

    def update_container_instances_state(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateContainerInstancesState: DRAINING takes no new tasks, and service tasks are moved away."""
        status = params["status"]
        if status not in STATUSES:
            raise AwsError(
                "InvalidParameterException", f"Container instance status {status} is not valid: use ACTIVE or DRAINING."
            )
        if len(params["containerInstances"]) > MOST_CHANGED:
            raise AwsError("InvalidParameterException", f"At most {MOST_CHANGED} instances can be changed at once.")
        region, found, failed = self._named(call, params["containerInstances"], params.get("cluster"))
        for one in found:
            if one.status == "INACTIVE":
                failed.append({"arn": one.arn, "reason": "INACTIVE"})
            elif one.status != status:
                one.status, one.version = status, one.version + 1
        changed = [shown(region, one) for one in found if one.status != "INACTIVE"]
        return {"containerInstances": changed, "failures": failed}

    def deregister_container_instance(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeregisterContainerInstance; with tasks only when it is forced, and then they are stopped."""
        region = self._store.region(call.region)
        instance = self._find(call, params)
        tasks = tasks_on(region, instance)
        if tasks and not params.get("force"):
            raise AwsError("InvalidParameterException", "Found running tasks on the instance.")
        now = self._clock.now()
        for task in tasks:
            task.ask_to_stop("TerminationNotice", "Container instance deregistration forced by user.", now)
        instance.status, instance.ended, instance.connected = "INACTIVE", now, False
        return {"containerInstance": shown(region, instance)}

    def update_container_agent(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateContainerAgent: there is never a newer one."""
        self._find(call, params)
        raise AwsError("NoUpdateAvailableException", "There is no update available for your container agent.")

    # -- attributes --------------------------------------------------------------------------------------------------

    def list_attributes(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListAttributes: those of the container instances of a cluster."""
        region = self._store.region(call.region)
        cluster = region.find_cluster(params.get("cluster"))
        name, value = params.get("attributeName"), params.get("attributeValue")
        if value is not None and not name:
            raise AwsError("InvalidParameterException", "Attribute name must be specified if attribute value is set.")
        found = [
            {"name": key, "targetId": one.arn, **({"value": held} if held else {})}
            for one in region.instances.values()
            if one.cluster == cluster.name and one.status in STATUSES
            for key, held in one.attributes.items()
            if name in (None, key) and value in (None, held)
        ]
        shown, token = page(found, params)
        return {"attributes": shown, "nextToken": token}

    def put_attributes(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutAttributes: up to ten of one's own for each instance."""
        for instance, attribute in self._targets(call, params):
            if attribute["name"].startswith(("ecs.", "com.amazonaws.")):
                raise AwsError("InvalidParameterException", "Attributes whose names begin with ecs. are the agent's.")
            instance.own_attributes[attribute["name"]] = attribute.get("value", "")
        return {"attributes": params["attributes"]}

    def delete_attributes(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteAttributes."""
        for instance, attribute in self._targets(call, params):
            held = instance.own_attributes.get(attribute["name"])
            if held is not None and attribute.get("value") in (None, "", held):
                del instance.own_attributes[attribute["name"]]
        return {"attributes": params["attributes"]}

    def _targets(self, call: Call, params: dict[str, Any]) -> list[tuple[ContainerInstance, dict[str, Any]]]:
        region = self._store.region(call.region)
        cluster = region.find_cluster(params.get("cluster"))
        attributes = params["attributes"]
        if not attributes:
            raise AwsError("InvalidParameterException", "Attributes can not be empty.")
        if not all(each.get("targetId") for each in attributes):
            raise AwsError("InvalidParameterException", "Every attribute needs the targetId of a container instance.")
        found = []
        for each in attributes:
            instance = region.find_instance(cluster, each["targetId"])
            if instance is None or instance.status == "INACTIVE":
                raise AwsError("TargetNotFoundException", f"The target {each['targetId']} was not found.")
            found.append((instance, each))
        return found

    # -- looking up --------------------------------------------------------------------------------------------------

    def _named(
        self, call: Call, references: list[str], cluster_name: str | None
    ) -> tuple[Region, list[ContainerInstance], list[dict[str, str]]]:
        region = self._store.region(call.region)
        cluster = region.find_cluster(cluster_name)
        if not references:
            raise AwsError("InvalidParameterException", "Container Instances cannot be empty.")
        if len(references) > MOST_NAMED:
            raise AwsError("InvalidParameterException", f"At most {MOST_NAMED} instances can be named at once.")
        found, failed = [], []
        for reference in references:
            instance = region.find_instance(cluster, reference)
            if instance is None:
                failed.append({"arn": reference, "reason": "MISSING"})
            else:
                found.append(instance)
        return region, found, failed

    def _find(self, call: Call, params: dict[str, Any]) -> ContainerInstance:
        region = self._store.region(call.region)
        cluster = region.find_cluster(params.get("cluster"))
        found = region.find_instance(cluster, params["containerInstance"])
        if found is None or found.status == "INACTIVE":
            raise AwsError(
                "InvalidParameterException", f"Referenced container instance {params['containerInstance']} not found."
            )
        return found


def shown(region: Region, instance: ContainerInstance, *, with_tags: bool = False) -> dict[str, Any]:
    """A container instance as DescribeContainerInstances shows it."""
    tasks = tasks_on(region, instance)
    (view,) = views(region, [instance])
    ports = sorted(
        f"{port}{'/udp' if protocol == 'udp' else ''}" for task in tasks for port, protocol in taken_ports(task)
    )
    running = sum(task.status == "RUNNING" for task in tasks)
    pending = sum(task.status in ("PROVISIONING", "PENDING", "ACTIVATING") for task in tasks)
    return instance.describe(view.cpu, view.memory, ports, running, pending, with_tags=with_tags)


def _identity(document: str) -> str:
    try:
        found = json.loads(document or "{}").get("instanceId", "")
    except (ValueError, AttributeError):
        found = ""
    if not found:
        raise AwsError(
            "ClientException",
            "The instanceIdentityDocument is missing or cannot be read. It is the JSON text that an EC2 instance finds "
            "in its metadata; the embedded cloud reads its instanceId.",
        )
    return str(found)
