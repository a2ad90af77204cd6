/** MP4 boxes: what an MP4 file consists of, one in the other (ISO/IEC 14496-12, 4.2). */

import { isText, uint32 } from "../bytes.js";

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

/**
 * Movie header box `mvhd` and media header box `mdhd` (ISO/IEC 14496-12, 8.2.2 and 8.4.2), as far
 * as their fields are alike.
 * @param {Uint8Array} content
 * @returns {{ timescale: number, duration: number }} units a second, and a number of them
 */
export function readTimes(content) {
  return isVersion1(content)
    ? { timescale: uint32(content, 20), duration: uint64(content, 24) }
    : { timescale: uint32(content, 12), duration: uint32(content, 16) };
}

/**
 * Track header box `tkhd` (8.3.2).
 * @param {Uint8Array} content
 * @returns {number} the track's number
 */
export function readTrackId(content) {
  return uint32(content, isVersion1(content) ? 20 : 12);
}

/**
 * Edit list box `elst` (8.6.6).
 * @param {Uint8Array} content
 * @returns {{ count: number, duration: number, mediaTime: number, rate: number }} how many edits
 *   there are, and the first: its duration in units of the movie, its start in units of the media
 */
export function readElst(content) {
  const count = uint32(content, VERSION_BYTES);
  return isVersion1(content)
    ? { count, duration: uint64(content, 8), mediaTime: uint64(content, 16), rate: uint32(content, 24) }
    : { count, duration: uint32(content, 8), mediaTime: uint32(content, 12), rate: uint32(content, 16) };
}

/**
 * Sample description box `stsd` (8.5.2).
 * @param {Uint8Array} content
 * @returns {{ count: number, isAac: boolean }} how many descriptions there are, and whether the
 *   first is of unencrypted MPEG-4 audio
 */
export function readStsd(content) {
  return { count: uint32(content, VERSION_BYTES), isAac: isText(content, VERSION_BYTES + 8, "mp4a") };
}

/**
 * Track extends box `trex` (8.8.3).
 * @param {Uint8Array} content
 */
export function readTrex(content) {
  return { trackId: uint32(content, 4), duration: uint32(content, 12), size: uint32(content, 16) };
}

const HAS_BASE = 0x1;
const HAS_DESCRIPTION = 0x2;
const HAS_DURATION = 0x8;
const HAS_SIZE = 0x10;
const BASE_IS_MOOF = 0x20000;

/**
 * Track fragment header box `tfhd` (8.8.7).
 * @param {Uint8Array} content
 * @returns {{ trackId: number, base: number | undefined, isBaseMoof: boolean, duration: number | undefined, size: number | undefined }}
 *   `undefined` for fields that are absent
 */
export function readTfhd(content) {
  const flags = uint32(content);
  const next = fieldsFrom(content, 8);
  const base = flags & HAS_BASE ? next() * 2 ** 32 + next() : undefined;
  if (flags & HAS_DESCRIPTION) next();
  const duration = flags & HAS_DURATION ? next() : undefined;
  const size = flags & HAS_SIZE ? next() : undefined;
  return { trackId: uint32(content, 4), base, isBaseMoof: (flags & BASE_IS_MOOF) !== 0, duration, size };
}

/**
 * Track fragment decode time box `tfdt` (8.8.12).
 * @param {Uint8Array} content
 * @returns {number} how many samples of a channel lie before the fragment
 */
export function readTfdt(content) {
  return isVersion1(content) ? uint64(content, VERSION_BYTES) : uint32(content, VERSION_BYTES);
}

const HAS_DATA_OFFSET = 0x1;
const HAS_FIRST_FLAGS = 0x4;
const FRAMES_HAVE_DURATIONS = 0x100;
const FRAMES_HAVE_SIZES = 0x200;
const FRAMES_HAVE_FLAGS = 0x400;
const FRAMES_HAVE_COMPOSITION_TIMES = 0x800;

/**
 * Track run box `trun` (8.8.8).
 * @param {Uint8Array} content
 * @returns {{
 *   count: number,
 *   dataOffset: number | undefined,
 *   hasCompositionTimes: boolean,
 *   isWhole: boolean,
 *   frames: () => Generator<{ duration: number | undefined, size: number | undefined }>,
 * }} `undefined` for fields that are absent
 */
export function readTrun(content) {
  const flags = uint32(content);
  const count = uint32(content, 4);
  const next = fieldsFrom(content, 8);
  const dataOffset = flags & HAS_DATA_OFFSET ? next() | 0 : undefined;
  if (flags & HAS_FIRST_FLAGS) next();
  const headFlags = [HAS_DATA_OFFSET, HAS_FIRST_FLAGS].filter((flag) => flags & flag);
  const frameFlags = [FRAMES_HAVE_DURATIONS, FRAMES_HAVE_SIZES, FRAMES_HAVE_FLAGS, FRAMES_HAVE_COMPOSITION_TIMES];
  const fieldsPerFrame = frameFlags.filter((flag) => flags & flag).length;
  return {
    count,
    dataOffset,
    hasCompositionTimes: (flags & FRAMES_HAVE_COMPOSITION_TIMES) !== 0,
    isWhole: 8 + 4 * (headFlags.length + count * fieldsPerFrame) <= content.length,
    *frames() {
      for (let frame = 0; frame < count; frame++) {
        const duration = flags & FRAMES_HAVE_DURATIONS ? next() : undefined;
        const size = flags & FRAMES_HAVE_SIZES ? next() : undefined;
        if (flags & FRAMES_HAVE_FLAGS) next();
        yield { duration, size };
      }
    },
  };
}

/** Reads fields of 32 bits, one a call. @param {Uint8Array} content @param {number} at the first */
function fieldsFrom(content, at) {
  return () => uint32(content, (at += 4) - 4);
}

/** Whether the fields of times have 64 bits. @param {Uint8Array} content */
function isVersion1(content) {
  return content[0] === 1;
}

/** @param {Uint8Array} bytes @param {number} at */
export function uint64(bytes, at) {
  return uint32(bytes, at) * 2 ** 32 + uint32(bytes, at + 4);
}
