/**
 * M4A frames: where each frame of a sound track in an MP4 file is (ISO/IEC 14496-12, 14496-14). A table only for files with
 * one sound track, of AAC in the open, that is played from one place on.
 */

import { bytesOf, isText, uint32 } from "../bytes.js";
import { readFragments } from "./fragments.js";
import { HEAD_BYTES, MAX_BOXES, VERSION_BYTES, afterDates, boxesIn, inside, sizeOf, uint64 } from "./boxes.js";

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

/** Of some ten hours, or with large pictures. */
const MAX_HEADER_BYTES = 2 ** 24;
const GAPS = new TextEncoder().encode("iTunSMPB");

/** @param {Blob} file @param {string} name @returns {Promise<M4aFrames | undefined>} `undefined` for any other file */
export async function readM4aFrames(file, name) {
  const { moov, endOffset } = (await readMoov(file, name)) ?? {};
  if (!moov || !endOffset) return undefined;
  const tracks = boxesIn(moov).filter(
    ({ type, content }) => type === "trak" && isText(inside(content, "mdia hdlr") ?? content, 8, "soun"),
  );
  const track = tracks.length === 1 ? tracks[0]?.content : undefined;
  const table = track && inside(track, "mdia minf stbl");
  const movie = inside(moov, "mvhd");
  const media = track && inside(track, "mdia mdhd");
  const trackHeader = track && inside(track, "tkhd");
  if (!table || !movie || !media || !trackHeader || inside(table, "ctts")) return undefined;
  const sampleRateHz = afterDates(media);
  const description = boxesIn(table).find(({ type }) => type === "stsd")?.bytes;
  const edit = editOf(inside(track, "edts elst"), sampleRateHz / afterDates(movie));
  // One kind of frame: of AAC, in the open.
  if (
    !description ||
    edit === null ||
    uint32(description, HEAD_BYTES + VERSION_BYTES) !== 1 ||
    !isText(description, HEAD_BYTES + VERSION_BYTES + 8, "mp4a")
  )
    return undefined;
  const isFragmented = inside(moov, "mvex") !== undefined;
  const inHeader = framesIn(table);
  // Where there are frames in the header, too, a browser stops after them.
  if (isFragmented && inHeader?.sizes.length !== 0) return undefined;
  const found = isFragmented ? await readFragments(file, name, endOffset, moov, afterDates(trackHeader)) : inHeader;
  if (!found) return undefined;
  const { offsets, sizes, durations } = found;
  const [[one = 0, firstSamples = 0] = [], next] = durations;
  // The first may last until the picture begins, but sounds no longer than others.
  if (isFragmented && next && one === 1 && firstSamples > Number(next[1])) {
    durations.shift();
    next[0]++;
  }
  const { frames, samplesPerFrame, lastSamples } = evened(durations);
  if (frames !== sizes.length || !(sampleRateHz > 0) || !(lastSamples > 0)) return undefined;
  if (offsets.some((offset, index) => offset + /** @type {number} */ (sizes[index]) > file.size)) return undefined;
  // One that was written before there was any sound: all is played, and browsers leave nothing out at the end.
  if (isFragmented && edit?.samples === 0) edit.samples = sizes.length * samplesPerFrame;
  const items = boxesIn(moov).flatMap(({ type, content }) =>
    type === "udta" ? boxesIn(inside(inside(content, "meta")?.subarray(VERSION_BYTES), "ilst")) : [],
  );
  const gaps = items.filter(({ type, content }) => type === "----" && includes(content, GAPS));
  return {
    sampleRateHz,
    samplesPerFrame,
    lastSamples,
    offsets,
    sizes,
    description,
    gaps: gaps.map(({ bytes }) => bytes),
    edit,
    isOpenEnded: isFragmented && uint32(media, media[0] === 1 ? 28 : 16) === 0,
  };
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

/** @param {Blob} file @param {string} name @returns {Promise<{ moov: Uint8Array<ArrayBuffer>, endOffset: number } | undefined>} what the header holds, and where it ends */
async function readMoov(file, name) {
  for (let at = 0, boxes = 0; at < file.size && boxes < MAX_BOXES; boxes++) {
    const head = await bytesOf(file, name, at, at + 2 * HEAD_BYTES);
    if (boxes === 0 && !isText(head, 4, "ftyp")) return undefined;
    const endOffset = at + sizeOf(head);
    if (!(endOffset <= file.size)) return undefined;
    if (isText(head, 4, "moov"))
      return endOffset - at > MAX_HEADER_BYTES
        ? undefined
        : { moov: await bytesOf(file, name, at + HEAD_BYTES, endOffset), endOffset };
    at = endOffset;
  }
  return undefined;
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
 * @param {Uint8Array | undefined} list of what is played
 * @param {number} scale from the movie's units to samples
 * @returns {M4aFrames["edit"] | null} `undefined` if there is none, `null` if it is of another kind
 */
function editOf(list, scale) {
  if (!list) return undefined;
  const isLong = list[0] === 1;
  const [duration, start, rate] = isLong
    ? [uint64(list, 8), uint64(list, 16), uint32(list, 24)]
    : [uint32(list, 8), uint32(list, 12), uint32(list, 16)];
  if (uint32(list, VERSION_BYTES) !== 1 || start >= 2 ** 31 || rate !== 0x10000) return null;
  return { leftOutSamples: start, samples: Math.round(duration * scale) };
}

/** @param {Uint8Array} bytes @param {Uint8Array} wanted */
function includes(bytes, wanted) {
  return bytes.some((_, at) => wanted.every((byte, index) => bytes[at + index] === byte));
}
