// Images as stacks of layers. Nodes are kept by key, so that focus and open details survive an update.

function render({ model, el: root }) {
  frame(root, "yv", "Layers of images");
  const head = make("div", "yv-head");
  const summary = make("p", "yv-summary");
  summary.setAttribute("role", "status");
  const beat = pulse("yv", model);
  head.append(summary, beat.word, beat.button);
  const stacks = make("div", "yv-stacks");
  const legend = make("p", "yv-legend", "A mark such as ◆ A is one and the same layer in each image that shows it. A dashed frame: only this image has it. The newest layer is on top.");
  const problem = make("p", "yv-problem");
  root.append(head, stacks, legend, problem);

  // The same layer lights up in every stack while the pointer or the focus is on one of them.
  const light = (digest) => root.querySelectorAll(".yv-layer").forEach((node) => {
    node.dataset.hot = String(Boolean(digest) && node.digest === digest);
  });

  const makeLayer = () => {
    const row = make("li", "yv-layer");
    row.button = make("button", "yv-layer-head");
    row.button.type = "button";
    row.button.setAttribute("aria-expanded", "false");
    row.mark = make("span", "yv-mark");
    row.by = make("code", "yv-by");
    row.size = make("span", "yv-size");
    const bar = make("span", "yv-bar");
    bar.setAttribute("aria-hidden", "true");
    row.fill = make("i");
    bar.append(row.fill);
    row.short = make("code", "yv-digest");
    row.button.append(row.mark, row.by, row.short, bar, row.size);
    row.more = make("dl", "yv-more");
    row.more.hidden = true;
    row.facts = ["Digest", "Size", "Created by", "Also in"].map((name) => {
      const line = make("div");
      const value = make("dd");
      line.append(make("dt", "", name), value);
      row.more.append(line);
      return value;
    });
    row.button.onclick = () => {
      row.more.hidden = !row.more.hidden;
      row.button.setAttribute("aria-expanded", String(!row.more.hidden));
    };
    row.onmouseenter = () => light(row.dataset.shared === "true" ? row.digest : "");
    row.onmouseleave = () => light("");
    row.button.onfocus = row.onmouseenter;
    row.button.onblur = row.onmouseleave;
    row.append(row.button, row.more);
    return row;
  };

  const updateLayer = (row, layer) => {
    row.digest = layer.digest;
    row.dataset.shared = String(Boolean(layer.mark));
    row.dataset.colour = layer.colour;
    put(row.mark, layer.mark || "own");
    put(row.by, layer.created_by);
    put(row.size, layer.size_text);
    put(row.short, layer.digest.slice(7, 19));
    row.fill.style.width = `${Math.max(layer.share, 0.02) * 100}%`;
    [layer.digest, layer.size_text, layer.created_by, layer.also || "no other image"].forEach((text, n) => put(row.facts[n], text));
    const shared = layer.mark ? `shared layer ${layer.mark.split(" ")[1]}` : "layer of this image alone";
    row.button.setAttribute("aria-label", `${shared}, ${layer.size_text}, ${layer.created_by}. Details`);
  };

  const makeStack = () => {
    const box = make("section", "yv-stack");
    box.name = make("h4");
    box.about = make("p", "yv-about");
    box.layers = make("ol", "yv-layers");
    box.append(box.name, box.about, box.layers);
    return box;
  };

  const updateStack = (box, image) => {
    put(box.name, image.name);
    box.dataset.missing = String(image.missing);
    put(box.about, image.missing ? "not here (yet)" : `${image.digest.slice(7, 19)} · ${image.layers.length} layers · ${image.size_text}`);
    box.layers.setAttribute("aria-label", `Layers of ${image.name}, the newest first`);
    const count = new Map();  // an image may have the same layer twice
    const keys = image.layers.map((layer) => {
      const n = (count.get(layer.digest) ?? 0) + 1;
      count.set(layer.digest, n);
      return `${layer.digest}/${n}`;
    });
    const items = image.layers.map((layer, n) => ({ layer, key: keys[n] }));
    keyed(box.layers, items, (item) => item.key, makeLayer, (row, item) => updateLayer(row, item.layer));
  };

  const draw = () => {
    const state = model.get("state");
    put(summary, state.summary ?? "");
    put(problem, state.problem ?? "");
    problem.hidden = !state.problem;
    keyed(stacks, state.images ?? [], (image) => image.name, makeStack, updateStack);
  };
  model.on("change:state", draw);
  model.on("change:watching", beat.paint);
  draw();
  beat.paint();
  return () => { model.off("change:state", draw); model.off("change:watching", beat.paint); };
}

export default { render };
