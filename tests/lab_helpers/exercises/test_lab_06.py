"""Each exercise of lab 06: untouched, wrong, right. The tests share one cloud and the lab's own functions."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lab_helpers import Lab
from lab_helpers.exercises import lab_06
from tests.lab_helpers.exercises.clouds import begun, said
from tools.notebooks import ROOT, read

NEEDED = ("import json", "IMAGE = ", "def describe", "import time", "BUCKET = ", "READ_ORDERS", "REPORTER = ")
"""How the cells begin, or what they hold, that the exercises stand on."""
FURTHER = ("WRITE_LOGS", "mailer_secret = ", "files_group = ", "shared = ")


@pytest.fixture(scope="module")
def shared() -> Iterator[dict[str, Any]]:
    """A lab with what its cells have made up to the exercises, as the names of its notebook."""
    with begun(6) as lab:
        names: dict[str, Any] = {"lab": lab, "print": lambda *words, **more: None}
        sources = [cell.source for cell in read(ROOT / "labs" / "06-roles-and-storage.ipynb").cells
                   if cell.cell_type == "code"]  # fmt: skip
        for words in (*NEEDED, *FURTHER):
            source = next(one for one in sources if words in one)
            exec(compile(source, words, "exec"), names)
        yield names


@pytest.fixture
def lab(shared: dict[str, Any]) -> Lab:
    found: Lab = shared["lab"]
    return found


def solve(shared: dict[str, Any], exercise: str) -> None:
    exec(compile(shared["lab"].solution(exercise).code, exercise, "exec"), shared)


def allow(lab: Lab, role: str, name: str, *statements: tuple[str, str]) -> None:
    listed = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in statements]
    document = json.dumps({"Version": "2012-10-17", "Statement": listed})
    lab.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)


def test_a_report_needs_two_permissions_and_no_third(lab: Lab, shared: dict[str, Any]) -> None:
    assert said(lab, "06a")[0] == "not attempted"
    bucket = f"arn:aws:s3:::{shared['BUCKET']}"
    allow(lab, "ReporterRole", "wrong", ("s3:*", f"{bucket}/*"))
    kind, words = said(lab, "06a")
    assert kind == "not yet"
    assert "list the bucket" in words and "overwrite the orders" in words and "no more than is needed" in words
    allow(lab, "ReporterRole", "wrong", ("s3:ListBucket", "*"), ("s3:PutObject", f"{bucket}/reports/*"))
    assert "every other one" in said(lab, "06a")[1]
    lab.client("iam").delete_role_policy(RoleName="ReporterRole", PolicyName="wrong")
    allow(lab, "ReporterRole", "report", ("s3:ListBucket", bucket), ("s3:PutObject", f"{bucket}/reports/*"))
    assert "a task of the family reporter" in said(lab, "06a")[1]
    solve(shared, "06a")
    assert said(lab, "06a")[0] == "done"


def test_the_mailer_reads_its_own_secret_only(lab: Lab, shared: dict[str, Any]) -> None:
    assert said(lab, "06b")[0] == "not attempted"
    shared["ended"](shared["start"]("mailer", startedBy="me"))
    allow(lab, "MailerExecutionRole", "wrong", ("secretsmanager:GetSecretValue", shared["secret"]))
    assert "it speaks of another secret" in said(lab, "06b")[1]
    allow(lab, "MailerExecutionRole", "wrong", ("secretsmanager:GetSecretValue", "*"))
    assert "may read others too" in said(lab, "06b")[1]
    lab.client("iam").delete_role_policy(RoleName="MailerExecutionRole", PolicyName="wrong")
    allow(lab, "MailerExecutionRole", "secret", ("secretsmanager:GetSecretValue", shared["mailer_secret"]))
    assert "unable to pull secrets" in said(lab, "06b")[1]
    solve(shared, "06b")
    assert said(lab, "06b")[0] == "done"


def test_the_archive_is_seen_through_its_access_point(lab: Lab, shared: dict[str, Any]) -> None:
    assert said(lab, "06c") == ("not attempted", "○ 06c: Not attempted.\n  - DemoFiles has no access point yet.")
    efs = lab.client("efs")
    other = efs.create_access_point(FileSystemId=shared["file_system"], RootDirectory={"Path": "/other"})
    assert "the root directory /archive" in said(lab, "06c")[1]
    efs.delete_access_point(AccessPointId=other["AccessPointId"])
    bare = efs.create_access_point(FileSystemId=shared["file_system"], RootDirectory={"Path": lab_06.FOLDER})
    words = said(lab, "06c")[1]
    assert "permissions 0755" in words and "one user for all clients" in words
    efs.delete_access_point(AccessPointId=bare["AccessPointId"])
    plain = shared["recipe"]("archive", "pass")
    shared["ended"](shared["start"](plain, startedBy="me"))
    solve(shared, "06c")
    assert said(lab, "06c")[0] == "done"
