"""Pods on each runtime that isolates; the default one is what all other tests use."""

import urllib.request
from collections.abc import Iterator

import pytest

from tests.lab_cloud.eks.agents.hosts import Hosts
from tests.lab_cloud.eks.agents.test_pod import PYTHON
from tests.lab_cloud.eks.kubernetes.server import CONFIG_MAPS, PODS, config
from tests.lab_cloud.runtime.kinds import KINDS, maker, need
from tests.waiting import until


@pytest.fixture(scope="module", params=[kind for kind in KINDS if kind != "process"])
def isolated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    need(request.param)
    made = Hosts(tmp_path_factory.mktemp(request.param), runtime=maker(request.param))
    made.fleet.join(made.node("here"))
    yield made
    made.close()


def test_a_pod_answers_at_its_own_address(isolated: Hosts) -> None:
    probe = {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1}
    container = {"name": "web", "image": "nginxdemos/hello", "ports": [{"containerPort": 80}], "readinessProbe": probe}
    isolated.pod("web", "here", containers=[container], terminationGracePeriodSeconds=1)
    until(lambda: isolated.condition("web", "Ready") == "True", 30)
    with urllib.request.urlopen(f"http://{isolated.status('web')['podIP']}/", timeout=5) as answer:
        assert answer.status == 200
    until(lambda: "GET / " in isolated.log("web", "web"))
    isolated.server.ask("DELETE", f"{PODS}/web")
    until(lambda: isolated.server.ask("GET", f"{PODS}/web")[0] == 404, 20)


def test_containers_share_volumes_and_tell_their_exit_code(isolated: Hosts) -> None:
    isolated.server.made(CONFIG_MAPS, config("pages", key="a page"))
    write = "open('/shared/note', 'w').write(open('/pages/key').read())"
    read = "print(open('/shared/note').read()); raise SystemExit(3)"
    mounts = [{"name": each, "mountPath": f"/{each}"} for each in ("shared", "pages")]

    def container(name: str, code: str) -> dict[str, object]:
        return {"name": name, "image": PYTHON, "command": ["python3", "-c", code], "volumeMounts": mounts}

    volumes = [{"name": "shared", "emptyDir": {}}, {"name": "pages", "configMap": {"name": "pages"}}]
    isolated.pod(
        "files", "here", restartPolicy="Never", volumes=volumes,
        initContainers=[container("writer", write)], containers=[container("reader", read)],
    )  # fmt: skip
    until(lambda: isolated.status("files")["phase"] == "Failed", 30)
    assert isolated.first("files")["state"]["terminated"]["exitCode"] == 3
    assert isolated.log("files", "reader") == "a page\n"
