"""Lab 02 as a learner sees it: in JupyterLab, in a real browser, with nothing fetched from elsewhere."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.jupyter import Jupyter, Lab
from tests.browser.quiz import answer_by_keyboard

pytestmark = pytest.mark.browser


def test_the_whole_lab(server: Jupyter, page: Page) -> None:
    lab = Lab(page, server, "02-ecs-cluster.ipynb")
    diagrams = page.locator(".jp-RenderedMermaid img")
    expect(diagrams).to_have_count(4)
    lab.picture("lab-02-top")
    lab.run("## Clean up")

    for number, name in ((1, "ec2"), (2, "fargate"), (3, "roles")):
        show(page, f".jp-RenderedMermaid >> nth={number}")
        lab.picture(f"lab-02-{name}")
    table = page.locator(".jp-OutputArea-output table", has_text="DemoTaskRole").first
    expect(table).to_contain_text("create a log group")
    table.evaluate("node => node.scrollIntoView({block: 'center'})")
    lab.picture("lab-02-who-may")
    outcome = page.locator(".jp-OutputArea-output", has_text="There is no cluster called PracticeCluster yet.").first
    outcome.evaluate("node => node.scrollIntoView({block: 'center'})")
    lab.picture("lab-02-exercise")
    answer_by_keyboard(page, lab, server, 2)

    lab.finish()
    expect(page.locator(".jp-OutputArea-output", has_text="Looked again").last).to_contain_text("capacity provider")
    page.locator(".jp-OutputArea-output", has_text="Looked again").last.scroll_into_view_if_needed()
    lab.picture("lab-02-end")


def show(page: Page, selector: str) -> None:
    page.locator(selector).evaluate("node => node.scrollIntoView({block: 'center'})")
