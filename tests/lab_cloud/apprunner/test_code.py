from pathlib import Path

import pytest

from lab_cloud.apprunner.code import Recipe, folder_of, from_api, from_file
from lab_cloud.errors import BuildFailed

WHOLE = """
version: 1.0
runtime: python311
build:
  commands:
    pre-build:
      - echo first
    build:
      - python -m compileall .
    post-build:
      - echo last
  env:
    - name: FLAVOUR
      value: "1"
run:
  runtime-version: 3.11
  pre-run:
    - echo beside
  command: python app.py --quiet
  network:
    port: 8000
    env: PORT
  env:
    - name: GREETING
      value: hello
  secrets:
    - name: KEY
      value-from: "arn:aws:ssm:us-east-1:123456789012:parameter/key"
"""
LEAST = "version: 1.0\nruntime: python3\nbuild:\n  commands:\n    build: []\nrun:\n  command: python app.py\n"


def test_a_file_with_everything() -> None:
    assert from_file(WHOLE) == Recipe(
        runtime="python311",
        build=("echo first", "python -m compileall .", "echo last", "echo beside"),
        command="python app.py --quiet",
        port=8000,
        build_environment={"FLAVOUR": "1"},
        environment={"GREETING": "hello"},
        secrets={"KEY": "arn:aws:ssm:us-east-1:123456789012:parameter/key"},
    )


def test_a_file_with_little() -> None:
    assert from_file(LEAST) == Recipe("python3", (), "python app.py", 8080)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "is not YAML"),
        ("- 1", "is not a mapping"),
        ("runtime: python3", "no version 1.0"),
        (LEAST.replace("python3", "ruby31"), "builds Python only"),
        (LEAST.replace("build: []", "build: echo"), "not a list of commands"),
        (LEAST.replace("build: []", 'build: ["echo \\\\"]'), "more than one line"),
        (LEAST.replace("python app.py", "'"), "not YAML"),
        (LEAST.replace("python app.py", '"\'"'), "no run.command"),
        (LEAST + "  network:\n    port: 0\n", "port is 0"),
        (LEAST + "  network:\n    env: APP_PORT\n", "PORT only"),
        (LEAST + "  env:\n    - A: b\n", "pairs of name and value"),
        (LEAST + "  env:\n    - name: A-B\n      value: b\n", "has the name A-B"),
    ],
)
def test_a_file_that_cannot_be(text: str, words: str) -> None:
    with pytest.raises(BuildFailed, match=words):
        from_file(text)


def test_from_the_api() -> None:
    values = {"Runtime": "PYTHON_3", "BuildCommand": "echo", "StartCommand": "python app.py", "Port": "81"}
    assert from_api(values) == Recipe("python3", ("echo",), "python app.py", 81)


def test_variables_of_the_build_are_arguments_of_it() -> None:
    lines = Recipe("python3", ("echo $A",), "x", build_environment={"A": "$B"}).dockerfile().splitlines()
    assert lines[2:] == ["ARG A", "COPY . .", "RUN echo $A"]


def test_a_folder_within_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    assert folder_of({"RepositoryUrl": tmp_path.as_uri(), "SourceDirectory": "/a b"}) == (tmp_path / "a b", "")
    assert folder_of({"RepositoryUrl": (tmp_path / "a b").as_uri()}) == (tmp_path / "a b", "")
