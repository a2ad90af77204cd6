/**
 * Decode: whatever the caller calls a song becomes mono samples at a known rate, on the main thread, because browsers
 * decode nowhere else. Resampling to the model's rate is the engine's work, so that it is the same in every browser.
 */

import { CheckerError, abortedError, throwIfAborted, tooLongSentence } from "./errors.js";

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
 * @property {string} name
 * @property {Float32Array} samples mono; owned by the receiver
 * @property {number} sampleRateHz
 * @property {Float32Array} peaks the loudest magnitude in each of `PEAK_COUNT` equal stretches of the song, to draw it
 */

/** Enough for one peak a pixel on a wide screen. */
export const PEAK_COUNT = 1500;

/** A slice of main-thread work ends after this long, so that a frame (16.7 ms) is never missed by much. */
const SLICE_MS = 10;

/** A file is read whole before it is decoded; past this a browser tab is likely to die of it. */
const MAX_FILE_BYTES = 1024 ** 3;

/** Below this no file is worth a look at its duration first: at 16 kbit/s, a poor speech codec, it plays 8.7 minutes. */
const SMALL_FILE_BYTES = 1024 ** 2;

/** Above this a file is refused when the browser can't tell its duration: a 4-minute song as WAV has 42 MB. */
const MAX_BYTES_OF_UNKNOWN_DURATION = 64 * 1024 ** 2;

const METADATA_TIMEOUT_MS = 5000;

/**
 * @param {SongInput} input
 * @param {Limits} limits
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<DecodedSong>}
 */
export async function decode(input, limits, signal) {
  throwIfAborted(signal);
  const name = songName(input);
  const { channels, sampleRateHz } = await readChannels(input, name, limits, signal);
  const length = channels[0]?.length ?? 0;
  if (length === 0) throw new CheckerError("no-audio", `“${name}” is empty: it holds no sound.`);
  if (channels.some((channel) => channel.length !== length)) {
    throw new CheckerError("decode-failed", `The channels of “${name}” differ in length.`);
  }
  if (!Number.isFinite(sampleRateHz) || sampleRateHz <= 0) {
    throw new CheckerError("decode-failed", `The sample rate of “${name}” is unknown.`);
  }
  try {
    return { name, sampleRateHz, ...(await mixToMono(channels, signal)) };
  } finally {
    // Our own decoded channels are twice as large as the result: let go of them now, not at some garbage collection.
    if (input instanceof Blob || typeof input === "string" || input instanceof URL) release(channels);
  }
}

/**
 * The duration that a file's header states, in seconds; `undefined` where the browser can't tell.
 * @param {Blob} blob
 * @returns {Promise<number | undefined>}
 */
export async function probeDurationSecs(blob) {
  const url = URL.createObjectURL(blob);
  const audio = new Audio();
  try {
    await new Promise((resolve, reject) => {
      audio.onloadedmetadata = resolve;
      audio.onerror = reject;
      setTimeout(reject, METADATA_TIMEOUT_MS);
      audio.preload = "metadata";
      audio.src = url;
    });
    return Number.isFinite(audio.duration) && audio.duration > 0 ? audio.duration : undefined;
  } catch {
    return undefined;
  } finally {
    audio.removeAttribute("src");
    URL.revokeObjectURL(url);
  }
}

/** @param {SongInput} input */
export function songName(input) {
  if (typeof input === "string" || input instanceof URL) {
    const { pathname } = new URL(input, document.baseURI);
    return safelyDecoded(pathname.slice(pathname.lastIndexOf("/") + 1)) || "song";
  }
  if (typeof input === "object" && input !== null && "name" in input && typeof input.name === "string" && input.name) {
    return input.name;
  }
  return "song";
}

/** @param {string} text */
function safelyDecoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * @param {SongInput} input
 * @param {string} name
 * @param {Limits} limits
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<{ channels: Float32Array[], sampleRateHz: number }>}
 */
async function readChannels(input, name, limits, signal) {
  if (input instanceof Float32Array) return { channels: [input], sampleRateHz: limits.decodeRateHz };
  if (input instanceof AudioBuffer) return channelsOf(input);
  if (input instanceof Blob) return decodeBlob(input, name, limits, signal);
  if (typeof input === "string" || input instanceof URL) {
    return decodeBlob(await download(input, name, signal), name, limits, signal);
  }
  if (typeof input === "object" && input !== null && "samples" in input) {
    const channels = input.samples instanceof Float32Array ? [input.samples] : [...input.samples];
    if (channels.every((channel) => channel instanceof Float32Array)) return { channels, sampleRateHz: input.sampleRateHz };
  }
  throw new CheckerError(
    "decode-failed",
    "A song must be a File, Blob, address, AudioBuffer, Float32Array, or samples with their rate.",
  );
}

/** @param {string | URL} url @param {string} name @param {AbortSignal | undefined} signal */
async function download(url, name, signal) {
  try {
    const response = await fetch(url, signal ? { signal } : {});
    if (!response.ok) throw new CheckerError("decode-failed", `“${name}” could not be loaded: the server answered ${response.status}.`);
    refuseTooLarge(name, Number(response.headers.get("content-length")));
    return await response.blob();
  } catch (error) {
    if (signal?.aborted) throw abortedError(error);
    if (error instanceof CheckerError) throw error;
    throw new CheckerError("decode-failed", `“${name}” could not be loaded.`, { cause: error });
  }
}

/**
 * @param {Blob} blob
 * @param {string} name
 * @param {Limits} limits
 * @param {AbortSignal | undefined} signal
 */
async function decodeBlob(blob, name, limits, signal) {
  if (blob.size === 0) throw new CheckerError("no-audio", `“${name}” is an empty file.`);
  refuseTooLarge(name, blob.size);
  if (blob.size > SMALL_FILE_BYTES) {
    const durationSecs = await probeDurationSecs(blob);
    if (durationSecs !== undefined) refuseTooLong(name, durationSecs, limits);
    else if (blob.size > MAX_BYTES_OF_UNKNOWN_DURATION) throw undecodable(name);
    throwIfAborted(signal);
  }
  // One fixed rate: the same file gives the same samples on every sound card.
  const context = new OfflineAudioContext(1, 1, limits.decodeRateHz);
  let buffer;
  try {
    buffer = await context.decodeAudioData(await blob.arrayBuffer());
  } catch (cause) {
    throw undecodable(name, cause);
  }
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

/** @param {string} name @param {unknown} [cause] */
function undecodable(name, cause) {
  return new CheckerError(
    "decode-failed",
    `“${name}” is not a sound file that this browser can play. MP3, WAV, FLAC, M4A and Ogg usually are; protected files are not.`,
    { cause },
  );
}

/** @param {string} name @param {number} bytes */
function refuseTooLarge(name, bytes) {
  if (bytes > MAX_FILE_BYTES) {
    throw new CheckerError("too-long", `“${name}” has ${(bytes / 1024 ** 3).toFixed(1)} GB. At most 1 GB fits into a browser's memory.`);
  }
}

/** @param {string} name @param {number} durationSecs @param {Limits} limits */
function refuseTooLong(name, durationSecs, limits) {
  if (durationSecs > limits.maxSongSecs) {
    throw new CheckerError("too-long", tooLongSentence(name, durationSecs, limits.maxSongSecs));
  }
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
  let sliceEnd = performance.now() + SLICE_MS;
  for (let index = 0; index < peaks.length; index++) {
    const from = Math.floor((index * length) / peaks.length);
    const to = Math.floor(((index + 1) * length) / peaks.length);
    peaks[index] = mixStretch(channels, samples, from, to);
    if (performance.now() > sliceEnd) {
      await new Promise((resolve) => setTimeout(resolve));
      throwIfAborted(signal);
      sliceEnd = performance.now() + SLICE_MS;
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
