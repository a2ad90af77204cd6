/**
 * Kept songs: the number and size of the analysed songs on this device, and the button that deletes
 * them.
 */

import { cache } from "../shared/checker.js";
import { byId } from "../shared/dom.js";
import { fileSize } from "../shared/format.js";

/** Shortest time between two updates while many songs are checked: each reads the whole cache. */
const REDRAW_MS = 2000;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let redraw;

/** Shows the state soon; for frequent changes. */
export function showKeptSongsSoon() {
  redraw ??= setTimeout(() => {
    redraw = undefined;
    void showKeptSongs();
  }, REDRAW_MS);
}

/** Shows the current state. */
export async function showKeptSongs() {
  const { songs, bytes, lasting } = await cache.size();
  const count = `${songs} analysed ${songs === 1 ? "song" : "songs"}, ${fileSize(bytes)}`;
  const where = lasting ? "on this device" : "until you close this page, as the browser keeps nothing for it";
  byId("kept-words").textContent = songs === 0 ? "Nothing is kept at the moment." : `Kept ${where}: ${count}.`;
  byId("kept-clear").hidden = songs === 0;
}

byId("kept-clear").addEventListener("click", async () => {
  const hadKeyboard = document.activeElement === byId("kept-clear");
  await cache.clear();
  await showKeptSongs();
  const words = byId("kept-words");
  byId("status").textContent = words.textContent;
  // The focused button is hidden.
  if (hadKeyboard) words.focus();
});
