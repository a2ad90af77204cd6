/** Format: numbers for people. */

export { clock, mixWords, scoreText } from "../pkg/shared/format.js";

/** @param {number} secs @returns {string} with tenths, as exact as decoders agree: `3:07.4` */
export function preciseClock(secs) {
  const tenths = Math.max(0, Math.round(secs * 10));
  return `${Math.floor(tenths / 600)}:${String(Math.floor((tenths % 600) / 10)).padStart(2, "0")}.${tenths % 10}`;
}

/** @param {number} part 0..1 */
export function percent(part) {
  return `${Math.round(part * 100)} %`;
}

/**
 * A share of a song at the start of a sentence; never rounded to 0 % or 100 %.
 * @param {number} part 0..1
 */
export function shareText(part) {
  if (part > 0 && part < 0.005) return "Less than 1 %";
  return part >= 0.995 && part < 1 ? "99 %" : percent(part);
}

/** A size as in the package's error messages. @param {number} bytes */
export function fileSize(bytes) {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(Math.ceil(bytes / 1e7) / 100).toFixed(2)} GB`;
}

/** Remaining time, only as exact as the estimate is. @param {number} secs */
export function durationWords(secs) {
  if (secs < 1.5) return "a moment left";
  if (secs < 10) return `about ${Math.round(secs)} s left`;
  if (secs < 90) return `about ${Math.round(secs / 5) * 5} s left`;
  return `about ${Math.round(secs / 60)} minutes left`;
}

/**
 * Round times for the ticks of an axis, about `count` of them.
 * @param {number} durationSecs
 * @param {number} count
 */
export function tickTimes(durationSecs, count) {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800];
  const step = steps.find((secs) => durationSecs / secs <= count) ?? 3600;
  return Array.from({ length: Math.floor(durationSecs / step) + 1 }, (_, index) => index * step);
}
