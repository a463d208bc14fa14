"""Pods really run: processes, their ends, and what the API says of them."""

import base64
import json
import threading
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pytest

from lab_cloud.runtime.spec import ContainerSpec, Handle
from tests.lab_cloud.eks.agents.hosts import Hosts
from tests.lab_cloud.eks.kubernetes.server import CONFIG_MAPS, MERGE, PODS, config
from tests.waiting import until

PYTHON = "python:3.12-alpine"
SECRETS = "/api/v1/namespaces/default/secrets"
SLEEP = "import time; print('up', flush=True); time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"


def python(code: str, name: str = "main", **more: Any) -> dict[str, Any]:
    return {"name": name, "image": PYTHON, "command": ["python3", "-S", "-c", code], **more}


def waiting(hosts: Hosts, name: str, reason: str) -> dict[str, Any]:
    """Wait until a pod's first container waits for a reason."""
    return until(
        lambda: (found := hosts.first(name)["state"].get("waiting")) and found["reason"] == reason and found, 20
    )


def gone(hosts: Hosts, name: str) -> bool:
    return hosts.server.ask("GET", f"{PODS}/{name}")[0] == 404


def message(hosts: Hosts, name: str, reason: str) -> str:
    uid = hosts.get(name)["metadata"]["uid"]
    found = [each for each in hosts.events() if each["involvedObject"]["uid"] == uid and each["reason"] == reason]
    return str(found[-1]["message"]) if found else ""


def test_a_pod_runs_and_answers_at_its_own_address(hosts: Hosts) -> None:
    hosts.pod("web", "here", containers=[{"name": "web", "image": "nginx", "ports": [{"containerPort": 8080}]}])
    until(lambda: hosts.condition("web", "Ready") == "True")
    status = hosts.status("web")
    assert status["phase"] == "Running"
    assert status["qosClass"] == "BestEffort"
    assert status["hostIP"] == "192.168.0.4"
    own = hosts.first("web")
    assert own["ready"]
    assert own["started"]
    assert own["state"]["running"]["startedAt"]
    assert own["imageID"].startswith("docker.io/library/nginx@sha256:")
    body = until(lambda: urllib.request.urlopen(f"http://{status['podIP']}:8080/", timeout=5).read())
    assert b"nginx" in body.lower()
    assert hosts.reasons("web") == ["Pulling", "Pulled", "Created", "Started"]
    until(lambda: "GET / " in hosts.log("web", "web"))


def test_a_pod_is_gone_only_when_its_process_is(hosts: Hosts) -> None:
    hosts.pod("ends", "here", containers=[python(DEAF)], terminationGracePeriodSeconds=1)
    until(lambda: hosts.log("ends", "main") == "up\n")
    own = {each.pid for each in psutil.Process().children(recursive=True)}
    address = hosts.status("ends")["podIP"]
    code, found = hosts.server.ask("DELETE", f"{PODS}/ends")
    assert code == 200
    assert found["metadata"]["deletionGracePeriodSeconds"] == 1
    assert not gone(hosts, "ends"), "it did not hear SIGTERM, and has a second"
    until(lambda: gone(hosts, "ends"))
    assert own - {each.pid for each in psutil.Process().children(recursive=True)}, "its process has ended"
    assert hosts.book.lookup(address, 8080) is None
    killing = [each for each in hosts.events() if each["reason"] == "Killing"]
    assert killing[-1]["message"] == "Stopping container main"
    assert killing[-1]["involvedObject"]["fieldPath"] == "spec.containers{main}"


def test_less_time_may_be_given_later_and_conditions_of_others_stay(hosts: Hosts) -> None:
    hosts.pod("slow", "here", containers=[python(DEAF)])
    until(lambda: hosts.log("slow", "main") == "up\n")
    other = {"type": "DisruptionTarget", "status": "True"}
    there = hosts.status("slow")["conditions"]
    assert hosts.server.patch(f"{PODS}/slow/status", {"status": {"conditions": [*there, other]}})[0] == 200
    hosts.server.ask("DELETE", f"{PODS}/slow")
    until(lambda: "Killing" in hosts.reasons("slow"))
    assert hosts.condition("slow", "DisruptionTarget") == "True"
    hosts.server.ask("DELETE", f"{PODS}/slow", {"gracePeriodSeconds": 1})
    until(lambda: gone(hosts, "slow"))


def test_a_forced_deletion_ends_the_process_too(hosts: Hosts) -> None:
    hosts.pod("forced", "here", containers=[python(DEAF)])
    until(lambda: hosts.log("forced", "main") == "up\n")
    handle = hosts.worker("forced").main[0].handle
    assert handle is not None
    hosts.server.ask("DELETE", f"{PODS}/forced", {"gracePeriodSeconds": 0})
    assert gone(hosts, "forced")
    assert handle.wait(10) is not None


def test_a_crashing_container_is_started_again_after_longer_and_longer_waits(hosts: Hosts) -> None:
    hosts.pod("crash", "here", containers=[python("import sys; print('run', flush=True); sys.exit(3)")])
    found = waiting(hosts, "crash", "CrashLoopBackOff")
    uid = hosts.get("crash")["metadata"]["uid"]
    assert hosts.first("crash")["restartCount"] >= 1, "the first time it is started again at once"
    assert found["message"].startswith("back-off ")
    assert found["message"].endswith(f"s restarting failed container=main pod=crash_default({uid})")
    own = until(lambda: (each := hosts.first("crash"))["restartCount"] >= 2 and "waiting" in each["state"] and each)
    ended = own["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (3, "Error")
    assert not own["ready"]
    assert hosts.status("crash")["phase"] == "Running"
    assert hosts.condition("crash", "Ready") == "False"
    assert "BackOff" in hosts.reasons("crash")
    assert hosts.log("crash", "main", previous=True) == "run\n"

    def counted() -> Any:
        return next(
            (
                each
                for each in hosts.events()
                if each["reason"] == "BackOff" and "pod crash_" in each["message"] and each["count"] > 1
            ),
            None,
        )

    assert until(counted)["type"] == "Warning"
    hosts.server.ask("DELETE", f"{PODS}/crash", {"gracePeriodSeconds": 0})


def test_work_that_is_done_is_not_done_again(hosts: Hosts) -> None:
    hosts.pod("done", "here", containers=[python("print('once')")], restartPolicy="OnFailure")
    hosts.pod("fails", "here", containers=[python("raise SystemExit(7)")], restartPolicy="Never")
    until(lambda: hosts.status("done")["phase"] == "Succeeded")
    until(lambda: hosts.status("fails")["phase"] == "Failed")
    assert hosts.first("done")["state"]["terminated"]["reason"] == "Completed"
    assert hosts.first("fails")["state"]["terminated"]["exitCode"] == 7
    ready = next(each for each in hosts.status("done")["conditions"] if each["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "PodCompleted")
    assert hosts.log("done", "main") == "once\n"


def test_an_image_that_is_not_there(hosts: Hosts) -> None:
    hosts.pod("typo", "here", containers=[{"name": "web", "image": "ngnix:none"}])
    found = waiting(hosts, "typo", "ImagePullBackOff")
    assert found["message"].startswith('Back-off pulling image "ngnix:none": ErrImagePull: ')
    assert hosts.status("typo")["phase"] == "Pending"
    assert hosts.reasons("typo")[:3] == ["Pulling", "Failed", "Failed"]
    assert "BackOff" in hosts.reasons("typo")
    hosts.server.ask("DELETE", f"{PODS}/typo")
    until(lambda: gone(hosts, "typo"))


def test_a_program_that_cannot_be_started(hosts: Hosts) -> None:
    broken = {"name": "main", "image": PYTHON, "command": ["/no/such/program"]}
    hosts.pod("broken", "here", containers=[broken], restartPolicy="Never")
    until(lambda: hosts.status("broken")["phase"] == "Failed")
    ended = hosts.first("broken")["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (128, "StartError")
    assert "no such file or directory" in ended["message"]


def test_too_much_memory(hosts: Hosts) -> None:
    code = "x = bytearray(300_000_000); import time; time.sleep(600)"
    hosts.pod(
        "greedy", "here", restartPolicy="Never",
        containers=[python(code, resources={"limits": {"memory": "64Mi", "cpu": "2"}})],
    )  # fmt: skip
    until(lambda: hosts.status("greedy")["phase"] == "Failed", 20)
    ended = hosts.first("greedy")["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")
    assert hosts.status("greedy")["qosClass"] == "Guaranteed"


def test_configuration_comes_from_everywhere(hosts: Hosts) -> None:
    hosts.server.made(CONFIG_MAPS, config("settings", COLOR="blue", file="text"))
    secret = {"metadata": {"name": "keys"}, "stringData": {"token": "s3cret"}}
    hosts.server.made(SECRETS, secret)
    container = python(
        "import json, os, sys; print(json.dumps([dict(os.environ), sys.argv[1:]]), flush=True)",
        args=["$(NAME) $(UNKNOWN) $$(NAME)"],
        envFrom=[{"configMapRef": {"name": "settings"}}],
        env=[
            {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "HOST", "value": "$(NAME).example"},
            {"name": "ADDRESS", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}},
            {"name": "MEMORY", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
        ],
        resources={"limits": {"memory": "128Mi"}},
    )
    hosts.pod("configured", "here", containers=[container], restartPolicy="Never")
    until(lambda: hosts.status("configured")["phase"] == "Succeeded")
    known, args = json.loads(hosts.log("configured", "main"))
    assert args == ["configured  $(UNKNOWN) $(NAME)".replace("  ", " ")]
    assert known["HOST"] == "configured.example"
    assert known["ADDRESS"] == hosts.status("configured")["podIP"]
    assert (known["TOKEN"], known["MEMORY"], known["COLOR"]) == ("s3cret", "128", "blue")
    assert known["HOSTNAME"] == "configured"


def test_what_was_written_stays_to_be_read_while_it_is_started_again(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, may_start, start = threading.Semaphore(0), threading.Semaphore(2), hosts.runtime.start

    def slow(spec: ContainerSpec) -> Handle:
        began.release()
        assert may_start.acquire(timeout=40)
        return start(spec)

    monkeypatch.setattr(hosts.runtime, "start", slow)
    hosts.pod("talks", "here", containers=[python("print('said'); raise SystemExit(3)")])
    for _ in range(3):
        assert began.acquire(timeout=40)
    # two runs have ended, and the third is just being started
    assert hosts.log("talks", "main") == hosts.log("talks", "main", previous=True) == "said\n"
    hosts.server.ask("DELETE", f"{PODS}/talks", {"gracePeriodSeconds": 0})
    may_start.release(9)
    until(lambda: gone(hosts, "talks"))


def test_a_configuration_that_is_missing_is_waited_for(hosts: Hosts) -> None:
    container = python(SLEEP, env=[{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "later", "key": "a"}}}])
    hosts.pod("missing", "here", containers=[container])
    assert waiting(hosts, "missing", "CreateContainerConfigError")["message"] == 'configmap "later" not found'
    assert message(hosts, "missing", "Failed") == 'Error: configmap "later" not found'
    hosts.server.made(CONFIG_MAPS, config("later", a="1"))
    until(lambda: hosts.condition("missing", "Ready") == "True")


def test_volumes_are_folders_that_containers_share(hosts: Hosts) -> None:
    hosts.server.made(CONFIG_MAPS, config("pages", **{"index.html": "hello"}))
    data = {"metadata": {"name": "cert"}, "data": {"key": base64.b64encode(b"\0\1").decode()}}
    hosts.server.made(SECRETS, data)
    read = (
        "import pathlib, time\n"
        "while not pathlib.Path('shared/note').exists(): time.sleep(0.02)\n"
        "print(pathlib.Path('shared/note').read_text(), pathlib.Path('pages/a/b').read_text(),\n"
        "      pathlib.Path('all/key').read_bytes(), pathlib.Path('all/name').read_text(), flush=True)\n"
    )
    write = "import pathlib; pathlib.Path('shared/note').write_text('from the other')"
    mounts = [{"name": each, "mountPath": f"/srv/{each}"} for each in ("shared", "pages", "all")]
    field = {"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}
    sources = [
        {"secret": {"name": "cert"}},
        {"downwardAPI": {"items": [field]}},
        {"serviceAccountToken": {"path": "token"}},
    ]
    volumes = [
        {"name": "shared", "emptyDir": {}},
        {"name": "pages", "configMap": {"name": "pages", "items": [{"key": "index.html", "path": "a/b"}]}},
        {
            "name": "all",
            "projected": {"sources": sources},
        },
    ]
    hosts.pod(
        "files", "here", restartPolicy="Never", volumes=volumes,
        containers=[
            python(read, "reader", workingDir="/srv", volumeMounts=mounts),
            python(write, "writer", workingDir="/srv", volumeMounts=mounts),
        ],
    )  # fmt: skip
    until(lambda: hosts.status("files")["phase"] == "Succeeded")
    assert hosts.log("files", "reader") == "from the other hello b'\\x00\\x01' files\n"
    folder = Path(hosts.machine.folder / hosts.get("files")["metadata"]["uid"])
    shown = (folder / "volumes" / "all" / "token").read_text()
    found = hosts.server.api.accounts.user_of(shown)
    assert found is not None
    assert found.name == "system:serviceaccount:default:default"
    hosts.server.ask("DELETE", f"{PODS}/files")
    until(lambda: not folder.exists())


def test_a_volume_that_cannot_be_had_keeps_the_pod_waiting(hosts: Hosts) -> None:
    volumes = [{"name": "v", "configMap": {"name": "nobody"}}]
    hosts.pod("novolume", "here", containers=[python(SLEEP)], volumes=volumes)
    text = until(lambda: message(hosts, "novolume", "FailedMount"))
    assert text == 'MountVolume.SetUp failed for volume "v" : configmap "nobody" not found'
    assert hosts.first("novolume")["state"]["waiting"]["reason"] == "ContainerCreating"
    hosts.server.ask("DELETE", f"{PODS}/novolume")
    until(lambda: gone(hosts, "novolume"))


def test_init_containers_run_one_after_the_other_before_the_others(hosts: Hosts) -> None:
    init = [
        python("print('first')", "first"),
        python(SLEEP, "side", restartPolicy="Always"),
        python("import time; time.sleep(0.1)", "second"),
    ]
    hosts.pod("steps", "here", initContainers=init, containers=[python("print('main')")], restartPolicy="Never")
    until(lambda: hosts.status("steps")["phase"] == "Succeeded", 20)
    order = [each["involvedObject"]["fieldPath"] for each in hosts.events()
             if each["reason"] == "Started" and each["involvedObject"]["name"] == "steps"]  # fmt: skip
    assert order == [
        "spec.initContainers{first}", "spec.initContainers{side}", "spec.initContainers{second}",
        "spec.containers{main}",
    ]  # fmt: skip
    until(lambda: all("terminated" in each["state"] for each in hosts.status("steps")["initContainerStatuses"]))


def test_a_failed_init_container_fails_the_pod_or_is_tried_again(hosts: Hosts) -> None:
    bad = python("raise SystemExit(1)", "bad")
    hosts.pod("noinit", "here", initContainers=[bad], containers=[python(SLEEP)], restartPolicy="Never")
    until(lambda: hosts.status("noinit")["phase"] == "Failed")
    assert hosts.first("noinit")["state"]["waiting"]["reason"] == "PodInitializing"
    hosts.pod("again", "here", initContainers=[bad], containers=[python(SLEEP)])
    until(lambda: hosts.status("again")["initContainerStatuses"][0]["restartCount"] > 0)
    assert hosts.status("again")["phase"] == "Pending"
    hosts.server.ask("DELETE", f"{PODS}/again", {"gracePeriodSeconds": 0})


def test_probes_decide_who_is_ready_and_who_lives(hosts: Hosts) -> None:
    ready = {"exec": {"command": ["test", "-e", "ready"]}, "periodSeconds": 1}
    hosts.pod("probed", "here", containers=[python(SLEEP, readinessProbe=ready)])
    text = until(lambda: message(hosts, "probed", "Unhealthy"))
    assert text == "Readiness probe failed: "
    assert hosts.condition("probed", "Ready") == "False"
    handle = hosts.worker("probed").main[0].handle
    assert handle is not None
    assert handle.exec(["touch", "ready"], 5).code == 0
    until(lambda: hosts.condition("probed", "Ready") == "True")

    live = {"httpGet": {"path": "/none", "port": "http"}, "periodSeconds": 1, "failureThreshold": 1}
    ports = [{"containerPort": 8080, "name": "http"}]
    sick = {"name": "web", "image": "nginx", "ports": ports, "livenessProbe": live}
    hosts.pod("sick", "here", containers=[sick])
    until(lambda: hosts.first("sick")["restartCount"] > 0)
    assert message(hosts, "sick", "Killing") == "Container web failed liveness probe, will be restarted"
    assert "Unhealthy" in hosts.reasons("sick")
    hosts.server.ask("DELETE", f"{PODS}/sick", {"gracePeriodSeconds": 0})


def test_what_is_wanted_before_the_end_is_done_before_it(hosts: Hosts) -> None:
    code = (
        "import pathlib, signal, sys, time\n"
        "def end(*_):\n    print('hook ran:', pathlib.Path('hook').exists(), flush=True)\n    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\nprint('up', flush=True)\ntime.sleep(600)\n"
    )
    hook = {"preStop": {"exec": {"command": ["touch", "hook"]}}}
    hosts.pod("polite", "here", containers=[python(code, lifecycle=hook)], restartPolicy="Never")
    until(lambda: hosts.log("polite", "main") == "up\n")
    output = hosts.worker("polite").main[0].output
    assert output is not None
    hosts.server.ask("DELETE", f"{PODS}/polite")
    until(lambda: gone(hosts, "polite"))
    assert [line for _, line in output.after(0)[0]] == ["up", "hook ran: True"]


def test_a_pod_may_have_a_deadline(hosts: Hosts) -> None:
    hosts.pod("late", "here", containers=[python(SLEEP)], activeDeadlineSeconds=1)
    status = until(lambda: (found := hosts.status("late"))["phase"] == "Failed" and found)
    assert status["reason"] == "DeadlineExceeded"
    assert "terminated" in status["containerStatuses"][0]["state"]


def test_the_output_can_be_read_in_parts(hosts: Hosts) -> None:
    hosts.pod("talks", "here", containers=[python("for i in range(20): print(i)")], restartPolicy="Never")
    until(lambda: hosts.status("talks")["phase"] == "Succeeded")
    assert hosts.log("talks", "main", tail=2) == "18\n19\n"
    assert hosts.log("talks", "main", limit=4) == "0\n1\n"
    assert hosts.log("talks", "main", follow=True).splitlines() == [str(i) for i in range(20)]
    when, text = hosts.log("talks", "main", tail=1, timestamps=True).split()
    assert when.endswith("Z")
    assert text == "19"


def test_a_node_that_is_switched_off_takes_its_processes_along(hosts: Hosts) -> None:
    hosts.fleet.join(hosts.node("there"))
    hosts.pod("lost", "there", containers=[python(SLEEP)])
    until(lambda: hosts.condition("lost", "Ready") == "True")
    handle = hosts.worker("lost").main[0].handle
    assert handle is not None
    hosts.fleet.leave("there")
    assert handle.wait(10) is not None
    assert hosts.status("lost")["phase"] == "Running", "nobody has told the API"
    assert hosts.server.patch(f"{PODS}/lost", {"metadata": {"labels": {"a": "b"}}}, MERGE)[0] == 200
