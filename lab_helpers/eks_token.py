"""Tokens for the API server of an EKS cluster, as ``aws eks get-token`` makes them.

A token is a request to STS that has been signed and not sent: whoever sends it learns who signed it. The cluster's name
is signed too, so a token for one cluster is none for another. It costs no call, and it lasts fifteen minutes.

References
----------
https://docs.aws.amazon.com/eks/latest/userguide/cluster-auth.html
https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

import base64
from datetime import datetime, timedelta
from typing import Any

PREFIX = "k8s-aws-v1."
QUERY = "Action=GetCallerIdentity&Version=2011-06-15"
USABLE = timedelta(minutes=14)
"""A minute less than it lasts."""
LONGEST_USE = 60  # seconds in which STS must be asked; AWS's own command line has the same


def token(session: Any, sts: str, cluster: str) -> str:
    """A token for a cluster.

    Parameters
    ----------
    session : boto3.Session
        Who signs.
    sts : str
        The address of STS.
    cluster : str
        The cluster's name.

    Returns
    -------
    str
        What stands behind ``Bearer``.
    """
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest

    request = AWSRequest("GET", f"{sts.rstrip('/')}/?{QUERY}", headers={"x-k8s-aws-id": cluster})
    credentials = session.get_credentials().get_frozen_credentials()
    SigV4QueryAuth(credentials, "sts", session.region_name, expires=LONGEST_USE).add_auth(request)
    return PREFIX + base64.urlsafe_b64encode(request.url.encode()).decode().rstrip("=")


def credential(made: str, now: datetime) -> dict[str, Any]:
    """A token in the words that kubectl expects of a credential plugin."""
    until = (now + USABLE).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "spec": {},
        "status": {"token": made, "expirationTimestamp": until},
    }
