// What the book does by itself: it answers questions, and shows figures in the colours that the reader has chosen.

// The script beside a chapter calls this with the questions of its exercise, and with the folder of the pictures, if there are any.
function askInBook(questions, folder) {
  if (folder) for (const question of questions) question.image = question.picture && `${folder}/${question.picture}.svg`;
  // What a typed number may mean: 0.5, 1/2, 1e-3, 50 %, and a comma as a decimal point or between thousands. `readings` in
  // grader/learner/src/quiz/asked.rs reads the same.
  const readings = (typed, unit) => {
    let text = typed.trim().replace(/[\u2212–]/g, "-");
    if (unit && text.endsWith(unit.trim())) text = text.slice(0, text.length - unit.trim().length);
    text = text.replace(/[_ ]/g, "");
    const share = text.endsWith("%") ? 0.01 : 1;
    text = text.replace(/%$/, "");
    const one = (part) => (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(part) ? Number(part) : NaN);
    const value = (whole) => {
      const [above, below] = whole.split(/\/(.*)/s);
      return share * (below === undefined ? one(above) : one(above) / one(below));
    };
    return [text.replaceAll(",", "."), text.replaceAll(",", "")].map(value).filter(Number.isFinite);
  };
  const ofNumber = ({ number, unit }, typed) => {
    const given = readings(typed, unit);
    if (given.length === 0) return number.unclear;
    const is = (value, wanted) => Math.abs(value - wanted) <= Math.max(number.tolerance, 1e-12 * Math.abs(wanted));
    const [[answer, right], ...near] = number.known;
    if (given.some((value) => is(value, answer))) return right;
    return near.find(([value]) => is(given[0], value))?.[1] ?? number.otherwise;
  };
  const reply = async (question, answers) => {
    const typed = answers.at(-1);
    const { replies, number } = question;
    if (typed === "?") return question.said[replies["?"]];
    if (number) return question.said[ofNumber(question, typed)];
    return question.said[question.kind === "open" && answers.length === 1 ? replies[""] : replies[typed]];
  };
  askQuestions(document.getElementById("asked-here"), questions, reply);
}

// What mdBook's frame lacks for those who use a keyboard or a screen reader.
{
  // The button of the contents is a label, which no key reaches.
  const label = document.getElementById("mdbook-sidebar-toggle");
  const box = document.getElementById(label.htmlFor);
  const contents = document.getElementById("mdbook-sidebar");
  const button = document.createElement("button");
  for (const { name, value } of label.attributes) if (name !== "for") button.setAttribute(name, value);
  button.append(...label.childNodes);
  button.addEventListener("click", () => {
    // mdBook does this when the label is clicked: contents that are hidden have no place, and could not slide in.
    if (!box.checked) {
      contents.style.display = "";
      contents.offsetHeight;
    }
    box.click();
  });
  box.addEventListener("change", () => button.setAttribute("aria-expanded", box.checked));
  label.replaceWith(button);
  document.getElementById("mdbook-menu-bar").role = "banner";
  // The corner of a table is no heading.
  for (const corner of document.querySelectorAll(".content th:empty")) corner.replaceWith(document.createElement("td"));
}

// An option such as `--bonus` is not broken after its hyphens.
for (const code of document.querySelectorAll(".content :not(pre) > code")) {
  code.innerHTML = code.innerHTML.replace(/(^|\s)(-[\w-]+)/g, '$1<span class="flag">$2</span>');
}

// What is scrolled by itself can be scrolled with the keyboard.
for (const wide of document.querySelectorAll(".content pre, .content .table-wrapper")) {
  (wide.querySelector("code.hljs") ?? wide).tabIndex = 0;
}

// Figures come in light and dark for the system's colours; here readers can choose others.
{
  const sources = [...document.querySelectorAll("picture > source[media]")];
  const follow = () => {
    const isDark = ["coal", "navy", "ayu"].some((theme) => document.documentElement.classList.contains(theme));
    for (const source of sources) {
      source.dataset.media ??= source.media;
      if (source.dataset.media.includes("prefers-color-scheme")) source.media = source.dataset.media.includes("dark") === isDark ? "all" : "not all";
    }
  };
  new MutationObserver(follow).observe(document.documentElement, { attributeFilter: ["class"] });
  follow();
}

// The map begins at its first exercise, wherever in its row that is.
const map = document.querySelector(".map");
if (map) {
  const [at, first] = [map, map.querySelector("a")].map((node) => node.getBoundingClientRect());
  map.scrollLeft += first.left + first.width / 2 - at.left - at.width / 2;
}

// A picture that can be varied: its frames lie beside the page, and a slider shows one of them.
for (const figure of document.querySelectorAll("figure.frames")) {
  const image = figure.querySelector("img");
  const names = JSON.parse(figure.dataset.values);
  const slider = Object.assign(document.createElement("input"), { type: "range", min: 0, max: names.length - 1, value: figure.dataset.start });
  const output = document.createElement("output");
  const label = document.createElement("label");
  const show = () => {
    output.textContent = names[slider.value];
    slider.setAttribute("aria-valuetext", names[slider.value]);
    image.src = image.src.replace(/-\d+\.svg$/, `-${slider.value}.svg`);
  };
  slider.addEventListener("input", show);
  // The others are fetched when the slider is first touched, so that it does not flicker.
  slider.addEventListener("focus", () => names.forEach((_, at) => (new Image().src = image.src.replace(/-\d+\.svg$/, `-${at}.svg`))), { once: true });
  label.append(figure.dataset.name, " ", slider, " ", output);
  image.before(label);
  show();
}
