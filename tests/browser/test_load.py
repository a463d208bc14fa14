"""A load as a learner sees it: a bar that moves, a rate to change by keyboard, a button that stops it."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, expect

from tests.browser.jupyter import Jupyter, Lab

pytestmark = pytest.mark.browser

START = """
from lab_helpers import Lab

lab = Lab(0)
lab.start()
"""
SERVER = """
import itertools, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

counted = itertools.count(1)

class Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        number = next(counted)
        time.sleep(0.01 + number % 10 / 200)
        self.send_response(503 if number % 9 == 0 else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
threading.Thread(target=server.serve_forever, daemon=True).start()
"""
LOAD = """
load = lab.load(f"http://127.0.0.1:{server.server_address[1]}/shop", rps=20, minutes=240)
load
"""


def test_a_load_is_watched_changed_and_stopped(server: Jupyter, page: Page) -> None:
    cells = [new_code_cell(source.strip()) for source in (START, SERVER, LOAD, "load.report")]
    # Without a kernel's name JupyterLab asks for one.
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=metadata), server.folder / "load.ipynb")
    lab = Lab(page, server, "load.ipynb")
    lab.run("load.report")
    view = page.locator(".lv").first
    expect(view.locator(".lv-phase")).to_contain_text("sending")
    bar = view.get_by_role("progressbar", name="Progress of the load")
    expect(bar).to_have_attribute("aria-valuenow", re.compile("[1-9]"))
    expect(view.locator(".lv-failures")).to_contain_text("503 Service Unavailable")

    field = view.get_by_label("Requests a second")
    field.fill("60")
    field.press("Enter")
    expect(view.locator(".lv-under span").last).to_have_text(re.compile(r"[3-9]\d a second now"))
    lab.picture("load")
    field.fill("-1")  # the browser itself refuses to send this
    field.press("Enter")
    expect(field).to_have_js_property("validity.valid", False)

    view.get_by_role("button", name="Stop").focus()
    page.keyboard.press("Enter")
    expect(view.locator(".lv-phase")).to_contain_text("stopped")
    expect(view.locator(".lv-form")).to_be_hidden()
    lab.run()
    report = page.locator(".jp-RenderedHTMLCommon", has_text="Load: GET").last
    expect(report).to_contain_text("20, then 60 requests a second")
    report.scroll_into_view_if_needed()
    lab.picture("load-report")
    assert lab.elsewhere == []
