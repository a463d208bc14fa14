// The live chart of a service that scales. Nodes are kept by key; the SVG is drawn by the kernel, as in the still picture.

function part(title, list) {
  const box = make("section", "sv-part");
  list.setAttribute("aria-label", title);
  box.append(make("h4", "", title), list);
  return box;
}

const line = (...names) => () => {
  const node = make("li");
  for (const [tag, name] of names) node.append((node[name] = make(tag)));
  if (node.glyph) node.glyph.setAttribute("aria-hidden", "true");
  return node;
};

function render({ model, el: root }) {
  frame(root, "sv", "Live chart of a service that scales");
  const head = make("div", "sv-head"), title = make("h3"), phase = make("span", "sv-phase");
  const count = make("span", "sv-count"), beat = pulse("sv", model);
  head.append(title, phase, count, beat.word, beat.button);
  const note = make("p", "sv-note"), metrics = make("ul", "sv-metrics"), picture = make("div", "sv-chart");
  metrics.setAttribute("aria-label", "Metrics");
  const alarms = make("ul", "sv-alarms"), activities = make("ol", "sv-activities"), instances = make("ul", "sv-alarms");
  const parts = [part("Alarms", alarms), part("Scaling activities, newest first", activities), part("Container instances", instances)];
  const spoken = speaker("sv");
  root.append(head, note, metrics, picture, ...parts, spoken.node);
  let drawn = "";

  function paint() {
    const state = model.get("state");
    if (!state.name) return;
    put(title, state.name);
    put(phase, state.phase);
    phase.dataset.phase = state.phase;
    put(count, state.count);
    beat.paint();
    put(note, state.problem);
    note.hidden = !state.problem;
    keyed(metrics, state.metrics, byId, () => {
      const box = make("li", "sv-metric");
      // a list item has a property `value` of its own
      box.append((box.label = make("span")), (box.figure = make("strong")), (box.aim = make("span")));
      return box;
    }, (box, one) => {
      box.dataset.above = String(one.above);
      put(box.label, one.name); put(box.figure, one.value); put(box.aim, `${one.aim}, ${one.by}`);
    });
    keyed(alarms, state.alarms, byId, line(["b", "glyph"], ["span", "text"]), (node, one) => {
      node.dataset.state = one.state;
      put(node.glyph, one.glyph);
      put(node.text, `${one.policy} ${one.rule} · ${one.state.replace("_", " ")}`);
    });
    keyed(activities, state.activities, byId, line(["b", "glyph"], ["time", "time"], ["span", "what"], ["small", "why"]), (node, one) => {
      node.title = one.status;
      put(node.glyph, one.glyph); put(node.time, clock(one.at)); put(node.what, one.what);
      put(node.why, one.status === "NotScaled" ? one.why : `${one.why} ${one.status}`);
    });
    keyed(instances, state.instances, byId, line(["span", "text"]), (node, one) => {
      put(node.text, `${one.id}: ${one.tasks} task${one.tasks === 1 ? "" : "s"}`);
    });
    [state.alarms, state.activities, state.instances].forEach((items, n) => { parts[n].hidden = !items.length; });
    put(parts[1].firstChild, `${state.happenings}, newest first`);
    // The text is our own: numbers, names that were escaped, and a few words.
    if (state.chart !== drawn) picture.innerHTML = drawn = state.chart;
    // Spoken are counts and alarms only.
    const off = state.alarms.filter((one) => one.state === "ALARM").map((one) => `${one.policy} ${one.rule}`);
    const alarm = off.length ? `In alarm: ${off.join(", ")}.` : state.alarms.length ? "No alarm." : "";
    spoken.say(`${state.problem} ${state.name}: ${state.count}, ${state.phase}. ${alarm}`.trim());
  }
  model.on("change:state", paint);
  model.on("change:watching", paint);
  paint();
  return () => { spoken.end(); model.off("change:state", paint); model.off("change:watching", paint); };
}

export default { render };
