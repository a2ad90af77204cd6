/**
 * Peers: the libraries from which a similarity checker in the browser could be built. meyda or
 * essentia.js for features, onnxruntime-web for the encoder.
 */

import {
  FFT_SAMPLES,
  HOP_SAMPLES,
  MEL_BANDS,
  MODEL_RATE_HZ,
  SEGMENT_FRAMES,
  SEGMENT_HOP_FRAMES,
  framesIn,
} from "./sizes.js";

const LIBRARIES = "/libraries";

/** Batch size of onnxruntime-web: 16 is the fastest, by a few per cent. */
const BATCH_SEGMENTS = 16;

/** Power of silence, and the range in decibels below the loudest value. */
const POWER_FLOOR = 1e-10;
const DYNAMIC_RANGE_DB = 80;

/** Decibels per unit of the natural logarithm of power. */
const DB_PER_LN = 10 / Math.LN10;

/**
 * Log-mel frames of a song, as input of the encoder, `[MEL_BANDS, frames]`, from mono samples at
 * the model's rate.
 * @typedef {(samples: Float32Array) => Float32Array} LogMel
 */

/** meyda returns mel bands as `ln(1 + power)`. @returns {Promise<LogMel>} */
export async function startMeyda() {
  await script(`${LIBRARIES}/meyda/dist/web/meyda.min.js`);
  const meyda = /** @type {any} */ (globalThis).Meyda;
  Object.assign(meyda, { bufferSize: FFT_SAMPLES, sampleRate: MODEL_RATE_HZ, melBands: MEL_BANDS });
  return (samples) => {
    const frames = framesIn(samples.length);
    const padded = centred(samples);
    const bands = new Float32Array(MEL_BANDS * frames);
    for (let frame = 0; frame < frames; frame++) {
      const start = frame * HOP_SAMPLES;
      const values = meyda.extract("melBands", padded.subarray(start, start + FFT_SAMPLES));
      for (let band = 0; band < MEL_BANDS; band++) bands[band * frames + frame] = DB_PER_LN * values[band];
    }
    return normalised(bands);
  };
}

/**
 * essentia.js with librosa's settings. Its vectors are in wasm memory and must be freed.
 * @returns {Promise<LogMel>}
 */
export async function startEssentia() {
  const [{ EssentiaWASM }, { default: Essentia }] = await Promise.all([
    import(`${LIBRARIES}/essentia.js/dist/essentia-wasm.es.js`),
    import(`${LIBRARIES}/essentia.js/dist/essentia.js-core.es.min.js`),
  ]);
  const essentia = new Essentia(EssentiaWASM);
  const bins = FFT_SAMPLES / 2 + 1;
  return (samples) => {
    const frames = framesIn(samples.length);
    const vectors = essentia.FrameGenerator(centred(samples), FFT_SAMPLES, HOP_SAMPLES);
    const bands = new Float32Array(MEL_BANDS * frames);
    for (let frame = 0; frame < frames; frame++) {
      const vector = vectors.get(frame);
      const windowed = essentia.Windowing(vector, false, FFT_SAMPLES, "hann", 0, false).frame;
      const spectrum = essentia.Spectrum(windowed, FFT_SAMPLES).spectrum;
      const mel = essentia.MelBands(
        spectrum,
        MODEL_RATE_HZ / 2,
        bins,
        false,
        0,
        "unit_tri",
        MEL_BANDS,
        MODEL_RATE_HZ,
        "power",
        "slaneyMel",
        "linear",
      ).bands;
      for (let band = 0; band < MEL_BANDS; band++)
        bands[band * frames + frame] = 10 * Math.log10(Math.max(mel.get(band), POWER_FLOOR));
      for (const used of [vector, windowed, spectrum, mel]) used.delete();
    }
    vectors.delete();
    return normalised(bands);
  };
}

/**
 * Pads samples with half a window of silence on both sides, so that frames are centred on hops.
 * @param {Float32Array} samples
 */
function centred(samples) {
  const padded = new Float32Array(samples.length + FFT_SAMPLES);
  padded.set(samples, FFT_SAMPLES / 2);
  return padded;
}

/** Normalises decibels for the encoder, in place. @param {Float32Array} decibels */
function normalised(decibels) {
  let loudest = -Infinity;
  for (const value of decibels) if (value > loudest) loudest = value;
  for (let i = 0; i < decibels.length; i++) {
    const relative = Math.max(/** @type {number} */ (decibels[i]) - loudest, -DYNAMIC_RANGE_DB);
    decibels[i] = (relative + DYNAMIC_RANGE_DB / 2) / (DYNAMIC_RANGE_DB / 4);
  }
  return decibels;
}

/**
 * The encoder in onnxruntime-web: normalised frames `[batch, 1, MEL_BANDS, frames]` to embeddings
 * `[segments, embedding]`.
 * @typedef {(frames: Float32Array, batch: number) => Promise<Float32Array>} OrtEncoder
 */

/** @param {"wasm" | "webgpu"} provider @returns {Promise<OrtEncoder>} */
export async function startOrt(provider) {
  const ort = await import(`${LIBRARIES}/onnxruntime-web/dist/ort.${provider}.min.mjs`);
  ort.env.wasm.numThreads = 1;
  const options = { executionProviders: [provider], graphOptimizationLevel: "all" };
  const session = await ort.InferenceSession.create("/made/encoder.onnx", options);
  return async (values, batch) => {
    const frames = new ort.Tensor("float32", values, [batch, 1, MEL_BANDS, values.length / batch / MEL_BANDS]);
    const { embeddings } = await session.run({ frames });
    const data = await embeddings.getData();
    frames.dispose();
    embeddings.dispose();
    return data;
  };
}

/**
 * Embeddings of a song, each segment on its own, as is usual for such stacks.
 * @param {OrtEncoder} ort
 * @param {Float32Array} logMel `[MEL_BANDS, frames]`
 */
export async function embedBySegments(ort, logMel) {
  const frames = logMel.length / MEL_BANDS;
  const segments = 1 + Math.floor((frames - SEGMENT_FRAMES) / SEGMENT_HOP_FRAMES);
  /** @type {Float32Array[]} */
  const embeddings = [];
  for (let first = 0; first < segments; first += BATCH_SEGMENTS) {
    const batch = Math.min(BATCH_SEGMENTS, segments - first);
    const values = new Float32Array(batch * MEL_BANDS * SEGMENT_FRAMES);
    for (let row = 0; row < batch * MEL_BANDS; row++) {
      const start = (row % MEL_BANDS) * frames + (first + Math.floor(row / MEL_BANDS)) * SEGMENT_HOP_FRAMES;
      values.set(logMel.subarray(start, start + SEGMENT_FRAMES), row * SEGMENT_FRAMES);
    }
    embeddings.push(await ort(values, batch));
  }
  return embeddings;
}

/**
 * Mono samples of a file at the model's rate; the browser resamples while it decodes.
 * @param {Blob} file
 */
export async function decodeAtModelRate(file) {
  const context = new OfflineAudioContext(1, 1, MODEL_RATE_HZ);
  const buffer = await context.decodeAudioData(await file.arrayBuffer());
  const mono = new Float32Array(buffer.length);
  for (let channel = 0; channel < buffer.numberOfChannels; channel++) {
    const samples = buffer.getChannelData(channel);
    for (let i = 0; i < mono.length; i++) mono[i] += /** @type {number} */ (samples[i]) / buffer.numberOfChannels;
  }
  return mono;
}

/** @param {string} url */
function script(url) {
  return new Promise((resolve, reject) => {
    const element = Object.assign(document.createElement("script"), { src: url, onload: resolve, onerror: reject });
    document.head.append(element);
  });
}
