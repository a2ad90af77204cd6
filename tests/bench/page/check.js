/** The whole check of two songs of four minutes: our package as others use it, a stack of the libraries, and the browser's decoding alone. */

import { madeFile } from "./files.js";
import { analyse, startOurs } from "./ours.js";
import { decodeAtModelRate, embedBySegments, startEssentia, startMeyda, startOrt } from "./peers.js";
import { inTurn, msOf, timing } from "./rounds.js";
import { MODEL_RATE_HZ } from "./sizes.js";

/** What our package asks browsers to decode to. */
const DECODED_RATE_HZ = 44_100;

/** @param {{ rounds: number, essentiaRounds: number }} options essentia.js takes many times as long */
export async function check({ rounds, essentiaRounds }) {
  const { createChecker } = await import("/site/pkg/index.js");
  const checker = await createChecker({ backend: "cpu" });
  const files = await Promise.all([madeFile("song-left.mp3"), madeFile("song-right.mp3")]);
  const decoded = [];
  for (const file of files) decoded.push(await decodeAtModelRate(file));

  const engine = await startOurs("cpu");
  const [ort, meyda, essentia] = [await startOrt("wasm"), await startMeyda(), await startEssentia()];
  const stages = await ourStages(engine, files, rounds);
  /** @type {import("./ours.js").Song[]} */
  const songs = [];
  for (const samples of decoded) songs.push((await analyse(engine, samples, MODEL_RATE_HZ)).song);
  const match = () => engine.compare(/** @type {any} */ (songs[0]), /** @type {any} */ (songs[1]), undefined);

  /** @param {import("./peers.js").LogMel} logMel @param {() => AsyncGenerator<Float32Array>} inputs */
  const stack = async (logMel, inputs) => {
    for await (const samples of inputs()) await embedBySegments(ort, logMel(samples));
    return match();
  };
  const fromFiles = async function* () {
    for (const file of files) yield await decodeAtModelRate(file);
  };
  const fromSamples = async function* () {
    yield* decoded;
  };
  const asInput = (/** @type {Float32Array | undefined} */ samples) => ({ samples: /** @type {Float32Array} */ (samples), sampleRateHz: MODEL_RATE_HZ });

  const fast = await inTurn(
    {
      decoding: () => msOf(() => decodeAlone(files)),
      soundalike: () => msOf(() => checker.compare(...files)),
      "meyda + onnxruntime-web": () => msOf(() => stack(meyda, fromFiles)),
      "soundalike, decoded": () => msOf(() => checker.compare(asInput(decoded[0]), asInput(decoded[1]))),
      "meyda + onnxruntime-web, decoded": () => msOf(() => stack(meyda, fromSamples)),
    },
    { rounds, warmUps: 1 },
  );
  const slow = await inTurn(
    {
      "essentia.js + onnxruntime-web": () => msOf(() => stack(essentia, fromFiles)),
      "essentia.js + onnxruntime-web, decoded": () => msOf(() => stack(essentia, fromSamples)),
    },
    { rounds: essentiaRounds, warmUps: 0 },
  );
  const { score } = await checker.compare(...files);
  checker.close();
  return { score, stages, times: { ...fast, ...slow } };
}

/** Nothing but decoding, one file after the other, as our package decodes. @param {Blob[]} files */
async function decodeAlone(files) {
  for (const file of files) await decodeAtOurRate(file);
}

/** @param {Blob} file */
async function decodeAtOurRate(file) {
  return new OfflineAudioContext(1, 1, DECODED_RATE_HZ).decodeAudioData(await file.arrayBuffer());
}

/**
 * Where the time goes: every stage of our check on this one thread, for both songs together.
 * @param {import("./ours.js").Checker} engine
 * @param {Blob[]} files
 * @param {number} rounds
 */
async function ourStages(engine, files, rounds) {
  /** @type {Record<string, number[]>} */
  const all = {};
  for (let round = -1; round < rounds; round++) {
    /** @type {Record<string, number>} */
    const sums = {};
    const add = (/** @type {string} */ stage, /** @type {number} */ ms) => (sums[stage] = (sums[stage] ?? 0) + ms);
    /** @type {import("./ours.js").Song[]} */
    const songs = [];
    for (const file of files) {
      /** @type {AudioBuffer | undefined} */
      let buffer;
      add("decode", await msOf(async () => (buffer = await decodeAtOurRate(file))));
      const channels = [0, 1].map((channel) => /** @type {AudioBuffer} */ (buffer).getChannelData(channel));
      const [left, right] = /** @type {[Float32Array, Float32Array]} */ (channels);
      const mono = new Float32Array(left.length);
      add("mix to mono", await msOf(() => left.forEach((value, index) => (mono[index] = (value + /** @type {number} */ (right[index])) / 2))));
      const { song, times } = await analyse(engine, mono, DECODED_RATE_HZ);
      for (const [stage, ms] of Object.entries(times)) add(stage, ms);
      songs.push(song);
    }
    add("match", await msOf(() => engine.compare(/** @type {any} */ (songs[0]), /** @type {any} */ (songs[1]), undefined)));
    songs.forEach((song) => song.free());
    if (round >= 0) for (const [stage, ms] of Object.entries(sums)) (all[stage] ??= []).push(ms);
  }
  return Object.fromEntries(Object.entries(all).map(([stage, times]) => [stage, timing(times)]));
}
