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
        return {"containerInstances": [], "failures": self._missing(call, params)}

    def update_container_instances_state(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateContainerInstancesState: each one asked for is missing."""
        if params["status"] not in ("ACTIVE", "DRAINING"):
            raise AwsError(
                "InvalidParameterException",
                f"Container instance status {params['status']} is not valid: use ACTIVE or DRAINING.",
            )
        return {"containerInstances": [], "failures": self._missing(call, params)}

    def deregister_container_instance(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeregisterContainerInstance."""
        raise self._not_found(call, params)

    def update_container_agent(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateContainerAgent."""
        raise self._not_found(call, params)

    def list_attributes(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListAttributes: attributes belong to container instances."""
        self._store.region(call.region).find_cluster(params.get("cluster"))
        return {"attributes": []}

    def put_attributes(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutAttributes: whatever instance is named does not exist."""
        raise self._no_target(call, params)

    def delete_attributes(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteAttributes: whatever instance is named does not exist."""
        raise self._no_target(call, params)

    def start_task(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """StartTask places tasks on container instances that the caller names; none of them exists."""
        self._store.region(call.region).usable_definition(params["taskDefinition"])
        return {"tasks": [], "failures": self._missing(call, params)}

    def _missing(self, call: Call, params: dict[str, Any]) -> list[dict[str, str]]:
        self._store.region(call.region).find_cluster(params.get("cluster"))
        if not params["containerInstances"]:
            raise AwsError("InvalidParameterException", "Container Instances cannot be empty.")
        return [{"arn": name, "reason": "MISSING"} for name in params["containerInstances"]]

    def _not_found(self, call: Call, params: dict[str, Any]) -> AwsError:
        self._store.region(call.region).find_cluster(params.get("cluster"))
        return AwsError(
            "InvalidParameterException", f"Referenced container instance {params['containerInstance']} not found."
        )

    def _no_target(self, call: Call, params: dict[str, Any]) -> AwsError:
        self._store.region(call.region).find_cluster(params.get("cluster"))
        attributes = params["attributes"]
        if not attributes:
            return AwsError("InvalidParameterException", "Attributes can not be empty.")
        if not all(each.get("targetId") for each in attributes):
            return AwsError("InvalidParameterException", "Every attribute needs the targetId of a container instance.")
        return AwsError("TargetNotFoundException", f"The target {attributes[0]['targetId']} was not found.")
