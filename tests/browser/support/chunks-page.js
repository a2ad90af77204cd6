/**
 * The page of `chunks.test.js` and `chunks-at-once.test.js`: decodes a file beside the page in
 * chunks and at once.
 */

import { SongFile } from "./pkg/decode/file/song-file.js";
import { Mix } from "./pkg/decode/mono.js";
import { decodeInChunks } from "./pkg/decode/chunks.js";

const RATE_HZ = 44_100;
const LIMITS = { minSongSecs: 3, maxSongSecs: 5400, decodeRateHz: RATE_HZ, cancellingRatio: 4 };

const decodeAudioData = BaseAudioContext.prototype.decodeAudioData;

/**
 * Faults in decoding the second chunk, which no tested browser has.
 * @type {Record<string, (buffer: AudioBuffer) => AudioBuffer>}
 */
const FAULTS = {
  "begins a frame late": (buffer) => changed(buffer, buffer.length, (channel) => channel.subarray(1152)),
  "is a frame short": (buffer) => changed(buffer, buffer.length - 1152, (channel) => channel.subarray(1152)),
  "is louder": (buffer) => changed(buffer, buffer.length, (channel) => channel.map((sample) => 1.001 * sample)),
  fails: () => {
    throw new Error("no sound");
  },
};

/**
 * @param {AudioBuffer} buffer
 * @param {number} length
 * @param {(channel: Float32Array) => Float32Array} change
 */
function changed(buffer, length, change) {
  const copy = new AudioBuffer({ numberOfChannels: buffer.numberOfChannels, length, sampleRate: buffer.sampleRate });
  for (let index = 0; index < buffer.numberOfChannels; index++) {
    copy.copyToChannel(new Float32Array(change(buffer.getChannelData(index)).subarray(0, length)), index);
  }
  return copy;
}

/**
 * @typedef {Object} Comparison
 * @property {boolean} isWhole whether the file must be decoded at once
 * @property {number} chunks that were decoded
 * @property {number} looks reads of parts of the file
 * @property {number[]} lengths in samples, in chunks and at once
 * @property {number} difference the largest between two samples
 * @property {number} noise the energy of the difference, as a share of the song's
 * @property {string} error of decoding at once
 */

/** @param {string} name @param {string} [fault] of `FAULTS` @returns {Promise<Comparison>} */
async function compare(name, fault) {
  const file = await fileOf(name);
  const inChunks = await decodedInChunks(file, fault);
  let atOnce = new Float32Array(0);
  let error = "";
  try {
    const buffer = await new OfflineAudioContext(1, 1, RATE_HZ).decodeAudioData(await file.arrayBuffer());
    atOnce = new Float32Array(buffer.length);
    new Mix(LIMITS).into(
      atOnce,
      Array.from({ length: buffer.numberOfChannels }, (_, index) => buffer.getChannelData(index)),
      0,
    );
  } catch (cause) {
    error = String(cause);
  }
  const { samples, chunks, looks } = inChunks;
  let difference = 0;
  let energy = 0;
  let energyOfDifference = 0;
  samples?.forEach((sample, index) => {
    const one = sample - (atOnce[index] ?? 0);
    difference = Math.max(difference, Math.abs(one));
    energy += sample ** 2;
    energyOfDifference += one ** 2;
  });
  return {
    isWhole: samples === undefined,
    chunks,
    looks,
    lengths: [samples?.length ?? 0, atOnce.length],
    difference,
    noise: energyOfDifference / energy,
    error,
  };
}

/**
 * The result if the song is too long, and if it is cancelled after its first chunk.
 * @param {string} name
 */
async function endings(name) {
  const file = await fileOf(name);
  const abort = new AbortController();
  return [
    await decodedInChunks(file, undefined, { limits: { ...LIMITS, maxSongSecs: 60 } }),
    await decodedInChunks(file, undefined, { signal: abort.signal, onProgress: () => abort.abort() }),
  ].map(({ code, chunks }) => ({ code, chunks }));
}

/** @param {string} name */
async function fileOf(name) {
  return new File([await (await fetch(name)).blob()], name);
}

/** Keeps all samples. */
class SampleStore {
  /** @type {Float32Array[]} */
  #parts = [];

  begin() {
    this.#parts = [];
  }

  /** @param {Float32Array} part */
  append(part) {
    this.#parts.push(part);
  }

  get samples() {
    const samples = new Float32Array(this.#parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of this.#parts) {
      samples.set(part, at);
      at += part.length;
    }
    return samples;
  }
}

/**
 * @param {File} file
 * @param {string} [fault]
 * @param {Partial<Parameters<typeof decodeInChunks>[3]>} [options]
 */
async function decodedInChunks(file, fault, options) {
  let chunks = 0;
  let looks = 0;
  file.slice = (...range) => {
    looks++;
    return Blob.prototype.slice.apply(file, range);
  };
  BaseAudioContext.prototype.decodeAudioData = async function (bytes) {
    const index = chunks++;
    const buffer = await decodeAudioData.call(this, bytes);
    return fault && index === 1 ? /** @type {any} */ (FAULTS[fault])(buffer) : buffer;
  };
  try {
    const store = new SampleStore();
    const isInChunks = await decodeInChunks(new SongFile(file, file.name), store, new Mix(LIMITS), {
      limits: LIMITS,
      signal: undefined,
      onProgress: () => {},
      ...options,
    });
    return { samples: isInChunks ? store.samples : undefined, chunks, looks };
  } catch (error) {
    return { code: /** @type {any} */ (error).code ?? String(error), chunks, looks };
  } finally {
    BaseAudioContext.prototype.decodeAudioData = decodeAudioData;
  }
}

Object.assign(globalThis, { compare, endings });
