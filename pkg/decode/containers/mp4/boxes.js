/** MP4 boxes: what an MP4 file consists of, one in the other (ISO/IEC 14496-12, 4.2). */

import { uint32 } from "../bytes.js";

/** @typedef {{ type: string, bytes: Uint8Array<ArrayBuffer>, content: Uint8Array<ArrayBuffer> }} Box `bytes` with the head */

/** Files have a handful in each. */
export const MAX_BOXES = 64;
/** Its size and its type. */
export const HEAD_BYTES = 8;
/** Many boxes begin with a version and flags. */
export const VERSION_BYTES = 4;

/** @param {Uint8Array<ArrayBuffer> | undefined} content of a box @returns {Box[]} up to one out of order */
export function boxesIn(content) {
  const boxes = /** @type {Box[]} */ ([]);
  for (let at = 0; content && at + HEAD_BYTES <= content.length && boxes.length < MAX_BOXES;) {
    const size = uint32(content, at);
    if (size < HEAD_BYTES || at + size > content.length) break;
    const bytes = content.subarray(at, at + size);
    boxes.push({
      type: String.fromCharCode(...bytes.subarray(4, HEAD_BYTES)),
      bytes,
      content: bytes.subarray(HEAD_BYTES),
    });
    at += size;
  }
  return boxes;
}

/** What the first box on a path holds. @param {Uint8Array<ArrayBuffer> | undefined} content @param {string} path @returns {Uint8Array<ArrayBuffer> | undefined} */
export function inside(content, path) {
  for (const wanted of path.split(" ")) content = boxesIn(content).find(({ type }) => type === wanted)?.content;
  return content;
}

/** Of a box of a file, by its first 16 bytes. @param {Uint8Array} head @returns {number} `NaN` if it is out of order, or goes on to the file's end */
export function sizeOf(head) {
  const size = uint32(head) === 1 ? uint64(head, HEAD_BYTES) : uint32(head);
  return size < HEAD_BYTES ? NaN : size;
}

/** What a header has after the dates of its making and change: units a second, or a track's number. @param {Uint8Array} header */
export function afterDates(header) {
  return uint32(header, header[0] === 1 ? 20 : 12);
}

/** @param {Uint8Array} bytes @param {number} at */
export function uint64(bytes, at) {
  return uint32(bytes, at) * 2 ** 32 + uint32(bytes, at + 4);
}
