/** Changes: how a passage of the right song differs from the left one's, in words. */

import { percent } from "../shared/format.js";

/** @typedef {import("../pkg/index.js").Report["passages"][number]} Passage */

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
  const semitones = Math.round(Math.abs(pitchShiftSemitones));
  const pitch =
    Math.abs(pitchShiftSemitones) < SMALLEST_SEMITONES
      ? undefined
      : `${semitones} ${semitones === 1 ? "semitone" : "semitones"} ${pitchShiftSemitones > 0 ? "higher" : "lower"}`;
  const speed =
    Math.abs(speedRatio - 1) < SMALLEST_SPEED_CHANGE
      ? undefined
      : `${percent(Math.abs(speedRatio - 1))} ${speedRatio > 1 ? "faster" : "slower"}`;
  return { pitch, speed };
}
