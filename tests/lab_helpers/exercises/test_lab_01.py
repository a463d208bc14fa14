"""Each exercise of lab 01: untouched, wrong, right. The tests share one cloud and go in the order of the lab."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_helpers import Lab
from lab_helpers.replay import replay
from tests.lab_helpers.exercises.clouds import begun, said, solve, wait_done


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with begun(1) as lab, pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("learner"))
        replay(lab)
        yield lab


def build(lab: Lab, *lines: str) -> None:
    folder = Path("01-web/wrong")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Dockerfile").write_text("\n".join([*lines, ""]))
    lab.images.build(folder, "practice:1")


def test_what_the_lab_builds_is_what_it_says(lab: Lab) -> None:
    image = lab.images.layers("web:1")
    assert [layer.created_by.split()[0] for layer in image.layers] == ["WORKDIR", "COPY", "COPY"]
    assert lab.images.inspect("web:1")["Cmd"] == ["python", "app.py"]
    found = lab.client("ecr").describe_repositories(repositoryNames=["lab01-web"])["repositories"]
    assert len(found) == 1


def test_01a_untouched(lab: Lab) -> None:
    assert said(lab, "01a") == ("not attempted", said(lab, "01a")[1])


def test_01a_each_part_is_asked_for(lab: Lab) -> None:
    build(lab, "FROM python:3.12-alpine", "ENV GREETING=Hi")
    kind, words = said(lab, "01a")
    assert kind == "not yet"
    assert "begin your Dockerfile with FROM web:1" in words
    assert "it is Hi, not Xin chao" in words
    assert "the command of web:1" in words


def test_01a_only_the_variable_is_missing(lab: Lab) -> None:
    build(lab, "FROM web:1", "LABEL a=b")
    kind, words = said(lab, "01a")
    assert kind == "not yet"
    assert "it is Hello, not Xin chao" in words
    assert "FROM web:1" not in words


def test_01a_solved(lab: Lab) -> None:
    solve(lab, "01a")
    assert said(lab, "01a")[0] == "done"


def test_01a_without_what_it_stands_on(lab: Lab) -> None:
    lab.images.tag("web:1", "kept:1")
    lab.images.remove("web:1")
    kind, words = said(lab, "01a")
    assert (kind, "the image web:1" in words) == ("not yet", True)
    lab.images.tag("kept:1", "web:1")


def test_01b_untouched(lab: Lab) -> None:
    assert said(lab, "01b")[0] == "not attempted"


def test_01b_each_part_is_asked_for(lab: Lab) -> None:
    lab.containers.run("web:1", name="practice-web")
    kind, words = said(lab, "01b")
    assert kind == "not yet"
    assert "a memory limit" in words
    assert "its port 80 is not published" in words
    lab.containers.rm("practice-web", force=True)
    web = lab.containers.run("web:1", name="practice-web", ports=80, memory="300m")
    lab.wait(web.answers, "the page")
    kind, words = said(lab, "01b")
    assert "yours is 300m" in words
    assert "the greeting Xin chao" in words
    web.stop()
    kind, words = said(lab, "01b")
    assert (kind, "has ended with exit code 0" in words) == ("not yet", True)
    web.rm()


def test_01b_that_does_not_answer(lab: Lab) -> None:
    sleep = ["python", "-c", "import time; time.sleep(600)"]
    lab.containers.run("web:1", sleep, name="practice-web", ports=80, memory="64m")
    assert "an answer at its port" in said(lab, "01b")[1]
    lab.containers.rm("practice-web", force=True)


def test_01b_solved(lab: Lab) -> None:
    solve(lab, "01b")
    wait_done(lab, "01b")


def test_01c_untouched(lab: Lab) -> None:
    uri = lab.client("ecr").describe_repositories()["repositories"][0]["repositoryUri"]
    lab.images.tag("web:1", f"{uri}:1")
    lab.images.push(f"{uri}:1")
    assert said(lab, "01c")[0] == "not attempted"


def test_01c_another_image(lab: Lab) -> None:
    uri = lab.client("ecr").describe_repositories()["repositories"][0]["repositoryUri"]
    lab.images.tag("practice:1", f"{uri}:stable")
    lab.images.push(f"{uri}:stable")
    kind, words = said(lab, "01c")
    assert (kind, "stable means another image than 1" in words) == ("not yet", True)


def test_01c_solved(lab: Lab) -> None:
    solve(lab, "01c")
    assert said(lab, "01c")[0] == "done"
    lab.client("ecr").batch_delete_image(repositoryName="lab01-web", imageIds=[{"imageTag": "1"}])
    assert "the tag 1: it has gone" in said(lab, "01c")[1]


def test_nothing_is_left(lab: Lab) -> None:
    report = repr(lab.teardown())
    for words in ("container", "practice-web", "image", "practice:1", "repository", "nothing that"):
        assert words in report
    assert lab.containers.ps() == ()
    assert [image.name for image in lab.images.list() if image.mine] == []
    assert said(lab, "01c")[0] == "not attempted"
