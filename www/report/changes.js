/** Changes: how a passage of the right song differs from the left one's, in words. */

import { percent } from "../shared/format.js";

/** @typedef {import("./stretches.js").Places} Places */
/**
 * @typedef {{ speedRatio: number, pitchShiftSemitones: number, reversed?: boolean }} Changed
 * @typedef {Changed & Partial<Places>} Passage
 */

/** Smaller changes are below the resolution of the engine. */
const SMALLEST_SEMITONES = 0.5;
const SMALLEST_SPEED_CHANGE = 0.015;
/**
 * A passage at the unchanged speed that is shorter or longer in the right song, by this as a
 * natural logarithm, lost small pieces, or has some twice. The engine tests changes from here on.
 */
const SMALLEST_EDIT = 0.03;

/** As a list: "2 semitones lower, 8 % faster". @param {Passage} passage */
export function changeWords(passage) {
  const { pitch, speed } = changesOf(passage);
  const words = pitch || speed ? `${pitch ?? "same pitch"}, ${speed ?? "same speed"}` : "same pitch and speed";
  return (passage.reversed ? "backwards, " : "") + words + (isInPieces(passage) ? ", in small pieces" : "");
}

/** As a clause: "2 semitones lower and 8 % faster". @param {Passage} passage */
export function changeClause(passage) {
  const { pitch, speed } = changesOf(passage);
  const how = passage.reversed ? "backwards, " : "";
  if (pitch && speed) return `${how}${pitch} and ${speed}`;
  if (pitch) return `${how}${pitch} at the same speed`;
  if (speed) return `${how}${speed} at the same pitch`;
  const pieces = isInPieces(passage) ? "with small pieces cut out or repeated, " : "";
  return `${how}${pieces}at the same pitch and speed`;
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
export function changesOf({ speedRatio, pitchShiftSemitones }) {
  const pitch =
    Math.abs(pitchShiftSemitones) < SMALLEST_SEMITONES
      ? undefined
      : `${semitoneWords(pitchShiftSemitones)} ${pitchShiftSemitones > 0 ? "higher" : "lower"}`;
  const speed =
    Math.abs(speedRatio - 1) < SMALLEST_SPEED_CHANGE
      ? undefined
      : `${percent(Math.abs(speedRatio - 1))} ${speedRatio > 1 ? "faster" : "slower"}`;
  return { pitch, speed };
}

/** A number of semitones, without its sign. @param {number} semitones */
export function semitoneWords(semitones) {
  const count = Math.round(Math.abs(semitones));
  return `${count} ${count === 1 ? "semitone" : "semitones"}`;
}
