/**
 * Damaged music files: a tune in thirteen formats, changed at random places of header and body. The
 * same seed gives the same changes.
 */

import { readFileSync } from "node:fs";
import { mulberry32 } from "./music.js";

/** Formats of the tune before it is damaged. */
const FORMATS = /** @type {const} */ ([
  ["mp3", ["-c:a", "libmp3lame", "-b:a", "96k"]],
  ["ogg", ["-c:a", "libvorbis", "-q:a", "3"]],
  ["flac", ["-c:a", "flac"]],
  ["wav", ["-c:a", "pcm_s16le"]],
  ["m4a", ["-c:a", "aac", "-aac_pns", "0", "-movflags", "+faststart"]],
  ["webm", ["-c:a", "libopus"]],
  ["mp4", ["-c:a", "aac", "-aac_pns", "0", "-movflags", "+frag_keyframe+empty_moov", "-frag_duration", "1000000"]],
  // Browsers refuse these, and our own decoder reads them.
  ["aiff", ["-c:a", "pcm_s24be"]],
  ["caf", ["-c:a", "alac"]],
  ["w64", ["-c:a", "pcm_f32le"]],
  ["avi", ["-c:a", "libmp3lame"]],
  ["flv", ["-c:a", "aac"]],
  ["ts", ["-c:a", "aac"]],
]);

/**
 * Approximate end of the headers: the packets of a Vorbis file begin after some 4 kB, frames of the
 * others much earlier.
 */
const HEADER_BYTES = {
  mp3: 600,
  ogg: 4200,
  flac: 120,
  wav: 44,
  m4a: 2000,
  webm: 460,
  mp4: 1200,
  aiff: 54,
  caf: 200,
  w64: 104,
  avi: 5700,
  flv: 300,
  ts: 564,
};

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
 * @returns {{ path: string, name: string, what: string }[]}
 */
export function hostileFiles(audio, count, seed, secs = 6) {
  const random = mulberry32(seed);
  const next = (/** @type {number} */ below) => Math.floor(random() * below);
  const tune = audio.tune("whole.wav", seed, secs);
  const whole = FORMATS.map(([format, options]) => ({
    format,
    bytes: readFileSync(audio.encoded(`whole-copy.${format}`, tune, [...options])),
  }));
  const kinds = Object.entries(CHANGES);
  return Array.from({ length: count }, (_, index) => {
    const { format, bytes } = /** @type {typeof whole[number]} */ (whole[index % whole.length]);
    const inHeader = Math.floor(index / whole.length) % 2 === 0;
    const from = inHeader ? 0 : HEADER_BYTES[format];
    const to = inHeader ? HEADER_BYTES[format] : bytes.length;
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
    const name = `${String(index).padStart(3, "0")}.${format}`;
    return { path: audio.file(name, changed), name, what: `${inHeader ? "header" : "body"}: ${done.join(", ")}` };
  });
}
