/**
 * Cost of matching in wasm on the CPU, on one thread, for two different songs of 1, 4, 10 and 30
 * minutes, or of the given durations in minutes; `8/60` is a song of 8 minutes against one of 60.
 * Prints the seconds of `compare`, nanoseconds per cell of the score matrix, and the wasm memory:
 * with the weights and both songs, the addition by matching at its peak, and the total peak.
 *
 *     cargo xtask web && node tests/songs/matching-cost.js [MINUTES | LEFT/RIGHT]...
 *
 * wasm memory never shrinks, so that its size after a step is the peak of that step. Therefore one
 * instance analyses the songs, and another one gets their bytes: there only matching makes the
 * memory grow. The right song copies a part of the left one, so that passages are found and
 * refined. Exits with 1 if matching takes more than 100 MiB for songs of up to 10 minutes.
 */

import { readFile } from "node:fs/promises";

const RATE_HZ = 22_050;
/** Distance between the starts of two segments. */
const HOP_SECS = (2 * 16 * 512) / RATE_HZ;
const MOST_MIB = 100;
const wasmFolder = new URL("../../pkg/wasm/", import.meta.url);
const [binary, weights] = await Promise.all(
  ["cpu/soundalike_bg.wasm", "weights.safetensors"].map((file) => readFile(new URL(file, wasmFolder))),
);
const lengths = process.argv.length > 2 ? process.argv.slice(2) : ["1", "4", "10", "30"];
let instances = 0;

console.log(
  "minutes         cells   analyse s   compare s   ns a cell   MiB before   MiB added   MiB in all   passages   score",
);
for (const length of lengths) {
  const [left = 1, right = left] = length.split("/").map(Number);
  const analyseStart = performance.now();
  const songs = [await analysed(music(left, 1)), await analysed(music(right, 2))];
  const analyseSecs = (performance.now() - analyseStart) / 1000;
  const { checker, mebibytes } = await instance();
  const [leftSong, rightSong] = songs.map((bytes) => checker.songFromBytes(bytes, "song"));
  const before = mebibytes();
  const compareStart = performance.now();
  const report = checker.compare(leftSong, rightSong);
  const compareSecs = (performance.now() - compareStart) / 1000;
  const added = mebibytes() - before;
  // The report's matrix is coarser for long songs.
  const cells = report.matrix.rows * report.matrix.cols * Math.round(report.matrix.hopSecs / HOP_SECS) ** 2;
  const row = [
    [cells, 10],
    [analyseSecs.toFixed(2), 9],
    [compareSecs.toFixed(3), 9],
    [((1e9 * compareSecs) / cells).toFixed(0), 9],
    [before.toFixed(1), 10],
    [added.toFixed(1), 9],
    [mebibytes().toFixed(1), 10],
    [report.passages.length, 8],
    [report.score, 5],
  ];
  console.log(length.padEnd(10), row.map(([cell, width]) => String(cell).padStart(Number(width))).join("   "));
  if (Math.max(left, right) <= 10 && added > MOST_MIB) {
    console.error(`matching takes ${added.toFixed(0)} MiB for ${length} minutes; at most ${MOST_MIB} are meant`);
    process.exitCode = 1;
  }
}

/** A new engine, and the size of its memory. */
async function instance() {
  // Another query string makes another module with its own instance.
  const glue = await import(`${new URL("cpu/soundalike.js", wasmFolder)}?${instances++}`);
  const { memory } = glue.initSync({ module: binary });
  const checker = await glue.Checker.create("cpu", new Uint8Array(weights));
  return { checker, mebibytes: () => memory.buffer.byteLength / 2 ** 20 };
}

/**
 * Bytes of an analysed song, made by an engine whose memory is freed.
 * @param {Float32Array} samples
 * @returns {Promise<Uint8Array>}
 */
async function analysed(samples) {
  const { checker } = await instance();
  const stream = checker.stream("song", RATE_HZ, samples.length);
  stream.append(samples);
  return checker.songToBytes(await checker.analyse(stream));
}

/**
 * A melody of random notes; one fifth, from the middle on, is the same for every seed.
 *
 * @param {number} minutes
 * @param {number} seed
 */
function music(minutes, seed) {
  const samples = new Float32Array(Math.round(minutes * 60 * RATE_HZ));
  const noteSamples = 5_000;
  const notes = Math.ceil(samples.length / noteSamples);
  for (let note = 0; note < notes; note++) {
    const firstShared = Math.ceil(0.4 * notes);
    const isShared = note >= firstShared && note < 0.6 * notes;
    // The index starts at the first shared note, so that they are equal in songs of different
    // durations, too.
    const hz = 220 * 2 ** (Math.floor((isShared ? random(0, note - firstShared) : random(seed, note)) * 24) / 12);
    const end = Math.min(samples.length, (note + 1) * noteSamples);
    for (let n = note * noteSamples; n < end; n++) {
      const phase = (2 * Math.PI * hz * n) / RATE_HZ;
      const strength = 0.3 * Math.exp((-3 * (n - note * noteSamples)) / noteSamples);
      samples[n] = strength * (Math.sin(phase) + 0.5 * Math.sin(2 * phase) + 0.3 * Math.sin(3 * phase));
    }
  }
  return samples;
}

/**
 * Uniformly distributed in 0..1, a function of two numbers.
 *
 * @param {number} seed
 * @param {number} index
 */
function random(seed, index) {
  let hash = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32;
}
