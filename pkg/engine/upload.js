/**
 * Recording: a song on its way into the worker, part by part as it is decoded. So the page never holds all of it, and the
 * worker brings what has come to the model's rate while the rest is decoded.
 */

import { Peaks } from "../decode/mono.js";

/** @import { WorkerLink } from "./worker-link.js" */

/**
 * What takes a song as it is decoded.
 * @typedef {Object} SampleSink
 * @property {(sampleRateHz: number, expectedSamples: number) => void} begin once, and once more if what came is to be forgotten
 * @property {(part: Float32Array<ArrayBuffer>) => void} append the next mono samples, whose buffer is taken away
 */

/** @implements {SampleSink} */
export class Upload {
  #name;
  #peaks = new Peaks(0);
  #sampleRateHz = 1;
  #samples = 0;
  /** Settles with the worker's last answer. @type {Promise<unknown>} */
  #taking = Promise.resolve();

  /** @param {WorkerLink} link @param {number} songId under which the worker knows it @param {string} name */
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

  /** The loudest magnitude in each of equal stretches of the song. @returns {Float32Array} */
  get peaks() {
    return this.#peaks.finish();
  }

  /** Until the worker has taken all that came; rejects with the first error. @returns {Promise<unknown>} */
  taken() {
    return this.#taking;
  }

  /** The worker may forget it. */
  discard() {
    if (this.link.alive) this.link.call({ type: "release", songId: this.songId }).catch(() => {});
  }

  /** @param {Promise<unknown>} before @param {Promise<unknown>} answer */
  #send(before, answer) {
    this.#taking = Promise.all([before, answer]);
    // Whoever waits for it hears of it.
    this.#taking.catch(() => {});
  }
}
