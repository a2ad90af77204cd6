/**
 * Foreign: decodes a file that the browser refuses, by a WebAssembly module, in a worker of its own
 * and part by part. This file and the module are loaded with the first such file.
 */

import { abortedError, CheckerError, throwIfAborted } from "../../shared/errors.js";
import { SongFile, refuseTooLong } from "../file/song-file.js";
import { formatOf } from "./formats.js";

/** @import { EngineBuild } from "../../song/digest.js" */
/** @import { DecodeOptions } from "../decode.js" */
/** @import { Format } from "./formats.js" */
/** @import { Mix, SampleSink } from "../mono.js" */

/**
 * Open a file. Answers its sample rate and the duration that it states.
 * @typedef {Object} OpenRequest
 * @property {"open"} type
 * @property {EngineBuild} build the decoder's
 * @property {Blob} blob
 * @property {string} extension of its name
 *
 * Decode the next part of the file. Answers an array for each channel; none at the end.
 * @typedef {{ type: "next" }} NextRequest
 */

/**
 * Take the sound out of a video. Answers the bytes of a sound file, or nothing.
 * @typedef {{ type: "extract", build: EngineBuild, blob: Blob }} ExtractRequest
 */

/**
 * The connection to a worker that answers such requests.
 * @typedef {Object} DecoderWorker
 * @property {(request: OpenRequest | NextRequest | ExtractRequest) => Promise<any>} call
 * @property {(reason?: Error) => void} terminate
 */

/**
 * The means to decode outside the main thread.
 * @typedef {Object} DecodeAside
 * @property {() => DecoderWorker} spawn a worker of its own, so that its memory is freed
 * @property {() => Promise<EngineBuild>} load
 */

/**
 * @typedef {Object} Otherwise
 * @property {unknown} cause the browser's error
 * @property {(file: SongFile, sink: SampleSink, mix: Mix, options: DecodeOptions) => Promise<void>}
 *   decodeFile decodes the sound file that was in a video
 * @property {(file: SongFile, cause?: unknown) => Promise<CheckerError>} undecodable the error of a
 *   file that nothing here decodes
 */

/**
 * Samples in a byte of a file: of codecs without loss up to a hundred in silence. Memory is
 * reserved for at most as many as these.
 */
const MAX_SAMPLES_PER_BYTE = 4;

/**
 * @param {SongFile} file
 * @param {SampleSink} sink
 * @param {Mix} mix
 * @param {DecodeOptions} options
 * @param {Otherwise} otherwise
 * @throws {CheckerError}
 */
export async function decodeForeign(file, sink, mix, options, { cause, decodeFile, undecodable }) {
  const { signal, aside } = options;
  const format = await formatOf(file);
  if (!format?.decoder) throw await undecodable(file, cause);
  const build = await aside.load().catch(async (error) => {
    throw notLoaded(file, format, error) ?? (await undecodable(file, error));
  });
  throwIfAborted(signal);
  /** @type {DecoderWorker | undefined} */
  let worker;
  const stop = () => worker?.terminate(abortedError(signal?.reason));
  signal?.addEventListener("abort", stop, { once: true });
  try {
    worker = aside.spawn();
    if (format.decoder === "inside") {
      const sound = await soundIn(file, worker, build);
      if (!sound) throw await undecodable(file);
      worker.terminate();
      await decodeFile(sound, sink, mix, options);
    } else await decodeInWorker(file, sink, mix, options, worker, build);
  } catch (error) {
    const isOurs = error instanceof CheckerError && ["aborted", "too-long"].includes(error.code);
    // The module refuses the file.
    throw isOurs ? error : await undecodable(file, error);
  } finally {
    signal?.removeEventListener("abort", stop);
    worker?.terminate();
  }
}

/**
 * @param {SongFile} file
 * @param {Format} format
 * @param {unknown} cause why the module can't be loaded
 */
function notLoaded(file, { kind }, cause) {
  if (kind === undefined) return undefined;
  const todo = "Check the connection and try again, or convert the file to MP3, WAV or FLAC.";
  const sentence = `“${file.name}” is ${kind}, and what decodes such files could not be loaded. ${todo}`;
  return new CheckerError("decode-failed", sentence, { cause });
}

/**
 * The sound file in a video; `undefined` if none is found.
 * @param {SongFile} file
 * @param {DecoderWorker} worker
 * @param {EngineBuild} build
 */
async function soundIn(file, worker, build) {
  /** @type {Uint8Array<ArrayBuffer> | undefined} */
  const bytes = await worker.call({ type: "extract", build, blob: file.blob });
  const sound = bytes && new SongFile(new Blob([bytes]), file.name);
  return sound && (await formatOf(sound))?.decoder !== "inside" ? sound : undefined;
}

/**
 * @param {SongFile} file
 * @param {SampleSink} sink
 * @param {Mix} mix
 * @param {DecodeOptions} options
 * @param {DecoderWorker} worker
 * @param {EngineBuild} build
 */
async function decodeInWorker(file, sink, mix, { limits, signal, onProgress }, worker, build) {
  const extension = /[^.]*$/.exec(file.name)?.[0] ?? "";
  const { sampleRateHz, statedSecs } = await worker.call({ type: "open", build, blob: file.blob, extension });
  if (statedSecs !== undefined) refuseTooLong(file.name, statedSecs, limits);
  const stated = Math.round((statedSecs ?? 0) * sampleRateHz);
  sink.begin(sampleRateHz, Math.min(stated, file.size * MAX_SAMPLES_PER_BYTE));
  for (let samples = 0; ;) {
    /** @type {Float32Array[]} */
    const channels = await worker.call({ type: "next" });
    throwIfAborted(signal);
    const length = channels[0]?.length;
    if (!length) break;
    samples += length;
    refuseTooLong(file.name, samples / sampleRateHz, limits);
    const part = new Float32Array(length);
    await mix.inSlices(part, channels, 0, signal);
    sink.append(part);
    onProgress(Math.min(1, samples / Math.max(stated, samples)));
  }
}
