/**
 * SeekPoint search: finds what is around a sample, in a table of points where there is one, or else in a file whose frames or pages
 * say themselves which sample they are. There a few looks find it: each makes the next guess better.
 */

/** @import { SongFile } from "../song-file.js" */
/** @import { SeekPoint } from "./cut.js" */

/** A look reads twice what the song has there on average, and this: five of the longest pages of Ogg, of which the first and the last are cut off, and one tells only where the next begins. */
const MIN_LOOK_BYTES = 320 * 1024;
/** A guess is seldom wrong twice; where it is, halving comes to an end within these. */
const MAX_LOOKS = 40;

/**
 * @template {SeekPoint} M
 * @param {M[]} points all that a file has
 * @returns {(fromSample: number, toSample: number) => Promise<M[]>} points of both and all between
 */
export function searchTable(points) {
  /** How many are not beyond a sample. @param {"sample" | "endSample"} of @param {number} wanted */
  const countUpTo = (of, wanted) => {
    let low = 0;
    for (let high = points.length; low < high;) {
      const middle = (low + high) >> 1;
      if (/** @type {M} */ (points[middle])[of] <= wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return async (fromSample, toSample) =>
    points.slice(Math.max(0, countUpTo("sample", fromSample) - 1), countUpTo("endSample", toSample) + 1);
}

/**
 * @template {SeekPoint} M
 * @param {SongFile} file
 * @param {Object} song
 * @param {number} song.samples of a channel
 * @param {M} song.first point
 * @param {(bytes: Uint8Array<ArrayBuffer>, offset: number) => M[]} song.findSeekPoints all in bytes that begin somewhere in the file
 * @returns {(fromSample: number, toSample: number) => Promise<M[]>} points of both and of all between; none if they can't be found
 */
export function searchFile(file, { samples, first, findSeekPoints }) {
  return async (fromSample, toSample) => {
    /** @type {{ offset: number, sample: number }} */
    let low = first;
    let high = { offset: file.size, sample: samples };
    const lookBytes = MIN_LOOK_BYTES + Math.ceil((2 * (toSample - fromSample) * file.size) / samples);
    let at = -1;
    for (let look = 0; look < MAX_LOOKS && low.sample < high.sample; look++) {
      const share = look % 4 === 3 ? 0.5 : ((fromSample + toSample) / 2 - low.sample) / (high.sample - low.sample);
      const lookAt = Math.max(
        first.offset,
        Math.floor(low.offset + share * (high.offset - low.offset) - lookBytes / 2),
      );
      // Nothing more is to be found out.
      if (lookAt === at) return [];
      at = lookAt;
      const points = findSeekPoints(await file.bytes(at, at + lookBytes), at);
      const latest = points.at(-1);
      if (!latest) return [];
      const before = points.findLast(({ sample }) => sample <= fromSample);
      if (before && latest.endSample >= toSample) return points;
      if (before) low = before;
      else high = /** @type {M} */ (points[0]);
    }
    return [];
  };
}
