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

document.addEventListener("DOMContentLoaded", () => {
  startTheme();
  startCopying();
  startMasks();
  if (window.andornot) startGallery(window.andornot);
  Search.start();
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
