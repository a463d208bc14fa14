"""Tokens of the Kubernetes API: which are taken, and for how long."""

import time

import boto3
import pytest
from botocore.exceptions import ClientError

from lab_cloud.eks import tokens
from tests.lab_cloud.eks.place import EksPlace, token

ENDPOINT = "http://127.0.0.1:4566"
SECRET = "secret"


def session() -> boto3.Session:
    return boto3.Session("AKIA", SECRET, region_name="us-east-1")


def secret_of(key: str) -> str | None:
    return SECRET if key == "AKIA" else None


def made(cluster: str = "demo", endpoint: str = ENDPOINT, **parameters: object) -> str:
    return token(session(), cluster, endpoint, **parameters)


@pytest.mark.parametrize("endpoint", [ENDPOINT, "https://sts.us-east-1.amazonaws.com", "https://sts.amazonaws.com"])
def test_a_token_says_who_signed_it(endpoint: str) -> None:
    assert tokens.signer(made(endpoint=endpoint), "demo", secret_of, time.time()).access_key == "AKIA"


def test_a_token_lasts_a_quarter_of_an_hour() -> None:
    now, one = time.time(), made()
    assert tokens.signer(one, "demo", secret_of, now + 890)
    with pytest.raises(tokens.BadToken, match="expired"):
        tokens.signer(one, "demo", secret_of, now + 910)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "nonsense",
        "k8s-aws-v1.",
        "k8s-aws-v1.%%%",
        "k8s-aws-v1." + "A" * 20_000,
        made("other"),
        made(endpoint="http://elsewhere.example.com"),
        made(endpoint="http://sts.us-east-1.amazonaws.com"),
        made(url=f"{ENDPOINT}/?Action=GetSessionToken&Version=2011-06-15"),
        made(url=f"{ENDPOINT}/?Action=GetCallerIdentity&Version=2011-06-15&More=1"),
        made(headers={}),
        token(boto3.Session("AKIA", "other", region_name="us-east-1"), "demo", ENDPOINT),
        token(boto3.Session("OTHER", SECRET, region_name="us-east-1"), "demo", ENDPOINT),
    ],
)
def test_what_is_no_token_for_this_cluster_is_refused(wrong: str) -> None:
    with pytest.raises(tokens.BadToken):
        tokens.signer(wrong, "demo", secret_of, time.time())


def test_access_entries_need_a_mode_that_has_them(eks: EksPlace) -> None:
    name = eks.make()
    with pytest.raises(ClientError, match="authentication mode must be set"):
        eks.api.list_access_entries(clusterName=name)
