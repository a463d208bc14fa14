from typing import Any

from tests.lab_cloud.ecr.registry import Registry, small
from tests.lab_cloud.ecr.test_lifecycle_policy import rule, text
from tests.lab_cloud.ecs.test_tasks_api import refused
from tests.stage import RunningCloud
from tests.waiting import until

KEEP_ONE = text({**rule(tagStatus="any"), "description": "Keep the newest image only"}) + " " * 20


def completed(ecr: Any, name: str, **more: Any) -> dict[str, Any]:
    def ready() -> Any:
        found = ecr.get_lifecycle_policy_preview(repositoryName=name, **more)
        return found if found["status"] == "COMPLETE" else None

    answer: dict[str, Any] = until(ready)
    return answer


def test_a_policy_is_previewed_and_then_really_expires(cloud: RunningCloud, registry: Registry, name: str) -> None:
    ecr = cloud.client("ecr")
    pushed = [registry.push(name, small(str(number)), f"v{number}") for number in range(3)]
    refused(ecr.get_lifecycle_policy, "LifecyclePolicyNotFoundException", name, repositoryName=name)
    refused(ecr.get_lifecycle_policy_preview, "LifecyclePolicyPreviewNotFoundException", name, repositoryName=name)
    refused(ecr.start_lifecycle_policy_preview, "LifecyclePolicyNotFoundException", name, repositoryName=name)
    started = ecr.start_lifecycle_policy_preview(repositoryName=name, lifecyclePolicyText=KEEP_ONE)
    assert started["status"] == "IN_PROGRESS"
    found = completed(ecr, name)
    assert [each["imageDigest"] for each in found["previewResults"]] == [pushed[1], pushed[0]]
    assert found["summary"]["expiringImageTotalCount"] == 2
    first = found["previewResults"][0]
    assert (first["imageTags"], first["action"]["type"], first["appliedRulePriority"]) == (["v1"], "EXPIRE", 1)
    assert completed(ecr, name, filter={"tagStatus": "UNTAGGED"})["previewResults"] == []
    chosen = completed(ecr, name, imageIds=[{"imageTag": "v0"}])["previewResults"]
    assert [each["imageDigest"] for each in chosen] == [pushed[0]]
    assert len(ecr.describe_images(repositoryName=name)["imageDetails"]) == 3
    assert (
        ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=KEEP_ONE)["lifecyclePolicyText"] == KEEP_ONE
    )
    left = until(lambda: len(ecr.describe_images(repositoryName=name)["imageDetails"]) == 1, 20, 0.1)
    assert left
    assert ecr.describe_images(repositoryName=name)["imageDetails"][0]["imageDigest"] == pushed[2]
    assert registry.ask("GET", f"/v2/{name}/manifests/v0").status == 404
    assert ecr.get_lifecycle_policy(repositoryName=name)["lastEvaluatedAt"]
    assert ecr.delete_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"] == KEEP_ONE
    refused(ecr.get_lifecycle_policy, "LifecyclePolicyNotFoundException", name, repositoryName=name)


def test_what_is_no_policy(cloud: RunningCloud, name: str) -> None:
    bad = text(rule(tagStatus="tagged")) + " " * 100
    put = cloud.client("ecr").put_lifecycle_policy
    refused(put, "InvalidParameterException", "tagPatternList", repositoryName=name, lifecyclePolicyText=bad)
