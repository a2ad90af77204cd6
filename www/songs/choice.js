/** Choice: the sides to which dropped or chosen files go. */

import { Song, probeDurationSecs } from "../pkg/index.js";

/** @typedef {import("./dropped-files.js").Found} Found */
/** @typedef {import("./dropped-files.js").FoundFile} FoundFile */
/** @typedef {"left" | "right"} Side `left`: your song; `right`: the other one */
/**
 * @typedef {{ songs: [Side, File][], library: FoundFile[] | undefined }} Places `library`: the
 *   songs yours is compared with
 */

/**
 * A song that was given, and its handle.
 * @typedef {Object} ChosenSong
 * @property {File} file
 * @property {Song} song
 * @property {Promise<number | undefined>} probe resolves to `expectedSecs`
 * @property {number | undefined} expectedSecs duration that the browser tells before it decodes the
 *   file, once it does
 */

/**
 * How the files of a library were given.
 * @typedef {Object} Origin
 * @property {number} leftOut number of files given with them that aren't music
 * @property {string | undefined} replaced name of the other song that they replaced, if they were
 *   given to your song's zone
 */

/** @param {File} file @returns {ChosenSong} */
export function chosenSong(file) {
  const chosen = {
    file,
    song: new Song(file),
    expectedSecs: /** @type {number | undefined} */ (undefined),
    probe: probeDurationSecs(file),
  };
  void chosen.probe.then((secs) => (chosen.expectedSecs = secs));
  return chosen;
}

/**
 * One file goes to the side it was given to. Two files go to both sides, unless your song is there
 * already. More files, or a folder, are a library; of files given to the left side, the first is
 * your song.
 * @param {Side} side
 * @param {Found} found at least one song
 * @param {boolean} hasYourSong
 * @returns {Places}
 */
export function placesOf(side, { songs, isFolder }, hasYourSong) {
  const [first, second, ...more] = songs;
  if (!first || isFolder) return { songs: [], library: songs };
  if (!second) return { songs: [[side, first.file]], library: undefined };
  const isPair = more.length === 0 && !(side === "right" && hasYourSong);
  if (isPair) {
    const otherSide = side === "left" ? "right" : "left";
    return {
      songs: [
        [side, first.file],
        [otherSide, second.file],
      ],
      library: undefined,
    };
  }
  if (side === "left") return { songs: [["left", first.file]], library: songs.slice(1) };
  return { songs: [], library: songs };
}

/**
 * Why none of the files can be checked; empty if nothing was given.
 * @param {Found} found without songs
 */
export function noMusicSentence({ leftOut, isFolder, isText }) {
  if (isFolder) return "There is no music in this folder.";
  if (leftOut > 0) return "None of these files is music that a browser plays.";
  return isText ? "This is a link or text and not a file. Save the song first, then drop its file here." : "";
}

/**
 * Asks for the songs that are missing, once there is one.
 * @param {boolean} hasYourSong
 * @param {Origin | undefined} origin of the library, if there is one
 */
export function missingSentence(hasYourSong, origin) {
  if (hasYourSong) return origin ? "" : "Now choose the song to compare it with, or several, or drop them anywhere.";
  const replaced = origin?.replaced;
  const room = replaced ? `“${replaced}” made room for this folder. ` : "";
  return `${room}Now choose your song, or drop it anywhere.`;
}
