"""Lab 08 as a learner sees it: in JupyterLab, in a real browser, with nothing fetched from elsewhere."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.jupyter import Jupyter, Lab
from tests.waiting import until

pytestmark = pytest.mark.browser


def test_the_whole_lab(server: Jupyter, page: Page) -> None:
    lab = Lab(page, server, "08-ecr.ipynb")
    expect(page.locator(".jp-RenderedMermaid img")).to_have_count(2, timeout=30_000)
    page.locator(".jp-RenderedMermaid img").first.scroll_into_view_if_needed()
    lab.both_themes("lab-08-picture")
    lab.run_until("## Clean up")
    lab.wait_ran(240)
    assert lab.problems() == []
    page.locator(".jp-RenderedMermaid img").last.evaluate("node => node.scrollIntoView({block: 'center'})")
    lab.both_themes("lab-08-push")

    picture = page.locator(".jp-OutputArea-output", has_text="sharing saves").first
    expect(picture).to_contain_text("2 images with 6 layers, 4 of them different")
    picture.evaluate("node => node.scrollIntoView({block: 'center'})")
    lab.both_themes("lab-08-layers")
    check = page.locator(".jp-OutputArea-output", has_text="The repository's policy still denies the execution role")
    check.first.evaluate("node => node.scrollIntoView({block: 'center'})")
    lab.both_themes("lab-08-check")
    answer_by_keyboard(page, lab, server)

    lab.run_current()
    lab.wait_ran(60)
    lab.command("notebook:run-all-below")
    lab.wait_ran(60)
    assert lab.problems() == []
    assert lab.elsewhere == []


def answer_by_keyboard(page: Page, lab: Lab, server: Jupyter) -> None:
    quiz = page.locator(".quiz").first
    quiz.scroll_into_view_if_needed()
    question = quiz.locator(".quiz-question").first
    question.locator("input").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(question.locator(".quiz-feedback")).to_contain_text("Right.")
    expect(quiz.locator(".quiz-score")).to_contain_text("1 of 8 right")
    lab.both_themes("lab-08-quiz")
    kept = server.lab_home / "progress.json"
    until(lambda: json.loads(kept.read_text(encoding="utf-8"))["quizzes"]["08"]["08-digest"]["right"])
