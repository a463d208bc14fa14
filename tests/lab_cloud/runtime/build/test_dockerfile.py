import pytest

from lab_cloud.errors import DockerfileError
from lab_cloud.runtime.build.dockerfile import parse, without_heredocs
from lab_cloud.runtime.build.planning import plans


def test_comments_and_continued_lines() -> None:
    found = parse("""\
# syntax=docker/dockerfile:1
# a comment

  FROM python AS app
ENV A=1 \\
# between
    B=2 \\

    C=3
run\techo  a
""")
    assert [(each.line, each.name, " ".join(each.rest.split())) for each in found] == [
        (4, "FROM", "python AS app"),
        (5, "ENV", "A=1 B=2 C=3"),
        (10, "RUN", "echo a"),
    ]


def test_windows_lines_and_the_escape_directive() -> None:
    found = parse("\ufeff# escape=`\r\nFROM python\r\nCOPY a `\r\n  C:\\b\r\n")
    assert found[1].rest.split() == ["a", "C:\\b"]
    assert found[1].escape == "`"


def test_flags() -> None:
    (copy,) = parse("COPY --from=build  --chmod=755 a --b /c")
    assert copy.flags == (("from", "build"), ("chmod", "755"))
    assert copy.rest == "a --b /c"


def test_heredocs() -> None:
    copy, run = parse("""\
COPY <<a.txt <<-'B' /x/
one
  # no comment
a.txt
\ttwo $X
\tB
RUN <<EOF
echo
EOF
""")
    assert [(each.name, each.text, each.expand) for each in copy.heredocs] == [
        ("a.txt", "one\n  # no comment\n", True),
        ("B", "two $X\n", False),
    ]
    assert (run.line, run.heredocs[0].text) == (7, "echo\n")


def test_a_shift_in_quotes_is_no_heredoc() -> None:
    run, copy = parse("""RUN python -c "x = 1 <<2 ; print(x)"\nCOPY a b""")
    assert (run.heredocs, copy.line) == ((), 2)
    assert without_heredocs('python "a <<b  c" <<EOF') == 'python "a <<b  c"'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "no instruction"),
        ("# only\n", 1, "no instruction"),
        ("# escape=x\nFROM a", 1, "escape character"),
        ("# escape=`\n# escape=`\nFROM a", 2, "twice"),
        ("FROM python\nRUN <<EOF\nx", 2, "heredoc EOF has no end"),
        ("COPY a /", 1, "first instruction is FROM"),
        ("ARG A\n", 1, "there is no FROM"),
        ("FROM", 1, "FROM needs something"),
        ("FROM a b", 1, "FROM is followed by"),
        ("FROM a AS 1", 1, "no name for a stage"),
        ("FROM a AS x\nFROM b AS X", 2, "a stage 'x' already"),
        ("FROM $NOTHING", 1, "empty once its variables"),
        ("FROM --platform=linux/arm64 a", 1, "not built here"),
        ("FROM a\nONBUILD RUN x", 2, "ONBUILD is not supported"),
        ("FROM a\nMAINTAINER me", 2, "MAINTAINER is not supported"),
        ("FROM a\n\nSHELL []", 3, "SHELL is not supported"),
        ("FROM a\nENTRIPOINT x", 2, "unknown instruction ENTRIPOINT"),
        ("FROM a\nRUN --mount=type=cache x", 2, "RUN has no flag --mount"),
        ("FROM a\nCOPY --link a /", 2, "COPY has no flag --link"),
        ("FROM a\nCOPY --from= a /", 2, "--from has no value"),
        ("FROM a\nCOPY --from=x --from=y a /", 2, "twice"),
    ],
)
def test_what_is_wrong_carries_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        plans(parse(text), {})
    assert caught.value.message.startswith(f"Dockerfile line {line}: ")
    assert words in caught.value.message


def test_a_close_name_is_suggested() -> None:
    with pytest.raises(DockerfileError) as caught:
        plans(parse("FROM a\nENTRIPOINT x"), {})
    assert "Did you mean ENTRYPOINT?" in caught.value.remedy
