/** Report: a report as `<sound-alike>` shows it. */

import { element } from "../shared/dom.js";
import { clock, evidenceWords, mixWords, scoreText, strongerAnswer } from "../shared/format.js";

/** @import { Report } from "../index.js" */

/** @param {Report} report @returns {HTMLElement[]} */
export function reportParts(report) {
  const answer = strongerAnswer(report);
  const score = element("span", { class: "score", part: "score" }, answer.scoreText);
  const verdict = element("p", { class: "verdict", part: "verdict" }, score, answer.title);
  const by = answer.isComposition
    ? `by melody and chords; by the recording ${scoreText(report.score)}`
    : report.composition
      ? "by the recording"
      : "";
  const list = element("ol", { part: "passages" });
  for (const passage of report.passages) {
    const mix = mixWords(passage, { left: report.left.name, right: report.right.name });
    const how = [passage.reversed ? "backwards" : "", mix].filter(Boolean).map((words) => `, ${words}`);
    list.append(element("li", {}, timesOf(passage) + how.join("")));
  }
  const { composition } = report;
  if (composition)
    for (const passage of composition.passages)
      list.append(element("li", {}, `${timesOf(passage)}, ${evidenceWords(passage, composition)}`));
  const songs = element("p", { class: "dim" }, `${report.left.name} ↔ ${report.right.name}`);
  const question = by ? [element("p", { class: "dim" }, by)] : [];
  return [verdict, ...question, songs, list];
}

/**
 * The places of a passage in both songs.
 * @param {Pick<Report["passages"][number],
 *   "leftStartSecs" | "leftEndSecs" | "rightStartSecs" | "rightEndSecs">} passage
 */
function timesOf({ leftStartSecs, leftEndSecs, rightStartSecs, rightEndSecs }) {
  return `${clock(leftStartSecs)} – ${clock(leftEndSecs)} ↔ ${clock(rightStartSecs)} – ${clock(rightEndSecs)}`;
}
