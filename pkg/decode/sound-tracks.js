/** Sound tracks: which a file has, for callers who choose one of several. */

import { SongFile } from "./file/song-file.js";
import { blobOf, isBlob, isBytes, songName } from "./song-input.js";

/** @import { FileBytes } from "./song-input.js" */

/**
 * @typedef {Object} SoundTrack
 * @property {number} number 1 for the file's first
 * @property {boolean} isDefault whether it is compared where none is chosen
 * @property {string | undefined} language such as `eng`, if the file tells it
 * @property {string | undefined} title
 * @property {File} file the file with this sound track alone, to be given as a song
 */

/**
 * The sound tracks of an MP4, MOV, M4A, Matroska, WebM or Ogg file.
 * @param {Blob | FileBytes} input
 * @returns {Promise<SoundTrack[]>} none for other formats, and for damaged files
 * @throws {CheckerError} for a file that can't be read
 */
export async function soundTracks(input) {
  if (!isBlob(input) && !isBytes(input)) throw new TypeError("Sound tracks are those of a File, a Blob or its bytes.");
  const name = songName(input);
  const { tracksOf } = await import("./containers/tracks.js");
  const tracks = await tracksOf(new SongFile(await blobOf(input), name));
  return tracks.map(({ isDefault, language, title, blob }, index) => ({
    number: index + 1,
    isDefault,
    language,
    title,
    file: new File([blob], name, { type: blob.type }),
  }));
}
