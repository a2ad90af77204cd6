/** M4A header: everything before the sound in a file of some frames (ISO/IEC 14496-12). */

import { joined } from "../../file/bytes.js";
import { HEAD_BYTES, NORMAL_SPEED } from "./boxes.js";

/** @import { SeekPoint } from "../cut.js" */
/** @import { M4aFrames } from "./reader.js" */

/** @typedef {SeekPoint & { index: number, endOffset: number }} Frame */

/** Unity matrix of a picture that is not rotated (6.2.2). */
const MATRIX = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000];
/** Volume 1.0, with 8 bits after the binary point. */
const FULL_VOLUME = 0x1000000;
/** The language “und”. */
const UNDETERMINED = 0x55c40000;

/**
 * Boxes `ftyp` and `moov`, and the head of `mdat`.
 * @param {M4aFrames} table of the whole file
 * @param {Frame[]} frames of the new file
 * @param {{ offset: number, endOffset: number }[]} ranges of the whole file that the new one copies
 */
export function headerOf(table, frames, ranges) {
  const ftyp = box("ftyp", "M4A ", 0, "M4A ", "mp42", "isom");
  const { places, bytes } = placesIn(frames, ranges);
  const sizeWithoutSound = ftyp.length + moov(table, frames, places).length + HEAD_BYTES;
  const offsets = places.map((place) => sizeWithoutSound + place);
  return joined([ftyp, moov(table, frames, offsets), bytes + HEAD_BYTES, "mdat"]);
}

/**
 * Where the frames are in the ranges that are copied, one range after another. Between frames may
 * be other bytes, such as a picture.
 * @param {Frame[]} frames
 * @param {{ offset: number, endOffset: number }[]} ranges
 * @returns {{ places: number[], bytes: number }} `bytes`: the sum of the ranges' sizes
 */
function placesIn(frames, ranges) {
  const places = /** @type {number[]} */ ([]);
  let bytes = 0;
  for (const { offset, endOffset } of ranges) {
    for (const frame of frames.slice(places.length)) {
      if (frame.offset < offset || frame.endOffset > endOffset) break;
      places.push(bytes + frame.offset - offset);
    }
    bytes += endOffset - offset;
  }
  return { places, bytes };
}

/**
 * Movie box `moov` (8.2.1) of one sound track. Each frame is a chunk of its own.
 * @param {M4aFrames} table of the whole file
 * @param {Frame[]} frames
 * @param {number[]} offsets of the frames in the new file
 */
function moov(table, frames, offsets) {
  const { sampleRateHz, samplesPerFrame, lastSamples, sizes, description, gaplessItems, edit, isOpenEnded } = table;
  const count = frames.length;
  const isLast = frames.at(-1)?.index === sizes.length - 1;
  const endSamples = isLast ? lastSamples : samplesPerFrame;
  const samples = (count - 1) * samplesPerFrame + endSamples;
  const primingSamples = edit?.primingSamples ?? 0;
  const duration = edit && isLast ? edit.samples - Number(frames[0]?.sample) : samples - primingSamples;
  const stbl = box(
    "stbl",
    description,
    box("stts", 0, 2, count - 1, samplesPerFrame, 1, endSamples),
    box("stsc", 0, 1, 1, 1, 1),
    box("stsz", 0, 0, count, ...frames.map(({ offset, endOffset }) => endOffset - offset)),
    box("stco", 0, count, ...offsets),
  );
  const mdia = box(
    "mdia",
    box("mdhd", 0, 0, 0, sampleRateHz, isOpenEnded && isLast ? 0 : samples, UNDETERMINED),
    box("hdlr", 0, 0, "soun", 0, 0, 0, 0),
    box("minf", box("smhd", 0, 0), box("dinf", box("dref", 0, 1, box("url ", 1))), stbl),
  );
  const trak = box(
    "trak",
    box("tkhd", 3, 0, 0, 1, 0, duration, 0, 0, 0, FULL_VOLUME, ...MATRIX, 0, 0),
    ...(edit ? [box("edts", box("elst", 0, 1, duration, primingSamples, NORMAL_SPEED))] : []),
    mdia,
  );
  const metadata = box("meta", 0, box("hdlr", 0, 0, "mdir", "appl", 0, 0, 0), box("ilst", ...gaplessItems));
  return box(
    "moov",
    box("mvhd", 0, 0, 0, sampleRateHz, duration, NORMAL_SPEED, FULL_VOLUME, 0, 0, ...MATRIX, 0, 0, 0, 0, 0, 0, 2),
    trak,
    ...(gaplessItems.length > 0 ? [box("udta", metadata)] : []),
  );
}

/** @param {string} type @param {(number | string | Uint8Array)[]} parts numbers have 32 bits */
function box(type, ...parts) {
  const content = joined(parts);
  return joined([content.length + HEAD_BYTES, type, content]);
}
