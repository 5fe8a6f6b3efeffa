"use strict";
/* The table of concepts: filter, order, pages of rows. Its rows come from concepts.js beside the page;
   "report.js" is there before. Without a script the first rows stand in the page itself. */

const ROWS_ON_A_PAGE = 100;

document.addEventListener("DOMContentLoaded", () => {
  const rows = window.andornotConcepts.rows.map((row, place) => ({ ...row, place, text: `${row.name} ${row.category}`.toLowerCase() }));
  const several = new Set(rows.map((row) => row.layer).filter(Boolean)).size > 1;
  const field = document.getElementById("concept-filter");
  const heads = [...document.querySelectorAll("#concepts th[data-by]")];
  const state = { q: "", by: "", up: "", page: 1 };

  const show = () => {
    const found = inOrder(rows.filter(wanted(state.q)), state);
    const pages = Math.max(1, Math.ceil(found.length / ROWS_ON_A_PAGE));
    state.page = Math.max(1, Math.min(state.page, pages));
    const shown = found.slice((state.page - 1) * ROWS_ON_A_PAGE, state.page * ROWS_ON_A_PAGE);
    document.querySelector("#concepts tbody").replaceChildren(...shown.map((row) => conceptRow(row, several)));
    document.getElementById("concept-count").textContent =
      `${found.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} concepts` + (pages > 1 ? `, page ${state.page} of ${pages}` : "");
    for (const head of heads) {
      if (head.dataset.by === state.by) head.setAttribute("aria-sort", state.up ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
    document.getElementById("concept-pager").replaceChildren(...(pages > 1 ? [
      turn("‹ previous", "prev", state.page > 1, -1), turn("next ›", "next", state.page < pages, 1),
    ] : []));
    keep();
  };
  const turn = (text, rel, enabled, step) => {
    const button = make("button", "", text);
    button.type = "button";
    button.dataset.rel = rel;
    button.disabled = !enabled;
    button.addEventListener("click", () => {
      state.page += step;
      show();
      const own = document.querySelector(`#concept-pager [data-rel=${rel}]:not([disabled])`);
      (own || document.querySelector("#concept-pager button:not([disabled])")).focus();
    });
    return button;
  };
  /* the address keeps the choice */
  const keep = () => {
    const kept = new URLSearchParams(Object.entries(state).filter(([name, value]) => value && !(name === "page" && value === 1)));
    const hash = kept.size ? `#${kept}` : "";
    if (hash !== window.location.hash) window.history.replaceState(null, "", hash || "#");
  };
  const restore = () => {
    const kept = new URLSearchParams(window.location.hash.slice(1));
    Object.assign(state, { q: kept.get("q") || "", by: kept.get("by") || "", up: kept.get("up") || "", page: Number(kept.get("page")) || 1 });
    field.value = state.q;
    show();
  };
  field.addEventListener("input", () => { state.q = field.value.trim(); state.page = 1; show(); });
  for (const head of heads) {
    head.querySelector("button").addEventListener("click", () => {
      const text = head.dataset.by === "name";
      /* numbers begin with the largest, names with A; the second click turns them round */
      state.up = state.by === head.dataset.by ? (state.up ? "" : "1") : (text ? "1" : "");
      state.by = head.dataset.by;
      state.page = 1;
      show();
    });
  }
  window.addEventListener("hashchange", restore);
  restore();
});

/* A name in quotes is the very concept; else all words are wanted. */
function wanted(query) {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/s.exec(query);
  if (quoted) { const name = quoted[1].replace(/\\(.)/gs, "$1"); return (row) => row.name === name; }
  const all = words(query);
  return (row) => all.every((word) => row.text.includes(word));
}

/* What is not known comes last, whichever way. */
function inOrder(rows, { by, up }) {
  if (!by) return rows;
  const sign = up ? 1 : -1;
  const compare = (a, b) => (by === "name" ? a.name.localeCompare(b.name, "en") : a[by] - b[by]);
  return rows.sort((a, b) => (by in b) - (by in a) || (by in a && sign * compare(a, b)) || a.place - b.place);
}

/* Texts of the data become text nodes, never markup. */
function conceptRow(row, several) {
  const line = make("tr", "");
  const name = make("th", "");
  name.scope = "row";
  name.append(linkOr(row.name, row.href));
  const best = make("td", "");
  if (row.unit) best.append(linkOr(several ? `${row.layer}, ${row.best}` : row.best, row.unit));
  line.append(name, make("td", "", row.category),
    make("td", "number", `${Number((100 * row.share).toPrecision(3))} %`),
    make("td", "number", row.samples?.toLocaleString("en") ?? "–"),
    make("td", "number", row.held?.toFixed(3) ?? "–"), best,
    make("td", "number", row.iou?.toFixed(3) ?? "–"),
    make("td", "number", row.uses ? row.uses.toLocaleString("en") : ""), make("td", "", row.roles ?? ""));
  return line;
}

function linkOr(text, href) {
  if (!href) return text;
  const link = make("a", "", text);
  link.href = href;
  return link;
}
