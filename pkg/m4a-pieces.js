/**
 * M4A pieces: cuts the sound track of an MP4 file into files of their own, each with some of its frames and a header as the
 * file has it.
 *
 * What a frame sounds like depends on the one before it alone, to which it is added. What is left out at the beginning of the
 * file is left out of every piece, and what is left out at its end of the last one.
 */

import { joined } from "./bytes.js";
import { readM4aFrames } from "./m4a-frames.js";
import { Slice, nextTask } from "./tasks.js";

/** @import { M4aFrames } from "./m4a-frames.js" */
/** @import { Cut, Piece, Pieces } from "./pieces.js" */

/** A piece begins at a multiple of this many frames, where at all usual rates a sample at 44.1 kHz begins, too. */
const FRAME_STEP = 5;
/** Frames that are decoded before and after a piece's own: for the overlap, for a resampler, for the comparison. */
const MARGIN_FRAMES = 8;
/** What encoders put before a song is shorter; more is cut out of it. */
const MAX_LEFT_OUT_SAMPLES = 8192;
/** Of a box: its size and its type. */
const HEAD_BYTES = 8;
/** The matrix of a picture that is not turned. */
const MATRIX = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000];

/**
 * @param {Blob} file
 * @param {string} name
 * @param {Cut} cut
 * @returns {Promise<Pieces | undefined>} `undefined` if it is no MP4 file, or no simple one, or too short
 */
export async function m4aPieces(file, name, { pieceSecs, minSecs }) {
  const frames = await readM4aFrames(file, name);
  if (!frames) return undefined;
  // To read a table of hours took a while.
  await nextTask();
  const { sampleRateHz, samplesPerFrame, lastSamples, sizes, edit } = frames;
  const frameCount = sizes.length;
  const samples = (frameCount - 1) * samplesPerFrame + lastSamples;
  const durationSecs = samples / sampleRateHz;
  if (durationSecs < minSecs) return undefined;

  const count = Math.ceil(durationSecs / pieceSecs);
  const lastOwn = Math.round(((count - 1) * frameCount) / count);
  if (edit && (edit.leftOutSamples > MAX_LEFT_OUT_SAMPLES || edit.samples < lastOwn * samplesPerFrame)) return undefined;
  const tailFrames = MARGIN_FRAMES + Math.ceil((edit?.leftOutSamples ?? 0) / samplesPerFrame);
  /** @type {Piece[]} */
  const pieces = [];
  const slice = new Slice();
  for (let index = 0; index < count; index++) {
    if (slice.isOver) await slice.next();
    const own = Math.round((index * frameCount) / count);
    const isLast = index === count - 1;
    const from = index === 0 ? 0 : Math.floor((own - MARGIN_FRAMES) / FRAME_STEP) * FRAME_STEP;
    const to = isLast ? frameCount : Math.round(((index + 1) * frameCount) / count) + tailFrames;
    if (from < 0 || to > frameCount) return undefined;
    pieces.push({
      blob: new Blob([headerOf(frames, from, to), ...soundOf(file, frames, from, to)]),
      startSamples: from * samplesPerFrame,
      ownSamples: own * samplesPerFrame,
      lengthSamples: isLast ? undefined : (to - from) * samplesPerFrame,
    });
  }
  // Where the encoder found noise, the decoder makes up some of its own.
  return { sampleRateHz, samples, pieces, isNoisy: true };
}

/** @param {Blob} file @param {M4aFrames} frames @param {number} from @param {number} to the frame after the last */
function soundOf(file, { offsets, sizes }, from, to) {
  const parts = /** @type {Blob[]} */ ([]);
  for (let frame = from; frame < to; ) {
    const start = /** @type {number} */ (offsets[frame]);
    let end = start;
    while (frame < to && offsets[frame] === end) end += /** @type {number} */ (sizes[frame++]);
    parts.push(file.slice(start, end));
  }
  return parts;
}

/** @param {M4aFrames} frames @param {number} from @param {number} to the frame after the last */
function headerOf({ sampleRateHz, samplesPerFrame, lastSamples, sizes, description, gaps, edit }, from, to) {
  const count = to - from;
  const ownSizes = sizes.slice(from, to);
  const isLast = to === sizes.length;
  const endSamples = isLast ? lastSamples : samplesPerFrame;
  const samples = (count - 1) * samplesPerFrame + endSamples;
  const leftOutSamples = edit?.leftOutSamples ?? 0;
  const duration = edit && isLast ? edit.samples - from * samplesPerFrame : samples - leftOutSamples;
  const soundBytes = ownSizes.reduce((sum, size) => sum + size, 0);
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
          box("mdhd", 0, 0, 0, sampleRateHz, samples, 0x55c40000),
          box("hdlr", 0, 0, "soun", 0, 0, 0, 0),
          box(
            "minf",
            box("smhd", 0, 0),
            box("dinf", box("dref", 0, 1, box("url ", 1))),
            box(
              "stbl",
              description,
              box("stts", 0, 2, count - 1, samplesPerFrame, 1, endSamples),
              box("stsc", 0, 1, 1, count, 1),
              box("stsz", 0, 0, count, ...ownSizes),
              box("stco", 0, 1, soundAt),
            ),
          ),
        ),
      ),
      ...(gaps.length > 0 ? [box("udta", box("meta", 0, box("hdlr", 0, 0, "mdir", "appl", 0, 0, 0), box("ilst", ...gaps)))] : []),
    );
  const soundAt = fileType.length + moov(0).length + HEAD_BYTES;
  return joined([fileType, moov(soundAt), soundBytes + HEAD_BYTES, "mdat"]);
}

/** @param {string} type @param {(number | string | Uint8Array)[]} parts numbers have 32 bits */
function box(type, ...parts) {
  const content = joined(parts);
  return joined([content.length + HEAD_BYTES, type, content]);
}
