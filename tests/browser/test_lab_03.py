"""Lab 03 as a learner sees it: in JupyterLab, in a real browser, with nothing fetched from elsewhere."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.jupyter import Jupyter, Lab
from tests.waiting import until

pytestmark = pytest.mark.browser


def test_the_whole_lab(server: Jupyter, page: Page) -> None:
    lab = Lab(page, server, "03-ecs-service.ipynb")
    expect(page.locator(".jp-RenderedMermaid img").first).to_be_visible(timeout=30_000)
    lab.run_all()

    view = page.locator(".cv").first
    expect(view.locator(".cv-task[data-status=RUNNING]").first).to_be_visible(timeout=90_000)
    view.scroll_into_view_if_needed()
    # The picture follows the cells while they run: three tasks, then two revisions side by side.
    expect(view.locator(".cv-target[data-state=healthy]")).to_have_count(3, timeout=60_000)
    view.evaluate("node => node.scrollIntoView({block: 'center'})")
    lab.picture("lab-03-light")
    lab.theme("JupyterLab Dark")
    lab.picture("lab-03-dark")
    lab.theme("JupyterLab Light")
    expect(view.locator(".cv-phase[data-phase=deploying]").first).to_be_visible(timeout=60_000)
    lab.picture("lab-03-deploying")

    lab.wait_ran(180)
    assert lab.problems() == []
    assert lab.elsewhere == []
    assert page.locator(".cv-wires").count() > 0
    expect(page.locator("img[src^='data:image/svg+xml']").first).to_be_attached()
    answer_by_keyboard(page, lab, server)


def answer_by_keyboard(page: Page, lab: Lab, server: Jupyter) -> None:
    quiz = page.locator(".quiz").first
    quiz.scroll_into_view_if_needed()
    question = quiz.locator(".quiz-question").first
    question.locator("input").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(question.locator(".quiz-feedback")).to_contain_text("Right.")
    expect(quiz.locator(".quiz-score")).to_contain_text("1 of 8 right")
    lab.picture("lab-03-quiz-light")
    lab.theme("JupyterLab Dark")
    lab.picture("lab-03-quiz-dark")
    lab.theme("JupyterLab Light")
    kept = server.lab_home / "progress.json"
    until(lambda: json.loads(kept.read_text(encoding="utf-8"))["quizzes"]["03"]["03-replace"]["right"])


def test_lab_00_opens_and_runs(server: Jupyter, page: Page) -> None:
    lab = Lab(page, server, "00-start-here.ipynb")
    expect(page.locator(".jp-RenderedMermaid img").first).to_be_visible(timeout=30_000)
    lab.run_all()
    lab.wait_ran(60)
    lab.picture("lab-00-light")
    lab.theme("JupyterLab Dark")
    lab.picture("lab-00-dark")
    lab.theme("JupyterLab Light")
    assert lab.problems() == []
    assert lab.elsewhere == []
