"""Classic Load Balancers: there are none, and making one is refused.

AWS keeps them for old set-ups only. Nothing here would carry a byte for one, so none is stored: what was described back
would look as if it served.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/Welcome.html
"""

from typing import Any

from ..errors import AwsError
from ..wire import Answer, Call

LIMITS = {"classic-load-balancers": 20, "classic-listeners": 100, "classic-registered-instances": 1000}
REFUSAL = (
    "The embedded cloud has no Classic Load Balancers, the previous generation. Create an Application Load Balancer "
    "(for HTTP) or a Network Load Balancer (for TCP) instead: create_load_balancer of the service elbv2."
)


class ClassicApi:
    """All operations of Classic Load Balancers."""

    def create_load_balancer(self, call: Call, params: dict[str, Any]) -> Answer:
        """Refuse."""
        raise AwsError("UnsupportedOperation", REFUSAL)

    def delete_load_balancer(self, call: Call, params: dict[str, Any]) -> Answer:
        """Deleting what is not there succeeds, as on AWS."""
        return {}

    def describe_load_balancers(self, call: Call, params: dict[str, Any]) -> Answer:
        """None."""
        for name in params.get("LoadBalancerNames") or []:
            raise _missing(name)
        return {"LoadBalancerDescriptions": []}

    def describe_load_balancer_policies(self, call: Call, params: dict[str, Any]) -> Answer:
        """None."""
        if params.get("LoadBalancerName"):
            raise _missing(params["LoadBalancerName"])
        return {"PolicyDescriptions": []}

    def describe_load_balancer_policy_types(self, call: Call, params: dict[str, Any]) -> Answer:
        """None."""
        for name in params.get("PolicyTypeNames") or []:
            raise AwsError("PolicyTypeNotFound", f"There is no policy type '{name}' here. {REFUSAL}")
        return {"PolicyTypeDescriptions": []}

    def describe_account_limits(self, call: Call, params: dict[str, Any]) -> Answer:
        """AWS's default limits."""
        return {"Limits": [{"Name": name, "Max": str(most)} for name, most in LIMITS.items()]}

    def _of_one(self, call: Call, params: dict[str, Any]) -> Answer:
        raise _missing(params["LoadBalancerName"])

    def _of_some(self, call: Call, params: dict[str, Any]) -> Answer:
        raise _missing(params["LoadBalancerNames"][0])

    add_tags = remove_tags = describe_tags = _of_some
    apply_security_groups_to_load_balancer = _of_one
    attach_load_balancer_to_subnets = detach_load_balancer_from_subnets = _of_one
    configure_health_check = describe_instance_health = _of_one
    create_app_cookie_stickiness_policy = create_lb_cookie_stickiness_policy = _of_one
    create_load_balancer_listeners = delete_load_balancer_listeners = _of_one
    create_load_balancer_policy = delete_load_balancer_policy = _of_one
    register_instances_with_load_balancer = deregister_instances_from_load_balancer = _of_one
    describe_load_balancer_attributes = modify_load_balancer_attributes = _of_one
    enable_availability_zones_for_load_balancer = disable_availability_zones_for_load_balancer = _of_one
    set_load_balancer_listener_ssl_certificate = _of_one
    set_load_balancer_policies_for_backend_server = set_load_balancer_policies_of_listener = _of_one


def _missing(name: str) -> AwsError:
    return AwsError("LoadBalancerNotFound", f"There is no ACTIVE Load Balancer named '{name}'")
