/**
 * Song bytes: the engine's analysis of a song, then the data that a page needs to draw it. The
 * analysis has a checksum of its own; the rest has none, because it only affects a picture.
 *
 *     analysis | peaks, f32 little-endian | number of peaks, u32 | duration in seconds, f64
 */

import { PEAK_COUNT } from "../decode/peaks.js";
import { bytesOf, isBytes } from "../decode/song-input.js";

/**
 * @typedef {Object} PackedSong
 * @property {Uint8Array} analysis the engine's part
 * @property {number} durationSecs
 * @property {Float32Array} peaks
 */

const TAIL_BYTES = 12;

/** @param {PackedSong} song @returns {Uint8Array} */
export function packSong({ analysis, durationSecs, peaks }) {
  const bytes = new Uint8Array(analysis.length + 4 * peaks.length + TAIL_BYTES);
  bytes.set(analysis);
  const view = new DataView(bytes.buffer, analysis.length);
  peaks.forEach((peak, index) => view.setFloat32(4 * index, peak, true));
  view.setUint32(4 * peaks.length, peaks.length, true);
  view.setFloat64(4 * peaks.length + 4, durationSecs, true);
  return bytes;
}

/**
 * @param {unknown} given the bytes, which another window may have made
 * @returns {PackedSong | undefined} `undefined` for anything else
 */
export function unpackSong(given) {
  if (!isBytes(given) || given.byteLength < TAIL_BYTES) return undefined;
  const bytes = bytesOf(given);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(bytes.length - TAIL_BYTES, true);
  const durationSecs = view.getFloat64(bytes.length - 8, true);
  const analysisBytes = bytes.length - TAIL_BYTES - 4 * count;
  if (count > PEAK_COUNT || analysisBytes <= 0 || !(durationSecs > 0 && durationSecs < Infinity)) return undefined;
  const peaks = Float32Array.from({ length: count }, (_, index) => view.getFloat32(analysisBytes + 4 * index, true));
  return { analysis: bytes.slice(0, analysisBytes), durationSecs, peaks };
}
