"""Every widget and every stored output of the labs, as those meet them who see, hear or reach only a part of a page."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.axe import violations
from tests.browser.scenes import answers, open_page, put_on, widgets
from tools.notebooks import ROOT, read

pytestmark = pytest.mark.browser

# What stands beside its word: dots that count the steps up to a status, the bar of a load, a task's revision.
BESIDE_A_WORD = {("I", "on"), ("DIV", "phase"), ("DIV", "old")}
# For each state of each kind of element: what is seen of it without its colours, and whether a word says it.
STATES = """() => {
    const found = {};
    const sides = ["Top", "Right", "Bottom", "Left"];
    const shape = (node, pseudo) => {
        const style = getComputedStyle(node, pseudo);
        const lines = sides.map((side) => style[`border${side}Style`] + style[`border${side}Width`]);
        return [...lines, style.content, style.strokeDasharray, style.fontWeight, style.fontStyle].join(" ");
    };
    for (const node of document.querySelectorAll(".lw, .lw *")) {
        for (const [name, value] of Object.entries(node.dataset)) {
            const words = node.textContent.toLowerCase(), state = value.toLowerCase();
            const said = words.includes(state) || words.includes(state.replaceAll("_", " "));
            const kind = `${node.tagName} ${node.getAttribute("class") ?? ""} ${name}`.trim();
            const seen = ((found[kind] ??= {})[value] ??= { shape: "", said: true });
            seen.shape = [shape(node), shape(node, "::before"), node.textContent.trim().slice(0, 1)].join(" | ");
            seen.said &&= said;
        }
    }
    return found;
}"""
in_one_theme = pytest.mark.parametrize("theme", ["light"], indirect=True)
FOCUSED = """() => {
    const node = document.activeElement, style = getComputedStyle(node);
    const inside = node.closest(".lw") !== null;
    return { inside, ring: style.outlineStyle === "solid" && style.outlineWidth === "3px" };
}"""


@pytest.fixture(scope="module", params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def scenes(chromium: Browser, theme: str) -> Iterator[Page]:
    """A page with all widgets on it."""
    context = chromium.new_context(viewport={"width": 1400, "height": 1000}, reduced_motion="reduce")
    page = context.new_page()
    open_page(page, theme)
    for name, widget in widgets():
        put_on(page, name, widget)
        widget.close()
    yield page
    context.close()


def test_no_widget_breaks_a_grave_rule(scenes: Page) -> None:
    found = violations(scenes)
    assert found == [], "\n\n".join(found)


def test_no_other_output_breaks_a_grave_rule(chromium: Browser, theme: str) -> None:
    shown = [
        "".join(output.data["text/html"])
        for path in sorted((ROOT / "labs").glob("*.ipynb"))
        for cell in read(path).cells
        for output in cell.get("outputs", ())
        if "text/html" in output.get("data", {})
    ]
    shown += answers()
    page = chromium.new_page()
    open_page(page, theme)
    page.evaluate(
        """(shown) => document.querySelector("main").innerHTML = shown.map((html) => `<div class="jp-OutputArea-child">
            <div class="jp-RenderedHTMLCommon jp-RenderedHTML jp-OutputArea-output">${html}</div></div>`).join("")""",
        shown,
    )
    found = violations(page)
    assert found == [], "\n\n".join(found)
    assert page.locator("img").count() > 10  # still pictures are among them
    page.close()


def test_colour_never_stands_alone(scenes: Page) -> None:
    found: dict[str, dict[str, dict[str, Any]]] = scenes.evaluate(STATES)
    alone = []
    for kind, states in found.items():
        tag, *_, name = kind.split(" ")
        if (tag, name) in BESIDE_A_WORD:
            continue
        silent = {state: seen["shape"] for state, seen in states.items() if not seen["said"]}
        alone += [
            f"{kind}: {one} and {other} differ by colour only"
            for one in silent
            for other in silent
            if one < other and silent[one] == silent[other]
        ]
    assert alone == []
    told = {kind.split(" ")[-1] for kind in found}
    assert {"state", "status", "look", "phase", "rollout", "shared", "good"} <= told  # the test has looked at something


@in_one_theme
def test_nothing_moves_for_those_who_do_not_want_it(scenes: Page) -> None:
    moving = """() => [...document.querySelectorAll(".lw, .lw *")].filter((node) => [null, "::before"].some((part) => {
        const style = getComputedStyle(node, part);
        return style.animationName !== "none" || parseFloat(style.transitionDuration) > 0;
    })).map((node) => node.getAttribute("class"))"""
    assert scenes.evaluate(moving) == []
    scenes.emulate_media(reduced_motion="no-preference")
    assert "cv-row" in scenes.evaluate(moving)
    scenes.emulate_media(reduced_motion="reduce")


@in_one_theme
def test_each_control_is_reached_by_tab_shows_it_and_lets_go(scenes: Page) -> None:
    """Radio buttons of one question are one stop; arrows lead from one to the next."""
    stops = scenes.evaluate(
        """() => {
            const groups = new Set();
            const again = (node) => node.type === "radio" && (groups.has(node.name) || !groups.add(node.name));
            const all = [...document.querySelectorAll(".lw :is(button, input, summary, a[href])")];
            return all.filter((node) => node.checkVisibility() && !node.disabled && !again(node)).length;
        }"""
    )
    scenes.evaluate("document.activeElement.blur()")
    scenes.locator("main").evaluate("(node) => { node.tabIndex = -1; node.focus(); }")
    reached = 0
    for _ in range(stops + 1):
        scenes.keyboard.press("Tab")
        seen = scenes.evaluate(FOCUSED)
        if not seen["inside"]:
            break
        assert seen["ring"], scenes.evaluate("document.activeElement.outerHTML")
        reached += 1
    assert reached == stops


@in_one_theme
def test_a_quiz_by_keyboard_alone(scenes: Page) -> None:
    quiz = scenes.locator("#quiz")
    question = quiz.locator(".quiz-question").first
    quiz.evaluate("(node) => { node.tabIndex = -1; node.focus(); }")
    for key in ("Tab", "ArrowDown", "ArrowUp", "ArrowDown"):
        scenes.keyboard.press(key)
    chosen = question.get_by_role("radio").nth(1)
    expect(chosen).to_be_focused()
    expect(chosen).to_be_checked()
    for key in ("Tab", "Space"):
        scenes.keyboard.press(key)
    expect(question.get_by_role("status")).to_contain_text(re.compile(r"^(✓ Right|✕ Not right)\. \w+"))
    expect(question.get_by_role("button", name="Check")).to_be_focused()
    assert scenes.evaluate("models.quiz.sent") == [{"question": "03-replace", "choice": 1}]


@in_one_theme
def test_a_view_by_keyboard_alone(scenes: Page) -> None:
    view = scenes.locator("#cluster")
    view.evaluate("(node) => { node.tabIndex = -1; node.focus(); }")
    for key in ("Tab", "Enter"):
        scenes.keyboard.press(key)
    assert scenes.evaluate("models.cluster.sent") == [{"watch": False}]
    for key in ("Tab", "Space"):
        scenes.keyboard.press(key)
    task = view.get_by_role("button", name="Details").first
    expect(task).to_be_focused()
    expect(task).to_have_attribute("aria-expanded", "true")
    expect(view.locator(".cv-more").first).to_be_visible()
    # What is open and where the focus is outlive an update.
    scenes.evaluate("models.cluster.become({state: {...models.cluster.get('state'), status: 'CHANGED'}})")
    expect(task).to_be_focused()
    expect(task).to_have_attribute("aria-expanded", "true")
    scenes.keyboard.press("Enter")
    expect(task).to_have_attribute("aria-expanded", "false")


@in_one_theme
def test_keys_stay_in_a_widget_but_for_those_that_lead_out(scenes: Page) -> None:
    """JupyterLab has commands for keys: Enter begins to edit the cell, A adds one above."""
    scenes.evaluate("window.heard = []; document.addEventListener('keydown', (event) => heard.push(event.key))")
    for name, widget in {"quiz": "radio", "guide": "radio", "layers": "button", "path": "button"}.items():
        scenes.evaluate("heard.length = 0")
        scenes.locator(f"#{name}").get_by_role(widget).first.focus()  # type: ignore[arg-type]
        for key in ("a", "Home", "Escape", "Tab"):
            scenes.keyboard.press(key)
        assert scenes.evaluate("heard") == ["Escape", "Tab"], name


def tree(place: Locator) -> str:
    return str(place.aria_snapshot())


@in_one_theme
def test_a_screen_reader_hears_a_quiz(scenes: Page) -> None:
    heard = tree(scenes.locator("#quiz"))
    assert heard.startswith('- group "Quiz of lab 3":')
    assert '- group "1 A task of your service dies in the night. Who starts the next one?":' in heard
    assert re.search(r'- radio "[A-Z]', heard)
    assert '- button "Check" [disabled]' in heard
    assert "- status:" in heard


@in_one_theme
def test_a_screen_reader_hears_a_cluster(scenes: Page) -> None:
    heard = tree(scenes.locator("#cluster"))
    assert heard.startswith('- group "Live view of an ECS cluster":')
    assert '- heading "DemoCluster" [level=3]' in heard
    assert '- heading "steady" [level=4]' in heard
    assert '- list "Tasks":' in heard
    assert 'RUNNING, target healthy. Details"' in heard
    assert 'PENDING. Details"' in heard
    assert '- list "Deployments":' in heard
    assert "Circuit breaker" in heard  # why, not only in a hint for the mouse
    assert "◔" not in heard  # glyphs are for the eye


@in_one_theme
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nodes", ('heading "DemoEKS"', 'list "Pods on ip-1.ec2.internal"', "CrashLoopBackOff", "Insufficient memory")),
        (
            "path",
            ('heading "Events on their way: uploads"', 'list "Queues"', "12 waiting, 2 in flight", "stage failed"),
        ),
        (
            "scaling",
            ('heading "shop"', 'list "Metrics"', 'img "How shop scales"', 'list "Alarms"', "INSUFFICIENT DATA"),
        ),
        ("layers", ("status:", 'list "Layers of web:1, the newest first"', "shared layer A, ", "not here (yet)")),
        ("load-sending", ('progressbar "Progress of the load"', 'spinbutton "Requests a second"', 'button "Stop"')),
        ("guide", ('group "1 Must it be Kubernetes?"', 'region "What fits"', "status: ECS Express Mode")),
    ],
)
def test_a_screen_reader_hears_a_view(scenes: Page, name: str, words: tuple[str, ...]) -> None:
    heard = tree(scenes.locator(f"#{name}"))
    for one in words:
        assert one in heard, heard


@in_one_theme
def test_what_changes_is_spoken_politely_and_not_each_time(scenes: Page) -> None:
    live = scenes.locator("#cluster .cv-sr")
    expect(live).to_have_attribute("aria-live", "polite")
    scenes.clock.install()
    scenes.evaluate(
        """() => {
            window.spoken = [];
            const live = document.querySelector("#cluster .cv-sr");
            new MutationObserver(() => spoken.push(live.textContent)).observe(live, {childList: true});
            const state = models.cluster.get("state"), [first] = state.services;
            for (let running = 0; running < 50; running++)
                models.cluster.become({state: {...state, services: [{...first, running}]}});
        }"""
    )
    scenes.clock.run_for(3000)
    assert scenes.evaluate("spoken") == ["steady: 49 of 2 running, steady"]
