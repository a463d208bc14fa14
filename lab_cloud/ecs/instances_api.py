"""Operations on container instances. There are none yet: tasks run on Fargate; instances come with lab 05."""

from typing import Any

from ..errors import AwsError
from ..wire import Call
from .store import Store


class InstanceOperations:
    """What AWS answers about a cluster without container instances."""

    _store: Store

    def list_container_instances(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListContainerInstances."""
        self._store.region(call.region).find_cluster(params.get("cluster"))
        return {"containerInstanceArns": []}

    def describe_container_instances(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeContainerInstances: each one asked for is missing."""
        self._store.region(call.region).find_cluster(params.get("cluster"))
        if not params["containerInstances"]:
            raise AwsError("InvalidParameterException", "Container instances cannot be empty.")
        return {
            "containerInstances": [],
            "failures": [{"arn": name, "reason": "MISSING"} for name in params["containerInstances"]],
        }

    def list_attributes(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListAttributes: attributes belong to container instances."""
        self._store.region(call.region).find_cluster(params.get("cluster"))
        return {"attributes": []}

    def start_task(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """StartTask places tasks on container instances that the caller names; none of them exists."""
        region = self._store.region(call.region)
        region.find_cluster(params.get("cluster"))
        region.usable_definition(params["taskDefinition"])
        if not params["containerInstances"]:
            raise AwsError("InvalidParameterException", "Container instances cannot be empty.")
        return {"tasks": [], "failures": [{"arn": name, "reason": "MISSING"} for name in params["containerInstances"]]}
