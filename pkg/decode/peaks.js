/** Peaks: the outline of a song, for its picture. */

/** One peak per pixel of a wide screen. */
export const PEAK_COUNT = 1500;

/**
 * Peaks are first found for this number of shorter stretches each, because the exact length of a
 * song is known only at its end.
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
