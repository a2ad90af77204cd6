/** Progress view: the stage in words, a bar, and the remaining time once it can be estimated. */

import { durationWords } from "./format.js";

/** @typedef {import("../pkg/index.js").Progress} Progress */

/** Below this fraction an estimate of the time is too inexact. */
const FIRST_ESTIMATE = 0.2;
/**
 * With more frequent updates a screen reader would still read out stages when the verdict is there.
 */
const SPOKEN_EVERY_MS = 5000;

export class ProgressView {
  #root;
  #status;
  #bar;
  #stage;
  #time;
  #startedAt = 0;
  #spokenAt = 0;

  /**
   * @param {HTMLElement} root
   * @param {HTMLElement} status announces the stages to screen readers
   */
  constructor(root, status) {
    this.#root = root;
    this.#status = status;
    this.#bar = /** @type {HTMLProgressElement} */ (root.querySelector("progress"));
    this.#stage = /** @type {HTMLElement} */ (root.querySelector("#progress-stage"));
    this.#time = /** @type {HTMLElement} */ (root.querySelector("#progress-time"));
  }

  show() {
    this.#startedAt = this.#spokenAt = performance.now();
    this.#bar.value = 0;
    this.#stage.textContent = "Getting ready";
    this.#status.textContent = "Comparing the songs";
    this.#time.textContent = "";
    this.#root.hidden = false;
  }

  hide() {
    this.#root.hidden = true;
  }

  /** @param {Progress} progress @param {{ left: string, right: string }} names */
  update({ stage, side, fraction }, names) {
    const song = side ? names[side] : "both songs";
    const words = {
      load: "Getting ready",
      decode: `Opening ${song}`,
      features: `Listening to ${song}`,
      encode: `Listening to ${song}`,
      match: "Looking for matching passages",
    };
    this.#say(words[stage]);
    this.#bar.value = fraction;
    const elapsedSecs = (performance.now() - this.#startedAt) / 1000;
    const leftSecs = (elapsedSecs / fraction) * (1 - fraction);
    this.#time.textContent = fraction < FIRST_ESTIMATE ? "" : durationWords(leftSecs);
  }

  /** @param {string} words */
  #say(words) {
    if (this.#stage.textContent === words) return;
    this.#stage.textContent = words;
    if (performance.now() - this.#spokenAt < SPOKEN_EVERY_MS) return;
    this.#spokenAt = performance.now();
    this.#status.textContent = words;
  }
}
