// Asks the questions of an exercise in a page: beside the editor, where a server answers, and in the book, where the page does.
// `reply(question, answers)` promises what is said to the last of the answers: { verdict, says }. A question may come with the
// `answers` that were given to it before and what was `said` to the last one. `askQuestions` returns what shows such news later.

function askQuestions(place, questions, reply) {
  const make = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value !== false) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children);
    return node;
  };
  // These texts come from the course's own files.
  const filled = (node, html) => {
    node.innerHTML = html;
    return node;
  };
  const plain = (html) => filled(document.createElement("template"), html).content.textContent;
  const letter = (at) => String.fromCharCode(97 + at);

  // What an answer is given with: `node`, `typed()`, which is what would be typed in the terminal, and `set(typed)`.
  const controls = {
    one: (question, name) => choice(question, name, "radio"),
    several: (question, name) => choice(question, name, "checkbox"),
    number: ({ unit }) => {
      const input = make("input", { inputmode: "text", autocomplete: "off", size: 12, required: true });
      return {
        node: make("label", {}, "Your number: ", input, unit ? ` ${unit}` : ""),
        typed: () => input.value,
        set: (typed) => (input.value = typed),
      };
    },
    parts: ({ pieces, options }) => {
      const gaps = options.map((list, gap) => {
        const select = make("select", { required: true, "aria-label": `Gap ${gap + 1}` }, make("option", { value: "" }, "…"));
        list.forEach((html, at) => select.append(make("option", { value: letter(at) }, plain(html))));
        return select;
      });
      const node = make("p", { class: "formula" });
      pieces.forEach((piece, at) => node.append(piece, ...(gaps[at] ? [gaps[at]] : [])));
      return { node, typed: () => gaps.map((gap) => gap.value).join(""), set: (typed) => gaps.forEach((gap, at) => (gap.value = typed[at])) };
    },
    order: ({ options: [steps] }) => sorted(steps, "step", steps.map(() => "")),
    match: ({ options: [causes], pictures }) => sorted(causes, "cause", pictures),
    open: () => {
      const text = make("textarea", { rows: 3, required: true });
      return {
        node: make("label", {}, "Your answer, in a sentence or two:", text),
        typed: () => text.value,
        set: (typed) => (text.value = typed),
      };
    },
  };

  function choice({ options: [list] }, name, type) {
    const inputs = list.map((_, at) => make("input", { type, name, value: letter(at), required: type === "radio" }));
    const rows = list.map((html, at) => make("label", { class: "option" }, inputs[at], filled(make("span"), html)));
    const typed = () => inputs.filter((input) => input.checked).map((input) => input.value).join("");
    const set = (typed) => inputs.forEach((input) => (input.checked = typed.includes(input.value)));
    return { node: make("div", {}, ...rows), typed, set };
  }

  // What is brought into an order with two buttons each; beside it stands what it belongs to, if it belongs to something.
  function sorted(texts, what, beside) {
    const node = make("ol", { class: "sorted" });
    const moved = make("span", { class: "heard", role: "status" });
    let order = texts.map((_, at) => at);
    const move = (at, by, button) => {
      const to = order.indexOf(at) + by;
      if (to < 0 || to >= order.length) return;
      order = order.filter((other) => other !== at);
      order.splice(to, 0, at);
      show();
      button.focus();
      moved.textContent = `Now at place ${to + 1} of ${order.length}`;
    };
    const rows = texts.map((html, at) => {
      const button = (by, sign, where) =>
        make("button", { type: "button", "aria-label": `Move this ${what} ${where}: ${plain(html)}`, onclick: (event) => move(at, by, event.currentTarget) }, sign);
      return make("div", { class: "row" }, button(-1, "↑", "up"), button(1, "↓", "down"), filled(make("span"), html));
    });
    const places = beside.map((html) => make("li", {}, ...(html ? [filled(make("div", { class: "beside" }), html)] : [])));
    node.append(...places);
    const show = () => order.forEach((at, to) => places[to].append(rows[at]));
    show();
    const set = (typed) => {
      order = texts.map((_, at) => at).sort((one, other) => typed.indexOf(letter(one)) - typed.indexOf(letter(other)));
      show();
    };
    return { node: make("div", {}, node, moved), typed: () => order.map(letter).join(""), set };
  }

  const refreshed = questions.map((question, index) => {
    const name = `question-${question.id}`;
    const control = controls[question.kind](question, name);
    let answers = [];
    const said = make("div", { class: "said", role: "status" });
    const button = make("button", { type: "submit" }, "Answer");
    const solution = make("button", { type: "button", hidden: true, onclick: () => send("?") }, "Show the solution");
    let ticks = null;
    let hasWarned = false;

    async function send(typed) {
      button.disabled = true;
      answers.push(typed);
      let heard;
      try {
        heard = await reply(question, answers);
      } catch (error) {
        heard = { verdict: "unclear", says: "" };
        said.textContent = `There is no answer (${error.message}). Is \`grader serve\` still running?`;
      }
      if (heard.verdict === "unclear") answers.pop();
      tell(heard);
    }

    function tell({ verdict, says }) {
      const words = { right: "✓ Right.", partly: "◐ Partly right.", wrong: "✗ Not right." }[verdict];
      const judged = Boolean(words);
      if (says) said.replaceChildren(...(words ? [make("p", { class: verdict }, words)] : []), filled(make("div"), says));
      if (question.picture && judged && document.getElementById(`picture-${question.picture}`)) {
        said.append(make("p", {}, make("a", { href: `#picture-${question.picture}` }, "What your own code computes here")));
      }
      if (question.image && judged) {
        said.append(make("p", {}, make("img", { src: question.image, class: "frame", alt: "The picture that the question speaks of, as the solution draws it" })));
      }
      if (verdict === "more") {
        // The points of a good answer can be ticked.
        ticks = [...said.querySelectorAll("ol > li")].map((point, at) => {
          const tick = make("input", { type: "checkbox", value: at + 1 });
          point.replaceChildren(make("label", {}, tick, filled(make("span"), point.innerHTML)));
          return tick;
        });
        button.textContent = "That is what mine contains";
        said.after(actions);
      }
      const over = verdict === "right" || verdict === "solution" || (judged && question.kind === "open");
      if (over) control.node.inert = true;
      button.hidden = over;
      solution.hidden = over || !judged;
      if (judged && !over) button.textContent = "Answer again";
      button.disabled = false;
      warning.textContent = "";
      form.dataset.verdict = verdict;
    }

    const warning = make("span", { role: "status" });
    const actions = make("p", { class: "actions" }, button, solution, warning);
    const legend = make("legend");
    const form = make(
      "form",
      { class: "question", id: name, onsubmit: (event) => {
        event.preventDefault();
        const ticked = ticks?.filter((tick) => tick.checked).map((tick) => tick.value).join(" ");
        if (ticked === "" && !hasWarned) {
          hasWarned = true;
          warning.textContent = "No point is ticked. If your answer contains none of them, press the button again.";
          return;
        }
        const typed = ticks ? ticked || "0" : control.typed();
        if (typed) send(typed);
        else said.textContent = "Choose what is right first.";
      } },
      make(
        "fieldset",
        { "aria-describedby": `${name}-ask` },
        legend,
        filled(make("div", { id: `${name}-ask`, class: "ask" }), question.ask),
        control.node,
      ),
      actions,
      said,
    );
    place.append(form);

    // What was answered before this page was opened, or in another page.
    const refresh = ({ state, answers: all = [], said: last }) => {
      legend.textContent = `Question ${index + 1} of ${questions.length}${state ? ` · ${state}` : ""}`;
      if (all.length <= answers.length) return;
      answers = [...all];
      control.set(answers[question.kind === "open" ? 0 : answers.findLastIndex((typed) => typed !== "?")]);
      tell(last);
    };
    refresh(question);
    return refresh;
  });
  return (news) => news.forEach((question, index) => refreshed[index]?.(question));
}
