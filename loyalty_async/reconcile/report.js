"use strict";
(() => {
  const table = document.getElementById("findings");
  if (!table) return;
  const body = table.tBodies[0];
  const pairs = [...body.querySelectorAll("tr.row")].map((row) => ({
    row,
    panel: document.getElementById(row.dataset.panel),
    words: row.dataset.words,
    kind: row.dataset.kind,
  }));
  const search = document.getElementById("search");
  const kinds = document.getElementById("kinds");
  const status = document.getElementById("status");
  const none = document.getElementById("none");

  const open = (pair, opened) => {
    const button = pair.row.querySelector("button.toggle");
    button.setAttribute("aria-expanded", String(opened));
    pair.panel.hidden = !opened || pair.row.hidden;
    pair.row.classList.toggle("opened", opened);
  };
  const isOpen = (pair) => pair.row.classList.contains("opened");

  const filter = () => {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const pair of pairs) {
      const fits = wanted.every((word) => pair.words.includes(word));
      pair.row.hidden = !(fits && (kinds.value === "" || pair.kind === kinds.value));
      pair.panel.hidden = pair.row.hidden || !isOpen(pair);
      shown += pair.row.hidden ? 0 : 1;
    }
    none.hidden = shown !== 0;
    status.textContent = `${shown.toLocaleString("en")} of ${pairs.length.toLocaleString("en")} shown`;
  };

  const value = (pair, column) => {
    const cell = pair.row.cells[column];
    return cell.dataset.value === undefined ? cell.textContent.trim().toLowerCase() : Number(cell.dataset.value);
  };
  const sort = (header) => {
    const column = header.cellIndex;
    const before = header.getAttribute("aria-sort");
    const ascending = before ? before === "descending" : !header.classList.contains("number");
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    pairs.sort((one, other) => {
      const [a, b] = [value(one, column), value(other, column)];
      const order = typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
      return ascending ? order : -order;
    });
    body.append(...pairs.flatMap((pair) => [pair.row, pair.panel]));
  };

  for (const pair of pairs) {
    pair.row.querySelector("button.toggle").addEventListener("click", () => open(pair, !isOpen(pair)));
  }
  for (const header of table.tHead.rows[0].cells) {
    const button = header.querySelector("button");
    if (button) button.addEventListener("click", () => sort(header));
  }
  search.addEventListener("input", filter);
  kinds.addEventListener("change", filter);
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && event.target === search) {
      search.value = "";
      filter();
    }
  });
  document.body.classList.add("live");
  filter();
})();
