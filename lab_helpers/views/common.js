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
