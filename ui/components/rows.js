const line = (row, open) => {
  const node = link(row.href, "", () => open(row.id));
  node.dataset.id = row.id;
  const round = el("span", `round ${row.look.colour}`);
  round.append(icon(row.look.icon, row.look.icon === "progress_activity" ? "turning" : ""), hidden(`${row.look.word}: `));
  const text = el("span", "text");
  const head = el("div");
  head.append(el("span", "who", row.who), el("span", "muted", row.what ? ` · ${row.what}` : ""));
  text.append(head, el("div", "words", row.words));
  const right = el("span", "right");
  const big = el("b", "", row.since === null ? row.big : duration(Date.now() / 1000 - row.since));
  if (row.since !== null) big.dataset.since = row.since;
  right.append(big, el("span", "", row.small));
  node.append(round, text, right, icon("chevron_right", "go"));
  return node;
};

export default function ({ data, parentElement, setTriggerValue }) {
  const frame = el("div", "frame");
  const focused = parentElement.activeElement?.dataset?.id;
  frame.append(...data.rows.map((row) => line(row, (id) => setTriggerValue("open", id))));
  parentElement.querySelector(".frame")?.remove();
  parentElement.append(frame);
  if (focused) [...frame.children].find((node) => node.dataset.id === focused)?.focus();
  const timer = setInterval(() => {
    for (const node of frame.querySelectorAll("[data-since]")) {
      node.textContent = duration(Date.now() / 1000 - Number(node.dataset.since));
    }
  }, 1000);
  return () => clearInterval(timer);
}
