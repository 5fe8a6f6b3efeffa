"use strict";
/* Search, on every page: what a query means, what it finds, and the list under the field. The index is
   a script of its own, "find.js", which is added by a tag when the field is first used. "report.js" is
   there before. Texts of the data become text nodes, never markup. */

const Search = (() => {
  const HITS_IN_A_GROUP = 6;
  const SIGNS = { AND: "and", "&": "and", "&&": "and", OR: "or", "|": "or", "||": "or", NOT: "not" };
  /* bracket, "quoted name", derived concept such as NEIGHBORS(dog), sign, word */
  const TOKEN = /([()])|("(?:[^"\\]|\\.)*"?)|((?!(?:AND|OR|NOT)\()[A-Z][A-Z0-9_]*\((?:"(?:[^"\\]|\\.)*"|[^()"])*\))|([&|]+)|([^\s()"&|]+)/g;

  /* The index, once it is there; until then null. */
  let index = null;
  const waiting = [];

  function withIndex(then) {
    if (index) { then(); return; }
    waiting.push(then);
    if (waiting.length > 1) return;
    const script = document.createElement("script");
    script.src = `${document.body.dataset.root}find.js`;
    script.addEventListener("load", () => {
      index = prepared(window.andornotIndex);
      for (const one of waiting.splice(0)) one();
    });
    document.head.append(script);
  }

  /* Lower case, once for all queries. */
  function prepared(data) {
    data.lower = data.names.map((name) => name.toLowerCase());
    data.concept = data.concepts.map(([name]) => name.toLowerCase());
    data.units = data.units.map(([layer, unit, place, formula, verdict, kind, signed, href, extent]) => ({
      layer, unit, place, formula, verdict, signed, href, little: extent === "explains little",
      /* all that its card says, so that what is read can be searched */
      text: `${formula ?? "no formula"} ${kind} ${verdict} ${data.instead[verdict] ?? ""} ${extent ?? ""} layer ${data.layers[layer]} units`.toLowerCase(),
    }));
    data.samples = data.samples.map(([text, units]) => ({ text, units, lower: text.toLowerCase() }));
    return data;
  }

  /* How near a name is to what is wanted: 0 the same, 1 begins with it, 2 one of its words does, 3 has it
     somewhere, 4 has all its words; -1 not at all. Both in lower case. */
  function nearness(name, wanted) {
    if (name === wanted) return 0;
    const at = name.indexOf(wanted);
    if (at === 0) return 1;
    if (at > 0) return /[^\p{L}\p{N}]/u.test(name[at - 1]) ? 2 : 3;
    return words(wanted).every((word) => name.includes(word)) ? 4 : -1;
  }

  /* The concepts of a formula, each with whether it stands after a NOT; null if the text has no sign of
     being one. It is read while it is typed, so what is missing at its end is forgiven. */
  function signedConcepts(text) {
    const terms = [], scope = [false];
    let name = [], negated = false, signs = 0;
    const end = () => {
      if (name.length) terms.push({ name: name.join(" ").toLowerCase(), negated: scope.at(-1) !== negated });
      if (name.length) negated = false;
      name = [];
    };
    for (const [, bracket, quoted, call, symbol, word] of text.matchAll(TOKEN)) {
      const [, nots, rest] = /^([!~]*)(.*)$/su.exec(word ?? "");
      const sign = SIGNS[symbol ?? rest];
      if (bracket || sign || nots || quoted) signs += 1;
      if (bracket === "(") { end(); scope.push(scope.at(-1) !== negated); negated = false; continue; }
      if (bracket) { end(); if (scope.length > 1) scope.pop(); continue; }
      if (quoted || call) { name.push(quoted ? quoted.replace(/^"|"$/g, "").replace(/\\(.)/gs, "$1") : call); continue; }
      if (nots) { end(); if (nots.length % 2) negated = !negated; }
      if (sign === "not") { end(); negated = !negated; } else if (sign) { end(); negated = false; } else if (rest) name.push(rest);
    }
    end();
    return signs && terms.length ? terms : null;
  }

  /* The units that a query means, best first, and how it was read. */
  function findUnits(query) {
    const text = query.trim().toLowerCase();
    const terms = signedConcepts(query);
    const plain = withoutOperators(query).toLowerCase();
    /* what shall not be there is not looked for as a word that is */
    const byWords = terms?.some((term) => term.negated) || !plain ? [] : [worded, showing];
    for (const reading of [addressed, shownSample, formulaOf, ...byWords]) {
      const found = reading(byWords.includes(reading) ? plain : text, query.trim());
      if (found?.units.length) return { ...found, said: `Found: ${found.said}.` };
    }
    return { units: [], said: terms ? whyNone(terms) : "" };
  }

  /* What is left of a formula to be found as words: AND, OR and signs join these, and are none. */
  function withoutOperators(query) {
    return query.replace(/(^|[\s()])(?:AND|OR|NOT|[&|!~]+)(?=[\s()]|$)/g, "$1 ").replace(/\s+/g, " ").trim();
  }

  /* A name that no concept has is a better reason than that no formula has it. */
  function whyNone(terms) {
    const known = index.concept.length ? index.concept : index.lower;
    const strange = terms.map(({ name }) => name).filter((name) => !known.some((own) => near(own, name)));
    const listed = [...new Set(strange)].map((name) => `“${name}”`).join(" and ");
    if (!strange.length) return `No unit’s formula has ${readAs(terms)}.`;
    return `${listed} ${new Set(strange).size > 1 ? "are no concepts" : "is no concept"} here.`;
  }

  /* Whether a name in a formula may mean a concept: the same, or its words begin so. */
  function near(own, name) {
    const rank = nearness(own, name);
    return rank >= 0 && rank <= 2;
  }

  /* Those that keep their rank, by rank and then as all lists have them. */
  function ranked(rankOf, said) {
    const kept = index.units.map((unit) => [rankOf(unit), unit]).filter(([rank]) => rank >= 0);
    kept.sort(([a, x], [b, y]) => a - b || x.place - y.place);
    return { units: kept.map(([, unit]) => unit), said };
  }

  /* "unit 12", "12", "layer2 12", "layer2:12", "layer2, unit 12" */
  function addressed(text) {
    const read = /^(?:(.+?)(?:,?\s+|[:,]\s*))??(?:units?\s*)?#?(\d+)$/.exec(text);
    if (!read) return null;
    const [, layer, number] = read;
    const near = index.layers.map((name) => (layer === undefined ? 0 : nearness(name.toLowerCase(), layer)));
    const said = layer === undefined ? `units with the number ${Number(number)}` : `unit ${Number(number)} of layers called “${layer}”`;
    return ranked((unit) => (unit.unit === Number(number) ? near[unit.layer] : -1), said);
  }

  function shownSample(text) {
    const sample = index.samples.find((one) => one.lower === text);
    return sample && unitsOf([sample], "units whose pages show this");
  }

  function unitsOf(samples, said) {
    const own = new Set(samples.flatMap((sample) => sample.units));
    const kept = new Set([...own].map((at) => index.units[at]));
    return ranked((unit) => (kept.has(unit) ? 0 : -1), said);
  }

  function formulaOf(_, query) {
    const terms = signedConcepts(query);
    if (!terms) return null;
    const nears = terms.map(({ name }) => index.lower.map((own) => (near(own, name) ? nearness(own, name) : -1)));
    return ranked((unit) => {
      let sum = 0;
      for (const [i, { negated }] of terms.entries()) {
        const ranks = unit.signed.filter((at) => at < 0 === negated).map((at) => nears[i][Math.abs(at) - 1]).filter((rank) => rank >= 0);
        if (!ranks.length) return -1;
        sum += Math.min(...ranks);
      }
      return only(unit, terms.length) + 2 * sum;
    }, `units whose formula has ${readAs(terms)}`);
  }

  /* Before units whose formulas have more than is asked for come those that have no more: 0, else 1. */
  function only(unit, n) {
    return unit.signed.length > n ? 1 : 0;
  }

  /* What a formula was taken for; which sign joins its concepts is not asked. */
  function readAs(terms) {
    const list = (negated) => terms.filter((term) => term.negated === negated).map((term) => `“${term.name}”`).join(" and ");
    const [plain, negated] = [list(false), list(true)];
    return [plain, negated && `${negated} after a NOT`].filter(Boolean).join(", and ");
  }

  function worded(text) {
    const wanted = words(text);
    const nears = index.lower.map((name) => nearness(name, text));
    return ranked((unit) => {
      if (!wanted.every((word) => unit.text.includes(word) || String(unit.unit) === word)) return -1;
      const ranks = unit.signed.map((at) => nears[Math.abs(at) - 1]).filter((rank) => rank >= 0);
      return ranks.length ? only(unit, 1) + 2 * Math.min(...ranks) : 10;
    }, `units with ${wanted.map((word) => `“${word}”`).join(" and ")} in formula, verdict, kind or layer`);
  }

  function showing(text) {
    const wanted = words(text);
    const some = index.samples.filter((sample) => wanted.every((word) => sample.lower.includes(word)));
    return unitsOf(some, "units whose pages show samples with these words");
  }

  /* All that a query finds, group by group. */
  function findAll(query, withUnits) {
    const text = query.trim().toLowerCase();
    const units = findUnits(query);
    const terms = signedConcepts(query);
    const asked = terms?.map((term) => term.name) ?? [text];
    const most = terms ? 2 : 4;
    const all = `units.html#${new URLSearchParams({ q: query.trim() })}`;
    const groups = [
      withUnits && ["Units", units.units.map((unit) => ({ label: unitName(unit), verdict: unit.verdict, little: unit.little, note: unit.formula ?? "no formula", href: unit.href }))],
      ["Concepts", nearest(index.concepts, asked, most).map(([name, kind, uses, href]) => ({ label: name, note: `${kind}, ${counted(uses, "use")}`, href: href || rowOf(name) }))],
      ["Layers", nearest(index.layers.length > 1 ? index.layers.map((name, i) => [name, i]) : [], [text], 3).map(([name, i]) => ({ label: name, note: "its units", href: `units.html#layer=${i}` }))],
      ["Verdicts", nearest(index.verdicts.map((verdict) => [verdict]), [text], 1).map(([verdict]) => ({ label: verdict, verdict, note: "units with this verdict", href: `units.html#${new URLSearchParams({ verdict })}` }))],
      ["Classes", nearest(index.classes, asked, most).map(([name, href]) => ({ label: name, note: "class", href }))],
      [index.called, nearest(index.samples.map((one) => [one.text, one]), [text]).map(([name, one]) => ({ label: name, note: `on the page${one.units.length > 1 ? "s" : ""} of ${counted(one.units.length, "unit")}`, href: one.units.length > 1 ? `units.html#${new URLSearchParams({ q: name })}` : index.units[one.units[0]].href }))],
      ["Pages", nearest(index.pages.map(([name, href, more]) => [`${name} ${more}`, name, href]), [text], 2).map(([, name, href]) => ({ label: name, note: "page", href }))],
    ].filter(Boolean).map(([title, hits]) => ({ title, hits: hits.slice(0, HITS_IN_A_GROUP), found: hits.length }));
    if (withUnits && units.units.length > 1) {
      groups[0].hits.push({ label: `all ${counted(units.units.length, "unit")}`, note: "in the list of units", href: all });
    }
    /* what is called just so comes first */
    const later = (group) => Number(group.title === "Units" || group.hits[0]?.label.toLowerCase() !== text);
    groups.sort((a, b) => later(a) - later(b));
    return { said: units.said, units: units.units, all, groups: groups.filter((group) => group.hits.length) };
  }

  /* Those whose first text is near to one that is asked for, nearest first. */
  function nearest(rows, asked, most = 4) {
    const rank = (name) => Math.min(...asked.map((text) => nearness(name, text)).map((near) => (near < 0 || near > most ? Infinity : near)));
    const kept = rows.map((row) => [rank(row[0].toLowerCase()), row]).filter(([own]) => own < Infinity);
    return kept.sort(([a], [b]) => a - b).map(([, row]) => row);
  }

  function rowOf(name) {
    return `concepts.html#${new URLSearchParams({ q: inQuotes(name) })}`;
  }

  function unitName(unit) {
    return (index.layers.length > 1 ? `${index.layers[unit.layer]}, ` : "") + `unit ${unit.unit}`;
  }

  function counted(n, thing) {
    return `${n.toLocaleString("en")} ${thing}${n === 1 ? "" : "s"}`;
  }

  /* What can be searched, by examples of this report; choosing one fills the field. */
  function examples() {
    const [unit] = [...index.units].sort((a, b) => a.place - b.place);
    const signed = index.units.find((one) => one.signed.some((at) => at > 0) && one.signed.some((at) => at < 0));
    const name = (sign) => quotedName(index.names[Math.abs(signed.signed.find((at) => at * sign > 0)) - 1]);
    const concept = [...index.concepts].sort((a, b) => b[2] - a[2])[0];
    return [
      unit && [`unit ${unit.unit}`, "a unit by its number"],
      unit && index.layers.length > 1 && [`${index.layers[unit.layer]}:${unit.unit}`, "a unit of a layer"],
      concept && [concept[0], "a concept"],
      signed && [`${name(1)} AND NOT ${name(-1)}`, "a formula: units whose own has these concepts, with their NOTs"],
      index.samples.length && [index.samples[0].text, `one of the ${index.called.toLowerCase()}: units whose pages show it`],
      index.classes.length && [index.classes[0][0], "a class"],
      index.verdicts.length && [index.verdicts[0], "a verdict"],
      [index.pages.at(-1)[0], "a page"],
    ].filter(Boolean).map(([fill, note]) => ({ label: fill, note, fill }));
  }

  function quotedName(name) {
    return /[()"&|!~]|\b(AND|OR|NOT)\b/.test(name) ? inQuotes(name) : name;
  }

  function inQuotes(name) {
    return `"${name.replace(/[\\"]/g, "\\$&")}"`;
  }

  /* The field with its list: a combobox. In the gallery, whose cards are the units, other hits are listed. */
  function start() {
    const form = document.getElementById("search");
    const field = document.getElementById("find");
    const [box, said, list] = [make("div", "hits"), make("p", "said"), make("div", "")];
    const gallery = Boolean(document.getElementById("cards") && window.andornot);
    let chosen = -1;
    box.hidden = true;
    said.setAttribute("role", "status");
    list.id = "hits";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Found");
    box.append(said, list);
    form.append(box);
    const options = () => [...list.querySelectorAll("[role=option]")];
    const open = (yes) => {
      box.hidden = !yes;
      field.setAttribute("aria-expanded", String(yes));
      if (!yes) choose(-1);
    };
    const choose = (at) => {
      const all = options();
      all[chosen]?.setAttribute("aria-selected", "false");
      chosen = all.length ? Math.max(-1, Math.min(at, all.length - 1)) : -1;
      all[chosen]?.setAttribute("aria-selected", "true");
      all[chosen]?.scrollIntoView({ block: "nearest" });
      if (chosen < 0) field.removeAttribute("aria-activedescendant");
      else field.setAttribute("aria-activedescendant", all[chosen].id);
    };
    const show = () => withIndex(() => {
      const query = field.value.trim();
      const found = query ? findAll(query, !gallery) : { groups: [], units: [] };
      const nothing = !found.groups.length && !found.units.length;
      const groups = nothing ? [{ title: "What can be searched", hits: examples() }] : found.groups;
      said.textContent = !query ? "You can search for:" : nothing ? `Nothing found for “${query}”${found.said ? `: ${found.said.replace(/\.$/, "")}` : ""}. You can search for:` : found.said;
      said.hidden = !said.textContent;
      chosen = -1;
      field.removeAttribute("aria-activedescendant");
      list.replaceChildren(...groups.map(listed));
      options().forEach((option, i) => { option.id = `hit-${i}`; });
      open(groups.length > 0 && document.activeElement === field);
    });
    field.addEventListener("focus", () => withIndex(() => {}));
    field.addEventListener("input", show);
    field.addEventListener("click", () => { if (box.hidden && field.value.trim()) show(); });
    field.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        if (box.hidden) show();
        else choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
      } else if (event.key === "Escape" && !box.hidden) {
        event.stopPropagation();
        open(false);
      } else if (event.key === "Enter" && chosen >= 0 && !box.hidden) {
        options()[chosen].click();
      } else {
        return;
      }
      event.preventDefault();
    });
    form.addEventListener("focusout", (event) => { if (!form.contains(event.relatedTarget)) open(false); });
    /* the field keeps the focus, so that the list stays while it is clicked */
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option?.dataset.fill === undefined) { if (option) open(false); return; }
      field.value = option.dataset.fill;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
    if (!gallery) form.addEventListener("submit", (event) => { event.preventDefault(); withIndex(() => follow(field.value, show)); });
  }

  /* Enter without a choice: to the only unit, to the list of units, or else to the first hit. */
  function follow(query, show) {
    if (!query.trim()) return;
    const found = findAll(query, true);
    const only = found.units.length === 1 ? found.units[0].href : found.units.length ? found.all : "";
    const target = only || found.groups[0]?.hits[0].href;
    if (target) window.location.href = document.body.dataset.root + target;
    else show();
  }

  function listed({ title, hits, found }) {
    const group = make("div", "");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", title);
    const heading = make("p", "title", found > HITS_IN_A_GROUP ? `${title}: ${HITS_IN_A_GROUP} of ${found.toLocaleString("en")}` : title);
    heading.setAttribute("aria-hidden", "true");
    group.append(heading, ...hits.map(asOption));
    return group;
  }

  function asOption(hit) {
    const option = make(hit.href ? "a" : "div", "hit");
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.tabIndex = -1;
    if (hit.href) option.href = document.body.dataset.root + hit.href;
    else option.dataset.fill = hit.fill;
    const name = make("b", "", hit.label);
    const note = make("span", "note");
    if (hit.verdict && hit.verdict !== hit.label) note.append(make("span", `badge ${hit.verdict.replaceAll(" ", "-")}${hit.little ? " little" : ""}`, hit.little ? `${hit.verdict}, little` : hit.verdict), " ");
    note.append(hit.note);
    option.append(name, " ", note);
    return option;
  }

  /* What the gallery asks: which units a query means, as "layer:unit", and how it was read; null while
     the index is on its way, after which "then" is called. */
  function units(query, then) {
    if (!index) { withIndex(then); return null; }
    const found = findUnits(query);
    return { keys: new Set(found.units.map((unit) => `${unit.layer}:${unit.unit}`)), said: found.said };
  }

  /* The units that a text means, best first, by their keys in addresses; "then" is given them. */
  function keys(query, then) {
    withIndex(() => {
      const found = query ? findUnits(query) : { units: [], said: "" };
      then({ ...found, keys: found.units.map((unit) => unit.href.replace(/^unit\/|\.html$/g, "")) });
    });
  }

  return { start, units, keys };
})();
