/**
 * FLAC pieces: cuts a FLAC file into files of their own, each with the header of the whole and some of its frames, which
 * stand alone. RFC 9639 defines the format.
 */

import { byteAt, bytesOf, isText, offsetAfterTags, uint32 } from "./bytes.js";
import { searchFile } from "./mark-search.js";
import { markedPieces } from "./marked-pieces.js";

/** @import { Mark } from "./marked-pieces.js" */
/** @import { Cut, Pieces } from "./pieces.js" */

/** @typedef {Mark & { samples: number }} Frame with how many samples of a channel it has */

/** The file's name, then its first block, with a header of its own. */
const NAME = "fLaC";
const BLOCK_HEADER_BYTES = 4;
const INFO_AT = NAME.length + BLOCK_HEADER_BYTES;
const INFO_BYTES = 34;
const LAST_BLOCK = 0x80;
/** A few tags and pictures; more is damage. */
const MAX_BLOCKS = 64;

/** As much of a file's end is looked at for its last frame. */
const END_BYTES = 256 * 1024;
const MAX_FRAME_HEADER_BYTES = 16;
/** So many frames in a row are not there by chance. */
const FRAMES_IN_A_ROW = 3;

/**
 * @param {Blob} file
 * @param {string} name
 * @param {Cut} cut
 * @returns {Promise<Pieces | undefined>} `undefined` if it is no FLAC file, or no simple one, or too short
 */
export async function flacPieces(file, name, cut) {
  const start = await offsetAfterTags(file, name);
  if (start === undefined) return undefined;
  const beginning = await bytesOf(file, name, start, start + INFO_AT + INFO_BYTES);
  if (beginning.length < INFO_AT + INFO_BYTES || !isText(beginning, 0, NAME) || uint32(beginning, NAME.length) << 1 !== INFO_BYTES << 1) return undefined;
  const framesAt = await offsetAfterBlocks(file, name, start + NAME.length);
  if (framesAt === undefined) return undefined;

  const info = new DataView(beginning.buffer, INFO_AT);
  const blockSamples = info.getUint16(0) === info.getUint16(2) ? info.getUint16(0) : 0;
  const sampleRateHz = info.getUint32(10) >>> 12;
  const statedSamples = (info.getUint8(13) & 15) * 2 ** 32 + info.getUint32(14);
  const findMarks = (/** @type {Uint8Array} */ bytes, /** @type {number} */ offset) => framesIn(bytes, offset, blockSamples);

  const endAt = Math.max(framesAt, file.size - END_BYTES);
  const [first] = findMarks(await bytesOf(file, name, framesAt, framesAt + END_BYTES), framesAt);
  const last = findMarks(await bytesOf(file, name, endAt, file.size), endAt).at(-1);
  if (sampleRateHz === 0 || first?.offset !== framesAt || first.sample !== 0 || !last) return undefined;
  const samples = last.sample + last.samples;
  if (statedSamples !== 0 && statedSamples !== samples) return undefined;
  return markedPieces(cut, {
    sampleRateHz,
    samples,
    first,
    settlingSamples: 0,
    marksAround: searchFile(file, name, { samples, first, findMarks }),
    parts: (from, to) => [headerOf(beginning, (to?.sample ?? samples) - from.sample), file.slice(from.offset, to?.offset)],
  });
}

/** Where the blocks of a header end. @param {Blob} file @param {string} name @param {number} at where they begin */
async function offsetAfterBlocks(file, name, at) {
  for (let blocks = 0; blocks < MAX_BLOCKS; blocks++) {
    const bytes = await bytesOf(file, name, at, at + BLOCK_HEADER_BYTES);
    at += BLOCK_HEADER_BYTES + (uint32(bytes) & 0xffffff);
    if (byteAt(bytes, 0) & LAST_BLOCK) return at;
  }
  return undefined;
}

/** A header without tags, and without a checksum, that says how long a piece is. @param {Uint8Array<ArrayBuffer>} beginning @param {number} samples */
function headerOf(beginning, samples) {
  const bytes = beginning.slice();
  const view = new DataView(bytes.buffer);
  view.setUint8(NAME.length, LAST_BLOCK);
  view.setUint8(INFO_AT + 13, view.getUint8(INFO_AT + 13) & 0xf0);
  view.setUint32(INFO_AT + 14, samples);
  bytes.fill(0, INFO_AT + 18);
  return bytes;
}

/**
 * A row of frames that follow each other.
 * @param {Uint8Array} bytes
 * @param {number} offset where they begin in the file
 * @param {number} blockSamples of each frame but the last; 0 if it differs
 * @returns {Frame[]}
 */
function framesIn(bytes, offset, blockSamples) {
  /** Rows by where they would go on: what looks like a frame and is none begins one of its own. @type {Map<number, Frame[]>} */
  const rows = new Map();
  for (let at = bytes.indexOf(0xff); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const frame = frameAt(bytes.subarray(at, at + MAX_FRAME_HEADER_BYTES), offset + at, blockSamples);
    if (!frame) continue;
    const row = rows.get(frame.sample) ?? [];
    row.push(frame);
    rows.delete(frame.sample);
    rows.set(frame.sample + frame.samples, row);
  }
  return [...rows.values()].find(({ length }) => length >= FRAMES_IN_A_ROW) ?? [];
}

/** @param {Uint8Array} bytes @param {number} offset in the file @param {number} blockSamples @returns {Frame | undefined} the frame whose header begins there */
function frameAt(bytes, offset, blockSamples) {
  const [, sync = 0, sizes = 0, kind = 0, number = 0] = bytes;
  const isVariable = sync === 0xf9;
  const sizeCode = sizes >>> 4;
  const rateCode = sizes & 15;
  if ((sync !== 0xf8 && !isVariable) || isVariable !== (blockSamples === 0) || sizeCode === 0 || rateCode === 15 || kind >>> 4 > 10 || kind & 1) return undefined;
  // A number as in UTF-8, with up to 36 bits.
  const more = number < 0x80 ? 0 : Math.clz32(~number << 24) - 1;
  let value = more === 0 ? number : number & (0x3f >>> more);
  for (let index = 5; index < 5 + more; index++) value = value * 64 + (byteAt(bytes, index) & 0x3f);
  let at = 5 + more;
  let samples = sizeCode === 1 ? 192 : sizeCode < 6 ? 576 << (sizeCode - 2) : 256 << (sizeCode - 8);
  if (sizeCode === 6) samples = byteAt(bytes, at++) + 1;
  if (sizeCode === 7) samples = byteAt(bytes, at++) * 256 + byteAt(bytes, at++) + 1;
  at += rateCode === 12 ? 1 : rateCode > 12 ? 2 : 0;
  if (at >= bytes.length || checksum(bytes.subarray(0, at)) !== bytes[at]) return undefined;
  const sample = isVariable ? value : value * blockSamples;
  return { offset, sample, endSample: sample, samples };
}

/** With the polynomial x⁸ + x² + x + 1. @param {Uint8Array} bytes */
function checksum(bytes) {
  let sum = 0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = ((sum << 1) ^ (sum & 0x80 ? 0x07 : 0)) & 0xff;
  }
  return sum;
}
