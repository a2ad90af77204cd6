/**
 * Decode: turns every kind of input into mono samples at a known rate, part by part. This happens
 * on the main thread, because browsers decode nowhere else. The engine resamples to the model's
 * rate, so that the result is the same in every browser.
 */

import { CheckerError, throwIfAborted } from "../shared/errors.js";
import { SongFile, refuseTooLong } from "./file/song-file.js";
import { mayFillMemory, undecodable } from "./open-file.js";
import { Mix } from "./mono.js";
import { decodeInChunks } from "./chunks.js";
import { isText } from "./file/bytes.js";
import { channelsOf, samplesOf } from "./song-input.js";
import { Slice, nextTask } from "../shared/tasks.js";

/** @import { SampleSink } from "./mono.js" */
/** @import { DecodeAside } from "./foreign/foreign.js" */
/** @import { Limits } from "./file/song-file.js" */
/** @import { NotCuttable } from "./file/not-cuttable.js" */
/** @import { SongInput } from "./song-input.js" */

/** Sound that is decoded as a whole is mixed and sent in parts of this size. */
const PART_SAMPLES = 2 ** 20;

/**
 * @typedef {Object} DecodeOptions
 * @property {string} name
 * @property {Limits} limits
 * @property {AbortSignal | undefined} signal
 * @property {(fraction: number) => void} onProgress
 * @property {DecodeAside} aside for files that the browser refuses
 */

/**
 * @param {SongInput | undefined} input
 * @param {SampleSink} sink of the samples
 * @param {DecodeOptions & { file: Blob | undefined }} options `file`: the result of
 *   `fileOf`
 */
export async function decode(input, sink, { file, ...options }) {
  throwIfAborted(options.signal);
  const mix = new Mix(options.limits);
  await decodeWith(mix);
  if (mix.cancels) await decodeWith(mix.difference());

  /** @param {Mix} wanted */
  async function decodeWith(wanted) {
    if (file) await decodeFile(new SongFile(file, options.name), sink, wanted, options);
    else await send(await samplesOf(input, options.limits), sink, wanted, options);
  }
}

/**
 * @param {SongFile} file
 * @param {SampleSink} sink
 * @param {Mix} mix
 * @param {DecodeOptions} options
 */
async function decodeFile(file, sink, mix, options) {
  // Chromium decodes WAV files of the other byte order, as noise.
  const isOurs = isText(await file.bytes(0, 4), 0, "RIFX") || (await mayFillMemory(file));
  // Channels that cancel out are silence, and silent chunks don't prove that they fit together.
  if (!isOurs && ((await decodeParts(file, sink, mix, options)) || mix.cancels)) return;
  const decoded = isOurs ? undefined : await decodeAtOnce(await withDefaultTrack(file), options);
  if (!(decoded instanceof AudioBuffer)) {
    await decodeOtherwise(file, sink, mix, options, decoded);
    return;
  }
  const sound = channelsOf(decoded);
  try {
    await send(sound, sink, mix, options);
  } finally {
    // They are too large to wait for the garbage collector.
    freeBuffers(sound.channels);
  }
}

/**
 * Decodes a file in chunks, or the files that were joined in it one by one.
 * @param {SongFile} file
 * @param {SampleSink} sink
 * @param {Mix} mix
 * @param {DecodeOptions} options
 * @returns {Promise<boolean>} `false` if it must be decoded at once
 */
async function decodeParts(file, sink, mix, options) {
  try {
    return await decodeInChunks(file, sink, mix, options);
  } catch (error) {
    const { joinedAt } = /** @type {Partial<NotCuttable>} */ (error);
    const joined = joinedAt && (await import("./containers/joined.js").catch(() => undefined));
    if (joinedAt === undefined) throw error;
    if (!joined) return false;
    await joined.decodeJoined(file, joinedAt, sink, options, (part, itsSink) =>
      decodeFile(part, itsSink, mix, options),
    );
    return true;
  }
}

/**
 * A browser plays the first of several sound tracks.
 * @param {SongFile} file
 * @returns {Promise<SongFile>} one with the default track alone, if that is another one
 */
async function withDefaultTrack(file) {
  const tracks = await import("./containers/tracks.js").then(({ tracksOf }) => tracksOf(file)).catch(() => []);
  const wanted = tracks.findIndex(({ isDefault }) => isDefault);
  const track = wanted > 0 ? tracks[wanted] : undefined;
  return track ? new SongFile(track.blob, file.name) : file;
}

/**
 * @param {SongFile} file
 * @param {DecodeOptions} options
 * @returns {Promise<AudioBuffer | unknown>} the browser's error if it refuses the file
 */
async function decodeAtOnce(file, { limits, signal }) {
  const { buffer: bytes } = await file.bytes(0, file.size);
  // A fixed rate, so that the same file gives the same samples on every sound card.
  const context = new OfflineAudioContext(1, 1, limits.decodeRateHz);
  let buffer;
  try {
    buffer = await context.decodeAudioData(bytes);
  } catch (cause) {
    return cause;
  }
  // The browser has just copied the whole sound into the page, in one task: ours begins with the
  // next.
  await nextTask();
  throwIfAborted(signal);
  refuseTooLong(file.name, buffer.duration, limits);
  return buffer;
}

/**
 * Decodes a file that the browser refuses, if we can.
 * @param {SongFile} file
 * @param {SampleSink} sink
 * @param {Mix} mix
 * @param {DecodeOptions} options
 * @param {unknown} cause the browser's error
 */
async function decodeOtherwise(file, sink, mix, options, cause) {
  const foreign = await import("./foreign/foreign.js").catch(() => undefined);
  if (!foreign) throw await undecodable(file, cause);
  await foreign.decodeForeign(file, sink, mix, options, { cause, decodeFile, undecodable });
}

/**
 * @param {{ channels: Float32Array[], sampleRateHz: number }} sound
 * @param {SampleSink} sink
 * @param {Mix} mix
 * @param {DecodeOptions} options
 */
async function send({ channels, sampleRateHz }, sink, mix, { name, signal }) {
  const length = channels[0]?.length ?? 0;
  if (length === 0) throw new CheckerError("no-audio", `“${name}” is empty: it holds no sound.`);
  if (channels.some((channel) => channel.length !== length)) {
    throw new CheckerError("decode-failed", `The channels of “${name}” differ in length.`);
  }
  if (!Number.isFinite(sampleRateHz) || sampleRateHz <= 0) {
    throw new CheckerError("decode-failed", `The sample rate of “${name}” is unknown.`);
  }
  sink.begin(sampleRateHz, length);
  const slice = new Slice();
  for (let from = 0; from < length; from += PART_SAMPLES) {
    const part = new Float32Array(Math.min(PART_SAMPLES, length - from));
    await mix.inSlices(part, channels, from, signal, slice);
    sink.append(part);
  }
}

/**
 * Frees the memory of the channels at once, by transferring it with a message that nobody receives.
 * Dropping the last reference would wait for the garbage collector, and resizing the buffer would
 * leave the memory with the AudioBuffer.
 * @param {Float32Array[]} channels
 */
function freeBuffers(channels) {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  try {
    port1.postMessage(
      null,
      channels.map(({ buffer }) => /** @type {ArrayBuffer} */ (buffer)),
    );
  } catch {
    // A browser that can't transfer them frees them later.
  }
  port1.close();
}
