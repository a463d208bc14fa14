// The live view of events on their way. Nodes are kept by key, so that focus and open details survive an update.
const precisely = (at) => {
  const moment = new Date(at * 1000);
  return `${moment.toLocaleTimeString([], { hour12: false })}.${String(moment.getMilliseconds()).padStart(3, "0")}`;
};

function makeStage() {
  const node = make("li", "pv-stage");
  node.glyph = make("b");
  node.glyph.setAttribute("aria-hidden", "true");
  node.head = make("span", "pv-title");
  node.name = make("span", "pv-name");
  node.after = make("span", "pv-after");
  node.why = make("span", "pv-why");
  node.append(node.glyph, node.head, node.name, node.after, node.why);
  return node;
}

function updateStage(node, stage) {
  node.dataset.state = stage.state;
  put(node.glyph, stage.glyph);
  put(node.head, stage.title); put(node.name, stage.name); put(node.after, stage.after); put(node.why, stage.note);
  node.why.hidden = !stage.note;
}

function makeJourney() {
  const node = make("li", "pv-journey");
  const head = make("div", "pv-journey-head");
  node.name = make("h4"); node.time = make("time");
  head.append(node.name, node.time);
  node.lanes = make("ul", "pv-lanes");
  node.none = make("p", "pv-note", "No rule matched.");
  const more = make("details", "pv-more");
  more.append(make("summary", "", "All steps with their times"));
  node.steps = make("ol");
  more.append(node.steps);
  node.append(head, node.lanes, node.none, more);
  return node;
}

function updateJourney(node, journey) {
  put(node.name, journey.title);
  put(node.time, precisely(journey.at));
  keyed(node.lanes, journey.lanes, byId, () => {
    const lane = make("li");
    lane.list = make("ol", "pv-lane");
    lane.append(lane.list);
    return lane;
  }, (lane, one) => {
    lane.list.setAttribute("aria-label", `What became of it: ${one.stages.map((each) => `${each.title} ${each.name}`).join(", ")}`);
    keyed(lane.list, one.stages, byId, makeStage, updateStage);
  });
  node.none.hidden = journey.lanes.length > 0;
  keyed(node.steps, journey.steps, byId, () => {
    const line = make("li");
    line.append((line.time = make("time")), (line.text = make("span")));
    return line;
  }, (line, step) => { put(line.time, precisely(step.at)); put(line.text, step.text); });
}

function makeDepth() {
  const node = make("li", "pv-queue");
  node.name = make("span", "pv-queue-name");
  const bar = make("span", "pv-bar");
  bar.setAttribute("aria-hidden", "true");
  bar.append((node.waiting = make("i", "pv-waiting")), (node.flying = make("i", "pv-flying")));
  node.words = make("span", "pv-count");
  node.append(node.name, bar, node.words);
  return node;
}

function render({ model, el: root }) {
  frame(root, "pv", "Live view of events on their way");
  const head = make("div", "pv-head"), title = make("h3"), beat = pulse("pv", model);
  head.append(title, beat.word, beat.button);
  const note = make("p", "pv-note"), queues = make("ul", "pv-queues"), workers = make("div", "pv-workers");
  const worker_words = make("span", "pv-count"), slots = make("span", "pv-slots");
  slots.setAttribute("aria-hidden", "true");
  workers.append(worker_words, slots);
  queues.setAttribute("aria-label", "Queues");
  const journeys = make("ol", "pv-journeys");
  journeys.setAttribute("aria-label", "Events, newest first");
  const spoken = speaker("pv");
  root.append(head, note, queues, workers, journeys, spoken.node);

  function paint() {
    const state = model.get("state");
    if (!state.status) return;
    put(title, state.heading);
    beat.paint();
    put(note, state.note);
    note.hidden = !state.note;
    const most = Math.max(1, ...state.queues.map((one) => one.waiting + one.flying));
    keyed(queues, state.queues, byId, makeDepth, (node, one) => {
      put(node.name, `queue ${one.id}`);
      node.waiting.style.width = `${(100 * one.waiting) / most}%`;
      node.flying.style.width = `${(100 * one.flying) / most}%`;
      put(node.words, one.words);
    });
    queues.hidden = !state.queues.length;
    workers.hidden = !state.workers;
    put(worker_words, state.workers);
    keyed(slots, state.slots.map((up, id) => ({ up, id })), byId, () => make("i"), (node, one) => { node.dataset.up = String(one.up); });
    keyed(journeys, state.journeys, byId, makeJourney, updateJourney);
    // Spoken is only the newest.
    const depth = state.queues.map((one) => `Queue ${one.id}: ${one.words}.`).join(" ");
    spoken.say([state.latest, depth, state.workers && `${state.workers}.`].filter(Boolean).join(" "));
  }
  model.on("change:state", paint);
  model.on("change:watching", paint);
  paint();
  return () => { spoken.end(); model.off("change:state", paint); model.off("change:watching", paint); };
}

export default { render };
