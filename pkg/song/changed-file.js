/** Changed file: the analysis of a file that another program changed since then is not used. */

import { filePrint, isSamePrint } from "../decode/file-print.js";
import { unreadable } from "../decode/file/song-file.js";
import { blobOf, isFileOnDisk } from "../decode/song-input.js";

/** @import { Song } from "./song.js" */

/**
 * Remembers what is about to be analysed.
 * @param {Song} song
 * @param {Blob} file of the song
 */
export async function rememberFile(song, file) {
  if (isFileOnDisk(song.input)) song.print = await printOf(song, file);
}

/** @param {Song} song @param {Blob} file @throws {CheckerError} if it has changed meanwhile */
export async function requireSameFile(song, file) {
  if (song.print && !isSamePrint(song.print, await printOf(song, file))) throw unreadable(song.name);
}

/**
 * Looks that go on: many checks of one song may begin at once.
 * @type {WeakMap<Song, Promise<void>>}
 */
const looking = new WeakMap();

/**
 * Forgets the analysis of a file whose content is another one now.
 * @param {Song} song
 * @returns {Promise<void>}
 * @throws {CheckerError} if the browser only knows that the file was changed
 */
export function forgetIfChanged(song) {
  const going = looking.get(song);
  if (going) return going;
  const look = forgetChanged(song).finally(() => looking.delete(song));
  looking.set(song, look);
  return look;
}

/** @param {Song} song */
async function forgetChanged(song) {
  if (!song.print || !isFileOnDisk(song.input)) return;
  try {
    if (isSamePrint(song.print, await filePrint(await blobOf(song.input)))) return;
  } catch (cause) {
    // The analysis of a file that is gone is still that of the chosen song.
    if (cause instanceof DOMException && cause.name === "NotFoundError") return;
    throw unreadable(song.name, cause);
  }
  song.free();
  song.print = song.sha256 = undefined;
}

/** @param {Song} song @param {Blob} file */
function printOf({ name }, file) {
  return filePrint(file).catch((cause) => {
    throw unreadable(name, cause);
  });
}
