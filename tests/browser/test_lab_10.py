"""Lab 10 as a learner sees it: in JupyterLab, in a real browser, with nothing fetched from elsewhere."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.jupyter import Jupyter, Lab
from tests.browser.quiz import answer_by_keyboard

pytestmark = pytest.mark.browser


def test_the_whole_lab(server: Jupyter, page: Page) -> None:
    lab = Lab(page, server, "10-eks-storage.ipynb")
    diagrams = page.locator(".jp-RenderedMermaid img")
    expect(diagrams).to_have_count(3)
    for number, name in enumerate(("top", "binding", "zones")):
        show(diagrams.nth(number))
        lab.picture(f"lab-10-{name}")
    lab.run("## Clean up")
    for words, name in (
        ("WaitForFirstConsumer", "classes"),
        ("CSIVolumeName", "tags"),
        ("fsx.openzfs.csi.aws.com", "kinds"),
    ):
        show(page.locator(".jp-OutputArea-output table", has_text=words).last)
        lab.picture(f"lab-10-{name}")
    show(page.locator(".jp-OutputArea-output", has_text="The claim reports still waits").last)
    lab.picture("lab-10-check")
    answer_by_keyboard(page, lab, server, 10)

    lab.finish()
    end = page.locator(".jp-OutputArea-output", has_text="Looked again").last
    expect(end).to_contain_text("EKS cluster")
    show(end)
    lab.picture("lab-10-end")


def show(what: Locator) -> None:
    what.evaluate("node => node.scrollIntoView({block: 'center'})")
