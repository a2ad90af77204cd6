/**
 * Chunks: decodes a long song chunk by chunk into the mono samples that decoding the file at once gives.
 *
 * Decoded at once, a browser holds a song three times over and copies it into the page in one task that holds everything
 * else up; of chunks neither is large, and some are decoded side by side. Each chunk begins before the end of the last one: what
 * both decode to must be the same (but for the noise that a decoder of AAC makes up), so that nothing is taken for granted
 * about a browser's decoder. Where it is not, and where a file is not laid out as most are, the song is decoded at once.
 */

import { throwIfAborted } from "../shared/errors.js";
import { nextTask } from "../shared/tasks.js";
import { containerOf } from "./containers/container.js";
import { NotCuttable } from "./containers/not-cuttable.js";
import { mixInSlices, mixInto } from "./mono.js";
import { refuseTooLong } from "./song-file.js";

/** @import { SongFile } from "./song-file.js" */
/** @import { Limits } from "../engine/protocol.js" */
/** @import { SampleSink } from "../engine/upload.js" */
/** @import { Container } from "./containers/container.js" */

/**
 * @typedef {Object} Cut how to cut a file up
 * @property {number} chunkSecs the longest chunk
 * @property {number} minSecs shorter songs stay whole
 * @property {number} decodeRateHz what browsers decode to
 */

/**
 * A part of a song, in samples of one channel at the file's rate.
 * @typedef {Object} Chunk
 * @property {Blob} blob a file of its own
 * @property {number} startSamples where it begins in the song, as far as the decoder is concerned: what a decoder leaves
 *   out at the beginning of the song it leaves out of every chunk
 * @property {number} ownStartSamples where its part of the song begins; what lies before is there for what it needs and to be compared
 * @property {number | undefined} lengthSamples before the decoder leaves anything out; `undefined` where it leaves out more than of others
 */

/**
 * @typedef {Object} Chunks
 * @property {number} sampleRateHz
 * @property {number} samples as they are before a decoder leaves any out
 * @property {Chunk[]} chunks
 * @property {boolean} [isNoisy] whether a decoder makes up some of the sound, other in each chunk
 */

/**
 * Cuts a file up; throws `NotCuttable` where it can't.
 * @typedef {(file: SongFile, cut: Cut) => Promise<Chunks>} Cutter
 */

/**
 * The cutter of each container format, loaded when the first file of the format comes. Bundlers
 * find the modules by these literals, so they must stay literals.
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

/** Long enough that little is decoded twice, and short enough that the browser's copy of it takes no more than a few milliseconds. */
const CHUNK_SECS = 24;
const MIN_SONG_SECS = 40;

/** One for each core of a small machine, and one that waits its turn; each takes memory. */
const DECODED_AT_ONCE = 3;

/** This many samples on both sides of where one chunk takes over from another are compared. */
const COMPARED_SAMPLES = 1024;
/**
 * Four steps of 16 bits. Firefox's MP3 decoder gives whole steps and carries what it rounds off into the next sample, so one
 * that starts elsewhere differs by a step, and once resampled by two. Of Chromium's, resamplers alone differ, by 1e-7.
 */
const MAX_DIFFERENCE = 2 ** -13;
/** Of the energy, where the decoder makes up some of the sound: what is elsewhere in the song differs by twice as much as there is. */
const MAX_NOISE = 0.5;
/** What is quieter may agree by chance. */
const MIN_PEAK = 8 * MAX_DIFFERENCE;
/** What a chunk's length is rounded to. */
const MAX_LENGTH_DIFFERENCE = 2;

/**
 * @param {SongFile} file
 * @param {SampleSink} sink of the samples
 * @param {{ limits: Limits, signal: AbortSignal | undefined, onProgress: (fraction: number) => void }} options
 * @returns {Promise<boolean>} `false` if the file must be decoded at once; then what was recorded is not the song
 */
export async function decodeInChunks(file, sink, { limits, signal, onProgress }) {
  const { decodeRateHz } = limits;
  const cut = { chunkSecs: CHUNK_SECS, minSecs: MIN_SONG_SECS, decodeRateHz };
  const plan = await planOf(file, cut);
  throwIfAborted(signal);
  if (!plan) return false;
  refuseTooLong(file.name, plan.samples / plan.sampleRateHz, limits);

  const stitch = new Stitch(plan, decodeRateHz, sink);
  const decoding = /** @type {Promise<AudioBuffer | undefined>[]} */ ([]);
  const ahead = plan.chunks.values();
  const decodeNext = () => {
    const chunk = ahead.next().value;
    if (chunk) decoding.push(decoded(chunk, decodeRateHz));
  };
  for (let begun = 0; begun < DECODED_AT_ONCE; begun++) decodeNext();
  for (const [index, chunk] of plan.chunks.entries()) {
    const buffer = await decoding.shift();
    // The decoder is never short of work, not even while this chunk is mixed.
    decodeNext();
    // The browser has just copied the sound into the page, in one task: ours begins with the next.
    await nextTask();
    throwIfAborted(signal);
    if (!buffer || !(await stitch.add(chunk, buffer, plan.chunks[index + 1], signal))) return false;
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
    const cutter = CUTTERS[await containerOf(file)];
    const { cut } = await cutter().catch((cause) => {
      throw new NotCuttable("its cutter can't be loaded", { cause });
    });
    return await cut(file, limits);
  } catch (error) {
    if (!(error instanceof NotCuttable)) throw error;
    console.debug(
      `Soundalike: “${file.name}” is decoded at once: ${error.message}`,
      ...(error.cause ? [error.cause] : []),
    );
    return undefined;
  }
}

/** @param {Chunk} chunk @param {number} rateHz @returns {Promise<AudioBuffer | undefined>} `undefined` if it can't be decoded */
async function decoded({ blob }, rateHz) {
  try {
    return await new OfflineAudioContext(1, 1, rateHz).decodeAudioData(await blob.arrayBuffer());
  } catch {
    // Whatever it is, decoding the file at once says it in its own words.
    return undefined;
  }
}

/** Puts a song together. */
class Stitch {
  #sink;
  #ratio;
  #maxSamples;
  #isNoisy;
  /** What the last chunk has around where the next one takes over. */
  #seam = new Float32Array(0);
  /** How many samples a decoder leaves out at the beginning of each chunk. @type {number | undefined} */
  #primingSamples;

  /** @param {Chunks} plan @param {number} rateHz @param {SampleSink} sink */
  constructor({ samples, sampleRateHz, isNoisy = false }, rateHz, sink) {
    this.#isNoisy = isNoisy;
    this.#ratio = rateHz / sampleRateHz;
    this.#maxSamples = Math.ceil(samples * this.#ratio);
    this.#sink = sink;
    sink.begin(rateHz, this.#maxSamples);
  }

  /**
   * @param {Chunk} chunk the next one
   * @param {AudioBuffer} buffer
   * @param {Chunk | undefined} next the one after it
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<boolean>} whether it goes with the last one
   */
  async add({ startSamples, ownStartSamples, lengthSamples }, buffer, next, signal) {
    // Not let go of by hand: that they pile up makes the browser collect its garbage, and with it the bytes of chunks, which
    // it loses count of when it takes them to be decoded. Of an hour of WAV those are 600 MB.
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
    await mixInSlices(part, channels, own - start, signal);
    if (handover !== undefined) this.#seam = mixedAround(channels, handover - start);
    this.#sink.append(part);
    return true;
  }

  /**
   * Whether a chunk sounds, around where it takes over, as the last one does.
   * @param {Float32Array[]} channels
   * @param {number} own where in them it takes over
   * @param {boolean} isLengthRight which says that they are in their place even if hardly anything is to be heard there
   */
  #agrees(channels, own, isLengthRight) {
    if (own < COMPARED_SAMPLES || own + COMPARED_SAMPLES > Number(channels[0]?.length)) return false;
    const mixed = mixedAround(channels, own);
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
}

/** What is compared. @param {Float32Array[]} channels @param {number} at which sample of them */
function mixedAround(channels, at) {
  const mixed = new Float32Array(2 * COMPARED_SAMPLES);
  mixInto(mixed, channels, at - COMPARED_SAMPLES);
  return mixed;
}
