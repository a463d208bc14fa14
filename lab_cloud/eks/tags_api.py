"""Tags of what EKS has."""

from typing import Any

from ..errors import AwsError
from ..wire import Call
from .store import Region

MOST_TAGS = 50


class TagOperations:
    """Tag, untag and list tags."""

    def _region(self, call: Call) -> Region:
        raise NotImplementedError

    def _tags(self, call: Call, arn: str) -> dict[str, str]:
        for cluster in self._region(call).clusters.values():
            for known, tags in cluster.tagged():
                if known == arn:
                    return tags
        if not arn.startswith("arn:"):
            raise AwsError("BadRequestException", f"{arn} is no ARN.")
        raise AwsError("NotFoundException", f"No resource found for ARN: {arn}")

    def tag_resource(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """TagResource."""
        tags = self._tags(call, params["resourceArn"])
        made = {**tags, **params["tags"]}
        if len(made) > MOST_TAGS:
            raise AwsError("BadRequestException", f"A resource has at most {MOST_TAGS} tags.")
        tags.update(params["tags"])
        return {}

    def untag_resource(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UntagResource."""
        tags = self._tags(call, params["resourceArn"])
        for key in params["tagKeys"]:
            tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListTagsForResource."""
        return {"tags": dict(self._tags(call, params["resourceArn"]))}
