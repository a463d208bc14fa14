"""Writes docs/operations.md: each operation of the services that the course teaches, and who answers it.

    python tools/operations.py           write the page
    python tools/operations.py check     exit 1 when the page is not what would be written

The page is made of botocore's models, of the methods that the cloud has, of one call of each operation with the
smallest input that its model allows, and of the tests that call it. Nothing in it is written by hand.
"""

import functools
import logging
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError

from lab_cloud.cloud import Cloud
from lab_cloud.elb import attributes
from lab_cloud.wire import model, moto_load
from lab_cloud.wire.call import snake_case
from lab_cloud.wire.sigv4 import Request, Signer

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "operations.md"
REGION = "us-east-1"
SERVICES = {
    # botocore's name: (title, the files under tests/lab_cloud/ that test it)
    "ecs": ("Amazon ECS", "ecs/**/*.py"),
    "ecr": ("Amazon ECR", "ecr/*.py"),
    "ecr-public": ("Amazon ECR Public", "ecr/*.py"),
    "autoscaling": ("Amazon EC2 Auto Scaling", "autoscaling/*.py"),
    "events": ("Amazon EventBridge", "events/*.py"),
    "scheduler": ("Amazon EventBridge Scheduler", "scheduler/*.py"),
    "sqs": ("Amazon SQS", "sqs/*.py"),
    "eks": ("Amazon EKS", "eks/*.py"),
    "apprunner": ("AWS App Runner", "apprunner/*.py"),
    "elbv2": ("Elastic Load Balancing v2 (Application and Network Load Balancers)", "elb/*.py"),
    "elb": ("Elastic Load Balancing (Classic Load Balancers)", "elb/test_classic_api.py"),
}
REFUSED = "UnsupportedOperation"
WORDS = {"cloud": "the cloud", "moto": "moto", "refused": "refused"}
INTRODUCTION = """\
# Operations

Every operation of the AWS services below, as AWS's own models list them, and what the embedded cloud does with it.
Made by `python tools/operations.py`; a test holds it to the code.

- **the cloud**: the embedded cloud carries it out itself.
- **moto**: moto keeps the books for it. What it stores is described back.
- **refused**: the answer is AWS's error shape with the code `UnsupportedOperation` and the reason.

*Tested* says whether a test of this project calls the operation by name.
"""
KEPT = """
These attributes are checked, kept and described back, and have no effect. All others are carried out.

| attributes | what happens instead |
|---|---|
"""


@dataclass(frozen=True)
class Row:
    """One operation: its name, who answers (``cloud``, ``moto``, ``refused``), and whether a test calls it."""

    operation: str
    by: str
    tested: bool


class Caller:
    """Calls operations of a cloud that is not started: no port, no process, no reconciler."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def call(self, service: str, operation: str, params: dict[str, Any]) -> ClientError | None:
        """Call an operation; what botocore would check first is not checked.

        Returns
        -------
        ClientError or None
            The AWS error, None when it succeeded.
        """
        try:
            self._client(service)._make_api_call(operation, params)
        except ClientError as error:
            return error
        return None

    @functools.cache  # noqa: B019 - a caller lives as long as its program
    def _client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
        checks_nothing = Config(parameter_validation=False, retries={"max_attempts": 0})
        client = boto3.client(service, REGION, config=checks_nothing, **keys)
        client.meta.events.register("before-send", self._send)
        return client

    def ours(self, service: str, operation: str) -> bool:
        """Whether the cloud has a method for it."""
        return self._cloud.core.dispatcher.handler(service, operation) is not None

    def _send(self, request: AWSPreparedRequest, **_others: Any) -> AWSResponse:
        path, _, query = request.url.partition("://")[2].partition("/")[2].partition("?")
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        body = request.body or b""
        signer = Signer("a", REGION, headers["authorization"].split("/")[3])
        with self._cloud.core.world.lock:
            answer = self._cloud.core.dispatcher.answer(
                Request(request.method, f"/{path}", query, headers, body.encode() if isinstance(body, str) else body),
                signer,
            )
        return AWSResponse(request.url, answer.status, answer.headers, _Raw(answer.body))


@contextmanager
def caller() -> Iterator[Caller]:
    """A cloud of its own to call, on a folder of its own."""
    moto_load.load()
    with tempfile.TemporaryDirectory(prefix="operations-") as folder:
        cloud = Cloud(Path(folder), 0, 60.0)
        try:
            yield Caller(cloud)
        finally:
            cloud.close()


def smallest(known: model.Model, operation: str) -> dict[str, Any]:
    """The smallest input that a model allows: what is required, and of that as little as possible."""
    shape = known.input_shape(operation)
    return dict(_smallest(known, shape)) if shape else {}


def _smallest(known: model.Model, name: str) -> Any:
    shape = known.shape(name)
    kind = shape["type"]
    if kind == "structure":
        return {one: _smallest(known, shape["members"][one]["shape"]) for one in shape.get("required", ())}
    if kind == "list":
        return [_smallest(known, shape["member"]["shape"])]
    if kind == "map":
        return {"x": _smallest(known, shape["value"]["shape"])}
    if kind in ("integer", "long", "float", "double"):
        return shape.get("min", 1)
    if kind == "boolean":
        return False
    if kind == "timestamp":
        return 0
    if kind == "blob":
        return b"x"
    return shape["enum"][0] if "enum" in shape else "x" * max(shape.get("min", 1), 1)


def rows(by_caller: Caller, service: str, tests: str) -> list[Row]:
    """The table of one service; `tests` are the files that test it, as a pattern below tests/lab_cloud/."""
    known = model.load(service)
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests/lab_cloud").glob(tests)))
    found = []
    for operation in sorted(known.operations):
        error = by_caller.call(service, operation, smallest(known, operation))
        refused = error is not None and error.response["Error"]["Code"] == REFUSED
        by = "refused" if refused else "cloud" if by_caller.ours(service, operation) else "moto"
        found.append(Row(operation, by, _called(text, operation)))
    return found


def _called(tests: str, operation: str) -> bool:
    name = snake_case(operation)
    return re.search(rf"\.{name}\b|[\"']({name}|{operation})[\"']", tests) is not None


def page(by_caller: Caller) -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for service, (title, tests) in SERVICES.items():
        table = rows(by_caller, service, tests)
        count = {by: sum(row.by == by for row in table) for by in WORDS}
        told = ", ".join(f"{count[by]} {word}" for by, word in WORDS.items() if count[by])
        parts.append(f"\n## {title}\n\n`{service}`, {len(table)} operations: {told}.\n")
        parts.append("\n| operation | answered by | tested |\n|---|---|---|\n")
        parts += [f"| {row.operation} | {WORDS[row.by]} | {'yes' if row.tested else ''} |\n" for row in table]
        if service == "elbv2":
            parts.append(KEPT)
            parts += [f"| `{keys.replace(', ', '`, `')}` | {instead} |\n" for keys, instead in attributes.KEPT.items()]
    return "".join(parts)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page, or check it."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    logging.disable()  # what goes wrong is in the answers
    with caller() as by_caller:
        text = page(by_caller)
    if arguments == ["check"]:
        fresh = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        if not fresh:
            print("docs/operations.md is not up to date: run python tools/operations.py", file=sys.stderr)
        return 0 if fresh else 1
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    return 0


class _Raw:
    """What botocore reads an answer from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_some: Any, **_others: Any) -> Iterator[bytes]:
        yield self._body

    def read(self, *_some: Any) -> bytes:
        body, self._body = self._body, b""
        return body


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


if __name__ == "__main__":
    sys.exit(main())
