"""Policies: how fast one request is decided."""

import json
import time

from bench.report import Report
from lab_cloud.iam.evaluate import Policies, Question, decide
from lab_cloud.iam.principal import Principal

DECISIONS = 4_000
ACCOUNT = "123456789012"
MOST_MS = 0.2


def run(report: Report, rounds: int) -> None:
    """Decide many requests of a role with three policies of ten statements each, a boundary and a bucket policy."""
    role = f"arn:aws:iam::{ACCOUNT}:role/app"
    who = Principal(f"arn:aws:sts::{ACCOUNT}:assumed-role/app/task", ACCOUNT, (role,))
    own = tuple(_policy(number) for number in range(3))
    wide = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    named = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "*"}
    policies = Policies(own, (json.dumps({"Version": "2012-10-17", "Statement": [named]}),), wide)
    keys = {"aws:requestedregion": "us-east-1", "aws:principaltag/team": "blue", "aws:sourceip": "127.0.0.1"}
    asked = [
        Question(who, "s3:PutObject", f"arn:aws:s3:::bucket-{number % 40}/blue/{number}", keys)
        for number in range(DECISIONS)
    ]
    took = []
    for _ in range(max(rounds, 3)):
        begin = time.process_time()
        allowed = sum(decide(question, policies).allowed for question in asked)
        took.append((time.process_time() - begin) / DECISIONS * 1000)
    report.section("Policies: 30 statements, a boundary and a bucket policy")
    report.figure("a decision", took, "ms", most=MOST_MS)
    report.note(f"{allowed} of {DECISIONS} requests were allowed")


def _policy(number: int) -> str:
    statements = [
        {
            "Effect": "Allow",
            "Action": ["s3:Get*", "s3:Put*"],
            "Resource": f"arn:aws:s3:::bucket-{number * 10 + each}/${{aws:PrincipalTag/team}}/*",
            "Condition": {"StringEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}},
        }
        for each in range(10)
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
