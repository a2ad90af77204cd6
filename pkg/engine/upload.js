/**
 * Upload: sends the samples of a song to the worker while it is decoded. So the page never holds
 * all of them, and the worker already resamples the first while the rest is decoded.
 */

import { Peaks } from "../decode/peaks.js";

/** @import { SampleSink } from "../decode/mono.js" */
/** @import { WorkerLink } from "./worker-link.js" */

/** @implements {SampleSink} */
export class Upload {
  #name;
  #peaks = new Peaks(0);
  #sampleRateHz = 1;
  #samples = 0;
  /** Settles with the worker's last answer. @type {Promise<unknown>} */
  #taking = Promise.resolve();

  /**
   * @param {WorkerLink} link
   * @param {number} songId of the song in the worker
   * @param {string} name of the song
   */
  constructor(link, songId, name) {
    /** @readonly */
    this.link = link;
    /** @readonly */
    this.songId = songId;
    this.#name = name;
  }

  /** @param {number} sampleRateHz @param {number} expectedSamples */
  begin(sampleRateHz, expectedSamples) {
    this.#sampleRateHz = sampleRateHz;
    this.#samples = 0;
    this.#peaks = new Peaks(expectedSamples);
    const { songId } = this;
    this.#send(
      Promise.resolve(),
      this.link.call({ type: "record", songId, name: this.#name, sampleRateHz, expectedSamples }),
    );
  }

  /** @param {Float32Array<ArrayBuffer>} part */
  append(part) {
    this.#samples += part.length;
    this.#peaks.add(part);
    this.#send(
      this.#taking,
      this.link.call({ type: "append", songId: this.songId, part }, { transfer: [part.buffer] }),
    );
  }

  get durationSecs() {
    return this.#samples / this.#sampleRateHz;
  }

  /** The largest magnitude in each of equal stretches of the song. @returns {Float32Array} */
  get peaks() {
    return this.#peaks.finish();
  }

  /**
   * Settles when the worker has all samples; rejects with the first error.
   * @returns {Promise<unknown>}
   */
  taken() {
    return this.#taking;
  }

  /** Frees the samples in the worker. */
  discard() {
    if (this.link.alive) this.link.call({ type: "release", songId: this.songId }).catch(() => {});
  }

  /** @param {Promise<unknown>} before @param {Promise<unknown>} answer */
  #send(before, answer) {
    this.#taking = Promise.all([before, answer]);
    // An error is reported by `taken`, so it isn't unhandled.
    this.#taking.catch(() => {});
  }
}
