/** Mono: the mean of a sound's channels, in slices that leave the page responsive. */

import { throwIfAborted } from "../shared/errors.js";
import { Slice } from "../shared/tasks.js";

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
 * @param {Slice} [slice] that has begun already
 */
export async function mixInSlices(target, channels, from, signal, slice = new Slice()) {
  for (let at = 0; at < target.length; at += MIXED_AT_ONCE) {
    mixInto(target.subarray(at, at + MIXED_AT_ONCE), channels, from + at);
    if (slice.isOver) {
      await slice.next();
      throwIfAborted(signal);
    }
  }
}

/**
 * Found first for so many stretches of each peak's, as a song's length is known for certain at its
 * end only.
 */
const STRETCHES_PER_PEAK = 16;

/**
 * The loudest magnitude in each of `PEAK_COUNT` equal stretches of a song, found as its samples
 * come.
 */
export class Peaks {
  #stretchSamples;
  /** @type {number[]} */
  #stretches = [];
  /** Of the stretch that has begun. */
  #samples = 0;
  #peak = 0;

  /** @param {number} expectedSamples */
  constructor(expectedSamples) {
    this.#stretchSamples = Math.max(1, Math.floor(expectedSamples / (PEAK_COUNT * STRETCHES_PER_PEAK)));
  }

  /** @param {Float32Array} part the next samples, mono */
  add(part) {
    for (let from = 0; from < part.length;) {
      const to = Math.min(part.length, from + this.#stretchSamples - this.#samples);
      let peak = this.#peak;
      for (let i = from; i < to; i++) {
        const magnitude = Math.abs(/** @type {number} */ (part[i]));
        if (magnitude > peak) peak = magnitude;
      }
      this.#peak = peak;
      this.#samples += to - from;
      if (this.#samples === this.#stretchSamples) this.#endStretch();
      from = to;
    }
  }

  /** Fewer peaks than usual of a song with fewer samples. @returns {Float32Array} */
  finish() {
    if (this.#samples > 0) this.#endStretch();
    const { length } = this.#stretches;
    const peaks = new Float32Array(Math.min(PEAK_COUNT, length));
    const start = (/** @type {number} */ index) => Math.floor((index * length) / peaks.length);
    return peaks.map((_, index) => Math.max(...this.#stretches.slice(start(index), start(index + 1))));
  }

  #endStretch() {
    this.#stretches.push(this.#peak);
    this.#samples = 0;
    this.#peak = 0;
  }
}

/**
 * Frees the channels' memory at once: it goes with a message to nobody. (Dropping the last
 * reference would wait for a garbage collection, and resizing the buffer leaves the memory with the
 * AudioBuffer.)
 * @param {Float32Array[]} channels
 */
export function freeBuffers(channels) {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  try {
    port1.postMessage(
      null,
      channels.map(({ buffer }) => /** @type {ArrayBuffer} */ (buffer)),
    );
  } catch {
    // A browser that won't part with them frees them later.
  }
  port1.close();
}
