"""Operations on tags."""

from typing import Any

from ..wire.call import Call
from . import tags
from .store import Region, Store, missing


class TagOperations:
    """ListTagsForResource, TagResource, UntagResource."""

    _store: Store

    def list_tags_for_resource(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The tags of a resource."""
        return {"Tags": tags.tag_list(_tags(self._store.region(call.region), params["ResourceArn"]))}

    def tag_resource(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Add tags, or change their values."""
        known = _tags(self._store.region(call.region), params["ResourceArn"])
        given = tags.tag_dict(params["Tags"])
        tags.check_count({**known, **given})
        known.update(given)
        return {}

    def untag_resource(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Take tags away; a key that is not there is no error."""
        known = _tags(self._store.region(call.region), params["ResourceArn"])
        for key in params["TagKeys"]:
            known.pop(key, None)
        return {}


def _tags(region: Region, arn: str) -> dict[str, str]:
    service, revision = region.services.get(arn), region.revisions.get(arn)
    if service is not None and service.status != "DELETED":
        return service.tags
    if revision is not None and revision.active:
        return revision.tags
    if arn in region.connections:
        return region.connections[arn].tags
    if arn in region.ingresses:
        return region.ingresses[arn].tags
    raise missing("Resource", arn)
