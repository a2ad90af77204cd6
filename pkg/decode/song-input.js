/**
 * Song input: what a caller may give as a song, recognised by what it is and not by its class, as
 * every window has classes of its own.
 */

import { CheckerError } from "../shared/errors.js";
import { Slice } from "../shared/tasks.js";

/** @import { Limits } from "./file/song-file.js" */

/** @typedef {Float32Array | Float64Array | number[]} Channel values in -1..1 */

/**
 * @typedef {Object} Samples
 * @property {Channel | Channel[]} samples mono, or one array a channel, all of one length
 * @property {number} sampleRateHz
 * @property {string} [name]
 */

/**
 * An `AudioBuffer`, or an object that is like one.
 * @typedef {Object} AudioBufferLike
 * @property {number} numberOfChannels
 * @property {number} sampleRate
 * @property {(channel: number) => Float32Array} getChannelData
 */

/**
 * The bytes of a file. Other typed arrays are refused, as theirs could be samples too.
 * @typedef {ArrayBuffer | SharedArrayBuffer | Uint8Array | Uint8ClampedArray | Int8Array
 *   | DataView} FileBytes
 */

/** @typedef {File | Blob | FileBytes | string | URL} FileInput */

/**
 * A song: a file or blob of any format that the browser decodes (of a video, its sound track), its
 * bytes, the address of one, an `AudioBuffer` or an object like one, mono samples at 44,100 Hz, or
 * samples with their rate. The caller's arrays are read, never detached. Objects of other windows
 * are accepted.
 * @typedef {FileInput | AudioBuffer | AudioBufferLike | Channel | Samples} SongInput
 */

/** Bytes are copied into a blob, and numbers into samples, before the time is checked. */
const COPIED_AT_ONCE = 2 ** 20;

const BYTE_ARRAYS = ["Uint8Array", "Uint8ClampedArray", "Int8Array", "DataView"];

/** The name of a built-in class, also of another window's. @param {unknown} value */
function className(value) {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** @param {unknown} input @returns {input is string | URL} */
export function isAddress(input) {
  return typeof input === "string" || className(input) === "URL";
}

/** @param {unknown} input @returns {input is Blob} */
export function isBlob(input) {
  return ["File", "Blob"].includes(className(input));
}

/** Whether it stands for a file on a disk. @param {unknown} input @returns {input is File} */
export function isFileOnDisk(input) {
  return className(input) === "File";
}

/** @param {unknown} input @returns {input is FileBytes} */
export function isBytes(input) {
  return ["ArrayBuffer", "SharedArrayBuffer", ...BYTE_ARRAYS].includes(className(input));
}

/** @param {unknown} input @returns {input is FileInput} */
export function isFile(input) {
  return isAddress(input) || isBlob(input) || isBytes(input);
}

/** The bytes as an array of this window, without a copy. @param {FileBytes} input */
export function bytesOf(input) {
  return ArrayBuffer.isView(input)
    ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
    : new Uint8Array(input);
}

/**
 * A blob of this window. What another window made could end with that window.
 * @param {Blob | FileBytes} input
 * @returns {Promise<Blob>}
 */
export async function blobOf(input) {
  if (input instanceof Blob) return input;
  if (isBlob(input)) return new Blob([input], { type: input.type });
  const bytes = bytesOf(input);
  const parts = [];
  const slice = new Slice();
  for (let from = 0; from < bytes.length; from += COPIED_AT_ONCE) {
    // A blob doesn't take shared memory.
    parts.push(new Blob([bytes.slice(from, from + COPIED_AT_ONCE)]));
    if (slice.isOver) await slice.next();
  }
  return new Blob(parts);
}

/** @param {SongInput | undefined} input */
export function songName(input) {
  if (isAddress(input)) {
    // Such an address is content or a random number.
    if (/^\s*(data|blob):/i.test(String(input))) return "song";
    try {
      const { pathname } = new URL(input, document.baseURI);
      return decodeURIComponent(pathname.slice(pathname.lastIndexOf("/") + 1)) || "song";
    } catch {
      return String(input);
    }
  }
  if (typeof input === "object" && input !== null && "name" in input && typeof input.name === "string" && input.name) {
    return input.name;
  }
  return "song";
}

/**
 * @param {SongInput | undefined} input anything but a file
 * @param {Limits} limits
 * @returns {Promise<{ channels: Float32Array[], sampleRateHz: number }>}
 */
export async function samplesOf(input, limits) {
  const channel = await floatsOf(input);
  if (channel) return { channels: [channel], sampleRateHz: limits.decodeRateHz };
  if (typeof input === "object" && input !== null) {
    if ("getChannelData" in input && typeof input.getChannelData === "function") return channelsOf(input);
    if ("samples" in input) {
      const { samples, sampleRateHz } = input;
      const mono = await floatsOf(samples);
      if (mono) return { channels: [mono], sampleRateHz };
      const channels = [];
      for (const one of /** @type {Iterable<unknown>} */ (samples)) channels.push(await floatsOf(one));
      if (channels.every((one) => one !== undefined)) return { channels, sampleRateHz };
    }
  }
  throw new CheckerError(
    "decode-failed",
    "A song must be a File, Blob, the bytes of one, an address, an AudioBuffer, or samples with their rate.",
  );
}

/** @param {AudioBufferLike} buffer */
export function channelsOf(buffer) {
  const channels = Array.from({ length: buffer.numberOfChannels }, (_, index) => buffer.getChannelData(index));
  return { channels, sampleRateHz: buffer.sampleRate };
}

/**
 * One channel as 32-bit samples, copied only if it holds other numbers.
 * @param {unknown} channel
 * @returns {Promise<Float32Array | undefined>} `undefined` for what is no channel
 */
async function floatsOf(channel) {
  const name = className(channel);
  if (name === "Float32Array") return /** @type {Float32Array} */ (channel);
  if (name !== "Float64Array" && !(Array.isArray(channel) && typeof channel[0] === "number")) return undefined;
  const numbers = /** @type {number[]} */ (channel);
  const floats = new Float32Array(numbers.length);
  const slice = new Slice();
  for (let from = 0; from < numbers.length; from += COPIED_AT_ONCE) {
    floats.set(numbers.slice(from, from + COPIED_AT_ONCE), from);
    if (slice.isOver) await slice.next();
  }
  return floats;
}
