/**
 * Seekable chunks: cuts up a file of which it is known, at many places in it, which sample a decoder begins with there.
 */

import { commonDivisor } from "./bytes.js";
import { NotCuttable } from "./not-cuttable.js";
import { Slice } from "../../shared/tasks.js";

/** @import { Cut, Chunk, Chunks } from "../chunks.js" */

/**
 * A place in a file where a decoder can begin.
 * @typedef {Object} SeekPoint
 * @property {number} offset in bytes
 * @property {number} sample which sample of a channel the decoder begins with there
 * @property {number} endSample where the sound ends of a file that is cut off there; `NaN` where none can be
 */

/**
 * @template {SeekPoint} M
 * @typedef {Object} Seekable a file that can be cut up
 * @property {number} sampleRateHz
 * @property {number} samples of a channel
 * @property {M} first
 * @property {number} preRollSamples how much a decoder needs before what it makes of a file is what it makes of the whole
 * @property {boolean} [isNoisy] whether a decoder makes up some of the sound
 * @property {(fromSample: number, toSample: number) => Promise<M[]>} seekPointsAround both and all between; none if they can't be found
 * @property {(from: M, to: M | undefined) => BlobPart[]} parts of a file of its own
 */

/** What is decoded before and after a chunk's own samples: for a resampler that looks around, and for the comparison. */
const MARGIN_SAMPLES = 8192;
/** Of five frames of a usual size, up to 4,608 samples, one begins where a sample at the rate of decoding begins, too. */
const ALIGNED_SAMPLES = 5 * 4608;

/**
 * @template {SeekPoint} M
 * @param {Cut} cut
 * @param {Seekable<M>} seekable
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
  const step = sampleRateHz / commonDivisor(sampleRateHz, decodeRateHz);
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
