/**
 * Makes the example songs of the site, www/example/*.mp3, from the tests' synthesised music, which
 * nobody has rights in. The second song plays half a minute of the first, 2 semitones higher and 8
 * % faster, between other music.
 *
 *     node make-example.js
 */

import { copyFileSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { audioFolder, pitchShift } from "../support/harness.js";

const MP3 = ["-ac", "1", "-c:a", "libmp3lame", "-b:a", "64k", "-map_metadata", "-1", "-fflags", "+bitexact"];

const audio = audioFolder();
const shared = medley("shared.wav", [
  audio.tune("verse.wav", 3, 11),
  audio.tune("chorus.wav", 1, 10),
  audio.tune("bridge.wav", 9, 10),
]);
const borrowed = audio.encoded("borrowed.wav", shared, ["-af", `${pitchShift(2)},atempo=1.08`]);
const left = medley("harbour-lights.mp3", [audio.tune("a.wav", 10, 14), shared, audio.tune("b.wav", 4, 18)], MP3);
const right = medley("midnight-ferry.mp3", [audio.tune("c.wav", 5, 12), borrowed, audio.tune("d.wav", 2, 18)], MP3);

/**
 * Joins three files with crossfades.
 * @param {string} name @param {[string, string, string]} pieces
 */
function medley(name, [first, second, third], options = /** @type {string[]} */ ([])) {
  const joined = "[0:a][1:a]acrossfade=d=0.5[a];[a][2:a]acrossfade=d=0.5[out]";
  return audio.encoded(name, first, [
    "-i",
    second,
    "-i",
    third,
    "-filter_complex",
    joined,
    "-map",
    "[out]",
    ...options,
  ]);
}

const folder = fileURLToPath(new URL("../../../www/example/", import.meta.url));
mkdirSync(folder, { recursive: true });
copyFileSync(left, `${folder}harbour-lights.mp3`);
copyFileSync(right, `${folder}midnight-ferry.mp3`);
audio.remove();
