"""A class as a table for spreadsheets, and as one page that needs nothing else."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from .results import LabResult, Learner

HEAD = ("learner", "lab", "done", "exercises", "tries", "quiz right first", "quiz answered", "quiz questions", "last")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
STYLE = """
:root { color-scheme: light dark; --line: #8c959f; --good: #1a7f37; --some: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --line: #6e7681; --good: #56d364; --some: #e3b341; } }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
caption { text-align: left; font-weight: 600; padding: .5rem 0; }
th, td { border: 1px solid var(--line); padding: .25rem .6rem; text-align: left; white-space: nowrap; }
td small { display: block; }
.all { color: var(--good); font-weight: 600; }
.part { color: var(--some); }
"""


def table(learners: Sequence[Learner]) -> str:
    """One row for each learner and lab, as CSV.

    A cell that a spreadsheet would take for a formula begins with an apostrophe.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    for one in learners:
        for lab in one.labs:
            row = (lab.done, lab.exercises, lab.tries, lab.right_first, lab.answered, lab.questions, lab.last)
            writer.writerow([_plain(one.name), f"{lab.lab:02d}", *row])
    return text.getvalue()


def page(learners: Sequence[Learner], problems: Sequence[str] = ()) -> str:
    """A whole HTML page: no script, no font, no picture from anywhere."""
    labs = [lab.lab for lab in learners[0].labs] if learners else []
    head = "".join(f'<th scope="col">{number:02d}</th>' for number in labs)
    rows = "".join(
        f'<tr><th scope="row">{escape(one.name)}</th>{"".join(_cell(lab) for lab in one.labs)}'
        f"<td>{one.done}</td><td>{escape(_day(one))}</td></tr>"
        for one in learners
    )
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
    unread = "".join(f"<li>{escape(text)}</li>" for text in problems)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>Containers on AWS: the class</title><style>{STYLE}</style></head><body>"
        f"<h1>Containers on AWS: the class</h1>"
        f"<p>{len(learners)} learners. Made on {now} UTC, from files on this machine.</p>"
        '<div class="wide"><table><caption>Exercises done, and quiz questions right at the first try</caption>'
        f'<thead><tr><th scope="col">Learner</th>{head}'
        '<th scope="col">All</th><th scope="col">Last seen</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{_stuck(learners)}"
        + (f"<h2>Not read</h2><ul>{unread}</ul>" if unread else "")
        + "<p>✓ all done, ◐ some done, – not begun. Of a quiz the first try counts: it tells what was known.</p>"
        "</body></html>\n"
    )


def _cell(lab: LabResult) -> str:
    if lab.exercises and lab.done == lab.exercises:
        kind, glyph = "all", "✓"
    elif lab.done or lab.tries or lab.answered:
        kind, glyph = "part", "◐"
    else:
        kind, glyph = "none", "–"
    quiz = f"<small>quiz {lab.right_first}/{lab.questions}</small>" if lab.answered else ""
    return f'<td class="{kind}">{glyph} {lab.done}/{lab.exercises}{quiz}</td>'


def _stuck(learners: Sequence[Learner]) -> str:
    """Exercises that most have tried and not done: what to talk about next time."""
    counted = Counter(one for learner in learners for one in learner.stuck)
    if not counted:
        return ""
    rows = "".join(f"<tr><td>{escape(one)}</td><td>{number}</td></tr>" for one, number in counted.most_common(10))
    return (
        "<h2>To talk about</h2><table><caption>Tried and not done yet</caption>"
        '<thead><tr><th scope="col">Exercise</th><th scope="col">Learners</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _day(learner: Learner) -> str:
    return max((lab.last for lab in learner.labs), default="")[:10]


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
