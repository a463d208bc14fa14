// The live picture of a cluster. Nodes are kept by key, so that focus, open details and transitions survive an update.
const STEPS = ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING"];
const GLYPHS = {
  PROVISIONING: "◌", PENDING: "◔", ACTIVATING: "◑", RUNNING: "●", DEACTIVATING: "◐", STOPPING: "◒", DEPROVISIONING: "○",
  STOPPED: "✕", healthy: "✓", initial: "…", unhealthy: "!", draining: "⇣", unused: "–", unavailable: "?",
};
const SVG = "http://www.w3.org/2000/svg";

function makeTask() {
  const row = make("li", "cv-row");
  row.target = make("div", "cv-target");
  row.target.glyph = make("span", "cv-glyph");
  row.target.glyph.setAttribute("aria-hidden", "true");
  row.target.name = make("span", "cv-target-name");
  row.target.state = make("span", "cv-target-state");
  row.target.append(row.target.glyph, row.target.name, row.target.state);
  const card = make("div", "cv-task");
  row.button = make("button", "cv-task-head");
  row.button.type = "button";
  row.button.setAttribute("aria-expanded", "false");
  row.glyph = make("span", "cv-glyph");
  row.glyph.setAttribute("aria-hidden", "true");
  row.status = make("span", "cv-task-status");
  row.short = make("code", "cv-task-id");
  row.revision = make("span", "cv-chip");
  row.steps = make("span", "cv-steps");
  row.steps.setAttribute("aria-hidden", "true");
  for (const step of STEPS) row.steps.append(make("i", "", ""));
  row.button.append(row.glyph, row.status, row.short, row.revision, row.steps);
  row.more = make("dl", "cv-more");
  row.more.hidden = true;
  row.button.onclick = () => {
    row.more.hidden = !row.more.hidden;
    row.button.setAttribute("aria-expanded", String(!row.more.hidden));
    row.dispatchEvent(new Event("cv-resize", { bubbles: true }));
  };
  card.append(row.button, row.more);
  row.append(row.target, card);
  row.card = card;
  return row;
}

function updateTask(row, task, latest) {
  const target = task.target;
  row.card.dataset.status = task.status;
  row.card.dataset.old = String(Boolean(latest) && task.revision !== latest);
  row.target.dataset.state = target ? target.state : "none";
  put(row.target.glyph, target ? GLYPHS[target.state] ?? "?" : "·");
  put(row.target.name, target ? `${target.address}:${target.port}` : "no target yet");
  put(row.target.state, target ? target.state : "");
  row.target.title = target ? [target.reason, target.description].filter(Boolean).join(": ") : "";
  put(row.glyph, GLYPHS[task.status] ?? "?");
  put(row.status, task.status);
  put(row.short, task.id.slice(0, 6));
  const [family, number] = task.revision.split(":");
  put(row.revision, family && latest.startsWith(`${family}:`) ? `revision ${number}` : task.revision);
  const at = STEPS.indexOf(task.status);
  [...row.steps.children].forEach((dot, n) => { dot.dataset.on = String(at < 0 || n <= at); });
  const health = target ? `, target ${target.state}${target.reason ? ` (${target.reason})` : ""}` : "";
  row.button.setAttribute("aria-label", `Task ${task.id.slice(0, 6)} of ${task.revision}, ${task.status}${health}. Details`);
  const address = task.host_port ? `${task.address}:${task.host_port}` : task.address;
  const facts = [["Task", task.id], ["Image", task.image], ["Address", address], ["Running since", clock(task.started)]];
  if (target?.reason) facts.push(["Health", `${target.reason}: ${target.description}`]);
  keyed(row.more, facts.filter((f) => f[1]), (f) => f[0], () => {
    const line = make("div");
    line.dt = make("dt"); line.dd = make("dd");
    line.append(line.dt, line.dd);
    return line;
  }, (line, [name, value]) => { put(line.dt, name); put(line.dd, value); });
}

function makeService() {
  const box = make("section", "cv-service");
  const head = make("div", "cv-service-head");
  box.name = make("h4");
  box.count = make("span", "cv-count");
  box.phase = make("span", "cv-phase");
  box.revision = make("span", "cv-chip");
  head.append(box.name, box.count, box.phase, box.revision);
  box.picture = make("div", "cv-picture");
  box.wires = document.createElementNS(SVG, "svg");
  box.wires.setAttribute("class", "cv-wires");
  box.wires.setAttribute("aria-hidden", "true");
  box.left = make("div", "cv-balancers");
  box.tasks = make("ul", "cv-tasks");
  box.tasks.setAttribute("aria-label", "Tasks");
  box.picture.append(box.wires, box.left, box.tasks);
  box.deployments = make("ul", "cv-deployments");
  box.deployments.setAttribute("aria-label", "Deployments");
  box.stopped = make("ul", "cv-stopped");
  box.stopped.setAttribute("aria-label", "Stopped tasks");
  box.log = make("details", "cv-events");
  box.log.open = true;
  box.log.append(make("summary", "", "Service events, newest first"));
  box.events = make("ol");
  box.log.append(box.events);
  box.empty = make("p", "cv-empty", "No task. The service wants none, or is about to start one.");
  box.append(head, box.picture, box.empty, box.deployments, box.stopped, box.log);
  box.addEventListener("cv-resize", () => wire(box));
  box.watch = new ResizeObserver(() => wire(box));
  box.watch.observe(box.picture);
  return box;
}

function updateBalancer(node, balancer) {
  node.dataset.state = balancer.state;
  const healthy = balancer.targets.filter((t) => t.state === "healthy").length;
  put(node.listeners, balancer.listeners.length ? balancer.listeners.join(", ") : "no listener leads here");
  put(node.name, balancer.name);
  put(node.group, balancer.target_group);
  put(node.healthy, `${healthy} of ${plural(balancer.targets.length, "target")} healthy`);
  node.healthy.dataset.good = String(healthy > 0);
}

function makeBalancer() {
  const node = make("div", "cv-balancer");
  node.append(make("span", "cv-kind", "Load balancer"));
  node.name = make("strong"); node.listeners = make("span", "cv-listeners");
  const group = make("div", "cv-group");
  group.append(make("span", "cv-kind", "Target group"));
  node.group = make("strong"); node.healthy = make("span", "cv-healthy");
  group.append(node.group, node.healthy);
  node.append(node.name, node.listeners, group);
  return node;
}

function updateDeployment(node, d) {
  node.dataset.rollout = d.rollout;
  put(node.label, `${d.status} ${d.revision}`);
  put(node.count, `${d.running} of ${d.desired} running${d.failed ? `, ${plural(d.failed, "task")} failed` : ""}`);
  put(node.rollout, d.rollout.replace("_", " ").toLowerCase());
  const share = d.desired ? Math.min(1, d.running / d.desired) : d.running ? 1 : 0;
  node.fill.style.width = `${share * 100}%`;
  put(node.why, d.rollout === "COMPLETED" ? "" : d.reason);
  node.why.hidden = !node.why.textContent;
}

function makeDeployment() {
  const node = make("li", "cv-deployment");
  node.label = make("span", "cv-deployment-name");
  const bar = make("span", "cv-bar");
  bar.setAttribute("aria-hidden", "true");
  node.fill = make("i");
  bar.append(node.fill);
  node.count = make("span", "cv-deployment-count");
  node.rollout = make("span", "cv-rollout");
  node.why = make("span", "cv-deployment-why");
  node.append(node.label, bar, node.count, node.rollout, node.why);
  return node;
}

function updateService(box, service) {
  put(box.name, service.name);
  put(box.count, `${service.running} of ${service.desired} tasks running`);
  put(box.phase, service.phase);
  box.phase.dataset.phase = service.phase;
  put(box.revision, service.revision);
  keyed(box.left, service.balancers, (b) => b.target_group, makeBalancer, updateBalancer);
  box.picture.dataset.plain = String(!service.balancers.length);
  box.tasks.dataset.many = String(service.tasks.length > 6);
  keyed(box.tasks, service.tasks, (t) => t.id, makeTask, (row, task) => updateTask(row, task, service.revision));
  box.empty.hidden = service.tasks.length > 0;
  const busy = service.deployments.length > 1 || service.deployments.some((d) => d.rollout !== "COMPLETED");
  keyed(box.deployments, busy ? service.deployments : [], (d) => d.id, makeDeployment, updateDeployment);
  keyed(box.stopped, service.stopped, (t) => t.id, makeStopped, updateStopped);
  box.log.hidden = !service.events.length;
  keyed(box.events, service.events, (e) => e.id, () => {
    const line = make("li");
    line.time = make("time"); line.text = make("span");
    line.append(line.time, line.text);
    return line;
  }, (line, event) => { put(line.time, clock(event.at)); put(line.text, event.message); });
  wire(box);
}

function makeStopped() {
  const line = make("li");
  line.short = make("code"); line.text = make("span");
  const glyph = make("span", "cv-glyph", "✕");
  glyph.setAttribute("aria-hidden", "true");
  line.append(glyph, line.short, line.text);
  return line;
}

function updateStopped(line, task) {
  put(line.short, task.id.slice(0, 6));
  const code = task.exit_code == null ? "" : `, exit code ${task.exit_code}`;
  put(line.text, `stopped at ${clock(task.stopped)}${code}. ${task.stop_reason}`);
}

// Lines from the load balancer to each target, drawn from where the nodes really are.
function wire(box) {
  const frame = box.picture.getBoundingClientRect();
  const source = box.left.firstChild?.getBoundingClientRect();
  const many = box.tasks.dataset.many === "true";
  box.wires.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
  box.wires.setAttribute("width", frame.width);
  box.wires.setAttribute("height", frame.height);
  // Below a certain width the tasks stand under the load balancer, and lines would only be in the way.
  const wide = source && frame.width >= 640;
  const healthy = [...box.tasks.children].some((row) => row.target.dataset.state === "healthy");
  // Many tasks stand in columns: one line leads to all of them.
  const ends = !wide ? [] : many
    ? [{ node: box.tasks, state: healthy ? "healthy" : "none" }]
    : [...box.tasks.children].map((row) => ({ node: row.target, state: row.target.dataset.state }));
  keyed(box.wires, ends.map((end, n) => ({ ...end, n })), (r) => r.n, () => document.createElementNS(SVG, "path"), (path, { node, state }) => {
    const end = node.getBoundingClientRect();
    const x1 = source.right - frame.left, y1 = source.top + source.height / 2 - frame.top;
    const x2 = end.left - frame.left, y2 = end.top + end.height / 2 - frame.top;
    const bend = (x2 - x1) / 2;
    path.setAttribute("d", `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`);
    path.dataset.state = state;
  });
}

function render({ model, el: root }) {
  frame(root, "cv", "Live view of an ECS cluster");
  const head = make("div", "cv-head");
  const title = make("h3"), status = make("span", "cv-chip"), beat = pulse("cv", model);
  head.append(title, status, beat.word, beat.button);
  const body = make("div", "cv-body"), alone = make("section", "cv-service cv-alone"), note = make("p", "cv-note");
  alone.append(make("h4", "", "Tasks in no service"));
  const aloneTasks = make("ul", "cv-tasks"), aloneStopped = make("ul", "cv-stopped");
  alone.append(aloneTasks, aloneStopped);
  const spoken = speaker("cv");
  root.append(head, note, body, alone, spoken.node);

  function paint() {
    const state = model.get("state");
    if (!state.name) return;
    put(title, state.name);
    put(status, state.status);
    status.dataset.status = state.status;
    beat.paint();
    put(note, state.problem || (state.services.length || state.tasks.length ? "" : "The cluster is empty. It costs nothing like this."));
    note.hidden = !note.textContent;
    keyed(body, state.services, (s) => s.name, makeService, updateService);
    alone.hidden = !(state.tasks.length + state.stopped.length);
    keyed(aloneTasks, state.tasks, (t) => t.id, makeTask, (row, task) => updateTask(row, task, ""));
    keyed(aloneStopped, state.stopped, (t) => t.id, makeStopped, updateStopped);
    const counts = state.services.map((s) => `${s.name}: ${s.running} of ${s.desired} running, ${s.phase}`);
    spoken.say([state.problem, ...counts].filter(Boolean).join(". "));
  }
  model.on("change:state", paint);
  model.on("change:watching", paint);
  paint();
  return () => { spoken.end(); model.off("change:state", paint); model.off("change:watching", paint); };
}

export default { render };
