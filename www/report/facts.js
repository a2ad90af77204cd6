/**
 * Facts of a check: the files with their SHA-256, the settings, the model, the backend, the time.
 */

import { backendChoice } from "../shared/checker.js";
import { element } from "../shared/dom.js";
import { percent } from "../shared/format.js";
import { lowestScoreText } from "../pkg/shared/format.js";

/** @typedef {import("../pkg/index.js").Report} Report */
/** @typedef {import("../songs/choice.js").ChosenSong} ChosenSong */

const BACKENDS = /** @type {Record<string, string>} */ ({
  auto: "the fastest that proves right",
  cpu: "the CPU",
  webgpu: "WebGPU",
});

/**
 * @param {HTMLElement} list a `dl`
 * @param {Report} report
 * @param {{ left: ChosenSong, right: ChosenSong, checkedAt: Date }} check
 */
export function showFacts(list, report, { left, right, checkedAt }) {
  const { matrix, model } = report;
  /** @type {[string, string][]} */
  const facts = [
    ["Your song", songWords(report.left, left)],
    ["The other song", songWords(report.right, right)],
    ["Score", `${report.score.toFixed(4)} (${report.verdict})`],
    ...compositionFacts(report.composition),
    ["Model", `${model.version}, weights SHA-256 ${model.weightsSha256}`],
    [
      "Settings",
      `every moment against every moment, ${matrix.hopSecs.toFixed(2)} s apart; ` +
        `a match from ${lowestScoreText("moderate")}, strong from ${lowestScoreText("strong")}, ` +
        `nearly identical from ${lowestScoreText("nearly-identical")}`,
    ],
    ["Computed on", `${BACKENDS[report.backend] ?? report.backend} (asked for: ${BACKENDS[backendChoice()]})`],
    ["Checked", `${checkedAt.toLocaleString()} (${checkedAt.toISOString()})`],
  ];
  list.replaceChildren(...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}

/** @param {Report["composition"]} composition @returns {[string, string][]} */
function compositionFacts(composition) {
  return composition ? [["Score of the composition", `${composition.score.toFixed(4)} (${composition.verdict})`]] : [];
}

/** @param {Report["left"]} summary @param {ChosenSong} chosen */
function songWords({ name, durationSecs, leftOutShare }, { file, song }) {
  const digest = song.sha256 ?? "not computed: this page came over a connection that gives it no cryptography";
  const leftOut =
    leftOutShare < 0.005
      ? ""
      : `; ${percent(leftOutShare)} of it left out, with nothing to recognise there (silence, noise, a lone tone)`;
  return `${name}, ${durationSecs.toFixed(1)} s, ${file.size.toLocaleString("en")} bytes, SHA-256 ${digest}${leftOut}`;
}
