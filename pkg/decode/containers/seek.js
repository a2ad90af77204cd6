/**
 * Seek: finds the seek points around a sample. In a table that is a binary search. In a file whose
 * frames or pages state their position, a few reads find them, by interpolation between the last
 * two.
 */

/** @import { SongFile } from "../file/song-file.js" */
/** @import { SeekPoint } from "./cut.js" */

/**
 * Bytes of a read beyond twice the average size of the range: five Ogg pages of maximal size, of
 * which two are incomplete and one only marks the next.
 */
const MIN_LOOK_BYTES = 320 * 1024;
/** Reads per search: interpolation rarely needs three; bisection ends within 40. */
const MAX_LOOKS = 40;

/**
 * @template {SeekPoint} P
 * @param {P[]} points all of a file, in order
 * @returns {(fromSample: number, toSample: number) => Promise<P[]>} as `seekPointsAround`
 */
export function searchTable(points) {
  /**
   * The number of points up to a sample.
   * @param {"sample" | "endSample"} of
   * @param {number} wanted
   */
  const countUpTo = (of, wanted) => {
    let low = 0;
    for (let high = points.length; low < high;) {
      const middle = (low + high) >> 1;
      if (/** @type {P} */ (points[middle])[of] <= wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return async (fromSample, toSample) =>
    points.slice(Math.max(0, countUpTo("sample", fromSample) - 1), countUpTo("endSample", toSample) + 1);
}

/**
 * @template {SeekPoint} P
 * @param {SongFile} file
 * @param {Object} song
 * @param {number} song.samples of a channel
 * @param {P} song.first seek point
 * @param {(bytes: Uint8Array<ArrayBuffer>, offset: number) => P[]} song.findSeekPoints in bytes
 *   from anywhere in the file
 * @returns {(fromSample: number, toSample: number) => Promise<P[]>} as `seekPointsAround`
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
      // The same place again would give the same points.
      if (lookAt === at) return [];
      at = lookAt;
      const points = findSeekPoints(await file.bytes(at, at + lookBytes), at);
      const latest = points.at(-1);
      if (!latest) return [];
      const before = points.findLast(({ sample }) => sample <= fromSample);
      if (before && latest.endSample >= toSample) return points;
      if (before) low = before;
      else high = /** @type {P} */ (points[0]);
    }
    return [];
  };
}
