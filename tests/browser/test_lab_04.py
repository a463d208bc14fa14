"""Lab 04 as a learner sees it: the chart moves while real load makes the service grow and shrink."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.jupyter import Jupyter, Lab, jupyter
from tests.browser.quiz import answer_by_keyboard

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    with jupyter(tmp_path_factory.mktemp("jupyter"), speed=60) as server:
        yield server


def test_the_whole_lab(server: Jupyter, page: Page) -> None:
    lab = Lab(page, server, "04-ecs-autoscaling.ipynb")
    diagrams = page.locator(".jp-RenderedMermaid img")
    expect(diagrams).to_have_count(2, timeout=30_000)
    lab.both_themes("lab-04-top")
    lab.run_until("## Clean up")

    # The chart follows the cells while they run: load, alarm, more tasks.
    view = page.locator(".sv").first
    expect(view.locator(".sv-alarms li[data-state=ALARM]").first).to_contain_text("AlarmHigh", timeout=120_000)
    view.evaluate("node => node.scrollIntoView({block: 'center'})")
    expect(view.locator(".sv-activities")).to_contain_text(
        re.compile(r"Setting desired count to [2-5]\."), timeout=60_000
    )
    expect(view.locator(".sv-count")).to_contain_text(re.compile(r"([2-5]) of \1 tasks running"), timeout=60_000)
    lab.both_themes("lab-04-out")

    lab.wait_ran(300)
    assert lab.problems() == []
    view.evaluate("node => node.scrollIntoView({block: 'center'})")
    lab.both_themes("lab-04-end")
    still = page.locator(".jp-OutputArea-output img[src^='data:image/svg+xml']").first
    still.evaluate("node => node.scrollIntoView({block: 'center'})")
    lab.both_themes("lab-04-still")

    pause = view.get_by_role("button", name="Pause")
    pause.focus()
    page.keyboard.press("Enter")
    expect(view.locator(".sv-pulse")).to_have_text("not watching")
    answer_by_keyboard(page, lab, server, 4)

    lab.run_current()
    lab.command("notebook:run-all-below")
    lab.wait_ran(90)
    gone = page.locator(".jp-OutputArea-output", has_text="Looked again").last
    expect(gone).to_contain_text("scalable target")
    assert lab.problems() == []
    assert lab.elsewhere == []
