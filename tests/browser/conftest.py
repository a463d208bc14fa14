import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.jupyter import LONG, Jupyter, jupyter

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)

expect.set_options(timeout=LONG)


@pytest.fixture(scope="session")
def base_url() -> str:
    """In place of a plugin's fixture, which warns."""
    return ""


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Without a browser of the system Playwright takes its own.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1400, "height": 1000}, reduced_motion="reduce")
    context.set_default_timeout(LONG)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="package", params=["light", pytest.param("dark", marks=pytest.mark.matrix)])
def jupyterlab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    with jupyter(tmp_path_factory.mktemp("jupyter"), request.param) as server:
        yield server


@pytest.fixture(scope="module")
def server(jupyterlab: Jupyter) -> Iterator[Jupyter]:
    """With no kernel, no cloud and no progress: what an earlier file has left is gone."""
    yield jupyterlab
    jupyterlab.clear()
