"""A cloud with what a cluster needs, and a cluster that is there already."""

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from lab_cloud.elb.authority import ca_file
from tests.stage import RunningCloud
from tests.waiting import until

NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonEKS_CNI_Policy")
KUBECTL = os.environ.get("LAB_KUBECTL") or shutil.which("kubectl")


class EksPlace:
    """Roles, subnets and one shared cluster."""

    def __init__(self, cloud: RunningCloud) -> None:
        self.cloud = cloud
        self.api = cloud.client("eks")
        self.iam = cloud.client("iam")
        self.role = self.make_role("eks.amazonaws.com")
        subnets = cloud.client("ec2").describe_subnets()["Subnets"]
        self.by_zone = {each["AvailabilityZone"]: each["SubnetId"] for each in subnets}
        self.subnets = list(self.by_zone.values())[:2]
        self._shared = self._endpoint = ""

    def make_role(self, *services: str) -> str:
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"},
            ],
        }
        name = self.cloud.name("role")
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        return str(made["Role"]["Arn"])

    def node_role(self, *policies: str) -> str:
        """A role for nodes, with AWS's own policies; all that nodes need when none is named."""
        arn = self.make_role("ec2.amazonaws.com")
        for each in policies or NODE_POLICIES:
            policy = f"arn:aws:iam::aws:policy/{each}"
            self.iam.attach_role_policy(RoleName=arn.rpartition("/")[2], PolicyArn=policy)
        return arn

    def assumed(self, role: str) -> Any:
        """A session of boto3 that has assumed a role, which trusts the account from now on."""
        import boto3

        account = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [account]})
        self.iam.update_assume_role_policy(RoleName=role.rpartition("/")[2], PolicyDocument=trust)
        found = self.cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="ana")["Credentials"]
        return boto3.Session(
            found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"], region_name="us-east-1"
        )

    def core(self, cluster: str, session: Any = None) -> Any:
        """The official Python client for a cluster's core API, for the account or for a session of boto3."""
        import kubernetes

        found = self.describe(cluster)
        configuration = kubernetes.client.Configuration(host=found["endpoint"])
        configuration.ssl_ca_cert = str(ca_file(self.cloud.home))
        bearer = token(session or self.cloud.session(), cluster, self.cloud.endpoint)
        configuration.api_key = {"authorization": f"Bearer {bearer}"}
        return kubernetes.client.CoreV1Api(kubernetes.client.ApiClient(configuration))

    def make(self, name: str = "", **options: Any) -> str:
        """Create a cluster."""
        name = name or self.cloud.name("cluster")
        asked = {"roleArn": self.role, "resourcesVpcConfig": {"subnetIds": self.subnets}, **options}
        self.api.create_cluster(name=name, **asked)
        return name

    def describe(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.describe_cluster(name=name)["cluster"]
        return found

    def active(self, name: str) -> dict[str, Any]:
        """Wait until a cluster is ACTIVE."""
        until(lambda: self.describe(name)["status"] == "ACTIVE", 30)
        return self.describe(name)

    @property
    def shared(self) -> str:
        """A cluster for tests that do it no harm."""
        if not self._shared:
            self._shared = self.make(accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"})
            self._endpoint = self.active(self._shared)["endpoint"]
        return self._shared

    def environment(self, **more: str) -> dict[str, str]:
        """What the command line needs to be at home here."""
        state = self.cloud.state
        found = {
            **self.cloud.environment,
            "AWS_ENDPOINT_URL": self.cloud.endpoint,
            "AWS_ACCESS_KEY_ID": state["access_key"],
            "AWS_SECRET_ACCESS_KEY": state["secret_key"],
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "KUBECONFIG": str(self.cloud.home / "kubeconfig"),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(self.cloud.home),
        }
        return {**found, **more}

    def aws(self, *words: str, **more: str) -> str:
        """Run ``aws``."""
        done = subprocess.run(
            [sys.executable, "-m", "awscli", *words],
            env=self.environment(**more), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def kubectl(self, *words: str, code: int = 0, stdin: str = "", cluster: str = "") -> str:
        """Run ``kubectl`` on the shared or another cluster, with a token at hand: to run ``aws`` takes its time."""
        bearer = token(self.cloud.session(), cluster or self.shared, self.cloud.endpoint)
        endpoint = self.describe(cluster)["endpoint"] if cluster else self._endpoint
        where = f"--server={endpoint}", f"--certificate-authority={ca_file(self.cloud.home)}"
        done = subprocess.run(
            [str(KUBECTL), *where, f"--token={bearer}", *words],
            env=self.environment(KUBECONFIG=os.devnull), input=stdin,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return done.stdout + done.stderr


def token(session: Any, cluster: str, endpoint: str, **parameters: Any) -> str:
    """A token as ``aws eks get-token`` makes it, without starting the command line."""
    from botocore.signers import RequestSigner

    credentials = session.get_credentials()
    client = session.client("sts", endpoint_url=endpoint)
    signer = RequestSigner(client.meta.service_model.service_id, "us-east-1", "sts", "v4", credentials, session.events)
    request = {
        "method": "GET",
        "url": f"{endpoint}/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {"x-k8s-aws-id": cluster},
        "context": {},
        **parameters,
    }
    url = signer.generate_presigned_url(request, region_name="us-east-1", expires_in=60, operation_name="")
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
