/**
 * FLAC cutter: cuts a FLAC file into files of their own, each with the header of the whole and some
 * of its frames (https://www.rfc-editor.org/rfc/rfc9639). Each frame is decoded on its own.
 */

import { byteAt, isText, uint32 } from "../../file/bytes.js";
import { offsetAfterTags } from "../../file/id3.js";
import { flacFrame } from "../flac-frame.js";
import { NotCuttable } from "../../file/not-cuttable.js";
import { searchFile } from "../seek.js";
import { cutAtSeekPoints } from "../cut.js";

/** @import { SongFile } from "../../file/song-file.js" */
/** @import { Chunks, Cut, SeekPoint } from "../cut.js" */

/** @typedef {SeekPoint & { samples: number }} Frame `samples` of one channel */

/**
 * The file begins with this signature; then comes the block STREAMINFO, with a header of its own.
 */
const NAME = "fLaC";
const BLOCK_HEADER_BYTES = 4;
const INFO_AT = NAME.length + BLOCK_HEADER_BYTES;
const INFO_BYTES = 34;
const LAST_BLOCK = 0x80;
/** Files have a few blocks, of tags and pictures. More are damage. */
const MAX_BLOCKS = 64;

/** Bytes at the end of a file in which the last frame is searched. */
const END_BYTES = 256 * 1024;
/** Consecutive valid frames that can't occur by chance. */
const FRAMES_IN_A_ROW = 3;

/**
 * @param {SongFile} file
 * @param {Cut} limits
 * @returns {Promise<Chunks>}
 */
export async function cut(file, limits) {
  const start = await offsetAfterTags(file);
  const beginning = await file.bytes(start, start + INFO_AT + INFO_BYTES);
  if (
    beginning.length < INFO_AT + INFO_BYTES ||
    !isText(beginning, 0, NAME) ||
    uint32(beginning, NAME.length) << 1 !== INFO_BYTES << 1
  )
    throw new NotCuttable("no STREAMINFO block");
  const framesAt = await offsetAfterBlocks(file, start + NAME.length);

  const info = new DataView(beginning.buffer, INFO_AT);
  const blockSamples = info.getUint16(0) === info.getUint16(2) ? info.getUint16(0) : 0;
  const sampleRateHz = info.getUint32(10) >>> 12;
  const statedSamples = (info.getUint8(13) & 15) * 2 ** 32 + info.getUint32(14);
  const findSeekPoints = (/** @type {Uint8Array} */ bytes, /** @type {number} */ offset) =>
    framesIn(bytes, offset, blockSamples);

  const endAt = Math.max(framesAt, file.size - END_BYTES);
  const [first] = findSeekPoints(await file.bytes(framesAt, framesAt + END_BYTES), framesAt);
  const last = findSeekPoints(await file.bytes(endAt, file.size), endAt).at(-1);
  if (sampleRateHz === 0) throw new NotCuttable("no sample rate");
  if (first?.offset !== framesAt || first.sample !== 0) throw new NotCuttable("no frame after the metadata");
  if (!last) throw new NotCuttable("no frame at the end");
  const samples = last.sample + last.samples;
  if (statedSamples !== 0 && statedSamples !== samples)
    throw new NotCuttable("another number of samples than STREAMINFO states");
  return cutAtSeekPoints(limits, {
    sampleRateHz,
    samples,
    first,
    preRollSamples: 0,
    seekPointsAround: searchFile(file, { samples, first, findSeekPoints }),
    parts: (from, to) => [
      headerOf(beginning, (to?.sample ?? samples) - from.sample),
      file.slice(from.offset, to?.offset),
    ],
  });
}

/** The end of the metadata blocks. @param {SongFile} file @param {number} at their beginning */
async function offsetAfterBlocks(file, at) {
  for (let blocks = 0; blocks < MAX_BLOCKS; blocks++) {
    const bytes = await file.bytes(at, at + BLOCK_HEADER_BYTES);
    at += BLOCK_HEADER_BYTES + (uint32(bytes) & 0xffffff);
    if (byteAt(bytes, 0) & LAST_BLOCK) return at;
  }
  throw new NotCuttable("too many metadata blocks");
}

/**
 * The header of a chunk, with its length, and without tags and checksum.
 * @param {Uint8Array<ArrayBuffer>} beginning of the file
 * @param {number} samples of the chunk
 */
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
 * Frames that follow each other.
 * @param {Uint8Array} bytes
 * @param {number} offset where they begin in the file
 * @param {number} blockSamples of every frame but the last; 0 if they vary
 * @returns {Frame[]}
 */
function framesIn(bytes, offset, blockSamples) {
  /**
   * Rows of consecutive frames, by the first sample of the next frame. Other bytes that look like a
   * frame begin a row of their own.
   * @type {Map<number, Frame[]>}
   */
  const rows = new Map();
  for (let at = bytes.indexOf(0xff); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const { isVariable, number, samples } = flacFrame(bytes.subarray(at)) ?? {};
    if (!samples || number === undefined || isVariable !== (blockSamples === 0)) continue;
    const sample = isVariable ? number : number * blockSamples;
    const frame = { offset: offset + at, sample, endSample: sample, samples };
    const row = rows.get(frame.sample) ?? [];
    row.push(frame);
    rows.delete(frame.sample);
    rows.set(frame.sample + frame.samples, row);
  }
  return [...rows.values()].find(({ length }) => length >= FRAMES_IN_A_ROW) ?? [];
}
