"""The picture of a system: what comes in on the left, what runs in the middle, where it leads on the right.

It is drawn once, without a kernel behind it, on a light panel of its own; its text says the same.
"""

from dataclasses import dataclass
from html import escape
from typing import Any

from lab_helpers.system import MANAGED, SERVES, WORKS, Queue, Service, System, Timer, in_words
from lab_helpers.views.page import still

WIDTH, COLUMN, GAP, ROW = 940, 250, 75, 74
TOP = 64
EDGE = "#57606a"
COLOURS = {SERVES: "#0072b2", MANAGED: "#009e73", WORKS: "#b35c00"}
DASHED = ' stroke-dasharray="5 4"'


@dataclass(frozen=True)
class Box:
    """One box: its lines of text, its place, and the colour and dash of its edge."""

    lines: tuple[str, ...]
    column: int
    row: int
    colour: str = EDGE
    dash: str = ""

    @property
    def x(self) -> int:
        """Its left edge."""
        return 20 + self.column * (COLUMN + GAP)

    @property
    def y(self) -> int:
        """Its upper edge."""
        return TOP + self.row * ROW

    def svg(self) -> str:
        """The box as SVG."""
        rect = (
            f'<rect x="{self.x}" y="{self.y}" width="{COLUMN}" height="56" rx="8" fill="#f6f8fa"'
            f' stroke="{self.colour}" stroke-width="2"{self.dash}/>'
        )
        heights = {1: (33,), 2: (24, 43)}[len(self.lines)]
        texts = (
            f'<text x="{self.x + 12}" y="{self.y + height}" fill="{"#1f2328" if number == 0 else EDGE}"'
            f' font-weight="{600 if number == 0 else 400}">{escape(_cut(line))}</text>'
            for number, (line, height) in enumerate(zip(self.lines, heights, strict=True))
        )
        return rect + "".join(texts)


@dataclass(frozen=True)
class SystemPicture:
    """A system as it was when it was read."""

    system: System

    def svg(self) -> str:
        """The picture as one SVG element."""
        boxes, arrows = layout(self.system)
        rows = max((box.row for box in boxes), default=0) + 1
        height = TOP + rows * ROW
        heads = ("work comes in", "what runs", "where it leads")
        titles = "".join(
            f'<text x="{20 + number * (COLUMN + GAP)}" y="48" fill="{EDGE}" font-size="12">{head}</text>'
            for number, head in enumerate(heads)
        )
        nothing = f'<text x="20" y="{TOP + 24}" fill="{EDGE}">{escape(in_words(System()))}</text>' if not boxes else ""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
            f' style="max-width:100%" role="img" font-family="system-ui, sans-serif" font-size="13">'
            f"<title>Your system</title><desc>{escape(in_words(self.system))}</desc>"
            f'<defs><marker id="system-tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7"'
            f' orient="auto"><path d="M0 0 8 4 0 8z" fill="{EDGE}"/></marker></defs>'
            f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="10" fill="#fff" stroke="#d0d7de"/>'
            f'<text x="20" y="28" fill="#1f2328" font-size="16" font-weight="600">Your system</text>{titles}{nothing}'
            f"{''.join(_arrow(*one) for one in arrows)}{''.join(box.svg() for box in boxes)}</svg>"
        )

    def __repr__(self) -> str:
        return in_words(self.system)

    def _repr_mimebundle_(self, **_kwargs: Any) -> dict[str, str]:
        return still(self.svg(), in_words(self.system))


def layout(system: System) -> tuple[list[Box], list[tuple[Box, Box]]]:
    """Boxes and arrows: doors, timers and the work that waits on the left, what runs in the middle, queues right."""
    boxes: list[Box] = []
    arrows: list[tuple[Box, Box]] = []
    runs: dict[str, Box] = {}
    row = 0
    for one in (*system.webs, *system.managed):
        box = _service(one, row)
        runs[one.name] = box
        boxes.append(box)
        if one.door:
            name = "HTTPS by Express Mode" if one.managed else one.door.name
            kind = "load balancer, a name of its own" if one.managed else f"{one.door.kind}, port {one.door.port}"
            door = Box((name, kind), 0, row)
            boxes.append(door)
            arrows.append((door, box))
        row += 1
    for timer in system.timers:
        box = Box((timer.family, "a task that ends"), 1, row, EDGE, DASHED)
        clock = Box((timer.name, _when(timer)), 0, row)
        boxes += [clock, box]
        arrows.append((clock, box))
        row += 1
    for one in system.workers:
        runs[one.name] = _service(one, row)
        boxes.append(runs[one.name])
        row += 1
    for name in system.kubernetes:
        boxes.append(Box((name, "EKS cluster"), 1, row, COLOURS[MANAGED]))
        row += 1
    for place, queue in enumerate(system.queues):
        box = Box((queue.name, _waiting(queue)), 2, 2 * place)
        boxes.append(box)
        users = [one for one in system.services if queue.name in one.queues]
        arrows += [(box, runs[one.name]) if one in system.workers else (runs[one.name], box) for one in users]
        grave = next((other for other in system.graves if other.name == queue.grave), None)
        if grave:
            below = Box((grave.name, f"dead letters: {grave.waiting}"), 2, box.row + 1, EDGE, DASHED)
            boxes.append(below)
            arrows.append((box, below))
    return boxes, arrows


def _service(one: Service, row: int) -> Box:
    image = "your image" if one.own else "an image of others"
    colour = COLOURS[one.kind]
    return Box((one.name, f"{one.running} of {one.desired} on {one.on}, {image}"), 1, row, colour)


def _when(timer: Timer) -> str:
    return f"{timer.kind}: {timer.expression}" if timer.enabled else f"{timer.kind}, turned off"


def _waiting(queue: Queue) -> str:
    return f"queue, {queue.waiting} waiting"


def _cut(text: str) -> str:
    return text if len(text) <= 36 else f"{text[:35]}…"


def _arrow(begin: Box, end: Box) -> str:
    """From the side that is nearer; downwards within a column."""
    if begin.column == end.column:
        x = begin.x + COLUMN / 2
        path = f"M{x} {begin.y + 56}V{end.y - 2}"
    else:
        right = begin.column < end.column
        x1, x2 = (begin.x + COLUMN, end.x - 2) if right else (begin.x, end.x + COLUMN + 2)
        y1, y2 = (begin.y + 28, end.y + 28) if right else (begin.y + 42, end.y + 28)
        middle = (x1 + x2) / 2
        path = f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}"
    return f'<path d="{path}" fill="none" stroke="{EDGE}" stroke-width="1.6" marker-end="url(#system-tip)"/>'
