"""Examples of policy evaluation that AWS has published, as data: the policies in short, the request, and what AWS says.

Facts of the AWS IAM User Guide, each with its page; the names are those of the pages.
"""

from dataclasses import dataclass, field
from typing import Any

from lab_cloud.iam.principal import Principal

from .asking import ACCOUNT, SESSION, allow, deny

GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
EVALUATION = GUIDE + "reference_policies_evaluation-logic_policy-eval-basics.html"
OPERATORS = GUIDE + "reference_policies_elements_condition_operators.html"
MULTIPLE = GUIDE + "reference_policies_condition-single-vs-multi-valued-context-keys.html"
BOUNDARIES = GUIDE + "access_policies_boundaries.html"
VARIABLES = GUIDE + "reference_policies_variables.html"
NOT_ACTION = GUIDE + "reference_policies_elements_notaction.html"
NOT_RESOURCE = GUIDE + "reference_policies_elements_notresource.html"
NOT_PRINCIPAL = GUIDE + "reference_policies_elements_notprincipal.html"
SECURITY_TOKEN = GUIDE + "id_roles_use_revoke-sessions.html"


def user(name: str) -> Principal:
    return Principal(f"arn:aws:iam::{ACCOUNT}:user/{name}", ACCOUNT)


@dataclass(frozen=True)
class Case:
    """One example."""

    source: str
    who: Principal
    action: str
    resource: str
    expected: str
    """``allow``, or a part of the reason why not."""
    identity: tuple[dict[str, Any], ...] = ()
    policy: tuple[dict[str, Any], ...] = ()
    boundary: tuple[dict[str, Any], ...] | None = None
    context: dict[str, Any] = field(default_factory=dict)


CARLOS, SHIRLEY = user("carlossalazar"), user("ShirleyRodriguez")
BUCKET = "arn:aws:s3:::amzn-s3-demo-bucket"
LISTING = ["s3:GetBucketLocation", "s3:GetAccountPublicAccessBlock", "s3:ListAccessPoints", "s3:ListAllMyBuckets"]
OF_CARLOS = (
    allow(Action=LISTING, Resource="arn:aws:s3:::*"),
    allow(Resource=[f"{BUCKET}-carlossalazar/*", f"{BUCKET}-carlossalazar"]),
    deny(Resource="arn:aws:s3:::*log*"),
)
OF_HIS_BUCKET = (
    allow(Principal={"AWS": CARLOS.arn}, Resource=[f"{BUCKET}-carlossalazar/*", f"{BUCKET}-carlossalazar"]),
)
SERVICES = (allow(Action=["s3:*", "cloudwatch:*", "ec2:*"]),)
OWN = f"{BUCKET}/${{aws:username}}/*"
EXPLICIT, NO_IDENTITY = "with an explicit deny", "no identity-based policy allows"


def under(operator: str, key: str, value: Any, **context: Any) -> dict[str, Any]:
    """A statement that allows s3:ListBucket under a condition, and the request's context."""
    return {
        "identity": (allow(Action="s3:ListBucket", Condition={operator: {key: value}}),),
        "context": {name.replace("__", ":"): each for name, each in context.items()},
    }


LIST = (CARLOS, "s3:ListBucket", BUCKET)
PUT = (CARLOS, "s3:PutObject")
SENT = {"Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
QUEUE, TOPIC = f"arn:aws:sqs:us-west-2:{ACCOUNT}:QUEUE-ID", f"arn:aws:sns:us-west-2:{ACCOUNT}:TOPIC-ID"
SNS = Principal("sns.amazonaws.com", ACCOUNT)
FROM_TOPIC = (allow(**SENT, Resource=QUEUE, Condition={"ArnEquals": {"aws:SourceArn": TOPIC}}),)
READ = ("dynamodb:GetItem", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/Thread")
ATTRIBUTES = {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["ID", "Message", "Tags"]}}
OF_TABLE = (allow(Action="dynamodb:GetItem", Condition=ATTRIBUTES),)
REVOKED = (allow(), deny(Action="*", Condition={"DateLessThan": {"aws:TokenIssueTime": "2026-01-01T00:00:00Z"}}))

CASES = [
    Case(EVALUATION, *PUT, f"{BUCKET}-carlossalazar-logs/a", EXPLICIT, OF_CARLOS),
    Case(EVALUATION, *PUT, f"{BUCKET}-carlossalazar/a", "allow", OF_CARLOS, OF_HIS_BUCKET),
    Case(EVALUATION, *PUT, f"{BUCKET}-carlossalazar/a", "allow", (), OF_HIS_BUCKET),  # one of them is enough
    Case(EVALUATION, CARLOS, "s3:GetBucketLocation", "arn:aws:s3:::anything", "allow", OF_CARLOS),
    Case(EVALUATION, *PUT, f"{BUCKET}/a", NO_IDENTITY, OF_CARLOS),
    Case(BOUNDARIES, SHIRLEY, "iam:CreateUser", "*", "no permissions boundary", (allow(Action="iam:CreateUser"),),
         boundary=SERVICES),
    Case(BOUNDARIES, SHIRLEY, "s3:GetObject", f"{BUCKET}/a", NO_IDENTITY, (), boundary=SERVICES),  # grants nothing
    Case(BOUNDARIES, SHIRLEY, "s3:GetObject", f"{BUCKET}/a", "allow", (allow(),), boundary=SERVICES),
    Case(BOUNDARIES, SHIRLEY, "s3:GetObject", f"{BUCKET}/a", "allow", (),
         (allow(Principal={"AWS": SHIRLEY.arn}),), boundary=(allow(Action="ec2:*"),)),
    Case(VARIABLES, *PUT, f"{BUCKET}/carlossalazar/a", "allow", (allow(Resource=OWN),)),
    Case(VARIABLES, *PUT, f"{BUCKET}/others/a", NO_IDENTITY, (allow(Resource=OWN),)),
    Case(VARIABLES, SESSION, "s3:PutObject", f"{BUCKET}/me/a", NO_IDENTITY, (allow(Resource=OWN),)),  # has no user name
    Case(NOT_ACTION, CARLOS, "ec2:RunInstances", "*", "allow", (allow(Action=None, NotAction="iam:*"),)),
    Case(NOT_ACTION, CARLOS, "iam:CreateUser", "*", NO_IDENTITY, (allow(Action=None, NotAction="iam:*"),)),
    Case(NOT_RESOURCE, CARLOS, "s3:GetObject", f"{BUCKET}/HRBucket/a", "allow",
         (allow(), deny(Resource=None, NotResource=[f"{BUCKET}/HRBucket", f"{BUCKET}/HRBucket/*"]))),
    Case(NOT_RESOURCE, CARLOS, "s3:GetObject", f"{BUCKET}/a", EXPLICIT,
         (allow(), deny(Resource=None, NotResource=[f"{BUCKET}/HRBucket", f"{BUCKET}/HRBucket/*"]))),
    Case(NOT_PRINCIPAL, CARLOS, "s3:GetObject", f"{BUCKET}/a", EXPLICIT, (allow(),),
         (deny(NotPrincipal={"AWS": [user("Bob").arn, f"arn:aws:iam::{ACCOUNT}:user/Ana"]}),)),
    Case(NOT_PRINCIPAL, user("Bob"), "s3:GetObject", f"{BUCKET}/a", "allow", (allow(),),
         (deny(NotPrincipal={"AWS": [user("Bob").arn]}),)),
    Case(OPERATORS, *LIST, "allow", **under("StringEquals", "aws:PrincipalTag/job-category", "iamuser-admin",
                                            **{"aws__PrincipalTag/job-category": "iamuser-admin"})),
    Case(OPERATORS, *LIST, NO_IDENTITY, **under("StringEquals", "aws:PrincipalTag/job-category", "iamuser-admin")),
    Case(OPERATORS, *LIST, "allow", **under("NumericLessThanEquals", "s3:max-keys", "10", **{"s3__max-keys": "10"})),
    Case(OPERATORS, *LIST, NO_IDENTITY,
         **under("NumericLessThanEquals", "s3:max-keys", "10", **{"s3__max-keys": "11"})),
    Case(OPERATORS, *LIST, "allow",
         **under("IpAddress", "aws:SourceIp", "203.0.113.0/24", aws__SourceIp="203.0.113.9")),
    Case(OPERATORS, *LIST, "allow",
         **under("IpAddress", "aws:SourceIp", ["203.0.113.0/24", "2001:DB8:1234:5678::/64"],
                 aws__SourceIp="2001:db8:1234:5678::1")),
    Case(OPERATORS, *LIST, NO_IDENTITY,
         **under("IpAddress", "aws:SourceIp", "203.0.113.0/24", aws__SourceIp="198.51.100.1")),
    Case(OPERATORS, *LIST, EXPLICIT, (allow(),),
         (deny(Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}}),),
         context={"aws:SecureTransport": "false"}),
    Case(OPERATORS, *LIST, "allow", **under("StringLikeIfExists", "ec2:InstanceType", ["t2.*", "m3.*"])),
    Case(OPERATORS, *LIST, "allow", **under("Null", "aws:TokenIssueTime", "true")),
    Case(OPERATORS, SNS, "sqs:SendMessage", QUEUE, "allow", (), FROM_TOPIC, context={"aws:SourceArn": TOPIC}),
    Case(OPERATORS, SNS, "sqs:SendMessage", QUEUE, "no resource-based policy allows", (), FROM_TOPIC,
         context={"aws:SourceArn": TOPIC + "-2"}),
    Case(MULTIPLE, CARLOS, *READ, "allow", OF_TABLE, context={"dynamodb:Attributes": ("ID", "Message")}),
    Case(MULTIPLE, CARLOS, *READ, NO_IDENTITY, OF_TABLE, context={"dynamodb:Attributes": ("ID", "Secret")}),
    Case(MULTIPLE, CARLOS, *READ, "allow", OF_TABLE),  # ForAllValues holds when the key is not there
    Case(SECURITY_TOKEN, SESSION, "s3:GetObject", f"{BUCKET}/a", EXPLICIT, REVOKED,
         context={"aws:TokenIssueTime": "2025-12-31T23:59:59Z"}),
    Case(SECURITY_TOKEN, SESSION, "s3:GetObject", f"{BUCKET}/a", "allow", REVOKED,
         context={"aws:TokenIssueTime": "2026-01-01T00:00:01Z"}),
]  # fmt: skip
