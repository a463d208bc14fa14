"""What Express Mode asks of the services beside ECS: most of it by their own operations, as AWS does with the role."""

import contextlib
import uuid
from contextlib import AbstractContextManager
from typing import Any

from ...errors import AwsError
from ...iam.authority import Authority
from ...wire import Call, moto_ec2, moto_elb, moto_express
from ...wire.dispatch import Dispatcher

INFRASTRUCTURE = (
    "elasticloadbalancing:CreateLoadBalancer",
    "elasticloadbalancing:CreateTargetGroup",
    "elasticloadbalancing:CreateListener",
    "elasticloadbalancing:CreateRule",
    "ec2:CreateSecurityGroup",
    "ec2:AuthorizeSecurityGroupIngress",
    "acm:RequestCertificate",
    "application-autoscaling:RegisterScalableTarget",
    "application-autoscaling:PutScalingPolicy",
    "cloudwatch:PutMetricAlarm",
    "logs:CreateLogGroup",
)
"""What the infrastructure role is for; AmazonECSInfrastructureRoleforExpressGatewayServices allows it."""
EXECUTION = ("logs:CreateLogStream", "logs:PutLogEvents")
"""What every task with the awslogs driver needs."""


class Surroundings:
    """The other services.

    Parameters
    ----------
    dispatcher : Dispatcher
        Through whom they are called.
    lock : lock
        The world's.
    authority : Authority
        What roles may do.
    """

    def __init__(self, dispatcher: Dispatcher, lock: AbstractContextManager[Any], authority: Authority) -> None:
        self._authority = authority
        self._dispatcher = dispatcher
        self.lock = lock

    def call(self, region: str, service: str, operation: str, **params: Any) -> dict[str, Any]:
        """Call an operation; under the world's lock.

        Raises
        ------
        AwsError
            Whatever the operation refuses.
        """
        return self._dispatcher.invoke(Call(service, operation, region, request_id=str(uuid.uuid4())), params)

    def delete(self, region: str, service: str, operation: str, **params: Any) -> None:
        """Call an operation that deletes; what is gone already, or used by somebody else, is left alone."""
        with contextlib.suppress(AwsError):
            self.call(region, service, operation, **params)

    def check_allowed(self, role: str, actions: tuple[str, ...]) -> None:
        """Refuse a role that may not do what it is for; on which resources is not looked at.

        On AWS this shows later, when the first resource cannot be made; here nothing is made before it is known.

        Raises
        ------
        AwsError
            ``AccessDeniedException``.
        """
        missing = [action for action in actions if not self._authority.may(role, action)]
        if missing:
            text = f"The role {role} is not authorized to perform: {', '.join(missing)}."
            raise AwsError("AccessDeniedException", text)

    def place(self, region: str, subnets: tuple[str, ...]) -> tuple[tuple[str, ...], str, bool]:
        """Where a service is.

        Parameters
        ----------
        region : str
            Its region.
        subnets : tuple of str
            Subnets that exist; none for those of the default VPC.

        Returns
        -------
        tuple
            The subnets, their VPC, and whether they are public.

        Raises
        ------
        AwsError
            ``InvalidParameterException`` for what no load balancer can be in.
        """
        chosen = subnets or tuple(moto_express.default_subnets(region))
        found = [known for one in chosen if (known := moto_ec2.subnet(region, one)) is not None]
        if not found:
            text = "There is no default VPC with subnets in this Region. Specify subnets in networkConfiguration."
            raise AwsError("InvalidParameterException", text)
        if len({one.vpc_id for one in found}) > 1:
            raise AwsError("InvalidParameterException", "The subnets must belong to the same VPC.")
        if not subnets:
            # the load balancer takes one subnet of each zone
            found = list({one.zone: one for one in reversed(found)}.values())
            found.sort(key=lambda one: one.zone)
        zones = [one.zone for one in found]
        if len(set(zones)) < 2 or len(set(zones)) < len(zones):
            text = "Specify subnets in at least two Availability Zones, one subnet in each."
            raise AwsError("InvalidParameterException", text)
        public = all(one.default_route == "internet-gateway" for one in found)
        return tuple(one.id for one in found), found[0].vpc_id, public

    def rules_of(self, region: str, balancer: str) -> int | None:
        """How many rules a load balancer has; None when it is gone."""
        found = moto_elb.load_balancer(region, balancer)
        return sum(len(one.rules) for one in found.listeners) if found is not None else None
