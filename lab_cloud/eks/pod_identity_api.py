"""Operations on pod identity associations.

References
----------
https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html and its neighbours
"""

from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..paging import page
from ..wire import Call
from .cluster import Cluster
from .outside import Roles
from .pod_identity import TRUSTED, Association
from .store import Region

INVALID = "InvalidParameterException"
MOST_LISTED = 100


class PodIdentityOperations:
    """Create, describe, list, update and delete associations."""

    _clock: Clock
    _roles: Roles

    def _region(self, call: Call) -> Region:
        raise NotImplementedError

    def create_pod_identity_association(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreatePodIdentityAssociation."""
        cluster = self._region(call).usable(params["clusterName"])
        made = self._associate(cluster, params)
        return {"association": made.describe()}

    def _associate(self, cluster: Cluster, params: dict[str, Any], owner: str = "") -> Association:
        namespace, account, token = params["namespace"], params["serviceAccount"], params.get("clientRequestToken")
        for each in cluster.associations.values():
            if (each.namespace, each.account) == (namespace, account):
                if token and token == each.token:
                    return each
                message = f"Association already exists: {each.id}"
                raise AwsError("ResourceInUseException", message, clusterName=cluster.name)
        self._check_pod_role(cluster, params["roleArn"])
        now = self._clock.now()
        made = Association(
            cluster=cluster.name,
            region=cluster.region,
            namespace=namespace,
            account=account,
            role=params["roleArn"],
            created=now,
            modified=now,
            owner=owner,
            target=params.get("targetRoleArn") or "",
            policy=params.get("policy") or "",
            token=token or "",
            no_session_tags=bool(params.get("disableSessionTags")),
            tags=dict(params.get("tags") or {}),
        )
        cluster.associations[made.id] = made
        return made

    def _check_pod_role(self, cluster: Cluster, arn: str) -> None:
        if not self._roles.has_role(arn):
            message = f"Role provided in the request does not exist: {arn}"
            raise AwsError("ResourceNotFoundException", message, clusterName=cluster.name)
        if not self._roles.trusts(arn, TRUSTED):
            message = (
                f"Trust policy of the role {arn} is not valid for EKS Pod Identity: it must let the service {TRUSTED} "
                "do sts:AssumeRole and sts:TagSession."
            )
            raise AwsError(INVALID, message, clusterName=cluster.name)

    def _association(self, call: Call, params: dict[str, Any]) -> tuple[Cluster, Association]:
        cluster = self._region(call).find(params["clusterName"])
        found = cluster.associations.get(params["associationId"])
        if found is None:
            message = f"Association {params['associationId']} not found in cluster {cluster.name}."
            raise AwsError("ResourceNotFoundException", message, clusterName=cluster.name)
        return cluster, found

    def describe_pod_identity_association(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribePodIdentityAssociation."""
        return {"association": self._association(call, params)[1].describe()}

    def list_pod_identity_associations(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListPodIdentityAssociations."""
        cluster = self._region(call).find(params["clusterName"])
        found = [
            each.summary()
            for each in cluster.associations.values()
            if params.get("namespace") in (None, each.namespace)
            and params.get("serviceAccount") in (None, each.account)
        ]
        some, token = page(found, params.get("nextToken"), params.get("maxResults") or MOST_LISTED, INVALID)
        return {"associations": some, "nextToken": token}

    def update_pod_identity_association(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdatePodIdentityAssociation."""
        cluster, found = self._association(call, params)
        self._check_unowned(cluster, found)
        if params.get("roleArn"):
            self._check_pod_role(cluster, params["roleArn"])
            found.role = params["roleArn"]
        found.target = params.get("targetRoleArn", found.target)
        found.policy = params.get("policy", found.policy)
        found.no_session_tags = bool(params.get("disableSessionTags", found.no_session_tags))
        found.modified = self._clock.now()
        return {"association": found.describe()}

    def delete_pod_identity_association(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeletePodIdentityAssociation."""
        cluster, found = self._association(call, params)
        self._check_unowned(cluster, found)
        del cluster.associations[found.id]
        return {"association": found.describe()}

    def _check_unowned(self, cluster: Cluster, found: Association) -> None:
        if found.owner:
            message = f"The association {found.id} belongs to {found.owner}: change it with UpdateAddon."
            raise AwsError("InvalidRequestException", message, clusterName=cluster.name)
