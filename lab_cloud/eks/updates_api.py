"""Operations on updates: of clusters, node groups and add-ons.

References
----------
https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeUpdate.html
"""

from typing import Any

from ..errors import AwsError
from ..paging import page
from ..wire import Call
from .addons_api import find_addon
from .nodegroups_api import find_nodegroup
from .store import Region
from .update import Update

MOST_LISTED = 100


class UpdateOperations:
    """Describe and list updates."""

    def _region(self, call: Call) -> Region:
        raise NotImplementedError

    def _updates(self, call: Call, params: dict[str, Any]) -> dict[str, Update]:
        cluster = self._region(call).find(params["name"])
        if params.get("capabilityName"):
            message = f"No capability found for name: {params['capabilityName']}. EKS Capabilities are not here."
            raise AwsError("ResourceNotFoundException", message, clusterName=cluster.name)
        if params.get("nodegroupName"):
            return find_nodegroup(cluster, params["nodegroupName"]).updates
        if params.get("addonName"):
            return find_addon(cluster, params["addonName"]).updates
        return cluster.updates

    def describe_update(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeUpdate."""
        found = self._updates(call, params).get(params["updateId"])
        if found is None:
            message = f"No update found for ID: {params['updateId']}"
            raise AwsError("ResourceNotFoundException", message, clusterName=params["name"])
        return {"update": found.describe()}

    def list_updates(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListUpdates."""
        size = params.get("maxResults") or MOST_LISTED
        ids, token = page(list(self._updates(call, params)), params.get("nextToken"), size, "InvalidParameterException")
        return {"updateIds": ids, "nextToken": token}
