/* Short and long steps on one axis: by the square root of time, else two seconds beside eleven minutes vanish. */
const scale = (data) => {
  const span = Math.max(data.until - data.from, 1);
  return (moment) => Math.sqrt(Math.min(Math.max(moment - data.from, 0), span) / span) * 100;
};

const STEPS = [1, 2, 5, 10, 30, 60, 180, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400, 259200, 604800, 2592000];

const ticks = (data, at) => {
  const found = [];
  for (const seconds of STEPS) {
    const place = at(data.from + seconds);
    const before = found.length ? found[found.length - 1].place : 10;
    if (seconds < data.until - data.from && place < 94 && place - before > 9) found.push({ place, seconds });
  }
  return found;
};

const tickWords = (seconds) => {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 3600) return `${seconds / 60} min`;
  return seconds < 86400 ? `${seconds / 3600} h` : `${seconds / 86400} d`;
};

const axis = (data, marks) => {
  const row = el("div", "axis");
  const track = el("div", "track");
  track.append(el("span", "tick first", data.from_words));
  for (const { place, seconds } of marks) {
    const tick = el("span", "tick", tickWords(seconds));
    tick.style.left = `${place}%`;
    track.append(tick);
  }
  row.setAttribute("aria-hidden", "true");
  row.append(el("span"), track, el("span", "took", "Took"));
  return row;
};

const bars = (step, data, at, marks) => {
  const track = el("div", "track");
  track.setAttribute("aria-hidden", "true");
  for (const { place } of marks) {
    const line = el("span", "grid");
    line.style.left = `${place}%`;
    track.append(line);
  }
  if (step.started === null) return track;
  const end = step.ended === null ? data.now : step.ended;
  const bar = el("span", `bar ${step.state}`);
  bar.style.left = `${at(step.started)}%`;
  bar.style.width = `${Math.max(at(end) - at(step.started), 0)}%`;
  track.append(bar);
  if (step.state === "attention" && step.ended !== null) {
    const waits = el("span", "waits");
    waits.style.left = `${at(end)}%`;
    waits.style.width = `${Math.max(at(data.now) - at(end), 0)}%`;
    track.append(waits);
  }
  return track;
};

const name = (step) => {
  const cell = el("span", "name");
  cell.append(icon(step.icon, `s-${step.state} ${step.state === "running" ? "turning" : ""}`), hidden(`${step.word}: `));
  const title = el("span", "title", step.title);
  title.title = step.title;
  cell.append(title);
  if (step.attempts > 1) cell.append(el("span", "tries", `${step.attempts} tries`));
  if (step.note) cell.append(el("span", "note", step.note));
  return cell;
};

const acts = (step, setTriggerValue) => {
  const row = el("div", "acts");
  for (const { verb, label, primary } of step.acts) {
    const button = el("button", primary ? "primary" : "", label);
    button.type = "button";
    button.dataset.verb = verb;
    button.addEventListener("click", () => setTriggerValue("act", { verb, step: step.name }));
    row.append(button);
  }
  return row;
};

const more = (step, setTriggerValue) => {
  const box = el("div", "more");
  if (step.said) {
    const said = el("div", `said ${step.state === "attention" ? "orange" : "gray"}`);
    said.append(el("strong", "", step.said.happened), el("span", "", step.said.to_do));
    box.append(said);
  }
  const list = el("dl");
  for (const [label, value] of step.facts) list.append(el("dt", "", label), el("dd", "", value));
  box.append(list);
  if (step.acts.length) box.append(acts(step, setTriggerValue));
  return box;
};

const row = (step, context) => {
  const { data, at, marks, root, setTriggerValue } = context;
  const item = el("li", `row ${step.state}`);
  item.dataset.step = step.name;
  item.dataset.state = step.state;
  const line = el("button", "line");
  const open = root.opened.has(step.name) ? root.opened.get(step.name) : step.state === "attention";
  line.type = "button";
  line.id = `line-${step.index}`;
  line.setAttribute("aria-expanded", String(open));
  line.setAttribute("aria-controls", `more-${step.index}`);
  line.append(name(step), bars(step, data, at, marks));
  const took = el("span", "took", step.took);
  if (step.state === "running" && step.started !== null) took.dataset.since = step.started;
  line.append(took);
  const body = more(step, setTriggerValue);
  body.id = `more-${step.index}`;
  body.hidden = !open;
  line.addEventListener("click", () => {
    body.hidden = !body.hidden;
    line.setAttribute("aria-expanded", String(!body.hidden));
    root.opened.set(step.name, !body.hidden);
  });
  item.append(line, body);
  return item;
};

const leg = (part, context) => {
  const section = el("section", "leg");
  const head = el("div", "head");
  const list = el("ol");
  head.append(el("h3", "", part.title), el("span", "muted", part.summary), el("span", "took", part.took));
  list.append(...part.steps.map((step) => row(step, context)));
  section.setAttribute("aria-label", part.title);
  section.append(head, list);
  return section;
};

const move = (root, event) => {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const lines = [...root.querySelectorAll(".line")];
  const here = lines.indexOf(event.target.closest(".line"));
  if (!by || here < 0) return;
  event.preventDefault();
  lines[Math.min(Math.max(here + by, 0), lines.length - 1)].focus();
};

export default function ({ data, parentElement, setTriggerValue }) {
  let root = parentElement.querySelector(".sheet");
  if (!root) {
    root = el("div", "sheet");
    root.opened = new Map();
    root.addEventListener("keydown", (event) => move(root, event));
    parentElement.append(root);
  }
  const focused = parentElement.activeElement?.id;
  const at = scale(data);
  const marks = data.from === null ? [] : ticks(data, at);
  const context = { data, at, marks, root, setTriggerValue };
  root.replaceChildren(...(data.from === null ? [] : [axis(data, marks)]), ...data.legs.map((part) => leg(part, context)));
  if (focused) root.querySelector(`#${focused}`)?.focus({ preventScroll: true });
  const ahead = Date.now() / 1000 - data.now;
  const timer = setInterval(() => {
    for (const took of root.querySelectorAll("[data-since]")) {
      took.textContent = duration(Date.now() / 1000 - ahead - Number(took.dataset.since));
    }
  }, 1000);
  return () => clearInterval(timer);
}
