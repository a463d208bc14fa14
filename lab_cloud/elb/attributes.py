"""The attributes of load balancers, target groups and listeners: which exist for what, their values and defaults.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ListenerAttribute.html
"""

import re
from collections.abc import Callable, Iterable, Mapping

from ..errors import AwsError

Check = Callable[[str, str], str]
Table = dict[str, tuple[Check, str]]
"""By key: what is wrong with a value, in words, and the default."""

A_WEEK = 604800
LARGEST = 1000000
LONGEST_HEADER = 1024
HEADER_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


def one_of(*words: str) -> Check:
    """One of these words."""
    return lambda key, value: "" if value in words else f"'{key}' value '{value}' must be one of [{', '.join(words)}]"


def between(low: int, high: int, *words: str) -> Check:
    """A whole number of this range, or one of these words."""

    def check(key: str, value: str) -> str:
        if value in words or (value.isascii() and value.isdecimal() and low <= int(value) <= high):
            return ""
        return f"'{key}' value '{value}' must be between '{low}-{high}' inclusive"

    return check


def anything(_key: str, _value: str) -> str:
    """Any text."""
    return ""


def header_value(key: str, value: str) -> str:
    """What may stand in a header; also nothing."""
    if len(value) <= LONGEST_HEADER and all(" " <= char <= "~" for char in value):
        return ""
    return f"'{key}' value must have at most {LONGEST_HEADER} printable ASCII characters"


def header_name(key: str, value: str) -> str:
    """What may name a header."""
    return "" if HEADER_NAME.fullmatch(value) else f"'{key}' value '{value}' is not a valid header name"


SWITCH = one_of("true", "false")
_EVERY_BALANCER: Table = {"deletion_protection.enabled": (SWITCH, "false")}
_LOGS: Table = {
    "access_logs.s3.enabled": (SWITCH, "false"),
    "access_logs.s3.bucket": (anything, ""),
    "access_logs.s3.prefix": (anything, ""),
    "ipv6.deny_all_igw_traffic": (SWITCH, "false"),
    "zonal_shift.config.enabled": (SWITCH, "false"),
}
BALANCERS: dict[str, Table] = {
    "application": _EVERY_BALANCER
    | _LOGS
    | {
        "load_balancing.cross_zone.enabled": (one_of("true"), "true"),
        "idle_timeout.timeout_seconds": (between(1, 4000), "60"),
        "client_keep_alive.seconds": (between(60, A_WEEK), "3600"),
        "connection_logs.s3.enabled": (SWITCH, "false"),
        "connection_logs.s3.bucket": (anything, ""),
        "connection_logs.s3.prefix": (anything, ""),
        "health_check_logs.s3.enabled": (SWITCH, "false"),
        "health_check_logs.s3.bucket": (anything, ""),
        "health_check_logs.s3.prefix": (anything, ""),
        "routing.http.desync_mitigation_mode": (one_of("monitor", "defensive", "strictest"), "defensive"),
        "routing.http.drop_invalid_header_fields.enabled": (SWITCH, "false"),
        "routing.http.preserve_host_header.enabled": (SWITCH, "false"),
        "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": (SWITCH, "false"),
        "routing.http.xff_client_port.enabled": (SWITCH, "false"),
        "routing.http.xff_header_processing.mode": (one_of("append", "preserve", "remove"), "append"),
        "routing.http2.enabled": (SWITCH, "true"),
        "waf.fail_open.enabled": (SWITCH, "false"),
    },
    "network": _EVERY_BALANCER
    | _LOGS
    | {
        "load_balancing.cross_zone.enabled": (SWITCH, "false"),
        "dns_record.client_routing_policy": (
            one_of("any_availability_zone", "availability_zone_affinity", "partial_availability_zone_affinity"),
            "any_availability_zone",
        ),
        "secondary_ips.auto_assigned.per_subnet": (between(0, 7), "0"),
    },
    "gateway": _EVERY_BALANCER | {"load_balancing.cross_zone.enabled": (SWITCH, "false")},
}

_DELAY: Table = {"deregistration_delay.timeout_seconds": (between(0, 3600), "300")}
_HEALTH: Table = {
    "load_balancing.cross_zone.enabled": (
        one_of("true", "false", "use_load_balancer_configuration"),
        "use_load_balancer_configuration",
    ),
    "target_group_health.dns_failover.minimum_healthy_targets.count": (between(1, LARGEST, "off"), "1"),
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": (between(1, 100, "off"), "off"),
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": (between(1, LARGEST), "1"),
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": (between(1, 100, "off"), "off"),
}
_COOKIES: Table = {
    "stickiness.enabled": (SWITCH, "false"),
    "stickiness.type": (one_of("lb_cookie", "app_cookie"), "lb_cookie"),
    "stickiness.lb_cookie.duration_seconds": (between(1, A_WEEK), "86400"),
    "stickiness.app_cookie.duration_seconds": (between(1, A_WEEK), "86400"),
    "stickiness.app_cookie.cookie_name": (anything, ""),
}


def _slow_start(key: str, value: str) -> str:
    return "" if value == "0" or not between(30, 900)(key, value) else f"'{key}' value '{value}' must be 0 or 30-900"


TARGET_GROUPS: dict[str, Table] = {
    "http": _DELAY
    | _HEALTH
    | _COOKIES
    | {
        "load_balancing.algorithm.type": (
            one_of("round_robin", "least_outstanding_requests", "weighted_random"),
            "round_robin",
        ),
        "load_balancing.algorithm.anomaly_mitigation": (one_of("on", "off"), "off"),
        "slow_start.duration_seconds": (_slow_start, "0"),
    },
    "tcp": _DELAY
    | _HEALTH
    | {
        "stickiness.enabled": (SWITCH, "false"),
        "stickiness.type": (one_of("source_ip"), "source_ip"),
        "deregistration_delay.connection_termination.enabled": (SWITCH, "false"),
        "preserve_client_ip.enabled": (SWITCH, "true"),
        "proxy_protocol_v2.enabled": (SWITCH, "false"),
        "target_health_state.unhealthy.connection_termination.enabled": (SWITCH, "true"),
        "target_health_state.unhealthy.draining_interval_seconds": (between(0, 360000), "0"),
    },
    "geneve": _DELAY
    | {
        "stickiness.enabled": (SWITCH, "false"),
        "stickiness.type": (one_of("source_ip_dest_ip_proto", "source_ip_dest_ip"), ""),
        "target_failover.on_deregistration": (one_of("rebalance", "no_rebalance"), "no_rebalance"),
        "target_failover.on_unhealthy": (one_of("rebalance", "no_rebalance"), "no_rebalance"),
    },
    "lambda": _COOKIES | {"lambda.multi_value_headers.enabled": (SWITCH, "false")},
}

LISTENERS: dict[str, Table] = {
    "HTTP": {
        "routing.http.response.server.enabled": (SWITCH, "true"),
        "routing.http.response.strict_transport_security.header_value": (header_value, ""),
        "routing.http.response.access_control_allow_origin.header_value": (header_value, ""),
        "routing.http.response.access_control_allow_methods.header_value": (header_value, ""),
        "routing.http.response.access_control_allow_headers.header_value": (header_value, ""),
        "routing.http.response.access_control_allow_credentials.header_value": (one_of("true", ""), ""),
        "routing.http.response.access_control_expose_headers.header_value": (header_value, ""),
        "routing.http.response.access_control_max_age.header_value": (between(0, 86400, ""), ""),
        "routing.http.response.content_security_policy.header_value": (header_value, ""),
        "routing.http.response.x_content_type_options.header_value": (one_of("nosniff", ""), ""),
        "routing.http.response.x_frame_options.header_value": (header_value, ""),
    },
    "TCP": {"tcp.idle_timeout.seconds": (between(60, 6000), "350")},
    "UDP": {},
}
LISTENERS["HTTPS"] = LISTENERS["HTTP"] | {
    f"routing.http.request.{name}.header_name": (header_name, given)
    for name, given in (
        ("x_amzn_mtls_clientcert_serial_number", "X-Amzn-Mtls-Clientcert-Serial-Number"),
        ("x_amzn_mtls_clientcert_issuer", "X-Amzn-Mtls-Clientcert-Issuer"),
        ("x_amzn_mtls_clientcert_subject", "X-Amzn-Mtls-Clientcert-Subject"),
        ("x_amzn_mtls_clientcert_validity", "X-Amzn-Mtls-Clientcert-Validity"),
        ("x_amzn_mtls_clientcert_leaf", "X-Amzn-Mtls-Clientcert-Leaf"),
        ("x_amzn_mtls_clientcert", "X-Amzn-Mtls-Clientcert"),
        ("x_amzn_tls_version", "X-Amzn-Tls-Version"),
        ("x_amzn_tls_cipher_suite", "X-Amzn-Tls-Cipher-Suite"),
    )
}
LISTENERS["GENEVE"] = LISTENERS["TLS"] = LISTENERS["TCP"]
LISTENERS["TCP_UDP"] = LISTENERS["QUIC"] = LISTENERS["TCP_QUIC"] = LISTENERS["UDP"]

KEPT = {
    "access_logs.*, connection_logs.*, health_check_logs.*": "no log files are written",
    "ipv6.deny_all_igw_traffic": "every address is IPv4",
    "zonal_shift.config.enabled, load_balancing.cross_zone.enabled": "requests go to the targets of all zones alike",
    "routing.http2.enabled": "clients get HTTP/1.1",
    "waf.fail_open.enabled": "there is no AWS WAF",
    "dns_record.client_routing_policy, secondary_ips.auto_assigned.per_subnet": "DNS names lead nowhere",
    "slow_start.duration_seconds": "a new target gets its full share at once",
    "load_balancing.algorithm.anomaly_mitigation": "anomalies are not looked for",
    "target_group_health.*": "unhealthy targets get requests when no target is healthy, as by default",
    "target_health_state.unhealthy.draining_interval_seconds": "flows to an unhealthy target end at once, or stay",
    "target_failover.*": "no Gateway Load Balancer is simulated",
    "lambda.multi_value_headers.enabled": "functions are not called",
    "routing.http.request.x_amzn_mtls_*": "clients' certificates are not asked for",
}
"""Attributes that are checked, kept and described back, and have no effect; with what happens instead."""


def family(protocol: str, target_type: str) -> str:
    """Which table of `TARGET_GROUPS` a target group has."""
    if target_type == "lambda":
        return "lambda"
    return {"HTTP": "http", "HTTPS": "http", "GENEVE": "geneve"}.get(protocol, "tcp")


def shown(table: Table, stored: Mapping[str, str]) -> dict[str, str]:
    """All attributes of a table: what was set, or the default."""
    return {key: str(stored.get(key, default)) for key, (_check, default) in table.items()}


def check(noun: str, what: str, tables: Mapping[str, Table], table: Table, wanted: Iterable[tuple[str, str]]) -> None:
    """Refuse keys that do not exist, or not here, and values out of range.

    Parameters
    ----------
    noun : str
        ``Load balancer``, ``Target group`` or ``Listener``.
    what : str
        What these attributes are for, such as ``load balancers with type 'network'``.
    tables, table : mapping
        Those of all kinds, and that of this kind.
    wanted : iterable of pairs
        Keys and values.

    Raises
    ------
    AwsError
        ``ValidationError``, or ``InvalidConfigurationRequest`` for a key of another kind.
    """
    seen = set()
    for key, value in wanted:
        if key in seen:
            raise AwsError("ValidationError", f"{noun} attribute key '{key}' cannot be specified multiple times")
        seen.add(key)
        if key not in table:
            if any(key in other for other in tables.values()):
                text = f"{noun} attribute key '{key}' is not supported on {what}"
                raise AwsError("InvalidConfigurationRequest", text)
            raise AwsError("ValidationError", f"{noun} attribute key '{key}' is not recognized")
        problem = table[key][0](key, value)
        if problem:
            raise AwsError("ValidationError", problem)
