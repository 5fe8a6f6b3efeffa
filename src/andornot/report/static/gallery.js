"use strict";
/* The gallery of units: filters, order, pages of cards. Its list comes from units.js, which the page
   loads by a tag; "report.js" is there before. */

const CARDS_ON_A_PAGE = 48;
const NO_FORMULA = "no formula"; /* the choice of units that have none, and so no verdict */

function startGallery(data) {
  const form = document.getElementById("filters");
  const find = document.getElementById("find");
  const lengths = [...new Set(data.units.map((unit) => unit.length))].filter(Boolean);
  offer(form, "layer", data.layers.map((name, i) => [i, name]), data.layers.length > 1);
  offer(form, "kind", [...new Set(data.units.map((unit) => unit.kind))].filter(Boolean).sort().map((k) => [k, k]), true);
  offer(form, "category", data.categories.map((name, i) => [i, name]), data.categories.length > 1);
  offer(form, "length", lengths.sort((a, b) => a - b).map((n) => [n, n]), lengths.length > 1);
  /* in the order of the list: the best verdict first */
  const placed = [...data.units].sort((a, b) => a.place - b.place).map((unit) => unit.verdict);
  const verdicts = [...new Set(placed.map((verdict) => verdict || NO_FORMULA))];
  offer(form, "verdict", verdicts.map((verdict) => [verdict, verdict]), verdicts.length > 1);
  if (!data.units.some((unit) => "held" in unit)) form.querySelector("option[value=held]").remove();
  offer(form, "class", data.classes.map((name, i) => [i, name]), data.classes.length > 0);

  document.querySelector(".mask-key").hidden = !data.units.some((unit) => unit.image);

  const state = () => ({ q: find.value.trim(), ...Object.fromEntries(new FormData(form)) });
  let page = 1;
  const show = () => {
    const wanted = state();
    const meant = wanted.q ? Search.units(wanted.q, show) : { keys: null, said: "" };
    if (!meant) return;  /* the index is on its way */
    const found = choose(data.units, wanted, meant.keys);
    page = Math.max(1, Math.min(page, Math.ceil(found.length / CARDS_ON_A_PAGE)));
    remember(wanted, page, found);
    document.getElementById("understood").textContent = meant.said;
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

/* The units that are wanted, in the wanted order; "meant" are those that the search means, or null. */
function choose(units, wanted, meant) {
  const from = wanted.from === "" ? -1 : Number(wanted.from);
  const to = wanted.to === "" ? 2 : Number(wanted.to);
  const found = units.filter((unit) =>
    (wanted.layer === "" || unit.layer === Number(wanted.layer)) &&
    (wanted.kind === "" || unit.kind === wanted.kind) &&
    (wanted.category === "" || unit.categories.includes(Number(wanted.category))) &&
    (wanted.length === "" || unit.length === Number(wanted.length)) &&
    (wanted.class === "" || unit.classes.includes(Number(wanted.class))) &&
    (wanted.verdict === "" || (unit.verdict || NO_FORMULA) === wanted.verdict) &&
    unit.iou >= from && unit.iou <= to &&
    (meant === null || meant.has(`${unit.layer}:${unit.unit}`)));
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
  const pager = document.getElementById("pager");
  const focused = pager.contains(document.activeElement) ? document.activeElement.dataset.rel : "";
  pager.replaceChildren(...(pages > 1 ? [
    pagerButton("‹ previous", "prev", page > 1, () => go(page - 1)),
    pagerButton("next ›", "next", page < pages, () => go(page + 1)),
  ] : []));
  /* whoever turns pages by keyboard is still at the button, or at the other one where the pages end */
  if (focused) (pager.querySelector(`[data-rel=${focused}]:not([disabled])`) || pager.querySelector("button:not([disabled])"))?.focus();
}

function pagerButton(text, rel, enabled, onClick) {
  const button = make("button", "", text);
  button.type = "button";
  button.dataset.rel = rel;
  button.disabled = !enabled;
  button.addEventListener("click", onClick);
  return button;
}

/* Held-out IoU beside that of chance, as far as they are known. */
function scores(unit) {
  const held = "held" in unit ? `held out ${unit.held.toFixed(3)}` : `IoU ${unit.iou.toFixed(3)}`;
  return make("small", "scores", held + ("chance" in unit ? ` (chance ${unit.chance.toFixed(3)})` : ""));
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
  const small = make("small", "");
  const little = unit.extent === "explains little";
  if (unit.verdict) {
    const look = `badge ${unit.verdict.replaceAll(" ", "-")}${little ? " little" : ""}`;
    small.append(make("span", look, little ? `${unit.verdict}, ${unit.extent}` : unit.verdict), " ");
  }
  small.append(`${layer}unit ${unit.unit}`);
  if (unit.extent && !little) small.append(" ", make("span", "extent", unit.extent));
  said.append(small);
  if (data.instead[unit.verdict]) {
    const instead = make("span", "instead", data.instead[unit.verdict]);
    if (unit.why) instead.append(" ", make("small", "why", unit.why));
    said.append(instead);
  }
  said.append(make("span", "formula", unit.formula ?? `no formula: ${unit.status}`));
  if (unit.formula !== null) said.append(scores(unit));
  if (unit.example) said.append(make("small", "example", unit.example));
  if (unit.classes.length) said.append(make("small", "", `${data.feeds} ${unit.classes.map((c) => data.classes[c]).join(", ")}`));
  link.append(said);
  const item = make("li", "");
  item.append(link);
  return item;
}
