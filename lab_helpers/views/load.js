// The live picture of a load. The nodes stay; only their text changes, so that focus and what is being typed survive.
const GLYPHS = { starting: "◌", sending: "●", finishing: "◔", done: "✓", stopped: "■", failed: "!" };

function figure(label) {
  const box = make("div", "lv-figure");
  box.value = make("dd");
  box.append(make("dt", "", label), box.value);
  return box;
}

// Brings a list of [name, value] in line with what is shown.
function figures(parent, items, create, update) {
  while (parent.children.length > items.length) parent.lastChild.remove();
  items.forEach((item, n) => {
    if (!parent.children[n]) parent.append(create(item));
    update(parent.children[n], item);
  });
}

function render({ model, el: root }) {
  frame(root, "lv", "Live view of a load");
  const head = make("div", "lv-head");
  const title = make("h3"), phase = make("span", "lv-phase");
  head.append(title, phase);

  const bar = make("div", "lv-bar"), fill = make("i");
  bar.setAttribute("role", "progressbar");
  bar.setAttribute("aria-label", "Progress of the load");
  bar.setAttribute("aria-valuemin", "0");
  bar.setAttribute("aria-valuemax", "100");
  bar.append(fill);
  const under = make("div", "lv-under"), passed = make("span"), rate = make("span");
  under.append(passed, rate);

  const form = make("form", "lv-form"), label = make("label", "", "Requests a second "), field = make("input");
  field.type = "number"; field.min = "0.1"; field.step = "any"; field.required = true;
  label.append(field);
  const set = make("button", "lw-button", "Change"), stop = make("button", "lw-button", "Stop");
  set.type = "submit"; stop.type = "button";
  form.append(label, set, stop);
  form.onsubmit = (event) => { event.preventDefault(); model.send({ rps: Number(field.value) }); field.dataset.typed = ""; };
  field.oninput = () => { field.dataset.typed = "yes"; };
  stop.onclick = () => model.send({ stop: true });

  const counts = make("dl", "lv-figures"), latencies = make("dl", "lv-figures");
  const failures = make("ul", "lv-failures"), problem = make("p", "lv-problem"), picture = make("div", "lv-chart");
  failures.setAttribute("aria-label", "Failures by kind");
  problem.setAttribute("role", "alert");
  const say = make("div", "lw-sr lv-sr");
  say.setAttribute("aria-live", "polite");
  root.append(head, bar, under, form, problem, counts, latencies, failures, picture, say);
  let drawn = "", spoken = "";

  function paint() {
    const state = model.get("state");
    if (!state.title) return;
    put(title, state.title);
    put(phase, `${GLYPHS[state.phase] ?? "?"} ${state.phase}`);
    phase.dataset.phase = state.phase;
    const percent = Math.round(state.share * 100);
    fill.style.width = `${state.share * 100}%`;
    bar.dataset.phase = state.phase;
    bar.setAttribute("aria-valuenow", String(percent));
    bar.setAttribute("aria-valuetext", `${state.passed}, ${state.phase}`);
    put(passed, state.passed);
    put(rate, state.running ? `${state.rate} a second now` : "");
    form.hidden = !state.running;
    field.max = state.most;
    if (!field.dataset.typed) field.value = String(state.rps);
    put(problem, state.problem);
    problem.hidden = !state.problem;
    const create = ([name]) => figure(name), update = (box, [, value]) => put(box.value, value);
    figures(counts, state.counts, create, update);
    figures(latencies, state.latencies, create, update);
    counts.lastChild.dataset.bad = String(state.failures.length > 0);
    figures(failures, state.failures, () => make("li"), (line, [kind, count]) => put(line, `${count} × ${kind}`));
    // The text is our own: numbers and a few words, drawn by the same function as the still picture.
    if (state.chart !== drawn) picture.innerHTML = drawn = state.chart;
    // Spoken when the phase changes, and not with every number.
    const words = state.phase === "sending" ? `Sending to ${state.title}` : `${state.phase}. ${state.summary}`;
    if (state.phase !== spoken) { spoken = state.phase; put(say, words); }
  }
  model.on("change:state", paint);
  paint();
  return () => model.off("change:state", paint);
}

export default { render };
