/**
 * Marked pieces: cuts up a file that has no table of its frames, but whose frames or pages say themselves which sample they
 * are. So a few looks at the file find what is around a sample: each makes the next guess better.
 */

import { bytesOf, commonDivisor } from "./bytes.js";

/** @import { Cut, Piece, Pieces } from "./pieces.js" */

/**
 * A place in a file where a decoder can begin.
 * @typedef {Object} Mark
 * @property {number} offset in bytes
 * @property {number} sample which sample of a channel the decoder begins with there
 * @property {number} endSample where the sound ends of a file that is cut off there; `NaN` where none can be
 */

/**
 * @template {Mark} M
 * @typedef {Object} Marked a file that can be cut up
 * @property {number} sampleRateHz
 * @property {number} samples of a channel
 * @property {M} first
 * @property {number} settlingSamples how much a decoder needs before what it makes of a file is what it makes of the whole
 * @property {(bytes: Uint8Array<ArrayBuffer>, offset: number) => M[]} findMarks all in bytes that begin somewhere in the file
 * @property {(from: M, to: Mark | undefined) => BlobPart[]} parts of a file of its own
 */

/** A look reads twice what the song has there on average, and this: more than the longest page of Ogg. */
const MIN_LOOK_BYTES = 128 * 1024;
/** A guess is seldom wrong twice; where it is, halving comes to an end within these. */
const MAX_LOOKS = 40;
/** What is decoded before and after a piece's own samples: for a resampler that looks around, and for the comparison. */
const MARGIN_SAMPLES = 8192;
/** Of five frames of a usual size, up to 4,608 samples, one begins where a sample at the rate of decoding begins, too. */
const ALIGNED_SAMPLES = 5 * 4608;

/**
 * @template {Mark} M
 * @param {Blob} file
 * @param {string} name
 * @param {Cut} cut
 * @param {Marked<M>} marked
 * @returns {Promise<Pieces | undefined>} `undefined` if marks are not where they must be, or it is too short
 */
export async function markedPieces(file, name, { pieceSecs, minSecs, decodeRateHz }, marked) {
  const { sampleRateHz, samples, first, settlingSamples, parts } = marked;
  const durationSecs = samples / sampleRateHz;
  if (!(sampleRateHz > 0) || durationSecs < minSecs) return undefined;
  const count = Math.ceil(durationSecs / pieceSecs);
  const step = sampleRateHz / commonDivisor(sampleRateHz, decodeRateHz);
  /** @type {Piece[]} */
  const pieces = [];
  let from = first;
  let ownSamples = 0;
  for (let index = 1; index <= count; index++) {
    const nextOwn = Math.round((index * samples) / count);
    const before = nextOwn - MARGIN_SAMPLES - settlingSamples;
    const after = nextOwn + MARGIN_SAMPLES;
    const marks = index === count ? [] : await marksAround(file, name, marked, before - (step > 1 ? ALIGNED_SAMPLES : 0), after);
    const to = marks.find(({ endSample }) => endSample >= after);
    const next = marks.findLast(({ sample }) => sample <= before && sample % step === 0);
    if (index < count && !(to && next)) return undefined;
    pieces.push({
      blob: new Blob(parts(from, to)),
      startSamples: from.sample,
      ownSamples,
      lengthSamples: to && to.endSample - from.sample,
    });
    if (next) from = next;
    ownSamples = nextOwn;
  }
  return { sampleRateHz, samples, pieces };
}

/**
 * @template {Mark} M
 * @param {Blob} file
 * @param {string} name
 * @param {Marked<M>} marked
 * @param {number} fromSample
 * @param {number} toSample
 * @returns {Promise<M[]>} of both and of all between; none if they can't be found
 */
async function marksAround(file, name, { first, samples, findMarks }, fromSample, toSample) {
  /** @type {{ offset: number, sample: number }} */
  let low = first;
  let high = { offset: file.size, sample: samples };
  const lookBytes = MIN_LOOK_BYTES + Math.ceil((2 * (toSample - fromSample) * file.size) / samples);
  let at = -1;
  for (let look = 0; look < MAX_LOOKS && low.sample < high.sample; look++) {
    const share = look % 4 === 3 ? 0.5 : ((fromSample + toSample) / 2 - low.sample) / (high.sample - low.sample);
    const lookAt = Math.max(first.offset, Math.floor(low.offset + share * (high.offset - low.offset) - lookBytes / 2));
    // Nothing more is to be found out.
    if (lookAt === at) return [];
    at = lookAt;
    const marks = findMarks(await bytesOf(file, name, at, at + lookBytes), at);
    const latest = marks.at(-1);
    if (!latest) return [];
    const before = marks.findLast(({ sample }) => sample <= fromSample);
    if (before && latest.endSample >= toSample) return marks;
    if (before) low = before;
    else high = /** @type {M} */ (marks[0]);
  }
  return [];
}
