"""Operations on scalable targets and scaling activities.

References
----------
https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
"""

import re
from collections.abc import Mapping
from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..paging import page
from ..wire import Call
from .outside import Scalable
from .reconciler import Scaling
from .store import ScalingStore
from .target import ECS_DIMENSION, SUSPENDABLE, ScalableTarget

SERVICE_ROLE = (
    "arn:aws:iam::{account}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_ECSService"
)
RESOURCE = re.compile(r"service/[^/]+/[^/]+")


class TargetOperations:
    """Register, deregister and describe scalable targets; describe activities."""

    _clock: Clock
    _store: ScalingStore
    _scaling: Scaling
    _services: Mapping[str, Scalable]

    def register_scalable_target(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Make a target, or change its bounds; tags count for a new one only, as the API reference says."""
        resource, dimension = checked(params)
        region = self._store.region(call.region)
        if self._services["ecs"].capacity(call.region, resource) is None:
            raise invalid(f"ECS service doesn't exist: {resource}")
        old = region.targets.get((resource, dimension))
        least = params.get("MinCapacity", old.least if old else None)
        most = params.get("MaxCapacity", old.most if old else None)
        if least is None or most is None:
            raise invalid("MinCapacity and MaxCapacity are required to register a new scalable target.")
        if least < 0:
            raise invalid(f"Minimum capacity must not be negative: {least}")
        if least > most:
            raise invalid("Maximum capacity cannot be less than minimum capacity")
        now = self._clock.now()
        if old is None:
            identity = f"scalable-target/{call.request_id or resource}"
            arn = f"arn:aws:application-autoscaling:{call.region}:{call.account}:{identity}"
            role = params.get("RoleARN") or SERVICE_ROLE.format(account=call.account)
            old = region.targets[resource, dimension] = ScalableTarget(
                call.region, resource, dimension, least, most, role, now, arn, tags=dict(params.get("Tags") or {})
            )
        old.least, old.most = least, most
        suspended = params.get("SuspendedState") or {}
        old.suspended |= {name: suspended[name] for name in SUSPENDABLE if name in suspended}
        self._scaling.bring_inside(region, old, now)
        return {"ScalableTargetARN": old.arn}

    def deregister_scalable_target(self, call: Call, params: dict[str, Any]) -> None:
        """Delete a target with its policies, their alarms and its scheduled actions."""
        region = self._store.region(call.region)
        target = region.find(*checked(params))
        for policy in region.policies_of(target.key):
            self._delete_policy(call, policy)
        for key in [key for key in region.scheduled if key[:2] == target.key]:
            del region.scheduled[key]
        region.cooldowns.pop(target.key, None)
        del region.targets[target.key]

    def _delete_policy(self, call: Call, policy: Any) -> None:
        raise NotImplementedError

    def describe_scalable_targets(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The targets of a namespace."""
        wanted = params.get("ResourceIds")
        found = [
            target
            for target in self._store.region(call.region).targets.values()
            if chosen(params, target.resource, target.dimension) and (not wanted or target.resource in wanted)
        ]
        shown, token = cut(found, params, 50)
        return {"ScalableTargets": [target.describe() for target in shown], "NextToken": token}

    def describe_scaling_activities(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """What was done, newest first."""
        found = [
            activity
            for activity in self._store.region(call.region).activities
            if chosen(params, activity.resource, activity.dimension)
            and (not activity.not_scaled or params.get("IncludeNotScaledActivities"))
        ]
        shown, token = cut(found, params, 50)
        return {"ScalingActivities": [activity.describe() for activity in shown], "NextToken": token}

    def tag_resource(self, call: Call, params: dict[str, Any]) -> None:
        """Add tags to a target."""
        target = self._tagged(call, params)
        made = {**target.tags, **params["Tags"]}
        if len(made) > 50:
            raise AwsError("TooManyTagsException", "A scalable target can have 50 tags at most.")
        target.tags = made

    def untag_resource(self, call: Call, params: dict[str, Any]) -> None:
        """Take tags from a target."""
        tags = self._tagged(call, params).tags
        for key in params["TagKeys"]:
            tags.pop(key, None)

    def list_tags_for_resource(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The tags of a target."""
        return {"Tags": dict(self._tagged(call, params).tags)}

    def _tagged(self, call: Call, params: dict[str, Any]) -> ScalableTarget:
        arn = params["ResourceARN"]
        for target in self._store.region(call.region).targets.values():
            if target.arn == arn:
                return target
        raise AwsError("ResourceNotFoundException", f"The resource {arn} was not found.", ResourceName=arn)


def checked(params: dict[str, Any]) -> tuple[str, str]:
    """Resource and dimension of a request.

    Raises
    ------
    AwsError
        ``ValidationException`` for what is no service of ECS: the embedded cloud scales nothing else.
    """
    namespace, resource, dimension = (params[name] for name in ("ServiceNamespace", "ResourceId", "ScalableDimension"))
    if not dimension.startswith(f"{namespace}:"):
        raise invalid("Unsupported service namespace, resource type or scalable dimension")
    if dimension != ECS_DIMENSION:
        raise invalid(f"The embedded cloud scales {ECS_DIMENSION} only, not {dimension}.")
    if not RESOURCE.fullmatch(resource):
        raise invalid(
            "Unsupported service namespace, resource type or scalable dimension: "
            "an ECS service is service/cluster-name/service-name"
        )
    return resource, dimension


def chosen(params: dict[str, Any], resource: str, dimension: str) -> bool:
    """Whether a description asks for this target."""
    return (
        dimension.startswith(f"{params['ServiceNamespace']}:")
        and params.get("ResourceId") in (None, resource)
        and params.get("ScalableDimension") in (None, dimension)
    )


def cut(found: list[Any], params: dict[str, Any], most: int) -> tuple[list[Any], str | None]:
    """The page that was asked for."""
    size = min(params.get("MaxResults") or most, most)
    return page(found, params.get("NextToken"), size, "InvalidNextTokenException")


def invalid(message: str) -> AwsError:
    """The service's error for bad input."""
    return AwsError("ValidationException", message)
