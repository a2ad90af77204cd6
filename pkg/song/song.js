/** Song: a handle to one song, its analysis in the worker that has it, and the bytes from which any other worker can have it again. */

import { songName } from "../decode/song-file.js";
import { packSong } from "./song-bytes.js";

/** @import { SongInput } from "../decode/decode.js" */
/** @import { WorkerLink } from "../engine/worker-link.js" */

/**
 * A song to be compared more than once, with one other or with many: decoded and analysed once, by `checker.analyse` or at
 * its first comparison. What the analysis came to stays in this page until `free`, so that a worker that is lost (by a
 * cancelled check, say) costs nothing but a moment.
 */
export class Song {
  /** @type {{ link: WorkerLink, id: number } | undefined} */
  #inWorker;
  /** @type {Uint8Array | undefined} */
  #analysis;

  /** @param {SongInput | undefined} input held on to, to be decoded when it is needed; a restored song may have none */
  constructor(input) {
    /** @internal @readonly */
    this.input = input;
    /** The name in reports. @type {string} */
    this.name = songName(input);
    /** Known once the song is decoded; 0 before. */
    this.durationSecs = 0;
    /**
     * The loudest magnitude in each of equal stretches of the song, to draw it. Empty until the song is decoded.
     * @type {Float32Array}
     */
    this.peaks = new Float32Array(0);
    /**
     * SHA-256 of the file in hexadecimal; known once a checker with a cache has analysed a file, blob or address.
     * @type {string | undefined}
     */
    this.sha256 = undefined;
  }

  /** Whether a comparison can begin at once, without the audio. */
  get isAnalysed() {
    return this.#analysis !== undefined;
  }

  /**
   * The analysed song as bytes, about 2 kB for each second: enough to compare it and to draw it, not to hear it.
   * `checker.restore` makes a song of them again, as long as release and weights are the same.
   * @returns {Uint8Array}
   * @throws {TypeError} before the song is analysed
   */
  toBytes() {
    if (!this.#analysis) throw new TypeError(`“${this.name}” has not been analysed: await checker.analyse(song) first`);
    return packSong({ analysis: this.#analysis, durationSecs: this.durationSecs, peaks: this.peaks });
  }

  /** Forgets the analysis. */
  free() {
    this.#leaveWorker();
    this.#analysis = undefined;
  }

  /** @internal What the engine needs to have the song again. */
  get analysis() {
    return this.#analysis;
  }

  /** @internal @param {Uint8Array | undefined} analysis */
  set analysis(analysis) {
    this.#analysis = analysis;
  }

  /** @internal @param {WorkerLink | undefined} link @returns {number | undefined} its id in that worker */
  idIn(link) {
    return link && this.#inWorker?.link === link && link.alive ? this.#inWorker.id : undefined;
  }

  /** @internal @param {WorkerLink} link @param {number} id */
  enter(link, id) {
    this.#leaveWorker();
    this.#inWorker = { link, id };
  }

  #leaveWorker() {
    if (this.#inWorker?.link.alive)
      this.#inWorker.link.call({ type: "release", songId: this.#inWorker.id }).catch(() => {});
    this.#inWorker = undefined;
  }
}
