/** Bytes: helpers of the readers of file formats. */

import { NotCuttable } from "./not-cuttable.js";

/** @import { SongFile } from "../song-file.js" */

/**
 * A gap between two ranges is copied if it is no larger. One more slice takes a third of a
 * millisecond, as long as copying the gap.
 */
const MAX_GAP_BYTES = 64 * 1024;

/**
 * Ranges of a file in order; ranges that are close to each other become one.
 * @param {{ offset: number, endOffset: number }[]} ranges
 */
export function merged(ranges) {
  const wider = /** @type {{ offset: number, endOffset: number }[]} */ ([]);
  for (const { offset, endOffset } of ranges) {
    const last = wider.at(-1);
    if (last && offset >= last.endOffset && offset <= last.endOffset + MAX_GAP_BYTES) last.endOffset = endOffset;
    else wider.push({ offset, endOffset });
  }
  return wider;
}

/** Reading a file of millions of tags would take minutes. */
const MAX_TAGS = 16;

/**
 * The offset of a file's sound, after its ID3v2 tags (https://id3.org/id3v2.4.0-structure, 3.1).
 * @param {SongFile} file
 */
export async function offsetAfterTags(file) {
  for (let at = 0, tags = 0; tags <= MAX_TAGS; tags++) {
    const bytes = await file.bytes(at, at + 10);
    if (!isText(bytes, 0, "ID3")) return at;
    if (bytes.length < 10 || bytes.subarray(6).some((byte) => byte > 0x7f)) throw new NotCuttable("damaged ID3 tag");
    const hasFooter = (byteAt(bytes, 5) & 0x10) !== 0;
    const size = (byteAt(bytes, 6) << 21) | (byteAt(bytes, 7) << 14) | (byteAt(bytes, 8) << 7) | byteAt(bytes, 9);
    at += 10 + size + (hasFooter ? 10 : 0);
  }
  throw new NotCuttable("too many ID3 tags");
}

/** @param {Uint8Array} bytes @param {number} at @param {string} text of ASCII */
export function isText(bytes, at, text) {
  for (let index = 0; index < text.length; index++) if (bytes[at + index] !== text.charCodeAt(index)) return false;
  return true;
}

/** @param {Uint8Array} bytes @param {number} [at] */
export function uint32(bytes, at = 0) {
  return (
    ((byteAt(bytes, at) << 24) |
      (byteAt(bytes, at + 1) << 16) |
      (byteAt(bytes, at + 2) << 8) |
      byteAt(bytes, at + 3)) >>>
    0
  );
}

/** @param {Uint8Array} bytes @param {number} at @returns {number} 0 beyond the end */
export function byteAt(bytes, at) {
  return bytes[at] ?? 0;
}

/** @param {(number | string | Uint8Array)[]} parts numbers have 32 bits, text is ASCII */
export function joined(parts) {
  const arrays = parts.map((part) =>
    typeof part === "string" ? new TextEncoder().encode(part) : typeof part === "number" ? uint32Bytes(part) : part,
  );
  const bytes = new Uint8Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    bytes.set(array, at);
    at += array.length;
  }
  return bytes;
}

/** @param {number} value */
function uint32Bytes(value) {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}
