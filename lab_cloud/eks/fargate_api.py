"""Operations on Fargate profiles.

References
----------
https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateFargateProfile.html and its neighbours
"""

import re
from typing import Any

from ..clock import Clock
from ..delays import Delays
from ..errors import AwsError
from ..paging import page
from ..wire import Call
from . import names
from .access import FARGATE_NAME, NODE_TYPES, Entry
from .cluster import WITH_ENTRIES, Cluster
from .fargate import Profile, Selector
from .nodegroup import CREATING, DELETING
from .outside import Networks, Roles
from .store import Region

INVALID = "InvalidParameterException"
TRUSTED = "eks-fargate-pods.amazonaws.com"
NAME = re.compile(r"[0-9A-Za-z][A-Za-z0-9\-_]{0,99}")
MOST_SELECTORS, MOST_LABELS, MOST_LISTED = 5, 5, 100


class FargateOperations:
    """Create, describe, list and delete Fargate profiles."""

    _clock: Clock
    _delays: Delays
    _roles: Roles
    _networks: Networks

    def _region(self, call: Call) -> Region:
        raise NotImplementedError

    def create_fargate_profile(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreateFargateProfile: one at a time."""
        cluster = self._region(call).usable(params["clusterName"])
        name, token, now = params["fargateProfileName"], params.get("clientRequestToken") or "", self._clock.now()
        known = cluster.fargate.get(name)
        if known is not None:
            if token and token == known.token:
                return {"fargateProfile": known.describe()}
            message = f"A Fargate Profile already exists with this name in this cluster: {name}"
            raise _refuse(cluster, name, message, "ResourceInUseException")
        if not NAME.fullmatch(name):
            raise _refuse(cluster, name, f"The Fargate profile name {name} is not valid.")
        _one_at_a_time(cluster, name, "create")
        self._check_execution_role(cluster, name, params["podExecutionRoleArn"])
        made = Profile(
            name=name,
            cluster=cluster.name,
            region=call.region,
            role=params["podExecutionRoleArn"],
            subnets=self._private_subnets(cluster, name, params.get("subnets") or cluster.network.subnets),
            selectors=_selectors(cluster, name, params.get("selectors") or ()),
            created=now,
            due=now + self._delays.real("eks.fargate-profile"),
            token=token,
            tags=dict(params.get("tags") or {}),
        )
        cluster.fargate[name] = made
        if cluster.mode in WITH_ENTRIES and made.role not in cluster.entries:
            arn = names.arn(cluster.region, f"access-entry/{cluster.name}/{names.uuid()}")
            kind = "FARGATE_LINUX"
            cluster.entries[made.role] = Entry(made.role, arn, kind, FARGATE_NAME, NODE_TYPES[kind], now, now)
        return {"fargateProfile": made.describe()}

    def _check_execution_role(self, cluster: Cluster, name: str, arn: str) -> None:
        if not self._roles.has_role(arn):
            raise _refuse(cluster, name, f"The role {arn} cannot be found.")
        if not self._roles.trusts(arn, TRUSTED):
            message = f"Misconfigured PodExecutionRole Trust Policy; Please add the {TRUSTED} Service Principal"
            raise _refuse(cluster, name, message)

    def _private_subnets(self, cluster: Cluster, name: str, asked: Any) -> tuple[str, ...]:
        for each in asked:
            found = self._networks.subnet(cluster.region, each)
            if found is None:
                raise _refuse(cluster, name, f"The subnet ID '{each}' does not exist")
            if found.vpc != cluster.network.vpc:
                raise _refuse(cluster, name, f"Subnet {each} is not in the VPC {cluster.network.vpc} of the cluster.")
            if found.public:
                raise _refuse(cluster, name, f"Subnet {each} provided in Fargate Profile is not a private subnet")
        return tuple(dict.fromkeys(asked))

    def _profile(self, call: Call, params: dict[str, Any]) -> tuple[Cluster, Profile]:
        cluster, name = self._region(call).find(params["clusterName"]), params["fargateProfileName"]
        found = cluster.fargate.get(name)
        if found is None:
            message = f"No Fargate Profile found with name: {name}."
            raise _refuse(cluster, name, message, "ResourceNotFoundException")
        return cluster, found

    def describe_fargate_profile(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeFargateProfile."""
        return {"fargateProfile": self._profile(call, params)[1].describe()}

    def list_fargate_profiles(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListFargateProfiles."""
        cluster = self._region(call).find(params["clusterName"])
        found = sorted(cluster.fargate)
        some, token = page(found, params.get("nextToken"), params.get("maxResults") or MOST_LISTED, INVALID)
        return {"fargateProfileNames": some, "nextToken": token}

    def delete_fargate_profile(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteFargateProfile: its pods are deleted; one at a time."""
        cluster, found = self._profile(call, params)
        _one_at_a_time(cluster, found.name, "Delete")
        found.status, found.due = DELETING, self._clock.now() + self._delays.real("eks.fargate-profile")
        return {"fargateProfile": found.describe()}


def _one_at_a_time(cluster: Cluster, name: str, what: str) -> None:
    for each in cluster.fargate.values():
        if each.status in (CREATING, DELETING):
            message = (
                f"Cannot {what} Fargate Profile {name} because cluster {cluster.name} currently has Fargate profile "
                f"{each.name} in status {each.status}"
            )
            raise _refuse(cluster, name, message, "ResourceInUseException")


def _selectors(cluster: Cluster, name: str, asked: Any) -> tuple[Selector, ...]:
    if not 1 <= len(asked) <= MOST_SELECTORS:
        raise _refuse(cluster, name, f"A Fargate profile has between 1 and {MOST_SELECTORS} selectors.")
    made = []
    for each in asked:
        labels = each.get("labels") or {}
        if not each.get("namespace"):
            raise _refuse(cluster, name, "Each selector of a Fargate profile must name a namespace.")
        if len(labels) > MOST_LABELS:
            raise _refuse(cluster, name, f"A selector has at most {MOST_LABELS} labels.")
        made.append(Selector(each["namespace"], tuple(sorted(labels.items()))))
    return tuple(made)


def _refuse(cluster: Cluster, name: str, message: str, code: str = INVALID) -> AwsError:
    if code == INVALID:
        return AwsError(code, message, clusterName=cluster.name, fargateProfileName=name)
    return AwsError(code, message, clusterName=cluster.name)
