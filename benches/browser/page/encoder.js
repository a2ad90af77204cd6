/**
 * Encoder: our engine and onnxruntime-web with the same weights, for one segment and for a whole
 * song.
 */

import { madeFloats } from "./files.js";
import { analyse, startOurs } from "./ours.js";
import { startOrt } from "./peers.js";
import { inTurn, msOf } from "./rounds.js";
import { MEL_BANDS, MODEL_RATE_HZ } from "./sizes.js";

/**
 * Largest difference of a value of an embedding, whose length is 1: the order of the sums differs.
 */
const TOLERANCE = 1e-4;

/** With SwiftShader a minute of music takes many seconds. */
const WEBGPU_SONG_SECS = 30;

/** @param {{ rounds: number, songRounds: number }} options */
export async function encoder({ rounds, songRounds }) {
  const [ours, ort] = [await startOurs("cpu"), await startOrt("wasm")];
  const segment = await shape("segment");
  const song = await shape("song");
  const difference = Math.max(await differenceOf(ort, segment), await differenceOf(ort, song));
  if (!(difference <= TOLERANCE)) throw new Error(`onnxruntime-web's embeddings differ from ours by ${difference}`);
  return {
    greatestDifference: difference,
    segment: await compared(ours, ort, segment, { rounds, warmUps: 20 }),
    song: await compared(ours, ort, song, { rounds: songRounds, warmUps: 3 }),
  };
}

/** @param {{ rounds: number }} options */
export async function webgpu({ rounds }) {
  const adapter = await /** @type {any} */ (navigator).gpu?.requestAdapter();
  if (!adapter) return undefined;
  const { vendor, architecture, description } = adapter.info;
  const [ours, ort] = [await startOurs("webgpu"), await startOrt("webgpu")];
  const segment = await shape("segment");
  const difference = await differenceOf(ort, segment);
  const song = await shape("song", WEBGPU_SONG_SECS);
  return {
    adapter: [vendor, architecture, description].filter(Boolean).join(" "),
    greatestDifference: difference,
    songSecs: WEBGPU_SONG_SECS,
    segment: await compared(ours, ort, segment, { rounds, warmUps: 2 }),
    song: await compared(ours, ort, song, { rounds, warmUps: 1 }),
  };
}

/**
 * @typedef {Object} Shape
 * @property {Float32Array} samples input of ours; only the encoder is timed
 * @property {Float32Array} frames input of onnxruntime-web
 * @property {Float32Array | undefined} embeddings expected result
 */

/** @param {string} name @param {number} [secs] the beginning only @returns {Promise<Shape>} */
async function shape(name, secs) {
  const [samples, frames, embeddings] = await Promise.all(
    [`${name}.f32`, `${name}.frames.f32`, `${name}.embeddings.f32`].map(madeFloats),
  );
  if (!samples || !frames || !embeddings) throw new Error(`${name} is missing`);
  if (secs === undefined) return { samples, frames, embeddings };
  const [all, kept] = [
    frames.length / MEL_BANDS,
    Math.round((secs * frames.length) / MEL_BANDS / (samples.length / MODEL_RATE_HZ)),
  ];
  const beginning = new Float32Array(MEL_BANDS * kept);
  for (let band = 0; band < MEL_BANDS; band++)
    beginning.set(frames.subarray(band * all, band * all + kept), band * kept);
  return { samples: samples.slice(0, secs * MODEL_RATE_HZ), frames: beginning, embeddings: undefined };
}

/** @param {import("./peers.js").OrtEncoder} ort @param {Shape} shape */
async function differenceOf(ort, { frames, embeddings }) {
  const computed = await ort(frames, 1);
  if (computed.length !== embeddings?.length)
    throw new Error(`${computed.length} values instead of ${embeddings?.length}`);
  return computed.reduce(
    (greatest, value, index) => Math.max(greatest, Math.abs(value - /** @type {number} */ (embeddings[index]))),
    0,
  );
}

/**
 * @param {import("./ours.js").Checker} ours
 * @param {import("./peers.js").OrtEncoder} ort
 * @param {Shape} shape
 * @param {{ rounds: number, warmUps: number }} options
 */
function compared(ours, ort, { samples, frames }, options) {
  const contenders = {
    soundalike: async () => {
      const { song, times } = await analyse(ours, samples, MODEL_RATE_HZ);
      song.free();
      return times.encode;
    },
    "onnxruntime-web": () => msOf(() => ort(frames, 1)),
  };
  return inTurn(contenders, options);
}
