"""Operations on task definitions."""

import copy
from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..wire import Call
from . import names, rules
from .compatibility import compatibilities, required_attributes
from .outside import Registries
from .paging import page
from .store import Region, Store
from .tags import tag_dict, tag_list
from .task_definition import TaskDefinition

MOST_DELETED = 10


class DefinitionOperations:
    """Register, describe, list, deregister and delete task definitions."""

    _store: Store
    _clock: Clock
    _registries: Registries

    def register_task_definition(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """RegisterTaskDefinition; nothing is kept when a rule is broken."""
        rules.check_task_definition(params)
        rules.check_execution_role(params, self._registries.has)
        tags = tag_dict(params.get("tags"))
        region = self._store.region(call.region)
        registered = _with_defaults(params)
        revisions = region.families.setdefault(params["family"], [])
        number = region.revisions[params["family"]] = region.revisions.get(params["family"], 0) + 1
        definition = TaskDefinition(params["family"], number, region.name, registered, self._clock.now())
        definition.tags = tags
        definition.compatibilities = compatibilities(registered)
        definition.attributes = required_attributes(registered)
        revisions.append(definition)
        return {"taskDefinition": definition.describe(), "tags": tag_list(definition.tags) or None}

    def describe_task_definition(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeTaskDefinition."""
        definition = self._find_definition(call, params["taskDefinition"])
        tags = tag_list(definition.tags) if "TAGS" in params.get("include", ()) else None
        return {"taskDefinition": definition.describe(), "tags": tags}

    def list_task_definitions(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListTaskDefinitions."""
        status = params.get("status", "ACTIVE")
        prefix = params.get("familyPrefix")
        _purge(self._store.region(call.region))
        families = self._store.region(call.region).families
        wanted = [prefix] if prefix else sorted(families)
        found = [each.arn for family in wanted for each in families.get(family, []) if each.status == status]
        if params.get("sort") == "DESC":
            found.reverse()
        arns, token = page(found, params)
        return {"taskDefinitionArns": arns, "nextToken": token}

    def list_task_definition_families(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListTaskDefinitionFamilies."""
        status = params.get("status", "ALL")
        _purge(self._store.region(call.region))
        found = []
        for family, revisions in sorted(self._store.region(call.region).families.items()):
            active = any(each.status == "ACTIVE" for each in revisions)
            fits = status == "ALL" or active == (status == "ACTIVE")
            if revisions and fits and family.startswith(params.get("familyPrefix", "")):
                found.append(family)
        families, token = page(found, params)
        return {"families": families, "nextToken": token}

    def deregister_task_definition(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeregisterTaskDefinition."""
        _family, _, revision = names.last_part(params["taskDefinition"]).partition(":")
        if not revision:
            raise AwsError("ClientException", "Revision is missing.")
        if not revision.isdigit():
            raise AwsError("ClientException", f"Invalid revision number. Number: {revision}")
        definition = self._find_definition(call, params["taskDefinition"])
        if definition.status == "ACTIVE":
            definition.status, definition.deregistered_at = "INACTIVE", self._clock.now()
        return {"taskDefinition": definition.describe()}

    def delete_task_definitions(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteTaskDefinitions; only what was deregistered can be deleted."""
        region = self._store.region(call.region)
        if not 1 <= len(params["taskDefinitions"]) <= MOST_DELETED:
            raise AwsError("InvalidParameterException", f"Name 1 to {MOST_DELETED} task definitions.")
        found: list[dict[str, Any]] = []
        failures: list[dict[str, Any]] = []
        for reference in params["taskDefinitions"]:
            definition = region.find_definition(reference)
            why = _why_not_deleted(reference, definition)
            if why or definition is None:
                failures.append({"arn": reference, "reason": why})
                continue
            definition.status = "DELETE_IN_PROGRESS"
            found.append(definition.describe())
        _purge(region)
        return {"taskDefinitions": found, "failures": failures}

    def _find_definition(self, call: Call, reference: str) -> TaskDefinition:
        _purge(self._store.region(call.region))
        found = self._store.region(call.region).find_definition(reference)
        if found is None:
            raise AwsError("ClientException", "Unable to describe task definition.")
        return found


def _why_not_deleted(reference: str, definition: TaskDefinition | None) -> str:
    if ":" not in names.last_part(reference):
        return "The specified task definition identifier is invalid. Specify a valid name or ARN and try again."
    if definition is None:
        return "The specified task definition does not exist. Specify a valid account, family, revision and try again."
    if definition.status == "ACTIVE":
        return "The specified task definition is still in ACTIVE status. Please deregister the target and try again."
    return ""


def _purge(region: Region) -> None:
    """Forget the revisions that were deleted, once no task and no service uses them any more."""
    for revisions in region.families.values():
        for definition in [each for each in revisions if each.status == "DELETE_IN_PROGRESS"]:
            if not _in_use(region, definition):
                revisions.remove(definition)


def _in_use(region: Region, definition: TaskDefinition) -> bool:
    tasks = any(task.definition is definition and task.status != "STOPPED" for task in region.tasks.values())
    return tasks or any(
        deployment.definition is definition
        for service in region.services.values()
        if service.status != "INACTIVE"
        for deployment in service.deployments
    )


def _with_defaults(params: dict[str, Any]) -> dict[str, Any]:
    # what ECS fills in and shows: every container is essential, has 0 CPU units of its own and empty lists
    registered = copy.deepcopy(params)
    registered.setdefault("networkMode", "bridge")
    for volume in registered.get("volumes", ()):
        if "efsVolumeConfiguration" in volume:
            volume["efsVolumeConfiguration"].setdefault("rootDirectory", "/")
    for container in registered["containerDefinitions"]:
        container.setdefault("cpu", 0)
        container.setdefault("essential", True)
        for name in ("portMappings", "environment", "mountPoints", "volumesFrom", "systemControls"):
            container.setdefault(name, [])
        for mapping in container["portMappings"]:
            mapping.setdefault("protocol", "tcp")
            if registered["networkMode"] in ("awsvpc", "host"):
                mapping.setdefault("hostPort", mapping["containerPort"])
            else:
                mapping.setdefault("hostPort", 0)
    return registered
