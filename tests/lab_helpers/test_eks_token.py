"""Tokens for API servers of EKS, held against what the cloud's own tests make and AWS's command line does."""

import base64
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import boto3

from lab_helpers import eks_token


def test_a_token_is_a_signed_question_to_sts() -> None:
    session = boto3.Session("AKIAEXAMPLE", "secret", "session", region_name="us-west-2")
    made = eks_token.token(session, "https://sts.us-west-2.amazonaws.com", "DemoEKS")
    text = made.removeprefix("k8s-aws-v1.")
    url = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert urlsplit(url).hostname == "sts.us-west-2.amazonaws.com"
    assert asked["Action"] == "GetCallerIdentity"
    assert asked["X-Amz-SignedHeaders"] == "host;x-k8s-aws-id"
    assert asked["X-Amz-Expires"] == "60"
    assert asked["X-Amz-Security-Token"] == "session"
    assert "/us-west-2/sts/" in asked["X-Amz-Credential"]


def test_kubectl_learns_when_it_ends() -> None:
    told = eks_token.credential("k8s-aws-v1.x", datetime(2026, 11, 25, 12, 0, tzinfo=UTC))
    assert told["kind"] == "ExecCredential"
    assert told["status"] == {"token": "k8s-aws-v1.x", "expirationTimestamp": "2026-11-25T12:14:00Z"}
