/** Progress: combines the stages of two songs into one fraction that never falls. */

/** @import { Side } from "../shared/errors.js" */
/** @import { StageProgress } from "./worker-link.js" */
/** @import { Stage } from "./protocol.js" */

/**
 * @typedef {Object} Progress
 * @property {Stage} stage `load`, `decode`, `features`, `encode` or `match`
 * @property {Side} [side] the song, if the stage is about one
 * @property {number} fraction of the whole check, 0..1; never falls
 */

/** @typedef {(progress: Progress) => void} ProgressListener */

/** The stages' shares of the time of a check on the CPU, per song. Only `match` is for both. */
const SONG_SHARES = { decode: 5, features: 4, encode: 3 };
const MATCH_SHARE = 1;
const SONG_SHARE = Object.values(SONG_SHARES).reduce((sum, share) => sum + share, 0);

export class CheckProgress {
  #onProgress;
  #total;
  /** Finished shares, by stage and side. @type {Map<string, number>} */
  #done = new Map();
  /** Songs that needed no work. @type {Set<Side | undefined>} */
  #known = new Set();

  /**
   * @param {ProgressListener | undefined} onProgress
   * @param {number} [songs] to be analysed; two are then compared
   */
  constructor(onProgress, songs = 2) {
    this.#onProgress = onProgress;
    this.#total = songs * SONG_SHARE + (songs === 2 ? MATCH_SHARE : 0);
  }

  /**
   * Finishes a song. If it needed no work, because it was known before, the total shrinks instead,
   * so that the remaining time still follows from the fraction and the elapsed time.
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
      // Work that is repeated on another backend must not lower the fraction.
      this.#done.set(key, Math.max(this.#done.get(key) ?? 0, share * Math.min(1, stageFraction)));
      const done = [...this.#done.values()].reduce((sum, part) => sum + part, 0);
      this.#onProgress?.({ stage, ...(side && { side }), fraction: Math.min(1, done / (this.#total || 1)) });
    };
  }
}
