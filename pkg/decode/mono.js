/** Mono: mixes a sound's channels, in slices so that the page stays responsive. */

import { throwIfAborted } from "../shared/errors.js";
import { Slice } from "../shared/tasks.js";

/** @import { Limits } from "./file/song-file.js" */

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
 * Gains of the channels of 5.0, 5.1 and 7.1, in the order of WAV files, as in the down-mix to mono
 * of the Web Audio standard: left and right 0.71, centre 1, low frequencies 0, the others 0.5.
 * @type {Record<number, number[]>}
 */
const SURROUND_GAINS = {
  5: [Math.SQRT1_2, Math.SQRT1_2, 1, 0.5, 0.5],
  6: [Math.SQRT1_2, Math.SQRT1_2, 1, 0, 0.5, 0.5],
  8: [Math.SQRT1_2, Math.SQRT1_2, 1, 0, 0.5, 0.5, 0.5, 0.5],
};

/**
 * The mix of a song: the mean of its channels. If those of stereo cancel out in it, as where a
 * cable inverts one of them, the song is mixed once more, by half of their difference.
 */
export class Mix {
  #limits;
  #isDifference;
  /** Energies of both mixes. */
  #mean = 0;
  #difference = 0;

  /** @param {Limits} limits @param {boolean} [isDifference] */
  constructor(limits, isDifference = false) {
    this.#limits = limits;
    this.#isDifference = isDifference;
  }

  /** Whether the channels cancel out in this mix, in the samples so far. */
  get cancels() {
    return !this.#isDifference && this.#difference > this.#limits.cancellingRatio * this.#mean;
  }

  /** The other mix. */
  difference() {
    return new Mix(this.#limits, true);
  }

  /**
   * Fills `target` with the mix of the channels, from a sample on.
   * @param {Float32Array} target
   * @param {Float32Array[]} channels one or more
   * @param {number} from
   */
  into(target, channels, from) {
    const parts = channels.map((channel) => channel.subarray(from, from + target.length));
    const [first, second] = parts;
    // Nearly all songs are stereo: a single pass is faster.
    if (first && second && parts.length === 2) this.#stereoInto(target, first, second);
    else sumInto(target, parts);
  }

  /** @param {Float32Array} target @param {Float32Array} left @param {Float32Array} right */
  #stereoInto(target, left, right) {
    let [mean, difference] = [0, 0];
    for (let i = 0; i < target.length; i++) {
      const [l, r] = [left[i], right[i]];
      const sum = l + r;
      const rest = l - r;
      mean += sum * sum;
      difference += rest * rest;
      target[i] = sum * 0.5;
    }
    this.#mean += mean;
    this.#difference += difference;
    if (this.#isDifference) for (let i = 0; i < target.length; i++) target[i] = (left[i] - right[i]) * 0.5;
  }

  /**
   * @param {Float32Array} target
   * @param {Float32Array[]} channels
   * @param {number} from
   * @param {AbortSignal | undefined} signal
   * @param {Slice} [slice] that has begun already
   */
  async inSlices(target, channels, from, signal, slice = new Slice()) {
    for (let at = 0; at < target.length; at += MIXED_AT_ONCE) {
      this.into(target.subarray(at, at + MIXED_AT_ONCE), channels, from + at);
      if (slice.isOver) {
        await slice.next();
        throwIfAborted(signal);
      }
    }
  }
}

/**
 * The mean of the channels, weighted for surround sound.
 * @param {Float32Array} target
 * @param {Float32Array[]} channels
 */
function sumInto(target, channels) {
  const gains = SURROUND_GAINS[channels.length];
  for (const [index, source] of channels.entries()) {
    const gain = gains?.[index] ?? 1;
    if (index === 0 && gain === 1) target.set(source);
    else if (index === 0) for (let i = 0; i < target.length; i++) target[i] = gain * source[i];
    else for (let i = 0; i < target.length; i++) target[i] += gain * source[i];
  }
  const gain = 1 / (gains ?? channels.map(() => 1)).reduce((sum, part) => sum + part, 0);
  if (gain !== 1) for (let i = 0; i < target.length; i++) target[i] *= gain;
}
