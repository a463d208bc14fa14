"""Lets moto's published tests judge the cloud, and keeps a table of what they say.

    python tools/outside_judge.py elbv2 FOLDER              run them, write tests/outside/moto_elbv2.csv
    python tools/outside_judge.py elbv2 FOLDER -k tags      run some of them, show the rest of what pytest says

FOLDER holds moto's `tests/` of the version that is pinned in pyproject.toml, for example its unpacked source archive.
The tests run unchanged in moto's own server mode, against a cloud that this program starts and stops. Nothing of them
is kept here but their names. What AWS would refuse, where nearly every test of load balancers begins with it, is set
right on the way: a VPC that gets a load balancer gets an internet gateway first; a security group of another VPC is
replaced by one of the same name in the right one; a listener without action and a rule without condition get one.
Waiters wait as much shorter as this cloud is faster.

Each row of the table is one test: `passed`, `skipped` (by the test itself) or `differs`, with the reason of a
difference. A reason that is in the table already is kept; a difference without a reason makes this program fail.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TABLES = ROOT / "tests" / "outside"
COLUMNS = ("test", "result", "reason")
RESULTS = "LAB_JUDGE_RESULTS"
"""The environment variable that names the file for the outcomes; set, this module is a plugin of pytest."""

NOT_FOUND = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
Rows = dict[str, tuple[str, str]]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the judge; the exit code is 1 when a difference has no reason."""
    parser = argparse.ArgumentParser(description="Let moto's published tests judge the cloud.")
    parser.add_argument("service", help="as moto's folder is named: elbv2, ecs")
    parser.add_argument("folder", type=Path, help="the folder that holds moto's tests/")
    parser.add_argument("-k", dest="only", help="only tests that match; the table is left alone")
    options = parser.parse_args(argv)
    folder = options.folder.resolve()
    suite = folder / "tests" / f"test_{options.service}"
    if not suite.is_dir():
        print(f"There is no {suite}.", file=sys.stderr)
        return 2
    outcomes = run(folder, suite, options.only)
    print(figure(outcomes))
    if options.only:
        return 0
    table = TABLES / f"moto_{options.service}.csv"
    rows = merge(outcomes, read(table))
    write(table, rows)
    unexplained = [test for test, (result, reason) in rows.items() if result == "differs" and not reason]
    for test in unexplained:
        print(f"no reason yet: {test}")
    return 1 if unexplained else 0


def figure(outcomes: Mapping[str, str]) -> str:
    """The outcomes in one line."""
    counts = Counter(outcomes.values())
    return ", ".join(f"{counts[result]} {result}" for result in ("passed", "differs", "skipped"))


def merge(outcomes: Mapping[str, str], before: Rows) -> Rows:
    """The new table: what came out, with the reasons that are known."""
    return {
        test: (result, before[test][1] if result == "differs" and test in before else "")
        for test, result in sorted(outcomes.items())
    }


def read(table: Path) -> Rows:
    """The rows of a table by test; none when it is not there."""
    if not table.exists():
        return {}
    with table.open(encoding="utf-8", newline="") as file:
        return {row["test"]: (row["result"], row["reason"]) for row in csv.DictReader(file)}


def write(table: Path, rows: Rows) -> None:
    """Write a table."""
    table.parent.mkdir(exist_ok=True)
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((test, *row) for test, row in rows.items())


def run(folder: Path, suite: Path, only: str | None) -> dict[str, str]:
    """Start a cloud, run a suite against it, and stop the cloud.

    Returns
    -------
    dict
        ``passed``, ``differs`` or ``skipped`` by the test's name.
    """
    with tempfile.TemporaryDirectory(prefix="judge-") as home:
        environment = {**os.environ, "LAB_HOME": home, "LAB_AUTH": "off", "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-m", "lab_cloud", "up"], env=environment, check=True)
        try:
            return _judge(folder, suite, only, environment)
        finally:
            subprocess.run([sys.executable, "-m", "lab_cloud", "down"], env=environment, check=True)


def _judge(folder: Path, suite: Path, only: str | None, environment: dict[str, str]) -> dict[str, str]:
    home = Path(environment["LAB_HOME"])
    results = home / "judge.json"
    endpoint = f"http://127.0.0.1:{json.loads((home / 'cloud.json').read_text(encoding='utf-8'))['port']}"
    ours = {
        RESULTS: str(results),
        "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT))),  # both have a package `tests`; moto's is meant
        "TEST_SERVER_MODE": "true",
        "TEST_SERVER_MODE_ENDPOINT": endpoint,
    }
    quiet = [] if only else ["--tb=line", "-q", "-s", "--durations=8"]
    command = [sys.executable, "-m", "pytest", "-p", "tools.outside_judge", "-p", "no:cacheprovider", *quiet]
    command += ["--rootdir", str(folder), "-c", os.devnull, str(suite), *(["-k", only] if only else [])]
    subprocess.run(command, cwd=folder, env=environment | ours, check=False)
    outcomes: dict[str, str] = json.loads(results.read_text(encoding="utf-8"))
    return outcomes


# -- as a plugin of pytest, in the process that runs moto's tests ------------------------------------------------------

_outcomes: dict[str, str] = {}


def pytest_configure(config: Any) -> None:
    """Forget what a test has made by this cloud's own command, where moto's server has an address for it."""
    if RESULTS not in os.environ:
        return
    import botocore.waiter
    from moto.core.models import ServerModeMockAWS

    from lab_cloud import control, home

    running = home.read(home.find())
    assert running is not None
    ServerModeMockAWS.reset = lambda _mock: control.ask(running, "reset")
    _mend_scenes()
    botocore.waiter.time = SimpleNamespace(sleep=lambda seconds: time.sleep(seconds / running.speed))


def _mend_scenes() -> None:
    # what AWS would refuse; see this module's docstring
    from botocore.client import BaseClient

    original = BaseClient._make_api_call

    def make_api_call(client: Any, operation: str, params: dict[str, Any]) -> Any:
        if operation == "CreateLoadBalancer" and "Name" in params:
            params = {**params, **_possible(client.meta.region_name, params)}
        elif operation == "CreateListener" and params.get("DefaultActions") == []:
            params = {**params, "DefaultActions": [NOT_FOUND]}
        elif operation == "CreateRule" and params.get("Conditions") == []:
            params = {**params, "Conditions": [{"Field": "path-pattern", "Values": ["/*"]}]}
        return original(client, operation, params)

    BaseClient._make_api_call = make_api_call


def _possible(region: str, params: Mapping[str, Any]) -> dict[str, Any]:
    import boto3
    from botocore.exceptions import ClientError

    ec2 = boto3.client("ec2", region_name=region)
    subnets = [*params.get("Subnets", []), *(one.get("SubnetId", "") for one in params.get("SubnetMappings", []))]
    if not subnets:
        return {}
    try:
        vpc = ec2.describe_subnets(SubnetIds=subnets[:1])["Subnets"][0]["VpcId"]
        given = ec2.describe_security_groups(GroupIds=params.get("SecurityGroups", []))["SecurityGroups"]
    except ClientError:
        return {}  # what is not there is what the test is about
    at = [{"Name": "attachment.vpc-id", "Values": [vpc]}]
    if not ec2.describe_internet_gateways(Filters=at)["InternetGateways"]:
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    if not params.get("SecurityGroups"):
        return {}
    return {"SecurityGroups": [one["GroupId"] if one["VpcId"] == vpc else _twin(ec2, one, vpc) for one in given]}


def _twin(ec2: Any, group: Mapping[str, Any], vpc: str) -> str:
    same = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": [group["GroupName"]]}]
    found = ec2.describe_security_groups(Filters=same)["SecurityGroups"]
    if found:
        return str(found[0]["GroupId"])
    made = ec2.create_security_group(GroupName=group["GroupName"], Description=group["Description"], VpcId=vpc)
    return str(made["GroupId"])


def pytest_runtest_logreport(report: Any) -> None:
    """Note the outcome of a test, or of what was to make it ready."""
    name = report.nodeid.removeprefix("tests/")
    if report.failed:
        _outcomes[name] = "differs"
        crash = getattr(report.longrepr, "reprcrash", None)
        print(f"\n{name}: {crash.message.splitlines()[0] if crash is not None else 'could not be run'}")
    elif report.skipped:
        _outcomes.setdefault(name, "skipped")
    elif report.when == "call":
        _outcomes.setdefault(name, "passed")


def pytest_sessionfinish() -> None:
    """Hand the outcomes over."""
    if RESULTS in os.environ:
        Path(os.environ[RESULTS]).write_text(json.dumps(_outcomes), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
