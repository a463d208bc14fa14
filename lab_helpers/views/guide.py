"""The decision guide as a widget: questions on one side, and what fits, with its reasons, as answers are given."""

from dataclasses import asdict
from html import escape
from typing import Any

import anywidget
import traitlets

from lab_helpers.guide import QUESTIONS, Advice, decide, outcomes
from lab_helpers.views.page import script, style, with_still


class GuideView(anywidget.AnyWidget):  # type: ignore[misc]
    """The decision guide.

    The page knows every way through the questions, so it answers without the kernel.
    """

    _esm = script("guide")
    _css = style("guide")
    questions = traitlets.List().tag(sync=True)
    advices = traitlets.List().tag(sync=True)
    ways = traitlets.Dict().tag(sync=True)

    def __init__(self) -> None:
        advices: list[Advice] = []
        ways: dict[str, int] = {}
        for given, advice in outcomes():
            if advice not in advices:
                advices.append(advice)
            ways[",".join(f"{name}={key}" for name, key in given.items())] = advices.index(advice)
        super().__init__(
            questions=[asdict(question) for question in QUESTIONS],
            advices=[{"title": one.title, "rows": one.rows()} for one in advices],
            ways=ways,
        )

    def text(self) -> str:
        """The questions in words."""
        lines = ['Answer the questions, or ask in code: lab.guide(work="queue")']
        for question in QUESTIONS:
            lines.append(f"{question.id}: {question.text}")
            lines += [f"  {option.key:9} {option.text}" for option in question.options]
        return "\n".join(lines)

    def html(self) -> str:
        """For a page without a kernel: what each way comes to, the shortest way first."""
        shown: dict[str, Advice] = {}
        for _, advice in outcomes():
            shown.setdefault(advice.title, advice)
        rows = "".join(
            f'<tr><th scope="row" style="text-align:left">{escape(one.title)}</th>'
            f'<td style="text-align:left">{escape(" ".join(one.why))}</td></tr>'
            for one in shown.values()
        )
        first = f"<p>{escape(decide().title)} fits when nothing special is asked for.</p>"
        return f"<div data-still>{first}<table><caption>What the guide can advise</caption>{rows}</table></div>"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return with_still(super()._repr_mimebundle_(**kwargs), self.text(), self.html())
