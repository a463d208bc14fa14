"""The still picture of events on their way: one SVG without script or style sheet, on a light panel of its own."""

from html import escape

from lab_helpers.views.path_state import GLYPHS, Depth, Journey, Lane, Paths, Stage, in_words, title

WIDTH, EDGE = 800, 16
BOX, TALL, GAP = 142, 50, 14
IN_A_ROW = 5
LETTERS, LETTERS_OF_TITLE = 20, 96
INK, SOFT = "#1f2328", "#57606a"
COLOURS = {  # Okabe-Ito; the glyph and the line say the same
    "done": "#009e73",
    "waiting": "#56b4e9",
    "running": "#0072b2",
    "failed": "#d55e00",
    "kept": "#e69f00",
    "ended": "#8c959f",
}
DASHES = {"waiting": "6 4", "failed": "2 3", "kept": "1 4"}
BAR = 300
MOST_SLOTS = 20


def picture(paths: Paths) -> str:
    """Each event with its stages, the queues and the workers.

    Parameters
    ----------
    paths : Paths
        What is drawn.

    Returns
    -------
    str
        An SVG element.
    """
    parts: list[str] = []
    top = 46.0
    for one in paths.journeys:
        drawn, top = _journey(one, top)
        parts.append(drawn)
    if paths.note:
        parts.append(_text(EDGE, top + 6, paths.note, SOFT))
        top += 24
    most = max((one.waiting + one.flying for one in paths.queues), default=0)
    for depth in paths.queues:
        parts.append(_depth(depth, most, top))
        top += 30
    if paths.workers is not None:
        parts.append(_workers(paths, top))
        top += 34
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top:g}" width="{WIDTH}" height="{top:g}"'
        f' role="img" font-family="system-ui, sans-serif" font-size="12">'
        f"<title>{escape(paths.heading)}</title><desc>{escape(in_words(paths))}</desc>"
        f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{top - 1:g}" rx="10" fill="#ffffff" stroke="#d0d7de"/>'
        f"{_text(EDGE, 28, paths.heading, size=15, weight=600)}{''.join(parts)}</svg>"
    )


def _journey(journey: Journey, top: float) -> tuple[str, float]:
    parts = [_text(EDGE, top + 12, _cut(title(journey), LETTERS_OF_TITLE), weight=600)]
    top += 22
    for lane in journey.lanes:
        drawn, top = _lane(lane, top)
        parts.append(drawn)
    if not journey.lanes:
        parts.append(_text(EDGE, top + 8, "no rule matched", SOFT))
        top += 22
    return "".join(parts), top + 6


def _lane(lane: Lane, top: float) -> tuple[str, float]:
    parts = []
    for number, stage in enumerate(lane.stages):
        row, column = divmod(number, IN_A_ROW)
        x, y = EDGE + column * (BOX + GAP), top + row * (TALL + 8)
        parts.append(_stage(stage, x, y))
        if column:
            parts.append(_text(x - GAP / 2, y + TALL / 2 + 4, "→", SOFT, anchor="middle"))
    rows = (len(lane.stages) + IN_A_ROW - 1) // IN_A_ROW
    return "".join(parts), top + rows * (TALL + 8)


def _stage(stage: Stage, x: float, y: float) -> str:
    dash = f' stroke-dasharray="{DASHES[stage.state]}"' if stage.state in DASHES else ""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{BOX}" height="{TALL}" rx="7" fill="#fff" stroke="{COLOURS[stage.state]}"'
        f' stroke-width="2"{dash}/>'
        + _text(x + 8, y + 17, f"{GLYPHS[stage.state]} {_cut(stage.title, LETTERS - 2)}", size=11, weight=600)
        + _text(x + 8, y + 31, _cut(stage.name, LETTERS), size=11)
        + _text(x + 8, y + 44, f"+{stage.after:.2f} s", SOFT, size=10)
    )


def _depth(depth: Depth, most: int, top: float) -> str:
    x, scale = EDGE + 190, BAR / max(most, 1)
    waiting, flying = depth.waiting * scale, depth.flying * scale
    return (
        _text(EDGE, top + 16, _cut(f"queue {depth.name}", 30))
        + f'<rect x="{x}" y="{top + 4:g}" width="{BAR}" height="16" rx="3" fill="#fff" stroke="#d0d7de"/>'
        + f'<rect x="{x}" y="{top + 4:g}" width="{waiting:g}" height="16" fill="#0072b2"/>'
        + f'<rect x="{x + waiting:g}" y="{top + 5:g}" width="{flying:g}" height="14" fill="#fff" stroke="#0072b2"'
        f' stroke-dasharray="3 2"/>' + _text(x + BAR + 12, top + 16, depth.words)
    )


def _workers(paths: Paths, top: float) -> str:
    assert paths.workers is not None
    _name, running, desired = paths.workers
    parts = [_text(EDGE, top + 16, _cut(paths.worker_words, 60))]
    for number in range(min(max(running, desired), MOST_SLOTS)):
        up = number < running
        look = 'fill="#009e73"' if up else 'fill="#fff" stroke-dasharray="3 2"'
        parts.append(
            f'<rect x="{EDGE + 320 + number * 20}" y="{top + 4:g}" width="15" height="16" rx="3" stroke="#009e73"'
            f' stroke-width="1.5" {look}/>'
        )
    return "".join(parts)


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1]}…"


def _text(
    x: float, y: float, words: str, colour: str = INK, anchor: str = "start", size: int = 12, weight: int = 400
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" fill="{colour}">'
        f"{escape(words)}</text>"
    )
