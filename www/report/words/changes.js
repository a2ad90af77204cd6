/** Changes: how a passage of the right song differs from the left one's, in words. */

import { percent } from "../../shared/format.js";

/** @typedef {import("../../shared/stretches.js").Places} Places */
/**
 * @typedef {Object} Changed
 * @property {number} speedRatio
 * @property {number} [speedRatioMin] where the speed drifts
 * @property {number} [speedRatioMax]
 * @property {number} pitchShiftSemitones
 * @property {boolean} [reversed]
 */
/** @typedef {Changed & Partial<Places>} Passage */

/** Smaller changes are below the resolution of the engine. */
const SMALLEST_SEMITONES = 0.5;
/** The same for speed, as a share. From here on the engine finds that a speed drifts. */
const SMALLEST_SPEED_CHANGE = 0.015;
/** The ends of passages are found to about this, so that the speed of a short one is uncertain. */
const EXACT_SECS = 0.07;
/**
 * A passage at the unchanged speed that is shorter or longer in the right song, by this as a
 * natural logarithm, lost small pieces, or has some twice. The engine tests changes from here on.
 */
const SMALLEST_EDIT = 0.03;
/** How passages of this share of all of their seconds are changed is told, if not all are alike. */
const MOST = 2 / 3;

/** As a list: "2 semitones lower, 8 % faster". @param {Passage} passage */
export function changeWords(passage) {
  const { pitch, speed } = changesOf(passage);
  if (speedRange(passage)) return (passage.reversed ? "backwards, " : "") + [pitch, speed].filter(Boolean).join(", ");
  const words = pitch || speed ? `${pitch ?? "same pitch"}, ${speed ?? "same speed"}` : "same pitch and speed";
  return (passage.reversed ? "backwards, " : "") + words + (isInPieces(passage) ? ", in small pieces" : "");
}

/** As a clause: "2 semitones lower and 8 % faster". @param {Passage} passage */
export function changeClause(passage) {
  const { pitch, speed } = changesOf(passage);
  const how = passage.reversed ? "backwards, " : "";
  if (pitch && speed) return `${how}${pitch} and ${speed}`;
  // On a tape or a turntable the pitch drifts with the speed, about its mean.
  if (speedRange(passage)) return `${how}${speed}`;
  if (pitch) return `${how}${pitch} at the same speed`;
  if (speed) return `${how}${speed} at the same pitch`;
  const pieces = isInPieces(passage) ? "with small pieces cut out or repeated, " : "";
  return `${how}${pieces}at the same pitch and speed`;
}

/**
 * How several passages are changed, as a clause.
 * @param {(Passage & Places)[]} passages
 */
export function changeClauseOfAll(passages) {
  const secs = (/** @type {Places} */ { leftStartSecs, leftEndSecs }) => leftEndSecs - leftStartSecs;
  const total = passages.reduce((sum, passage) => sum + secs(passage), 0);
  const clauses = /** @type {Map<string, number>} */ (new Map());
  for (const passage of passages) {
    const clause = changeClause(passage);
    clauses.set(clause, (clauses.get(clause) ?? 0) + secs(passage));
  }
  const [most] = [...clauses].sort(([, a], [, b]) => b - a);
  if (!most || most[1] < MOST * total) return "changed in more than one way";
  return clauses.size === 1 ? most[0] : `mostly ${most[0]}`;
}

/** @param {Passage} passage */
function isInPieces({ leftStartSecs = 0, leftEndSecs = 1, rightStartSecs = 0, rightEndSecs = 1, speedRatio }) {
  const ratio = (rightEndSecs - rightStartSecs) / (leftEndSecs - leftStartSecs);
  return speedRatio === 1 && Math.abs(Math.log(ratio)) >= SMALLEST_EDIT;
}

/**
 * Changes above the resolution.
 * @param {Passage} passage
 * @returns {{ pitch: string | undefined, speed: string | undefined }}
 */
export function changesOf(passage) {
  const { speedRatio, pitchShiftSemitones, leftStartSecs = 0, leftEndSecs = Infinity } = passage;
  const pitch =
    Math.abs(pitchShiftSemitones) < SMALLEST_SEMITONES
      ? undefined
      : `${semitoneWords(pitchShiftSemitones)} ${pitchShiftSemitones > 0 ? "higher" : "lower"}`;
  const range = speedRange(passage);
  if (range) return { pitch, speed: rangeWords(range) };
  const smallest = Math.max(SMALLEST_SPEED_CHANGE, (2 * EXACT_SECS) / (leftEndSecs - leftStartSecs));
  const speed = Math.abs(speedRatio - 1) < smallest ? undefined : speedWords(speedRatio);
  return { pitch, speed };
}

/**
 * Least and greatest speed of a passage whose speed drifts.
 * @param {Pick<Changed, "speedRatioMin" | "speedRatioMax">} passage
 * @returns {[number, number] | undefined}
 */
export function speedRange({ speedRatioMin, speedRatioMax }) {
  return speedRatioMin === undefined || speedRatioMax === undefined ? undefined : [speedRatioMin, speedRatioMax];
}

/** "8 % faster". @param {number} speedRatio */
function speedWords(speedRatio) {
  return `${percent(Math.abs(speedRatio - 1))} ${speedRatio > 1 ? "faster" : "slower"}`;
}

/**
 * A range of speed: "2 to 5 % faster", "3 % slower to 2 % faster", "up to 4 % slower".
 * @param {[number, number]} range least and greatest
 */
function rangeWords([least, greatest]) {
  const wholePercent = (/** @type {number} */ ratio) => Math.round((ratio - 1) * 100);
  const from = wholePercent(least);
  const to = wholePercent(greatest);
  if (from === to) return from === 0 ? "at a speed that drifts a little" : `about ${speedWords(least)}`;
  if (from === 0) return `up to ${speedWords(greatest)}`;
  if (to === 0) return `up to ${speedWords(least)}`;
  if (from < 0 && to > 0) return `${speedWords(least)} to ${speedWords(greatest)}`;
  return from > 0 ? `${from} to ${speedWords(greatest)}` : `${-to} to ${speedWords(least)}`;
}

/** A number of semitones, without its sign. @param {number} semitones */
export function semitoneWords(semitones) {
  const count = Math.round(Math.abs(semitones));
  return `${count} ${count === 1 ? "semitone" : "semitones"}`;
}
