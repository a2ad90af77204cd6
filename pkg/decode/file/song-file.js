/** Song file: the bytes of a song's file, with the errors that name it. */

import { CheckerError, tooLongSentence } from "../../shared/errors.js";

/** @typedef {import("../../wasm/cpu/soundalike.js").Limits} Limits of the engine */

/** A file, and the name that errors give it. */
export class SongFile {
  /** @param {Blob} blob @param {string} name */
  constructor(blob, name) {
    /** @readonly */
    this.blob = blob;
    /** @readonly */
    this.name = name;
  }

  /** Size in bytes. */
  get size() {
    return this.blob.size;
  }

  /** A part of the file, which is not read yet. @param {number} [from] @param {number} [to] */
  slice(from, to) {
    return this.blob.slice(from, to);
  }

  /**
   * The file's bytes from one offset to another, fewer at its end.
   * @param {number} from
   * @param {number} to
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   * @throws {CheckerError}
   */
  async bytes(from, to) {
    try {
      return new Uint8Array(await this.slice(from, to).arrayBuffer());
    } catch (cause) {
      throw unreadable(this.name, cause);
    }
  }
}

/** @param {string} name @param {unknown} [cause] */
export function unreadable(name, cause) {
  const sentence = `“${name}” can’t be read any more: was it moved or changed? Choose it again.`;
  return new CheckerError("decode-failed", sentence, { cause });
}

/** @param {string} name @param {number} durationSecs @param {Limits} limits */
export function refuseTooLong(name, durationSecs, limits) {
  if (durationSecs > limits.maxSongSecs) {
    throw new CheckerError("too-long", tooLongSentence(name, durationSecs, limits.maxSongSecs));
  }
}
