"""A class as one page that needs nothing else: who needs help, what to talk about, and how far everybody is."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from html import escape

from .. import exercises, home
from .results import STUCK_TRIES, Attempt, Class, LabResult, Learner, questions

MOST = 8  # rows of what to talk about: more is no plan for a lesson
QUIET_DAYS = 7
STYLE = """
:root { color-scheme: light dark; --page: #fff; --soft: #f6f8fa; --line: #d0d7de; --text: #1f2328; --faint: #59636e;
  --good: #116329; --good-bg: #dafbe1; --some: #7d4e00; --some-bg: #fff8c5; --bad: #a40e26; --bad-bg: #ffebe9; }
@media (prefers-color-scheme: dark) { :root { --page: #0d1117; --soft: #161b22; --line: #3d444d; --text: #f0f6fc;
  --faint: #9198a1; --good: #7ee787; --good-bg: #12261e; --some: #f2cc60; --some-bg: #2b2411; --bad: #ffa198;
  --bad-bg: #321b1f; } }
* { box-sizing: border-box; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1.25rem;
  background: var(--page); color: var(--text); }
h1 { font-size: 1.6rem; margin: 0; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 .5rem; }
p, li { max-width: 48rem; }
.faint, small { color: var(--faint); }
.figures { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0; padding: 0; list-style: none; }
.figures li { background: var(--soft); border: 1px solid var(--line); border-radius: 8px; padding: .6rem 1rem; }
.figures b { display: block; font-size: 1.5rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
.wide + .wide { margin-top: 1.25rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--faint); padding: 0 0 .4rem; }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: left; vertical-align: top; }
thead th { background: var(--soft); vertical-align: bottom; }
.class th, .class td { white-space: nowrap; padding: .25rem .45rem; }
.class th[scope=row] { position: sticky; left: 0; background: var(--page); }
td small { display: block; }
.all { background: var(--good-bg); color: var(--good); font-weight: 600; }
.some { background: var(--some-bg); color: var(--some); }
.stuck { background: var(--bad-bg); color: var(--bad); font-weight: 600; }
.none { color: var(--faint); }
td.all small, td.some small, td.stuck small { color: inherit; font-weight: 400; }
@media print { body { margin: 0; max-width: none; } .class th[scope=row] { position: static; } }
"""


def page(found: Class, now: datetime) -> str:
    """A whole HTML page: no script, no font, no picture from anywhere.

    Parameters
    ----------
    found : Class
        The learners, and what could not be read.
    now : datetime
        When the page is made, in UTC.
    """
    learners = found.learners
    people = f"{len(learners)} learner{'s' * (len(learners) != 1)}"
    told = [*found.unread, *found.twice]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>Containers on AWS: the class</title><style>{STYLE}</style></head><body><main>"
        f"<h1>Containers on AWS: the class</h1>"
        f'<p class="faint">{people}. Made on {now:%Y-%m-%d %H:%M} UTC from files on this machine.</p>'
        + _figures(learners, now)
        + (_section("About the files", _list(map(escape, told))) if told else "")
        + _section("How far everybody is", _everybody(learners))
        + _section("Who may need you", _needs(learners, now))
        + _section("To talk about", _topics(learners) + _missed(learners))
        + "</main></body></html>\n"
    )


def _section(title: str, content: str) -> str:
    return f"<h2>{title}</h2>{content}"


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"


def _figures(learners: tuple[Learner, ...], now: datetime) -> str:
    whole = sum(lab.exercises for learner in learners for lab in learner.labs)
    done = sum(learner.done for learner in learners)
    stuck = sum(any(one.stuck for one in learner.attempts) for learner in learners)
    seen = sum(_quiet_days(learner, now) in range(QUIET_DAYS + 1) for learner in learners)
    right = sum(lab.right_first for learner in learners for lab in learner.labs)
    answered = sum(lab.answered for learner in learners for lab in learner.labs)
    shown = [
        (f"{stuck} of {len(learners)}", "stuck at an exercise"),
        (f"{seen} of {len(learners)}", f"at work in the last {QUIET_DAYS} days"),
        (f"{100 * done // whole if whole else 0} %", f"of all exercises done ({done} of {whole})"),
        (f"{100 * right // answered} %" if answered else "–", "of the answered quiz questions right at once"),
    ]
    return f'<ul class="figures">{"".join(f"<li><b>{big}</b>{small}</li>" for big, small in shown)}</ul>'


# -- who ---------------------------------------------------------------------------------------------------------------


def _needs(learners: tuple[Learner, ...], now: datetime) -> str:
    rows = []
    for one in sorted(learners, key=lambda each: (-max((a.tries for a in each.attempts), default=0), each.name)):
        reasons = [f"▲ stuck at {_exercise(a.exercise)}: {a.tries} tries" for a in reversed(one.attempts) if a.stuck]
        quiet = _quiet_days(one, now)
        if quiet < 0:
            reasons.append("has not begun")
        elif quiet > QUIET_DAYS:
            reasons.append(f"not seen for {quiet} days")
        if reasons:
            rows.append(f'<tr><th scope="row">{escape(one.name)}</th><td>{"<br>".join(reasons)}</td></tr>')
    if not rows:
        return "<p>Nobody: all are at work, and no exercise was tried in vain more than twice.</p>"
    return _table("Who is stuck, has not begun, or has not been seen for a week", "Learner|Why", "".join(rows))


def _quiet_days(learner: Learner, now: datetime) -> int:
    """Days since the last activity; -1 when there was none, or its date cannot be read."""
    try:
        return max((now - datetime.fromisoformat(learner.last)).days, 0)
    except (ValueError, TypeError):
        return -1


# -- what --------------------------------------------------------------------------------------------------------------


def _topics(learners: tuple[Learner, ...]) -> str:
    """Exercises that were tried and are not done, those of the most learners first."""
    who: dict[str, list[tuple[str, Attempt]]] = defaultdict(list)
    for learner in learners:
        for one in learner.attempts:
            who[one.exercise].append((learner.name, one))
    if not who:
        return "<p>No exercise is begun and not done.</p>"
    order = sorted(who.items(), key=lambda item: (-len(item[1]), -sum(one.tries for _, one in item[1]), item[0]))
    rows = "".join(
        f'<tr><th scope="row">{_exercise(exercise)}</th><td>{len(names)}</td>'
        f"<td>{', '.join(f'{escape(name)} ({one.tries})' for name, one in names)}</td></tr>"
        for exercise, names in order[:MOST]
    )
    return _table("Exercises tried and not done yet; behind each name its tries", "Exercise|Learners|Who", rows)


def _missed(learners: tuple[Learner, ...]) -> str:
    """Quiz questions that were wrong at the first try, those of the most learners first."""
    who: dict[str, list[str]] = defaultdict(list)
    for learner in learners:
        for question in learner.missed:
            who[question].append(learner.name)
    texts = {question: (number, text) for number in home.all_numbers() for question, text in questions(number).items()}
    order = sorted((item for item in who.items() if item[0] in texts), key=lambda item: (-len(item[1]), item[0]))
    if not order:
        return ""
    rows = "".join(
        f'<tr><th scope="row">Lab {texts[question][0]:02d}: {escape(texts[question][1])}</th><td>{len(names)}</td>'
        f"<td>{escape(', '.join(names))}</td></tr>"
        for question, names in order[:MOST]
    )
    return _table("Quiz questions that were wrong at the first try", "Question|Learners|Who", rows)


def _exercise(name: str) -> str:
    return f"{escape(name)} {escape(exercises.find(name).title)}"


def _table(caption: str, head: str, rows: str) -> str:
    columns = "".join(f'<th scope="col">{one}</th>' for one in head.split("|"))
    return (
        f'<div class="wide"><table><caption>{caption}</caption><thead><tr>{columns}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


# -- how far -----------------------------------------------------------------------------------------------------------


def _everybody(learners: tuple[Learner, ...]) -> str:
    numbers = [lab.lab for lab in learners[0].labs] if learners else []
    titles = {number: home.notebook(number).title for number in numbers}
    head = "".join(
        f'<th scope="col"><abbr title="{escape(titles[n], quote=True)}">{n:02d}</abbr></th>' for n in numbers
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(one.name)}</th>{"".join(_cells(one))}'
        f"<td>{one.done}</td><td>{escape(one.last[:10]) or '–'}</td></tr>"
        for one in learners
    )
    through = [
        sum(
            1
            for one in learners
            for lab in one.labs
            if lab.lab == number and lab.exercises and lab.done == lab.exercises
        )
        for number in numbers
    ]
    foot = "".join(f"<td>{count} of {len(learners)}</td>" for count in through)
    return (
        '<div class="wide"><table class="class"><caption>Exercises done in each lab, and quiz questions right at the '
        f'first try; the letters are exercises</caption><thead><tr><th scope="col">Learner</th>{head}'
        f'<th scope="col">All</th><th scope="col">Last seen</th></tr></thead><tbody>{rows}</tbody>'
        f'<tfoot><tr><th scope="row">all done</th>{foot}<td></td><td></td></tr></tfoot></table></div>'
        f'<p class="faint">✓ all done · ◐ begun · ▲ stuck: an exercise tried {STUCK_TRIES} times or more and not done '
        "· – not begun. Of a quiz the first try counts: it tells what was known. Learners can change their files: the "
        "page helps to teach, and is no exam.</p>"
    )


def _cells(learner: Learner) -> Iterator[str]:
    for lab in learner.labs:
        mine = [one for one in learner.attempts if one.exercise.startswith(f"{lab.lab:02d}")]
        yield _cell(lab, [one.exercise for one in mine if one.stuck])


def _cell(lab: LabResult, stuck: list[str]) -> str:
    if lab.exercises and lab.done == lab.exercises:
        kind, glyph = "all", "✓"
    elif stuck:
        kind, glyph = "stuck", "▲"
    elif lab.last:
        kind, glyph = "some", "◐"
    else:
        return '<td class="none">–</td>'
    more = [f"stuck: {' '.join(one.removeprefix(f'{lab.lab:02d}') for one in stuck)}"] if stuck else []
    more += [f"quiz {lab.right_first}/{lab.questions}"] if lab.answered else []
    below = "".join(f"<small>{one}</small>" for one in more)
    return f'<td class="{kind}">{glyph} {lab.done}/{lab.exercises}{below}</td>'
