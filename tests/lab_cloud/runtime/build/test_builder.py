import json
import os
from pathlib import Path

import pytest

from lab_cloud.errors import BuildFailed, DockerfileError, ImageNotFound
from lab_cloud.runtime.build.builder import Request
from lab_cloud.runtime.catalog import SOURCES
from lab_cloud.runtime.removal import remove
from tests.lab_cloud.runtime.build.making import Bench

WEB = """\
# a comment
FROM python:3.12-alpine
WORKDIR /app
COPY app/ /app/
ENV COLOR=blue
EXPOSE 80
CMD ["python", "main.py"]
"""


@pytest.fixture
def web(bench: Bench) -> Bench:
    bench.file("app/main.py", "print('hello')\n")
    bench.file("app/static/page.html", "<p>hello</p>\n")
    bench.file("Dockerfile", WEB)
    return bench


def test_what_is_built_is_what_the_cloud_runs(web: Bench) -> None:
    built = web.build("", "web:1")
    image = web.catalog.pull("web:1")
    assert built.names == ("docker.io/library/web:1",)
    assert image.digest == built.digest
    assert image.config["Cmd"] == ["python", "main.py"]
    assert image.config["WorkingDir"] == "/app"
    assert "COLOR=blue" in image.config["Env"]
    assert any(item.startswith("PATH=") for item in image.config["Env"])  # the base's
    assert image.config["ExposedPorts"] == {"80/tcp": {}}
    assert (web.store.root(image) / "app" / "main.py").read_text() == "print('hello')\n"
    whole = web.image(built).configuration
    assert [entry.get("empty_layer", False) for entry in whole["history"]] == [False, False, True, True, True]
    assert len(whole["rootfs"]["diff_ids"]) == len(image.layers) == 2
    assert built.id == web.image(built).config.digest


def test_the_learner_sees_hits_and_misses(web: Bench) -> None:
    first = web.build()
    assert web.cached(first) == [True, False, False, False, False, False]
    assert web.lines[1].startswith("[2/6] WORKDIR /app")
    assert "built in 0.0" in web.lines[2]
    assert first.steps[2].layer[:19] in web.lines[2]
    again = web.build()
    assert web.cached(again) == [True] * 6
    assert all(line.endswith("CACHED") for line in web.lines[:6])
    assert again.digest == first.digest
    web.file("app/main.py", "print('changed')\n")
    changed = web.build()
    assert web.cached(changed) == [True, True, False, False, False, False]
    assert changed.steps[1].layer == first.steps[1].layer
    assert changed.digest != first.digest
    back = web.file("app/main.py", "print('hello')\n")
    os.utime(back, (5, 5))
    assert web.cached(web.build()) == [True] * 6  # times are not looked at
    assert web.cached(web.build(use_cache=False)) == [True, False, False, False, False, False]


def test_a_change_of_an_instruction_invalidates_from_there(web: Bench) -> None:
    web.build()
    assert web.cached(web.build(WEB.replace("blue", "green"))) == [True, True, True, False, False, False]


def test_a_cached_layer_that_is_gone_is_built_again(web: Bench) -> None:
    first = web.build()
    web.store.path(first.steps[2].layer).unlink()
    again = web.build()
    assert web.cached(again)[:3] == [True, True, False]
    assert again.digest == first.digest


def test_the_same_input_is_the_same_image_everywhere(tmp_path: Path) -> None:
    digests = set()
    for name, mask in (("one", 0o077), ("two", 0o002)):
        before = os.umask(mask)
        try:
            bench = Bench(tmp_path / name)
            bench.file("app/main.py", "print('hello')\n")
            bench.file("app/run", "#!/usr/bin/env python\n")
            bench.file("Dockerfile", WEB.replace("python:3.12-alpine", "scratch"))
            digests.add(bench.build().digest)
        finally:
            os.umask(before)
    # A change of this digest means that everybody's cache and pushed images change: do it knowingly.
    assert digests == {"sha256:e453b6fbe15ac210ce8d79bbf6b7561b2bbbca202957c6a9da042e3c2677e799"}
    found = bench.files(bench.build())
    assert [found.entries[name].mode for name in ("app/main.py", "app/run")] == [0o644, 0o755]


def test_stages(bench: Bench) -> None:
    text = """\
ARG BASE=python:3.12
FROM ${BASE} AS build
COPY a.txt /out/a.txt
FROM scratch AS unused
COPY missing /
FROM python:3.12
COPY --from=build /out/ /app/
COPY --from=0 /out/a.txt /second
COPY --from=nginxdemos/hello /app/main.py /third.py
"""
    bench.file("a.txt", "a")
    built = bench.build(text)
    texts = bench.texts(built)
    assert (texts["app/a.txt"], texts["second"]) == ("a", "a")
    assert "out/a.txt" not in texts
    assert "third.py" in texts
    assert not any("unused" in step.stage for step in built.steps)
    only = bench.build(text, target="build")
    assert list(bench.texts(only)) == ["out/a.txt"]
    with pytest.raises(BuildFailed, match="no stage 'nope'") as caught:
        bench.build(text, target="nope")
    assert "build, unused, 2" in caught.value.remedy
    with pytest.raises(DockerfileError, match=r"line 5.*not in the build context"):
        bench.build(text, target="unused")


def test_arguments(bench: Bench) -> None:
    text = """\
ARG TAG=3.12
ARG GREETING=global
FROM python:$TAG
ARG GREETING
ARG NAME=world
ENV TEXT="$GREETING ${NAME:-x} ${NONE:-y} ${NAME:+z} \\$NAME"
ENV NAME=env
LABEL who=$NAME
"""
    config = bench.config(bench.build(text))
    assert "TEXT=global world y z $NAME" in config["Env"]  # type: ignore[operator]
    assert config["Labels"]["who"] == "env"  # type: ignore[index]
    given = bench.build(text, arguments={"GREETING": "hi", "NAME": "you", "OTHER": "?"})
    assert "TEXT=hi you y z $NAME" in bench.config(given)["Env"]  # type: ignore[operator]
    assert any("OTHER" in line for line in given.warnings)
    with pytest.raises(DockerfileError, match="line 3: the image python:nope is not here"):
        bench.build(text, arguments={"TAG": "nope"})


def test_entrypoint_drops_the_bases_command(bench: Bench) -> None:
    assert "Cmd" not in bench.config(bench.build('FROM python\nENTRYPOINT ["python"]\n'))
    kept = bench.config(bench.build('FROM python\nCMD ["a"]\nENTRYPOINT ["python"]\n'))
    assert (kept["Cmd"], kept["Entrypoint"]) == (["a"], ["python"])


def test_shell_form_is_explained(bench: Bench) -> None:
    built = bench.build("FROM python\nCMD python main.py\n")
    assert bench.config(built)["Cmd"] == ["/bin/sh", "-c", "python main.py"]
    assert "line 2" in built.warnings[0]
    assert "exec form" in bench.lines[0]
    odd = bench.build("FROM python\nCMD ['python', 'main.py']\n")
    assert "double quotes" in odd.warnings[0]


def test_a_failed_build_tags_nothing(web: Bench) -> None:
    with pytest.raises(DockerfileError, match=r"line 8.*'nope' is not in the build context: COPY nope /"):
        web.build(WEB + "COPY nope /\n", "web:1")
    with pytest.raises(ImageNotFound):
        web.catalog.pull("web:1")
    assert list(web.store.incoming.iterdir()) == []


def test_a_name_of_the_course_can_be_taken_and_given_back(web: Bench) -> None:
    built = web.build("", "nginxdemos/hello")
    assert web.catalog.pull("nginxdemos/hello").digest == built.digest
    web.store.untag("docker.io/nginxdemos/hello:latest")
    assert web.catalog.pull("nginxdemos/hello").digest != built.digest


def test_what_the_course_has_comes_back_after_it_was_removed(web: Bench) -> None:
    digest = web.catalog.pull("nginxdemos/hello").digest
    remove(web.store, "docker.io/nginxdemos/hello:latest")
    assert web.catalog.pull("nginxdemos/hello").digest == digest


def test_a_name_that_was_taken_is_not_taken_back(web: Bench) -> None:
    course = web.catalog.pull("nginxdemos/hello").digest
    mine = web.build("", "nginxdemos/hello").digest
    assert web.catalog.pull(f"nginxdemos/hello@{course}").digest == course  # another tag of the course still has it
    assert web.catalog.pull(f"nginxdemos/hello@{mine}").digest == mine
    assert web.catalog.pull("nginxdemos/hello").digest == mine


def test_a_base_with_onbuild_is_refused(bench: Bench) -> None:
    manifest = bench.store.add([], {"OnBuild": ["RUN x"]})
    bench.store.tag("docker.io/library/odd:1", manifest, mine=True)
    with pytest.raises(DockerfileError, match="line 1: the image odd:1 has ONBUILD"):
        bench.build("FROM odd:1\n")


def test_without_a_dockerfile_it_says_what_to_do(bench: Bench) -> None:
    with pytest.raises(BuildFailed, match="no file Dockerfile") as caught:
        bench.build()
    assert "-f" in caught.value.remedy


def test_health_checks_reach_the_image(bench: Bench) -> None:
    text = 'FROM python\nHEALTHCHECK --interval=1m30s --timeout=500ms --retries=2 CMD ["python", "-c", "1"]\n'
    assert bench.config(bench.build(text))["Healthcheck"] == {
        "Test": ["CMD", "python", "-c", "1"],
        "Interval": 90 * 10**9,
        "Timeout": 5 * 10**8,
        "Retries": 2,
    }
    assert bench.config(bench.build(text + "HEALTHCHECK NONE\n"))["Healthcheck"] == {"Test": ["NONE"]}


def test_the_cache_survives_what_is_no_cache(web: Bench) -> None:
    first = web.build()
    for file in (web.store.folder / "cache").iterdir():
        file.write_text(json.dumps({"layer": {"digest": "../x"}}))
    assert web.build().digest == first.digest


def test_the_courses_own_image_can_be_built_from_its_dockerfile(bench: Bench) -> None:
    built = bench.builder.build(Request(SOURCES, SOURCES / "course-web" / "Dockerfile", ("ours:1",)))
    course, ours = bench.catalog.pull("containers-on-aws/web:1"), bench.catalog.pull("ours:1")
    assert ours.layers == course.layers  # byte for byte what the course's images are made of
    assert set(course.config["Env"]) == set(ours.config["Env"])
    assert ours.config["Cmd"] == course.config["Cmd"]
    assert built.size > 0
