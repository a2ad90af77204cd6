/**
 * M4A frames: where each frame of a sound track in an MP4 file is (ISO/IEC 14496-12, 14496-14). A table only for files with
 * one sound track, of AAC in the open, that is played from one place on.
 */

import { isText, uint32 } from "../bytes.js";
import { readFragments } from "./fragments.js";
import { NotCuttable } from "../not-cuttable.js";
import {
  HEAD_BYTES,
  MAX_BOXES,
  VERSION_BYTES,
  boxesIn,
  inside,
  readElst,
  readStsd,
  readTimes,
  readTrackId,
  sizeOf,
  uint64,
} from "./boxes.js";

/** @import { SongFile } from "../../song-file.js" */
/** @import { Table } from "./fragments.js" */

/**
 * @typedef {Object} M4aFrames
 * @property {number} sampleRateHz
 * @property {number} samplesPerFrame per channel
 * @property {number} lastSamples the same of the last frame
 * @property {number[]} offsets where each frame begins
 * @property {number[]} sizes of each frame in bytes
 * @property {Uint8Array<ArrayBuffer>} description the box with all that a decoder must know
 * @property {boolean} isOpenEnded whether the header does not say how long it is, so that of the last frame some browsers leave nothing out
 * @property {Uint8Array<ArrayBuffer>[]} gaps boxes with what one program writes in place of `edit`
 * @property {{ leftOutSamples: number, samples: number } | undefined} edit how much is left out at the beginning, and how much of what follows is played
 */

/** At most ten hours, or large pictures. */
const MAX_HEADER_BYTES = 2 ** 24;
const GAPS = new TextEncoder().encode("iTunSMPB");

/** @param {SongFile} file @returns {Promise<M4aFrames>} */
export async function readM4aFrames(file) {
  const { moov, endOffset } = await readMoov(file);
  const track = soundTrackIn(moov);
  const table = boxInside(track, "mdia minf stbl");
  if (inside(table, "ctts")) throw new NotCuttable("frames in another order than they are played");
  const media = readTimes(boxInside(track, "mdia mdhd"));
  const movie = readTimes(boxInside(moov, "mvhd"));
  const trackId = readTrackId(boxInside(track, "tkhd"));
  const sampleRateHz = media.timescale;
  if (!(sampleRateHz > 0)) throw new NotCuttable("no sample rate");
  const description = descriptionIn(table);
  const edit = editOf(inside(track, "edts elst"), sampleRateHz / movie.timescale);

  const isFragmented = inside(moov, "mvex") !== undefined;
  const inHeader = framesIn(table);
  // Where there are frames in the header, too, a browser stops after them.
  if (isFragmented && inHeader?.sizes.length !== 0) throw new NotCuttable("frames in the header and in fragments");
  const found = isFragmented ? await readFragments(file, endOffset, moov, trackId) : inHeader;
  if (!found) throw new NotCuttable("damaged table of frames");
  const { offsets, sizes, durations } = found;
  if (isFragmented) shortenFirst(durations);
  const { frames, samplesPerFrame, lastSamples } = evened(durations);
  if (frames !== sizes.length || !(lastSamples > 0)) throw new NotCuttable("frames of different lengths");
  if (offsets.some((offset, index) => offset + /** @type {number} */ (sizes[index]) > file.size))
    throw new NotCuttable("frames after the file's end");
  // One that was written before there was any sound: all is played, and browsers leave nothing out at the end.
  if (isFragmented && edit?.samples === 0) edit.samples = sizes.length * samplesPerFrame;
  return {
    sampleRateHz,
    samplesPerFrame,
    lastSamples,
    offsets,
    sizes,
    description,
    gaps: gapsIn(moov),
    edit,
    isOpenEnded: isFragmented && media.duration === 0,
  };
}

/** The only sound track. @param {Uint8Array<ArrayBuffer>} moov */
function soundTrackIn(moov) {
  const tracks = boxesIn(moov).filter(
    ({ type, content }) => type === "trak" && isText(inside(content, "mdia hdlr") ?? content, 8, "soun"),
  );
  const track = tracks.length === 1 ? tracks[0]?.content : undefined;
  if (!track) throw new NotCuttable(`${tracks.length} sound tracks`);
  return track;
}

/** The content of the first box on a path. @param {Uint8Array<ArrayBuffer>} content @param {string} path */
function boxInside(content, path) {
  const found = inside(content, path);
  if (!found) throw new NotCuttable(`no box ${path}`);
  return found;
}

/** The box with the one description of all frames, of unencrypted AAC. @param {Uint8Array<ArrayBuffer>} table */
function descriptionIn(table) {
  const box = boxesIn(table).find(({ type }) => type === "stsd");
  if (!box) throw new NotCuttable("no box stsd");
  const { count, isAac } = readStsd(box.content);
  if (count !== 1) throw new NotCuttable("several kinds of frames");
  if (!isAac) throw new NotCuttable("no unencrypted AAC");
  return box.bytes;
}

/**
 * Gives the first frame the length of the others: in fragments it may be stated to last until the
 * picture begins, but it sounds no longer.
 * @param {number[][]} durations
 */
function shortenFirst(durations) {
  const [[count = 0, samples = 0] = [], next] = durations;
  if (next && count === 1 && samples > Number(next[1])) {
    durations.shift();
    next[0]++;
  }
}

/** The metadata items of iTunes with the encoder's delay and padding. @param {Uint8Array<ArrayBuffer>} moov */
function gapsIn(moov) {
  const items = boxesIn(moov).flatMap(({ type, content }) =>
    type === "udta" ? boxesIn(inside(inside(content, "meta")?.subarray(VERSION_BYTES), "ilst")) : [],
  );
  return items.filter(({ type, content }) => type === "----" && includes(content, GAPS)).map(({ bytes }) => bytes);
}

/** @param {Uint8Array<ArrayBuffer>} table in the header @returns {Table | undefined} */
function framesIn(table) {
  const sizeTable = inside(table, "stsz");
  // Before the table may be a size that all have: frames of AAC never do.
  const sizes =
    sizeTable && uint32(sizeTable, VERSION_BYTES) === 0 ? numbersOf(sizeTable, VERSION_BYTES + 4, 4) : undefined;
  const offsets = sizes && offsetsOf(table, sizes);
  const durations = pairsOf(inside(table, "stts"));
  return offsets && durations && { offsets, sizes, durations };
}

/**
 * The content of the movie box, and where it ends.
 * @param {SongFile} file
 */
async function readMoov(file) {
  for (let at = 0, boxes = 0; at < file.size && boxes < MAX_BOXES; boxes++) {
    const head = await file.bytes(at, at + 2 * HEAD_BYTES);
    if (boxes === 0 && !isText(head, 4, "ftyp")) throw new NotCuttable("no box ftyp");
    const endOffset = at + sizeOf(head);
    if (!(endOffset <= file.size)) throw new NotCuttable("a box ends after the file");
    if (isText(head, 4, "moov")) {
      if (endOffset - at > MAX_HEADER_BYTES) throw new NotCuttable("the header is too large");
      return { moov: await file.bytes(at + HEAD_BYTES, endOffset), endOffset };
    }
    at = endOffset;
  }
  throw new NotCuttable("no box moov");
}

/** A table after its length. @param {Uint8Array} content @param {number} at @param {4 | 8} bytes of each number */
function numbersOf(content, at, bytes) {
  const count = uint32(content, at);
  if (at + 4 + count * bytes > content.length) return undefined;
  return Array.from({ length: count }, (_, index) => (bytes === 4 ? uint32 : uint64)(content, at + 4 + index * bytes));
}

/**
 * All frames have one number of samples, of which the last one may have fewer. What a file states lies beside that by less than a frame
 * where its encoder went by the times of another file.
 * @param {number[][]} durations how many frames in a row have so many samples
 * @returns {{ frames: number, samplesPerFrame: number, lastSamples: number }} with no `lastSamples` if they lie further off
 */
function evened(durations) {
  const counts = /** @type {Map<number, number>} */ (new Map());
  for (const [count = 0, samples = 0] of durations) counts.set(samples, (counts.get(samples) ?? 0) + count);
  const [samplesPerFrame] = [...counts].reduce((most, one) => (one[1] > most[1] ? one : most), [0, 0]);
  let frames = 0;
  let drift = 0;
  let isEven = true;
  for (const [count = 0, samples = 0] of durations) {
    frames += count;
    drift += count * (samples - samplesPerFrame);
    isEven &&= Math.abs(drift) < samplesPerFrame;
  }
  return { frames, samplesPerFrame, lastSamples: isEven ? samplesPerFrame + Math.min(0, drift) : 0 };
}

/** @param {Uint8Array<ArrayBuffer> | undefined} content @returns {number[][] | undefined} */
function pairsOf(content) {
  const count = content ? uint32(content, VERSION_BYTES) : 0;
  if (!content || VERSION_BYTES + 4 + count * 8 > content.length) return undefined;
  return Array.from({ length: count }, (_, index) => [uint32(content, 8 + index * 8), uint32(content, 12 + index * 8)]);
}

/** Where each frame begins: they lie in chunks one after the other. @param {Uint8Array<ArrayBuffer>} table @param {number[]} sizes */
function offsetsOf(table, sizes) {
  const short = inside(table, "stco");
  const long = inside(table, "co64");
  const chunks = short ? numbersOf(short, VERSION_BYTES, 4) : long && numbersOf(long, VERSION_BYTES, 8);
  const runs = inside(table, "stsc");
  const runCount = runs ? uint32(runs, VERSION_BYTES) : 0;
  if (!chunks || !runs || VERSION_BYTES + 4 + runCount * 12 > runs.length) return undefined;
  const offsets = /** @type {number[]} */ ([]);
  let run = -1;
  let framesPerChunk = 0;
  for (const [index, start] of chunks.entries()) {
    // Chunks are counted from one.
    while (run + 1 < runCount && uint32(runs, 8 + (run + 1) * 12) <= index + 1)
      framesPerChunk = uint32(runs, 12 + ++run * 12);
    for (let frame = 0, offset = start; frame < framesPerChunk && offsets.length < sizes.length; frame++) {
      offset += /** @type {number} */ (sizes[offsets.push(offset) - 1]);
    }
  }
  return offsets.length === sizes.length ? offsets : undefined;
}

/**
 * The one edit, at normal speed, of a track that has any.
 * @param {Uint8Array | undefined} list
 * @param {number} scale from the movie's units to samples
 * @returns {M4aFrames["edit"]}
 */
function editOf(list, scale) {
  if (!list) return undefined;
  const { count, duration, mediaTime, rate } = readElst(list);
  if (count !== 1 || mediaTime >= 2 ** 31 || rate !== 0x10000) throw new NotCuttable("an edit list of another kind");
  return { leftOutSamples: mediaTime, samples: Math.round(duration * scale) };
}

/** @param {Uint8Array} bytes @param {Uint8Array} wanted */
function includes(bytes, wanted) {
  return bytes.some((_, at) => wanted.every((byte, index) => bytes[at + index] === byte));
}
