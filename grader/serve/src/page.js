// The page beside the editor: shows news of the verdict, and sends what is varied in a picture.
// Everything that a submission had a hand in arrives escaped, as HTML or SVG without scripts, which the server's policy forbids.

const base = location.pathname.replace(/\/$/, "");
const byId = (id) => document.getElementById(id);
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
};

byId("exercises").addEventListener("change", (event) => location.assign(event.target.value));

// ---- The verdict.

const events = new EventSource(`${base}/news`);
events.onmessage = (message) => {
  const news = JSON.parse(message.data);
  if (news.kind === "busy") {
    byId("busy").textContent = news.what;
    return;
  }
  if (news.kind === "answered") return refreshQuestions();
  byId("busy").textContent = "";
  byId("verdict").innerHTML = news.html;
  byId("said").textContent = news.summary;
  document.body.dataset.graded = String(Number(document.body.dataset.graded ?? 0) + 1);
  draw();
};
events.onerror = () => {
  byId("busy").textContent = "The grader does not answer. Is `grader serve` still running? If it was started again, open the address that it prints.";
};

// ---- The questions.

async function asked(address, wish) {
  const answer = await fetch(`${base}/${address}`, wish);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

// Shows what was answered meanwhile, in another page or in the terminal.
let refreshQuestions = () => {};

if (byId("asked-here")) {
  const reply = (question, answers) =>
    asked("answer", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ question: question.id, answer: answers.at(-1) }),
    });
  asked("questions").then(
    (questions) => {
      const refresh = askQuestions(byId("asked-here"), questions, reply);
      refreshQuestions = () => asked("questions").then(refresh, () => {});
    },
    (error) => byId("asked-here").append(error.message),
  );
}

// ---- Drawing: one wish is under way, and the newest one waits. A drawing that takes long is cut off by the next wish, as is one
// that goes on with a training.

const PATIENCE = 400;
const page = Math.floor(Math.random() * 2 ** 48);
const controls = {};
const figures = new Map();
let underway = null;
let waiting = false;

async function draw(goesOn = false) {
  if (underway && !underway.goesOn && performance.now() - underway.since < PATIENCE) {
    waiting = true;
    return;
  }
  const mine = (underway = { since: performance.now(), goesOn });
  waiting = false;
  const known = Object.fromEntries([...figures].map(([id, figure]) => [id, figure.version]));
  try {
    const answer = await fetch(`${base}/draw`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ page, controls, known }),
    });
    const drawn = answer.status === 200 ? await answer.json() : null;
    // A newer wish has cut this one off.
    if (underway !== mine) return;
    if (drawn) show(drawn);
    else if (answer.status !== 204) byId("trouble").textContent = await answer.text();
  } catch {
    byId("trouble").textContent = "The grader does not answer.";
  }
  if (underway === mine) {
    underway = null;
    if (waiting) draw();
    else if ([...figures.values()].some((figure) => figure.goesOn)) draw(true);
  }
}

// What is played stops when something else of its picture is varied: its training is another one.
function vary(figure, name, value) {
  for (const [other, part] of figure.parts) if (other !== name) part.stop?.();
  controls[`${figure.id}/${name}`] = value;
  draw();
}

// A wish that waits is sent when the one under way has taken too long.
setInterval(() => waiting && draw(), 50);

function show(drawn) {
  byId("trouble").textContent = drawn.error ?? "";
  byId("busy").textContent = "";
  if (drawn.error) return;
  const ids = drawn.pictures.map((picture) => picture.id);
  for (const [id, figure] of figures) {
    if (!ids.includes(id)) {
      figure.node.remove();
      figures.delete(id);
    }
  }
  for (const picture of drawn.pictures) {
    if (!picture.svg) continue;
    if (!figures.has(picture.id)) figures.set(picture.id, new Figure(picture));
    figures.get(picture.id).update(picture);
  }
  // In the order of the course, without moving what stands right: that would take the focus away.
  let before = byId("trouble");
  for (const id of ids) {
    const { node } = figures.get(id);
    if (before.nextElementSibling !== node) before.after(node);
    before = node;
  }
  document.body.dataset.drawn = String(Number(document.body.dataset.drawn ?? 0) + 1);
}

class Figure {
  constructor(picture) {
    this.id = picture.id;
    this.title = make("h2");
    this.drawing = make("div", { class: "drawing" });
    this.handles = make("div", { class: "handles" });
    this.panel = make("div", { class: "controls" });
    this.caption = make("figcaption");
    this.node = make("figure", { id: `picture-${picture.id}` }, this.title, this.panel, this.drawing, this.caption);
    this.parts = new Map();
  }

  update(picture) {
    this.version = picture.version;
    this.frame = picture.frame;
    this.goesOn = picture.controls.some((control) => control.reached !== null);
    this.title.textContent = picture.title;
    this.caption.innerHTML = picture.caption;
    this.drawing.innerHTML = picture.svg;
    this.drawing.classList.toggle("shades", picture.shades);
    this.drawing.append(this.handles);
    for (const control of picture.controls) {
      if (!this.parts.has(control.name)) {
        const part = makeControl(this, control);
        this.parts.set(control.name, part);
        if (part.node) this.panel.append(part.node);
      }
      this.parts.get(control.name).update(control.value, control.reached);
    }
  }

  // A place in the drawing, in hundredths of it, for numbers on the axes, and back.
  place(x, y) {
    const { frame } = this;
    const view = this.drawing.querySelector("svg").viewBox.baseVal;
    const along = (value, [low, high], log) => ((log ? Math.log10(value) : value) - low) / (high - low);
    const left = frame.left + along(x, frame.x, frame.log_x) * (frame.right - frame.left);
    const top = frame.bottom - along(y, frame.y, frame.log_y) * (frame.bottom - frame.top);
    return [(100 * left) / view.width, (100 * top) / view.height];
  }

  numbers(clientX, clientY) {
    const { frame } = this;
    const svg = this.drawing.querySelector("svg");
    const box = svg.getBoundingClientRect();
    const view = svg.viewBox.baseVal;
    const across = ((clientX - box.left) / box.width) * view.width;
    const down = ((clientY - box.top) / box.height) * view.height;
    const number = (share, [low, high], log) => {
      const at = low + Math.min(1, Math.max(0, share)) * (high - low);
      return log ? 10 ** at : at;
    };
    return [
      number((across - frame.left) / (frame.right - frame.left), frame.x, frame.log_x),
      number((frame.bottom - down) / (frame.bottom - frame.top), frame.y, frame.log_y),
    ];
  }
}

// ---- Controls.

const brief = (number) => String(Number(number.toPrecision(3)));

function makeControl(figure, control) {
  const [kind, detail] = typeof control.kind === "string" ? [control.kind, {}] : Object.entries(control.kind)[0];
  const change = (value) => vary(figure, control.name, value);
  return { Number: numberControl, Whole: wholeControl, Choice: choiceControl, Seed: seedControl, Points: pointsControl, Pixels: pixelsControl }[
    kind
  ](figure, control.name, detail, change);
}

const STEPS = 200;

function numberControl(_, name, { low, high, scale }, change) {
  const log = scale === "Log";
  const to = (value) => (log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low));
  const from = (share) => (log ? low * (high / low) ** share : low + share * (high - low));
  const output = make("output");
  const slider = make("input", { type: "range", min: 0, max: STEPS, step: 1 });
  slider.addEventListener("input", () => {
    const value = Number(from(slider.value / STEPS).toPrecision(4));
    output.textContent = brief(value);
    slider.setAttribute("aria-valuetext", brief(value));
    change([value]);
  });
  const node = make("label", {}, name, slider, output);
  const update = ([value]) => {
    if (document.activeElement !== slider) slider.value = to(value) * STEPS;
    output.textContent = brief(value);
    slider.setAttribute("aria-valuetext", brief(value));
  };
  return { node, update };
}

function wholeControl(_, name, { low, high, played }, change) {
  const output = make("output");
  const slider = make("input", { type: "range", min: low, max: high, step: 1 });
  const set = (value) => {
    slider.value = value;
    output.textContent = slider.value;
    change([Number(slider.value)]);
  };
  slider.addEventListener("input", () => set(slider.value));
  const node = make("fieldset", {}, make("label", {}, name, slider, output));
  let stop;
  let shows = () => {};
  if (played) {
    let timer = null;
    // How far a training has come that goes on without being played.
    let reached = null;
    shows = (now) => {
      reached = now;
      play.textContent = timer || reached !== null ? "Pause" : "Play";
    };
    stop = () => {
      clearInterval(timer);
      timer = null;
      shows(null);
    };
    // Stands still where it has come to.
    const pause = () => {
      if (reached !== null) slider.value = reached;
      stop();
    };
    const step = () => {
      if (Number(slider.value) >= high) return stop();
      // The next epoch is asked for when the last one is drawn.
      if (!underway) set(Number(slider.value) + 1);
    };
    const play = make("button", { type: "button", onclick: () => {
      if (reached !== null) {
        pause();
        return set(slider.value);
      }
      if (timer) return stop();
      if (Number(slider.value) >= high) set(low);
      timer = setInterval(step, 30);
      shows(null);
    } }, "Play");
    const once = make("button", { type: "button", onclick: () => { pause(); set(Number(slider.value) + 1); } }, "Step");
    const back = make("button", { type: "button", onclick: () => { stop(); set(low); } }, "Start again");
    node.append(play, once, back);
  }
  const update = ([value], reached) => {
    if (document.activeElement !== slider && !waiting) slider.value = value;
    output.textContent = reached === null ? slider.value : `${reached} of ${slider.value}`;
    shows(reached);
  };
  return { node, update, stop };
}

function choiceControl(_, name, names, change) {
  const select = make("select", {}, ...names.map((text, index) => make("option", { value: index }, text)));
  select.addEventListener("change", () => change([Number(select.value)]));
  return { node: make("label", {}, name, select), update: ([value]) => { select.value = value; } };
}

function seedControl(_, name, __, change) {
  const output = make("output");
  let seed = 0;
  const button = make("button", { type: "button", onclick: () => change([seed + 1]) }, `Another ${name}`);
  const update = ([value]) => {
    seed = value;
    output.textContent = String(value);
  };
  return { node: make("label", {}, button, output), update };
}

// Points are moved with the pointer or the arrow keys, added by a click into the picture, and removed by Delete.
function pointsControl(figure, name, { classes, most }, change) {
  let points = [];
  const chosen = make("select", {}, ...Array.from({ length: classes }, (_, index) => make("option", { value: index }, `class ${index}`)));
  const flat = () => points.flat();
  const move = (index, x, y) => {
    points[index] = [x, y, points[index][2]];
    place();
    change(flat());
  };
  const remove = (index) => {
    points.splice(index, 1);
    place();
    change(flat());
  };
  const place = () => {
    while (figure.handles.children.length > points.length) figure.handles.lastChild.remove();
    while (figure.handles.children.length < points.length) figure.handles.append(handle(figure.handles.children.length));
    points.forEach(([x, y, kind], index) => {
      const [left, top] = figure.place(x, y);
      const button = figure.handles.children[index];
      button.style.left = `${left}%`;
      button.style.top = `${top}%`;
      const of = classes > 1 ? `, class ${kind}` : "";
      button.setAttribute("aria-label", `Point ${index + 1}${of}: ${brief(x)}, ${brief(y)}. Arrow keys move it, Delete removes it.`);
    });
  };
  const handle = (index) => {
    const button = make("button", { type: "button" });
    button.addEventListener("pointerdown", (event) => {
      button.setPointerCapture(event.pointerId);
      event.preventDefault();
      button.focus();
    });
    button.addEventListener("pointermove", (event) => {
      if (button.hasPointerCapture(event.pointerId)) move(index, ...figure.numbers(event.clientX, event.clientY));
    });
    button.addEventListener("keydown", (event) => {
      if (event.key === "Delete" || event.key === "Backspace") {
        event.preventDefault();
        remove(index);
        return;
      }
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!step) return;
      event.preventDefault();
      const box = button.getBoundingClientRect();
      const far = event.shiftKey ? 20 : 4;
      move(index, ...figure.numbers(box.left + box.width / 2 + far * step[0], box.top + box.height / 2 + far * step[1]));
    });
    return button;
  };
  const add = (x, y) => {
    if (most === 1 && points.length === 1) return move(0, x, y);
    if (points.length >= most) return;
    points.push([x, y, Number(chosen.value || 0)]);
    place();
    change(flat());
  };
  figure.drawing.addEventListener("click", (event) => {
    if (event.target.closest(".handles")) return;
    add(...figure.numbers(event.clientX, event.clientY));
  });
  const middle = () => {
    const box = figure.drawing.getBoundingClientRect();
    return figure.numbers(box.left + box.width / 2, box.top + box.height / 2);
  };
  const node = make("fieldset", {});
  if (most > 1) node.append(make("button", { type: "button", onclick: () => add(...middle()) }, "Add a point"));
  if (classes > 1) node.append(make("label", {}, "of", chosen));
  node.append(make("span", { class: "soft" }, most > 1 ? "or click into the picture; drag points to move them" : "Drag the point, or click where it should be."));
  const update = (value) => {
    if (figure.handles.querySelector(":active")) return;
    points = [];
    for (let at = 0; at + 2 < value.length; at += 3) points.push(value.slice(at, at + 3));
    place();
  };
  return { node, update };
}

// An image is drawn with the pointer; with the keyboard the arrow keys move a cursor and the space bar puts ink there.
function pixelsControl(figure, name, { rows, columns }, change) {
  let ink = new Array(rows * columns).fill(0);
  let cursor = [Math.floor(rows / 2), Math.floor(columns / 2)];
  const SCALE = 20;
  const canvas = make("canvas", {
    class: "ink", width: columns * SCALE, height: rows * SCALE, tabindex: 0, role: "img",
    "aria-label": `${name}: draw with the pointer, or move with the arrow keys and ink with the space bar`,
  });
  const paint = () => {
    const pen = canvas.getContext("2d");
    ink.forEach((value, at) => {
      const grey = Math.round(255 * (1 - value));
      pen.fillStyle = `rgb(${grey}, ${grey}, ${grey})`;
      pen.fillRect((at % columns) * SCALE, Math.floor(at / columns) * SCALE, SCALE, SCALE);
    });
    if (document.activeElement === canvas) {
      pen.strokeStyle = "#d55e00";
      pen.lineWidth = 2;
      pen.strokeRect(cursor[1] * SCALE + 1, cursor[0] * SCALE + 1, SCALE - 2, SCALE - 2);
    }
  };
  // A soft pen: it reaches into the cells around the place.
  const dab = (row, column) => {
    ink = ink.map((value, at) => {
      const distance = Math.hypot(Math.floor(at / columns) + 0.5 - row, (at % columns) + 0.5 - column);
      return Math.min(1, Math.max(value, 1.35 - distance));
    });
    paint();
    change(ink);
  };
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientY - box.top) / box.height) * rows, ((event.clientX - box.left) / box.width) * columns];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    dab(...at(event));
  });
  canvas.addEventListener("pointermove", (event) => canvas.hasPointerCapture(event.pointerId) && dab(...at(event)));
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (step) cursor = [Math.min(rows - 1, Math.max(0, cursor[0] + step[0])), Math.min(columns - 1, Math.max(0, cursor[1] + step[1]))];
    else if (event.key === " ") dab(cursor[0] + 0.5, cursor[1] + 0.5);
    else return;
    event.preventDefault();
    paint();
  });
  canvas.addEventListener("focus", paint);
  canvas.addEventListener("blur", paint);
  const clear = make("button", { type: "button", onclick: () => { ink.fill(0); paint(); change(ink); } }, "Clear");
  const update = (value) => {
    if (canvas.matches(":active")) return;
    ink = [...value];
    paint();
  };
  return { node: make("fieldset", {}, canvas, clear), update };
}
