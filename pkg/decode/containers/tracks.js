/**
 * Tracks: the sound tracks of MP4, Matroska and Ogg files, each as a file of its own. Such a file
 * has the bytes of the whole one, which stay on the disk, except for a few bytes of the header:
 * they take the other sound tracks away, so that the browser plays this one.
 */

import { containerOf } from "./container.js";
import { NotCuttable } from "../file/not-cuttable.js";

/** @import { SongFile } from "../file/song-file.js" */

/**
 * Bytes that are written over those of a file.
 * @typedef {{ offset: number, bytes: Uint8Array<ArrayBuffer> }} Patch
 */

/**
 * A sound track as the readers of the formats find it.
 * @typedef {Object} FoundTrack
 * @property {boolean} isFlagged whether the file marks it to be played
 * @property {string | undefined} language ISO 639 or BCP 47
 * @property {string | undefined} title
 * @property {string} codec as the format names it
 * @property {Patch[]} whenChosen patches that mark it to be played
 * @property {Patch[]} whenLeft patches that take it away
 */

/**
 * @typedef {Object} Track
 * @property {boolean} isDefault
 * @property {string | undefined} language
 * @property {string | undefined} title
 * @property {string} codec as the format names it
 * @property {Blob} blob
 */

/**
 * @typedef {{ findTracks: (file: SongFile) => Promise<FoundTrack[]> }} Finder
 */

/** @type {Partial<Record<string, () => Promise<Finder>>>} */
const FINDERS = {
  mp4: () => import("./mp4/tracks.js"),
  ogg: () => import("./ogg/tracks.js"),
  webm: () => import("./webm/tracks.js"),
};

/**
 * The sound tracks of a file, in its order. Of several that are marked to be played, or if none is,
 * the first is the default one.
 * @param {SongFile} file
 * @returns {Promise<Track[]>} none for formats without tracks and for damaged files
 * @throws {CheckerError} for a file that can't be read
 */
export async function tracksOf(file) {
  const found = await foundIn(file);
  const flagged = found.findIndex(({ isFlagged }) => isFlagged);
  return found.map((track, index) => {
    const left = found.filter((other) => other !== track);
    const patches = [...track.whenChosen, ...left.flatMap(({ whenLeft }) => whenLeft)];
    return {
      isDefault: index === Math.max(0, flagged),
      language: track.language,
      title: track.title,
      codec: track.codec,
      blob: patched(file, patches),
    };
  });
}

/** @param {SongFile} file */
async function foundIn(file) {
  try {
    const find = FINDERS[await containerOf(file)];
    return find ? await (await find()).findTracks(file) : [];
  } catch (error) {
    if (error instanceof NotCuttable) return [];
    throw error;
  }
}

/** @param {SongFile} file @param {Patch[]} patches */
function patched(file, patches) {
  const parts = /** @type {BlobPart[]} */ ([]);
  let from = 0;
  for (const { offset, bytes } of patches.sort((a, b) => a.offset - b.offset)) {
    parts.push(file.slice(from, offset), bytes);
    from = offset + bytes.length;
  }
  return new Blob([...parts, file.slice(from)], { type: file.blob.type });
}
