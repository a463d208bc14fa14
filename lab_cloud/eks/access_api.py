"""Operations on access entries and access policies.

References
----------
https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessEntry.html and its neighbours
"""

import re
from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..paging import page
from ..wire import Call
from . import names
from .access import NODE_TYPES, POLICIES, PREFIX, TYPES, Association, Entry, username_of
from .cluster import WITH_ENTRIES, Cluster
from .outside import Roles
from .store import Region

INVALID = "InvalidParameterException"
MOST_LISTED = 100
RESERVED = ("system:", "eks:", "aws:", "amazon:", "iam:")
PRINCIPAL = re.compile(r"^arn:aws:iam::\d{12}:(user|role)/.+$|^arn:aws:iam::\d{12}:root$")
NAMESPACE = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\*?$|^\*$")


class AccessOperations:
    """Create, describe, list, update and delete access entries; associate policies with them."""

    _clock: Clock
    _roles: Roles

    def _region(self, call: Call) -> Region:
        raise NotImplementedError

    def _with_entries(self, call: Call, params: dict[str, Any]) -> Cluster:
        cluster = self._region(call).find(params["clusterName"])
        if cluster.mode not in WITH_ENTRIES:
            message = (
                "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this "
                "operation."
            )
            raise AwsError("InvalidRequestException", message, clusterName=cluster.name)
        return cluster

    def _entry(self, call: Call, params: dict[str, Any]) -> tuple[Cluster, Entry]:
        cluster = self._with_entries(call, params)
        entry = cluster.entries.get(params["principalArn"])
        if entry is None:
            message = (
                f"The specified principalArn could not be found. You can view the list of access entries of "
                f"{cluster.name} with ListAccessEntries."
            )
            raise AwsError("ResourceNotFoundException", message, clusterName=cluster.name)
        return cluster, entry

    def create_access_entry(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreateAccessEntry."""
        cluster, principal, now = self._with_entries(call, params), params["principalArn"], self._clock.now()
        if not PRINCIPAL.match(principal):
            message = f"The principalArn parameter format is not valid: {principal} is no user or role of IAM."
            raise AwsError(INVALID, message, clusterName=cluster.name)
        if ":role/" in principal and not self._roles.has_role(principal):
            message = f"The specified principalArn is invalid: the role {principal} does not exist."
            raise AwsError(INVALID, message, clusterName=cluster.name)
        if principal in cluster.entries:
            message = "The specified access entry resource is already in use on this cluster."
            raise AwsError("ResourceInUseException", message, clusterName=cluster.name)
        kind = params.get("type") or "STANDARD"
        if kind not in TYPES:
            message = f"The type {kind} is not one of {', '.join(TYPES)}."
            raise AwsError(INVALID, message, clusterName=cluster.name)
        groups = tuple(params.get("kubernetesGroups") or ())
        if kind != "STANDARD" and (groups or params.get("username")):
            message = f"An access entry of type {kind} takes neither kubernetesGroups nor a username."
            raise AwsError(INVALID, message, clusterName=cluster.name)
        _check_names(cluster, groups, params.get("username"))
        entry = Entry(
            principal=principal,
            arn=names.arn(cluster.region, f"access-entry/{cluster.name}/{names.uuid()}"),
            kind=kind,
            username=params.get("username") or username_of(principal, kind),
            groups=NODE_TYPES.get(kind, groups),
            created=now,
            modified=now,
            tags=dict(params.get("tags") or {}),
        )
        cluster.entries[principal] = entry
        return {"accessEntry": entry.describe(cluster.name)}

    def describe_access_entry(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeAccessEntry."""
        cluster, entry = self._entry(call, params)
        return {"accessEntry": entry.describe(cluster.name)}

    def list_access_entries(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListAccessEntries."""
        cluster, policy = self._with_entries(call, params), params.get("associatedPolicyArn")
        found = [arn for arn, entry in cluster.entries.items() if not policy or policy in entry.policies]
        some, token = page(found, params.get("nextToken"), params.get("maxResults") or MOST_LISTED, INVALID)
        return {"accessEntries": some, "nextToken": token}

    def update_access_entry(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateAccessEntry."""
        cluster, entry = self._entry(call, params)
        if entry.kind != "STANDARD":
            message = f"An access entry of type {entry.kind} cannot be changed."
            raise AwsError("InvalidRequestException", message, clusterName=cluster.name)
        groups = params.get("kubernetesGroups")
        _check_names(cluster, tuple(groups or ()), params.get("username"))
        if groups is not None:
            entry.groups = tuple(groups)
        entry.username = params.get("username") or entry.username
        entry.modified = self._clock.now()
        return {"accessEntry": entry.describe(cluster.name)}

    def delete_access_entry(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteAccessEntry."""
        cluster, entry = self._entry(call, params)
        del cluster.entries[entry.principal]
        return {}

    # -- policies -----------------------------------------------------------------------------------------------------

    def list_access_policies(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListAccessPolicies: those that the embedded cloud honours."""
        listed = [{"name": name, "arn": PREFIX + name} for name in POLICIES]
        some, token = page(listed, params.get("nextToken"), params.get("maxResults") or MOST_LISTED, INVALID)
        return {"accessPolicies": some, "nextToken": token}

    def associate_access_policy(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """AssociateAccessPolicy; the same policy again replaces its scope."""
        cluster, entry = self._entry(call, params)
        policy, now = params["policyArn"], self._clock.now()
        if entry.kind != "STANDARD":
            message = f"An access entry of type {entry.kind} takes no access policies."
            raise AwsError("InvalidRequestException", message, clusterName=cluster.name)
        if policy.removeprefix(PREFIX) not in POLICIES or not policy.startswith(PREFIX):
            message = f"The policyArn {policy} is not valid: it is none of those of ListAccessPolicies."
            raise AwsError(INVALID, message, clusterName=cluster.name)
        scope = params["accessScope"]
        wanted = tuple(scope.get("namespaces") or ())
        if (scope.get("type") == "namespace") != bool(wanted):
            message = "An access scope of type namespace names at least one namespace; one of type cluster names none."
            raise AwsError(INVALID, message, clusterName=cluster.name)
        for each in wanted:
            if not NAMESPACE.match(each):
                message = f"The namespace {each} of the access scope is not valid."
                raise AwsError(INVALID, message, clusterName=cluster.name)
        before = entry.policies.get(policy)
        association = Association(policy, wanted, before.associated if before else now, now)
        entry.policies = {**entry.policies, policy: association}
        answer = {"clusterName": cluster.name, "principalArn": entry.principal}
        return {**answer, "associatedAccessPolicy": association.describe()}

    def disassociate_access_policy(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DisassociateAccessPolicy."""
        cluster, entry = self._entry(call, params)
        if params["policyArn"] not in entry.policies:
            message = f"The policy {params['policyArn']} is not associated with {entry.principal}."
            raise AwsError("ResourceNotFoundException", message, clusterName=cluster.name)
        entry.policies = {arn: each for arn, each in entry.policies.items() if arn != params["policyArn"]}
        return {}

    def list_associated_access_policies(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListAssociatedAccessPolicies."""
        cluster, entry = self._entry(call, params)
        listed = [each.describe() for each in entry.policies.values()]
        some, token = page(listed, params.get("nextToken"), params.get("maxResults") or MOST_LISTED, INVALID)
        answer = {"clusterName": cluster.name, "principalArn": entry.principal}
        return {**answer, "associatedAccessPolicies": some, "nextToken": token}


def _check_names(cluster: Cluster, groups: tuple[str, ...], username: str | None) -> None:
    bad = [each for each in groups if each.startswith(("system:", "eks:", "aws:", "amazon:", "iam:"))]
    if bad:
        message = (
            f"The kubernetes group name {bad[0]} is invalid, it cannot start with system:, eks:, aws:, amazon: or iam:."
        )
        raise AwsError(INVALID, message, clusterName=cluster.name)
    if username and username.startswith(RESERVED):
        message = f"The username {username} is invalid, it cannot start with {' or '.join(RESERVED)}"
        raise AwsError(INVALID, message, clusterName=cluster.name)
