/** Progress: many stages of two songs become one fraction that only grows. */

/** @import { Side } from "../shared/errors.js" */
/** @import { StageProgress } from "./worker-link.js" */
/** @import { Stage } from "./protocol.js" */

/**
 * @typedef {Object} Progress
 * @property {Stage} stage what is being done: `load`, `decode`, `features`, `encode` or `match`
 * @property {Side} [side] the song it is done to, where it is one
 * @property {number} fraction of the whole check, 0..1; never falls
 */

/** @typedef {(progress: Progress) => void} ProgressListener */

/** The stages' shares of a check's time on the CPU path, per song and for both together. */
const SONG_SHARES = { decode: 5, features: 4, encode: 3 };
const MATCH_SHARE = 1;
const SONG_SHARE = Object.values(SONG_SHARES).reduce((sum, share) => sum + share, 0);

export class CheckProgress {
  #onProgress;
  #total;
  /** Share already done, by stage and side. @type {Map<string, number>} */
  #done = new Map();
  /** Songs that took no work. @type {Set<Side | undefined>} */
  #known = new Set();

  /** @param {ProgressListener | undefined} onProgress @param {number} [songs] to be analysed; two are then compared */
  constructor(onProgress, songs = 2) {
    this.#onProgress = onProgress;
    this.#total = songs * SONG_SHARE + (songs === 2 ? MATCH_SHARE : 0);
  }

  /**
   * All of one song's work is done. A song that took none, as it was known before, leaves the reckoning: what the rest
   * will take then follows from the fraction and the time that have gone by.
   * @param {Side | undefined} side
   */
  finish(side) {
    if (this.#known.has(side)) return;
    const stages = Object.entries(SONG_SHARES);
    if (stages.some(([stage]) => this.#done.has(`${stage} ${side}`))) {
      for (const [stage, share] of stages) this.#done.set(`${stage} ${side}`, share);
    } else {
      this.#known.add(side);
      this.#total -= SONG_SHARE;
    }
  }

  /** @param {Side | undefined} side @returns {StageProgress} */
  listener(side) {
    return (stage, stageFraction) => {
      const share = stage === "load" ? this.#total || 1 : stage === "match" ? MATCH_SHARE : SONG_SHARES[stage];
      const key = `${stage} ${side}`;
      // Work that is done again, on another backend, does not take the bar back.
      this.#done.set(key, Math.max(this.#done.get(key) ?? 0, share * Math.min(1, stageFraction)));
      const done = [...this.#done.values()].reduce((sum, part) => sum + part, 0);
      this.#onProgress?.({ stage, ...(side && { side }), fraction: Math.min(1, done / (this.#total || 1)) });
    };
  }
}
