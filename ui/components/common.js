const el = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined && text !== null) node.textContent = text;
  return node;
};

const icon = (name, className) => {
  const node = el("span", `icon ${className || ""}`, name);
  node.setAttribute("aria-hidden", "true");
  return node;
};

const chip = ({ word, icon: name, colour }) => {
  const node = el("span", `chip ${colour}`);
  node.append(icon(name, name === "progress_activity" ? "turning" : ""), el("span", "", word));
  return node;
};

const hidden = (text) => el("span", "hidden", text);

/* A real link: a plain click stays in this page, Ctrl-click, middle click and Enter behave as links do. */
const link = (href, className, open) => {
  const node = el("a", className);
  node.href = href;
  node.addEventListener("click", (event) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open();
  });
  return node;
};

const duration = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  if (whole < 120) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
};
