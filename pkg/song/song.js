/**
 * Song: a handle to one song, with its ids in the workers that have it, and the bytes from which
 * another worker can restore it.
 */

import { songName } from "../decode/song-input.js";
import { packSong } from "./song-bytes.js";

/** @import { SongInput } from "../decode/song-input.js" */

/**
 * The connection to a worker that keeps analysed songs.
 * @typedef {Object} SongWorker
 * @property {boolean} alive whether the worker still runs
 * @property {(request: { type: "release", songId: number }) => Promise<unknown>} call frees a song
 */

/**
 * A song for several comparisons. It is decoded and analysed once, by `checker.analyse` or at its
 * first comparison. The page keeps the analysis until `free`, so that it is restored quickly if the
 * worker is lost, for example by a cancelled check.
 */
export class Song {
  /** Its id in each worker that has it. @type {Map<SongWorker, number>} */
  #ids = new Map();
  /** @type {Uint8Array | undefined} */
  #analysis;

  /**
   * @param {SongInput | undefined} input decoded when it is needed; a restored song may have none
   */
  constructor(input) {
    /** @internal @readonly */
    this.input = input;
    /** The name in reports. @type {string} */
    this.name = songName(input);
    /** Known once the song is decoded; 0 before. */
    this.durationSecs = 0;
    /**
     * The largest magnitude in each of equal stretches of the song, to draw it. Empty until the
     * song is decoded.
     * @type {Float32Array}
     */
    this.peaks = new Float32Array(0);
    /**
     * SHA-256 of the file in hexadecimal, once a checker with a cache has analysed a file, blob or
     * address.
     * @type {string | undefined}
     */
    this.sha256 = undefined;
    /**
     * @internal Of the file that was analysed, if the song is one.
     * @type {Uint8Array | undefined}
     */
    this.print = undefined;
  }

  /** Whether a comparison can begin at once, without decoding. */
  get isAnalysed() {
    return this.#analysis !== undefined;
  }

  /**
   * The analysed song as bytes, about 1.5 kB for each second. They suffice to compare and to draw
   * the song; the audio can't be recovered. `checker.restore` reads them, with the same weights,
   * also in later releases, until one analyses audio otherwise.
   * @returns {Uint8Array}
   * @throws {TypeError} before the song is analysed
   */
  toBytes() {
    if (!this.#analysis) {
      throw new TypeError(`“${this.name}” has not been analysed: await checker.analyse(song) first`);
    }
    return packSong({ analysis: this.#analysis, durationSecs: this.durationSecs, peaks: this.peaks });
  }

  /** Forgets the analysis. */
  free() {
    for (const link of this.#ids.keys()) this.#leave(link);
    this.#analysis = undefined;
  }

  /** @internal The bytes from which the engine restores the song. */
  get analysis() {
    return this.#analysis;
  }

  /** @internal @param {Uint8Array | undefined} analysis */
  set analysis(analysis) {
    this.#analysis = analysis;
  }

  /**
   * @internal
   * @param {SongWorker | undefined} link
   * @returns {number | undefined} its id in that worker
   */
  idIn(link) {
    return link?.alive ? this.#ids.get(link) : undefined;
  }

  /** @internal @param {SongWorker} link @param {number} id */
  enter(link, id) {
    this.#leave(link);
    for (const ended of [...this.#ids.keys()].filter(({ alive }) => !alive)) this.#ids.delete(ended);
    this.#ids.set(link, id);
  }

  /** @param {SongWorker} link */
  #leave(link) {
    const songId = this.#ids.get(link);
    this.#ids.delete(link);
    if (songId !== undefined && link.alive) link.call({ type: "release", songId }).catch(() => {});
  }
}
