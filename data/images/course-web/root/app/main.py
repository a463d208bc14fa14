"""The course's own program: it shows its task and, when asked, works, grows, waits, fails or falls ill.

    /                     a page about this task             /json     the same as JSON
    /burn?ms=20           uses that much processor time      /slow?seconds=1   answers late
    /hold?mb=100          holds that much memory (0: none)   /fail?code=1      ends with that exit code
    /health               200, or 503 after /health/off; /health/on makes it well again

Environment: PORT (where to listen), WEB_VERSION, WEB_COLOR (blue, orange, green, purple), WEB_MESSAGE,
WEB_BROKEN (``exit``: ends at once; ``health``: answers 503 to everything).
"""

import os
import sys
import time

import task
from webserver import Response, Server, access_line, escape, say

VERSION = os.environ.get("WEB_VERSION", "1")
COLORS = {
    "blue": ("#0072b2", "#56b4e9"),
    "orange": ("#b54a00", "#e69f00"),
    "green": ("#00704f", "#2fbf8f"),
    "purple": ("#8a3a6b", "#cc79a7"),
}
STARTED = time.time()

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Version {version}</title>
<style>
:root {{ color-scheme: light dark; --ink: #1b1f24; --paper: #f6f7f9; --card: #fff; --line: #d6dae0; --soft: #59636e;
  --accent: {light}; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #e8ebee; --paper: #14171a; --card: #1e2226; --line: #363c43; --soft: #a5aeb8; --accent: {dark}; }}
}}
* {{ box-sizing: border-box; }}
body {{ margin: 0; padding: 2rem 1.25rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }}
main {{ max-width: 42rem; margin: 0 auto; background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
  overflow: hidden; }}
header {{ padding: 1.25rem 2rem; border-bottom: .4rem solid var(--accent); }}
h1 {{ margin: 0; font-size: 2rem; color: var(--accent); }}
header p {{ margin: .25rem 0 0; color: var(--soft); }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: .5rem 1.5rem; margin: 0; padding: 1.5rem 2rem; }}
dt {{ color: var(--soft); }}
dd {{ margin: 0; font-family: ui-monospace, Consolas, monospace; overflow-wrap: anywhere; }}
ul {{ margin: 0; padding: 1rem 2rem 1.5rem; list-style: none; display: flex; flex-wrap: wrap; gap: .5rem;
  border-top: 1px solid var(--line); }}
a {{ display: inline-block; padding: .3rem .75rem; border: 1px solid var(--line); border-radius: 1rem;
  color: inherit; text-decoration: none; font-size: .875rem; }}
a:hover, a:focus-visible {{ border-color: var(--accent); outline: 2px solid var(--accent); outline-offset: 1px; }}
</style>
</head>
<body>
<main>
<header><h1>Version {version}</h1><p>{message}</p></header>
<dl>{rows}</dl>
<ul aria-label="What this program can do">
<li><a href="{up}json">json</a></li>
<li><a href="{up}burn?ms=200">burn 200 ms</a></li>
<li><a href="{up}hold?mb=100">hold 100 MB</a></li>
<li><a href="{up}slow?seconds=2">answer in 2 s</a></li>
<li><a href="{up}health">health</a></li>
</ul>
</main>
</body>
</html>
"""


class Program:
    """What changes while it runs."""

    def __init__(self):
        self.healthy = os.environ.get("WEB_BROKEN") != "health"
        self.broken = not self.healthy
        self.held = b""
        self.served = 0

    def app(self, request):
        """Answer one request and log it."""
        begun = time.monotonic()
        self.served += 1
        response = self.answer(request)
        say(access_line(request, response.status, time.monotonic() - begun))
        return response

    def answer(self, request):
        path = request.path.rstrip("/") or "/"
        if path in ("/health/off", "/health/on"):
            self.healthy = path == "/health/on"
            self.broken = False
            return plain(f"health checks are now answered with {200 if self.healthy else 503}")
        if path == "/health" or self.broken:
            return plain("healthy") if self.healthy else plain("unhealthy", 503)
        try:
            return self.act(path, request)
        except ValueError:
            return plain("that is not a number", 400)

    def act(self, path, request):
        if path == "/burn":
            wanted = min(max(float(request.value("ms", "20")), 0.0), 60_000.0)
            burn(wanted / 1000)
            return plain(f"used {wanted:g} ms of processor time")
        if path == "/hold":
            wanted = max(int(request.value("mb", "100")), 0)
            self.held = b""
            self.held = b"x" * (wanted * 1024 * 1024)
            return plain(f"holding {wanted} MB")
        if path == "/slow":
            wanted = min(max(float(request.value("seconds", "1")), 0.0), 3600.0)
            time.sleep(wanted)
            return plain(f"answered after {wanted:g} s")
        if path == "/fail":
            code = int(request.value("code", "1")) & 255
            say(f"asked to fail: ending with exit code {code}")
            return Response(
                f"ending with exit code {code}\n",
                200,
                "text/plain",
                [("Connection", "close")],
                then=lambda: os._exit(code),
            )
        if path == "/json":
            import json

            return Response(json.dumps(self.facts(request)) + "\n", 200, "application/json")
        return self.page(request)

    def facts(self, request):
        known = task.describe()
        name = os.environ.get("HOSTNAME", "localhost")
        return {
            "version": VERSION,
            "task": known["task"] or name,
            "address": known["address"] or f"{request.local[0]}:{request.local[1]}",
            "zone": known["zone"],
            "family": known["family"],
            "revision": known["revision"],
            "path": request.target,
            "requests": self.served,
            "uptime": round(time.time() - STARTED, 1),
            "healthy": self.healthy,
        }

    def page(self, request):
        facts = self.facts(request)
        labels = {
            "task": "Task",
            "address": "Address",
            "zone": "Availability Zone",
            "family": "Family",
            "revision": "Revision",
            "path": "Path",
            "requests": "Requests served",
            "uptime": "Seconds up",
        }
        rows = "".join(
            f"<dt>{label}</dt><dd>{escape(facts[key])}</dd>" for key, label in labels.items() if facts[key] != ""
        )
        light, dark = COLORS.get(os.environ.get("WEB_COLOR", ""), COLORS["blue"])
        message = os.environ.get("WEB_MESSAGE", "containers-on-aws/web, a program of this course")
        up = "../" * (request.path.count("/") - 1)
        return Response(
            PAGE.format(
                version=escape(VERSION), message=escape(message), rows=rows, light=light, dark=dark, up=up or "./"
            ),
            headers=[("Cache-Control", "no-store")],
        )


def plain(text, status=200):
    return Response(f"{text}\n", status, "text/plain; charset=utf-8", [("Cache-Control", "no-store")])


def burn(seconds):
    """Use processor time of this thread, however long that takes."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(2000))


if os.environ.get("WEB_BROKEN") == "exit":
    say("error: this version is broken: it ends at once")
    sys.exit(1)
program = Program()
say(f"version {VERSION} starts")
Server(program.app, 80, "course-web").run()
