/**
 * Damaged music files: a tune in several formats, changed at random places of header and body. The
 * same seed gives the same changes.
 */

import { readFileSync } from "node:fs";
import { FOREIGN, swapped } from "./foreign-formats.js";
import { mulberry32 } from "./music.js";

/** @typedef {[extension: string, options: string[], headerBytes: number]} Format */

/**
 * Formats of the tune before it is damaged: options of FFmpeg and the approximate end of the
 * headers. The packets of a Vorbis file begin after some 4 kB, frames of the others much earlier.
 * @type {Format[]}
 */
const FORMATS = [
  ["mp3", ["-c:a", "libmp3lame", "-b:a", "96k"], 600],
  ["ogg", ["-c:a", "libvorbis", "-q:a", "3"], 4200],
  ["flac", ["-c:a", "flac"], 120],
  ["wav", ["-c:a", "pcm_s16le"], 44],
  ["m4a", ["-c:a", "aac", "-aac_pns", "0", "-movflags", "+faststart"], 2000],
  ["webm", ["-c:a", "libopus"], 460],
  [
    "mp4",
    ["-c:a", "aac", "-aac_pns", "0", "-movflags", "+frag_keyframe+empty_moov", "-frag_duration", "1000000"],
    1200,
  ],
  // Browsers refuse these, and our own decoder reads them.
  ["aiff", ["-c:a", "pcm_s24be"], 54],
  ["caf", ["-c:a", "alac"], 200],
  ["w64", ["-c:a", "pcm_f32le"], 104],
  ["avi", ["-c:a", "libmp3lame"], 5700],
  ["flv", ["-c:a", "aac"], 300],
  ["ts", ["-c:a", "aac"], 564],
];

/** Headers that are longer than most, in bytes, by the name of the file. */
const LONG_HEADERS = /** @type {Record<string, number>} */ ({ "mp3.avi": 5700, "pcm.avi": 5700, "aac.ts": 564 });
/** Headers of other files, in bytes. */
const HEADER_BYTES = 200;

/**
 * All formats that browsers refuse and our own decoder reads.
 * @type {Format[]}
 */
export const FOREIGN_FORMATS = Object.entries(FOREIGN).map(([name, options]) => {
  const extension = /** @type {string} */ (name.split(".")[1]);
  // With the tables of an MP4 file before its sound.
  const all = extension === "m4a" ? [...options, "-movflags", "+faststart"] : options;
  return [extension, all, LONG_HEADERS[name] ?? (extension === "m4a" ? 2000 : HEADER_BYTES)];
});

/** Unexpected values for lengths, rates and counts. */
const ODD_WORDS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** @typedef {{ next(below: number): number }} Chance a whole number below another */

/**
 * Kinds of damage; each changes the bytes between two offsets.
 * @type {Record<string, (bytes: Buffer, from: number, to: number, chance: Chance) => Buffer>}
 */
const CHANGES = {
  "bits flipped": (bytes, from, to, { next }) => {
    for (let flips = 1 + next(24); flips > 0; flips--) bytes[from + next(to - from)] ^= 1 << next(8);
    return bytes;
  },
  "bytes replaced": (bytes, from, to, { next }) => {
    for (let replaced = 1 + next(64); replaced > 0; replaced--) bytes[from + next(to - from)] = next(256);
    return bytes;
  },
  "an odd number": (bytes, from, to, { next }) => {
    const place = Math.min(from + next(to - from), bytes.length - 4);
    const word = ODD_WORDS[next(ODD_WORDS.length)] ?? 0;
    if (next(2)) bytes.writeUInt32LE(word, place);
    else bytes.writeUInt32BE(word, place);
    return bytes;
  },
  "a stretch of one byte": (bytes, from, to, { next }) => {
    const start = from + next(to - from);
    return bytes.fill(next(2) * 255, start, Math.min(to, start + 1 + next(2000)));
  },
  noise: (bytes, from, to, { next }) => {
    const start = from + next(to - from);
    for (let place = start; place < Math.min(to, start + 1 + next(2000)); place++) bytes[place] = next(256);
    return bytes;
  },
  "cut off": (bytes, from, to, { next }) => bytes.subarray(0, from + next(to - from)),
  "a stretch left out": (bytes, from, to, { next }) => {
    const start = from + next(to - from);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + 1 + next(4000))]);
  },
  "a stretch twice": (bytes, from, to, { next }) => {
    const start = from + next(to - from);
    const end = Math.min(bytes.length, start + 1 + next(4000));
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)]);
  },
  "noise put in": (bytes, from, to, { next }) => {
    const start = from + next(to - from);
    const noise = Buffer.from(Array.from({ length: 1 + next(500) }, () => next(256)));
    return Buffer.concat([bytes.subarray(0, start), noise, bytes.subarray(start)]);
  },
};

/**
 * @param {ReturnType<typeof import("../harness.js").audioFolder>} audio folder of the files
 * @param {number} count
 * @param {number} seed
 * @param {number} [secs] duration of each
 * @param {Format[]} [formats]
 * @returns {{ path: string, name: string, what: string }[]}
 */
export function hostileFiles(audio, count, seed, secs = 6, formats = FORMATS) {
  const random = mulberry32(seed);
  const next = (/** @type {number} */ below) => Math.floor(random() * below);
  const tune = audio.tune("whole.wav", seed, secs);
  const whole = formats.map(([extension, options, headerBytes]) => ({
    extension,
    headerBytes,
    bytes: readFileSync(audio.encoded(`whole-copy.${extension}`, tune, options)),
  }));
  if (formats === FOREIGN_FORMATS)
    whole.push({ extension: "wav", headerBytes: 44, bytes: swapped(readFileSync(tune)) });
  const kinds = Object.entries(CHANGES);
  return Array.from({ length: count }, (_, index) => {
    const { extension, headerBytes, bytes } = /** @type {typeof whole[number]} */ (whole[index % whole.length]);
    const inHeader = Math.floor(index / whole.length) % 2 === 0;
    const from = inHeader ? 0 : headerBytes;
    const to = inHeader ? headerBytes : bytes.length;
    /** @type {Buffer} */
    let changed = Buffer.from(bytes);
    const done = [];
    for (let changes = 1 + next(3); changes > 0; changes--) {
      const [kind, change] = /** @type {typeof kinds[number]} */ (kinds[next(kinds.length)]);
      // An earlier change may have cut off this part.
      if (changed.length < 16) break;
      changed = change(changed, Math.min(from, changed.length - 8), Math.min(to, changed.length), { next });
      done.push(kind);
    }
    const name = `${String(index).padStart(3, "0")}.${extension}`;
    return { path: audio.file(name, changed), name, what: `${inHeader ? "header" : "body"}: ${done.join(", ")}` };
  });
}
