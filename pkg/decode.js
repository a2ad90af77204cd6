/**
 * Decode: whatever the caller calls a song becomes mono samples at a known rate, on the main thread, because browsers
 * decode nowhere else. Resampling to the model's rate is the engine's work, so that it is the same in every browser.
 */

import { CheckerError, throwIfAborted } from "./errors.js";
import { readBytes, refuseTooLong, undecodable } from "./file.js";
import { mixInSlices, peaksOf, release } from "./mono.js";
import { decodeInPieces } from "./pieces.js";
import { nextTask } from "./tasks.js";

/** @import { Limits } from "./protocol.js" */

/**
 * @typedef {Object} Samples
 * @property {Float32Array | Float32Array[]} samples mono, or one array a channel, all of one length; values in -1..1
 * @property {number} sampleRateHz
 * @property {string} [name]
 */

/**
 * What counts as a song: a file or blob of any format that the browser decodes (of a video, its sound track), the address
 * of one, an `AudioBuffer`, a `Float32Array` of mono samples at 44,100 Hz, or samples with their rate.
 * The caller's arrays are read, never detached.
 * @typedef {File | Blob | string | URL | AudioBuffer | Float32Array | Samples} SongInput
 */

/**
 * @typedef {Object} DecodedSong
 * @property {Float32Array} samples mono; owned by the receiver
 * @property {number} sampleRateHz
 * @property {Float32Array} peaks the loudest magnitude in each of `PEAK_COUNT` equal stretches of the song, to draw it
 */

/**
 * @typedef {Object} DecodeOptions
 * @property {string} name
 * @property {Limits} limits
 * @property {AbortSignal | undefined} signal
 * @property {(fraction: number) => void} onProgress
 */

/**
 * @param {SongInput | undefined} input
 * @param {DecodeOptions & { file: Blob | undefined }} options `file` is what `fileOf` made of the input
 * @returns {Promise<DecodedSong>}
 */
export async function decode(input, { file, ...options }) {
  const { limits, name, signal } = options;
  throwIfAborted(signal);
  const song = file ? await decodeFile(file, options) : await mixed(channelsOfSamples(input, limits), name, signal);
  return { ...song, peaks: await peaksOf(song.samples, signal) };
}

/**
 * @param {SongInput | undefined} input anything but a file
 * @param {Limits} limits
 * @returns {{ channels: Float32Array[], sampleRateHz: number }}
 */
function channelsOfSamples(input, limits) {
  if (input instanceof Float32Array) return { channels: [input], sampleRateHz: limits.decodeRateHz };
  if (input instanceof AudioBuffer) return channelsOf(input);
  if (typeof input === "object" && input !== null && "samples" in input) {
    const channels = input.samples instanceof Float32Array ? [input.samples] : [...input.samples];
    if (channels.every((channel) => channel instanceof Float32Array)) return { channels, sampleRateHz: input.sampleRateHz };
  }
  throw new CheckerError(
    "decode-failed",
    "A song must be a File, Blob, address, AudioBuffer, Float32Array, or samples with their rate.",
  );
}

/** @param {Blob} file @param {DecodeOptions} options */
async function decodeFile(file, options) {
  const { limits, name, signal } = options;
  const samples = await decodeInPieces(file, options);
  if (samples) return { samples, sampleRateHz: limits.decodeRateHz };
  const decoded = channelsOf(await decodeAtOnce(file, options));
  try {
    return await mixed(decoded, name, signal);
  } finally {
    // They are twice as large as the result: let go of them now, not at some garbage collection.
    release(decoded.channels);
  }
}

/** @param {Blob} file @param {DecodeOptions} options */
async function decodeAtOnce(file, { limits, name, signal }) {
  const bytes = await readBytes(file, name);
  // One fixed rate: the same file gives the same samples on every sound card.
  const context = new OfflineAudioContext(1, 1, limits.decodeRateHz);
  let buffer;
  try {
    buffer = await context.decodeAudioData(bytes);
  } catch (cause) {
    throw undecodable(name, cause);
  }
  // The browser has just copied the whole sound into the page, in one task: ours begins with the next.
  await nextTask();
  throwIfAborted(signal);
  refuseTooLong(name, buffer.duration, limits);
  return buffer;
}

/** @param {AudioBuffer} buffer */
function channelsOf(buffer) {
  const channels = Array.from({ length: buffer.numberOfChannels }, (_, index) => buffer.getChannelData(index));
  return { channels, sampleRateHz: buffer.sampleRate };
}

/**
 * @param {{ channels: Float32Array[], sampleRateHz: number }} sound
 * @param {string} name
 * @param {AbortSignal | undefined} signal
 */
async function mixed({ channels, sampleRateHz }, name, signal) {
  const length = channels[0]?.length ?? 0;
  if (length === 0) throw new CheckerError("no-audio", `“${name}” is empty: it holds no sound.`);
  if (channels.some((channel) => channel.length !== length)) {
    throw new CheckerError("decode-failed", `The channels of “${name}” differ in length.`);
  }
  if (!Number.isFinite(sampleRateHz) || sampleRateHz <= 0) {
    throw new CheckerError("decode-failed", `The sample rate of “${name}” is unknown.`);
  }
  const samples = new Float32Array(length);
  await mixInSlices(samples, channels, 0, signal);
  return { samples, sampleRateHz };
}
