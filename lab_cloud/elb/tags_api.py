"""The operations on tags.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AddTags.html
"""

from typing import Any

from ..errors import AwsError
from ..wire import Answer, Call, moto_elb_settings

MOST_TAGS = 50
MOST_RESOURCES = 20
LONGEST_KEY, LONGEST_VALUE = 128, 256
MISSING = {
    "loadbalancer": ("LoadBalancerNotFound", "The specified load balancer does not exist."),
    "targetgroup": ("TargetGroupNotFound", "One or more target groups not found"),
    "listener": ("ListenerNotFound", "The specified listener does not exist."),
    "listener-rule": ("RuleNotFound", "The specified rule does not exist."),
    "truststore": ("TrustStoreNotFound", "The specified trust store does not exist."),
}


class TagOperations:
    """AddTags, RemoveTags and DescribeTags."""

    def add_tags(self, call: Call, params: dict[str, Any]) -> Answer:
        """Set tags of resources, all or none."""
        wanted = check_tags(params["Tags"])
        for arn in params["ResourceArns"]:
            _need(call.region, arn)
            if len(moto_elb_settings.tags(call.region, arn) | wanted) > MOST_TAGS:
                raise AwsError("TooManyTags", f"The quota for the number of tags, {MOST_TAGS}, has been reached")
        for arn in params["ResourceArns"]:
            moto_elb_settings.tag(call.region, arn, wanted)
        return {}

    def remove_tags(self, call: Call, params: dict[str, Any]) -> Answer:
        """Remove tags; a key that is not there is no error."""
        for arn in params["ResourceArns"]:
            _need(call.region, arn)
        for arn in params["ResourceArns"]:
            moto_elb_settings.untag(call.region, arn, params["TagKeys"])
        return {}

    def describe_tags(self, call: Call, params: dict[str, Any]) -> Answer:
        """The tags of up to twenty resources."""
        arns = params["ResourceArns"]
        if len(arns) > MOST_RESOURCES:
            raise AwsError("ValidationError", f"At most {MOST_RESOURCES} resources can be described at once")
        for arn in arns:
            _need(call.region, arn)
        return {"TagDescriptions": [{"ResourceArn": arn, "Tags": _tags(call.region, arn)} for arn in arns]}


def check_tags(tags: list[dict[str, str]]) -> dict[str, str]:
    """Tags by key.

    Raises
    ------
    AwsError
        ``DuplicateTagKeys``, or ``ValidationError`` for a key or a value that AWS does not allow.
    """
    keys = [one["Key"] for one in tags]
    for key in keys:
        if keys.count(key) > 1:
            raise AwsError("DuplicateTagKeys", f"The tag key '{key}' was specified more than once")
        if key.lower().startswith("aws:"):
            raise AwsError("ValidationError", f"The tag key '{key}' cannot begin with aws:, which is reserved")
        if len(key) > LONGEST_KEY:
            raise AwsError("ValidationError", f"A tag's key cannot be longer than '{LONGEST_KEY}' characters")
    if any(len(one.get("Value") or "") > LONGEST_VALUE for one in tags):
        raise AwsError("ValidationError", f"A tag's value cannot be longer than '{LONGEST_VALUE}' characters")
    return {one["Key"]: one.get("Value") or "" for one in tags}


def _tags(region: str, arn: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in moto_elb_settings.tags(region, arn).items()]


def _need(region: str, arn: str) -> None:
    if moto_elb_settings.exists(region, arn):
        return
    kind = arn.split(":", 5)[-1].partition("/")[0] if arn.startswith("arn:") else ""
    if kind not in MISSING:
        raise AwsError("ValidationError", f"'{arn}' is not a valid ARN of a load balancing resource")
    raise AwsError(*MISSING[kind])
