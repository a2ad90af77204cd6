/** Verdict: score, title and sentences of a report. */

import { element } from "../shared/dom.js";
import { scoreText } from "../shared/format.js";
import { NOTHING_TO_COMPARE, isNothingToCompare, verdictTitle } from "../pkg/shared/format.js";
import { meanings, verdictWords } from "./sentences.js";

/** @typedef {import("../pkg/index.js").Report} Report */

/**
 * @param {HTMLElement} root the result section
 * @param {Report} report
 * @param {{ elapsedSecs: number, isSameFile: boolean }} check
 */
export function showVerdict(root, report, { elapsedSecs, isSameFile }) {
  root.dataset["verdict"] = report.verdict;
  root.dataset["score"] = String(report.score);
  const isNothing = isNothingToCompare(report);
  const score = scoreText(report.score);
  find(root, "#ring-label").textContent = isNothing ? "No score" : `Score ${score} of 1`;
  find(root, "#ring-score").textContent = isNothing ? "–" : score;
  find(root, ".ring").classList.toggle("blank", isNothing);
  find(root, "#ring-value").style.strokeDasharray = `${Math.min(100, report.score * 100)} 100`;
  find(root, "#verdict-title").textContent = titleOf(report);
  find(root, "#verdict-words").replaceChildren(
    ...(isSameFile ? ["This is the very same file twice, byte for byte. "] : []),
    ...verdictWords(report).map((piece) => {
      if (typeof piece === "string") return piece;
      return element("b", { class: piece.side }, piece.text);
    }),
  );
  find(root, "#meaning").replaceChildren(...meanings(report).map((text) => element("li", {}, text)));
  const backend = report.backend === "webgpu" ? "Computed on WebGPU" : "Computed on the CPU";
  const chips = [
    elapsedSecs < 0.1 ? "less than 0.1 s" : `${elapsedSecs.toFixed(1)} s`,
    backend,
    `Model ${report.model.version}`,
  ];
  find(root, "#chips").replaceChildren(...chips.map((text) => element("li", {}, text)));
}

/** @param {Report} report */
export function titleOf(report) {
  return isNothingToCompare(report) ? NOTHING_TO_COMPARE : verdictTitle(report.verdict);
}

/** Removes the verdict of a report that is closed. @param {HTMLElement} root the result section */
export function clearVerdict(root) {
  delete root.dataset["verdict"];
  delete root.dataset["score"];
  find(root, "#ring-value").style.strokeDasharray = "";
}

/** @param {HTMLElement} root @param {string} selector */
function find(root, selector) {
  const element = root.querySelector(selector);
  if (!element) throw new Error(`the page has no ${selector}`);
  return /** @type {HTMLElement} */ (element);
}
