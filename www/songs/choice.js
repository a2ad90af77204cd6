/** Choice: the places that dropped or chosen files take. */

/** @typedef {import("./dropped-files.js").Found} Found */
/** @typedef {import("./dropped-files.js").FoundFile} FoundFile */
/** @typedef {"left" | "right"} Side `left`: your song; `right`: the other one */
/** @typedef {{ songs: [Side, File][], library: FoundFile[] | undefined }} Places `library`: the songs yours is compared with */

/**
 * One file takes the side it was given to. Two fill both sides, unless your song is there already.
 * More, or a folder, are a library; given to the left side, the first of them is your song.
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

/** Why none of the files can be checked; empty if nothing came at all. @param {Found} found without songs */
export function noMusicSentence({ leftOut, isFolder, isText }) {
  if (isFolder) return "There is no music in this folder.";
  if (leftOut > 0) return "None of these files is music that a browser plays.";
  return isText ? "This is a link or text and not a file. Save the song first, then drop its file here." : "";
}

/**
 * Asks for the songs that are missing, once there is one.
 * @param {boolean} hasYourSong
 * @param {import("../library/library-check.js").LibraryCheck | undefined} library
 */
export function missingSentence(hasYourSong, library) {
  if (hasYourSong) return library ? "" : "Now choose the song to compare it with, or several, or drop them anywhere.";
  const replaced = library?.origin.replaced;
  const room = replaced ? `“${replaced}” made room for this folder. ` : "";
  return `${room}Now choose your song, or drop it anywhere.`;
}
