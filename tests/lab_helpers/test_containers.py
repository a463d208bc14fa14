"""Containers in a notebook, against a real cloud."""

import urllib.request
from pathlib import Path

import pytest

from lab_helpers import Lab
from lab_helpers.errors import BackendError, ContainerProblem
from lab_helpers.made import Made
from tests.waiting import until

PYTHON = "python:3.12-alpine"
WEB = "containers-on-aws/web:1"


@pytest.mark.usefixtures("cloud")
def test_from_run_to_rm() -> None:
    lab = Lab(1)
    assert "Start one" in repr(lab.containers.ps()) + lab.containers.ps()._repr_html_()
    web = lab.containers.run(WEB, name="web", ports=80, environment={"WEB_MESSAGE": "a b=c"}, memory="200m", cpus=0.5)
    lab.wait(web.answers, "the page")
    with urllib.request.urlopen(web.url, timeout=5) as answer:
        assert b"a b=c" in answer.read()
    assert (web.status, web.exit_code, web.reason, web.oom_killed) == ("running", None, "", False)
    assert web.labels == {"lab": "01"}
    assert web.seconds_to_start > 0
    assert f"127.0.0.1:{web.ports[80]}->80/tcp" in repr(web)
    assert "<td" in web._repr_html_()
    assert "containers-on-aws/web:1" in repr(lab.containers.ps())
    stats = web.stats()
    assert stats.memory_limit == 200 * 1024**2
    assert 0 < (stats.memory_percent or 0) < 100
    assert "web" in repr(stats) and "<td" in stats._repr_html_()
    assert list(lab.containers.stats().index) == ["web"]
    done = web.exec("python -c 'print(1); exit(2)'")
    assert (done.exit_code, done.output.lines) == (2, ["1"])
    assert repr(done) == "1\n(exit code 2)"
    assert "200" in until(lambda: "200" in (said := web.logs()) and said)
    assert len(web.logs(tail=1).lines) == 1
    assert web.logs(tail=1, timestamps=True).lines[0][2] == ":"
    with pytest.raises(ContainerProblem, match="container is running"):
        web.rm()
    with pytest.raises(ContainerProblem, match='"/web" is already in use'):
        lab.containers.run(WEB, name="web")
    with pytest.raises(ContainerProblem, match="already allocated"):
        lab.containers.run(WEB, ports=f"{web.ports[80]}:80")
    assert web.stop() == 0
    assert not web.ports
    with pytest.raises(ContainerProblem, match="publishes no port"):
        _ = web.url
    assert lab.containers.get("web").status == "exited"
    assert lab.containers.ps(all=False) == ()
    lab.containers.rm("web")
    with pytest.raises(ContainerProblem, match="No such container"):
        lab.containers.get("web")


@pytest.mark.usefixtures("cloud")
def test_one_that_is_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab(1)
    done = lab.containers.run(PYTHON, ["python", "-c", "print('hi'); exit(3)"], detach=False)
    assert (done.exit_code, str(done.logs()), repr(done.logs())) == (3, "hi\n", "hi")
    assert str(done.logs(follow=True)) == ""
    assert capsys.readouterr().out == "hi\n"
    done.rm()
    slow = lab.containers.run(PYTHON, ["python", "-c", "import time; time.sleep(600)"])
    with pytest.raises(ContainerProblem, match="still runs after 0 s"):
        slow.wait(0)
    assert slow.kill() == 137
    big = lab.containers.run(PYTHON, ["python", "-c", "x = b'x' * 200_000_000; input()"], memory="32m", detach=False)
    assert (big.exit_code, big.oom_killed) == (137, True)
    assert "Exited (137), out of memory" in repr(big)
    for each in (slow, big):
        each.rm()


@pytest.mark.usefixtures("cloud")
def test_what_is_wrong_is_said() -> None:
    lab = Lab(1)
    for image, options, told in (
        ("nothing/there:1", {}, "No such image"),
        (PYTHON, {"memory": "1m"}, "minimum memory limit allowed is 6MB"),
        (PYTHON, {"ports": "x"}, "Invalid port"),
        (PYTHON, {"command": "no-such-program"}, "no-such-program"),
        (PYTHON, {"volumes": "/etc:/in"}, "is not below yours"),
        (PYTHON, {"command": ["a\0b"]}, "NUL"),
    ):
        with pytest.raises(ContainerProblem, match=told) as caught:
            lab.containers.run(image, **options)  # type: ignore[arg-type]
        assert caught.value.remedy


def test_on_another_cloud_docker_does_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_BACKEND", "aws")
    with pytest.raises(BackendError, match="Only the embedded cloud"):
        _ = Lab(1).containers


@pytest.mark.usefixtures("cloud")
def test_what_a_lab_has_made_is_found_and_removed(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {PYTHON}\nCOPY . /app\n")
    lab, other = Lab(1), Lab(0)
    lab.images.build(tmp_path, "made:1")
    other.images.tag("made:1", "made:2")
    lab.containers.run(WEB, name="mine", volumes="kept:/kept")
    other.containers.run(WEB, name="theirs")
    made = Made(1)
    assert [(thing.kind, thing.name) for thing in made.find([1])] == [
        ("container", "mine"),
        ("volume", "kept"),
        ("image", "made:1"),
    ]
    made.delete(made.find([1]))
    assert made.find([1]) == []
    assert [thing.name for thing in made.find()] == ["theirs", "made:2"]
    made.delete(made.find())
    assert made.find() == []
    assert "kept" not in lab.containers.volumes()
    lab.images.prune()
