"""Lab 12 as a learner sees it: the guide answered by keyboard, and the system that the solutions build, drawn."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.jupyter import Jupyter, Lab
from tests.browser.quiz import answer_by_keyboard

pytestmark = pytest.mark.browser


def test_the_whole_lab(server: Jupyter, page: Page) -> None:
    lab = Lab(page, server, "12-capstone.ipynb")
    picture = page.locator(".jp-RenderedMermaid img")
    expect(picture).to_have_count(1)
    show(picture)
    lab.picture("lab-12-top")

    lab.run("The guide is a table of rules")
    guide = page.locator(".guide")
    answer_the_guide(page, guide)
    show(guide)
    lab.picture("lab-12-guide")

    lab.run("## Clean up")
    for words, name in (("work comes by", "advice"), ("8 public addresses", "plan"), ("Fargate with ARM", "workers")):
        show(page.locator(".jp-OutputArea-output table", has_text=words).first)
        lab.picture(f"lab-12-{name}")
    check = page.locator(".jp-OutputArea-output", has_text="There is no service of Express Mode yet")
    show(check.first)
    lab.picture("lab-12-check")
    answer_by_keyboard(page, lab, server, 12)

    lab.finish()


def answer_the_guide(page: Page, guide: Locator) -> None:
    """As somebody without a mouse does; what fits is in a live region, and questions that do not matter are gone."""
    said = guide.get_by_role("status")
    expect(said).to_have_text("ECS Express Mode")
    expect(guide.locator("fieldset:visible")).to_have_count(6)
    guide.get_by_role("radio", name="It answers HTTP requests").focus()
    page.keyboard.press("ArrowDown")
    expect(said).to_have_text("ECS on Fargate")
    expect(guide.get_by_role("group", name="How much do you want to set up yourself?")).to_have_count(0)
    guide.get_by_role("radio", name="No", exact=True).last.focus()
    page.keyboard.press("ArrowDown")
    expect(said).to_have_text("ECS on Fargate Spot")
    guide.get_by_role("radio", name="No, or I do not know").focus()
    page.keyboard.press("ArrowDown")
    expect(said).to_have_text("EKS with a managed node group")
    guide.get_by_role("button", name="Start again").focus()
    page.keyboard.press("Enter")
    expect(said).to_have_text("ECS Express Mode")
    expect(guide.get_by_role("radio", name="No, or I do not know")).to_be_focused()


def show(what: Locator) -> None:
    what.evaluate("node => node.scrollIntoView({block: 'center'})")
