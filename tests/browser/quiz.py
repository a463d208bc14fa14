"""Answer a lab's quiz as somebody without a mouse does."""

import json

from playwright.sync_api import Page, expect

from lab_helpers.quiz import questions
from tests.browser.jupyter import Jupyter, Lab
from tests.waiting import until


def answer_by_keyboard(page: Page, lab: Lab, server: Jupyter, number: int) -> None:
    """Choose the right answer of the first question, and find it noted in the learner's progress."""
    known = questions(number)
    right = next(place for place, choice in enumerate(known[0].choices) if choice.correct)
    quiz = page.locator(".quiz").first
    quiz.scroll_into_view_if_needed()
    question = quiz.locator(".quiz-question").first
    lab.reach(".quiz")
    expect(question.locator("input").first).to_be_focused()
    page.keyboard.press("Space")
    for _ in range(right):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(question.locator(".quiz-feedback")).to_contain_text("Right.")
    expect(quiz.locator(".quiz-score")).to_contain_text(f"1 of {len(known)} right")
    lab.picture(f"lab-{number:02d}-quiz")
    kept = server.lab_home / "progress.json"
    until(lambda: json.loads(kept.read_text(encoding="utf-8"))["quizzes"][f"{number:02d}"][known[0].id]["right"])
