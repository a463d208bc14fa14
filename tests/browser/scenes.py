"""Every widget in many states, on a page that has JupyterLab's styles, and neither JupyterLab nor a kernel."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from playwright.sync_api import Page

from lab_helpers.address import Url
from lab_helpers.costs import planned
from lab_helpers.exercises import CheckError, Done, NotAttempted, NotYet
from lab_helpers.exercises.outcomes import Hint, Solution
from lab_helpers.guide import decide
from lab_helpers.image_facts import Image, Layer
from lab_helpers.load.report import Latency, Report, Slice
from lab_helpers.quiz import Quiz
from lab_helpers.views.cluster import ClusterView
from lab_helpers.views.guide import GuideView
from lab_helpers.views.layers import LayersView
from lab_helpers.views.load import LoadView
from lab_helpers.views.nodes import NodesView
from lab_helpers.views.nodes_state import Deployment as Rollout
from lab_helpers.views.nodes_state import Node, Nodes, Pod
from lab_helpers.views.nodes_state import Service as Front
from lab_helpers.views.path import PathView
from lab_helpers.views.path_state import GLYPHS as STAGES
from lab_helpers.views.path_state import Depth, Journey, Lane, Paths, Stage
from lab_helpers.views.scaling import ScalingView
from lab_helpers.views.scaling_state import GLYPHS as ALARMS
from lab_helpers.views.scaling_state import OUTCOMES, Count, Happening, Metric, Scaled, Watch
from lab_helpers.views.state import GLYPHS, Cluster, Deployment
from tests.lab_helpers.views.pictures import cluster, service, task

# The styles of JupyterLab's outputs, and its two themes, as nbconvert carries them for saved pages.
STYLES = Path(sys.prefix) / "share" / "jupyter" / "nbconvert" / "templates" / "lab" / "static"
PAGE = """<!doctype html><html lang="en"><head><title>Scenes</title><style>{style}{buttons}</style></head>
<body class="jp-Notebook jp-ThemedContainer" data-jp-theme-light="{light}" data-jp-theme-name="{name}">
<main></main></body></html>"""
# JupyterLab's own look of buttons, which saved pages lack and which widgets have to win against
BUTTONS = """.jp-ThemedContainer button { border-radius: 0; }
.jp-ThemedContainer button:focus-visible { outline: 1px solid; outline-offset: -1px; }"""
STAGE = """async ({name, script, css, state}) => {
    document.head.append(Object.assign(document.createElement("style"), {textContent: css}));
    const url = URL.createObjectURL(new Blob([script], {type: "text/javascript"}));
    const heard = {}, el = document.createElement("div");
    const model = {
        get: (key) => state[key], sent: [], send: (message) => model.sent.push(message),
        on: (event, listener) => (heard[event] ??= []).push(listener), off: () => {},
        become: (changed) => {
            Object.assign(state, changed);
            for (const key of Object.keys(changed)) (heard[`change:${key}`] ?? []).forEach((listener) => listener());
        },
    };
    const child = document.createElement("div");
    child.className = "jp-OutputArea-child";
    el.id = name;
    el.className = "jp-OutputArea-output";
    child.append(el);
    document.querySelector("main").append(child);
    (await import(url)).default.render({model, el});
    (window.models ??= {})[name] = model;
}"""


def open_page(page: Page, theme: str) -> None:
    """An empty page, `light` or `dark`."""
    style = "".join((STYLES / f"{name}.css").read_text(encoding="utf-8") for name in ("index", f"theme-{theme}"))
    light, name = str(theme == "light").lower(), f"JupyterLab {theme.title()}"
    page.set_content(PAGE.format(style=style, buttons=BUTTONS, light=light, name=name))


def put_on(page: Page, name: str, widget: Any) -> None:
    """Show a widget as it is now; what it would say to a kernel is in `window.models[name].sent`."""
    state = {key: value for key, value in widget.get_state().items() if not key.startswith("_")}
    page.evaluate(STAGE, {"name": name, "script": widget._esm, "css": _css(widget), "state": json_safe(state)})


def json_safe(state: dict[str, Any]) -> dict[str, Any]:
    """What the page takes: no tuples, no objects of Python."""
    return dict(json.loads(json.dumps(state, default=str)))


def _css(widget: Any) -> str:
    return str(widget._css)


def widgets() -> Iterator[tuple[str, Any]]:
    """Each widget of the course with a full picture."""
    yield from (("quiz", Quiz(3)), ("guide", GuideView()))
    yield "cluster", _ended(ClusterView(_reads(CLUSTER, cluster="DemoCluster")))
    yield "cluster-gone", _ended(ClusterView(_reads(GONE, cluster="Other")))
    yield "nodes", _ended(NodesView(_reads(NODES, cluster="DemoEKS", namespace="demo")))
    yield "path", _ended(PathView(_reads(PATHS, match="uploads")))
    yield "scaling", _ended(ScalingView(_reads(SCALED, cluster="DemoCluster", service="shop")))
    yield "layers", _ended(LayersView(lambda: IMAGES, ["web:1", "web:2", "web:3"]))
    for phase in PHASES:
        yield f"load-{phase}", LoadView(_load(phase))


def answers() -> Iterator[str]:
    """What the helpers answer in a cell, and what stands in a widget's place where no kernel is, as HTML."""
    page = Url("http://127.0.0.1:1/")
    shown = [
        *(Done("Three tasks."), NotYet(["a third task"]), NotAttempted("There is no service.")),
        *(CheckError("Nobody answers.", "Run lab.start()."), Hint("03a", ("Look.", "There."), 2)),
        *(Solution("03a", "Three tasks", "ecs.list_tasks()"), page, page.frame()),
        *(planned({"2 tasks": {"fargate.vcpu": 0.5}}), decide(work="queue"), IMAGES[0], _load("done").report),
    ]
    yield from (one._repr_html_() for one in shown)
    yield from (one.html() for one in (Quiz(3), GuideView()))


def _reads(picture: Any, **names: str) -> Any:
    return SimpleNamespace(pace=60.0, read=lambda: picture, **names)


def _ended(view: Any) -> Any:
    view.stop()
    view.watching = True  # on the page it still looks alive
    return view


def _load(phase: str) -> Any:
    latency = Latency(0.02, 0.2, 1.4, 2.0)
    slices = tuple(Slice(n / 2, 0.5, 20, 10, 8, 2, latency) for n in range(6))
    running = phase in ("starting", "sending", "finishing")
    failures = (("503", 10), ("timeout", 2))
    report = Report("http://x", "GET", phase, 3, 6, 60, (20.0,), 60, 48, failures, 0, latency, slices)
    problem = "" if running else "The load has ended."
    return SimpleNamespace(
        report=report, running=running, rps=20.0, now=(18.0, 2.0), problem=problem, listen=lambda _: None
    )


def _all_tasks() -> Any:
    states = [name for name in GLYPHS if name.isupper()]
    health = [name for name in GLYPHS if name.islower()]
    known = [task(n, states[n % len(states)], health[n % len(health)], 1 + n % 2) for n in range(len(states))]
    return [*known, task(20, "PENDING", None)]


ROLLOUTS = (
    Deployment("d1", "PRIMARY", "IN_PROGRESS", "hello:2", 3, 1),
    Deployment("d2", "ACTIVE", "COMPLETED", "hello:1", 3, 3),
    Deployment("d3", "INACTIVE", "FAILED", "hello:3", 3, 0, failed=4, reason="Circuit breaker"),
)
DEAD = replace(task(30, "STOPPED", None), stopped=100.0, stop_reason="Essential container exited", exit_code=1)
STEADY = service(task(40), task(41))
FEW = service(*_all_tasks()[:5])
CLUSTER = replace(
    cluster(
        replace(STEADY, name="steady", stopped=(DEAD,)),
        replace(service(*_all_tasks(), deployments=ROLLOUTS), name="rolling-back"),
        replace(FEW, name="deploying", deployments=ROLLOUTS[:2]),
        replace(FEW, name="changing", desired=9, balancers=(replace(FEW.balancers[0], targets=()),)),
        replace(service(), name="draining", status="DRAINING", events=()),
    ),
    tasks=(task(50, health=None),),
    stopped=(DEAD,),
)
GONE = Cluster("Other", "MISSING", problem="There is no cluster of this name.")

PODS = tuple(
    Pod(f"hello-1-{n:05}", "hello" if n else "", status, "1/1", n, why="Insufficient memory" if n else "", cpu=0.1)
    for n, status in enumerate(
        ("Running", "Pending", "ContainerCreating", "Terminating", "Completed", "CrashLoopBackOff", "NotReady")
    )
)
NODE = Node("ip-1.ec2.internal", "DemoNodeGroup", "t3.medium", "us-east-1a", True, False, 1.93, 3554, 17, PODS)
NODES = Nodes(
    "DemoEKS", "demo", "ACTIVE", 1.0,
    (NODE, replace(NODE, name="ip-2.ec2.internal", ready=False, pods=()), replace(NODE, name="ip-3", cordoned=True)),
    PODS[1:2],
    (Front("hello", "LoadBalancer", "port 80", 1, 1, "a.elb.amazonaws.com"), Front("db", "ClusterIP", "port 1", 0, 1)),
    (Rollout("hello", 3, 1, 2),),
)  # fmt: skip
PHASES = ("starting", "sending", "finishing", "done", "stopped", "failed")
STAGED = tuple(Stage(f"stage {state}", "uploads", n / 10, state, "why" * n) for n, state in enumerate(STAGES))
PATHS = Paths(
    "uploads", "ACTIVE", 12.0,
    (Journey("1", "Object Created", "in/a", 10.0, (Lane("a", STAGED), Lane("b", STAGED[:2])), ((10.0, "came"),)),
     Journey("2", "Object Created", "in/b", 9.0)),
    (Depth("work", 12, 2), Depth("dead", 0, 0)), ("workers", 1, 3),
)  # fmt: skip
SCALED = Scaled(
    service="shop", cluster="DemoCluster", status="ACTIVE", at=1000.0, minute=1.0, desired=3, running=1,
    least=1, most=5, counts=(Count(950.0, 1, 1), Count(995.0, 3, 1)),
    metrics=(Metric("cpu", "CPUUtilization", "Average", 40.0, True, ((960.0, 20.0), (990.0, 90.0))),
             Metric("few", "Requests", "Sum", 40.0, True, ((960.0, 20.0),)), Metric("none", "X", "Sum", 1.0, False)),
    watches=tuple(Watch(state, f"policy {state}", "> 40 for 3 min", state) for state in ALARMS),
    happenings=tuple(Happening(one, 995.0, "Setting desired count to 3.", "An alarm.", one) for one in OUTCOMES),
)  # fmt: skip


def _image(name: str, *letters: str) -> Image:
    layers = tuple(Layer("sha256:" + one * 64, 1000 * n + 10, f"COPY {one} /", ()) for n, one in enumerate(letters))
    return Image(f"docker.io/library/{name}", "sha256:" + "f" * 64, "sha256:" + "e" * 64, 9000, True, layers)


IMAGES = [_image("web:1", *"0123456789"), _image("web:2", *"012345678a")]
