/**
 * Chunks: decodes a long song chunk by chunk, into the same mono samples as decoding it at once.
 *
 * For a song that is decoded at once, a browser needs three times its memory, and copies it into
 * the page in one long task. Chunks need little memory and short tasks, and several are decoded in
 * parallel.
 *
 * Nothing is assumed about a browser's decoder: chunks overlap, and both must decode to the same
 * samples in the overlap (except for the noise that AAC decoders generate). If they don't, or if
 * the file has an unusual layout, the song is decoded at once.
 */

import { throwIfAborted } from "../shared/errors.js";
import { nextTask } from "../shared/tasks.js";
import { containerOf } from "./containers/container.js";
import { NotCuttable } from "./file/not-cuttable.js";
import { refuseTooLong } from "./file/song-file.js";

/** @import { Limits, SongFile } from "./file/song-file.js" */
/** @import { Mix, SampleSink } from "./mono.js" */
/** @import { Container } from "./containers/container.js" */
/** @import { Chunk, Chunks, Cut } from "./containers/cut.js" */

/**
 * Cuts a file into chunks; throws `NotCuttable` if it can't.
 * @typedef {(file: SongFile, cut: Cut) => Promise<Chunks>} Cutter
 */

/**
 * The cutter of each container format, loaded when the first file of the format comes that may be
 * long. Bundlers find the modules by these literals, so they must stay literals.
 * @type {Record<Container, () => Promise<{ cut: Cutter }>>}
 */
const CUTTERS = {
  adts: () => import("./containers/adts/cutter.js"),
  flac: () => import("./containers/flac/cutter.js"),
  mp3: () => import("./containers/mp3/cutter.js"),
  mp4: () => import("./containers/mp4/cutter.js"),
  ogg: () => import("./containers/ogg/cutter.js"),
  wav: () => import("./containers/wav/cutter.js"),
  webm: () => import("./containers/webm/cutter.js"),
};

/**
 * The least bytes of a second of music, by container format. A file with fewer than those of
 * `MIN_SONG_SECS` is decoded at once without loading its cutter. The cutter then decides by the
 * exact duration: the bytes of a second vary forty-fold, so most short songs could be long ones by
 * their size.
 *
 * | bytes | of |
 * |---:|---|
 * | 8,000 | WAV: 8 bits, mono, 8 kHz |
 * | 1,000 | MP3: 8 kbit/s, the lowest bitrate in ISO/IEC 13818-3 |
 * | 750 | the others: 6 kbit/s, the lowest bitrate of Opus (RFC 6716, 2.1.1) |
 *
 * A file that takes less is mostly silence. Silence takes at least 64 bytes per second (measured
 * with FFmpeg: AAC at 8 kHz), so that a long file below the limit lasts 8 minutes at most, which a
 * browser decodes at once.
 * @type {Record<Container, number>}
 */
const MIN_BYTES_PER_SEC = { adts: 750, flac: 750, mp3: 1000, mp4: 750, ogg: 750, wav: 8000, webm: 750 };

/**
 * Longest chunk. The overlaps take little of it, and the browser copies it into the page in a few
 * milliseconds.
 */
const CHUNK_SECS = 24;
/** Shorter songs are decoded at once. */
const MIN_SONG_SECS = 40;

/** Chunks decoded in parallel: one for each of two cores and one waiting. Each takes memory. */
const DECODED_AT_ONCE = 3;

/** Samples compared on each side of the place where one chunk takes over from another. */
const COMPARED_SAMPLES = 1024;
/**
 * Largest difference between equal samples: four steps of 16 bits. Firefox's MP3 decoder gives
 * whole steps and carries the rounding error into the next sample, so a decoder that starts
 * elsewhere differs by one step, after resampling by two. In Chromium only the resampler differs,
 * by 1e-7.
 */
const MAX_DIFFERENCE = 2 ** -13;
/**
 * Largest energy of the difference, as a share of the energy, if the decoder generates noise. A
 * different place of the song gives 2.
 */
const MAX_NOISE = 0.5;
/** Least peak for a comparison: quieter samples may be equal by chance. */
const MIN_PEAK = 8 * MAX_DIFFERENCE;
/** Largest difference between lengths in samples, which are rounded. */
const MAX_LENGTH_DIFFERENCE = 2;

/**
 * @typedef {Object} ChunkOptions
 * @property {Limits} limits
 * @property {AbortSignal | undefined} signal
 * @property {(fraction: number) => void} onProgress
 */

/**
 * @param {SongFile} file
 * @param {SampleSink} sink receives the samples
 * @param {Mix} mix
 * @param {ChunkOptions} options
 * @returns {Promise<boolean>} `false` if the file must be decoded at once; then the samples that
 *   were sent are invalid
 * @throws {NotCuttable} with `joinedAt` if several files were joined
 */
export async function decodeInChunks(file, sink, mix, { limits, signal, onProgress }) {
  const { decodeRateHz } = limits;
  const cut = { chunkSecs: CHUNK_SECS, minSecs: MIN_SONG_SECS, decodeRateHz };
  const plan = await planOf(file, cut);
  throwIfAborted(signal);
  if (!plan) return false;
  refuseTooLong(file.name, plan.samples / plan.sampleRateHz, limits);

  const stitch = new Stitch(plan, decodeRateHz, sink, mix);
  const decoding = /** @type {Promise<AudioBuffer | undefined>[]} */ ([]);
  const ahead = plan.chunks.values();
  const decodeNext = () => {
    const chunk = ahead.next().value;
    if (chunk) decoding.push(decoded(chunk, decodeRateHz));
  };
  for (let begun = 0; begun < DECODED_AT_ONCE; begun++) decodeNext();
  for (const [index, chunk] of plan.chunks.entries()) {
    const buffer = await decoding.shift();
    // The decoder goes on while this chunk is mixed.
    decodeNext();
    // The browser has just copied the sound into the page. Mixing begins in a new task.
    await nextTask();
    throwIfAborted(signal);
    if (!buffer) return refused(file, "a chunk can't be decoded");
    if (!(await stitch.add(chunk, buffer, plan.chunks[index + 1], signal)))
      return refused(file, "its chunks don't fit together");
    onProgress((index + 1) / plan.chunks.length);
    throwIfAborted(signal);
  }
  return true;
}

/**
 * @param {SongFile} file
 * @param {Cut} limits
 * @returns {Promise<Chunks | undefined>} `undefined` if the file must be decoded at once
 */
async function planOf(file, limits) {
  try {
    const container = await containerOf(file);
    if (file.size < MIN_BYTES_PER_SEC[container] * limits.minSecs) throw new NotCuttable("too short");
    const { cut } = await CUTTERS[container]().catch((cause) => {
      throw new NotCuttable("its cutter can't be loaded", { cause });
    });
    return await cut(file, limits);
  } catch (error) {
    if (!(error instanceof NotCuttable) || error.joinedAt) throw error;
    refused(file, error.message, error.cause);
    return undefined;
  }
}

/**
 * Logs why a file must be decoded at once.
 * @param {SongFile} file
 * @param {string} reason
 * @param {unknown} [cause]
 * @returns {false} the answer of `decodeInChunks` about such a file
 */
function refused(file, reason, cause) {
  console.debug(`Soundalike: “${file.name}” is decoded at once: ${reason}`, ...(cause ? [cause] : []));
  return false;
}

/**
 * @param {Chunk} chunk
 * @param {number} rateHz
 * @returns {Promise<AudioBuffer | undefined>} `undefined` if it can't be decoded
 */
async function decoded({ blob }, rateHz) {
  try {
    return await new OfflineAudioContext(1, 1, rateHz).decodeAudioData(await blob.arrayBuffer());
  } catch {
    // If the file is damaged, decoding it at once reports the error.
    return undefined;
  }
}

/** Joins the chunks of a song. */
class Stitch {
  #sink;
  #mix;
  #ratio;
  #maxSamples;
  #isNoisy;
  /** The last chunk's samples around the place where the next one takes over. */
  #seam = new Float32Array(0);
  /**
   * Samples that the decoder leaves out at the beginning of each chunk.
   * @type {number | undefined}
   */
  #primingSamples;

  /** @param {Chunks} plan @param {number} rateHz @param {SampleSink} sink @param {Mix} mix */
  constructor({ samples, sampleRateHz, isNoisy = false }, rateHz, sink, mix) {
    this.#isNoisy = isNoisy;
    this.#ratio = rateHz / sampleRateHz;
    this.#maxSamples = Math.ceil(samples * this.#ratio);
    this.#sink = sink;
    this.#mix = mix;
    sink.begin(rateHz, this.#maxSamples);
  }

  /**
   * @param {Chunk} chunk the next one
   * @param {AudioBuffer} buffer
   * @param {Chunk | undefined} next the one after it
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<boolean>} whether it fits the last one
   */
  async add({ startSamples, ownStartSamples, lengthSamples }, buffer, next, signal) {
    // These are not freed at once. Their size makes the browser collect garbage, and with it the
    // bytes of decoded chunks, which it does not count. For an hour of WAV those are 600 MB.
    const channels = Array.from({ length: buffer.numberOfChannels }, (_, index) => buffer.getChannelData(index));
    const start = Math.round(startSamples * this.#ratio);
    const own = Math.round(ownStartSamples * this.#ratio);
    const end = start + buffer.length;
    const handover = next && Math.round(next.ownStartSamples * this.#ratio);
    if (end > this.#maxSamples || end < (handover === undefined ? own : handover + COMPARED_SAMPLES)) return false;
    if (lengthSamples !== undefined) {
      const primingSamples = Math.round(lengthSamples * this.#ratio) - buffer.length;
      this.#primingSamples ??= primingSamples;
      if (Math.abs(primingSamples - this.#primingSamples) > MAX_LENGTH_DIFFERENCE) return false;
    }
    if (own > 0 && !this.#agrees(channels, own - start, lengthSamples !== undefined)) return false;
    const part = new Float32Array((handover ?? end) - own);
    await this.#mix.inSlices(part, channels, own - start, signal);
    if (handover !== undefined) this.#seam = this.#mixedAround(channels, handover - start);
    this.#sink.append(part);
    return true;
  }

  /**
   * Whether a chunk has the same samples as the last one around the place where it takes over.
   * @param {Float32Array[]} channels
   * @param {number} own the place in them
   * @param {boolean} isLengthRight proves the place of a chunk that is silent there
   */
  #agrees(channels, own, isLengthRight) {
    if (own < COMPARED_SAMPLES || own + COMPARED_SAMPLES > Number(channels[0]?.length)) return false;
    const mixed = this.#mixedAround(channels, own);
    let peak = 0;
    let peakDifference = 0;
    let energy = 0;
    let energyOfDifference = 0;
    for (const [index, sample] of this.#seam.entries()) {
      const difference = sample - /** @type {number} */ (mixed[index]);
      peak = Math.max(peak, Math.abs(sample));
      peakDifference = Math.max(peakDifference, Math.abs(difference));
      energy += sample ** 2;
      energyOfDifference += difference ** 2;
    }
    const isSame = peakDifference <= MAX_DIFFERENCE || (this.#isNoisy && energyOfDifference <= MAX_NOISE * energy);
    return isSame && (isLengthRight || peak > MIN_PEAK);
  }

  /** The samples to compare. @param {Float32Array[]} channels @param {number} at the middle */
  #mixedAround(channels, at) {
    const mixed = new Float32Array(2 * COMPARED_SAMPLES);
    this.#mix.into(mixed, channels, at - COMPARED_SAMPLES);
    return mixed;
  }
}
