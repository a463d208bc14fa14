"""The chart of a scaled service, live and still: one SVG without script, in the page's colours where it has any."""

import itertools
from collections.abc import Sequence
from html import escape

from lab_helpers.views.load_chart import BAD, INFO, INK, LEFT, LINE, OK, PAPER, RIGHT, SOFT, WIDTH
from lab_helpers.views.scaling_state import Count, Metric, Scaled, in_words, number

PANEL, GAP = 84, 34  # heights, in pixels
METRICS_SHOWN = 3
RIGHT_EDGE = WIDTH - RIGHT
STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8)


def chart(scaled: Scaled, minutes: float) -> str:
    """Each metric with its target, and below them how many tasks are wanted and how many run.

    Parameters
    ----------
    scaled : Scaled
        The service.
    minutes : float
        AWS minutes that the paper is wide at most; it grows with what was seen.

    Returns
    -------
    str
        An SVG element.
    """
    begin = scaled.counts[0].at if scaled.counts else scaled.at
    # never less than a few minutes, so that the first points do not jump
    span = min(max((scaled.at - begin) / scaled.minute, 5.0), minutes) * scaled.minute
    begin = scaled.at - span

    def across(moment: float) -> float:
        return LEFT + (RIGHT_EDGE - LEFT) * min(max((moment - begin) / span, 0.0), 1.0)

    parts, top = [], 6.0
    for metric in scaled.metrics[:METRICS_SHOWN]:
        parts.append(_metric(metric, [(across(at), value) for at, value in metric.points if at >= begin], top + 14))
        top += 14 + PANEL + GAP
    parts.append(_tasks(scaled, [(across(one.at), one) for one in scaled.counts], top + 14))
    base = top + 14 + PANEL
    ago = span / scaled.minute
    parts.append(
        _text(LEFT, base + 17, f"{ago:.0f} min of AWS ago" if scaled.minute < 60 else f"{ago:.0f} min ago", SOFT)
    )
    parts.append(_text(RIGHT_EDGE, base + 17, "now", SOFT, "end"))
    height = base + 26
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="100%"'
        f' style="max-width:{WIDTH}px;display:block" role="img" font-family="system-ui, sans-serif" font-size="11">'
        f"<title>How {escape(scaled.service)} scales</title><desc>{escape(in_words(scaled))}</desc>"
        f'<rect width="{WIDTH}" height="{height:g}" style="fill:{PAPER}"/>{"".join(parts)}</svg>'
    )


def _metric(metric: Metric, points: Sequence[tuple[float, float]], top: float) -> str:
    high = _round_up(max([metric.aim * 1.25, *(value for _x, value in points)], default=1.0))
    base = top + PANEL
    aim = base - PANEL * min(metric.aim / high, 1)
    title = f"{metric.name} ({metric.statistic}), {metric.by}"
    parts = [_text(LEFT, top - 4, title, SOFT), _frame(top, high)]
    parts.append(_line([(LEFT, aim), (RIGHT_EDGE, aim)], INK, 'stroke-dasharray="6 4"'))
    parts.append(_text(RIGHT_EDGE, aim - 4, f"{metric.aim_word} {number(metric.aim)}", INK, "end"))
    shown = [(x, base - PANEL * min(max(value / high, 0), 1)) for x, value in points]
    if shown:
        parts.append(_line(shown, INFO, 'stroke-width="2" stroke-linejoin="round"'))
        x, y = shown[-1]
        above = points[-1][1] > metric.aim
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" style="fill:{BAD if above else INFO}"/>')
    else:
        parts.append(_text((LEFT + RIGHT_EDGE) / 2, base - 12, "no data yet", SOFT, "middle"))
    return "".join(parts)


def _tasks(scaled: Scaled, counts: Sequence[tuple[float, Count]], top: float) -> str:
    base = top + PANEL
    ends = [RIGHT_EDGE if n + 1 == len(counts) else counts[n + 1][0] for n in range(len(counts))]
    seen = [max(one.desired, one.running) for _x, one in counts]
    # one more than is shown, so that there is room for an arrow above the highest step
    high = 1 + max([*seen, scaled.desired, min(scaled.most or 0, 2 * max([*seen, 1])), 1])
    scale = PANEL / high
    words = "tasks running (area) and wanted (line)" if scaled.cluster else f"{scaled.unit} active"
    parts = [_text(LEFT, top - 4, words, SOFT), _frame(top, high)]
    if counts:
        tops = "".join(
            f"V{base - one.running * scale:.1f}H{end:.1f}" for (_x, one), end in zip(counts, ends, strict=True)
        )
        area = f"M{counts[0][0]:.1f} {base:.1f}{tops}V{base:.1f}Z"
        parts.append(f'<path d="{area}" style="fill:{OK}" fill-opacity="0.6"/>')
        first = f"M{counts[0][0]:.1f} {base - counts[0][1].desired * scale:.1f}"
        steps = "".join(
            f"V{base - one.desired * scale:.1f}H{end:.1f}" for (_x, one), end in zip(counts, ends, strict=True)
        )
        parts.append(f'<path d="{first}{steps}" fill="none" style="stroke:{INK}" stroke-width="2"/>')
        for (_, before), (x, after) in itertools.pairwise(counts):
            if after.desired != before.desired:
                arrow = "▲" if after.desired > before.desired else "▼"
                # at the right edge there is no room behind the step
                anchor = "end" if x > RIGHT_EDGE - 24 else "start"
                y = max(base - after.desired * scale - 4, top + 8)
                parts.append(_text(x, y, f"{arrow}{after.desired}", INK, anchor))
    if scaled.most is not None and scaled.most <= high:
        parts.append(
            _line(
                [(LEFT, base - scaled.most * scale), (RIGHT_EDGE, base - scaled.most * scale)],
                SOFT,
                'stroke-dasharray="1 4"',
            )
        )
    return "".join(parts)


def _round_up(value: float) -> float:
    """An axis whose end is easy to read and does not jump at each update."""
    step = 0.1
    while True:
        for factor in STEPS:
            if step * factor >= value:
                return round(step * factor, 6)
        step *= 10


def _frame(top: float, high: float) -> str:
    base = top + PANEL
    rule = f'<line x1="{LEFT}" x2="{RIGHT_EDGE}" y1="{base:.1f}" y2="{base:.1f}" style="stroke:{LINE}"/>'
    return rule + _text(LEFT - 6, top + 8, number(high), SOFT, "end") + _text(LEFT - 6, base + 4, "0", SOFT, "end")


def _line(points: Sequence[tuple[float, float]], colour: str, more: str) -> str:
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path d="M{path}" fill="none" style="stroke:{colour}" {more}/>'


def _text(x: float, y: float, words: str, colour: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" style="fill:{colour}">{escape(words)}</text>'
