"""Lab 06 as a learner sees it: in JupyterLab, in a real browser, with nothing fetched from elsewhere."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.jupyter import Jupyter, Lab
from tests.browser.quiz import answer_by_keyboard

pytestmark = pytest.mark.browser


def test_the_whole_lab(server: Jupyter, page: Page) -> None:
    lab = Lab(page, server, "06-roles-and-storage.ipynb")
    diagrams = page.locator(".jp-RenderedMermaid img")
    expect(diagrams).to_have_count(4)
    for number, name in enumerate(("top", "credentials", "choice", "zones")):
        show(diagrams.nth(number))
        lab.picture(f"lab-06-{name}")
    lab.run("## Clean up")
    for words, name in (
        ("us-east-1a", "targets"),
        ("when the task ends", "places"),
    ):
        table = page.locator(".jp-OutputArea-output table", has_text=words).first
        show(table)
        lab.picture(f"lab-06-{name}")
    for words, name in (
        ("failed to validate logger args", "reasons"),
        ("iam:PassRole on resource", "refused"),
        ("written in the second zone", "shared"),
    ):
        show(page.locator(".jp-OutputArea-output", has_text=words).first)
        lab.picture(f"lab-06-{name}")
    inside = page.locator(".jp-OutputArea-output", has_text="I am inside")
    expect(inside.first).to_be_attached()
    answer_by_keyboard(page, lab, server, 6)

    lab.finish()
    end = page.locator(".jp-OutputArea-output", has_text="Looked again").last
    for kind in ("file system", "secret", "parameter", "bucket", "role"):
        expect(end).to_contain_text(kind)
    show(end)
    lab.picture("lab-06-end")


def show(what: Locator) -> None:
    what.evaluate("node => node.scrollIntoView({block: 'center'})")
