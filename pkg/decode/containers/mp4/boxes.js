/** MP4 boxes, of which an MP4 file consists, one inside another (ISO/IEC 14496-12, 4.2). */

import { uint32 } from "../../file/bytes.js";
import { NotCuttable } from "../../file/not-cuttable.js";

/**
 * @typedef {Object} Box
 * @property {string} type
 * @property {Uint8Array<ArrayBuffer>} bytes with size and type
 * @property {Uint8Array<ArrayBuffer>} content
 */

/** Children of a box. Files have a handful. */
export const MAX_BOXES = 64;
/** Size and type. */
export const HEAD_BYTES = 8;
/** Version and flags, with which the content of a full box begins. */
export const VERSION_BYTES = 4;

/** Speed 1.0, with 16 bits after the binary point. */
export const NORMAL_SPEED = 0x10000;

/**
 * The boxes in the content of another one, up to the first that is damaged.
 * @param {Uint8Array<ArrayBuffer> | undefined} content
 * @returns {Box[]}
 */
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

/**
 * The content of the first box on a path, such as `mdia minf stbl`.
 * @param {Uint8Array<ArrayBuffer> | undefined} content
 * @param {string} path
 * @returns {Uint8Array<ArrayBuffer> | undefined}
 */
export function inside(content, path) {
  for (const wanted of path.split(" ")) content = boxesIn(content).find(({ type }) => type === wanted)?.content;
  return content;
}

/**
 * The same, of a box that must be there.
 * @param {Uint8Array<ArrayBuffer>} content
 * @param {string} path
 */
export function requiredInside(content, path) {
  const found = inside(content, path);
  if (!found) throw new NotCuttable(`no box ${path}`);
  return found;
}

/**
 * Where a box of the file ends.
 * @param {Uint8Array} head the first 16 bytes of the box
 * @param {number} offset of the box
 * @param {number} fileBytes
 */
export function boxEnd(head, offset, fileBytes) {
  const size = uint32(head) === 1 ? uint64(head, HEAD_BYTES) : uint32(head);
  // A size of 0: the box goes on to the file's end, as the sound of a live stream may.
  if (size < HEAD_BYTES) throw new NotCuttable("a box without a size");
  if (offset + size > fileBytes) throw new NotCuttable("a box ends after the file");
  return offset + size;
}

/** Whether a full box has version 1: times have 64 bits then. @param {Uint8Array} content */
export function isVersion1(content) {
  return content[0] === 1;
}

/** @param {Uint8Array} bytes @param {number} at */
export function uint64(bytes, at) {
  return uint32(bytes, at) * 2 ** 32 + uint32(bytes, at + 4);
}
