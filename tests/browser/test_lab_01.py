"""Lab 01 as a learner sees it: the layers of two images, a container's page, and nothing fetched from elsewhere."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.jupyter import Jupyter, Lab
from tests.browser.quiz import answer_by_keyboard

pytestmark = pytest.mark.browser


def test_the_whole_lab(server: Jupyter, page: Page) -> None:
    lab = Lab(page, server, "01-docker-basics.ipynb")
    diagrams = page.locator(".jp-RenderedMermaid img")
    expect(diagrams).to_have_count(6)
    lab.picture("lab-01-top")
    lab.run("## Clean up")

    for number, name in ((1, "system"), (2, "machines"), (3, "registries"), (4, "way"), (5, "map")):
        show(page, f".jp-RenderedMermaid >> nth={number}")
        lab.picture(f"lab-01-{name}")
    look_at_the_layers(page, lab)
    for words, name in (("COPY squares.txt", "build"), ("127.0.0.1:", "containers"), ("EC2 instance", "measured")):
        output = page.locator(".jp-OutputArea-output table", has_text=words).first
        output.evaluate("node => node.scrollIntoView({block: 'center'})")
        lab.picture(f"lab-01-{name}")
    answer_by_keyboard(page, lab, server, 1)

    lab.finish()
    report = page.locator(".jp-OutputArea-output", has_text="Looked again").last
    expect(report).to_contain_text("web:1")
    report.scroll_into_view_if_needed()
    lab.picture("lab-01-end")


def show(page: Page, selector: str) -> None:
    page.locator(selector).evaluate("node => node.scrollIntoView({block: 'center'})")


def look_at_the_layers(page: Page, lab: Lab) -> None:
    view = page.locator(".yv").first
    expect(view.locator(".yv-stack")).to_have_count(2)
    expect(view.get_by_role("status")).to_contain_text("sharing saves")
    shared = view.locator(".yv-stack").first.get_by_role("button", name="shared layer B")
    shared.focus()
    # The same layer lights up in the other image too.
    expect(view.locator(".yv-layer[data-hot=true]")).to_have_count(2)
    page.keyboard.press("Enter")
    expect(shared).to_have_attribute("aria-expanded", "true")
    expect(view.locator(".yv-more:visible")).to_contain_text("COPY squares.txt .")
    view.evaluate("node => node.scrollIntoView({block: 'center'})")
    lab.picture("lab-01-layers")
    shared.focus()
    page.keyboard.press("Space")
    expect(shared).to_have_attribute("aria-expanded", "false")
