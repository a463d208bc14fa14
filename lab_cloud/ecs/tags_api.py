"""Operations on tags."""

from typing import Any

from ..errors import AwsError
from ..wire import Call
from . import names
from .store import Region, Store
from .tags import check_count, tag_dict, tag_list


class TagOperations:
    """Tag, untag, and list the tags of a cluster, service, task or task definition."""

    _store: Store

    def tag_resource(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """TagResource."""
        tags = _tags_of(self._store.region(call.region), params["resourceArn"])
        new = tag_dict(params["tags"])
        check_count({**tags, **new})
        tags.update(new)
        return {}

    def untag_resource(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UntagResource."""
        tags = _tags_of(self._store.region(call.region), params["resourceArn"])
        for key in params["tagKeys"]:
            tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListTagsForResource."""
        return {"tags": tag_list(_tags_of(self._store.region(call.region), params["resourceArn"]))}


def _tags_of(region: Region, arn: str) -> dict[str, str]:
    kind, _, rest = arn.partition(":ecs:")[2].partition(":")[2].partition(":")[2].partition("/")
    if kind == "cluster":
        return region.find_cluster(rest).tags
    if kind == "capacity-provider" and rest in region.providers:
        return region.providers[rest].tags
    if kind == "task-definition":
        definition = region.find_definition(rest)
        if definition is not None:
            return definition.tags
        raise AwsError("ClientException", "Unable to describe task definition.")
    if kind == "service" and "/" not in rest:
        raise AwsError("ServiceNotFoundException", "Service not found.")
    if kind in ("service", "task") and "/" in rest:
        cluster = region.find_cluster(rest.split("/")[0])
        if kind == "service":
            return region.find_service(cluster, names.last_part(rest)).tags
        task = region.find_task(cluster, rest)
        if task is not None:
            return task.tags
        raise AwsError("ResourceNotFoundException", "The referenced task was not found.")
    raise AwsError("InvalidParameterException", f"The resource ARN '{arn}' is not the ARN of a resource that has tags.")
