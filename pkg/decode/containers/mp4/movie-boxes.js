/**
 * Boxes of the header `moov`: one reader each (ISO/IEC 14496-12; the clauses stand at the readers).
 * Fields have the names of the standard, except that its sample is called a frame (of AAC), because
 * elsewhere in this code a sample is one value of the waveform.
 */

import { isText, uint32 } from "../../file/bytes.js";
import { NotCuttable } from "../../file/not-cuttable.js";
import { VERSION_BYTES, isVersion1, uint64 } from "./boxes.js";

/**
 * Frames in a row with the same number of samples per channel.
 * @typedef {{ frameCount: number, frameSamples: number }} DurationRun
 */

/**
 * Chunks in a row with the same number of frames. Here a chunk is that of the standard: frames that
 * lie one after another in the file. The first has number 1.
 * @typedef {{ firstChunk: number, framesPerChunk: number }} ChunkRun
 */

/**
 * Movie header box `mvhd` (8.2.2) and media header box `mdhd` (8.4.2), as far as their fields are
 * alike.
 * @param {Uint8Array} content
 * @returns {{ timescale: number, duration: number }} units per second, and a number of them
 */
export function readTimes(content) {
  return isVersion1(content)
    ? { timescale: uint32(content, 20), duration: uint64(content, 24) }
    : { timescale: uint32(content, 12), duration: uint32(content, 16) };
}

/**
 * Track header box `tkhd` (8.3.2).
 * @param {Uint8Array} content
 */
export function readTkhd(content) {
  // The flags are in the lower three bytes of the first word.
  return { trackId: uint32(content, isVersion1(content) ? 20 : 12), isEnabled: (uint32(content) & 1) === 1 };
}

/**
 * Handler reference box `hdlr` (8.4.3).
 * @param {Uint8Array} content
 */
export function readHdlr(content) {
  return { isSound: isText(content, VERSION_BYTES + 4, "soun") };
}

/**
 * Edit list box `elst` (8.6.6).
 * @param {Uint8Array} content
 * @returns {{ entryCount: number, segmentDuration: number, mediaTime: number, mediaRate: number }}
 *   the number of edits, and the first: its duration in units of the movie, its start in units of
 *   the media, its speed in 1/65,536
 */
export function readElst(content) {
  const entryCount = uint32(content, VERSION_BYTES);
  return isVersion1(content)
    ? {
        entryCount,
        segmentDuration: uint64(content, 8),
        mediaTime: uint64(content, 16),
        mediaRate: uint32(content, 24),
      }
    : {
        entryCount,
        segmentDuration: uint32(content, 8),
        mediaTime: uint32(content, 12),
        mediaRate: uint32(content, 16),
      };
}

/**
 * Sample description box `stsd` (8.5.2).
 * @param {Uint8Array} content
 * @returns {{ entryCount: number, type: string }} the number of descriptions, and the type of the
 *   first: `mp4a` for unencrypted MPEG-4 audio
 */
export function readStsd(content) {
  const typeAt = VERSION_BYTES + 8;
  return {
    entryCount: uint32(content, VERSION_BYTES),
    type: String.fromCharCode(...content.subarray(typeAt, typeAt + 4)),
  };
}

/**
 * Decoding time to sample box `stts` (8.6.1.2).
 * @param {Uint8Array} content
 * @returns {DurationRun[]}
 */
export function readStts(content) {
  return entries("stts", content, { at: VERSION_BYTES, bytes: 8 }, (at) => ({
    frameCount: uint32(content, at),
    frameSamples: uint32(content, at + 4),
  }));
}

/**
 * Sample size box `stsz` (8.7.3.2).
 * @param {Uint8Array} content
 * @returns {number[]} the bytes of each frame
 */
export function readStsz(content) {
  const sampleSize = uint32(content, VERSION_BYTES);
  if (sampleSize !== 0) throw new NotCuttable("all frames of one size, unlike AAC");
  return entries("stsz", content, { at: VERSION_BYTES + 4, bytes: 4 }, (at) => uint32(content, at));
}

/**
 * Sample to chunk box `stsc` (8.7.4).
 * @param {Uint8Array} content
 * @returns {ChunkRun[]}
 */
export function readStsc(content) {
  return entries("stsc", content, { at: VERSION_BYTES, bytes: 12 }, (at) => ({
    firstChunk: uint32(content, at),
    framesPerChunk: uint32(content, at + 4),
  }));
}

/**
 * Chunk offset box `stco`, of 32 bits (8.7.5).
 * @param {Uint8Array} content
 * @returns {number[]} where each chunk begins in the file
 */
export function readStco(content) {
  return entries("stco", content, { at: VERSION_BYTES, bytes: 4 }, (at) => uint32(content, at));
}

/**
 * Chunk offset box `co64`, of 64 bits (8.7.5).
 * @param {Uint8Array} content
 * @returns {number[]}
 */
export function readCo64(content) {
  return entries("co64", content, { at: VERSION_BYTES, bytes: 8 }, (at) => uint64(content, at));
}

/**
 * A table that follows the number of its entries.
 * @template T
 * @param {string} type of the box
 * @param {Uint8Array} content
 * @param {{ at: number, bytes: number }} table where the number stands, and the size of an entry
 * @param {(at: number) => T} read an entry
 * @returns {T[]}
 */
function entries(type, content, { at, bytes }, read) {
  const count = uint32(content, at);
  const first = at + 4;
  if (first + count * bytes > content.length) throw new NotCuttable(`the table of ${type} is cut off`);
  return Array.from({ length: count }, (_, index) => read(first + index * bytes));
}
