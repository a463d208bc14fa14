"""The still copy of a live view: one SVG without script or style sheet, so that a website shows it as it is."""

from dataclasses import dataclass
from html import escape
from typing import Any

from lab_helpers.views.page import still
from lab_helpers.views.state import GLYPHS, Cluster, Service, Task, in_words

WIDTH = 760
ROW = 46
COLOURS = {  # Okabe-Ito on a light panel of its own, so that it reads on a dark page too
    "healthy": "#009e73",
    "initial": "#56b4e9",
    "unhealthy": "#d55e00",
    "draining": "#e69f00",
    "none": "#8c959f",
}
DASHES = {"initial": "6 4", "unhealthy": "2 3", "draining": "1 4", "none": "2 4"}
STEADY = {"RUNNING"}


@dataclass(frozen=True)
class Snapshot:
    """A picture of a cluster as it was. It names tasks by their order, so that two runs of a lab draw the same."""

    cluster: Cluster

    def svg(self) -> str:
        """The picture as one SVG element."""
        parts: list[str] = []
        height = 56
        for service in self.cluster.services:
            parts.append(f'<g transform="translate(0 {height})">{_service(service)}</g>')
            height += _height(service)
        if self.cluster.tasks:
            parts.append(f'<g transform="translate(0 {height})">{_alone(self.cluster.tasks)}</g>')
            height += 34 + ROW * len(self.cluster.tasks)
        if not parts:
            parts.append(_text(20, 72, self.cluster.problem or "The cluster is empty.", fill="#57606a"))
            height += 36
        words = escape(in_words(self.cluster))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
            f' role="img" font-family="system-ui, sans-serif" font-size="13">'
            f"<title>Cluster {escape(self.cluster.name)}</title><desc>{words}</desc>"
            f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="10" fill="#ffffff" stroke="#d0d7de"/>'
            f"{_text(20, 33, self.cluster.name, size=16, weight=600)}"
            f"{_text(WIDTH - 20, 33, self.cluster.status, anchor='end', fill='#57606a', size=12)}"
            f"{''.join(parts)}</svg>"
        )

    def _repr_mimebundle_(self, **_kwargs: Any) -> dict[str, str]:
        return still(self.svg(), in_words(self.cluster))


def _height(service: Service) -> int:
    return 44 + max(len(service.tasks) * ROW, 118 if service.balancers else ROW) + 12


def _service(service: Service) -> str:
    counts = f"{service.running} of {service.desired} tasks running"
    out = [
        f'<line x1="20" x2="{WIDTH - 20}" y1="0" y2="0" stroke="#d0d7de"/>',
        _text(20, 26, service.name, size=14, weight=600),
        _text(WIDTH - 20, 26, f"{counts} · {service.phase}", anchor="end"),
    ]
    inner = _height(service) - 56
    first = 44 + (inner - len(service.tasks) * ROW) / 2
    left = 300 if service.balancers else 20
    for balancer in service.balancers[:1]:
        top = 44 + (inner - 110) / 2
        listeners = ", ".join(balancer.listeners) or "no listener leads here"
        out.append(_box(20, top, 210, 110, 10))
        out.append(_text(32, top + 19, "Load balancer", size=11, fill="#57606a"))
        out.append(_text(32, top + 36, balancer.name, weight=600))
        out.append(_text(32, top + 52, listeners, size=12))
        out.append(f'<rect x="29" y="{top + 59}" width="192" height="44" rx="6" fill="#f4f5f7"/>')
        out.append(_text(37, top + 77, balancer.target_group, size=12, weight=600))
        out.append(_text(37, top + 94, f"{balancer.healthy} of {len(balancer.targets)} targets healthy", size=12))
        for number, task in enumerate(service.tasks):
            state = task.target.state if task.target else "none"
            y = first + number * ROW + 19
            out.append(
                f'<path d="M230 {top + 55} C265 {top + 55} 265 {y} 300 {y}" fill="none" stroke="{_colour(state)}"'
                f' stroke-width="2"{_dash(state)}/>'
            )
    with_target = bool(service.balancers)
    out += [_task(task, n, left, first + n * ROW, with_target) for n, task in enumerate(service.tasks)]
    return "".join(out)


def _alone(tasks: tuple[Task, ...]) -> str:
    rows = [_task(task, number, 20, 34 + number * ROW, False) for number, task in enumerate(tasks)]
    return _text(20, 22, "Tasks in no service", size=14, weight=600) + "".join(rows)


def _task(task: Task, number: int, x: float, y: float, with_target: bool) -> str:
    out = []
    if with_target:
        state = task.target.state if task.target else "none"
        label = f"{GLYPHS.get(state, '·')} {state}" if task.target else "no target yet"
        out.append(
            f'<rect x="{x}" y="{y + 5}" width="120" height="28" rx="14" fill="#fff" stroke="{_colour(state)}"'
            f' stroke-width="2"{_dash(state)}/>'
        )
        out.append(_text(x + 14, y + 23, label, size=12))
        line = f'x1="{x + 120}" x2="{x + 146}" y1="{y + 19}" y2="{y + 19}"'
        out.append(f'<line {line} stroke="{_colour(state)}" stroke-width="2"/>')
        x += 146
    dash = "" if task.status in STEADY else ' stroke-dasharray="6 4"'
    out.append(_box(x, y, WIDTH - 20 - x, 38, 8, dash))
    out.append(_text(x + 12, y + 24, f"{GLYPHS.get(task.status, '?')} {task.status}", size=12, weight=600))
    out.append(_text(x + 130, y + 24, f"task {number + 1}", size=12, fill="#57606a"))
    out.append(_text(WIDTH - 32, y + 24, task.revision, size=11, anchor="end", fill="#57606a"))
    return "".join(out)


def _colour(state: str) -> str:
    return COLOURS.get(state, COLOURS["none"])


def _dash(state: str) -> str:
    return f' stroke-dasharray="{DASHES[state]}"' if state in DASHES else ""


def _box(x: float, y: float, width: float, height: float, round_: int, dash: str = "") -> str:
    place = f'x="{x}" y="{y}" width="{width}" height="{height}" rx="{round_}"'
    return f'<rect {place} fill="#fff" stroke="#0072b2" stroke-width="2"{dash}/>'


def _text(
    x: float, y: float, words: str, *, size: int = 13, weight: int = 400, anchor: str = "start", fill: str = "#1f2328"
) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" fill="{fill}">'
        f"{escape(words)}</text>"
    )
