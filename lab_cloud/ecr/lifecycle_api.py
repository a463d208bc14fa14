"""Operations on life-cycle policies and their previews."""

from typing import Any

from ..delays import Delays
from ..errors import AwsError
from ..wire import ACCOUNT, Call
from . import lifecycle_policy, names
from .lifecycle_reconciler import evaluate
from .operations import Operations, page
from .repository import Preview, Repository


class LifecycleOperations(Operations):
    """Put, read, delete and preview a policy."""

    _delays: Delays

    def put_lifecycle_policy(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutLifecyclePolicy; it is applied a while later."""
        repository = self._repository(call, params)
        text = params["lifecyclePolicyText"]
        lifecycle_policy.parse(text)
        repository.lifecycle = text
        repository.evaluate_next = self._clock.now() + self._delays.real("ecr.lifecycle")
        return {"registryId": ACCOUNT, "repositoryName": repository.name, "lifecyclePolicyText": text}

    def get_lifecycle_policy(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """GetLifecyclePolicy."""
        repository = self._repository(call, params)
        return {
            "registryId": ACCOUNT,
            "repositoryName": repository.name,
            "lifecyclePolicyText": _text_of(repository),
            "lastEvaluatedAt": names.moment(repository.evaluated_at or 0.0),  # AWS says 1970 before the first time
        }

    def delete_lifecycle_policy(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteLifecyclePolicy."""
        before = self.get_lifecycle_policy(call, params)
        repository = self._repository(call, params)
        repository.lifecycle = repository.evaluated_at = None
        return before

    def start_lifecycle_policy_preview(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """StartLifecyclePolicyPreview, of a policy that is given or of the repository's own."""
        repository = self._repository(call, params)
        text = params.get("lifecyclePolicyText") or _text_of(repository)
        now = self._clock.now()
        if repository.preview is not None and now < repository.preview.ready_at:
            raise AwsError(
                "LifecyclePolicyPreviewInProgressException",
                f"A preview for the repository with name '{repository.name}' in the registry with id '{ACCOUNT}' "
                "is in progress",
            )
        results = [
            {
                "imageTags": list(repository.images[action.digest].tags) or None,
                "imageDigest": action.digest,
                "imagePushedAt": names.moment(repository.images[action.digest].pushed_at),
                "action": {
                    "type": "TRANSITION" if action.rule.transition else "EXPIRE",
                    "targetStorageClass": "ARCHIVE" if action.rule.transition else None,
                },
                "appliedRulePriority": action.rule.priority,
                "storageClass": "ARCHIVE" if action.rule.archived else "STANDARD",
            }
            for action in evaluate(repository, text, self._clock.calendar())
        ]
        repository.preview = Preview(text, now + self._delays.real("ecr.lifecycle-preview"), results)
        return {
            "registryId": ACCOUNT,
            "repositoryName": repository.name,
            "lifecyclePolicyText": text,
            "status": "IN_PROGRESS",
        }

    def get_lifecycle_policy_preview(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """GetLifecyclePolicyPreview."""
        repository = self._repository(call, params)
        preview = repository.preview
        if preview is None:
            raise AwsError(
                "LifecyclePolicyPreviewNotFoundException",
                f"There is no preview for the repository with name '{repository.name}' in the registry with id "
                f"'{ACCOUNT}'",
            )
        about = {
            "registryId": ACCOUNT,
            "repositoryName": repository.name,
            "lifecyclePolicyText": preview.text,
        }
        if self._clock.now() < preview.ready_at:
            return {**about, "status": "IN_PROGRESS"}
        results = _chosen(preview.results, params)
        found, token = page(results, params)
        moved = sum(each["action"]["type"] == "TRANSITION" for each in results)
        return {
            **about,
            "status": "COMPLETE",
            "previewResults": found,
            "nextToken": token,
            "summary": {
                "expiringImageTotalCount": len(results) - moved,
                "transitioningImageTotalCounts": [{"targetStorageClass": "ARCHIVE", "imageTotalCount": moved}],
            },
        }


def _chosen(results: list[dict[str, Any]], params: dict[str, Any]) -> list[dict[str, Any]]:
    wanted = params.get("imageIds")
    if wanted:
        return [
            each
            for each in results
            if any(
                one.get("imageDigest") == each["imageDigest"] or one.get("imageTag") in (each["imageTags"] or ())
                for one in wanted
            )
        ]
    status = params.get("filter", {}).get("tagStatus", "ANY")
    return [each for each in results if status == "ANY" or (status == "TAGGED") == bool(each["imageTags"])]


def _text_of(repository: Repository) -> str:
    if repository.lifecycle is None:
        raise AwsError(
            "LifecyclePolicyNotFoundException",
            f"Lifecycle policy does not exist for the repository with name '{repository.name}' "
            f"in the registry with id '{ACCOUNT}'",
        )
    return repository.lifecycle
