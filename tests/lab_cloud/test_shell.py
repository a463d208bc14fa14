import shutil
import subprocess

import pytest

from lab_cloud import shell

KEYS = ("http://127.0.0.1:4566", "AKIAX", "it's/+secret", "eu-west-1")


def wanted(**surroundings: str) -> dict[str, str | None]:
    return shell.changes(surroundings, *KEYS)


@pytest.mark.parametrize(
    ("surroundings", "windows", "name"),
    [
        ({}, False, "posix"),
        ({"PROMPT": "$P$G"}, False, "posix"),
        ({"PROMPT": "$P$G", "PSModulePath": "x"}, True, "cmd"),
        ({"PSModulePath": "x"}, True, "powershell"),
        ({"SHELL": "/usr/bin/bash", "PROMPT": "$P$G"}, True, "posix"),
    ],
)
def test_the_shell_is_guessed(surroundings: dict[str, str], windows: bool, name: str) -> None:
    assert shell.detect(surroundings, windows) == name
    assert name in shell.SHELLS
    assert "python -m lab_cloud env" in shell.HOW[name]


def test_what_every_client_needs() -> None:
    assert wanted() == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
        "AWS_ACCESS_KEY_ID": "AKIAX",
        "AWS_SECRET_ACCESS_KEY": "it's/+secret",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_PAGER": "",
    }


def test_what_leads_elsewhere_is_taken_away() -> None:
    found = wanted(AWS_PROFILE="work", AWS_SESSION_TOKEN="x", AWS_ENDPOINT_URL_ECS="https://else.example", HOME="/h")
    assert {name for name, value in found.items() if value is None} == {
        *("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_ECS"),
    }


def test_a_proxy_is_not_asked_for_this_machine() -> None:
    found = wanted(HTTPS_PROXY="http://proxy.example:3128", NO_PROXY="a.example,localhost")
    assert found["NO_PROXY"] == "127.0.0.1,localhost,a.example"
    assert found["no_proxy"] == "127.0.0.1,localhost"
    assert "NO_PROXY" not in wanted(HTTPS_PROXY="")


def test_each_shell_in_its_own_words() -> None:
    asked = {"AWS_SECRET_ACCESS_KEY": "it's", "AWS_PAGER": "", "AWS_PROFILE": None}
    assert shell.lines(asked, "posix") == [
        "export AWS_SECRET_ACCESS_KEY='it'\"'\"'s'",
        "export AWS_PAGER=''",
        "unset AWS_PROFILE",
    ]
    assert shell.lines(asked, "powershell") == [
        "$Env:AWS_SECRET_ACCESS_KEY = 'it''s'",
        "$Env:AWS_PAGER = ''",
        "Remove-Item Env:AWS_PROFILE -ErrorAction SilentlyContinue",
    ]
    assert shell.lines(asked, "cmd") == ['set "AWS_SECRET_ACCESS_KEY=it\'s"', 'set "AWS_PAGER="', 'set "AWS_PROFILE="']


@pytest.mark.skipif(shutil.which("sh") is None, reason="no POSIX shell")
def test_a_real_shell_reads_it() -> None:
    text = "\n".join(shell.lines(wanted(AWS_PROFILE="work"), "posix"))
    script = f'{text}\nprintf "%s|%s|%s" "$AWS_SECRET_ACCESS_KEY" "${{AWS_PROFILE-none}}" "${{AWS_PAGER-none}}"'
    told = subprocess.run(
        ["sh", "-euc", script], env={"AWS_PROFILE": "work"}, capture_output=True, text=True, check=True
    )
    assert told.stdout == "it's/+secret|none|"


@pytest.mark.skipif(shutil.which("pwsh") is None, reason="no PowerShell")
def test_a_real_powershell_reads_it() -> None:
    text = "\n".join(shell.lines(wanted(AWS_PROFILE="work"), "powershell"))
    script = f'{text}\nWrite-Output "$Env:AWS_SECRET_ACCESS_KEY|$(Test-Path Env:AWS_PROFILE)"'
    told = subprocess.run(["pwsh", "-NoProfile", "-Command", script], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "it's/+secret|False"
