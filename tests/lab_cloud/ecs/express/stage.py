"""Express Mode as tests and benches use it."""

import contextlib
import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from tests.stage import RunningCloud
from tests.waiting import until

NGINX = "public.ecr.aws/nginx/nginx:latest"
PYTHON = "public.ecr.aws/docker/library/python:3.12-alpine"
INFRASTRUCTURE = "AmazonECSInfrastructureRoleforExpressGatewayServices"
EXECUTION = "AmazonECSTaskExecutionRolePolicy"
ANSWERS = (
    "import http.server as h,os\n"
    "class H(h.BaseHTTPRequestHandler):\n"
    "    protocol_version='HTTP/1.1'\n"
    "    def do_GET(s):\n"
    "        b=TEXT.encode();s.send_response(200 if s.path=='/health' else STATUS)\n"
    "        s.send_header('Content-Length',str(len(b)));s.end_headers();s.wfile.write(b)\n"
    "    def log_message(s,*a):pass\n"
    "h.ThreadingHTTPServer(('127.0.0.1',int(os.environ.get('PORT','8080'))),H).serve_forever()"
)


def program(text: str, status: int = 200) -> dict[str, Any]:
    """A primary container that says a word; it is healthy whatever its answers are."""
    code = ANSWERS.replace("TEXT", repr(text)).replace("STATUS", str(status))
    return {"image": PYTHON, "containerPort": 8080, "command": ["python", "-c", code]}


class Gateways:
    """Express services of one cloud; all names are their own."""

    def __init__(self, cloud: RunningCloud) -> None:
        self.cloud = cloud
        self.ecs = cloud.client("ecs")
        self.infrastructure = self.role("ecs.amazonaws.com", INFRASTRUCTURE)
        self.execution = self.role("ecs-tasks.amazonaws.com", EXECUTION)
        self._urls: dict[str, str] = {}

    def role(self, trusted: str, *policies: str) -> str:
        """A role that a service may assume; its ARN."""
        statement = {"Effect": "Allow", "Principal": {"Service": trusted}, "Action": "sts:AssumeRole"}
        name, iam = self.cloud.name("role"), self.cloud.client("iam")
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        for policy in policies:
            iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/service-role/{policy}")
        return str(made["Role"]["Arn"])

    def params(self, container: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """What creates a service."""
        asked = {
            "serviceName": self.cloud.name("express"),
            "infrastructureRoleArn": self.infrastructure,
            "executionRoleArn": self.execution,
            "primaryContainer": container or {"image": NGINX},
            **more,
        }
        return {name: value for name, value in asked.items() if value is not None}

    @contextlib.contextmanager
    def made(self, container: dict[str, Any] | None = None, **more: Any) -> Iterator[str]:
        """A service that answers; its ARN. It begins to go at the end."""
        arn = self.ecs.create_express_gateway_service(**self.params(container, **more))["service"]["serviceArn"]
        try:
            until(lambda: self.get(arn)[0] == 200 and self.deployment(arn)["status"] == "SUCCESSFUL", 20)
            yield arn
        finally:
            if self.service(arn)["status"]["statusCode"] == "ACTIVE":
                self.ecs.delete_express_gateway_service(serviceArn=arn)

    def until_gone(self, arn: str) -> None:
        """Wait until a service that was deleted is gone."""
        until(lambda: self.service(arn)["status"]["statusCode"] == "INACTIVE", 20)

    def service(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ecs.describe_express_gateway_service(serviceArn=arn, include=["TAGS"])["service"]
        return found

    def plain(self, arn: str) -> dict[str, Any]:
        """The service, as the ordinary operations show it."""
        cluster, name = arn.split("/")[1:]
        found: dict[str, Any] = self.ecs.describe_services(cluster=cluster, services=[name])["services"][0]
        return found

    def resources(self, arn: str) -> dict[str, Any]:
        """What was made for its newest revision."""
        revision = self.service(arn)["activeConfigurations"][0]["serviceRevisionArn"]
        found = self.ecs.describe_service_revisions(serviceRevisionArns=[revision])["serviceRevisions"][0]
        managed: dict[str, Any] = found["ecsManagedResources"]
        return managed

    def deployment(self, arn: str, place: int = 0) -> dict[str, Any]:
        """A deployment, the newest one first."""
        cluster, name = arn.split("/")[1:]
        listed = self.ecs.list_service_deployments(cluster=cluster, service=name)["serviceDeployments"]
        wanted = [listed[place]["serviceDeploymentArn"]]
        found: dict[str, Any] = self.ecs.describe_service_deployments(serviceDeploymentArns=wanted)[
            "serviceDeployments"
        ][0]
        return found

    def alarm(self, name: str) -> str:
        """The state of an alarm."""
        found = self.cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return str(found[0]["StateValue"])

    def pace(self, arn: str, canary: int, bake: int) -> None:
        """Set how many minutes the canary phase and the time afterwards last; by the ordinary operation, as on AWS."""
        cluster, name = arn.split("/")[1:]
        phase = {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": canary}
        asked = {"bakeTimeInMinutes": bake, "canaryConfiguration": phase}
        self.ecs.update_service(cluster=cluster, service=name, deploymentConfiguration=asked)

    def until_deployment(self, arn: str, status: str, seconds: float = 30) -> dict[str, Any]:
        """The newest deployment, once it has a status."""
        until(lambda: self.deployment(arn)["status"] == status, seconds)
        return self.deployment(arn)

    def url(self, arn: str) -> str:
        """The URL on this machine."""
        return self.cloud.url(self.service(arn)["activeConfigurations"][0]["ingressPaths"][0]["endpoint"])

    def get(self, arn: str, path: str = "/", **headers: str) -> tuple[int, str]:
        """Ask the service by its URL on this machine."""
        if arn not in self._urls:
            self._urls[arn] = self.url(arn)
        url = urlsplit(self._urls[arn])
        connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=20)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()
