"""A real cloud and a place in it, for tests and benches."""

import contextlib
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import psutil
from botocore.config import Config

from tests.waiting import until

ROOT = Path(__file__).resolve().parent.parent
ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=60)


class RunningCloud:
    """A real cloud in a process of its own, and what a test needs to talk to it."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.environment = {**os.environ, "LAB_HOME": str(home), **environment}
        self._names = itertools.count(1)
        self._clients: dict[str, Any] = {}

    def command(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "lab_cloud", *words],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "cloud.json").read_text(encoding="utf-8"))
        return found

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.state['port']}"

    def session(self) -> Any:
        return boto3.Session(self.state["access_key"], self.state["secret_key"], region_name="us-east-1")

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self.session().client(service, endpoint_url=self.endpoint, config=ONCE)
        return self._clients[service]

    def name(self, stem: str = "test") -> str:
        return f"{stem}-{next(self._names)}"

    def url(self, name: str) -> str:
        return self.command("url", name).stdout.strip()


TASKS = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}


def task_role(cloud: RunningCloud, name: str, *statements: dict[str, Any]) -> str:
    """A role that tasks may have, with these statements as its policy; its ARN."""
    iam = cloud.client("iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [TASKS]})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    if statements:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
    return str(arn)


def execution_role(cloud: RunningCloud) -> str:
    """The role with which most task definitions here are started; its ARN."""
    iam, name = cloud.client("iam"), "ecsTaskExecutionRole"
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        arn = task_role(cloud, name, {"Effect": "Allow", "Action": "logs:CreateLogGroup", "Resource": "*"})
        managed = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
        iam.attach_role_policy(RoleName=name, PolicyArn=managed)
        return arn
    return f"arn:aws:iam::123456789012:role/{name}"


class Place:
    """A cluster with a network, a load balancer and whatever else a service needs; all names are its own."""

    def __init__(self, cloud: RunningCloud) -> None:
        self.cloud = cloud
        self.ecs, self.ec2, self.elb = cloud.client("ecs"), cloud.client("ec2"), cloud.client("elbv2")
        self.name = cloud.name("place")
        self.ecs.create_cluster(clusterName=self.name)
        self.vpc = self.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
        found = self.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])["Subnets"]
        self.subnets = [subnet["SubnetId"] for subnet in found][:2]
        self.group = self.security_group(80)
        self.execution_role = execution_role(cloud)

    def security_group(self, *ports: int) -> str:
        made = self.ec2.create_security_group(GroupName=self.cloud.name("group"), Description="t", VpcId=self.vpc)
        for port in ports:
            rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
            self.ec2.authorize_security_group_ingress(GroupId=made["GroupId"], IpPermissions=[rule])
        return str(made["GroupId"])

    def network(self, *, public: bool = True, group: str = "") -> dict[str, Any]:
        return {
            "awsvpcConfiguration": {
                "subnets": self.subnets,
                "securityGroups": [group or self.group],
                "assignPublicIp": "ENABLED" if public else "DISABLED",
            }
        }

    def definition(self, image: str = "containers-on-aws/web:1", **container: Any) -> str:
        spec = {"name": "web", "image": image, "portMappings": [{"containerPort": 80}], **container}
        made = self.ecs.register_task_definition(
            family=self.cloud.name("family"),
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            executionRoleArn=self.execution_role,
            containerDefinitions=[spec],
        )
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def program(self, code: str, **container: Any) -> str:
        """A task definition that runs a line of Python."""
        return self.definition("python:3.12-alpine", command=["python", "-c", code], **container)

    def run(self, definition: str, **options: Any) -> dict[str, Any]:
        asked = {"launchType": "FARGATE", "networkConfiguration": self.network(), **options}
        made = self.ecs.run_task(cluster=self.name, taskDefinition=definition, **asked)
        task: dict[str, Any] = made["tasks"][0]
        return task

    def task(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ecs.describe_tasks(cluster=self.name, tasks=[arn], include=["TAGS"])["tasks"][0]
        return found

    def until_task(self, arn: str, status: str, seconds: float = 15) -> dict[str, Any]:
        def reached() -> dict[str, Any] | None:
            task = self.task(arn)
            return task if task["lastStatus"] == status else None

        found = until(reached, seconds)
        assert found is not None
        return found

    def balancer(self, **check: Any) -> tuple[str, str]:
        """A load balancer with a listener; its name and its target group's ARN."""
        name = self.cloud.name("lb")
        made = self.elb.create_load_balancer(Name=name, Subnets=self.subnets, SecurityGroups=[self.group])
        group = self.elb.create_target_group(
            Name=name, Protocol="HTTP", Port=80, VpcId=self.vpc, TargetType="ip",
            **{"HealthCheckIntervalSeconds": 15, "HealthCheckTimeoutSeconds": 5, **check},
        )["TargetGroups"][0]["TargetGroupArn"]  # fmt: skip
        self.elb.create_listener(
            LoadBalancerArn=made["LoadBalancers"][0]["LoadBalancerArn"], Protocol="HTTP", Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )  # fmt: skip
        self.elb.modify_target_group_attributes(
            TargetGroupArn=group, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}]
        )
        return name, group

    def serve(self, definition: str, count: int = 1, group: str = "", **options: Any) -> str:
        """Create a service and return its name."""
        name = self.cloud.name("service")
        balancers = [{"targetGroupArn": group, "containerName": "web", "containerPort": 80}] if group else []
        self.ecs.create_service(
            cluster=self.name, serviceName=name, taskDefinition=definition, desiredCount=count,
            **{"launchType": "FARGATE", "networkConfiguration": self.network(), "loadBalancers": balancers, **options},
        )  # fmt: skip
        return name

    def process_of(self, task: str) -> int:
        """The pid of a task's container, found by its loopback port."""
        port = self.task(task)["containers"][0]["networkBindings"][0]["hostPort"]
        for child in psutil.Process(self.cloud.state["pid"]).children(recursive=True):
            if any(each.laddr and each.laddr.port == port for each in child.net_connections("tcp")):
                return int(child.pid)
        raise LookupError(f"nobody listens on {port}")

    def service(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ecs.describe_services(cluster=self.name, services=[name])["services"][0]
        return found

    def tasks(self, name: str, desired: str = "RUNNING") -> list[str]:
        found = self.ecs.list_tasks(cluster=self.name, serviceName=name, desiredStatus=desired)
        return list(found["taskArns"])

    def wait(self, waiter: str, **arguments: Any) -> None:
        self.ecs.get_waiter(waiter).wait(
            cluster=self.name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 800}, **arguments
        )

    def until_steady(self, name: str, seconds: float = 20) -> dict[str, Any]:
        def steady() -> dict[str, Any] | None:
            service = self.service(name)
            done = len(service["deployments"]) == 1 and service["deployments"][0]["rolloutState"] == "COMPLETED"
            return service if done and service["runningCount"] == service["desiredCount"] else None

        found = until(steady, seconds)
        assert found is not None
        return found
