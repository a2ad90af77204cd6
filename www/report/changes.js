/** Changes: how a passage of the right song differs from the left one's, in words. */

import { percent } from "../shared/format.js";

/** @typedef {{ speedRatio: number, pitchShiftSemitones: number }} Passage */

/** Smaller changes are below the resolution of the engine. */
const SMALLEST_SEMITONES = 0.5;
const SMALLEST_SPEED_CHANGE = 0.015;

/** As a list: "2 semitones lower, 8 % faster". @param {Passage} passage */
export function changeWords(passage) {
  const { pitch, speed } = changesOf(passage);
  return pitch || speed ? `${pitch ?? "same pitch"}, ${speed ?? "same speed"}` : "same pitch and speed";
}

/** As a clause: "2 semitones lower and 8 % faster". @param {Passage} passage */
export function changeClause(passage) {
  const { pitch, speed } = changesOf(passage);
  if (pitch && speed) return `${pitch} and ${speed}`;
  return pitch ? `${pitch} at the same speed` : speed ? `${speed} at the same pitch` : "at the same pitch and speed";
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
