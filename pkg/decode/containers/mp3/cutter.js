/**
 * MP3 cutter: cuts an MP3 file into files of their own, which a browser decodes to the same samples
 * as the whole.
 *
 * The sound of a frame depends on the frames before: its bits may begin in them (the bit
 * reservoir), and it overlaps with the last one. So each chunk begins with these frames.
 *
 * Browsers leave out the encoder's delay before the song and its padding after it. Both are stated
 * in the info frame, and each chunk has a copy of it that is adapted to the chunk. So every chunk
 * loses the same priming at its beginning, and only the last one loses samples at its end.
 */

import { NotCuttable } from "../../file/not-cuttable.js";
import { readMp3Frames } from "./reader.js";

/** @import { SongFile } from "../../file/song-file.js" */
/** @import { Chunk, Chunks, Cut } from "../cut.js" */
/** @import { InfoFrame, Mp3Frames } from "./reader.js" */

/**
 * Chunks begin at frames whose index is a multiple of this. At every sample rate of MP3, a sample
 * at 44.1 kHz begins there, too.
 */
const FRAME_STEP = 5;
/**
 * Frames decoded before a chunk's own, in addition to those that fill the reservoir: for the
 * overlap, the resampler's filter and the comparison of chunks.
 */
const PRE_ROLL_FRAMES = 4;
/** Frames decoded after a chunk's own, for comparing chunks; those of the priming are added. */
const COMPARED_FRAMES = 4;
/** The decoder's own delay, which browsers leave out together with the encoder's. */
const DECODER_DELAY_SAMPLES = 529;

/**
 * @param {SongFile} file
 * @param {Cut} cut
 * @returns {Promise<Chunks>}
 */
export async function cut(file, { chunkSecs, minSecs }) {
  const frames = await readMp3Frames(file);
  const { sampleRateHz, samplesPerFrame, offsets, info } = frames;
  const frameCount = offsets.length - 1;
  const durationSecs = (frameCount * samplesPerFrame) / sampleRateHz;
  if (durationSecs < minSecs) throw new NotCuttable("too short");

  const count = Math.ceil(durationSecs / chunkSecs);
  const tailFrames = Math.ceil(((info?.delaySamples ?? 0) + DECODER_DELAY_SAMPLES) / samplesPerFrame) + COMPARED_FRAMES;
  /** @type {Chunk[]} */
  const chunks = [];
  for (let index = 0; index < count; index++) {
    const own = Math.round((index * frameCount) / count);
    const isLast = index === count - 1;
    const from = index === 0 ? 0 : firstFrameFor(own, frames);
    const to = isLast ? frameCount : Math.round(((index + 1) * frameCount) / count) + tailFrames;
    chunks.push({
      blob: new Blob([
        ...beginning(file, frames, from, to, isLast),
        file.slice(offsets[from], isLast ? file.size : offsets[to]),
      ]),
      startSamples: from * samplesPerFrame,
      ownStartSamples: own * samplesPerFrame,
      lengthSamples: isLast ? undefined : (to - from) * samplesPerFrame,
    });
  }
  return { sampleRateHz, samples: frameCount * samplesPerFrame, chunks };
}

/**
 * The frame with which a chunk must begin so that another frame sounds as in the whole file.
 * @param {number} frame
 * @param {Mp3Frames} frames
 */
function firstFrameFor(frame, { offsets, overheadBytes, reservoirBytes }) {
  let from = frame;
  for (let soundBytes = 0; soundBytes < reservoirBytes; from--) {
    if (from === 0) throw new NotCuttable("too few frames before a chunk");
    soundBytes += /** @type {number} */ (offsets[from]) - /** @type {number} */ (offsets[from - 1]) - overheadBytes;
  }
  from -= PRE_ROLL_FRAMES;
  from -= ((from % FRAME_STEP) + FRAME_STEP) % FRAME_STEP;
  if (from < 0) throw new NotCuttable("too few frames before a chunk");
  return from;
}

/**
 * The part of a chunk before its frames. The first chunk has everything that precedes them in the
 * file.
 * @param {SongFile} file
 * @param {Mp3Frames} frames
 * @param {number} from the chunk's first frame
 * @param {number} to the frame after its last one
 * @param {boolean} isLast
 * @returns {BlobPart[]}
 */
function beginning(file, { offsets, info }, from, to, isLast) {
  const tags = from === 0 ? [file.slice(0, info?.offset ?? offsets[0])] : [];
  if (!info) return tags;
  const soundBytes = /** @type {number} */ (offsets[to]) - /** @type {number} */ (offsets[from]);
  // If the info frame's totals are wrong, the last chunk's are wrong by the same amount.
  const whole = {
    frames: offsets.length - 1,
    bytes: /** @type {number} */ (offsets[offsets.length - 1]) - /** @type {number} */ (offsets[0]),
  };
  return [
    ...tags,
    infoOfChunk(info, {
      frameCount: to - from + (isLast ? info.frameCount - whole.frames : 0),
      byteCount: soundBytes + (isLast ? info.byteCount - whole.bytes : info.bytes.length),
      isLast,
    }),
  ];
}

/**
 * @param {InfoFrame} info
 * @param {{ frameCount: number, byteCount: number, isLast: boolean }} chunk
 */
function infoOfChunk({ bytes, frameCountAt, byteCountAt, paddingAt }, { frameCount, byteCount, isLast }) {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  if (frameCountAt) view.setUint32(frameCountAt, frameCount);
  if (byteCountAt) view.setUint32(byteCountAt, byteCount);
  // Twelve bits of delay, then twelve of padding.
  if (!isLast) view.setUint16(paddingAt + 1, view.getUint16(paddingAt + 1) & 0xf000);
  return copy;
}
