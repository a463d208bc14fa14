from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.notebooks import NEVER_BEGAN, STARTS, WIDGET, execute, main, problems, read, tidy, write


def cell(source: str, *tags: str, outputs: list[NotebookNode] | None = None) -> NotebookNode:
    made = new_code_cell(source, outputs=outputs or [])
    made.metadata["tags"] = list(tags)
    return made


def notebook(*cells: NotebookNode) -> NotebookNode:
    return new_notebook(cells=list(cells), metadata={"containers_on_aws": {"lab": 1}, "widgets": {"state": {}}})


def stream(text: str) -> NotebookNode:
    return new_output("stream", name="stdout", text=text)


def test_tidy_keeps_what_is_compared_and_counts_in_order() -> None:
    done = tidy(notebook(cell("1", "nbval-check-output", outputs=[stream("same")]), cell("2", "nbval-ignore-output")))
    assert [one.execution_count for one in done.cells] == [1, 2]
    assert done.cells[0].outputs[0].text == "same"
    assert set(done.metadata) == {"containers_on_aws", "kernelspec", "language_info"}


def test_tidy_drops_what_changes_but_keeps_pictures() -> None:
    picture = new_output(
        "execute_result", data={"text/html": "<figure data-still><img></figure>", "text/plain": "x"}, execution_count=9
    )
    fallback = {"text/html": "<p data-still>still</p>", "text/plain": "q"}
    widget = new_output("display_data", data={WIDGET: {"model_id": "a"}, **fallback})
    done = tidy(
        notebook(
            cell("1", "nbval-ignore-output", outputs=[stream("at 10:11:12")]),
            cell("2", "nbval-ignore-output", outputs=[picture]),
            cell("3", "nbval-ignore-output", outputs=[widget]),
            cell("# 4", "exercise", outputs=[stream("mine")]),
        )
    )
    assert [len(one.outputs) for one in done.cells] == [0, 1, 1, 0]
    assert done.cells[1].outputs[0].execution_count == 2
    assert set(done.cells[2].outputs[0].data) == {"text/html", "text/plain"}


def test_tidy_twice_is_tidy_once() -> None:
    first = cell("1", "nbval-check-output", outputs=[stream("same")])
    once = nbformat.writes(tidy(notebook(first, new_markdown_cell("x"))))
    assert nbformat.writes(tidy(nbformat.reads(once, as_version=4))) == once


def test_tidy_gives_ids_that_are_the_same_each_time() -> None:
    first, second = cell("# Your code here", "exercise"), cell("# Your code here", "exercise")
    kept = cell("x", "exercise")
    kept["id"] = "by-hand"
    ids = [one["id"] for one in tidy(notebook(first, second, kept)).cells]
    assert ids == [ids[0], f"{ids[0]}-2", "by-hand"]
    assert ids[0].startswith("lab01-")


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (cell("x = 1"), "exactly one of the tags"),
        (cell("x = 1", "nbval-check-output", "nbval-ignore-output"), "exactly one of the tags"),
        (cell("x = 1", "nbval-ignore-output", "whatever"), "unknown tags whatever"),
        (cell("x = 1", "nbval-check-output"), "compared but stores no output"),
        (cell("x", "nbval-check-output", outputs=[stream("10:11:12")]), "a time"),
        (cell("x", "nbval-check-output", outputs=[stream("eni-0123456789abcdef0")]), "an id"),
        (cell("x", "nbval-check-output", outputs=[stream("http://127.0.0.1:8080")]), "a port of this machine"),
        (cell(f"x = '{'y' * 90}'", "nbval-ignore-output"), "more than 90 characters"),
        (cell("open('/home/me/x')", "nbval-ignore-output"), "a path of one machine"),
        (new_markdown_cell("```mermaid\nflowchart LR\n```"), "without accTitle"),
    ],
)
def test_check_names_what_is_wrong(bad: NotebookNode, problem: str) -> None:
    assert any(problem in one for one in problems(tidy(notebook(bad))))


def test_check_sees_an_untidy_notebook_and_a_missing_number() -> None:
    found = problems(new_notebook(cells=[]))
    assert any("not tidy" in one for one in found)
    assert any("containers_on_aws.lab" in one for one in found)


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "01-x.ipynb"
    write(path, notebook(cell("x = 1", "nbval-ignore-output")))
    assert main(["check", str(path)]) == 1
    assert "not tidy" in capsys.readouterr().out
    assert main(["tidy", str(path)]) == 0
    assert main(["check", str(path)]) == 0
    assert "widgets" not in read(path).metadata


@pytest.mark.parametrize(
    ("failures", "starts", "works"),
    [
        ([], 1, True),
        ([NEVER_BEGAN], 2, True),
        ([NEVER_BEGAN] * STARTS, STARTS, False),
        (["Kernel died"], 1, False),  # while a cell ran: that is not done twice
    ],
)
def test_a_kernel_that_never_began_is_started_again(
    failures: list[str], starts: int, works: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = iter(failures)
    started = []

    class Client:
        def __init__(self, notebook: NotebookNode, **_options: Any) -> None:
            started.append(notebook)

        def execute(self, env: dict[str, str]) -> None:
            why = next(ends, None)
            if why is not None:
                raise RuntimeError(f"{why} to kernel_info")

    monkeypatch.setattr("tools.notebooks.NotebookClient", Client)
    if works:
        execute(notebook(), {})
    else:
        with pytest.raises(RuntimeError, match=failures[-1]):
            execute(notebook(), {})
    assert len(started) == starts
