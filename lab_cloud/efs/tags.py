"""Tags of file systems and access points, and the two generations of operations on them."""

from typing import Any

from ..paging import page
from ..wire import Call
from .file_system import AccessPoint, FileSystem, key_value
from .store import EfsStore, bad

PAGE = 100
MOST = 50


def tag_map(tags: list[dict[str, str]] | None, before: dict[str, str] | None = None) -> dict[str, str]:
    """Tags by key, over those that were there.

    Raises
    ------
    AwsError
        ``BadRequest``.
    """
    found = {**(before or {}), **{tag["Key"]: tag.get("Value", "") for tag in tags or ()}}
    if any(key.lower().startswith("aws:") for key in found):
        raise bad("Tag keys cannot begin with aws:")
    if len(found) > MOST:
        raise bad(f"A resource has at most {MOST} tags.")
    return found


class TagOperations:
    """TagResource and its older sister CreateTags, and their like."""

    _store: EfsStore

    def _tagged(self, call: Call, reference: str) -> FileSystem | AccessPoint:
        region = self._store.region(call.region)
        return region.point(reference) if "fsap-" in reference else region.system(reference)

    def tag_resource(self, call: Call, params: dict[str, Any]) -> None:
        """TagResource."""
        found = self._tagged(call, params["ResourceId"])
        found.tags = tag_map(params["Tags"], found.tags)

    def untag_resource(self, call: Call, params: dict[str, Any]) -> None:
        """UntagResource."""
        found = self._tagged(call, params["ResourceId"])
        found.tags = {key: value for key, value in found.tags.items() if key not in params["TagKeys"]}

    def list_tags_for_resource(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListTagsForResource."""
        tags = key_value(self._tagged(call, params["ResourceId"]).tags)
        some, token = page(tags, params.get("NextToken"), params.get("MaxResults") or PAGE, "BadRequest")
        return {"Tags": some, "NextToken": token}

    def create_tags(self, call: Call, params: dict[str, Any]) -> None:
        """CreateTags, which TagResource replaces."""
        self.tag_resource(call, {"ResourceId": params["FileSystemId"], "Tags": params["Tags"]})

    def delete_tags(self, call: Call, params: dict[str, Any]) -> None:
        """DeleteTags, which UntagResource replaces."""
        self.untag_resource(call, {"ResourceId": params["FileSystemId"], "TagKeys": params["TagKeys"]})

    def describe_tags(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeTags, which ListTagsForResource replaces."""
        tags = key_value(self._store.region(call.region).system(params["FileSystemId"]).tags)
        some, marker = page(tags, params.get("Marker"), params.get("MaxItems") or PAGE, "BadRequest")
        return {"Tags": some, "Marker": params.get("Marker"), "NextMarker": marker}
