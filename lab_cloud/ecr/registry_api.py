"""Operations on the registry: replication, signing, account settings, pull-through cache rules, creation templates.

What is kept and shown but done by nobody here is named in the answers' errors or statuses: nothing is replicated, since
the embedded cloud has one account on one machine, and nothing is signed.
"""

from typing import Any

from ..errors import AwsError
from ..wire import ACCOUNT, Call
from . import access, lifecycle_policy, names
from .operations import Operations, page

SETTINGS = {
    # name: (allowed values, what holds when nothing is set)
    "BASIC_SCAN_TYPE_VERSION": (("AWS_NATIVE",), "AWS_NATIVE"),
    "REGISTRY_POLICY_SCOPE": (("V2",), "V2"),
    "BLOB_MOUNTING": (("ENABLED", "DISABLED"), "ENABLED"),
}
MAX_RULES = 10


class RegistryOperations(Operations):
    """Describe and set up the registry."""

    def describe_registry(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeRegistry."""
        return {"registryId": ACCOUNT, "replicationConfiguration": self._registry(call, {}).replication}

    def put_replication_configuration(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutReplicationConfiguration; rules are refused, since nothing would be replicated."""
        registry = self._registry(call, {})
        if params["replicationConfiguration"]["rules"]:
            raise AwsError(
                "ValidationException",
                "The embedded cloud does not replicate images. On AWS each push is copied to the rule's destinations, "
                "usually within 30 minutes; push to each region here.",
            )
        registry.replication = {"rules": []}
        return {"replicationConfiguration": registry.replication}

    def describe_image_replication_status(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeImageReplicationStatus: no rules, so no statuses."""
        repository = self._repository(call, params)
        identity = params["imageId"]
        repository.get(identity.get("imageDigest"), identity.get("imageTag"))
        return {"repositoryName": repository.name, "imageId": identity, "replicationStatuses": []}

    def start_replication_backfill(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """StartReplicationBackfill: refused without a rule for the destination, and there are no rules here."""
        self._registry(call, params)
        raise AwsError("ValidationException", "No replication rule has this destination.")

    def describe_replication_backfill_results(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeReplicationBackfillResults: there are none."""
        raise self._no_backfill(call, params)

    def stop_replication_backfill(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """StopReplicationBackfill: there are none."""
        raise self._no_backfill(call, params)

    def _no_backfill(self, call: Call, params: dict[str, Any]) -> AwsError:
        self._registry(call, params)
        text = f"There is no replication backfill with id '{params['replicationBackfillId']}'."
        return AwsError("ReplicationBackfillNotFoundException", text)

    def list_replication_backfills(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListReplicationBackfills: there are none."""
        self._registry(call, params)
        return {"registryId": ACCOUNT, "backfills": []}

    def put_signing_configuration(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutSigningConfiguration; rules are refused, since nothing would be signed."""
        registry = self._registry(call, {})
        if params["signingConfiguration"]["rules"]:
            raise AwsError(
                "ValidationException",
                "Images are signed by AWS Signer, which is not part of the embedded cloud.",
            )
        registry.signing = {"rules": []}
        return {"signingConfiguration": registry.signing}

    def get_signing_configuration(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """GetSigningConfiguration."""
        registry = self._registry(call, {})
        if registry.signing is None:
            raise AwsError(
                "SigningConfigurationNotFoundException",
                f"Signing configuration does not exist in the registry with id '{ACCOUNT}'",
            )
        return {"registryId": ACCOUNT, "signingConfiguration": registry.signing}

    def delete_signing_configuration(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteSigningConfiguration."""
        before = self.get_signing_configuration(call, params)
        self._registry(call, {}).signing = None
        return before

    def describe_image_signing_status(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeImageSigningStatus: nothing is signed."""
        repository = self._repository(call, params)
        identity = params["imageId"]
        repository.get(identity.get("imageDigest"), identity.get("imageTag"))
        return {
            "repositoryName": repository.name, "imageId": identity, "registryId": ACCOUNT, "signingStatuses": []
        }  # fmt: skip

    def get_account_setting(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """GetAccountSetting."""
        _, default = _setting(params["name"])
        return {
            "name": params["name"], "value": self._registry(call, {}).settings.get(params["name"], default)
        }  # fmt: skip

    def put_account_setting(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutAccountSetting."""
        name, value = params["name"], params["value"]
        allowed, _ = _setting(name)
        if value not in allowed:
            raise AwsError("ValidationException", f"{name} can be {' or '.join(allowed)} here, not {value}.")
        self._registry(call, {}).settings[name] = value
        return {"name": name, "value": value}

    def register_pull_time_update_exclusion(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """RegisterPullTimeUpdateExclusion: this principal's pulls are not noted."""
        exclusions = self._registry(call, {}).pull_time_exclusions
        arn = params["principalArn"]
        if arn in exclusions:
            raise AwsError("ExclusionAlreadyExistsException", f"There is an exclusion for {arn} already.")
        exclusions[arn] = self._clock.now()
        return {"principalArn": arn, "createdAt": names.moment(exclusions[arn])}

    def deregister_pull_time_update_exclusion(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeregisterPullTimeUpdateExclusion."""
        if self._registry(call, {}).pull_time_exclusions.pop(params["principalArn"], None) is None:
            raise AwsError("ExclusionNotFoundException", f"There is no exclusion for {params['principalArn']}.")
        return {"principalArn": params["principalArn"]}

    def list_pull_time_update_exclusions(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListPullTimeUpdateExclusions."""
        found, token = page(sorted(self._registry(call, {}).pull_time_exclusions), params)
        return {"pullTimeUpdateExclusions": found, "nextToken": token}

    # repository creation templates

    def create_repository_creation_template(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreateRepositoryCreationTemplate; the one for CREATE_ON_PUSH works, repositories are made by a push."""
        registry, prefix = self._registry(call, {}), params["prefix"]
        if prefix in registry.templates:
            raise AwsError("TemplateAlreadyExistsException", f"There is a template for the prefix '{prefix}' already.")
        _check_template(params)
        now = self._clock.now()
        made = {"imageTagMutability": "MUTABLE", **params, "createdAt": names.moment(now)}
        registry.templates[prefix] = {**made, "updatedAt": made["createdAt"]}
        return {"registryId": ACCOUNT, "repositoryCreationTemplate": registry.templates[prefix]}

    def update_repository_creation_template(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateRepositoryCreationTemplate."""
        template = self._template(call, params["prefix"])
        _check_template(params)
        template.update(params, updatedAt=names.moment(self._clock.now()))
        return {"registryId": ACCOUNT, "repositoryCreationTemplate": template}

    def delete_repository_creation_template(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteRepositoryCreationTemplate."""
        template = self._template(call, params["prefix"])
        del self._registry(call, {}).templates[params["prefix"]]
        return {"registryId": ACCOUNT, "repositoryCreationTemplate": template}

    def describe_repository_creation_templates(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeRepositoryCreationTemplates."""
        templates = self._registry(call, {}).templates
        wanted = params.get("prefixes")
        every = [templates[each] for each in sorted(templates) if not wanted or each in wanted]
        found, token = page(every, params)
        return {"registryId": ACCOUNT, "repositoryCreationTemplates": found, "nextToken": token}

    def _template(self, call: Call, prefix: str) -> dict[str, Any]:
        found = self._registry(call, {}).templates.get(prefix)
        if found is None:
            raise AwsError("TemplateNotFoundException", f"There is no template for the prefix '{prefix}'.")
        return found


def _setting(name: str) -> tuple[tuple[str, ...], str]:
    found = SETTINGS.get(name)
    if found is None:
        raise AwsError("ValidationException", f"There is no account setting {name}; there are {', '.join(SETTINGS)}.")
    return found


def _check_template(params: dict[str, Any]) -> None:
    if params.get("repositoryPolicy"):
        access.checked(params["repositoryPolicy"])
    if params.get("lifecyclePolicy"):
        lifecycle_policy.parse(params["lifecyclePolicy"])
