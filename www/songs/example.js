/** Example: two songs for visitors who have none at hand. */

import { CheckerError } from "../pkg/index.js";

/**
 * The second one plays half a minute of the first one, 2 semitones higher and 8 % faster, between
 * other music.
 */
const PATHS = ["example/harbour-lights.mp3", "example/midnight-ferry.mp3"];

/** @throws {CheckerError} a song could not be loaded */
export function exampleSongs() {
  return Promise.all(PATHS.map(load));
}

/** @param {string} path */
async function load(path) {
  const response = await fetch(path).catch(() => undefined);
  if (!response?.ok)
    throw new CheckerError("decode-failed", "The example could not be loaded. Check the connection and try again.");
  return new File([await response.blob()], path.replace(/^.*\//, ""), { type: "audio/mpeg" });
}
