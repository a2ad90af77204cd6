/** Cut: cuts a file with seek points into chunks that overlap. */

import { NotCuttable } from "../file/not-cuttable.js";
import { Slice } from "../../shared/tasks.js";

/**
 * How to cut a file.
 * @typedef {Object} Cut
 * @property {number} chunkSecs the longest chunk
 * @property {number} minSecs shorter songs are decoded at once
 * @property {number} decodeRateHz the sample rate that browsers decode to
 */

/**
 * A part of a song. Positions count samples of one channel at the file's rate.
 * @typedef {Object} Chunk
 * @property {Blob} blob a file of its own
 * @property {number} startSamples the position of its first sample, before the decoder leaves out
 *   the priming (it leaves out the same number of samples of the song and of every chunk)
 * @property {number} ownStartSamples where it takes over from the chunk before; earlier samples are
 *   pre-roll and overlap
 * @property {number | undefined} lengthSamples before the decoder leaves out the priming;
 *   `undefined` if it also leaves out samples at the end
 */

/**
 * @typedef {Object} Chunks
 * @property {number} sampleRateHz
 * @property {number} samples of a channel, with the priming
 * @property {Chunk[]} chunks
 * @property {boolean} [isNoisy] whether the decoder generates noise, which differs between chunks
 */

/**
 * A place in a file where a decoder can begin. Samples are those of one channel.
 * @typedef {Object} SeekPoint
 * @property {number} offset in bytes
 * @property {number} sample the first that a decoder gives when it begins there
 * @property {number} endSample the end of the sound of a file that is cut off there
 */

/**
 * A file that can be cut.
 * @template {SeekPoint} P
 * @typedef {Object} Seekable
 * @property {number} sampleRateHz
 * @property {number} samples of a channel
 * @property {P} first
 * @property {number} preRollSamples after which the decoder's output is independent of where it
 *   began
 * @property {boolean} [isNoisy] whether the decoder generates noise
 * @property {(fromSample: number, toSample: number) => Promise<P[]>} seekPointsAround the last at
 *   or before `fromSample`, the first at or after `toSample`, and all between; empty if they can't
 *   be found
 * @property {(from: P, to: P | undefined) => BlobPart[]} parts of a file with the sound between two
 *   seek points, or up to the end
 */

/** Samples decoded on each side of a chunk: for the resampler's filter and for comparing chunks. */
export const MARGIN_SAMPLES = 8192;
/**
 * A chunk must begin where a sample at the decoding rate begins, too. That holds for one of five
 * frames of the usual sizes, up to 4,608 samples.
 */
const ALIGNED_SAMPLES = 5 * 4608;

/**
 * The distance in samples between those that coincide with a sample at the decoding rate.
 * @param {number} sampleRateHz
 * @param {number} decodeRateHz
 */
export function stepSamples(sampleRateHz, decodeRateHz) {
  return sampleRateHz / commonDivisor(sampleRateHz, decodeRateHz);
}

/** @param {number} a @param {number} b @returns {number} */
function commonDivisor(a, b) {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/**
 * @template {SeekPoint} P
 * @param {Cut} limits
 * @param {Seekable<P>} seekable
 * @returns {Promise<Chunks>}
 */
export async function cutAtSeekPoints(
  { chunkSecs, minSecs, decodeRateHz },
  { sampleRateHz, samples, first, preRollSamples, isNoisy = false, seekPointsAround, parts },
) {
  const durationSecs = samples / sampleRateHz;
  if (!(sampleRateHz > 0)) throw new NotCuttable("no sample rate");
  if (durationSecs < minSecs) throw new NotCuttable("too short");
  const count = Math.ceil(durationSecs / chunkSecs);
  const step = stepSamples(sampleRateHz, decodeRateHz);
  /** @type {Chunk[]} */
  const chunks = [];
  const slice = new Slice();
  let from = first;
  let ownStartSamples = 0;
  for (let index = 1; index <= count; index++) {
    if (slice.isOver) await slice.next();
    const nextOwn = Math.round((index * samples) / count);
    const before = nextOwn - MARGIN_SAMPLES - preRollSamples;
    const after = nextOwn + MARGIN_SAMPLES;
    const points = index === count ? [] : await seekPointsAround(before - (step > 1 ? ALIGNED_SAMPLES : 0), after);
    const to = points.find(({ endSample }) => endSample >= after);
    const next = points.findLast(({ sample }) => sample <= before && sample % step === 0);
    if (index < count && !(to && next)) throw new NotCuttable("no seek point where a chunk must begin or end");
    chunks.push({
      blob: new Blob(parts(from, to)),
      startSamples: from.sample,
      ownStartSamples,
      lengthSamples: to && to.endSample - from.sample,
    });
    if (next) from = next;
    ownStartSamples = nextOwn;
  }
  return { sampleRateHz, samples, chunks, isNoisy };
}
