"""The things of IAM and CloudWatch Logs that a lab makes."""

from collections.abc import Iterator
from typing import Any

from .inventory import Kind, Tags, Thing, pages


def _log_groups(logs: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages(logs, "describe_log_groups", "logGroups"):
        arn = one["arn"].removesuffix(":*")
        lab = tags.lab(logs.list_tags_for_resource(resourceArn=arn).get("tags"))
        if lab is not None:
            yield Thing("log group", one["logGroupName"], one["logGroupName"], lab)


def _delete_log_group(logs: Any, thing: Thing) -> None:
    logs.delete_log_group(logGroupName=thing.id)


def _instance_profiles(iam: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages(iam, "list_instance_profiles", "InstanceProfiles"):
        answer = iam.list_instance_profile_tags(InstanceProfileName=one["InstanceProfileName"])
        lab = tags.lab(answer["Tags"])
        if lab is not None:
            yield Thing("instance profile", one["InstanceProfileName"], one["InstanceProfileName"], lab)


def _delete_instance_profile(iam: Any, thing: Thing) -> None:
    profile = iam.get_instance_profile(InstanceProfileName=thing.id)["InstanceProfile"]
    for role in profile["Roles"]:
        iam.remove_role_from_instance_profile(InstanceProfileName=thing.id, RoleName=role["RoleName"])
    iam.delete_instance_profile(InstanceProfileName=thing.id)


def _roles(iam: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages(iam, "list_roles", "Roles"):
        if one["Path"].startswith("/aws-service-role/"):  # AWS's own
            continue
        lab = tags.lab(iam.list_role_tags(RoleName=one["RoleName"])["Tags"])
        if lab is not None:
            yield Thing("role", one["RoleName"], one["RoleName"], lab)


def _delete_role(iam: Any, thing: Thing) -> None:
    for policy in pages(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=thing.id):
        iam.detach_role_policy(RoleName=thing.id, PolicyArn=policy["PolicyArn"])
    for name in pages(iam, "list_role_policies", "PolicyNames", RoleName=thing.id):
        iam.delete_role_policy(RoleName=thing.id, PolicyName=name)
    iam.delete_role(RoleName=thing.id)


def _policies(iam: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages(iam, "list_policies", "Policies", Scope="Local"):
        lab = tags.lab(iam.list_policy_tags(PolicyArn=one["Arn"])["Tags"])
        if lab is not None:
            yield Thing("policy", one["PolicyName"], one["Arn"], lab)


def _delete_policy(iam: Any, thing: Thing) -> None:
    for version in pages(iam, "list_policy_versions", "Versions", PolicyArn=thing.id):
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=thing.id, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=thing.id)


LOG_GROUPS = Kind("log group", "logs", _log_groups, _delete_log_group)
INSTANCE_PROFILES = Kind("instance profile", "iam", _instance_profiles, _delete_instance_profile)
ROLES = Kind("role", "iam", _roles, _delete_role)
POLICIES = Kind("policy", "iam", _policies, _delete_policy)
