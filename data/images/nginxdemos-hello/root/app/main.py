"""nginxdemos/hello, course edition: every path answers 200 and says which server it was."""

import os
import time

import task
from webserver import Response, Server, access_line, escape, say

NAME = os.environ.get("HOSTNAME", "localhost")
TEXT = os.environ.get("HELLO_FORMAT") == "text"

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Hello World</title>
<style>
:root {{ color-scheme: light dark; --ink: #1c2b33; --paper: #f4f7f6; --card: #fff; --line: #d5dedb; --soft: #546169;
  --accent: #00704a; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #e6ecea; --paper: #11181b; --card: #1a2327; --line: #33424a; --soft: #a3b1b8; --accent: #4cc38a; }}
}}
* {{ box-sizing: border-box; }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }}
main {{ width: min(40rem, 100%); background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
  border-top: .4rem solid var(--accent); padding: 2rem; }}
h1 {{ margin: 0 0 1.25rem; font-size: 1.75rem; }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: .5rem 1.5rem; margin: 0; }}
dt {{ color: var(--soft); }}
dd {{ margin: 0; font-family: ui-monospace, Consolas, monospace; overflow-wrap: anywhere; }}
p {{ margin: 1.5rem 0 0; color: var(--soft); font-size: .875rem; }}
@media (max-width: 30rem) {{ dl {{ grid-template-columns: 1fr; gap: 0; }} dd {{ margin-bottom: .75rem; }} }}
</style>
</head>
<body>
<main>
<h1>Hello from a container</h1>
<dl>
<dt>Server address</dt><dd>{address}</dd>
<dt>Server name</dt><dd>{name}</dd>
<dt>Date</dt><dd>{date}</dd>
<dt>URI</dt><dd>{uri}</dd>
</dl>
<p>nginxdemos/hello, course edition: written for this course, it does what the image of that name does.</p>
</main>
</body>
</html>
"""


def app(request):
    """The same page for every path."""
    known = task.describe()
    address = f"{known['address']}:80" if known["address"] else f"{request.local[0]}:{request.local[1]}"
    date = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime())
    say(access_line(request, 200))
    headers = [("Cache-Control", "no-cache"), ("Expires", "0")]
    if TEXT:
        text = f"Server address: {address}\nServer name: {NAME}\nDate: {date}\nURI: {request.target}\nEdition: course\n"
        return Response(text, 200, "text/plain; charset=utf-8", headers)
    page = PAGE.format(address=escape(address), name=escape(NAME), date=date, uri=escape(request.target))
    return Response(page, headers=headers)


Server(app, 80, "nginxdemos-hello (course edition)").run()
