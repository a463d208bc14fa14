"""What can be said of the notebooks without running them."""

import re
from pathlib import Path
from symtable import symtable

import pytest

from lab_helpers import exercises, home
from lab_helpers.glossary import look_up
from lab_helpers.quiz import questions
from tools.notebooks import ROOT, problems, read, tags

NOTEBOOKS = sorted((ROOT / "labs").glob("*.ipynb"))
# Diagrams, tables, code and links
NO_PROSE = re.compile(r"```.*?```|^\|.*?$|`[^`]*`|\[[^\]]*\]\([^)]*\)", re.DOTALL | re.MULTILINE)


def name(path: Path) -> str:
    return path.stem


def text(path: Path) -> str:
    return "\n".join(cell.source for cell in read(path).cells)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_it_is_tidy_and_every_cell_has_its_tag(path: Path) -> None:
    assert problems(read(path)) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_it_tells_its_number_and_what_it_needs(path: Path) -> None:
    about = read(path).metadata["containers_on_aws"]
    assert about["lab"] == int(path.name[:2])
    assert set(about["needs"]) <= set(home.all_numbers())
    assert about["minutes"] > 0
    assert about["cost_per_hour"] >= 0
    assert f"# Lab {about['lab']:02}: " in read(path).cells[0].source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_its_first_code_is_how_every_lab_begins(path: Path) -> None:
    code = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert code[0].source == f"from lab_helpers import Lab\n\nlab = Lab({int(path.name[:2])})\nlab.start()"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_it_has_the_parts_of_a_lab(path: Path) -> None:
    whole = text(path)
    for part in ("**At the end**", "| Minutes |", "> **Predict.**", "## Quiz", "## What AWS does differently"):
        assert part in whole, part
    for part in ("## Recap", "## Clean up", "## Next", "lab.teardown()", "lab.quiz()", "lab.glossary(", "```mermaid"):
        assert part in whole, part


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_each_exercise_can_be_checked_and_solved(path: Path) -> None:
    number = int(path.name[:2])
    asked = re.findall(r"^lab\.check\(\"(\w+)\"\)$", text(path), re.MULTILINE)
    known = exercises.of_lab(number)
    assert asked == list(known)
    if number:
        assert len(asked) >= 3
    for one in known.values():
        assert len(one.hints) >= 3
        compile(one.code, one.id, "exec")
        assert f"### Your turn: {one.id}" in text(path)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_nothing_later_leans_on_an_exercise(path: Path) -> None:
    code = [cell for cell in read(path).cells if cell.cell_type == "code"]
    for cell in code:
        if "exercise" in tags(cell):
            assert all(line.startswith("#") for line in cell.source.strip().splitlines()), cell.source


def assigned(source: str) -> set[str]:
    return {symbol.get_name() for symbol in symtable(source, "lab", "exec").get_symbols() if symbol.is_assigned()}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_a_solution_takes_no_name_away_from_the_lab(path: Path) -> None:
    clients = {"ec2", "ecr", "ecs", "eks", "elbv2", "iam", "logs", "sts"}  # the same thing in both
    code = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "code")
    for one in exercises.of_lab(int(path.name[:2])).values():
        assert assigned(one.code) & assigned(code) <= clients, one.id


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_its_words_are_in_the_glossary(path: Path) -> None:
    for call in re.findall(r"lab\.glossary\(([^)]+)\)", text(path)):
        assert look_up(*re.findall(r'"([^"]+)"', call)).unknown == ()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_its_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([\w-]+\.ipynb)\)", text(path)):
        assert (path.parent / target).is_file(), target


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_its_quiz_is_there(path: Path) -> None:
    assert all(question.id.startswith(f"{path.name[:2]}-") for question in questions(int(path.name[:2])))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_the_lines_of_its_diagrams_are_seen_in_both_themes(path: Path) -> None:
    for diagram in re.findall(r"```mermaid\n(flowchart.*?)```", text(path), re.DOTALL):
        assert "linkStyle default stroke:#808080" in diagram, diagram


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_sentences_are_short(path: Path) -> None:
    for cell in read(path).cells:
        if cell.cell_type != "markdown":
            continue
        prose = NO_PROSE.sub(" ", cell.source)
        for sentence in re.split(r"(?<=[.!?:])\s|\n\n|\n[-\d#>]", prose):
            assert len(sentence.split()) <= 32, f"too long for a learner of English: {sentence}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_every_picture_is_also_said_in_words(path: Path) -> None:
    """JupyterLab gives a diagram's accTitle and accDescr to screen readers; other pictures need an alternative text."""
    cells = read(path).cells
    for cell in cells:
        for diagram in re.findall(r"```mermaid\n(.*?)```", cell.source, re.DOTALL):
            title = re.search(r"accTitle: *(.+)", diagram)
            told = re.search(r"accDescr(?:: *(.+)| *\{(.*?)\})", diagram, re.DOTALL)
            assert title and len(title[1].split()) >= 2, diagram
            assert told and len((told[1] or told[2]).split()) >= 10, diagram
        assert [alt for alt in re.findall(r"!\[(.*?)\]\(", cell.source) if len(alt.split()) < 3] == []
    data = [output.get("data", {}) for cell in cells for output in cell.get("outputs", ())]
    assert [kind for one in data for kind in one if kind.startswith("image/")] == []  # shown without any words
    for html in ("".join(one.get("text/html", "")) for one in data):
        for picture in re.findall(r"<img\b[^>]*>", html):
            assert re.search(r'alt="[^"]{10,}"', picture), picture[:200]
            assert "<figcaption>" in html
        for opening in re.findall(r"<svg\b.*?</desc>|<svg\b", html, re.DOTALL):
            assert 'role="img"' in opening and "<title>" in opening and len(opening.split("<desc>")[1].split()) >= 5
