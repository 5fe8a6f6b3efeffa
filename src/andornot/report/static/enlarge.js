/* Pictures of a unit, enlarged: a click or Enter opens one over the page, with its masks and without.
   Arrows lead through the pictures of its group, Escape closes, and the focus goes back to where it
   was. Where no script runs, the same link opens the picture's file. Texts become text, not markup. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const links = [...document.querySelectorAll("a.larger")];
  if (!links.length || !window.HTMLDialogElement) return;
  const shown = startEnlarging();
  for (const link of links) {
    link.setAttribute("aria-haspopup", "dialog");
    link.addEventListener("click", (event) => {
      if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      shown.open(link);
    });
  }
});

/* The dialog, made once; gives what opens it. */
function startEnlarging() {
  const dialog = make("dialog", "enlarged");
  const figure = make("figure");
  const place = make("span", "place");
  const bar = make("div", "bar-of-it");
  let group = [];
  let at = 0;

  const show = (index) => {
    at = (index + group.length) % group.length;
    fill(figure, group[at]);
    place.textContent = `${at + 1} of ${group.length}`;
    dialog.setAttribute("aria-label", `Picture ${at + 1} of ${group.length}`);
  };
  const button = (text, words, act) => {
    const element = make("button", "", text);
    element.type = "button";
    element.setAttribute("aria-label", words);
    element.addEventListener("click", act);
    return element;
  };
  const close = button("Close", "Close", () => dialog.close());
  bar.append(
    button("‹", "Previous picture", () => show(at - 1)), button("›", "Next picture", () => show(at + 1)),
    ...choices(), place, close,
  );
  dialog.append(bar, figure);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => { if (group.length) group[at].focus(); });
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) {
      if (event.key !== "m" && event.key !== "Escape") event.stopPropagation();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    show(at + step);
  });
  document.body.append(dialog);
  return {
    open(link) {
      group = [...link.closest(".tiles").querySelectorAll("a.larger")];
      show(group.indexOf(link));
      dialog.showModal();
      close.focus();
    },
  };
}

/* What the tile shows, large: its picture with masks and without, and its caption. */
function fill(figure, link) {
  const base = link.querySelector(".base");
  const overlay = link.querySelector(".overlay");
  const pictures = make("div", "both-pictures");
  pictures.style.setProperty("--shape", base.getAttribute("width") / base.getAttribute("height"));
  const masked = make("span", "masked");
  const large = picture("overlay", overlay.src);
  large.alt = overlay.alt;
  masked.append(picture("base", base.src), large);
  pictures.append(masked, picture("plain", base.src));
  const caption = link.parentElement.querySelector("figcaption").cloneNode(true);
  const key = document.querySelector(".mask-key")?.cloneNode(true);
  figure.replaceChildren(pictures, ...(key ? [key] : []), caption);
}

/* The choice of masks, once more: what is chosen here is chosen on the page. */
function choices() {
  const radios = [...document.querySelectorAll("#views input")];
  return radios.map((radio) => {
    const text = radio.parentElement.textContent.trim();
    const element = make("button", "", text);
    element.type = "button";
    const mark = () => element.setAttribute("aria-pressed", String(radio.checked));
    element.addEventListener("click", () => radio.click());
    for (const other of radios) other.addEventListener("change", mark);
    mark();
    return element;
  });
}
