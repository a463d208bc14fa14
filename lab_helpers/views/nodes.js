// The live picture of nodes and pods. Boxes are kept by key, so that focus and open details survive an update.
const STEPS = ["Pending", "ContainerCreating", "Running"];

function makePod() {
  const row = make("li", "nv-pod");
  row.button = make("button", "nv-pod-head");
  row.button.type = "button";
  row.button.setAttribute("aria-expanded", "false");
  row.glyph = make("span", "nv-glyph");
  row.glyph.setAttribute("aria-hidden", "true");
  row.app = make("strong");
  row.short = make("code");
  row.status = make("span", "nv-pod-status");
  row.steps = make("span", "nv-steps");
  row.steps.setAttribute("aria-hidden", "true");
  for (const step of STEPS) row.steps.append(make("i"));
  row.button.append(row.glyph, row.app, row.short, row.status, row.steps);
  row.why = make("p", "nv-why");
  row.more = make("dl", "nv-more");
  row.more.hidden = true;
  row.button.onclick = () => {
    row.more.hidden = !row.more.hidden;
    row.button.setAttribute("aria-expanded", String(!row.more.hidden));
  };
  row.append(row.button, row.why, row.more);
  return row;
}

function updatePod(row, pod) {
  row.dataset.look = pod.look;
  row.dataset.status = pod.status;
  put(row.glyph, pod.glyph);
  put(row.app, pod.app || pod.name);
  put(row.short, pod.app ? pod.name.slice(-5) : "");
  put(row.status, pod.restarts ? `${pod.status} (${plural(pod.restarts, "restart")})` : pod.status);
  const at = pod.look === "runs" ? 2 : STEPS.indexOf(pod.status);
  [...row.steps.children].forEach((dot, n) => { dot.dataset.on = String(n <= at); });
  row.steps.hidden = !(pod.look === "runs" || pod.look === "starts");
  put(row.why, pod.look === "runs" ? "" : pod.why);
  row.why.hidden = !row.why.textContent;
  row.button.setAttribute("aria-label", `Pod ${pod.name}, ${pod.status}, ${pod.ready} ready. Details`);
  const asks = [pod.cpu ? `${pod.cpu} vCPU` : "", pod.memory ? `${Math.round(pod.memory)} MiB` : ""].filter(Boolean).join(", ");
  const facts = [["Pod", pod.name], ["Image", pod.image], ["Address", pod.address], ["Ready", pod.ready],
    ["Requests", asks], ["Restarts", String(pod.restarts)]];
  keyed(row.more, facts.filter((f) => f[1]), (f) => f[0], () => {
    const line = make("div");
    line.dt = make("dt"); line.dd = make("dd");
    line.append(line.dt, line.dd);
    return line;
  }, (line, [name, value]) => { put(line.dt, name); put(line.dd, value); });
}

function makeBar(word) {
  const box = make("div", "nv-room");
  box.words = make("span");
  const bar = make("span", "nv-bar");
  bar.setAttribute("aria-hidden", "true");
  box.fill = make("i");
  bar.append(box.fill);
  box.append(box.words, bar);
  box.word = word;
  return box;
}

function updateBar(box, used, whole, unit, digits) {
  put(box.words, `${box.word} ${used.toFixed(digits)} of ${whole.toFixed(digits)}${unit} requested`);
  box.fill.style.width = `${whole ? Math.min(100, (100 * used) / whole) : 0}%`;
}

function makeNode() {
  const box = make("section", "nv-node");
  const head = make("div", "nv-node-head");
  box.name = make("h4"); box.kind = make("span", "nv-chip"); box.state = make("span", "nv-state");
  head.append(box.name, box.state);
  box.about = make("p", "nv-about");
  box.cpu = makeBar("CPU"); box.memory = makeBar("Memory");
  box.pods = make("ul", "nv-pods");
  box.none = make("p", "nv-none", "no pod");
  box.append(head, box.kind, box.about, box.cpu, box.memory, box.pods, box.none);
  return box;
}

function updateNode(box, node) {
  box.dataset.good = String(node.state === "Ready");
  put(box.name, node.name.split(".")[0]);
  box.name.title = node.name;
  put(box.state, node.state);
  put(box.kind, node.kind);
  put(box.about, `${[node.type, node.zone].filter(Boolean).join(" · ")} · ${node.pods.length} of ${plural(node.room, "pod")}`);
  updateBar(box.cpu, node.cpu_requested, node.cpu, " vCPU", 2);
  updateBar(box.memory, node.memory_requested, node.memory, " MiB", 0);
  box.pods.setAttribute("aria-label", `Pods on ${node.name}`);
  keyed(box.pods, node.pods, (p) => p.name, makePod, updatePod);
  box.none.hidden = node.pods.length > 0;
}

function makeService() {
  const row = make("li", "nv-service");
  row.balancer = make("span", "nv-balancer");
  row.arrow = make("span", "nv-arrow", "→");
  row.arrow.setAttribute("aria-hidden", "true");
  row.text = make("span");
  row.host = make("code");
  row.append(row.balancer, row.arrow, row.text, row.host);
  return row;
}

function updateService(row, service) {
  row.dataset.good = String(service.ready > 0);
  const outside = service.type === "LoadBalancer";
  row.balancer.hidden = row.arrow.hidden = !outside;
  put(row.balancer, service.host ? "Network Load Balancer" : "load balancer is being made");
  put(row.host, service.host);
  put(row.text, `Service ${service.name} (${service.type}, ${service.ports}): ${service.ready} of ${plural(service.pods, "pod")} ready`);
}

function makeDeployment() {
  const row = make("li", "nv-deployment");
  row.text = make("span");
  const bar = make("span", "nv-bar");
  bar.setAttribute("aria-hidden", "true");
  row.fill = make("i");
  bar.append(row.fill);
  row.append(row.text, bar);
  return row;
}

function updateDeployment(row, d) {
  const rolling = d.updated < d.desired ? `, ${d.updated} of the newest version` : "";
  put(row.text, `Deployment ${d.name}: ${d.ready} of ${d.desired} ready${rolling}`);
  row.fill.style.width = `${d.desired ? Math.min(100, (100 * d.ready) / d.desired) : 0}%`;
}

function render({ model, el: root }) {
  frame(root, "nv", "Live view of nodes and pods");
  const head = make("div", "nv-head");
  const title = make("h3"), status = make("span", "nv-chip"), beat = pulse("nv", model);
  head.append(title, status, beat.word, beat.button);
  const note = make("p", "nv-note"), services = make("ul", "nv-services"), deployments = make("ul", "nv-deployments");
  services.setAttribute("aria-label", "Services");
  deployments.setAttribute("aria-label", "Deployments");
  const nodes = make("div", "nv-nodes"), waiting = make("section", "nv-waiting"), list = make("ul", "nv-pods");
  list.setAttribute("aria-label", "Pods without a node");
  waiting.append(make("h4", "", "Without a node"), list);
  const spoken = speaker("nv");
  root.append(head, note, services, deployments, waiting, nodes, spoken.node);

  function paint() {
    const state = model.get("state");
    if (!state.name) return;
    put(title, state.name);
    put(status, state.status === "ACTIVE" ? plural(state.nodes.length, "node") : state.status);
    status.dataset.status = state.status;
    beat.paint();
    put(note, state.problem || (state.nodes.length ? "" : "The cluster has no node yet."));
    note.hidden = !note.textContent;
    keyed(services, state.services, (s) => s.name, makeService, updateService);
    keyed(deployments, state.deployments, (d) => d.name, makeDeployment, updateDeployment);
    keyed(nodes, state.nodes, (n) => n.name, makeNode, updateNode);
    waiting.hidden = !state.waiting.length;
    keyed(list, state.waiting, (p) => p.name, makePod, updatePod);
    spoken.say([...(state.problem ? [state.problem] : []), ...state.deployments.map((d) => `${d.name}: ${d.ready} of ${d.desired} pods ready`),
      ...(state.waiting.length ? [`${plural(state.waiting.length, "pod")} without a node`] : [])].join(". "));
  }
  model.on("change:state", paint);
  model.on("change:watching", paint);
  paint();
  return () => { spoken.end(); model.off("change:state", paint); model.off("change:watching", paint); };
}

export default { render };
