import re

import pytest

from lab_cloud.errors import DockerfileError
from lab_cloud.runtime.build.instructions import FLAGS, exec_form
from lab_cloud.runtime.build.settings import SETTINGS
from tests.lab_cloud.runtime.build.making import Bench
from tests.stage import ROOT


def test_the_page_names_every_instruction_and_flag() -> None:
    page = (ROOT / "docs" / "images.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([A-Z]+)` \| (.*) \|$", page, re.MULTILINE))
    assert {name for name, text in rows.items() if not text.startswith("no:")} == set(FLAGS)
    assert {name for name, text in rows.items() if text.startswith("no:")} == {"ONBUILD", "MAINTAINER", "SHELL"}
    for name, flags in FLAGS.items():
        if name != "ADD":  # "the same"
            assert [flag for flag in flags if f"--{flag}" not in rows[name]] == []


def test_every_instruction_is_carried_out_somewhere() -> None:
    assert SETTINGS | {"FROM", "ARG", "COPY", "ADD", "RUN"} == set(FLAGS)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('["a", "b"]', ["a", "b"]),
        ("[]", []),
        ("['a']", None),
        ('["a", 1]', None),
        ("a b", None),
        ('{"a": 1}', None),
    ],
)
def test_exec_form(text: str, wanted: list[str] | None) -> None:
    assert exec_form(text) == wanted


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ENV", "ENV needs something"),
        ("ENV A", "'A' has no value"),
        ("ENV A=1 B", "'B' is not NAME=value"),
        ("ENV A='1", "quote"),
        ("LABEL x=${Y", "brace"),
        ("EXPOSE 0", "is no port"),
        ("EXPOSE 70000", "is no port"),
        ("EXPOSE 9-8", "is no port"),
        ("EXPOSE 80/http", "is no port"),
        ("STOPSIGNAL now!", "is no signal"),
        ("WORKDIR $NOTHING", "WORKDIR is empty"),
        ('VOLUME [""]', "volume's path is empty"),
        ("HEALTHCHECK python x", "NONE or CMD"),
        ("HEALTHCHECK NONE x", "NONE or CMD"),
        ("HEALTHCHECK --interval=30 CMD x", "is no time"),
        ("HEALTHCHECK --interval=0s CMD x", "less than a millisecond"),
        ("HEALTHCHECK --retries=0 CMD x", "is no number of tries"),
        ("ARG -x", "no name of a variable"),
    ],
)
def test_words_that_make_no_sense(bench: Bench, line: str, words: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        bench.build(f"FROM scratch\n{line}\n")
    assert caught.value.message.startswith("Dockerfile line 2: ")
    assert words in caught.value.message


def test_what_they_write_into_the_image(bench: Bench) -> None:
    config = bench.config(
        bench.build("""\
FROM scratch
ENV OLD form with  spaces
ENV A=1 B="two words"
ENV A=${A}1
LABEL "com.example.x"="a b" y=z
EXPOSE 80 8000-8001/udp
USER 1000:1000
WORKDIR /a
WORKDIR b/../c
STOPSIGNAL SIGINT
VOLUME /x "/y z"
VOLUME ["/w"]
HEALTHCHECK --start-period=1m --start-interval=2s CMD python check.py
""")
    )
    assert config == {
        "Env": ["OLD=form with  spaces", "A=11", "B=two words"],
        "Labels": {"com.example.x": "a b", "y": "z"},
        "ExposedPorts": {"80/tcp": {}, "8000/udp": {}, "8001/udp": {}},
        "User": "1000:1000",
        "WorkingDir": "/a/c",
        "StopSignal": "SIGINT",
        "Volumes": {"/x": {}, "/y z": {}, "/w": {}},
        "Healthcheck": {
            "Test": ["CMD-SHELL", "python check.py"],
            "StartPeriod": 60 * 10**9,
            "StartInterval": 2 * 10**9,
        },
    }
