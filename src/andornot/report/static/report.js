"use strict";
/* The script of all pages: theme, keys, copy buttons, and what the other scripts
   share. Nothing is fetched. */

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
/* the style sheet folds the menu of small screens only where a script can open it */
document.documentElement.dataset.script = "";

document.addEventListener("DOMContentLoaded", () => {
  startTheme();
  startCopying();
  startMasks();
  if (window.andornot) startGallery(window.andornot);
  Search.start();
  startOrder();
  startMenu();
  startKeys();
  startBreaks();
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

/* The choice of masks is kept from unit to unit. */
function startMasks() {
  const chosen = document.getElementById(`view-${memory.get("view")}`);
  if (chosen) chosen.checked = true;
  for (const radio of document.querySelectorAll("#views input")) {
    radio.addEventListener("change", () => memory.set("view", radio.value));
  }
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

/* On small screens the pages are a list under a button. */
function startMenu() {
  const button = document.getElementById("menu");
  const header = button.parentElement;
  const open = (yes) => {
    header.classList.toggle("open", yes);
    button.setAttribute("aria-expanded", String(yes));
  };
  button.addEventListener("click", () => open(!header.classList.contains("open")));
  const pages = document.getElementById("pages");
  header.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !header.classList.contains("open")) return;
    open(false);
    button.focus();
  });
  pages.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !pages.contains(event.relatedTarget) && event.relatedTarget !== button) open(false);
  });
}

/* The list of this page's keys, and the choice that a key alone does nothing: it gets in the way of
   those who speak to their machine, or whose hand hits keys by chance. */
function startKeys() {
  const button = document.getElementById("keys");
  const dialog = make("dialog", "keys");
  const list = make("ul", "");
  for (const line of button.parentElement.querySelectorAll("span")) {
    const item = make("li", "");
    item.append(...line.cloneNode(true).childNodes);
    list.append(item);
  }
  const fixed = [["?", "this list"], ["Esc", "closes what is open"]];
  if (document.querySelector("a.larger")) fixed.unshift(["← →", "in an enlarged picture: the one before, the next"]);
  for (const [key, text] of fixed) {
    const item = make("li", "");
    item.append(make("kbd", "", key), ` ${text}`);
    list.append(item);
  }
  const choice = make("input", "");
  choice.type = "checkbox";
  choice.checked = singleKeys();
  choice.addEventListener("change", () => { dialog.dataset.off = choice.checked ? "" : "off"; memory.set("keys", dialog.dataset.off); });
  const label = make("label", "");
  label.append(choice, " letters, / and ? work as keys");
  const close = make("button", "", "Close");
  close.type = "button";
  close.addEventListener("click", () => dialog.close());
  const title = make("h2", "", "Keys");
  title.id = "keys-title";
  dialog.id = "all-keys";
  dialog.setAttribute("aria-labelledby", title.id);
  dialog.append(title, list, label, close);
  button.addEventListener("click", () => dialog.showModal());
  document.body.append(dialog);
}

/* Storage may be forbidden: then the choice holds on this page. */
function singleKeys() {
  return (document.getElementById("all-keys")?.dataset.off ?? memory.get("keys")) !== "off";
}

/* Long names may be broken behind _ / : . and |, and so need not be broken within a word. */
function startBreaks() {
  breakable(document.body);
  new MutationObserver((changes) => {
    for (const change of changes) change.addedNodes.forEach(breakable);
  }).observe(document.body, { childList: true, subtree: true });
}

function breakable(root) {
  const found = [];
  const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = root.nodeType === Node.TEXT_NODE ? root : walk.nextNode(); node; node = walk.nextNode()) {
    if (/[_/:.|]\p{L}/u.test(node.data) && /\S{14}/.test(node.data)) found.push(node);
  }
  for (const node of found) {
    if (!node.parentElement || node.parentElement.closest("svg, script, style, option, pre, textarea")) continue;
    const marked = node.data.replace(/\S{14,}/g, (word) => word.replace(/(?<=[_/:.|])(?=\p{L})/gu, "\0"));
    const parts = marked.split("\0").flatMap((part, i) => (i ? [make("wbr", ""), part] : [part]));
    if (parts.length > 1) node.replaceWith(...parts);
  }
}

function onKey(event) {
  const typing = event.target.closest("input, select, textarea");
  if (event.key === "Escape" && typing) { event.target.blur(); return; }
  if (typing && event.target.type !== "radio") return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key.length === 1 && !singleKeys()) return;
  const dialog = document.querySelector("dialog[open]");
  if (dialog && !(event.key === "m" && dialog.matches(".enlarged"))) return;
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (event.key === "?") {
    document.getElementById("keys").click();
  } else if (event.key === "/") {
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
