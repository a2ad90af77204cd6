/** Mono: the mean of a sound's channels, in slices that leave the page responsive. */

import { throwIfAborted } from "./errors.js";
import { Slice } from "./tasks.js";

/** Enough for one peak a pixel on a wide screen. */
export const PEAK_COUNT = 1500;

/** Samples that are mixed before looking at the time. */
const MIXED_AT_ONCE = 2 ** 16;

/**
 * Writes the mean of the channels, from a place in them on, over `target`.
 * @param {Float32Array} target
 * @param {Float32Array[]} channels one or more
 * @param {number} from
 */
export function mixInto(target, channels, from) {
  const [first, second, ...others] = channels.map((channel) => channel.subarray(from, from + target.length));
  if (first && second && others.length === 0) {
    // What nearly all songs are is worth a single pass.
    for (let i = 0; i < target.length; i++) target[i] = (first[i] + second[i]) * 0.5;
    return;
  }
  if (first) target.set(first);
  for (const source of second ? [second, ...others] : []) {
    for (let i = 0; i < target.length; i++) target[i] += source[i];
  }
  const gain = 1 / channels.length;
  if (gain !== 1) for (let i = 0; i < target.length; i++) target[i] *= gain;
}

/**
 * @param {Float32Array} target
 * @param {Float32Array[]} channels
 * @param {number} from
 * @param {AbortSignal | undefined} signal
 */
export async function mixInSlices(target, channels, from, signal) {
  const slice = new Slice();
  for (let at = 0; at < target.length; at += MIXED_AT_ONCE) {
    mixInto(target.subarray(at, at + MIXED_AT_ONCE), channels, from + at);
    if (slice.isOver) {
      await slice.next();
      throwIfAborted(signal);
    }
  }
}

/**
 * The loudest magnitude in each of `PEAK_COUNT` equal stretches of the samples.
 * @param {Float32Array} samples mono
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<Float32Array>}
 */
export async function peaksOf(samples, signal) {
  const { length } = samples;
  const peaks = new Float32Array(Math.min(PEAK_COUNT, length));
  const slice = new Slice();
  for (let index = 0; index < peaks.length; index++) {
    const from = Math.floor((index * length) / peaks.length);
    const to = Math.floor(((index + 1) * length) / peaks.length);
    let peak = 0;
    for (let i = from; i < to; i++) {
      const magnitude = Math.abs(/** @type {number} */ (samples[i]));
      if (magnitude > peak) peak = magnitude;
    }
    peaks[index] = peak;
    if (slice.isOver) {
      await slice.next();
      throwIfAborted(signal);
    }
  }
  return peaks;
}

/**
 * Frees the channels' memory at once: it goes with a message to nobody. (Dropping the last reference would wait for a
 * garbage collection, and resizing the buffer leaves the memory with the AudioBuffer.)
 * @param {Float32Array[]} channels
 */
export function release(channels) {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  try {
    port1.postMessage(null, channels.map(({ buffer }) => /** @type {ArrayBuffer} */ (buffer)));
  } catch {
    // A browser that won't part with them frees them later.
  }
  port1.close();
}
