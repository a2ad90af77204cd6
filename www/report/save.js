/** Reports as files: JSON as the package returns it, and the passages as CSV. */

import { byRank } from "../library/library-check.js";
import { mixWords } from "../shared/format.js";
import { evidenceWords } from "../pkg/shared/format.js";
import { speedRange } from "./words/changes.js";
import { compositionOf } from "./words/composition.js";

/** @typedef {import("../pkg/index.js").Report} Report */
/**
 * @typedef {Report["passages"][number]} Copy
 * @typedef {NonNullable<Report["composition"]>["passages"][number]} Composed
 * @typedef {Pick<Copy & Composed, keyof Copy & keyof Composed>} Places of a passage, with its speed
 *   and score
 */

/** @param {Report} report */
export function saveJson(report) {
  save(`${fileStem(report)}.json`, "application/json", JSON.stringify(report));
}

/** @param {Report} report */
export function saveCsv(report) {
  save(`${fileStem(report)}.csv`, "text/csv", passagesCsv(report));
}

/** @param {Report} report */
export function passagesCsv(report) {
  const header = [
    "left",
    "right",
    "left_start_secs",
    "left_end_secs",
    "right_start_secs",
    "right_end_secs",
    "score",
    "speed_ratio",
    "speed_ratio_min",
    "speed_ratio_max",
    "pitch_shift_semitones",
    "share",
    "left_share",
    "reversed",
    "kind",
    "evidence",
    "note",
  ];
  /**
   * @param {Places} passage
   * @param {number} semitones
   * @param {number[]} [speeds] least and greatest
   */
  const common = (passage, semitones, speeds = [passage.speedRatio, passage.speedRatio]) => [
    report.left.name,
    report.right.name,
    ...[passage.leftStartSecs, passage.leftEndSecs, passage.rightStartSecs, passage.rightEndSecs].map((secs) =>
      secs.toFixed(1),
    ),
    passage.score.toFixed(3),
    ...[passage.speedRatio, ...speeds].map((speed) => speed.toFixed(3)),
    semitones.toFixed(1),
  ];
  const rows = report.passages.map((passage) => [
    ...common(passage, passage.pitchShiftSemitones, speedRange(passage)),
    passage.share.toFixed(2),
    passage.leftShare.toFixed(2),
    passage.reversed ? "true" : "false",
    "recording",
    "",
    mixWords(passage, { left: report.left.name, right: report.right.name }),
  ]);
  const composition = compositionOf(report);
  const composed = (composition?.passages ?? []).map((passage) => [
    ...common(passage, passage.transpositionSemitones),
    "",
    "",
    "",
    "composition",
    passage.evidence,
    composition ? evidenceWords(passage, composition) : "",
  ]);
  return csv([header, ...rows, ...composed]);
}

/** @param {string} leftName @param {import("../library/library-check.js").Row[]} rows */
export function saveLibraryCsv(leftName, rows) {
  save(`soundalike ${cleaned(withoutExtension(leftName))} - library.csv`, "text/csv", libraryCsv(leftName, rows));
}

/** @param {string} leftName @param {import("../library/library-check.js").Row[]} rows */
export function libraryCsv(leftName, rows) {
  const header = [
    "left",
    "right",
    "folder",
    "score",
    "verdict",
    "left_coverage",
    "passages",
    "composition_score",
    "composition_verdict",
    "note",
  ];
  const lines = [...rows]
    .sort(byRank)
    .map(({ file, folder, state, result, note }) => [
      leftName,
      file.name,
      folder,
      ...(result
        ? [
            result.score.toFixed(4),
            result.verdict,
            result.left.coverage.toFixed(4),
            String(result.passages.length),
            result.composition.score.toFixed(4),
            result.composition.verdict,
          ]
        : ["", state === "failed" ? "failed" : "not checked", "", "", "", ""]),
      note,
    ]);
  return csv([header, ...lines]);
}

/**
 * With a byte order mark: without it, Excel reads UTF-8 as an older encoding.
 * @param {string[][]} rows
 */
function csv(rows) {
  const lines = rows.map((row) => `${row.map(csvCell).join(",")}\r\n`);
  return `\ufeff${lines.join("")}`;
}

/**
 * Quoted where needed. A spreadsheet must not run a file name as a formula; negative numbers aren't
 * formulas.
 * @param {string} text
 */
function csvCell(text) {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** @param {Report} report */
function fileStem({ left, right }) {
  return cleaned(`soundalike ${withoutExtension(left.name)} - ${withoutExtension(right.name)}`);
}

/** A file name without the characters that some system forbids. @param {string} text */
function cleaned(text) {
  return text.replace(/[\\/:*?"<>|\u0000-\u001f]/g, "_").slice(0, 120);
}

/** @param {string} name */
function withoutExtension(name) {
  return name.replace(/\.[^.]{1,5}$/, "");
}

/** @param {string} name @param {string} type @param {string} text */
function save(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
