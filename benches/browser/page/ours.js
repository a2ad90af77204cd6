/** Our engine on this page, without its worker, so that its stages can be timed one by one. */

import { SEGMENT_SECS } from "./sizes.js";

/** @typedef {import("../../../pkg/wasm/cpu/soundalike.js").Checker} Checker */
/** @typedef {import("../../../pkg/wasm/cpu/soundalike.js").Song} Song */

/** @param {"cpu" | "webgpu"} backend @returns {Promise<Checker>} */
export async function startOurs(backend) {
  const folder = `/site/pkg/wasm/${backend}/`;
  const [glue, weights] = await Promise.all([
    import(`${folder}soundalike.js`),
    fetch("/site/pkg/wasm/weights.safetensors").then((response) => response.arrayBuffer()),
  ]);
  await glue.default({ module_or_path: `${folder}soundalike_bg.wasm` });
  if (glue.limits().minSongSecs !== SEGMENT_SECS)
    throw new Error("the engine's segments have another length than the bench's");
  return glue.Checker.create(backend, new Uint8Array(weights));
}

/**
 * @typedef {Object} StageTimes in milliseconds
 * @property {number} resample none if the samples have the model's rate
 * @property {number} mel
 * @property {number} levels decibels, silence, the whitened spectrogram that refines passages, the
 *   spectral peaks, and harmony and melody of the composition
 * @property {number} encode
 */

/**
 * Analyses a song and measures each stage.
 * @param {Checker} checker
 * @param {Float32Array} samples
 * @param {number} sampleRateHz
 * @returns {Promise<{ song: Song, times: StageTimes }>}
 */
export async function analyse(checker, samples, sampleRateHz) {
  /** @type {Record<"features" | "encode" | "match", number[]>} */
  const heardAt = { features: [], encode: [], match: [] };
  const begun = performance.now();
  const stream = checker.stream("song", sampleRateHz, samples.length);
  stream.append(samples);
  const song = await checker.analyse(stream, (stage) => {
    heardAt[stage].push(performance.now());
  });
  const endedAt = performance.now();
  // Progress is reported before the last samples are resampled, after the first frame, and after
  // the last frame.
  const firstFrame = heardAt.features[1] ?? 0;
  const lastFrame = heardAt.features.at(-1) ?? 0;
  const encodeBegun = heardAt.encode[0] ?? 0;
  const times = {
    resample: firstFrame - begun,
    mel: lastFrame - firstFrame,
    levels: encodeBegun - lastFrame,
    encode: endedAt - encodeBegun,
  };
  return { song, times };
}
