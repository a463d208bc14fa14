// The decision guide: radio buttons in fieldsets, and what fits in words beside them, read out as it changes.
let made = 0;

function render({ model, el: root }) {
  frame(root, "guide", "Decision guide: which way to run containers on AWS");
  const name = `guide-${++made}`;
  const questions = model.get("questions"), advices = model.get("advices"), ways = model.get("ways");
  const chosen = Object.fromEntries(questions.map((one) => [one.id, one.options[0].key]));
  const form = make("form", "guide-questions");
  const sets = new Map();
  let number = 0;
  for (const question of questions) {
    const set = make("fieldset");
    const legend = make("legend");
    legend.append(make("span", "guide-number"), question.text);
    set.append(legend);
    question.options.forEach((option, n) => {
      const label = make("label");
      const input = make("input");
      input.type = "radio";
      input.name = `${name}-${question.id}`;
      input.value = option.key;
      input.checked = n === 0;
      input.onchange = () => { chosen[question.id] = option.key; show(); };
      label.append(input, make("span", "", option.text));
      set.append(label);
    });
    sets.set(question.id, set);
    form.append(set);
  }
  form.onsubmit = (event) => event.preventDefault();
  const again = make("button", "guide-again", "Start again");
  again.type = "button";
  again.onclick = () => {
    for (const question of questions) {
      chosen[question.id] = question.options[0].key;
      sets.get(question.id).querySelector("input").checked = true;
    }
    show();
    form.querySelector("input").focus();
  };
  form.append(again);
  const advice = make("section", "guide-advice");
  advice.setAttribute("aria-label", "What fits");
  const said = make("p", "guide-said");
  said.setAttribute("role", "status");
  const table = make("dl");
  advice.append(make("p", "guide-head", "What fits"), said, table);

  // A question counts when the ones before it have the answers that it needs; so does the page's Python.
  function asked() {
    const found = {};
    for (const question of questions) {
      const wanted = question.only.every(([earlier, keys]) => keys.includes(found[earlier]));
      if (wanted) found[question.id] = chosen[question.id];
    }
    return found;
  }
  function show() {
    const found = asked();
    number = 0;
    for (const [id, set] of sets) {
      set.hidden = !(id in found);
      if (!set.hidden) set.querySelector(".guide-number").textContent = `${++number}`;
    }
    const way = Object.entries(found).map(([id, key]) => `${id}=${key}`).join(",");
    const one = advices[ways[way]];
    said.textContent = one.title;
    table.replaceChildren();
    let before = "";
    for (const [term, text] of one.rows) {
      if (term !== before) table.append(make("dt", "", term));
      table.append(make("dd", "", text));
      before = term;
    }
  }
  root.append(form, advice);
  show();
}

export default { render };
