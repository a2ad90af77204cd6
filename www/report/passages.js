/** List of passages: their times in both songs, their changes, and a button that plays both. */

import { element } from "../shared/dom.js";
import { clock, scoreText } from "../shared/format.js";
import { colourClass } from "./linking.js";
import { kindClass } from "./shown-passages.js";

/** @import { Shown } from "./shown-passages.js" */
/** @typedef {{ markPlaying(index: number | undefined): void }} PassageList */

const PLAY = "M2 1 15 8 2 15Z";
const STOP = "M2 2H14V14H2Z";

/**
 * @param {HTMLOListElement} list
 * @param {Shown[]} passages
 * @param {(index: number) => void} onToggle called when play or stop is clicked
 * @returns {PassageList}
 */
export function showPassages(list, passages, onToggle) {
  const buttons = passages.map(({ label }, index) => playButton(label, () => onToggle(index)));
  list.replaceChildren(
    ...passages.map((passage, index) => row(passage, index, /** @type {HTMLElement} */ (buttons[index]))),
  );
  return {
    markPlaying(playing) {
      buttons.forEach((button, index) => setPlaying(button, String(passages[index]?.label), index === playing));
    },
  };
}

/** @param {Shown} passage @param {number} index @param {HTMLElement} button */
function row(passage, index, button) {
  const times = element(
    "span",
    { class: "times" },
    element("span", { class: "left" }, `${clock(passage.leftStartSecs)} – ${clock(passage.leftEndSecs)}`),
    element("span", { "aria-hidden": "true" }, " ↔ "),
    element("span", { class: "visually-hidden" }, " of your song, "),
    element("span", { class: "right" }, `${clock(passage.rightStartSecs)} – ${clock(passage.rightEndSecs)}`),
    element("span", { class: "visually-hidden" }, " of the other song, "),
  );
  const { what, changes, score } = passage;
  const details = element("small", {}, `${changes} · score ${scoreText(score)}`);
  const mix = passage.mix({ left: "your song", right: "the other song" });
  const notes = [what, mix].filter(Boolean).map((note) => element("small", {}, note));
  return element(
    "li",
    { class: colourClass(index), "data-passage": String(index) },
    element("span", { class: `flag ${kindClass(passage)}` }, passage.label),
    element("div", {}, times, details, ...notes),
    button,
  );
}

/** @param {string} label of the passage @param {() => void} onToggle */
function playButton(label, onToggle) {
  const button = element("button", { type: "button" });
  button.innerHTML = `<svg viewBox="0 0 16 16" aria-hidden="true"><path/></svg><span></span>`;
  button.addEventListener("click", onToggle);
  setPlaying(button, label, false);
  return button;
}

/**
 * @param {HTMLButtonElement} button
 * @param {string} label of the passage
 * @param {boolean} playing
 */
function setPlaying(button, label, playing) {
  button.classList.toggle("playing", playing);
  button.setAttribute("aria-label", `${playing ? "Stop" : "Play"} passage ${label} in both songs`);
  button.querySelector("path")?.setAttribute("d", playing ? STOP : PLAY);
  const words = button.querySelector("span");
  if (words) words.textContent = playing ? "Stop" : "Both";
}
