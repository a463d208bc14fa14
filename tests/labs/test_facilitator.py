"""The facilitator's pages: parts in order, minutes that add up, messages that the course really says, figures."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from lab_helpers import exercises, home
from lab_helpers.prices import HOURS, prices
from lab_helpers.quiz import questions
from tests.labs.running import shown
from tools import minutes
from tools.notebooks import ROOT, read

FOLDER = ROOT / "docs" / "facilitator"
LABS = home.all_numbers()
PAGES = [FOLDER / "README.md", *(FOLDER / f"{number:02}.md" for number in LABS)]
PARTS = [
    "What learners can do afterwards",
    "Before you start",
    "Timing",
    "Common mistakes",
    "Questions to ask",
    "What is simulated here",
    "On a real account",
]
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCE = re.compile(r"```.*?```", re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)]*)\)")
QUOTED = re.compile(r"`([^`]+)`")
FIGURE = re.compile(r"(\d[\d,]*(?:\.\d+)?) USD")
NO_PROSE = re.compile(r"^\|.*?$|`[^`]*`|\]\([^)]*\)", re.MULTILINE)
LEAST = 12
"""Letters that a message must have in common with one in the code."""


def page(number: int) -> str:
    return (FOLDER / f"{number:02}.md").read_text(encoding="utf-8")


def part(number: int, title: str) -> str:
    """What stands below a heading of a lab's page."""
    return page(number).split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def table(text: str) -> list[list[str]]:
    """The cells of the rows of the first table, without its head."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows[2:]]


@cache
def notebook(number: int) -> Path:
    return next((ROOT / "labs").glob(f"{number:02}-*.ipynb"))


def headings(number: int) -> list[str]:
    prose = "\n\n".join(cell.source for cell in read(notebook(number)).cells if cell.cell_type == "markdown")
    return HEADING.findall(FENCE.sub("", prose))


def planned(number: int) -> int:
    """The minutes for which a page plans."""
    found = re.search(r", (\d+) minutes with ", page(number))
    assert found
    return int(found[1])


@pytest.mark.parametrize("number", LABS)
def test_every_lab_has_a_page_with_all_parts_in_order(number: int) -> None:
    found = HEADING.findall(page(number))
    assert found[0] == headings(number)[0]
    assert found[1:] == PARTS
    assert all(part(number, title).strip() for title in PARTS)


@pytest.mark.parametrize("number", LABS)
def test_the_plan_names_each_section_once_and_adds_up(number: int) -> None:
    rows = table(part(number, "Timing"))
    named = [section for row in rows for section in row[0].split(" · ")]
    there = headings(number)
    assert [one for one in named if one not in there] == [], "no such heading in the notebook"
    wanted = [one for one in there if re.match(r"\d+\. |Your turn: ", one)]
    assert [one for one in named if one in wanted] == wanted, "each section once, in the notebook's order"
    assert sum(int(row[1]) for row in rows) == planned(number)
    estimated = minutes.rows()[number].minutes
    assert abs(planned(number) - estimated) <= minutes.ROUND, "data/minutes.csv says something else by now: plan anew"
    assert "**Short of time:**" in page(number)
    assert "**For the fast ones:**" in page(number)


@pytest.mark.parametrize("number", LABS)
def test_each_exercise_is_spoken_of(number: int) -> None:
    where = " ".join(row[0] for row in table(part(number, "Common mistakes")))
    assert [one for one in exercises.of_lab(number) if one not in where] == []


def literals(source: str) -> Iterator[tuple[str, ...]]:
    """The texts of a module; one with values in it comes as what stands between them."""
    inner: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            inner |= {id(one) for one in node.values}
            parts = [str(one.value) if isinstance(one, ast.Constant) else "\0" for one in node.values]
            yield tuple("".join(parts).split("\0"))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield tuple(re.split(r"%[sdr]|\{\w*\}", node.value))


@cache
def sources() -> list[str]:
    """What may say something: the modules as text."""
    found = [*(ROOT / "lab_helpers").rglob("*.py"), *(ROOT / "lab_cloud").rglob("*.py")]
    return [path.read_text(encoding="utf-8") for path in sorted(found)]


@cache
def shown_to_learners() -> str:
    """What the notebooks have in their outputs, and the quizzes in their answers."""
    cells = [cell for number in LABS for cell in read(notebook(number)).cells if cell.cell_type == "code"]
    whys = [choice.why for number in LABS for one in questions(number) for choice in one.choices]
    return "\n".join([*(text for cell in cells for text in shown(cell)), *whys])


@cache
def texts_of(source: str) -> list[tuple[str, ...]]:
    return [one for one in literals(source) if sum(map(len, one)) >= LEAST]


def is_said(message: str) -> bool:
    """Whether the course says this: a piece of a text word for word, or whole pieces with other values between them."""
    if message in shown_to_learners() or any(message in source for source in sources()):
        return True
    for source in likely(message):
        if any(any(message in text for text in texts) or has_values(message, texts) for texts in texts_of(source)):
            return True
    return False


def likely(message: str) -> list[str]:
    """The modules that have the message's rare words, best first: to take every module apart would take long."""
    words = set(re.findall(r"[A-Za-z]{4,}", message))
    having = {word: {place for place, source in enumerate(sources()) if word in source} for word in words}
    score = {
        place: sum(1 / len(places) for places in having.values() if place in places) for place in range(len(sources()))
    }
    return [sources()[place] for place in sorted(score, key=lambda place: -score[place])[:300]]


def has_values(message: str, texts: tuple[str, ...]) -> bool:
    """Whether a message is some neighbouring pieces of a text, with a value in each place; the last may be cut off."""
    for first in range(len(texts)):
        last = first
        while last < len(texts) and texts[last] in message:
            last += 1
        pieces = [*texts[first:last], *(beginning(texts[last], message) if last < len(texts) else ())]
        if sum(map(len, pieces)) < max(LEAST, len(message) // 5):
            continue
        inside = ".*?".join(re.escape(piece) for piece in pieces)
        if re.fullmatch((r"\S*" if first else "") + inside, message):
            return True
    return False


def beginning(text: str, message: str) -> list[str]:
    """As much of a text's beginning as a message ends with."""
    return next(([text[:length]] for length in range(len(text), 1, -1) if message.endswith(text[:length])), [])


def test_the_course_really_says_what_the_pages_quote() -> None:
    for number in LABS:
        rows = table(part(number, "Common mistakes"))
        quoted = [message.replace(r"\|", "|") for row in rows for message in QUOTED.findall(row[1])]
        assert len(quoted) >= 5
        assert [one for one in quoted if not is_said(one)] == [], f"nothing in the course says this of lab {number:02}"


def test_what_nobody_says_is_found_out() -> None:
    assert is_said("the tag 1: it has gone; push it again")
    assert is_said("a limit between 32m and 128m: yours is 512m")
    assert not is_said("a limit between 32m and 128m, and no more")
    assert not is_said("a walrus has eaten its tasks")


@pytest.mark.parametrize("number", LABS)
def test_there_are_questions_with_answers(number: int) -> None:
    asked = re.findall(r"^\d+\. .+$", part(number, "Questions to ask"), re.MULTILINE)
    assert len(asked) >= 5
    assert all(re.search(r"\? \*[^*].*\*$", one) for one in asked), "a question mark, then the answer in italics"
    for kind in ("**Predict, ", "**Cost:**", "**What breaks:**"):
        assert any(kind in one for one in asked), kind


def slug(heading: str) -> str:
    """The anchor that GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_links_lead_to_files_and_headings(path: Path) -> None:
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        file, _, anchor = target.partition("#")
        leads = (path.parent / file).resolve() if file else path
        assert leads.is_file() and leads.is_relative_to(ROOT), target
        if anchor:
            assert anchor in [slug(one) for one in HEADING.findall(leads.read_text(encoding="utf-8"))], target


def known_figures(number: int) -> set[float]:
    """Figures that may stand before USD: those of the price list, by the hour and month too, and those of the lab."""
    cells = read(notebook(number)).cells
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    texts += [text for cell in cells if cell.cell_type == "code" for text in shown(cell)]
    figures = {float(one.replace(",", "")) for one in re.findall(r"\d[\d,]*(?:\.\d+)?", "\n".join(texts))}
    for price in prices().values():
        figures |= {price.usd, round(price.hourly(1) * HOURS), round(price.hourly(1), 4)}
    return figures


@pytest.mark.parametrize("number", LABS)
def test_what_it_costs_is_the_labs_own_estimate_with_its_date(number: int) -> None:
    rate = read(notebook(number)).metadata["containers_on_aws"]["cost_per_hour"]
    cost = part(number, "On a real account")
    if rate:
        rows = [[float(cell.removesuffix(" USD")) for cell in row[1:]] for row in table(cost)]
        hours = [1, planned(number) / 60, 3 * planned(number) / 60, 24]
        assert rows == [[pytest.approx(rate * one * people, abs=0.0051) for people in (1, 30)] for one in hours]
    else:
        assert "The lab's own estimate is 0.00 USD an hour." in cost
    days = sorted(price.checked for price in prices().values())
    assert f"Prices of us-east-1, checked from {days[0]} to {days[-1]}" in cost
    prose = "\n".join(line for line in page(number).splitlines() if line not in cost or not line.startswith("|"))
    known = known_figures(number)
    wrong = [one for one in FIGURE.findall(prose) if float(one.replace(",", "")) not in known]
    assert wrong == [], "neither a price, nor a figure of the lab"


def test_the_plans_add_up_and_the_index_has_every_page() -> None:
    text = PAGES[0].read_text(encoding="utf-8")
    assert re.findall(r"^\| (\d\d) \| \[[^]]+\]\(\1\.md\) ", text, re.MULTILINE) == [f"{one:02}" for one in LABS]
    plans = [table(plan) for plan in text.split("\n## Plans\n")[1].split("\n## ")[0].split("\n### ")[1:]]
    assert len(plans) == 3
    for _, labs, said_minutes in (row for plan in plans for row in plan):
        parts = re.findall(r"(?:(\d+) of )?\[(\d\d)\]", labs)
        assert int(said_minutes) == sum(int(some) if some else planned(int(lab)) for some, lab in parts), labs


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_sentences_are_short(path: Path) -> None:
    prose = NO_PROSE.sub(" ", path.read_text(encoding="utf-8"))
    for sentence in re.split(r"(?<=[.!?:;])[\s*]|\n\n|\n[-\d#>]", prose):
        assert len(sentence.split()) <= 32, f"too long: {sentence}"
