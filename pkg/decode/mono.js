/** Mono: the mean of a sound's channels, computed in slices so that the page stays responsive. */

import { throwIfAborted } from "../shared/errors.js";
import { Slice } from "../shared/tasks.js";

/** Enough for one peak a pixel on a wide screen. */
export const PEAK_COUNT = 1500;

/** Samples that are mixed before the time is checked. */
const MIXED_AT_ONCE = 2 ** 16;

/**
 * Fills `target` with the mean of the channels, from a sample on.
 * @param {Float32Array} target
 * @param {Float32Array[]} channels one or more
 * @param {number} from
 */
export function mixInto(target, channels, from) {
  const [first, second, ...others] = channels.map((channel) => channel.subarray(from, from + target.length));
  if (first && second && others.length === 0) {
    // Nearly all songs are stereo: a single pass is faster.
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
 * Peaks are first found for shorter stretches, as many per peak, because the exact length of a song
 * is known only at its end.
 */
const STRETCHES_PER_PEAK = 16;

/** The largest magnitude in each of `PEAK_COUNT` equal stretches of a song. */
export class Peaks {
  #stretchSamples;
  /** @type {number[]} */
  #stretches = [];
  /** Samples of the unfinished stretch. */
  #samples = 0;
  /** The largest magnitude in it. */
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

  /** @returns {Float32Array} fewer peaks if the song has fewer samples */
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
 * Frees the memory of the channels at once, by transferring it with a message that nobody receives.
 * Dropping the last reference would wait for the garbage collector, and resizing the buffer would
 * leave the memory with the AudioBuffer.
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
    // A browser that can't transfer them frees them later.
  }
  port1.close();
}
