/**
 * What matching costs in wasm on the CPU, on one thread: seconds of `compare` and bytes of wasm memory that it adds, for two different songs of 1, 4, 10
 * and 30 minutes, or of the lengths given, in minutes; `8/60` is a song of 8 against one of 60.
 *
 *     cargo xtask web && node tests/songs/matching-cost.js [MINUTES | LEFT/RIGHT]...
 *
 * Each pair has an instance of its own, because wasm memory never shrinks. The right song copies a part of the left one, so that passages are found
 * and refined.
 */

import { readFile } from "node:fs/promises";

const RATE_HZ = 22_050;
const wasmFolder = new URL("../../pkg/wasm/", import.meta.url);
const [binary, weights] = await Promise.all(
  ["cpu/soundalike_bg.wasm", "weights.safetensors"].map((file) => readFile(new URL(file, wasmFolder))),
);
const lengths = process.argv.length > 2 ? process.argv.slice(2) : ["1", "4", "10", "30"];

console.log("minutes      analyse s   compare s   MiB before   MiB added   passages   score");
for (const [index, length] of lengths.entries()) {
  const [left = 1, right = left] = length.split("/").map(Number);
  // Another query makes another module, with an instance of its own.
  const glue = await import(`${new URL("cpu/soundalike.js", wasmFolder)}?${index}`);
  const { memory } = glue.initSync({ module: binary });
  const mebibytes = () => memory.buffer.byteLength / 2 ** 20;
  const checker = await glue.Checker.create("cpu", new Uint8Array(weights));
  const analyseStart = performance.now();
  const songs = [
    await checker.analyse("left", music(left, 1), RATE_HZ),
    await checker.analyse("right", music(right, 2), RATE_HZ),
  ];
  const analyseSecs = (performance.now() - analyseStart) / 1000;
  const before = mebibytes();
  const compareStart = performance.now();
  const report = checker.compare(...songs);
  const compareSecs = (performance.now() - compareStart) / 1000;
  const row = [
    analyseSecs.toFixed(2),
    compareSecs.toFixed(3),
    before.toFixed(0),
    (mebibytes() - before).toFixed(0),
    report.passages.length,
    report.score,
  ];
  console.log(length.padEnd(12), row.map((cell) => String(cell).padStart(9)).join("   "));
}

/**
 * A melody of random notes; a fifth of it, from the middle on, is the same for every seed.
 *
 * @param {number} minutes
 * @param {number} seed
 */
function music(minutes, seed) {
  const samples = new Float32Array(Math.round(minutes * 60 * RATE_HZ));
  const noteSamples = 5_000;
  const notes = Math.ceil(samples.length / noteSamples);
  for (let note = 0; note < notes; note++) {
    const isShared = note > 0.4 * notes && note < 0.6 * notes;
    const hz = 220 * 2 ** (Math.floor(random(isShared ? 0 : seed, note) * 24) / 12);
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
 * Evenly distributed in 0..1, by two numbers.
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
