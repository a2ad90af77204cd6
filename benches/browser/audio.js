/**
 * Makes the music of the bench with the tests' synthesiser and ffmpeg, unless it exists.
 *
 *     node audio.js OUT
 *
 * Writes into the folder `OUT` two songs of 4 minutes and two clips of 30 s, each pair a tune and
 * its copy 1 semitone higher, as stereo MP3 at 192 kbit/s; and the first song as mono f32 samples
 * at the model's rate, whole and its first 3 s.
 */

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { audioFolder, pitchShift } from "../../tests/browser/support/harness.js";
import { MODEL_RATE_HZ, SEGMENT_SECS, SONG_SECS } from "./page/sizes.js";

const CLIP_SECS = 30;
const SEED = 5;
const MP3 = ["-ac", "2", "-c:a", "libmp3lame", "-b:a", "192k"];

const out = process.argv[2];
if (!out) throw new Error("usage: node audio.js OUT");
mkdirSync(out, { recursive: true });

/**
 * @param {string} name
 * @param {(audio: ReturnType<typeof audioFolder>) => string} make returns the path of its file
 */
function made(name, make) {
  const path = join(out, name);
  if (existsSync(path)) return path;
  const audio = audioFolder();
  // Moved to its place when complete, so that an interrupted run leaves no partial file.
  writeFileSync(`${path}.part`, readFileSync(make(audio)));
  renameSync(`${path}.part`, path);
  audio.remove();
  return path;
}

for (const [kind, durationSecs] of /** @type {const} */ ([
  ["song", SONG_SECS],
  ["clip", CLIP_SECS],
])) {
  made(`${kind}-left.mp3`, (audio) => audio.encoded("left.mp3", audio.tune("tune.wav", SEED, durationSecs), MP3));
  made(`${kind}-right.mp3`, (audio) =>
    audio.encoded("right.mp3", audio.tune("tune.wav", SEED, durationSecs), ["-af", pitchShift(1), ...MP3]),
  );
}
for (const [kind, durationSecs] of /** @type {const} */ ([
  ["song", SONG_SECS],
  ["segment", SEGMENT_SECS],
])) {
  const raw = ["-ac", "1", "-ar", String(MODEL_RATE_HZ), "-t", String(durationSecs), "-f", "f32le"];
  made(`${kind}.f32`, (audio) => audio.encoded("samples.f32", join(out, "song-left.mp3"), raw));
}
