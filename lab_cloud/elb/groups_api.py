"""The operations that make, change and delete target groups.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
"""

import re
from collections.abc import Mapping
from typing import Any

from ..errors import AwsError
from ..wire import Answer, Call, moto_elb, moto_elb_groups
from .tags_api import check_tags

HTTP = ("HTTP", "HTTPS")
CODES = re.compile(r"\d{3}(-\d{3})?(,\d{3}(-\d{3})?)*")
CARRIED = ("TCP", "UDP", "TLS", "TCP_UDP", "QUIC", "TCP_QUIC")


class GroupOperations:
    """CreateTargetGroup, ModifyTargetGroup and DeleteTargetGroup."""

    def create_target_group(self, call: Call, params: dict[str, Any]) -> Answer:
        """Make a target group; with the same settings again, the answer is the one that is there."""
        protocol, kind = params.get("Protocol", ""), params.get("TargetType", "instance")
        check_tags(params.get("Tags") or [])
        if params.get("ProtocolVersion") and protocol not in HTTP:
            text = f"A protocol version cannot be specified for target groups with the protocol '{protocol}'"
            raise AwsError("ValidationError", text)
        if params.get("ProtocolVersion", "HTTP1") != "HTTP1":
            text = (
                f"The embedded cloud does not speak {params['ProtocolVersion']} to targets: "
                "create the target group with the protocol version HTTP1."
            )
            raise AwsError("UnsupportedOperation", text)
        if kind == "alb" and protocol != "TCP":
            text = "A target group with the target type 'alb' must have the protocol TCP"
            raise AwsError("InvalidConfigurationRequest", text)
        _check_checks(params, protocol, kind)
        existing = moto_elb.same_target_group(call.region, params)
        return {"TargetGroups": [existing or moto_elb_groups.create(call.region, params)]}

    def modify_target_group(self, call: Call, params: dict[str, Any]) -> Answer:
        """Change health checks; the next check is done by the new settings, at once."""
        arn = params["TargetGroupArn"]
        group = moto_elb.target_group(call.region, arn)
        if group is None:
            raise AwsError("TargetGroupNotFound", "One or more target groups not found")
        checked = {"HealthCheckProtocol": group.check.protocol} | {k: v for k, v in params.items() if v is not None}
        _check_checks(checked, group.protocol if group.target_type != "lambda" else "", group.target_type)
        interval = params.get("HealthCheckIntervalSeconds", int(group.check.interval))
        timeout = params.get("HealthCheckTimeoutSeconds", int(group.check.timeout))
        if timeout > interval or (timeout == interval and group.protocol in HTTP):
            text = f"Health check timeout '{timeout}' must be smaller than the interval '{interval}'"
            raise AwsError("ValidationError", text)
        return {"TargetGroups": [moto_elb_groups.modify(call.region, arn, params)]}

    def delete_target_group(self, call: Call, params: dict[str, Any]) -> Answer:
        """Delete a target group that nobody uses."""
        moto_elb_groups.delete(call.region, params["TargetGroupArn"])
        return {}


def _check_checks(params: Mapping[str, Any], protocol: str, kind: str) -> None:
    checks = params.get("HealthCheckProtocol")
    if checks and protocol in HTTP and checks not in HTTP:
        text = f"Health check protocol '{checks}' is not supported for target groups with the {protocol} protocol"
        raise AwsError("InvalidConfigurationRequest", text)
    if checks and (protocol in CARRIED or protocol == "GENEVE") and checks not in ("TCP", *HTTP):
        text = f"Health check protocol '{checks}' must be one of [HTTP, HTTPS, TCP]"
        raise AwsError("ValidationError", text)
    if params.get("HealthCheckEnabled") is False and kind != "lambda":
        text = f"Health check enabled must be true for target groups with target type '{kind}'"
        raise AwsError("ValidationError", text)
    path = params.get("HealthCheckPath")
    if path and not path.startswith("/"):
        raise AwsError("ValidationError", f"Health check path '{path}' must begin with a '/' character")
    port = params.get("HealthCheckPort")
    if port and port != "traffic-port" and not (port.isdecimal() and 1 <= int(port) <= 65535):
        text = f"Health check port '{port}' must be 'traffic-port' or a number between '1' and '65535'"
        raise AwsError("ValidationError", text)
    _check_matcher(params.get("Matcher") or {}, protocol, checks or ("HTTP" if protocol in HTTP else "TCP"))


def _check_matcher(matcher: Mapping[str, str], protocol: str, checks: str) -> None:
    if matcher.get("GrpcCode"):
        raise AwsError("ValidationError", "A gRPC matcher needs a target group with the protocol version GRPC")
    codes = matcher.get("HttpCode")
    if not codes:
        return
    if protocol in CARRIED and checks == "TCP":
        text = "A health check matcher cannot be specified for health checks with the protocol TCP"
        raise AwsError("InvalidConfigurationRequest", text)
    if not CODES.fullmatch(codes):
        text = f"Health check matcher HTTP code '{codes}' must be a code, a list such as 200,202 or a range as 200-299"
        raise AwsError("ValidationError", text)
    high = 499 if protocol in HTTP or not protocol else 599
    if any(not 200 <= int(code) <= high for code in re.findall(r"\d{3}", codes)):
        raise AwsError("ValidationError", f"Health check matcher HTTP code '{codes}' must be within '200-{high}'")
