"""The course on a real JupyterHub: two learners at once, each in a server, a kernel and a cloud of their own.

They are users of the system with ``LAB_HUB_USERS=yes`` (as root); else all are the user who runs the tests, with homes
of their own, and what the system's rights keep apart is judged by the modes of the folders.
"""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from lab_helpers import home
from tests.hub import CONTAINERS_MB, USERS, Learner, hub, skip_without_hub, system_users
from tests.waiting import until

pytestmark = pytest.mark.matrix
NAMES = ("lab-trial-an", "lab-trial-binh")
HERE = """
import json, os, pathlib, shutil
at_home = pathlib.Path.home()
about = {"home": str(at_home), "here": os.getcwd(), "uid": os.getuid(), "kept": os.environ["KEPT"]}
about["python"] = shutil.which("python")
print(json.dumps(json.loads((at_home / ".lab/cloud.json").read_text()) | about))
"""
BALANCER = "DemoALBForECS"


@pytest.fixture(scope="module")
def learners(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Learner, Learner]]:
    """Two who have logged in, done lab 00 and built lab 03, at the same time."""
    skip_without_hub()
    folder = tmp_path_factory.mktemp("hub")
    with system_users(NAMES if USERS else ()), hub(folder, NAMES) as found, ThreadPoolExecutor() as pool:
        list(pool.map(begin, found.values()))
        an, binh = (found[name] for name in NAMES)
        yield an, binh


def begin(learner: Learner) -> None:
    learner.log_in()
    learner.start()
    learner.run("from lab_helpers import Lab\nlab = Lab(0)\nlab.start()\nlab.check('00a')")
    learner.run("lab = Lab(3)\nlab.start()")
    for cell in home.notebook(3).build:
        learner.run(cell)


def state(learner: Learner) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(learner.run(HERE))
    return found


def test_each_has_a_process_a_port_a_key_and_a_folder(learners: tuple[Learner, Learner]) -> None:
    an, binh = map(state, learners)
    for part in ("pid", "port", "access_key", "secret_key", "home"):
        assert an[part] != binh[part], part
    assert (an["uid"] != binh["uid"]) == USERS
    assert an["here"].startswith(an["home"])
    assert Path(an["python"]).parent == Path(sys.executable).parent
    assert an["kept"] == "by the course's settings"


def test_the_labs_are_in_the_learners_home(learners: tuple[Learner, Learner]) -> None:
    an = learners[0]
    found = an.ask("GET", f"/user/{an.name}/api/contents/containers-on-aws").json()["content"]
    assert sorted(one["name"] for one in found) == [home.notebook(number).path.name for number in home.all_numbers()]
    first = an.page.get(f"{an.hub}/hub/spawn")
    assert first.url.endswith("/lab/tree/containers-on-aws/00-start-here.ipynb")


def test_a_neighbours_key_is_refused_with_awss_error(learners: tuple[Learner, Learner]) -> None:
    an, binh = learners
    knock = f"""
import boto3, botocore.config, botocore.exceptions
own = lab.session.get_credentials()
try:
    boto3.client("sts", endpoint_url="http://127.0.0.1:{state(an)["port"]}", region_name="us-east-1",
        aws_access_key_id=own.access_key, aws_secret_access_key=own.secret_key,
        config=botocore.config.Config(proxies={{}})).get_caller_identity()
except botocore.exceptions.ClientError as error:
    print(error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"])
"""
    assert binh.run(knock).strip() == "403 InvalidClientTokenId"


def test_a_neighbours_files_are_closed(learners: tuple[Learner, Learner]) -> None:
    an, binh = learners
    for name in (".lab", ".lab/cloud.json", "containers-on-aws", "containers-on-aws/00-start-here.ipynb"):
        path = Path(state(an)["home"], name)
        if USERS:
            assert "denied" in binh.run(f"try: open('{path}')\nexcept PermissionError: print('denied')"), name
        else:
            assert path.stat().st_mode & 0o077 == 0, name


def test_a_neighbour_hears_nothing_of_a_kernel(learners: tuple[Learner, Learner]) -> None:
    said = json.loads(
        learners[0].run("""
import ipykernel.connect
print(ipykernel.connect.get_connection_info())""")
    )
    assert said["transport"] == "ipc"
    assert Path(said["ip"]).parent.stat().st_mode & 0o077 == 0


def test_the_page_of_a_service_comes_through_the_hub_to_its_learner_alone(learners: tuple[Learner, Learner]) -> None:
    an, binh = learners
    shown = an.run(f"url = lab.url('{BALANCER}')\nurl")
    link = shown.partition('href="')[2].partition('"')[0]
    assert link.startswith(f"/user/{an.name}/proxy/")
    assert f">{link}</a>" in shown  # what is read is what works in the browser
    mine, theirs = an.page.get(an.hub + link), binh.page.get(an.hub + link)
    assert (mine.status_code, "Server address" in mine.text) == (200, True)
    assert (theirs.status_code, "Server address" in theirs.text) == (403, False)
    assert "Server address" in an.run("import urllib.request\nprint(urllib.request.urlopen(url).read().decode())")


def test_who_takes_too_much_memory_is_told_why(learners: tuple[Learner, Learner]) -> None:
    said = learners[0].run(f"""
role = ecs.describe_task_definition(taskDefinition="nginxdemos-hello")["taskDefinition"]["executionRoleArn"]
ecs.register_task_definition(family="greedy", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256",
    memory="1024", executionRoleArn=role, containerDefinitions=[{{"name": "greedy", "image": "python:3.12-alpine",
    "command": ["python", "-c", "import time; held = b'x' * {CONTAINERS_MB}_000_000; time.sleep(600)"]}}])
greedy = ecs.run_task(cluster=CLUSTER, taskDefinition="greedy", launchType="FARGATE",
    networkConfiguration=ecs.describe_services(cluster=CLUSTER, services=[NAME])["services"][0]["networkConfiguration"],
)["tasks"][0]["taskArn"]
lab.wait("ecs", "tasks_stopped", cluster=CLUSTER, tasks=[greedy])
one = ecs.describe_tasks(cluster=CLUSTER, tasks=[greedy])["tasks"][0]["containers"][0]
print(one["exitCode"], one["reason"])""")
    assert said.startswith("137 OutOfMemoryError")
    assert "LAB_MEMORY_MB" in said


def test_a_stopped_server_ends_its_cloud_and_comes_back(learners: tuple[Learner, Learner]) -> None:
    an, binh = learners
    before, neighbour = state(an), psutil.Process(state(binh)["pid"])
    ended = [psutil.Process(before["pid"]), *psutil.Process(before["pid"]).children(recursive=True)]
    assert len(ended) > 1  # a container of the service
    notebook = f"/user/{an.name}/api/contents/containers-on-aws/00-start-here.ipynb"
    empty = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    mine = {"type": "notebook", "format": "json", "content": empty}
    assert an.ask("PUT", notebook, json=mine).ok
    an.stop()
    until(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in ended))
    assert neighbour.is_running()
    an.start()
    said = an.run("from lab_helpers import Lab\nlab = Lab(3)\nlab.start()")
    assert "Ready from the labs before: cluster DemoCluster" in said
    after = state(an)
    assert after["port"] == before["port"]
    assert after["access_key"] != before["access_key"]
    assert "'00a'" in an.run("print(lab.progress.checks())")
    assert an.ask("GET", notebook).json()["content"]["cells"] == []
