/**
 * M4A pieces: cuts the sound track of an MP4 file into files of their own, each with some of its frames and a header as the
 * file has it.
 *
 * What a frame sounds like depends on the one before it alone, to which it is added. What is left out at the beginning of the
 * file is left out of every piece, and what is left out at its end of the last one.
 */

import { joined, merged } from "../bytes.js";
import { readM4aFrames } from "./reader.js";
import { searchTable } from "../seek.js";
import { markedPieces } from "../cut.js";
import { NotCuttable } from "../not-cuttable.js";
import { HEAD_BYTES } from "./boxes.js";
import { nextTask } from "../../../shared/tasks.js";

/** @import { SongFile } from "../../song-file.js" */
/** @import { M4aFrames } from "./reader.js" */
/** @import { Mark } from "../cut.js" */
/** @import { Cut, Pieces } from "../../chunks.js" */

/** @typedef {Mark & { index: number, endOffset: number }} Frame */

/** What encoders put before a song is shorter, and so is what a piece is decoded further than its own; more is cut out of it. */
const MAX_LEFT_OUT_SAMPLES = 6144;
/** The matrix of a picture that is not turned. */
const MATRIX = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000];

/**
 * @param {SongFile} file
 * @param {Cut} limits
 * @returns {Promise<Pieces>}
 */
export async function cut(file, limits) {
  const table = await readM4aFrames(file);
  // To read a table of hours took a while.
  await nextTask();
  const { sampleRateHz, samplesPerFrame, lastSamples, offsets, sizes, edit, isOpenEnded } = table;
  const frames = offsets.map((offset, index) => {
    const sample = index * samplesPerFrame;
    return { offset, endOffset: offset + /** @type {number} */ (sizes[index]), index, sample, endSample: sample };
  });
  const [first] = frames;
  const samples = (frames.length - 1) * samplesPerFrame + (isOpenEnded ? samplesPerFrame : lastSamples);
  const lastOwn = samples - samples / Math.ceil(samples / sampleRateHz / limits.pieceSecs);
  if (!first || (edit && (edit.leftOutSamples > MAX_LEFT_OUT_SAMPLES || edit.samples < lastOwn)))
    throw new NotCuttable("an edit list that leaves out too much");
  return markedPieces(limits, {
    sampleRateHz,
    samples,
    first,
    settlingSamples: 0,
    // Where the encoder found noise, the decoder makes up some of its own.
    isNoisy: true,
    marksAround: searchTable(frames),
    parts: (from, to) => {
      const own = frames.slice(from.index, to?.index);
      const stretches = merged(own);
      return [
        headerOf(table, own, stretches),
        ...stretches.map(({ offset, endOffset }) => file.slice(offset, endOffset)),
      ];
    },
  });
}

/** @param {M4aFrames} table @param {Frame[]} frames the piece's @param {{ offset: number, endOffset: number }[]} stretches of the file that they are in */
function headerOf(
  { sampleRateHz, samplesPerFrame, lastSamples, sizes, description, gaps, edit, isOpenEnded },
  frames,
  stretches,
) {
  const count = frames.length;
  const from = frames[0]?.sample ?? 0;
  const isLast = frames.at(-1)?.index === sizes.length - 1;
  const endSamples = isLast ? lastSamples : samplesPerFrame;
  const samples = (count - 1) * samplesPerFrame + endSamples;
  const leftOutSamples = edit?.leftOutSamples ?? 0;
  const duration = edit && isLast ? edit.samples - from : samples - leftOutSamples;
  // Each frame is a chunk of its own, so that a picture may lie between them.
  const places = /** @type {number[]} */ ([]);
  let soundBytes = 0;
  for (const { offset, endOffset } of stretches) {
    for (const frame of frames.slice(places.length)) {
      if (frame.offset < offset || frame.endOffset > endOffset) break;
      places.push(soundBytes + frame.offset - offset);
    }
    soundBytes += endOffset - offset;
  }
  const fileType = box("ftyp", "M4A ", 0, "M4A ", "mp42", "isom");
  const moov = (/** @type {number} */ soundAt) =>
    box(
      "moov",
      box("mvhd", 0, 0, 0, sampleRateHz, duration, 0x10000, 0x1000000, 0, 0, ...MATRIX, 0, 0, 0, 0, 0, 0, 2),
      box(
        "trak",
        box("tkhd", 3, 0, 0, 1, 0, duration, 0, 0, 0, 0x1000000, ...MATRIX, 0, 0),
        ...(edit ? [box("edts", box("elst", 0, 1, duration, leftOutSamples, 0x10000))] : []),
        box(
          "mdia",
          box("mdhd", 0, 0, 0, sampleRateHz, isOpenEnded && isLast ? 0 : samples, 0x55c40000),
          box("hdlr", 0, 0, "soun", 0, 0, 0, 0),
          box(
            "minf",
            box("smhd", 0, 0),
            box("dinf", box("dref", 0, 1, box("url ", 1))),
            box(
              "stbl",
              description,
              box("stts", 0, 2, count - 1, samplesPerFrame, 1, endSamples),
              box("stsc", 0, 1, 1, 1, 1),
              box("stsz", 0, 0, count, ...frames.map(({ offset, endOffset }) => endOffset - offset)),
              box("stco", 0, count, ...places.map((place) => soundAt + place)),
            ),
          ),
        ),
      ),
      ...(gaps.length > 0
        ? [box("udta", box("meta", 0, box("hdlr", 0, 0, "mdir", "appl", 0, 0, 0), box("ilst", ...gaps)))]
        : []),
    );
  const soundAt = fileType.length + moov(0).length + HEAD_BYTES;
  return joined([fileType, moov(soundAt), soundBytes + HEAD_BYTES, "mdat"]);
}

/** @param {string} type @param {(number | string | Uint8Array)[]} parts numbers have 32 bits */
function box(type, ...parts) {
  const content = joined(parts);
  return joined([content.length + HEAD_BYTES, type, content]);
}
