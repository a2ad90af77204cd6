/**
 * Shown passages: those of the recording and those of the composition in one list, as the pictures,
 * the rows and the player need them.
 */

import { mixWords } from "../shared/format.js";
import { evidenceWords } from "../pkg/shared/format.js";
import { changeWords } from "./words/changes.js";
import { compositionOf, transposed } from "./words/composition.js";

/** @typedef {import("../pkg/index.js").Report} Report */

/**
 * @typedef {Object} Shown
 * @property {boolean} isComposed of the composition; else of the recording
 * @property {string} label in the pictures and the list: numbers for recordings, letters for
 *   compositions
 * @property {number} leftStartSecs
 * @property {number} leftEndSecs
 * @property {number} rightStartSecs
 * @property {number} rightEndSecs
 * @property {number} score
 * @property {boolean} [reversed] played backwards in the right song
 * @property {{ leftSecs: number, rightSecs: number }[]} [knots] of its time map, if it drifts
 * @property {string} what agrees, in words; empty for the same recording
 *   unless it is played backwards
 * @property {string} changes of the right song, in words
 * @property {(names: { left: string, right: string }) => string} mix what else plays, in words
 * @property {number} transpositionSemitones of a composition in the right song
 */

/** @param {Report} report @returns {Shown[]} recordings first */
export function shownPassages(report) {
  const recordings = report.passages.map((passage, index) => ({
    ...passage,
    isComposed: false,
    label: String(index + 1),
    what: passage.reversed ? "backwards (the player plays it forwards, in turn)" : "",
    changes: changeWords({ ...passage, reversed: false }),
    mix: (/** @type {{ left: string, right: string }} */ names) => mixWords(passage, names),
    transpositionSemitones: 0,
  }));
  const composition = compositionOf(report);
  if (!composition) return recordings;
  const compositions = composition.passages.map((passage, index) => ({
    ...passage,
    isComposed: true,
    label: letter(index),
    what: evidenceWords(passage, composition),
    changes: changeWords(transposed(passage)),
    mix: () => "",
  }));
  return [...recordings, ...compositions];
}

/** A to Z, then A2 to Z2. @param {number} index */
function letter(index) {
  const round = Math.floor(index / 26);
  return String.fromCharCode(65 + (index % 26)) + (round > 0 ? String(round + 1) : "");
}

/** Classes of the marks of a passage. @param {Shown} passage */
export function kindClass({ isComposed }) {
  return isComposed ? "composed" : "recorded";
}
