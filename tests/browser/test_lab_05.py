"""Lab 05 as a learner sees it: in JupyterLab, in a real browser, with nothing fetched from elsewhere."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.jupyter import Jupyter, Lab
from tests.browser.quiz import answer_by_keyboard

pytestmark = pytest.mark.browser


def test_the_whole_lab(server: Jupyter, page: Page) -> None:
    lab = Lab(page, server, "05-ec2-capacity.ipynb")
    diagrams = page.locator(".jp-RenderedMermaid img")
    expect(diagrams).to_have_count(4)
    for number, name in enumerate(("top", "joining", "placement", "two-ways")):
        show(diagrams.nth(number))
        lab.picture(f"lab-05-{name}")

    # The picture knows which task of an instance is which target, and follows the draining of an instance.
    lab.run("## 5. ")
    view = page.locator(".cv").first
    expect(view.locator(".cv-target[data-state=healthy]")).to_have_count(4)
    lab.run("leaving = ")
    with server.draining_lasts("tg-hello-ec2"):
        lab.begin("## 8. ")
        expect(view.locator(".cv-target[data-state=draining]").first).to_be_attached()
        show(view)
        lab.picture("lab-05-draining")
    lab.wait_ran()

    lab.run("## Clean up")
    for words, name in (
        ("MiB registered", "capacity"),
        ("RESOURCE:ENI", "reasons"),
        ("fuller instance", "strategies"),
        ("a task without a place", "ways"),
        ("Managed Instances", "choices"),
    ):
        table = page.locator(".jp-OutputArea-output table", has_text=words).first
        show(table)
        lab.picture(f"lab-05-{name}")
    show(page.locator("img[src^='data:image/svg+xml']").last)
    lab.picture("lab-05-still")
    answer_by_keyboard(page, lab, server, 5)

    lab.finish()
    end = page.locator(".jp-OutputArea-output", has_text="Looked again").last
    expect(end).to_contain_text("Auto Scaling group")
    show(end)
    lab.picture("lab-05-end")


def show(what: Locator) -> None:
    what.evaluate("node => node.scrollIntoView({block: 'center'})")
