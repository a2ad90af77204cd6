/**
 * Makes the example songs of the site, www/example/*.mp3, with the tests' own music and ffmpeg: free of anybody's rights.
 * The second one plays half a minute of the first, two semitones higher and 8 % faster, between other music.
 *
 *     node make-example.js
 */

import { copyFileSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { audioFolder, pitchShift } from "./harness.js";

const MP3 = ["-ac", "1", "-c:a", "libmp3lame", "-b:a", "64k", "-map_metadata", "-1", "-fflags", "+bitexact"];

const audio = audioFolder();
const original = audio.tune("original.wav", 11, 62);
const other = audio.tune("other.wav", 23, 40);
const left = audio.encoded("harbour-lights.mp3", original, MP3);
const borrowed = audio.encoded("borrowed.wav", original, ["-ss", "14", "-t", "30", "-af", `${pitchShift(2)},atempo=1.08`]);
const head = audio.encoded("head.wav", other, ["-t", "12"]);
const tail = audio.encoded("tail.wav", other, ["-ss", "12", "-t", "18"]);
const joined = "[0:a][1:a]acrossfade=d=0.5[a];[a][2:a]acrossfade=d=0.5[out]";
const right = audio.encoded("midnight-ferry.mp3", head, ["-i", borrowed, "-i", tail, "-filter_complex", joined, "-map", "[out]", ...MP3]);

const folder = fileURLToPath(new URL("../../www/example/", import.meta.url));
mkdirSync(folder, { recursive: true });
copyFileSync(left, `${folder}harbour-lights.mp3`);
copyFileSync(right, `${folder}midnight-ferry.mp3`);
audio.remove();
