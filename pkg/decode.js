/**
 * Decode: whatever the caller calls a song becomes mono samples at a known rate, on the main thread, because browsers
 * decode nowhere else. Resampling to the model's rate is the engine's work, so that it is the same in every browser.
 */

import { CheckerError, throwIfAborted } from "./errors.js";
import { isFile, refuseTooLong, undecodable } from "./file.js";
import { Slice, nextTask } from "./tasks.js";

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

/** Enough for one peak a pixel on a wide screen. */
export const PEAK_COUNT = 1500;

/**
 * @param {SongInput | undefined} input
 * @param {{ name: string, file: Blob | undefined, limits: Limits, signal: AbortSignal | undefined }} options `file` is what
 *   `fileOf` made of the input
 * @returns {Promise<DecodedSong>}
 */
export async function decode(input, { name, file, limits, signal }) {
  throwIfAborted(signal);
  const { channels, sampleRateHz } = file ? await decodeFile(file, name, limits, signal) : channelsOfSamples(input, limits);
  const length = channels[0]?.length ?? 0;
  if (length === 0) throw new CheckerError("no-audio", `“${name}” is empty: it holds no sound.`);
  if (channels.some((channel) => channel.length !== length)) {
    throw new CheckerError("decode-failed", `The channels of “${name}” differ in length.`);
  }
  if (!Number.isFinite(sampleRateHz) || sampleRateHz <= 0) {
    throw new CheckerError("decode-failed", `The sample rate of “${name}” is unknown.`);
  }
  try {
    return { sampleRateHz, ...(await mixToMono(channels, signal)) };
  } finally {
    // Our own decoded channels are twice as large as the result: let go of them now, not at some garbage collection.
    if (isFile(input)) release(channels);
  }
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

/**
 * @param {Blob} file
 * @param {string} name
 * @param {Limits} limits
 * @param {AbortSignal | undefined} signal
 */
async function decodeFile(file, name, limits, signal) {
  const bytes = await file.arrayBuffer().catch((cause) => {
    throw new CheckerError("decode-failed", `“${name}” can't be read any more: was it moved or changed? Choose it again.`, { cause });
  });
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
  return channelsOf(buffer);
}

/** @param {AudioBuffer} buffer */
function channelsOf(buffer) {
  const channels = Array.from({ length: buffer.numberOfChannels }, (_, index) => buffer.getChannelData(index));
  return { channels, sampleRateHz: buffer.sampleRate };
}

/**
 * Frees the channels' memory at once: it goes with a message to nobody. (Dropping the last reference would wait for a
 * garbage collection, and resizing the buffer leaves the memory with the AudioBuffer.)
 * @param {Float32Array[]} channels
 */
function release(channels) {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  try {
    port1.postMessage(null, channels.map(({ buffer }) => /** @type {ArrayBuffer} */ (buffer)));
  } catch {
    // A browser that won't part with them frees them later.
  }
  port1.close();
}

/**
 * The mean of the channels and the peaks of the result, in slices that leave the page responsive.
 * @param {Float32Array[]} channels one or more, of one length
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<{ samples: Float32Array, peaks: Float32Array }>}
 */
async function mixToMono(channels, signal) {
  const length = /** @type {Float32Array} */ (channels[0]).length;
  const samples = new Float32Array(length);
  const peaks = new Float32Array(Math.min(PEAK_COUNT, length));
  const slice = new Slice();
  for (let index = 0; index < peaks.length; index++) {
    const from = Math.floor((index * length) / peaks.length);
    const to = Math.floor(((index + 1) * length) / peaks.length);
    peaks[index] = mixStretch(channels, samples, from, to);
    if (slice.isOver) {
      await slice.next();
      throwIfAborted(signal);
    }
  }
  return { samples, peaks };
}

/**
 * Writes the mean of the channels into `samples[from..to]` and returns its largest magnitude.
 * @param {Float32Array[]} channels
 * @param {Float32Array} samples
 * @param {number} from
 * @param {number} to
 */
function mixStretch(channels, samples, from, to) {
  const target = samples.subarray(from, to);
  for (const channel of channels) {
    const source = channel.subarray(from, to);
    for (let i = 0; i < target.length; i++) target[i] += source[i];
  }
  const gain = 1 / channels.length;
  let peak = 0;
  for (let i = 0; i < target.length; i++) {
    target[i] *= gain;
    const magnitude = Math.abs(target[i]);
    if (magnitude > peak) peak = magnitude;
  }
  return peak;
}
