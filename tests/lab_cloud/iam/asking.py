"""Questions for the evaluator."""

import json
from typing import Any

from lab_cloud.iam.evaluate import Decision, Policies, Question, decide
from lab_cloud.iam.principal import Principal

ACCOUNT = "123456789012"
ROOT = Principal(f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
USER = Principal(f"arn:aws:iam::{ACCOUNT}:user/an", ACCOUNT)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploy"
SESSION = Principal(f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/me", ACCOUNT, (ROLE,))
EVENTS = Principal("events.amazonaws.com", ACCOUNT)
ARN = "arn:aws:s3:::photos/2026/cat.jpg"


def document(*statements: dict[str, Any], version: str = "2012-10-17") -> str:
    return json.dumps({"Version": version, "Statement": list(statements)})


def allow(**others: Any) -> dict[str, Any]:
    whole = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", **others}
    return {name: value for name, value in whole.items() if value is not None}


def deny(**others: Any) -> dict[str, Any]:
    return {**allow(**others), "Effect": "Deny"}


def asked(
    policies: Policies, who: Principal = USER, action: str = "s3:GetObject", resource: str = ARN, **context: Any
) -> Decision:
    keys = {name.replace("__", ":"): value for name, value in context.items()}
    return decide(Question(who, action, resource, keys), policies)


def fits(statement: dict[str, Any], who: Principal = USER, action: str = "s3:GetObject", **context: Any) -> bool:
    """Whether a statement of a resource policy that denies is about a request."""
    policy = document({"Principal": "*", **deny(**statement)} if "NotPrincipal" not in statement else deny(**statement))
    return asked(Policies(resource=(policy,)), who, action, **context).why.startswith("with an explicit deny")
