/** Verdict: score, title and sentences of a report. */

import { element } from "../shared/dom.js";
import { scoreText } from "../shared/format.js";
import { NOTHING_TO_COMPARE, isNothingToCompare, verdictTitle } from "../pkg/shared/format.js";
import {
  compositionMeanings,
  compositionOf,
  compositionTitle,
  compositionWords,
  isSameMelody,
} from "./words/composition.js";
import { meanings, missingWords, verdictWords } from "./words/sentences.js";

/** @typedef {import("../pkg/index.js").Report} Report */
/** @import { Expected, Piece } from "./words/sentences.js" */

/**
 * @param {HTMLElement} root the result section
 * @param {Report} report
 * @param {{ elapsedSecs: number, isSameFile: boolean, expectedSecs: Expected }} check
 */
export function showVerdict(root, report, { elapsedSecs, isSameFile, expectedSecs }) {
  root.dataset["verdict"] = report.verdict;
  root.dataset["score"] = String(report.score);
  showRing(find(root, "#recording"), isNothingToCompare(report) ? undefined : report.score);
  find(root, "#verdict-title").textContent = titleOf(report);
  find(root, "#verdict-words").replaceChildren(
    ...(isSameFile ? ["This is the very same file twice, byte for byte. "] : []),
    ...pieces([...verdictWords(report), ...missingWords(report, expectedSecs)]),
  );
  find(root, "#meaning").replaceChildren(...meanings(report).map((text) => element("li", {}, text)));
  showComposition(root, report);
  const backend = report.backend === "webgpu" ? "Computed on WebGPU" : "Computed on the CPU";
  const chips = [
    elapsedSecs < 0.1 ? "less than 0.1 s" : `${elapsedSecs.toFixed(1)} s`,
    backend,
    `Model ${report.model.version}`,
  ];
  find(root, "#chips").replaceChildren(...chips.map((text) => element("li", {}, text)));
}

/** The second answer, if there is one. @param {HTMLElement} root @param {Report} report */
function showComposition(root, report) {
  const composition = compositionOf(report);
  const card = find(root, "#composition");
  card.hidden = !composition;
  find(root, ".answers").classList.toggle("both", Boolean(composition));
  if (!composition) return;
  card.dataset["band"] = composition.verdict;
  showRing(card, composition.comparable ? composition.score : undefined);
  find(card, "h2").textContent = compositionTitle(composition);
  find(card, ".verdict-words").replaceChildren(...pieces(compositionWords(report, composition)));
  const meaning = compositionMeanings(composition).map((text) => element("li", {}, text));
  find(card, "ul").replaceChildren(...meaning);
  find(card, "details").hidden = meaning.length === 0;
}

/** @param {HTMLElement} card @param {number | undefined} score `undefined`: there is none */
function showRing(card, score) {
  const text = score === undefined ? "–" : scoreText(score);
  find(card, ".ring").classList.toggle("blank", score === undefined);
  find(card, ".ring title").textContent = score === undefined ? "No score" : `Score ${text} of 1`;
  find(card, ".ring text").textContent = text;
  find(card, ".ring-value").style.strokeDasharray = `${Math.min(100, (score ?? 0) * 100)} 100`;
}

/** @param {Piece[]} words */
function pieces(words) {
  return words.map((piece) => (typeof piece === "string" ? piece : element("b", { class: piece.side }, piece.text)));
}

/** The title of the first answer. @param {Report} report */
export function titleOf(report) {
  if (isNothingToCompare(report)) return NOTHING_TO_COMPARE;
  const composition = compositionOf(report);
  const isPlayedAnew = report.verdict === "different" && composition && isSameMelody(composition);
  return isPlayedAnew ? "Another recording" : verdictTitle(report.verdict);
}

/** The second answer for screen readers, if there is one. @param {Report} report */
export function spokenComposition(report) {
  const composition = compositionOf(report);
  if (!composition) return "";
  const score = composition.comparable ? `, score ${scoreText(composition.score)}` : "";
  return ` ${compositionTitle(composition)}${score}.`;
}

/** Removes the verdict of a report that is closed. @param {HTMLElement} root the result section */
export function clearVerdict(root) {
  delete root.dataset["verdict"];
  delete root.dataset["score"];
  for (const ring of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(".ring-value")))
    ring.style.strokeDasharray = "";
}

/** @param {HTMLElement} root @param {string} selector */
function find(root, selector) {
  const element = root.querySelector(selector);
  if (!element) throw new Error(`the page has no ${selector}`);
  return /** @type {HTMLElement} */ (element);
}
