"""Read listeners and their rules from moto, and make and change rules as AWS does.

Every function must be called under the world's lock.
"""

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

from ..elb.model import NO_CHANGES, Action, Condition, HeaderChanges, Listener, Redirect, Rewrite, Rule
from .call import ACCOUNT

DEFAULT_WEIGHT = 1
UNSUPPORTED = ("authenticate-cognito", "authenticate-oidc", "jwt-validation")
CONFIGS = {
    "host-header": "HostHeaderConfig",
    "path-pattern": "PathPatternConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}
REQUEST, RESPONSE = "routing.http.request.", "routing.http.response."
REWRITES = {"host-header-rewrite": "HostHeaderRewriteConfig", "url-rewrite": "UrlRewriteConfig"}


# reading


def listener(found: Any) -> Listener:
    """A listener with its rules."""
    rules = sorted((rule(one) for one in found._non_default_rules.values()), key=lambda one: one.priority)
    return Listener(
        found.arn,
        found.protocol,
        int(found.port),
        _deciding(found.default_actions),
        tuple(targets(found)),
        tuple(rules),
        float(found.attributes.get("tcp.idle_timeout.seconds", 350)),
        headers=header_changes(found.attributes),
    )


def header_changes(attributes: Mapping[str, str]) -> HeaderChanges:
    """What a listener's attributes say of headers."""
    added = []
    for key, value in sorted(attributes.items()):
        if key.startswith(RESPONSE) and key.endswith(".header_value") and value:
            name = key.removeprefix(RESPONSE).removesuffix(".header_value")
            added.append((name.replace("_", "-").title(), value))
    return HeaderChanges(
        tuple(added),
        attributes.get(f"{RESPONSE}server.enabled") != "false",
        attributes.get(f"{REQUEST}x_amzn_tls_version.header_name") or NO_CHANGES.tls_version,
        attributes.get(f"{REQUEST}x_amzn_tls_cipher_suite.header_name") or NO_CHANGES.tls_cipher,
    )


def rule(found: Any) -> Rule:
    """A rule other than the default one."""
    transforms = [rewrite for one in found.__dict__.get("transforms") or () for rewrite in rewrites_of(one)]
    return Rule(
        found.arn,
        int(found.priority),
        tuple(condition_of(one) for one in found.conditions),
        _deciding(found.actions),
        tuple(transforms),
    )


def condition_of(given: Mapping[str, Any]) -> Condition:
    """A condition, from either of the two forms that AWS takes."""
    field = given["Field"]
    config = given.get(CONFIGS[field]) or {}
    if field == "query-string":
        pairs = tuple((one.get("Key") or None, one.get("Value", "")) for one in config.get("Values") or ())
        return Condition(field, pairs=pairs)
    return Condition(
        field,
        tuple(config.get("Values") or given.get("Values") or ()),
        tuple(config.get("RegexValues") or given.get("RegexValues") or ()),
        config.get("HttpHeaderName") or "",
    )


def rewrites_of(transform: Mapping[str, Any]) -> list[Rewrite]:
    """The rewrites of a transform."""
    kind = transform["Type"]
    config = transform.get(REWRITES[kind]) or {}
    return [Rewrite(kind, one["Regex"], one["Replace"]) for one in config.get("Rewrites") or ()]


def targets(found: Any) -> list[str]:
    """The target groups that any rule of a listener names, by ARN."""
    return [arn for one in _rules(found) for action in one.actions for arn, _weight in _weights(action.data)]


def _rules(found: Any) -> list[Any]:
    return [*found._non_default_rules.values(), *found._default_rule.values()]


def _deciding(actions: list[Any]) -> Action:
    # the last action answers; one before it that the cloud does not simulate must not be skipped
    ordered = sorted(actions, key=lambda one: int(one.data.get("Order") or 0))
    if not ordered:
        return Action("fixed-response", status=503)
    refused = [one for one in ordered if one.type in UNSUPPORTED]
    return _action((refused or ordered[-1:])[0])


def _action(action: Any) -> Action:
    fixed = action.data.get("FixedResponseConfig") or {}
    sticky = (action.data.get("ForwardConfig") or {}).get("TargetGroupStickinessConfig") or {}
    enabled = str(sticky.get("Enabled")).lower() == "true"
    return Action(
        kind=action.type,
        groups=tuple(_weights(action.data)),
        status=int(fixed.get("StatusCode", 200)),
        content_type=fixed.get("ContentType", "text/plain"),
        body=fixed.get("MessageBody", ""),
        sticky=int(sticky.get("DurationSeconds") or 0) if enabled else 0,
        redirect=_redirect(action.data.get("RedirectConfig") or {}),
    )


def _redirect(config: Mapping[str, Any]) -> Redirect:
    given = {
        name: config[name.title()] for name in ("protocol", "host", "port", "path", "query") if name.title() in config
    }
    return Redirect(status=int(config.get("StatusCode", "HTTP_302").removeprefix("HTTP_")), **given)


def _weights(data: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    several = (data.get("ForwardConfig") or {}).get("TargetGroups") or []
    if several:
        for one in several:
            weight = one.get("Weight")
            yield one["TargetGroupArn"], DEFAULT_WEIGHT if weight is None else int(weight)
    elif data.get("TargetGroupArn"):
        yield data["TargetGroupArn"], DEFAULT_WEIGHT


# making and changing


def listener_of(region: str, arn: str) -> str | None:
    """The ARN of the listener to which a rule belongs; None when there is no such rule."""
    found = _found(region, arn)
    return str(found[0].arn) if found is not None else None


def is_default(region: str, arn: str) -> bool | None:
    """Whether a rule is a listener's default; None when there is none."""
    found = _found(region, arn)
    return bool(found[1].is_default) if found is not None else None


def create(region: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Make a rule of parameters that have been checked; as CreateRule answers.

    moto's own way checks the conditions once more, and does not know those with regular expressions.
    """
    models = importlib.import_module("moto.elbv2.models")
    found = find_listener(region, params["ListenerArn"])
    random = importlib.import_module("moto.moto_api._internal").mock_random
    arn = f"{found.arn.replace(':listener/', ':listener-rule/')}/{random.get_random_hex(16)}"
    actions = [models.FakeAction(dict(one)) for one in params["Actions"]]
    made = models.FakeListenerRule(found.arn, arn, list(params["Conditions"]), int(params["Priority"]), actions)
    made.transforms = list(params.get("Transforms") or [])
    found.register(arn, made)
    _backend(region).tagging_service.tag_resource(arn, params.get("Tags") or [])
    return describe(made)


def modify(region: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Change a rule by parameters that have been checked; as ModifyRule answers."""
    models = importlib.import_module("moto.elbv2.models")
    found = _rule(region, params["RuleArn"])
    if params.get("Conditions"):
        found.conditions = list(params["Conditions"])
    if params.get("Actions"):
        found.actions = [models.FakeAction(dict(one)) for one in params["Actions"]]
    if params.get("Transforms"):
        found.transforms = list(params["Transforms"])
    if params.get("ResetTransforms"):
        found.transforms = []
    return describe(found)


def delete(region: str, arn: str) -> None:
    """Delete a rule."""
    found = _found(region, arn)
    if found is not None:
        found[0].remove_rule(arn)


def set_priority(region: str, arn: str, priority: int) -> dict[str, Any]:
    """Give a rule another priority; as SetRulePriorities answers for it."""
    found = _rule(region, arn)
    found.priority = priority
    return describe(found)


def describe_all(region: str, listener_arn: str) -> list[dict[str, Any]]:
    """All rules of a listener, as DescribeRules answers: by priority, the default one last."""
    found = find_listener(region, listener_arn)
    if found is None:
        return []
    own = sorted(found._non_default_rules.values(), key=lambda one: int(one.priority))
    return [describe(one) for one in (*own, *found._default_rule.values())]


def describe_one(region: str, arn: str) -> dict[str, Any] | None:
    """One rule, as DescribeRules answers; None when there is none."""
    found = _found(region, arn)
    return describe(found[1]) if found is not None else None


def describe(found: Any) -> dict[str, Any]:
    """A rule as AWS shows it."""
    return {
        "RuleArn": found.arn,
        "Priority": str(found.priority),
        "Conditions": [_shown(one) for one in found.conditions],
        "Actions": [action.data for action in found.actions],
        "IsDefault": bool(found.is_default),
        "Transforms": list(found.__dict__.get("transforms") or []),
    }


def _shown(given: Mapping[str, Any]) -> dict[str, Any]:
    # AWS shows the values of hosts and paths in both forms, whichever way they came
    field = given.get("Field")
    if field not in ("host-header", "path-pattern"):
        return dict(given)
    found = condition_of(given)
    config = {"Values": list(found.values), "RegexValues": list(found.regexes)}
    shown: dict[str, Any] = {"Field": field, CONFIGS[field]: {name: some for name, some in config.items() if some}}
    return shown | {name: some for name, some in config.items() if some}


def _rule(region: str, arn: str) -> Any:
    found = _found(region, arn)
    assert found is not None  # the caller has looked
    return found[1]


def _found(region: str, arn: str) -> tuple[Any, Any] | None:
    for balancer in _backend(region).load_balancers.values():
        for one in balancer.listeners.values():
            for its in _rules(one):
                if its.arn == arn:
                    return one, its
    return None


def find_listener(region: str, arn: str) -> Any:
    """moto's listener, or None."""
    for balancer in _backend(region).load_balancers.values():
        if arn in balancer.listeners:
            return balancer.listeners[arn]
    return None


def _backend(region: str) -> Any:
    return importlib.import_module("moto.elbv2.models").elbv2_backends[ACCOUNT][region]
