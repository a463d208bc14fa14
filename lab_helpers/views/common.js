// What the scripts of the widgets share; `script` of page.py puts it before each of them.
const make = (tag, cls, text) => {
  const node = document.createElement(tag);
  if (cls) node.className = cls;
  if (text != null) node.textContent = text;
  return node;
};
const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const clock = (at) => (at ? new Date(at * 1000).toLocaleTimeString([], { hour12: false }) : "");
const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
const byId = (item) => item.id;

// Brings the children of `parent` in line with `items`: makes, updates, orders and removes by key.
function keyed(parent, items, key, create, update) {
  const kept = (parent.kept ??= new Map());
  const seen = new Set();
  let before = null;
  for (const item of items) {
    const k = key(item);
    seen.add(k);
    let node = kept.get(k);
    if (!node) { node = create(item); kept.set(k, node); }
    update(node, item);
    const wanted = before ? before.nextSibling : parent.firstChild;
    if (wanted !== node) parent.insertBefore(node, wanted);
    before = node;
  }
  for (const [k, node] of kept) {
    if (seen.has(k)) continue;
    kept.delete(k);
    node.remove();
  }
}

// What each widget is: a group with a name. JupyterLab listens for keys on the whole notebook: those pressed in a widget
// belong to the widget, but for the ones that lead out of it.
function frame(root, cls, label) {
  root.classList.add("lw", cls);
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", label);
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Tab" && event.key !== "Escape") event.stopPropagation();
  });
}

// Whether a view watches, in a word, and the button that changes it.
function pulse(cls, model) {
  const word = make("span", `lw-pulse ${cls}-pulse`), button = make("button", `lw-button ${cls}-button`);
  button.type = "button";
  button.onclick = () => model.send({ watch: !model.get("watching") });
  const paint = () => {
    const on = model.get("watching");
    word.dataset.on = String(on);
    put(word, on ? "live" : "not watching");
    put(button, on ? "Pause" : "Watch again");
  };
  return { word, button, paint };
}

// A place for what is spoken: at most every three seconds, and what is true when the time has come, since a reader must
// not drown in updates.
function speaker(cls) {
  const node = make("div", `lw-sr ${cls}-sr`);
  node.setAttribute("aria-live", "polite");
  let timer = 0, latest = "";
  const say = (words) => {
    latest = words;
    if (words !== node.textContent && !timer) timer = setTimeout(() => { timer = 0; put(node, latest); }, 3000);
  };
  return { node, say, end: () => clearTimeout(timer) };
}
