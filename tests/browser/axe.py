"""axe-core judges the page: what the course shows, and not JupyterLab around it."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# JupyterLab's menus, toolbars and editors are its makers' work, and no lab can mend them: judged are the texts of a lab
# and the outputs of its cells, with every view, quiz, table and picture in them.
OURS = (".jp-OutputArea-output", ".jp-MarkdownOutput")
# The pages inside an iframe belong to the images that learners run; the iframe itself is judged.
OPTIONS: dict[str, Any] = {"resultTypes": ["violations"], "iframes": False, "preload": False}
GRAVE = {"serious", "critical"}
NAMED = 5  # elements that are named for each rule


def violations(page: Page, *selectors: str) -> list[str]:
    """Each rule of axe that is gravely broken in what is ours, with the elements and the remedy."""
    response = Axe().run(page, {"include": [[one] for one in selectors or OURS]}, OPTIONS).response
    return [_told(one) for one in response["violations"] if one["impact"] in GRAVE]


def _told(violation: dict[str, Any]) -> str:
    nodes = violation["nodes"]
    lines = [f"{violation['id']} ({violation['impact']}): {violation['help']}. {len(nodes)} of them."]
    for node in nodes[:NAMED]:
        remedy = " ".join(node["failureSummary"].split())
        lines += [f"  at {' '.join(map(str, node['target']))}", f"     {node['html'][:200]}", f"     {remedy}"]
    return "\n".join(lines)
