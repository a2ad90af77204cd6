/** Mono: the mean of a sound's channels, computed in slices so that the page stays responsive. */

import { throwIfAborted } from "../shared/errors.js";
import { Slice } from "../shared/tasks.js";

/**
 * The receiver of the mono samples of a song that is decoded.
 * @typedef {Object} SampleSink
 * @property {(sampleRateHz: number, expectedSamples: number) => void} begin again, if the samples
 *   so far are invalid
 * @property {(part: Float32Array<ArrayBuffer>) => void} append the next samples, whose buffer
 *   is transferred
 */

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
