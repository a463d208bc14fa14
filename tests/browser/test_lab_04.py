"""Lab 04 as a learner sees it: the chart moves while real load makes the service grow and shrink."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.jupyter import Jupyter, Lab
from tests.browser.quiz import answer_by_keyboard

pytestmark = pytest.mark.browser


def scale_in(server: Jupyter, *, suspended: bool) -> None:
    """While it is suspended, tasks that came stay, also after the load."""
    server.cloud.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId="service/DemoCluster/shop",
        ScalableDimension="ecs:service:DesiredCount",
        SuspendedState={"DynamicScalingInSuspended": suspended},
    )


def test_the_whole_lab(server: Jupyter, page: Page) -> None:
    lab = Lab(page, server, "04-ecs-autoscaling.ipynb")
    diagrams = page.locator(".jp-RenderedMermaid img")
    expect(diagrams).to_have_count(2)
    lab.picture("lab-04-top")

    # The chart follows the cells: load, more tasks; no load, one task and an alarm that wants still fewer.
    lab.run("chart = lab.chart")
    scale_in(server, suspended=True)
    lab.run("report = load.wait()")
    view = page.locator(".sv").first
    expect(view.locator(".sv-activities")).to_contain_text(re.compile(r"Setting desired count to [2-5]\."))
    expect(view.locator(".sv-count")).to_contain_text(re.compile(r"([2-5]) of \1 tasks running"))
    view.evaluate("node => node.scrollIntoView({block: 'center'})")
    lab.picture("lab-04-out")
    scale_in(server, suspended=False)
    lab.run("### Your turn: 04a")
    expect(view.locator(".sv-count")).to_contain_text("1 of 1 tasks running")
    expect(view.locator(".sv-alarms li[data-state=ALARM]")).to_contain_text("AlarmLow")

    lab.run("## Clean up")
    view.evaluate("node => node.scrollIntoView({block: 'center'})")
    lab.picture("lab-04-end")
    still = page.locator(".jp-OutputArea-output img[src^='data:image/svg+xml']").first
    still.evaluate("node => node.scrollIntoView({block: 'center'})")
    lab.picture("lab-04-still")

    pause = view.get_by_role("button", name="Pause")
    pause.focus()
    page.keyboard.press("Enter")
    expect(view.locator(".sv-pulse")).to_have_text("not watching")
    answer_by_keyboard(page, lab, server, 4)

    lab.finish()
    gone = page.locator(".jp-OutputArea-output", has_text="Looked again").last
    expect(gone).to_contain_text("scalable target")
