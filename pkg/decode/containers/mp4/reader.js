/**
 * M4A reader: where each frame of the sound track of an MP4 file is (ISO/IEC 14496-12 and
 * 14496-14). A table is made only for files with one sound track, of unencrypted AAC, that is
 * played without a break.
 */

import { isText } from "../../file/bytes.js";
import { NotCuttable } from "../../file/not-cuttable.js";
import {
  HEAD_BYTES,
  MAX_BOXES,
  NORMAL_SPEED,
  VERSION_BYTES,
  boxEnd,
  boxesIn,
  inside,
  requiredInside,
} from "./boxes.js";
import { readFragments } from "./fragments.js";
import {
  readCo64,
  readElst,
  readHdlr,
  readStco,
  readStsc,
  readStsd,
  readStsz,
  readStts,
  readTimes,
  readTkhd,
} from "./movie-boxes.js";

/** @import { SongFile } from "../../file/song-file.js" */
/** @import { FrameTable } from "./fragments.js" */
/** @import { ChunkRun, DurationRun } from "./movie-boxes.js" */

/**
 * @typedef {Object} Edit
 * @property {number} primingSamples left out at the beginning
 * @property {number} samples played after them
 */

/**
 * @typedef {Object} M4aFrames
 * @property {number} sampleRateHz
 * @property {number} samplesPerFrame per channel
 * @property {number} lastSamples the same of the last frame
 * @property {number[]} offsets where each frame begins
 * @property {number[]} sizes of each frame in bytes
 * @property {Uint8Array<ArrayBuffer>} description box `stsd`: the decoder's configuration
 * @property {boolean} isOpenEnded whether the header states no duration, so that some browsers
 *   leave nothing out of the last frame
 * @property {Uint8Array<ArrayBuffer>[]} gaplessItems metadata that iTunes writes in place of `edit`
 * @property {Edit | undefined} edit
 */

/** A header of ten hours, or one with large pictures. */
const MAX_HEADER_BYTES = 2 ** 24;
/** Name of the metadata item with the encoder's delay and padding. */
const GAPLESS_NAME = new TextEncoder().encode("iTunSMPB");
/** `mediaTime` is signed: -1 is an empty edit. */
const MAX_MEDIA_TIME = 2 ** 31 - 1;

/** @param {SongFile} file @returns {Promise<M4aFrames>} */
export async function readM4aFrames(file) {
  const { moov, endOffset } = await readMoov(file);
  const track = soundTrackIn(moov);
  const sampleTable = requiredInside(track, "mdia minf stbl");
  const description = descriptionIn(sampleTable);
  if (inside(sampleTable, "ctts")) throw new NotCuttable("frames in another order than they are played");
  const media = readTimes(requiredInside(track, "mdia mdhd"));
  const movie = readTimes(requiredInside(moov, "mvhd"));
  const { trackId } = readTkhd(requiredInside(track, "tkhd"));
  if (media.timescale === 0) throw new NotCuttable("no sample rate");
  const edit = editIn(track, media.timescale / movie.timescale);

  const isFragmented = inside(moov, "mvex") !== undefined;
  const inHeader = framesIn(sampleTable);
  // A browser stops after the frames in the header.
  if (isFragmented && inHeader.sizes.length > 0) throw new NotCuttable("frames in the header and in fragments");
  const { offsets, sizes, durations } = isFragmented ? await readFragments(file, endOffset, moov, trackId) : inHeader;
  const lengths = frameLengths(isFragmented ? withShortFirst(durations) : durations);
  if (lengths.frameCount !== sizes.length) throw new NotCuttable("as many durations as frames are needed");
  if (offsets.some((offset, index) => offset + Number(sizes[index]) > file.size))
    throw new NotCuttable("frames after the file's end");
  return {
    sampleRateHz: media.timescale,
    samplesPerFrame: lengths.samplesPerFrame,
    lastSamples: lengths.lastSamples,
    offsets,
    sizes,
    description,
    gaplessItems: gaplessItemsIn(moov),
    // Fragmented files may have an edit of length 0, written before the length was known.
    // Everything is played.
    edit: isFragmented && edit?.samples === 0 ? { ...edit, samples: sizes.length * lengths.samplesPerFrame } : edit,
    isOpenEnded: isFragmented && media.duration === 0,
  };
}

/**
 * The content of the header `moov`, and where it ends.
 * @param {SongFile} file
 */
export async function readMoov(file) {
  for (let offset = 0, boxes = 0; offset < file.size && boxes < MAX_BOXES; boxes++) {
    const head = await file.bytes(offset, offset + 2 * HEAD_BYTES);
    if (boxes === 0 && !isText(head, 4, "ftyp")) throw new NotCuttable("no box ftyp");
    const endOffset = boxEnd(head, offset, file.size);
    if (isText(head, 4, "moov")) {
      if (endOffset - offset > MAX_HEADER_BYTES) throw new NotCuttable("the header is too large");
      return { moov: await file.bytes(offset + HEAD_BYTES, endOffset), endOffset };
    }
    offset = endOffset;
  }
  throw new NotCuttable("no box moov");
}

/**
 * The only sound track, or of several the only enabled one, which players play.
 * @param {Uint8Array<ArrayBuffer>} moov
 */
function soundTrackIn(moov) {
  const tracks = boxesIn(moov).filter(({ type, content }) => {
    const hdlr = type === "trak" && inside(content, "mdia hdlr");
    return hdlr && readHdlr(hdlr).isSound;
  });
  const enabled = tracks.filter(({ content }) => readTkhd(requiredInside(content, "tkhd")).isEnabled);
  const [track, ...others] = (tracks.length === 1 ? tracks : enabled).map(({ content }) => content);
  if (!track || others.length > 0) throw new NotCuttable(`${tracks.length} sound tracks`);
  return track;
}

/**
 * The box with the one description of all frames, of unencrypted AAC.
 * @param {Uint8Array<ArrayBuffer>} sampleTable
 */
function descriptionIn(sampleTable) {
  const box = boxesIn(sampleTable).find(({ type }) => type === "stsd");
  if (!box) throw new NotCuttable("no box stsd");
  const { entryCount, type } = readStsd(box.content);
  if (entryCount !== 1) throw new NotCuttable("several kinds of frames");
  if (type !== "mp4a") throw new NotCuttable("no unencrypted AAC");
  return box.bytes;
}

/**
 * The one edit, at normal speed, of a track that has any.
 * @param {Uint8Array<ArrayBuffer>} track
 * @param {number} scale samples per unit of the movie
 * @returns {Edit | undefined}
 */
function editIn(track, scale) {
  const list = inside(track, "edts elst");
  if (!list) return undefined;
  const { entryCount, segmentDuration, mediaTime, mediaRate } = readElst(list);
  if (entryCount !== 1) throw new NotCuttable("no edit, or several");
  if (mediaTime > MAX_MEDIA_TIME) throw new NotCuttable("an empty edit");
  if (mediaRate !== NORMAL_SPEED) throw new NotCuttable("an edit with another speed");
  return { primingSamples: mediaTime, samples: Math.round(segmentDuration * scale) };
}

/**
 * The frames that the header lists.
 * @param {Uint8Array<ArrayBuffer>} sampleTable
 * @returns {FrameTable}
 */
function framesIn(sampleTable) {
  const sizes = readStsz(requiredInside(sampleTable, "stsz"));
  const runs = readStsc(requiredInside(sampleTable, "stsc"));
  const stco = inside(sampleTable, "stco");
  const chunks = stco ? readStco(stco) : readCo64(requiredInside(sampleTable, "co64"));
  return {
    offsets: frameOffsets(sizes, chunks, runs),
    sizes,
    durations: readStts(requiredInside(sampleTable, "stts")),
  };
}

/**
 * Where each frame begins. Frames lie in chunks, one after another.
 * @param {number[]} sizes
 * @param {number[]} chunks where each chunk begins
 * @param {ChunkRun[]} runs
 */
function frameOffsets(sizes, chunks, runs) {
  const offsets = /** @type {number[]} */ ([]);
  let run = -1;
  for (const [index, chunkOffset] of chunks.entries()) {
    while (Number(runs[run + 1]?.firstChunk) <= index + 1) run++;
    const framesPerChunk = runs[run]?.framesPerChunk ?? 0;
    let offset = chunkOffset;
    for (let frame = 0; frame < framesPerChunk && offsets.length < sizes.length; frame++) {
      offsets.push(offset);
      offset += Number(sizes[offsets.length - 1]);
    }
  }
  if (offsets.length !== sizes.length) throw new NotCuttable("the chunks hold fewer frames than there are");
  return offsets;
}

/**
 * Corrects a first frame that is stated as longer than the others: it may be stated to last until
 * the video starts.
 * @param {DurationRun[]} durations
 * @returns {DurationRun[]}
 */
function withShortFirst(durations) {
  const [first, second, ...others] = durations;
  const isLong = first && second && first.frameCount === 1 && first.frameSamples > second.frameSamples;
  return isLong ? [{ ...second, frameCount: second.frameCount + 1 }, ...others] : durations;
}

/**
 * All frames have the same number of samples, except that the last may have fewer. Times may be off
 * by less than a frame where the encoder copied those of another file.
 * @param {DurationRun[]} durations
 */
function frameLengths(durations) {
  const samplesPerFrame = mostFrequentLength(durations);
  let frameCount = 0;
  /** Stated time minus the time of frames of one length. */
  let driftSamples = 0;
  for (const run of durations) {
    frameCount += run.frameCount;
    driftSamples += run.frameCount * (run.frameSamples - samplesPerFrame);
    if (Math.abs(driftSamples) >= samplesPerFrame) throw new NotCuttable("frames of different lengths");
  }
  return { frameCount, samplesPerFrame, lastSamples: samplesPerFrame + Math.min(0, driftSamples) };
}

/** @param {DurationRun[]} durations @returns {number} samples of a frame */
function mostFrequentLength(durations) {
  const counts = /** @type {Map<number, number>} */ (new Map());
  for (const { frameCount, frameSamples } of durations)
    counts.set(frameSamples, (counts.get(frameSamples) ?? 0) + frameCount);
  const [samplesPerFrame] = [...counts].reduce((most, one) => (one[1] > most[1] ? one : most), [0, 0]);
  if (samplesPerFrame === 0) throw new NotCuttable("no durations of frames");
  return samplesPerFrame;
}

/**
 * The metadata items of iTunes with the encoder's delay and padding.
 * @param {Uint8Array<ArrayBuffer>} moov
 */
function gaplessItemsIn(moov) {
  const items = boxesIn(moov).flatMap(({ type, content }) =>
    type === "udta" ? boxesIn(inside(inside(content, "meta")?.subarray(VERSION_BYTES), "ilst")) : [],
  );
  return items
    .filter(({ type, content }) => type === "----" && includes(content, GAPLESS_NAME))
    .map(({ bytes }) => bytes);
}

/** @param {Uint8Array} bytes @param {Uint8Array} wanted */
function includes(bytes, wanted) {
  return bytes.some((_, at) => wanted.every((byte, index) => bytes[at + index] === byte));
}
