"""The still copy of the view of nodes and pods: one SVG without script or style sheet."""

from dataclasses import dataclass
from html import escape
from typing import Any

from lab_helpers.views.nodes_state import Node, Nodes, Pod, Service, glyph, in_words, look
from lab_helpers.views.page import still

WIDTH = 760
ACROSS = 3
GAP = 14
COLOURS = {  # Okabe-Ito on a light panel of its own, so that it reads on a dark page too
    "runs": "#0072b2",
    "starts": "#56b4e9",
    "leaves": "#e69f00",
    "done": "#009e73",
    "wrong": "#d55e00",
}
DASHES = {"starts": "6 4", "leaves": "1 4", "wrong": "2 3"}
SOFT = "#57606a"
POD = 30


@dataclass(frozen=True)
class NodesSnapshot:
    """A picture of nodes and pods as they were. It names nodes by their order, so that two runs draw the same."""

    found: Nodes

    def svg(self) -> str:
        """The picture as one SVG element."""
        found, parts, height = self.found, list[str](), 56.0
        for service in found.services:
            parts.append(_service(service, height))
            height += 40
        rows = [found.nodes[start : start + ACROSS] for start in range(0, len(found.nodes), ACROSS)]
        width = (WIDTH - 40 - GAP * (ACROSS - 1)) / ACROSS
        for row, nodes in enumerate(rows):
            tall = 124 + POD * max(len(node.pods) for node in nodes)
            for column, node in enumerate(nodes):
                number = row * ACROSS + column + 1
                parts.append(_node(node, number, 20 + column * (width + GAP), height, width, tall))
            height += tall + GAP
        if found.waiting:
            parts.append(_text(20, height + 16, "Without a node", weight=600))
            for pod in found.waiting:
                height += POD
                parts.append(_pod(pod, 20, height - 4, WIDTH - 40))
            height += POD + 8
        if not found.nodes and not found.waiting:
            parts.append(_text(20, height + 16, found.problem or "The cluster has no node yet.", fill=SOFT))
            height += 36
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}"'
            f' height="{height:g}" role="img" font-family="system-ui, sans-serif" font-size="13">'
            f"<title>Nodes and pods of {escape(found.name)}</title><desc>{escape(in_words(found))}</desc>"
            f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1:g}" rx="10" fill="#ffffff"'
            ' stroke="#d0d7de"/>'
            f"{_text(20, 33, found.name, size=16, weight=600)}"
            f"{_text(WIDTH - 20, 33, f'{len(found.nodes)} nodes', anchor='end', fill=SOFT, size=12)}"
            f"{''.join(parts)}</svg>"
        )

    def _repr_mimebundle_(self, **_kwargs: Any) -> dict[str, str]:
        return still(self.svg(), in_words(self.found))


def _service(service: Service, y: float) -> str:
    words = f"Service {service.name} ({service.type}, {service.ports}): {service.ready} of {service.pods} pods ready"
    behind = "Network Load Balancer → " if service.host else ""
    return (
        f'<rect x="20" y="{y:g}" width="{WIDTH - 40}" height="30" rx="8" fill="#f4f5f7" stroke="#8c959f"/>'
        f"{_text(32, y + 20, behind + words, size=12)}"
    )


def _node(node: Node, number: int, x: float, y: float, width: float, tall: float) -> str:
    good = node.ready and not node.cordoned
    stroke, dash = ("#009e73", "") if good else ("#d55e00", ' stroke-dasharray="6 4"')
    mark = "✓" if good else "!"
    cpu = f"CPU {node.cpu_requested:.2f} of {node.cpu:.2f}"
    memory = f"memory {node.memory_requested:.0f} of {node.memory:.0f} MiB"
    out = [
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{tall:g}" rx="10" fill="#fff" stroke="{stroke}"'
        f' stroke-width="2"{dash}/>',
        _text(x + 12, y + 21, f"node {number}", weight=600),
        _text(x + width - 12, y + 21, f"{mark} {node.state}", size=11, anchor="end"),
        _text(x + 12, y + 38, node.kind, size=11, fill=SOFT),
        _text(x + 12, y + 54, f"{node.type} · {node.zone}", size=11, fill=SOFT),
        _text(x + 12, y + 72, cpu, size=11),
        _bar(x + 12, y + 77, width - 24, node.cpu_requested, node.cpu),
        _text(x + 12, y + 98, memory, size=11),
        _bar(x + 12, y + 103, width - 24, node.memory_requested, node.memory),
    ]
    out += [_pod(pod, x + 10, y + 118 + n * POD, width - 20) for n, pod in enumerate(node.pods)]
    return "".join(out)


def _bar(x: float, y: float, width: float, used: float, whole: float) -> str:
    share = min(used / whole, 1.0) if whole else 0.0
    place = f'x="{x:g}" y="{y:g}" height="7" rx="3"'
    return (
        f'<rect {place} width="{width:g}" fill="#fff" stroke="#8c959f"/>'
        f'<rect {place} width="{width * share:.1f}" fill="#0072b2"/>'
    )


def _pod(pod: Pod, x: float, y: float, width: float) -> str:
    kind = look(pod.status)
    dash = f' stroke-dasharray="{DASHES[kind]}"' if kind in DASHES else ""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="24" rx="6" fill="#fff" stroke="{COLOURS[kind]}"'
        f' stroke-width="2"{dash}/>'
        f"{_text(x + 8, y + 16, f'{glyph(pod.status)} {pod.known_as}', size=11, weight=600)}"
        f"{_text(x + width - 8, y + 16, pod.status, size=11, anchor='end')}"
    )


def _text(
    x: float, y: float, words: str, *, size: int = 13, weight: int = 400, anchor: str = "start", fill: str = "#1f2328"
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" fill="{fill}">'
        f"{escape(words)}</text>"
    )
