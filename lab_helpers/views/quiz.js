// A quiz: one fieldset a question, radio buttons, and an explanation in words for whatever is chosen.
let made = 0;

function render({ model, el: root }) {
  frame(root, "quiz", `Quiz of lab ${model.get("lab")}`);
  const name = `quiz-${++made}`;
  const total = model.get("questions").length;
  const right = new Set(), answered = new Set();
  const score = make("p", "quiz-score");
  score.setAttribute("role", "status");
  const count = () => {
    score.textContent = answered.size
      ? `${right.size} of ${total} right${answered.size < total ? `, ${total - answered.size} still to answer` : ""}.`
      : `${total} questions. Choose an answer, then press “Check”. You can try as often as you like.`;
  };
  model.get("questions").forEach((question, number) => {
    const form = make("form", "quiz-question");
    const set = make("fieldset");
    const legend = make("legend");
    legend.append(make("span", "quiz-number", `${number + 1}`), question.text);
    set.append(legend);
    const feedback = make("div", "quiz-feedback");
    feedback.setAttribute("role", "status");
    const check = make("button", "quiz-check", "Check");
    check.type = "submit";
    check.disabled = true;
    question.choices.forEach((choice, n) => {
      const label = make("label", "quiz-choice");
      const input = make("input");
      input.type = "radio";
      input.name = `${name}-${question.id}`;
      input.value = n;
      input.onchange = () => {
        check.disabled = false;
        delete form.dataset.result;
        feedback.textContent = "";
      };
      label.append(input, make("span", "", choice.text));
      set.append(label);
    });
    form.onsubmit = (event) => {
      event.preventDefault();
      const chosen = form.querySelector("input:checked");
      if (!chosen) return;
      const choice = question.choices[chosen.value];
      form.dataset.result = choice.correct ? "right" : "wrong";
      feedback.replaceChildren(make("strong", "", choice.correct ? "✓ Right. " : "✕ Not right. "), choice.why);
      answered.add(question.id);
      if (choice.correct) right.add(question.id); else right.delete(question.id);
      count();
      model.send({ question: question.id, choice: Number(chosen.value) });
    };
    form.append(set, check, feedback);
    root.append(form);
  });
  count();
  root.append(score);
}

export default { render };
