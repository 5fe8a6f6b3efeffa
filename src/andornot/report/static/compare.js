"use strict";
/* Two units side by side. The address says which (compare.html#FIRST&SECOND). All units are listed in
   compare/units.js; what is known of one is a script of its own, loaded when it is asked for.
   "report.js" is there before. Texts of the data become text nodes, never markup. */

const compared = new Map();
const MOST_OFFERED = 6;

/* what the script of a unit calls */
window.andornotUnit = (key, unit) => compared.set(key, unit);

document.addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("choose");
  const units = window.andornotUnits.units.map(([key, name, verdict, says, total], place) =>
    ({ key, name, verdict, says, total, place }));
  const byKey = new Map(units.map((unit) => [unit.key, unit]));
  document.getElementById("all-units").append(...units.map((unit) =>
    new Option([unit.verdict, unit.says].filter(Boolean).join(": "), unit.name)));

  const go = (first, second) => { window.location.hash = `${first.key}&${second.key}`; };
  const choose = async (focuses) => {
    const fields = ["first", "second"].map((name) => form.elements[name]);
    const read = await Promise.all(fields.map((field) => readUnit(field.value.trim(), units, byKey)));
    fields.forEach((field, i) => field.setAttribute("aria-invalid", String(read[i].length !== 1)));
    if (read.every((found) => found.length === 1)) { go(read[0][0], read[1][0]); return; }
    document.getElementById("said").replaceChildren(...read.flatMap((found, i) => unclear(fields[i], found)));
    if (focuses) fields[read.findIndex((found) => found.length !== 1)].focus();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    choose(true);
  });
  /* a choice from the list needs no button; whoever goes on to the other field stays there */
  form.addEventListener("change", () => {
    if (["first", "second"].every((name) => form.elements[name].value.trim())) choose(false);
  });
  document.getElementById("swap").addEventListener("click", () => {
    const { first, second } = form.elements;
    [first.value, second.value] = [second.value, first.value];
    form.requestSubmit();
  });

  const show = async () => {
    const asked = window.location.hash.slice(1).split("&").filter(Boolean).map(decoded);
    const chosen = asked.map((key) => byKey.get(key));
    const place = document.getElementById("compared");
    const list = document.getElementById("closest")?.closest("section");
    /* the link that was followed goes away: then the focus goes where it led to */
    const goes = place.contains(document.activeElement) || list?.contains(document.activeElement);
    place.hidden = true;
    pairs(true);
    chosen.slice(0, 2).forEach((unit, i) => { if (unit) form.elements[i].value = unit.name; });
    const missing = asked.filter((key) => !byKey.has(key));
    if (missing.length) { say(`There is no unit ${missing.join(" and no unit ")} in this report. Choose one above.`); return; }
    if (chosen.length < 2) { say(chosen.length ? "Choose a unit to stand beside it." : "Choose two units, or one of the pairs below."); return; }
    try {
      await Promise.all(chosen.slice(0, 2).map((unit) => load(unit.key)));
    } catch (error) {
      say(error.message);
      return;
    }
    if (window.location.hash.slice(1).split("&").map(decoded).join("&") !== asked.join("&")) return;
    say("");
    const two = chosen.slice(0, 2).map((unit) => ({ ...unit, ...compared.get(unit.key) }));
    document.title = `${two[0].name} and ${two[1].name}`;
    place.replaceChildren(...sections(two, units, place.dataset.position));
    place.setAttribute("aria-label", document.title);
    place.hidden = false;
    pairs(false);
    if (goes) place.focus();
  };
  window.addEventListener("hashchange", show);
  show();
});

function decoded(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

/* The list of pairs is for those who have not chosen yet. */
function pairs(shown) {
  const list = document.getElementById("closest")?.closest("section");
  if (list) list.hidden = !shown;
}

function say(text) {
  document.getElementById("said").textContent = text;
}

/* The units that a text means, best first: a name as the list has it, else what the search finds. */
function readUnit(text, units, byKey) {
  const wanted = text.toLowerCase();
  const named = units.filter((unit) => unit.name.toLowerCase() === wanted || unit.key.toLowerCase() === wanted);
  if (named.length || !text) return Promise.resolve(named);
  return new Promise((done) => {
    Search.keys(text, ({ keys, said }) => done(Object.assign(keys.map((key) => byKey.get(key)).filter(Boolean), { said })));
  });
}

/* Why a field names no unit, with those that it may mean as buttons; nothing where it names one. */
function unclear(field, found) {
  if (found.length === 1) return [];
  const text = field.value.trim();
  const line = make("span", "unclear");
  const of = `The ${field.name} unit`;
  if (!text) line.append(`${of} is missing.`);
  else if (!found.length) line.append(`${of}: nothing is found for “${text}”.${found.said ? ` ${found.said}` : ""}`);
  else line.append(`${of}: “${text}” fits ${found.length.toLocaleString("en")} units. Which?`, ...found.slice(0, MOST_OFFERED).flatMap((unit) => [" ", offer(field, unit)]));
  return [line];
}

function offer(field, unit) {
  const button = make("button", "", unit.name);
  button.type = "button";
  button.title = [unit.verdict, unit.says].filter(Boolean).join(": ");
  button.addEventListener("click", () => { field.value = unit.name; field.form.requestSubmit(); });
  return button;
}

/* Only keys of the list come here, so that an address loads nothing else. */
function load(key) {
  if (compared.has(key)) return Promise.resolve();
  return new Promise((done, failed) => {
    const script = make("script");
    script.src = `compare/${encodeURIComponent(key)}.js`;
    script.addEventListener("load", done);
    script.addEventListener("error", () => failed(new Error(`The file compare/${key}.js of this report is missing.`)));
    document.head.append(script);
  });
}

function sections(two, units, position) {
  return [
    heads(two),
    section("Where they are active", overlap(two, units, position)),
    ...(two.some((unit) => unit.samples.length) ? [section("What excites them most", samples(two))] : []),
    section("What the formulas share", concepts(two)),
    section("Side by side", [table(two, facts(two), "Facts on both units")]),
    ...(two.some((unit) => unit.classes.length) ? [section(window.andornotUnits.weights ? "Classes that they feed" : "Classes that they go with", classes(two))] : []),
  ];
}

function section(heading, children) {
  const made = make("section", "");
  made.append(make("h2", "", heading), ...children.filter(Boolean));
  return made;
}

function link(href, text) {
  const made = make("a", "", text);
  made.href = href;
  return made;
}

function heads(two) {
  const row = make("div", "two");
  row.append(...two.map((unit, i) => {
    const head = make("article", `one-unit ${["first", "second"][i]} ${unit.look}`.trim());
    const title = make("h2", "");
    if (unit.verdict) title.append(make("span", `badge ${unit.verdict.replaceAll(" ", "-")}${unit.little ? " little" : ""}`, unit.badge), " ");
    title.append(link(unit.href, unit.name));
    head.append(title);
    if (unit.instead) head.append(make("p", "instead", unit.instead));
    head.append(make("p", "formula", unit.says));
    if (unit.meaning) head.append(make("p", "meaning", `${unit.verdict[0].toUpperCase()}${unit.verdict.slice(1)}: ${unit.meaning}.`));
    return head;
  }));
  return row;
}

function overlap(two, units, position) {
  const [a, b] = two;
  const counted = (n) => `${n.toLocaleString("en")} ${position}${n === 1 ? "" : "s"}`;
  if (a.near === null) return [make("p", "", "How far their masks overlap is not known: the report was made without masks.")];
  if (a.key === b.key) return [make("p", "", "Both are the same unit.")];
  const found = a.near.find(([place]) => place === b.place) || b.near.find(([place]) => place === a.place);
  const lists = [nearest(a, b, units, true), nearest(b, a, units, false)];
  if (!found && (a.allNear || b.allNear)) return [make("p", "", "They are never active at the same place."), ...lists];
  if (!found) {
    const most = Math.min(...two.map((unit) => iouOf(unit, units[unit.near.at(-1)[0]], unit.near.at(-1)[1])));
    return [make("p", "", `They hardly overlap: the IoU of their masks is at most ${Math.ceil(most * 1000) / 1000}. Each of them has ${a.near.length} others that are nearer; only of these the overlap is kept.`), ...lists];
  }
  const shared = found[1];
  const percent = (n) => (shared / n < 0.005 ? "less than 1 %" : `${Math.round((100 * shared) / n)} %`);
  const iou = iouOf(a, b, shared);
  const said = make("p", "");
  said.append(make("b", "", `IoU of their masks ${iou < 0.0005 ? "below 0.001" : iou.toFixed(3)}`),
    `: both are active on ${counted(shared)}, which is ${percent(a.total)} of where ${a.name} is active, and ${percent(b.total)} of where ${b.name} is.`);
  return [said, ...bar(two, shared, counted), ...lists];
}

function iouOf(a, b, shared) {
  return shared / (a.total + b.total - shared);
}

function bar([a, b], shared, counted) {
  const parts = [["in-first", a.total - shared, `only ${a.name}`], ["in-both", shared, "both"], ["in-second", b.total - shared, `only ${b.name}`]];
  const drawn = make("div", "overlap");
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", parts.map(([, n, text]) => `${text}: ${counted(n)}`).join("; "));
  const key = make("ul", "key-line");
  for (const [look, n, text] of parts) {
    const own = make("span", look);
    own.style.flex = `${n} 1 0`;
    drawn.append(own);
    const item = make("li", "");
    item.append(make("span", `square ${look}`), `${text}: ${counted(n)}`);
    key.append(item);
  }
  return [drawn, key];
}

/* The units nearest to one, each to be put in the place of the other. */
function nearest(unit, other, units, first) {
  if (!unit.near.length) return null;
  const made = make("details", "");
  const list = make("ol", "near-list");
  for (const [place, shared] of unit.near.slice(0, 12)) {
    const near = units[place];
    const keys = first ? [unit.key, near.key] : [near.key, unit.key];
    const item = make("li", "");
    item.append(link(`#${keys.join("&")}`, near.name), ` IoU ${iouOf(unit, near, shared).toFixed(3)}, `,
      make("span", "faint", [near.verdict, near.says].filter(Boolean).join(": ")));
    if (near.key === other.key) item.append(" (here)");
    list.append(item);
  }
  made.append(make("summary", "", `Units that are active where ${unit.name} is`), list);
  return made;
}

function concepts(two) {
  const [a, b] = two.map((unit) => new Map(unit.concepts.map(([name, negated, href]) => [`${negated ? "NOT " : ""}${name}`, href])));
  const both = [...a].filter(([name]) => b.has(name));
  const only = [[a, b], [b, a]].map(([one, other]) => [...one].filter(([name]) => !other.has(name)));
  const rows = [["in both formulas", both], [`only ${two[0].name}`, only[0]], [`only ${two[1].name}`, only[1]]];
  const made = make("table", "");
  const body = make("tbody", "");
  for (const [heading, own] of rows) {
    const row = make("tr", "");
    const head = make("th", "", heading);
    head.scope = "row";
    const cell = make("td", own.length ? "" : "faint", own.length ? undefined : "none");
    if (own.length) {
      const list = make("ul", "concepts-of");
      list.append(...own.map(([name, href]) => {
        const item = make("li", "", href ? undefined : name);
        if (href) item.append(link(href, name));
        return item;
      }));
      cell.append(list);
    }
    row.append(head, cell);
    body.append(row);
  }
  made.append(body);
  return [made];
}

/* A row for each fact that is known of one of them. */
function facts(two) {
  const [a, b] = two.map((unit) => new Map(unit.facts));
  return [...new Set([...a.keys(), ...b.keys()])]
    .map((name) => [make("span", "", name), a.get(name) ?? "–", b.get(name) ?? "–"])
    .filter(([, one, other]) => one !== "–" || other !== "–");
}

function table(two, rows, caption) {
  const made = make("table", "lines side-by-side");
  const head = make("thead", "").appendChild(make("tr", ""));
  head.append(make("td", ""), ...two.map((unit) => { const cell = make("th", "", unit.name); cell.scope = "col"; return cell; }));
  const body = make("tbody", "");
  for (const [name, ...texts] of rows) {
    const row = make("tr", "");
    const label = make("th", "");
    label.scope = "row";
    label.append(name);
    row.append(label, ...texts.map((text) => make("td", "", text)));
    body.append(row);
  }
  made.append(head.parentNode, body);
  /* wide words make the table move, and not the page */
  const frame = make("div", "scroll");
  frame.tabIndex = 0;
  frame.setAttribute("role", "group");
  frame.setAttribute("aria-label", caption);
  frame.append(made);
  return frame;
}

function classes(two) {
  const [a, b] = two.map((unit) => new Map(unit.classes.map(([href, , weight]) => [href, weight])));
  const names = new Map(two.flatMap((unit) => unit.classes.map(([href, name]) => [href, name])));
  const written = (weight) => (weight === undefined ? "–" : `${weight < 0 ? "−" : "+"}${Math.abs(weight).toFixed(3)}`);
  const rows = [...names].sort(([x], [y]) => x.localeCompare(y))
    .map(([href, name]) => [link(href, name), written(a.get(href)), written(b.get(href))]);
  const what = window.andornotUnits.weights ? "Weights from the units to the classes" : "Correlations of the units' mean activations with the prediction";
  return [table(two, rows, "Classes of both units"), make("p", "faint", `${what}; a dash: not among its largest.`)];
}

function samples(two) {
  const row = make("div", "two");
  row.append(...two.map((unit) => {
    const made = make("div", "");
    made.append(make("h3", "", unit.name));
    if (!unit.samples.length) made.append(make("p", "faint", "It is active nowhere."));
    const list = make("ul", "tiles");
    list.append(...unit.samples.map((one) => ("file" in one ? tile(one) : textSample(one))));
    if (unit.samples.length && !("file" in unit.samples[0])) list.className = "pairs";
    made.append(list);
    return made;
  }));
  return [two.some((unit) => "file" in (unit.samples[0] ?? {})) ? maskKey() : markKey(), row];
}

/* What marks of words mean, which the page itself has; nothing where words have no marks. */
function markKey() {
  const key = document.getElementById("mark-key")?.cloneNode(true);
  if (!key) return null;
  key.removeAttribute("id");
  key.hidden = false;
  return key;
}

function maskKey() {
  const key = make("ul", "key-line");
  for (const [colour, text] of [["unit", "only the unit (missed)"], ["both", "unit and formula"], ["formula", "only the formula (false alarm)"]]) {
    const item = make("li", "");
    const square = make("span", "square");
    square.style.background = `var(--${colour})`;
    item.append(square, text);
    key.append(item);
  }
  return key;
}

function tile(one) {
  const item = make("li", "");
  const figure = make("figure", "tile");
  const masks = make("span", "masked");
  const overlay = picture("overlay", one.overlay);
  overlay.alt = one.alt;
  masks.append(sized(picture("base", one.file), one), overlay);
  const plain = sized(picture("plain", one.file), one);
  plain.alt = one.name;
  const caption = make("figcaption", "");
  caption.append(make("b", "", one.name), one.caption);
  figure.append(plain, masks, caption);
  item.append(figure);
  return item;
}

function sized(image, one) {
  image.width = one.width;
  image.height = one.height;
  return image;
}

function textSample(one) {
  const item = make("li", "text-sample");
  for (const [name, parts] of one.lines) {
    const line = make("p", "sentence");
    const text = make("span", "");
    for (const [own, kind] of parts) {
      const [, space, word] = /^(\s*)(.*)$/s.exec(own);
      text.append(space, kind ? make("mark", `m-${kind}`, word) : word);
    }
    line.append(make("span", "side", name), " ", text);
    item.append(line);
  }
  if (one.caption) item.append(make("p", "meta", one.caption));
  return item;
}
