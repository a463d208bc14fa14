"""Lab 11 as a learner sees it: the service's page comes through Jupyter's own proxy, and nothing from elsewhere."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.jupyter import Jupyter, Lab, jupyter
from tests.browser.quiz import answer_by_keyboard

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=["light", pytest.param("dark", marks=pytest.mark.matrix)])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """As when Jupyter is on another machine: the browser reaches Jupyter only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_PROXY_BASE", "/")
        with jupyter(tmp_path_factory.mktemp("jupyter"), request.param) as server:
            yield server


def test_the_whole_lab(server: Jupyter, page: Page) -> None:
    lab = Lab(page, server, "11-app-runner.ipynb")
    diagrams = page.locator(".jp-RenderedMermaid img")
    expect(diagrams).to_have_count(3)
    for number, name in enumerate(("top", "states", "canary")):
        show(diagrams.nth(number))
        lab.picture(f"lab-11-{name}")

    lab.run("### What has App Runner made")
    frame = page.locator(".jp-OutputArea-output iframe")
    assert (frame.get_attribute("src") or "").startswith("/proxy/")
    expect(page.frame_locator(".jp-OutputArea-output iframe").get_by_role("heading").first).to_contain_text("nginx")
    show(frame)
    lab.picture("lab-11-page")

    # The chart follows the crowd.
    lab.run("Now the crowd goes home.")
    view = page.locator(".sv").first
    expect(view.locator(".sv-count")).to_contain_text("between 1 and 4")
    expect(view.locator(".sv-activities")).to_contain_text("ROLLBACK_SUCCEEDED")
    show(view)
    lab.picture("lab-11-crowd")
    show(page.locator(".jp-OutputArea-output table", has_text="memory of").first)
    lab.picture("lab-11-costs")

    lab.run("### A canary")
    cluster = page.locator(".cv").first
    expect(cluster).to_contain_text("HTTPS 443")
    show(cluster)
    lab.picture("lab-11-express")

    lab.run("## Clean up")
    for words, name in (
        ("USD per month", "monthly"),
        ("alarm for the rollback", "parts"),
        ("helper containers", "ways"),
    ):
        show(page.locator(".jp-OutputArea-output table", has_text=words).last)
        lab.picture(f"lab-11-{name}")
    show(page.locator(".jp-OutputArea-output img[src^='data:image/svg+xml']").last)
    lab.picture("lab-11-still")
    answer_by_keyboard(page, lab, server, 11)

    lab.finish()
    end = page.locator(".jp-OutputArea-output", has_text="Looked again").last
    expect(end).to_contain_text("App Runner service")
    show(end)
    lab.picture("lab-11-end")


def show(what: Locator) -> None:
    what.evaluate("node => node.scrollIntoView({block: 'center'})")
