"""Lab 08: a repository with rules, a finding to mend, a lifecycle policy of two rules, a policy to mend."""

import json
from typing import TYPE_CHECKING, Any

from lab_helpers.exercises import Done, Exercise, NotAttempted, NotYet

if TYPE_CHECKING:
    from lab_helpers.exercises import Outcome
    from lab_helpers.lab import Lab

CLUSTER = "DemoCluster"
FAMILY = "hello-from-ecr"
REPOSITORY = "demo/hello"
SHOP = "demo/shop"
SHOP_TAGS = ("1.0", "dev-anna")
MENDED = "mended"
NIGHTLY = "demo/nightly"
KEPT = 2
RELEASE = "release-1"
VISITOR = "ecr-visitor"
EXECUTION = "ecsTaskExecutionRole"
PULL = {"ecr:batchgetimage", "ecr:getdownloadurlforlayer", "ecr:*", "*"}


def repository_with_rules(lab: "Lab") -> "Outcome":
    """A repository with immutable tags except one kind, scan on push, and two tags on one image."""
    shop = _repository(lab, SHOP)
    if shop is None:
        return NotAttempted(f"There is no repository {SHOP} yet.")
    missing = []
    mutability = shop["imageTagMutability"]
    filters = [one["filter"] for one in shop.get("imageTagMutabilityExclusionFilters", [])]
    if not mutability.startswith("IMMUTABLE"):
        missing.append(f"tags that cannot move: imageTagMutability is {mutability}")
    elif filters != ["dev-*"]:
        missing.append(f"one exclusion, for the tags that begin with dev-: you have {filters or 'none'}")
    if not shop["imageScanningConfiguration"]["scanOnPush"]:
        missing.append("a scan when an image is pushed: scanOnPush is off")
    by_tag = {tag: one["imageDigest"] for one in _images(lab, SHOP) for tag in one.get("imageTags", [])}
    missing += [f"an image with the tag {tag}" for tag in SHOP_TAGS if tag not in by_tag]
    if all(tag in by_tag for tag in SHOP_TAGS) and len({by_tag[tag] for tag in SHOP_TAGS}) > 1:
        missing.append("both tags on the same image: they point at two digests")
    if missing:
        return NotYet(missing=missing)
    return Done("1.0 stays where it is, dev-anna may move, and every new image is scanned.")


def mended_finding(lab: "Lab") -> "Outcome":
    """An image under the tag `mended` was scanned, and nothing was found."""
    ecr = lab.client("ecr")
    images = {tag: one for one in _images(lab, REPOSITORY) for tag in one.get("imageTags", [])}
    if MENDED not in images:
        return NotAttempted(f"There is no image with the tag {MENDED} in {REPOSITORY} yet.")
    try:
        scan = ecr.describe_image_scan_findings(repositoryName=REPOSITORY, imageId={"imageTag": MENDED})
    except ecr.exceptions.ScanNotFoundException:
        return NotYet(missing=[f"a scan of the image {MENDED}"])
    status = scan["imageScanStatus"]["status"]
    if status != "COMPLETE":
        return NotYet(missing=[f"a scan that is complete: it is {status}; check again in a moment"])
    found = scan["imageScanFindings"]["findings"]
    if found:
        names = ", ".join(one["name"] for one in found)
        return NotYet(missing=[f"a version without findings: the scan still has {names}"])
    if "1" in images and len(_layers(lab, MENDED)) < len(_layers(lab, "1")):
        return NotYet(missing=["the package: an image without urllib3 has no findings, but the program may need it"])
    return Done("The scan of the new image finds nothing that was known on the date of its advisories.")


def stricter_policy(lab: "Lab") -> "Outcome":
    """Two rules: few nightly images, and untagged ones for two weeks; and they have done their work."""
    ecr = lab.client("ecr")
    if _repository(lab, NIGHTLY) is None:
        return NotAttempted(f"There is no repository {NIGHTLY}. Run the cells above first.")
    try:
        text = ecr.get_lifecycle_policy(repositoryName=NIGHTLY)["lifecyclePolicyText"]
    except ecr.exceptions.LifecyclePolicyNotFoundException:
        return NotAttempted(f"{NIGHTLY} has no lifecycle policy.")
    rules = [rule["selection"] for rule in json.loads(text)["rules"]]
    counts = [one["countNumber"] for one in rules if one["countType"] == "imageCountMoreThan"]
    if len(rules) == 1 and counts == [4]:
        return NotAttempted("The policy is still the one from above: one rule that keeps 4 images.")
    missing = []
    if counts != [KEPT]:
        missing.append(
            f"a rule by imageCountMoreThan that keeps the {KEPT} newest images: yours keep {counts or 'none'}"
        )
    if not any(_untagged_after(one, 14) for one in rules):
        missing.append("a rule for untagged images, 14 days after they were pushed")
    tags = {tag for one in _images(lab, NIGHTLY) for tag in one.get("imageTags", [])}
    nightly = {tag for tag in tags if tag.startswith("nightly-")}
    if RELEASE not in tags:
        missing.append(f"the image {RELEASE}: it has expired, so a rule selects too much. Push it again")
    if not missing and len(nightly) > KEPT:
        missing.append(f"the policy's work: {len(nightly)} nightly images are still there; check again in a moment")
    elif not missing and nightly != {"nightly-5", "nightly-6"}:
        missing.append(f"the {KEPT} newest nightly images: there are {sorted(nightly)}")
    if missing:
        return NotYet(missing=missing)
    return Done(f"The {KEPT} newest nightly images and {RELEASE} are left.")


def ecs_in_visitor_out(lab: "Lab") -> "Outcome":
    """The repository's policy denies the visitor and not the execution role, and a task from the tag 2 ended well."""
    ecr = lab.client("ecr")
    if _repository(lab, REPOSITORY) is None:
        return NotAttempted(f"There is no repository {REPOSITORY}. Run the cells above first.")
    try:
        text = ecr.get_repository_policy(repositoryName=REPOSITORY)["policyText"]
    except ecr.exceptions.RepositoryPolicyNotFoundException:
        text = '{"Statement": []}'
    denied = _denied(json.loads(text))
    if any(EXECUTION in one for one in denied) and not any(VISITOR in one for one in denied):
        return NotAttempted("The repository's policy still denies the execution role, and nobody else.")
    missing = []
    if any(EXECUTION in one or one == "*" or one.endswith(":root") for one in denied):
        missing.append(f"a policy that lets {EXECUTION} pull: a Deny still fits it")
    if not any(VISITOR in one for one in denied):
        missing.append(f"a Deny for {VISITOR}: the visitor can pull now")
    if not missing:
        missing += _task_missing(lab)
    if missing:
        return NotYet(missing=missing)
    return Done("ECS pulls from your repository again, and the visitor stays outside.")


def _task_missing(lab: "Lab") -> list[str]:
    ecs = lab.client("ecs")
    arns = ecs.list_tasks(cluster=CLUSTER, family=FAMILY, desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []
    containers = [one for task in tasks for one in task["containers"]]
    by_tag = [one for one in containers if one.get("image", "").endswith(f"{REPOSITORY}:2")]
    if any(one.get("exitCode") == 0 for one in by_tag):
        return []
    if by_tag:
        return [f"a task that ends well: yours did not ({by_tag[0].get('reason', 'no reason given')})"]
    return [f"a task of the family {FAMILY} whose image is your repository with the tag 2, and that has ended"]


def _repository(lab: "Lab", name: str) -> dict[str, Any] | None:
    ecr = lab.client("ecr")
    try:
        found: list[dict[str, Any]] = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    except ecr.exceptions.RepositoryNotFoundException:
        return None
    return found[0]


def _images(lab: "Lab", name: str) -> list[dict[str, Any]]:
    if _repository(lab, name) is None:
        return []
    pages = lab.client("ecr").get_paginator("describe_images").paginate(repositoryName=name)
    return [one for page in pages for one in page["imageDetails"]]


def _layers(lab: "Lab", tag: str) -> list[dict[str, Any]]:
    answer = lab.client("ecr").batch_get_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": tag}])
    found: list[dict[str, Any]] = json.loads(answer["images"][0]["imageManifest"]).get("layers", [])
    return found


def _untagged_after(selection: dict[str, Any], days: int) -> bool:
    return (selection["tagStatus"], selection["countType"], selection["countNumber"]) == (
        "untagged",
        "sinceImagePushed",
        days,
    )


def _denied(policy: dict[str, Any]) -> list[str]:
    """Whom the statements of a policy deny a pull."""
    found: list[str] = []
    for one in _list(policy["Statement"]):
        actions = {action.lower() for action in _list(one.get("Action"))}
        if one["Effect"] == "Deny" and actions & PULL:
            who = one.get("Principal", {})
            found += _list(who.get("AWS")) if isinstance(who, dict) else _list(who)
    return found


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


REPOSITORY_WITH_RULES = """\
ecr.create_repository(
    repositoryName="demo/shop",
    imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
    imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}],
    imageScanningConfiguration={"scanOnPush": True},
)
push("hello:1", "demo/shop", "1.0")
add_tag("demo/shop", "1.0", "dev-anna")  # the same manifest once more: no layer travels
"""

MENDED_FINDING = """\
# Both findings are mended in 1.26.18: the first in 1.26.17, the second in 1.26.18.
lab.images.build(write_files("2", "1.26.18"), "hello:mended")
push("hello:mended", "demo/hello", "mended")
ecr.start_image_scan(repositoryName="demo/hello", imageId={"imageTag": "mended"})
lab.wait(ecr, "image_scan_complete", repositoryName="demo/hello", imageId={"imageTag": "mended"})
"""

STRICTER_POLICY = """\
two_rules = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "keep the 2 newest nightly images",
            "selection": {
                "tagStatus": "tagged",
                "tagPrefixList": ["nightly-"],
                "countType": "imageCountMoreThan",
                "countNumber": 2,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "description": "images that have lost their tag",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 14,
            },
            "action": {"type": "expire"},
        },
    ]
}
ecr.put_lifecycle_policy(repositoryName="demo/nightly", lifecyclePolicyText=json.dumps(two_rules))
lab.wait(lambda: len(tags_in("demo/nightly")) == 3, "the policy's work")
"""

ECS_IN_VISITOR_OUT = """\
# The same policy as in section 9: it denies the visitor. It takes the place of the one that denies the role.
ecr.set_repository_policy(repositoryName="demo/hello", policyText=deny_pulls(visitor_arn))
print(run(f"{uri}:2")["containers"][0]["exitCode"])
"""

EXERCISES: dict[str, Exercise] = {
    "08a": Exercise(
        id="08a",
        title="A repository with rules",
        check=repository_with_rules,
        hints=(
            "One call makes the repository with all its rules. Section 1 and section 6 show the parameters.",
            "create_repository takes imageTagMutability, imageTagMutabilityExclusionFilters and"
            " imageScanningConfiguration. The filter is a pattern: an asterisk stands for any text.",
            "Push an image that you have, for example hello:1, under the first tag. The second tag needs no second"
            " push of layers: add_tag puts the same manifest under another name.",
        ),
        solution=REPOSITORY_WITH_RULES,
    ),
    "08b": Exercise(
        id="08b",
        title="Mend the finding",
        check=mended_finding,
        hints=(
            "Each finding above says in which version it is mended. One version is enough for both.",
            "Take the higher of the two versions: write_files(version of the program, version of the package)."
            " Then build, push and scan, as in the sections 3, 4 and 7.",
            "lab.images.build(write_files(...), name) builds, push(name, repository, tag) pushes. The repository does"
            " not scan on push, so start the scan with start_image_scan and wait for image_scan_complete.",
        ),
        solution=MENDED_FINDING,
    ),
    "08c": Exercise(
        id="08c",
        title="A lifecycle policy with two rules",
        check=stricter_policy,
        hints=(
            "A repository has one policy. put_lifecycle_policy replaces the old one, so write both rules into the new.",
            "The first rule is the one of keep_newest with another number. The second has tagStatus untagged, so it has"
            " no tagPrefixList. It counts days, and says so with countUnit.",
            "Each rule needs a rulePriority of its own. The second rule's countType is sinceImagePushed. Preview it"
            " first if you are not sure. Then wait until the tags are gone.",
        ),
        solution=STRICTER_POLICY,
    ),
    "08d": Exercise(
        id="08d",
        title="Let ECS in, and the visitor not",
        check=ecs_in_visitor_out,
        hints=(
            "A repository has one policy, and set_repository_policy replaces it. Whom does it deny now?",
            "In section 9 you had a policy that denied only the visitor. deny_pulls makes it from the ARN of a role.",
            "Do not delete the policy: then the visitor gets in too. When the policy is right, run(...) starts a task."
            " Its image is the repositoryUri, a colon, and the tag.",
        ),
        solution=ECS_IN_VISITOR_OUT,
    ),
}
