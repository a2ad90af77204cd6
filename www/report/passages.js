/** List of passages: their times in both songs, their changes, and a button that plays both. */

import { element } from "../shared/dom.js";
import { clock, mixWords, scoreText } from "../shared/format.js";
import { colourClass } from "./linking.js";
import { changeWords } from "./changes.js";

/** @typedef {import("../pkg/index.js").Report} Report */
/** @typedef {{ markPlaying(index: number | undefined): void }} PassageList */

const PLAY = "M2 1 15 8 2 15Z";
const STOP = "M2 2H14V14H2Z";

/**
 * @param {HTMLOListElement} list
 * @param {Report} report
 * @param {(index: number) => void} onToggle called when play or stop is clicked
 * @returns {PassageList}
 */
export function showPassages(list, report, onToggle) {
  const buttons = report.passages.map((_, index) => playButton(index, onToggle));
  list.replaceChildren(
    ...report.passages.map((passage, index) => row(passage, index, /** @type {HTMLElement} */ (buttons[index]))),
  );
  return {
    markPlaying(playing) {
      buttons.forEach((button, index) => setPlaying(button, index, index === playing));
    },
  };
}

/** @param {Report["passages"][number]} passage @param {number} index @param {HTMLElement} button */
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
  const details = element("small", {}, `${changeWords(passage)} · score ${scoreText(passage.score)}`);
  const mix = mixWords(passage, { left: "your song", right: "the other song" });
  const notes = mix ? [element("small", {}, mix)] : [];
  return element(
    "li",
    { class: colourClass(index), "data-passage": String(index) },
    element("span", { class: "flag" }, String(index + 1)),
    element("div", {}, times, details, ...notes),
    button,
  );
}

/** @param {number} index @param {(index: number) => void} onToggle */
function playButton(index, onToggle) {
  const button = element("button", { type: "button" });
  button.innerHTML = `<svg viewBox="0 0 16 16" aria-hidden="true"><path/></svg><span></span>`;
  button.addEventListener("click", () => onToggle(index));
  setPlaying(button, index, false);
  return button;
}

/** @param {HTMLButtonElement} button @param {number} index @param {boolean} playing */
function setPlaying(button, index, playing) {
  button.classList.toggle("playing", playing);
  button.setAttribute("aria-label", `${playing ? "Stop" : "Play"} passage ${index + 1} in both songs`);
  button.querySelector("path")?.setAttribute("d", playing ? STOP : PLAY);
  const label = button.querySelector("span");
  if (label) label.textContent = playing ? "Stop" : "Both";
}
