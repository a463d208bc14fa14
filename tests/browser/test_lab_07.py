"""Lab 07 as a learner sees it: events on their way, a queue with its workers, the trap of zero."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.jupyter import Jupyter, Lab
from tests.browser.quiz import answer_by_keyboard

pytestmark = pytest.mark.browser


def show(lab: Lab, place: Locator, name: str) -> None:
    place.evaluate("node => node.scrollIntoView({block: 'center'})")
    lab.picture(f"lab-07-{name}")


def scale_in(server: Jupyter, *, suspended: bool) -> None:
    """While it is suspended, the workers that came stay."""
    server.cloud.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId="service/DemoCluster/workers",
        ScalableDimension="ecs:service:DesiredCount",
        SuspendedState={"DynamicScalingInSuspended": suspended},
    )


def test_the_whole_lab(server: Jupyter, page: Page) -> None:
    lab = Lab(page, server, "07-event-driven-tasks.ipynb")
    diagrams = page.locator(".jp-RenderedMermaid img")
    expect(diagrams).to_have_count(6)
    lab.picture("lab-07-top")
    for number in range(6):
        show(lab, diagrams.nth(number), f"diagram-{number}")

    # An upload, up to the object that its task has written
    lab.run("### Your turn: 07a")
    views = page.locator(".pv")
    upload = views.first
    for words in ("rule matched", "target called", "task RUNNING", "object written", "task STOPPED"):
        expect(upload.locator(".pv-stage .pv-title", has_text=words)).to_have_count(1)
    expect(upload.locator(".pv-stage[data-state=done] .pv-name", has_text="results/poem.txt")).to_have_count(1)
    expect(upload.locator(".pv-sr")).to_contain_text("uploads/poem.txt: task STOPPED")
    more = upload.locator("summary")
    more.focus()
    page.keyboard.press("Enter")
    expect(upload.locator(".pv-more li", has_text="event came")).to_be_visible()
    show(lab, upload, "upload")

    # Two dead letters, each with its reason
    lab.run("### Your turn: 07b")
    rush = views.nth(1)
    expect(rush.locator(".pv-stage[data-state=kept]")).to_have_count(2)
    expect(rush.locator(".pv-stage[data-state=failed]", has_text="failed after 3 retries")).to_contain_text("MEMORY")
    expect(rush.locator(".pv-stage[data-state=failed]", has_text="NO_PERMISSIONS")).to_have_count(1)
    expect(upload.locator(".pv-pulse")).to_have_text("not watching")  # a newer view has taken over
    show(lab, rush, "rush")

    # The queue and its workers
    lab.run("## 6. A task stops")
    scale_in(server, suspended=True)
    queue = views.nth(3)
    expect(queue.locator(".pv-slots i[data-up=true]")).to_have_count(4)
    expect(queue.locator(".pv-queue", has_text="orders-dead")).to_contain_text("0 waiting")
    show(lab, views.nth(2), "schedule")
    show(lab, queue, "queue")
    scale_in(server, suspended=False)

    lab.run("## Clean up")
    stopped = views.nth(4)
    expect(stopped.locator(".pv-journey")).to_have_count(1)
    show(lab, stopped, "stopped")
    show(lab, page.locator(".sv").first, "zero")
    for number, still in enumerate(page.locator(".jp-OutputArea-output img[src^='data:image/svg+xml']").all()):
        show(lab, still, f"still-{number}")

    again = stopped.get_by_role("button", name="Pause")
    again.focus()
    page.keyboard.press("Enter")
    expect(stopped.locator(".pv-pulse")).to_have_text("not watching")
    answer_by_keyboard(page, lab, server, 7)

    lab.finish()
    gone = page.locator(".jp-OutputArea-output", has_text="Looked again").last
    expect(gone).to_contain_text("schedule group")
