"""Lab 09 as a learner sees it: in JupyterLab, in a real browser, with nothing fetched from elsewhere."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.jupyter import Jupyter, Lab
from tests.browser.quiz import answer_by_keyboard

pytestmark = pytest.mark.browser


def test_the_whole_lab(server: Jupyter, page: Page) -> None:
    lab = Lab(page, server, "09-eks-node-groups.ipynb")
    diagrams = page.locator(".jp-RenderedMermaid img")
    expect(diagrams).to_have_count(3)
    for number, name in enumerate(("top", "nodes", "pods")):
        show(diagrams.nth(number))
        lab.picture(f"lab-09-{name}")

    # The picture has both nodes with their pods, and opens a pod by the keyboard.
    lab.run("## 8. ")
    view = page.locator(".nv").first
    expect(view.locator(".nv-node[data-good=true]")).to_have_count(2)
    expect(view.locator(".nv-pod[data-look=runs]")).to_have_count(2)
    view.locator(".nv-pod-head").first.focus()
    page.keyboard.press("Enter")
    expect(view.locator(".nv-more").first).to_contain_text("nginxdemos/hello")
    show(view)
    lab.picture("lab-09-view")

    # A pod that finds no node says why, for as long as nobody mends it.
    lab.run('lab.check("09a")')
    expect(view.locator(".nv-waiting .nv-why")).to_contain_text("Insufficient memory")
    expect(view.locator(".nv-service")).to_contain_text("Network Load Balancer")
    show(view)
    lab.picture("lab-09-waiting")

    lab.run("## Clean up")
    show(page.locator("img[src^='data:image/svg+xml']").last)
    lab.picture("lab-09-still")
    show(page.locator(".jp-OutputArea-output table", has_text="circuit breaker").first)
    lab.picture("lab-09-side-by-side")
    answer_by_keyboard(page, lab, server, 9)

    lab.finish()
    end = page.locator(".jp-OutputArea-output", has_text="Looked again").last
    expect(end).to_contain_text("EKS cluster")
    show(end)
    lab.picture("lab-09-end")


def show(what: Locator) -> None:
    what.evaluate("node => node.scrollIntoView({block: 'center'})")
