"""App Runner as tests use it."""

import http.client
from typing import Any
from urllib.parse import urlsplit

from tests.stage import RunningCloud
from tests.waiting import until

NGINX = "public.ecr.aws/nginx/nginx:latest"
PYTHON = "public.ecr.aws/docker/library/python:3.12-alpine"


class Runner:
    """Services of one cloud; all names are their own."""

    def __init__(self, cloud: RunningCloud) -> None:
        self.cloud = cloud
        self.client = cloud.client("apprunner")

    def create(self, image: str = NGINX, port: str = "80", start: str = "", **more: Any) -> str:
        """Make a service and return its ARN."""
        params = {"ServiceName": self.cloud.name("service"), "SourceConfiguration": source(image, port, start), **more}
        return str(self.client.create_service(**params)["Service"]["ServiceArn"])

    def service(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.describe_service(ServiceArn=arn)["Service"]
        return found

    def settled(self, arn: str, seconds: float = 20) -> str:
        """The status once no operation is in progress."""

        def over() -> str:
            status = str(self.service(arn)["Status"])
            return "" if status == "OPERATION_IN_PROGRESS" else status

        return until(over, seconds)

    def running(self, image: str = NGINX, port: str = "80", start: str = "", **more: Any) -> str:
        """Make a service, wait until it runs, and return its ARN."""
        arn = self.create(image, port, start, **more)
        assert self.settled(arn) == "RUNNING", self.events(arn)
        return arn

    def operations(self, arn: str) -> list[tuple[str, str]]:
        """Types and statuses, newest first."""
        found = self.client.list_operations(ServiceArn=arn)["OperationSummaryList"]
        return [(one["Type"], one["Status"]) for one in found]

    def log(self, arn: str, kind: str, stream: str) -> list[str]:
        """The lines of one log stream."""
        service = self.service(arn)
        group = f"/aws/apprunner/{service['ServiceName']}/{service['ServiceId']}/{kind}"
        found = self.cloud.client("logs").get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
        return [one["message"] for one in found["events"]]

    def events(self, arn: str) -> list[str]:
        """The service's events."""
        return self.log(arn, "service", "events")

    def said(self, arn: str, words: str) -> bool:
        """Whether an event with these words comes."""
        return until(lambda: any(words in line for line in self.events(arn)))

    def get(self, arn: str, path: str = "/", **headers: str) -> tuple[int, str]:
        """Ask the service by its URL on this machine."""
        url = urlsplit(self.cloud.url(arn))
        connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=20)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def paged(self, operation: str, member: str, **params: Any) -> list[Any]:
        """All items of a list; botocore has no paginators of App Runner's operations."""
        found: list[Any] = []
        while True:
            answer = getattr(self.client, operation)(**params)
            found += answer[member]
            if "NextToken" not in answer:
                return found
            params["NextToken"] = answer["NextToken"]

    def delete(self, arn: str) -> None:
        self.client.delete_service(ServiceArn=arn)
        assert self.settled(arn) == "DELETED"


def source(image: str = NGINX, port: str = "80", start: str = "", **more: Any) -> dict[str, Any]:
    """A source configuration of an image."""
    configuration = {"Port": port, **({"StartCommand": start} if start else {}), **more}
    public = image.startswith("public.")
    return {
        "ImageRepository": {
            "ImageIdentifier": image,
            "ImageRepositoryType": "ECR_PUBLIC" if public else "ECR",
            "ImageConfiguration": configuration,
        },
        "AutoDeploymentsEnabled": False,
    }
