/**
 * A whole check of two songs of 4 minutes: by our package, by a stack of the libraries, and the
 * browser's decoding alone.
 */

import { madeFile } from "./files.js";
import { analyse, startOurs } from "./ours.js";
import { decodeAtModelRate, embedBySegments, startEssentia, startMeyda, startOrt } from "./peers.js";
import { inTurn, msOf, timing } from "./rounds.js";
import { MODEL_RATE_HZ } from "./sizes.js";

/** Rate to which our package makes browsers decode. */
const DECODED_RATE_HZ = 44_100;

/** @param {{ rounds: number, peerRounds: number }} options the others take half a minute each */
export async function check({ rounds, peerRounds }) {
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

  /** @type {Record<string, number[]>} */
  const afterDecoding = {};
  /** @param {string} name @param {import("./peers.js").LogMel} logMel */
  const stack = (name, logMel) => async () => {
    let decoding = 0;
    const whole = await msOf(async () => {
      for (const file of files) {
        /** @type {Float32Array | undefined} */
        let samples;
        decoding += await msOf(async () => (samples = await decodeAtModelRate(file)));
        await embedBySegments(ort, logMel(/** @type {any} */ (samples)));
      }
      match();
    });
    (afterDecoding[`${name}, decoded`] ??= []).push(whole - decoding);
    return whole;
  };
  const asInput = (/** @type {Float32Array | undefined} */ samples) => ({
    samples: /** @type {Float32Array} */ (samples),
    sampleRateHz: MODEL_RATE_HZ,
  });
  const [withMeyda, withEssentia] = ["meyda + onnxruntime-web", "essentia.js + onnxruntime-web"];

  const times = await inTurn(
    {
      decoding: () => msOf(() => decodeAlone(files)),
      soundalike: () => msOf(() => checker.compare(...files)),
      "soundalike, decoded": () => msOf(() => checker.compare(asInput(decoded[0]), asInput(decoded[1]))),
      [withMeyda]: stack(withMeyda, meyda),
      [withEssentia]: stack(withEssentia, essentia),
    },
    { rounds, warmUps: 1, fewer: { [withMeyda]: peerRounds, [withEssentia]: peerRounds } },
  );
  const { score } = await checker.compare(...files);
  checker.close();
  const decodedTimes = Object.fromEntries(
    Object.entries(afterDecoding).map(([name, values]) => [name, timing(values)]),
  );
  return { score, stages, times: { ...times, ...decodedTimes } };
}

/** Decoding alone, one file after the other, like our package. @param {Blob[]} files */
async function decodeAlone(files) {
  for (const file of files) await decodeAtOurRate(file);
}

/** @param {Blob} file */
async function decodeAtOurRate(file) {
  return new OfflineAudioContext(1, 1, DECODED_RATE_HZ).decodeAudioData(await file.arrayBuffer());
}

/**
 * Time of every stage of our check on this one thread, for both songs together.
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
      const mix = () => {
        for (let i = 0; i < mono.length; i++) mono[i] = ((left[i] ?? 0) + (right[i] ?? 0)) / 2;
      };
      add("mix to mono", await msOf(mix));
      const { song, times } = await analyse(engine, mono, DECODED_RATE_HZ);
      for (const [stage, ms] of Object.entries(times)) add(stage, ms);
      songs.push(song);
    }
    add(
      "match",
      await msOf(() => engine.compare(/** @type {any} */ (songs[0]), /** @type {any} */ (songs[1]), undefined)),
    );
    songs.forEach((song) => song.free());
    if (round >= 0) for (const [stage, ms] of Object.entries(sums)) (all[stage] ??= []).push(ms);
  }
  return Object.fromEntries(Object.entries(all).map(([stage, times]) => [stage, timing(times)]));
}
