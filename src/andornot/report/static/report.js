"use strict";
/* The script of all pages: theme, keys, copy buttons, filters of tables, and the gallery of units.
   Nothing is fetched; the gallery's list comes from units.js, which its page loads by a tag. */

const CARDS_ON_A_PAGE = 48;
const THEMES = [
  ["", "◐", "as the system has them"],
  ["light", "☀", "light"],
  ["dark", "☾", "dark"],
];

/* Storage may be forbidden, for instance for files; then nothing is remembered. */
const memory = {
  get(key) {
    try { return window.localStorage.getItem(`andornot-${key}`); } catch { return null; }
  },
  set(key, value) {
    try { window.localStorage.setItem(`andornot-${key}`, value); } catch { /* not remembered */ }
  },
};

/* before anything is painted, so that a dark page does not flash */
document.documentElement.dataset.theme = memory.get("theme") || "";

document.addEventListener("DOMContentLoaded", () => {
  startTheme();
  startCopying();
  startTableFilters();
  startMasks();
  if (window.andornot) startGallery(window.andornot);
  else startSearch();
  startOrder();
  document.addEventListener("keydown", onKey);
});

function startTheme() {
  const button = document.getElementById("theme");
  const show = () => {
    const [, sign, words] = THEMES.find(([name]) => name === document.documentElement.dataset.theme);
    button.textContent = sign;
    button.setAttribute("aria-label", `Colours: ${words}`);
    button.title = `Colours: ${words}`;
  };
  button.addEventListener("click", () => {
    const now = THEMES.findIndex(([name]) => name === document.documentElement.dataset.theme);
    document.documentElement.dataset.theme = THEMES[(now + 1) % THEMES.length][0];
    memory.set("theme", document.documentElement.dataset.theme);
    show();
  });
  show();
}

function startCopying() {
  for (const button of document.querySelectorAll("button.copy")) {
    const words = button.textContent;
    button.addEventListener("click", async () => {
      const done = await copy(button.dataset.copy);
      button.textContent = done ? "Copied" : button.dataset.copy;
      if (done) setTimeout(() => { button.textContent = words; }, 1500);
    });
  }
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    /* the older way, where the newer one is not allowed */
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

function startTableFilters() {
  for (const input of document.querySelectorAll("input.filter")) {
    const rows = [...document.querySelectorAll(`#${input.dataset.filters} tbody tr`)];
    const texts = rows.map((row) => row.textContent.toLowerCase());
    input.addEventListener("input", () => {
      const wanted = words(input.value);
      rows.forEach((row, i) => { row.hidden = !wanted.every((word) => texts[i].includes(word)); });
    });
  }
}

/* The choice of masks is kept from unit to unit. */
function startMasks() {
  const chosen = document.getElementById(`view-${memory.get("view")}`);
  if (chosen) chosen.checked = true;
  for (const radio of document.querySelectorAll("#views input")) {
    radio.addEventListener("change", () => memory.set("view", radio.value));
  }
}

/* Away from the gallery, the search field leads to it. */
function startSearch() {
  document.getElementById("search").addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = new URLSearchParams({ q: document.getElementById("find").value });
    window.location.href = `${document.body.dataset.root}units.html#${wanted}`;
  });
}

/* A unit that was reached from the gallery has the neighbours that it has there. */
function startOrder() {
  const back = document.getElementById("back");
  if (!back) return;
  const gallery = JSON.parse(memory.get("gallery") || "null");
  const here = gallery ? gallery.hrefs.findIndex((href) => window.location.pathname.endsWith(`/${href}`)) : -1;
  if (here < 0) return;
  back.href += gallery.hash;
  for (const [rel, step, text] of [["prev", -1, "‹ unit "], ["next", 1, "next unit ›"]]) {
    const href = gallery.hrefs[here + step];
    const link = document.querySelector(`a[rel=${rel}]`);
    if (!href) { if (link) link.hidden = true; continue; }
    const own = link || document.createElement("a");
    own.rel = rel;
    own.href = document.body.dataset.root + href;
    own.textContent = rel === "prev" ? "‹ previous in the list" : "next in the list ›";
    if (!link) back[rel === "prev" ? "before" : "after"](own);
  }
}

function onKey(event) {
  const typing = event.target.closest("input, select, textarea");
  if (event.key === "Escape" && typing) { event.target.blur(); return; }
  if (typing && event.target.type !== "radio") return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (event.key === "/") {
    document.getElementById("find").focus();
    document.getElementById("find").select();
  } else if (event.key === "n" || event.key === "p") {
    const rel = event.key === "n" ? "next" : "prev";
    const target = document.querySelector(`a[rel=${rel}]:not([hidden]), button[data-rel=${rel}]:not([disabled])`);
    if (target) target.click();
  } else if (event.key === "l" && document.getElementById("longest")) {
    document.getElementById("longest").open = !document.getElementById("longest").open;
  } else if (event.key === "m") {
    const radios = [...document.querySelectorAll("#views input")];
    if (radios.length) radios[(radios.findIndex((radio) => radio.checked) + 1) % radios.length].click();
  } else if (moves[event.key] && window.andornot && moveAmongCards(...moves[event.key])) {
    /* moved */
  } else {
    return;
  }
  event.preventDefault();
}

/* Move the focus by columns or rows of the grid; false if the focus is not on a card. */
function moveAmongCards(columns, rows) {
  const cards = [...document.querySelectorAll("#cards a")];
  const here = cards.indexOf(document.activeElement);
  if (!cards.length || (here < 0 && document.activeElement !== document.body)) return false;
  const inRow = cards.findIndex((card) => card.offsetTop > cards[0].offsetTop);
  const next = here < 0 ? 0 : here + columns + rows * (inRow < 0 ? cards.length : inRow);
  if (next < 0 || next >= cards.length) return false;
  cards[next].focus();
  return true;
}

function words(text) {
  return text.toLowerCase().split(/\s+/).filter(Boolean);
}

/* ---- the gallery ---- */

function startGallery(data) {
  const form = document.getElementById("filters");
  const find = document.getElementById("find");
  for (const unit of data.units) {
    unit.text = `${unit.formula || unit.status} ${unit.kind}`.toLowerCase();
  }
  const lengths = [...new Set(data.units.map((unit) => unit.length))].filter(Boolean);
  offer(form, "layer", data.layers.map((name, i) => [i, name]), data.layers.length > 1);
  offer(form, "kind", [...new Set(data.units.map((unit) => unit.kind))].filter(Boolean).sort().map((k) => [k, k]), true);
  offer(form, "category", data.categories.map((name, i) => [i, name]), data.categories.length > 1);
  offer(form, "length", lengths.sort((a, b) => a - b).map((n) => [n, n]), lengths.length > 1);
  /* in the order of the list: the best verdict first */
  const placed = [...data.units].sort((a, b) => a.place - b.place).map((unit) => unit.verdict);
  const verdicts = [...new Set(placed)].filter(Boolean);
  offer(form, "verdict", verdicts.map((verdict) => [verdict, verdict]), verdicts.length > 1);
  if (!data.units.some((unit) => "held" in unit)) form.querySelector("option[value=held]").remove();
  offer(form, "class", data.classes.map((name, i) => [i, name]), data.classes.length > 0);

  const state = () => ({ q: find.value.trim(), ...Object.fromEntries(new FormData(form)) });
  let page = 1;
  const show = () => {
    const wanted = state();
    const found = choose(data.units, wanted);
    page = Math.max(1, Math.min(page, Math.ceil(found.length / CARDS_ON_A_PAGE)));
    remember(wanted, page, found);
    draw(data, found, page, (to) => { page = to; show(); document.getElementById("count").scrollIntoView({ block: "nearest" }); });
  };
  const restore = () => {
    const kept = new URLSearchParams(window.location.hash.slice(1));
    find.value = kept.get("q") || "";
    for (const field of form.querySelectorAll("[name]")) {
      field.value = kept.get(field.name) ?? (field.name === "sort" ? "place" : "");
    }
    page = Number(kept.get("page")) || 1;
    show();
  };
  const changed = () => { page = 1; show(); };
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { find.value = ""; changed(); }));
  find.addEventListener("input", changed);
  document.getElementById("search").addEventListener("submit", (event) => {
    event.preventDefault();
    moveAmongCards(0, 0) || document.querySelector("#cards a")?.focus();
  });
  window.addEventListener("hashchange", restore);
  restore();
}

/* Fill a choice, or hide it where there is nothing to choose. */
function offer(form, name, options, useful) {
  const select = form.querySelector(`select[name=${name}]`);
  for (const [value, text] of options) select.append(new Option(text, value));
  select.closest("label").hidden = !useful;
}

/* The units that are wanted, in the wanted order. */
function choose(units, wanted) {
  const terms = words(wanted.q);
  const from = wanted.from === "" ? -1 : Number(wanted.from);
  const to = wanted.to === "" ? 2 : Number(wanted.to);
  const found = units.filter((unit) =>
    (wanted.layer === "" || unit.layer === Number(wanted.layer)) &&
    (wanted.kind === "" || unit.kind === wanted.kind) &&
    (wanted.category === "" || unit.categories.includes(Number(wanted.category))) &&
    (wanted.length === "" || unit.length === Number(wanted.length)) &&
    (wanted.class === "" || unit.classes.includes(Number(wanted.class))) &&
    (wanted.verdict === "" || unit.verdict === wanted.verdict) &&
    unit.iou >= from && unit.iou <= to &&
    terms.every((term) => unit.text.includes(term) || String(unit.unit) === term));
  const by = wanted.sort.replace("-", "");
  const sign = ["-iou", "unit", "place"].includes(wanted.sort) ? 1 : -1;
  return found.sort((a, b) => sign * ((a[by] ?? -1) - (b[by] ?? -1)) || a.layer - b.layer || a.unit - b.unit);
}

/* Keep the state in the address, and the order for the pages of units. */
function remember(wanted, page, found) {
  const kept = new URLSearchParams();
  for (const [name, value] of Object.entries(wanted)) if (value !== "" && value !== "place") kept.set(name, value);
  if (page > 1) kept.set("page", page);
  const hash = kept.size ? `#${kept}` : "";
  if (hash !== window.location.hash) window.history.replaceState(null, "", hash || "#");
  memory.set("gallery", JSON.stringify({ hash, hrefs: found.map((unit) => unit.href) }));
}

function draw(data, found, page, go) {
  const pages = Math.ceil(found.length / CARDS_ON_A_PAGE);
  const shown = found.slice((page - 1) * CARDS_ON_A_PAGE, page * CARDS_ON_A_PAGE);
  document.getElementById("count").textContent =
    `${found.length.toLocaleString("en")} of ${data.units.length.toLocaleString("en")} unit${data.units.length === 1 ? "" : "s"}` + (pages > 1 ? `, page ${page} of ${pages}` : "");
  document.getElementById("cards").replaceChildren(...shown.map((unit) => card(data, unit)));
  document.getElementById("pager").replaceChildren(...(pages > 1 ? [
    pagerButton("‹ previous", "prev", page > 1, () => go(page - 1)),
    pagerButton("next ›", "next", page < pages, () => go(page + 1)),
  ] : []));
}

function pagerButton(text, rel, enabled, onClick) {
  const button = make("button", "", text);
  button.type = "button";
  button.dataset.rel = rel;
  button.disabled = !enabled;
  button.addEventListener("click", onClick);
  return button;
}

/* Texts of the data become text nodes, never markup. */
function card(data, unit) {
  const link = make("a", `card ${unit.look}`.trim());
  link.href = unit.href;
  if (unit.image) {
    const base = picture("base", unit.image);
    const masks = make("span", "thumb masked");
    masks.append(base, picture("overlay", unit.overlay));
    link.append(masks);
  }
  const said = make("span", "said");
  const layer = data.layers.length > 1 ? `${data.layers[unit.layer]}, ` : "";
  const held = "held" in unit ? `held out ${unit.held.toFixed(3)}` : `IoU ${unit.iou.toFixed(3)}`;
  const score = unit.formula === null ? "" : `, ${held}` + ("chance" in unit ? ` (chance ${unit.chance.toFixed(3)})` : "");
  const small = make("small", "");
  if (unit.verdict) small.append(make("span", `badge ${unit.verdict.replaceAll(" ", "-")}`, unit.verdict), " ");
  small.append(`${layer}unit ${unit.unit}${score}`);
  said.append(small);
  said.append(make("span", "formula", unit.formula ?? `no formula: ${unit.status}`));
  if (unit.example) said.append(make("small", "example", unit.example));
  if (unit.classes.length) said.append(make("small", "", `${data.feeds} ${unit.classes.map((c) => data.classes[c]).join(", ")}`));
  link.append(said);
  const item = make("li", "");
  item.append(link);
  return item;
}

function make(tag, look, text) {
  const element = document.createElement(tag);
  if (look) element.className = look;
  if (text !== undefined) element.textContent = text;
  return element;
}

function picture(look, src) {
  const image = make("img", look);
  image.alt = "";
  image.loading = "lazy";
  image.src = src;
  return image;
}
