"""The chart of a load, live and still: one SVG without script, in the page's colours where it has any."""

from collections.abc import Sequence
from html import escape

from lab_helpers.load.report import Slice, time

WIDTH, LEFT, RIGHT = 640, 64, 12
RATE, GAP, LATENCY = 84, 40, 56  # heights, in pixels
# The names that JupyterLab's themes set; on any other page, a light panel of its own.
INK = "var(--jp-ui-font-color1,#1f2328)"
SOFT = "var(--jp-ui-font-color2,#57606a)"
PAPER = "var(--jp-layout-color1,#fff)"
LINE = "var(--jp-border-color2,#d0d7de)"
OK, BAD, INFO = "var(--ok,#009e73)", "var(--bad,#d55e00)", "var(--info,var(--jp-brand-color1,#0072b2))"


def chart(slices: Sequence[Slice], minutes: float, speed: float) -> str:
    """Answers a second above the line, failures below it; under that, latencies.

    Parameters
    ----------
    slices : sequence of Slice
        What has happened so far.
    minutes : float
        AWS minutes that the paper is wide; more when the slices need it.
    speed : float
        AWS minutes in a real one.

    Returns
    -------
    str
        An SVG element; nothing when there is nothing to draw.
    """
    if not slices:
        return ""
    ends = [one.minute + one.seconds * speed / 60 for one in slices]
    span = max(minutes, ends[-1])
    xs = [LEFT + (WIDTH - LEFT - RIGHT) * one.minute / span for one in slices]
    xs.append(LEFT + (WIDTH - LEFT - RIGHT) * ends[-1] / span)
    good = [one.answered / one.seconds for one in slices]
    bad = [one.failed / one.seconds for one in slices]
    asked = [one.rps for one in slices]
    up, down = _round_up(max(*good, *asked)), max(bad)
    share = down / (up + down)
    line = 20 + RATE * (1 - share)
    base = 20 + RATE + GAP + LATENCY
    top = _round_up(max(one.latency.p99 for one in slices) * 1e3) / 1e3
    scale = RATE * (1 - share) / up
    p50 = [base - LATENCY * min(one.latency.p50 / top, 1) for one in slices]
    p99 = [base - LATENCY * min(one.latency.p99 / top, 1) for one in slices]
    height = base + 24
    parts = [
        _text(LEFT, 12, "answered a second" + (", failed below the line" if down else ""), SOFT),
        _area(xs, [line - value * scale for value in good], line, OK, 0.75),
        _area(xs, [line + value * scale for value in bad], line, BAD, 0.9) if down else "",
        _steps(xs, [line - value * scale for value in asked], INK, 'stroke-dasharray="5 4"'),
        _rule(line),
        _text(LEFT - 6, 24, f"{up:g}", SOFT, "end"),
        _text(LEFT - 6, line + 4, "0", SOFT, "end"),
        _text(LEFT, base - LATENCY - 8, "latency: p99 (solid) and p50 (dotted)", SOFT),
        _steps(xs, p99, INFO, 'stroke-width="2"'),
        _steps(xs, p50, INFO, 'stroke-width="2" stroke-dasharray="1.5 4" stroke-linecap="round"'),
        _rule(base),
        _text(LEFT - 6, base - LATENCY + 4, f"{top:g} s" if top >= 1 else f"{top * 1e3:g} ms", SOFT, "end"),
        _text(LEFT - 6, base + 4, "0", SOFT, "end"),
        _text(LEFT, base + 17, "0", SOFT),
        _text(WIDTH - RIGHT, base + 17, f"{span:.3g} min{' of AWS' if speed != 1 else ''}", SOFT, "end"),
    ]
    words = f"Up to {max(good):.3g} answers and {max(bad):.3g} failures a second; p99 up to {time(top)}."
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="100%"'
        f' style="max-width:{WIDTH}px;display:block" role="img" font-family="system-ui, sans-serif" font-size="11">'
        f"<title>Rate and latency over time</title><desc>{escape(words)}</desc>"
        f'<rect width="{WIDTH}" height="{height:g}" style="fill:{PAPER}"/>{"".join(parts)}</svg>'
    )


def _round_up(value: float) -> float:
    """The next of 1, 1.5, 2, 3 … 8, 10, 15 … : an axis whose end is easy to read and does not jump at each update."""
    step = 0.1
    while True:
        for factor in (1, 1.5, 2, 3, 4, 5, 6, 8):
            if step * factor >= value:
                return round(step * factor, 6)
        step *= 10


def _area(xs: Sequence[float], ys: Sequence[float], line: float, colour: str, opacity: float) -> str:
    tops = "".join(f"V{y:.1f}H{x:.1f}" for x, y in zip(xs[1:], ys, strict=True))
    return f'<path d="M{xs[0]:.1f} {line:.1f}{tops}V{line:.1f}Z" style="fill:{colour}" fill-opacity="{opacity}"/>'


def _steps(xs: Sequence[float], ys: Sequence[float], colour: str, more: str) -> str:
    moves = "".join(f"V{y:.1f}H{x:.1f}" for x, y in zip(xs[1:], ys, strict=True))
    return f'<path d="M{xs[0]:.1f} {ys[0]:.1f}{moves}" fill="none" style="stroke:{colour}" {more}/>'


def _rule(y: float) -> str:
    return f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" style="stroke:{LINE}"/>'


def _text(x: float, y: float, words: str, colour: str, anchor: str = "start") -> str:
    return f'<text x="{x:g}" y="{y:.1f}" text-anchor="{anchor}" style="fill:{colour}">{escape(words)}</text>'
