/** Open file: finds the file of a song, and refuses one that can't be checked before reading it. */

import { CheckerError, abortedError, throwIfAborted } from "../shared/errors.js";
import { SongFile, refuseTooLong } from "./file/song-file.js";
import { blobOf, isAddress, isFile, songName } from "./song-input.js";

/** @import { Limits } from "./file/song-file.js" */
/** @import { SongInput } from "./song-input.js" */

/** A file may be read as a whole to be decoded. Larger ones are likely to crash a browser tab. */
const MAX_FILE_BYTES = 1e9;

/**
 * The duration of smaller files isn't checked before decoding. At 16 kbit/s, a poor speech codec,
 * this size plays 8.7 minutes.
 */
const SMALL_FILE_BYTES = 1024 ** 2;

/**
 * Larger files are refused if the browser can't tell their duration. A WAV file of 4 minutes has
 * 42 MB.
 */
const MAX_BYTES_OF_UNKNOWN_DURATION = 64 * 1024 ** 2;

const METADATA_TIMEOUT_MS = 5000;

/**
 * The file behind a song that is a file, its bytes or an address; `undefined` for songs that are
 * samples.
 * @param {SongInput | undefined} input
 * @param {Limits} limits
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<Blob | undefined>}
 */
export async function fileOf(input, limits, signal) {
  throwIfAborted(signal);
  if (!isFile(input)) return undefined;
  const name = songName(input);
  const file = isAddress(input) ? await download(input, name, signal) : await blobOf(input);
  if (file.size === 0) throw new CheckerError("no-audio", `“${name}” is an empty file.`);
  refuseTooLarge(name, file.size);
  if (file.size > SMALL_FILE_BYTES) {
    const durationSecs = await probeDurationSecs(file);
    if (durationSecs !== undefined) refuseTooLong(name, durationSecs, limits);
    else if (file.size > MAX_BYTES_OF_UNKNOWN_DURATION) await refuseUnknown(new SongFile(file, name));
    throwIfAborted(signal);
  }
  return file;
}

/**
 * The duration that a file's header states, in seconds; `undefined` if the browser doesn't know it.
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

/** @param {string | URL} url @param {string} name @param {AbortSignal | undefined} signal */
async function download(url, name, signal) {
  try {
    const response = await fetch(url, signal ? { signal } : {});
    if (!response.ok) {
      const sentence = `“${name}” could not be loaded: the server answered ${response.status}.`;
      throw new CheckerError("decode-failed", sentence);
    }
    refuseTooLarge(name, Number(response.headers.get("content-length")));
    return await response.blob();
  } catch (error) {
    if (signal?.aborted) throw abortedError(error);
    if (error instanceof CheckerError) throw error;
    throw new CheckerError("decode-failed", `“${name}” could not be loaded.`, { cause: error });
  }
}

/** Names of formats, loaded with the first file that the browser refuses. */
const formats = () => import("./foreign/formats.js").catch(() => undefined);

/**
 * The error of a file that nothing here decodes.
 * @param {SongFile} file
 * @param {unknown} [cause]
 */
export async function undecodable(file, cause) {
  const rest =
    (await (await formats())?.refusal(file)) ??
    "is not a sound file that this browser can play. " +
      "MP3, WAV, FLAC, M4A and Ogg usually are; damaged and protected files are not.";
  return new CheckerError("decode-failed", `“${file.name}” ${rest}`, { cause });
}

/**
 * Whether a file could fill the memory if the browser decoded it: it is large, and of a format that
 * we decode part by part.
 * @param {SongFile} file
 */
export async function mayFillMemory(file) {
  if (file.size <= MAX_BYTES_OF_UNKNOWN_DURATION) return false;
  const format = await (await formats())?.formatOf(file);
  return format?.decoder === "ours" || format?.decoder === "inside";
}

/** Refuses a large file of unknown duration. @param {SongFile} file */
async function refuseUnknown(file) {
  if (!(await mayFillMemory(file))) throw await undecodable(file);
}

/** @param {string} name @param {number} bytes */
function refuseTooLarge(name, bytes) {
  if (bytes > MAX_FILE_BYTES) {
    // Rounded up, so that the size reads as larger than the limit.
    throw new CheckerError(
      "too-long",
      `“${name}” has ${(Math.ceil(bytes / 1e7) / 100).toFixed(2)} GB. At most 1 GB fits into a browser’s memory.`,
    );
  }
}
