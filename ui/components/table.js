const content = (cell) => {
  if (cell.chip) return chip(cell.chip);
  const inner = el("span", "in");
  if (cell.icon) inner.append(icon(cell.icon));
  inner.append(el("span", "", cell.text));
  return inner;
};

const cellOf = (cell, row, first, open) => {
  const td = el("td", cell.tone || "");
  let box = el("div");
  if (row.href) {
    box = link(row.href, "", () => open(row.id));
    if (!first) box.tabIndex = -1;
  }
  box.append(content(cell));
  if (cell.more) box.title = cell.more;
  td.append(box);
  return td;
};

export default function ({ data, parentElement, setTriggerValue }) {
  const frame = el("div", "frame");
  const table = el("table");
  const head = el("tr");
  head.append(...data.columns.map((title) => Object.assign(el("th", "", title), { scope: "col" })));
  table.append(el("thead"), el("tbody"));
  table.tHead.append(head);
  table.setAttribute("aria-label", data.label);
  const open = (id) => setTriggerValue("open", id);
  for (const row of data.rows) {
    const tr = el("tr");
    tr.dataset.id = row.id;
    tr.append(...row.cells.map((cell, index) => cellOf(cell, row, index === 0, open)));
    table.tBodies[0].append(tr);
  }
  frame.append(table);
  const focused = parentElement.activeElement?.closest?.("tr")?.dataset.id;
  parentElement.querySelector(".frame")?.remove();
  parentElement.append(frame);
  if (focused) [...frame.querySelectorAll("tr")].find((tr) => tr.dataset.id === focused)?.querySelector("a")?.focus();
}
