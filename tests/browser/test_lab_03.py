"""Lab 03 as a learner sees it: in JupyterLab, in a real browser, with nothing fetched from elsewhere."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.jupyter import Jupyter, Lab
from tests.browser.quiz import answer_by_keyboard

pytestmark = pytest.mark.browser


def test_the_whole_lab(server: Jupyter, page: Page) -> None:
    lab = Lab(page, server, "03-ecs-service.ipynb")
    expect(page.locator(".jp-RenderedMermaid img").first).to_be_visible()
    lab.run("## 9. Close the door")
    view = page.locator(".cv").first
    expect(view.locator(".cv-target[data-state=healthy]")).to_have_count(3)

    # A rolling update: the old tasks drain while the new ones answer. The picture follows the cell while it runs.
    lab.run("new_container =")
    with server.draining_lasts("tg-nginxdemos-hello"):
        lab.begin("### Your turn: 03b")
        expect(view.locator(".cv-target[data-state=draining]").first).to_be_attached()
        expect(view.locator(".cv-target[data-state=healthy]").first).to_be_attached()
        view.evaluate("node => node.scrollIntoView({block: 'center'})")
        lab.picture("lab-03-draining")
    lab.wait_ran()

    lab.run("## Clean up")
    expect(view.locator(".cv-target[data-state=unhealthy]")).to_have_count(1)  # the service to mend
    details = view.locator(".cv-task-head").first
    lab.reach(".cv")
    expect(view.get_by_role("button", name="Pause")).to_be_focused()
    page.keyboard.press("Tab")
    expect(details).to_be_focused()
    page.keyboard.press("Enter")
    expect(details).to_be_focused()  # JupyterLab has not taken the key to edit the cell
    expect(details).to_have_attribute("aria-expanded", "true")
    expect(view.locator(".cv-more").first).to_contain_text("public.ecr.aws/nginx/nginx:latest")
    view.evaluate("node => node.scrollIntoView({block: 'center'})")
    lab.picture("lab-03")
    expect(page.locator("img[src^='data:image/svg+xml']").first).to_be_attached()
    answer_by_keyboard(page, lab, server, 3)

    lab.finish()
    expect(view.locator(".cv-note")).to_contain_text("There is no cluster of this name")


def test_lab_00_opens_and_runs(server: Jupyter, page: Page) -> None:
    lab = Lab(page, server, "00-start-here.ipynb")
    expect(page.locator(".jp-RenderedMermaid img").first).to_be_visible()
    lab.finish()
    lab.picture("lab-00")
