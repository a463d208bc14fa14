"""Lab 08 as a learner sees it: in JupyterLab, in a real browser, with nothing fetched from elsewhere."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.jupyter import Jupyter, Lab
from tests.browser.quiz import answer_by_keyboard

pytestmark = pytest.mark.browser


def test_the_whole_lab(server: Jupyter, page: Page) -> None:
    lab = Lab(page, server, "08-ecr.ipynb")
    expect(page.locator(".jp-RenderedMermaid img")).to_have_count(2)
    page.locator(".jp-RenderedMermaid img").first.scroll_into_view_if_needed()
    lab.picture("lab-08-picture")
    lab.run("## Clean up")
    page.locator(".jp-RenderedMermaid img").last.evaluate("node => node.scrollIntoView({block: 'center'})")
    lab.picture("lab-08-push")

    picture = page.locator(".jp-OutputArea-output", has_text="sharing saves").first
    expect(picture).to_contain_text("2 images with 6 layers, 4 of them different")
    picture.evaluate("node => node.scrollIntoView({block: 'center'})")
    lab.picture("lab-08-layers")
    check = page.locator(".jp-OutputArea-output", has_text="The repository's policy still denies the execution role")
    check.first.evaluate("node => node.scrollIntoView({block: 'center'})")
    lab.picture("lab-08-check")
    answer_by_keyboard(page, lab, server, 8)

    lab.finish()
