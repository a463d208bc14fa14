"""Operations on launch configurations, and the lists that never change.

References
----------
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateLaunchConfiguration.html
"""

import uuid
from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..wire import Call
from .checks import invalid
from .decide import POLICIES
from .group import moment
from .groups_api import cut
from .instances_api import METRICS, PROCESSES
from .launching import problem
from .store import GroupStore


class ConfigurationOperations:
    """Create, delete and describe launch configurations; describe types and limits."""

    _clock: Clock
    _store: GroupStore

    def create_launch_configuration(self, call: Call, params: dict[str, Any]) -> None:
        """Keep a launch configuration; launch templates are what AWS recommends instead."""
        known, name = self._store.region(call.region).configurations, params["LaunchConfigurationName"]
        if name in known:
            text = "Launch Configuration by this name already exists - A launch configuration already exists with the "
            raise AwsError("AlreadyExists", f"{text}name {name}")
        if params.get("InstanceId"):
            raise invalid("The embedded cloud makes no launch configuration from an instance.")
        why = problem(call.region, params)
        if why:
            raise invalid(why)
        where = f"arn:aws:autoscaling:{call.region}:{call.account}:launchConfiguration:{uuid.uuid4()}"
        known[name] = {
            **params,
            "LaunchConfigurationARN": f"{where}:launchConfigurationName/{name}",
            "CreatedTime": moment(self._clock.now()),
        }

    def delete_launch_configuration(self, call: Call, params: dict[str, Any]) -> None:
        """Forget a launch configuration that no group uses."""
        region, name = self._store.region(call.region), params["LaunchConfigurationName"]
        if name not in region.configurations:
            raise invalid(f"Launch configuration name not found - Launch configuration {name} not found")
        if any(group.settings.get("LaunchConfigurationName") == name for group in region.groups.values()):
            raise AwsError(
                "ResourceInUse",
                f"Cannot delete launch configuration {name} because it is attached to an AutoScalingGroup",
            )
        del region.configurations[name]

    def describe_launch_configurations(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The launch configurations."""
        names = params.get("LaunchConfigurationNames")
        found = [
            {"KeyName": "", "EbsOptimized": False, "BlockDeviceMappings": [], **one}
            for name, one in self._store.region(call.region).configurations.items()
            if not names or name in names
        ]
        shown, token = cut(found, params, 50, 100)
        return {"LaunchConfigurations": shown, "NextToken": token}

    def describe_account_limits(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """AWS's default quotas, and how much of them is used."""
        region = self._store.region(call.region)
        return {
            "MaxNumberOfAutoScalingGroups": 500,
            "MaxNumberOfLaunchConfigurations": 200,
            "NumberOfAutoScalingGroups": len(region.groups),
            "NumberOfLaunchConfigurations": len(region.configurations),
        }

    def describe_adjustment_types(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The three ways to adjust."""
        kinds = ("ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity")
        return {"AdjustmentTypes": [{"AdjustmentType": kind} for kind in kinds]}

    def describe_metric_collection_types(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The metrics of groups."""
        return {"Metrics": [{"Metric": name} for name in METRICS], "Granularities": [{"Granularity": "1Minute"}]}

    def describe_scaling_process_types(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The processes that can be suspended."""
        return {"Processes": [{"ProcessName": name} for name in PROCESSES]}

    def describe_termination_policy_types(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The termination policies."""
        return {"TerminationPolicyTypes": list(POLICIES)}
