/**
 * Engine: keeps a worker running on the best backend that works here, and songs analysed in it.
 *
 * A song comes into the worker by the cheapest way there is: from what an earlier analysis came to, from the cache, or by
 * decoding and analysing it.
 *
 * Whatever befalls WebGPU, at the start or in the middle of a check, an engine that may choose moves to the CPU for good
 * and does the work again there. One song is decoded and one request is answered at a time; the next song is decoded
 * while the worker is busy with the last one.
 */

import { decode } from "../decode/decode.js";
import { sha256 } from "../song/digest.js";
import { CheckerError, abortedError, isErrorCode, songError, throwIfAborted } from "../shared/errors.js";
import { fileOf } from "../decode/song-file.js";
import { EngineError } from "./worker-link.js";
import { forgetWeights, loadEngineFiles, probeWebgpu, requireBrowserFeatures } from "./loader.js";
import { Lock, untilAborted } from "../shared/lock.js";
import { Recording } from "./upload.js";
import { packSong, unpackSong } from "../song/song-bytes.js";
import { spawnLink } from "./spawn.js";
import { arrayOf } from "../shared/tasks.js";

/** @import { SongStore } from "../song/cache.js" */
/** @import { StageProgress, WorkerLink } from "./worker-link.js" */
/** @import { Backend, CompareResult, Report, StartResult } from "./protocol.js" */
/** @import { Song } from "../song/song.js" */

/** @typedef {"auto" | Backend} BackendChoice */

/**
 * @typedef {Object} EngineOptions
 * @property {BackendChoice} backend
 * @property {string | URL | ArrayBuffer | Uint8Array | undefined} [weights]
 * @property {string | URL | undefined} [assetsUrl]
 */

/**
 * @typedef {Object} AnalyseOptions
 * @property {StageProgress} onProgress
 * @property {AbortSignal | undefined} signal stops the work at once, by terminating the worker if it must be
 * @property {AbortSignal | undefined} [abandoned] stops the work before its next step; the worker finishes what it is on
 * @property {SongStore | undefined} [cache]
 */

/** A lost GPU device can leave a promise pending for ever. The longest honest silence is the compilation of shaders. */
const GPU_SILENCE_LIMIT_MS = 30_000;

/** A song is decoded once more if its worker is lost meanwhile: not for ever, as the song may be the cause. */
const MAX_RECORDINGS = 2;

export class Engine {
  #options;
  #mayUseWebgpu;
  /** @type {WorkerLink | undefined} */
  #link;
  /** @type {Backend | undefined} */
  #backend;
  /** What the worker said when it was ready. @type {StartResult | undefined} */
  #started;
  #nextSongId = 1;
  #decoding = new Lock();
  #working = new Lock();
  #closed = false;

  /** @param {EngineOptions} options */
  constructor(options) {
    this.#options = options;
    this.#mayUseWebgpu = options.backend === "auto";
  }

  /** The backend in use, or the last one that was. @returns {Backend | undefined} */
  get backend() {
    return this.#backend;
  }

  /** Gets the engine ready. @param {AbortSignal | undefined} signal */
  async start(signal) {
    const release = await this.#working.acquire(signal);
    try {
      await this.#runningLink(signal);
    } finally {
      release();
    }
  }

  /**
   * Makes sure that the song is analysed in the present worker.
   * @param {Song} song
   * @param {AnalyseOptions} options
   */
  async analyse(song, options) {
    await this.#fallingBack(async () => {
      if (song.idIn(this.#link) !== undefined) return;
      if (song.analysis && (await this.#restore(song, song.analysis, options))) return;
      await this.#readAndAnalyse(song, options);
    });
  }

  /**
   * Takes a song from bytes that `song.toBytes()` gave.
   * @param {Song} song
   * @param {Uint8Array} bytes
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<boolean>} whether they are of this release and these weights
   */
  async restore(song, bytes, signal) {
    try {
      return await this.#restorePacked(song, bytes, { signal });
    } catch (error) {
      throw publicError(error, this.#backend);
    }
  }

  /**
   * @param {Song} left analysed
   * @param {Song} right analysed
   * @param {{ onProgress: StageProgress, signal: AbortSignal | undefined }} options
   * @returns {Promise<Report | undefined>} `undefined` if the songs were lost with their worker: analyse them again
   */
  async compare(left, right, { onProgress, signal }) {
    const release = await this.#working.acquire(signal);
    try {
      const link = this.#link;
      const leftId = left.idIn(link);
      const rightId = right.idIn(link);
      if (!link || leftId === undefined || rightId === undefined) return undefined;
      onProgress("match", 0);
      const { report, scores } = /** @type {CompareResult} */ (
        await this.#ask(link, { type: "compare", leftId, rightId }, { onProgress, signal })
      );
      report.matrix.scores = await arrayOf(scores);
      onProgress("match", 1);
      return report;
    } catch (error) {
      if (!this.#leaveWebgpu(error)) throw publicError(error, this.#backend);
      return undefined;
    } finally {
      release();
    }
  }

  /** Ends the worker and every request in it. The engine can't be used afterwards. */
  close() {
    this.#closed = true;
    this.#link?.terminate(closedError());
  }

  /** @param {Song} song @param {AnalyseOptions} options */
  async #readAndAnalyse(song, { onProgress, signal, abandoned = signal, cache }) {
    const releaseDecoder = await this.#decoding.acquire(abandoned);
    let releaseWorker;
    let recording;
    try {
      if (!this.#started) await this.start(signal);
      const { limits } = /** @type {StartResult} */ (this.#started);
      const file = await untilAborted(fileOf(song.input, limits, abandoned), abandoned);
      const key = cache && file && (await this.#cacheKey(song, file));
      if (cache && key && (await this.#restoreCached(song, cache, key, { signal, abandoned }))) return;
      onProgress("decode", 0);
      const onDecoded = (/** @type {number} */ fraction) => onProgress("decode", fraction);
      for (let tries = 1; ; tries++) {
        recording = new Recording(await this.#linkToRecord(signal), this.#nextSongId++, song.name);
        await untilAborted(
          decode(song.input, recording, { name: song.name, file, limits, signal: abandoned, onProgress: onDecoded }),
          abandoned,
        );
        releaseWorker = await this.#working.acquire(abandoned);
        if (recording.link === (await this.#runningLink(signal))) break;
        // That worker was lost, and with it what it had of the song.
        releaseWorker();
        if (tries >= MAX_RECORDINGS) await recording.taken();
      }
      onProgress("decode", 1);
      song.durationSecs = recording.durationSecs;
      song.peaks = recording.peaks;
      // From here on the song is the worker's, and the next one may be decoded.
      const analysing = this.#analyseRecorded(song, recording, { onProgress, signal });
      releaseDecoder();
      const analysis = await analysing;
      recording = undefined;
      // The backend may have changed since the key was made.
      if (cache && key && key === (await this.#cacheKey(song, file)))
        void cache.put(key, packSong({ ...song, analysis })).catch(() => {});
    } catch (error) {
      recording?.discard();
      throw error;
    } finally {
      releaseDecoder();
      releaseWorker?.();
    }
  }

  /** The worker that a song can be sent to while it answers another request. @param {AbortSignal | undefined} signal */
  async #linkToRecord(signal) {
    if (!this.#link?.alive) await this.start(signal);
    return /** @type {WorkerLink} */ (this.#link);
  }

  /**
   * The name of an analysis: the file's content, the weights, and the backend, as the two round differently.
   * @param {Song} song
   * @param {Blob} file
   */
  async #cacheKey(song, file) {
    song.sha256 ??= await sha256(file, {
      spawn: () => spawnLink(this.#options.assetsUrl),
      load: async () => {
        const { glueUrl, module } = await loadEngineFiles(/** @type {Backend} */ (this.#backend), this.#options);
        return { glueUrl, module };
      },
    });
    return song.sha256 && `${song.sha256} ${this.#started?.weightsSha256} ${this.#backend}`;
  }

  /**
   * @param {Song} song
   * @param {SongStore} cache
   * @param {string} key
   * @param {{ signal: AbortSignal | undefined, abandoned: AbortSignal | undefined }} options
   */
  async #restoreCached(song, cache, key, { signal, abandoned }) {
    // A cache that fails is a cache without the song.
    const bytes = await untilAborted(
      cache.get(key).catch(() => undefined),
      abandoned,
    );
    return bytes !== undefined && this.#restorePacked(song, bytes, { signal, abandoned });
  }

  /** @param {Song} song @param {Uint8Array} bytes @param {{ signal: AbortSignal | undefined, abandoned?: AbortSignal | undefined }} options */
  async #restorePacked(song, bytes, options) {
    const packed = unpackSong(bytes);
    if (!packed || !(await this.#restore(song, packed.analysis, options))) return false;
    song.durationSecs = packed.durationSecs;
    song.peaks = packed.peaks;
    return true;
  }

  /**
   * @param {Song} song
   * @param {Uint8Array} analysis
   * @param {{ signal: AbortSignal | undefined, abandoned?: AbortSignal | undefined }} options
   * @returns {Promise<boolean>} whether the engine took it
   */
  async #restore(song, analysis, { signal, abandoned = signal }) {
    const release = await this.#working.acquire(abandoned);
    try {
      const link = await this.#runningLink(signal);
      const songId = this.#nextSongId++;
      const isOurs = await this.#ask(link, { type: "restore", songId, name: song.name, analysis }, { signal });
      if (isOurs) {
        song.analysis = analysis;
        song.enter(link, songId);
      }
      return isOurs;
    } finally {
      release();
    }
  }

  /**
   * @param {Song} song
   * @param {Recording} recording of it
   * @param {{ onProgress: StageProgress, signal: AbortSignal | undefined }} options
   * @returns {Promise<Uint8Array>}
   */
  async #analyseRecorded(song, recording, { onProgress, signal }) {
    const { link, songId } = recording;
    const { name } = song;
    try {
      await recording.taken();
      const analysis = await this.#ask(link, { type: "analyse", songId }, { onProgress, signal });
      song.analysis = analysis;
      song.enter(link, songId);
      return analysis;
    } catch (error) {
      if (!(error instanceof EngineError) || !isErrorCode(error.code)) throw error;
      const { minSongSecs, maxSongSecs } = /** @type {StartResult} */ (this.#started).limits;
      throw songError(error.code, { name, durationSecs: song.durationSecs, minSongSecs, maxSongSecs, cause: error });
    }
  }

  /**
   * One request. If it is aborted meanwhile, the worker is terminated: nothing else stops a busy one.
   * @param {WorkerLink} link
   * @param {import("./protocol.js").Request} request
   * @param {{ onProgress?: StageProgress | undefined, signal: AbortSignal | undefined }} options
   */
  async #ask(link, request, { onProgress, signal }) {
    const stop = () => link.terminate(abortedError(signal?.reason));
    throwIfAborted(signal);
    signal?.addEventListener("abort", stop, { once: true });
    try {
      const silenceLimitMs = this.#mayUseWebgpu && this.#backend === "webgpu" ? GPU_SILENCE_LIMIT_MS : undefined;
      return await link.call(request, { onProgress, silenceLimitMs });
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  /** The running worker, or a new one. Call it only while holding the lock. @param {AbortSignal | undefined} signal */
  async #runningLink(signal) {
    if (this.#closed) throw closedError();
    if (this.#link?.alive) return this.#link;
    requireBrowserFeatures();
    const { backend } = this.#options;
    if (backend !== "auto") {
      try {
        if (backend === "webgpu" && (await untilAborted(probeWebgpu(), signal)) === "none") {
          throw new EngineError("backend-unavailable", "no WebGPU adapter");
        }
        return await this.#startedLink(backend, signal);
      } catch (error) {
        throw publicError(error, this.#backend);
      }
    }
    if (this.#mayUseWebgpu && (await untilAborted(probeWebgpu(), signal)) === "hardware") {
      try {
        return await this.#startedLink("webgpu", signal);
      } catch (error) {
        if (!this.#leaveWebgpu(error)) throw publicError(error, this.#backend);
      }
    }
    this.#mayUseWebgpu = false;
    try {
      return await this.#startedLink("cpu", signal);
    } catch (error) {
      throw publicError(error, this.#backend);
    }
  }

  /** @param {Backend} backend @param {AbortSignal | undefined} signal */
  async #startedLink(backend, signal) {
    this.#backend = backend;
    const { glueUrl, module, weights } = await untilAborted(loadEngineFiles(backend, this.#options), signal);
    if (this.#closed) throw closedError();
    const link = spawnLink(this.#options.assetsUrl);
    this.#link = link;
    try {
      /** @type {StartResult} */
      const started = await this.#ask(link, { type: "start", backend, glueUrl, module, weights }, { signal });
      this.#backend = started.backend;
      this.#started = started;
      return link;
    } catch (error) {
      link.terminate();
      if (error instanceof EngineError && error.code === "weights-invalid") forgetWeights(this.#options);
      throw error;
    }
  }

  /** Runs the work, and once more if WebGPU failed in the middle of it. @param {() => Promise<void>} work */
  async #fallingBack(work) {
    try {
      await work();
    } catch (error) {
      if (!this.#leaveWebgpu(error)) throw publicError(error, this.#backend);
      await work().catch((again) => {
        throw publicError(again, this.#backend);
      });
    }
  }

  /**
   * Moves to the CPU for good, if the error can be WebGPU's fault and the choice is ours.
   * @param {unknown} error
   * @returns {boolean} whether the work is worth another try
   */
  #leaveWebgpu(error) {
    const code = error instanceof EngineError || error instanceof CheckerError ? error.code : "crashed";
    if (!this.#mayUseWebgpu || this.#backend !== "webgpu" || !["backend-unavailable", "crashed"].includes(code))
      return false;
    this.#mayUseWebgpu = false;
    this.#link?.terminate(new EngineError("backend-unavailable", "WebGPU failed; the work goes on on the CPU"));
    return true;
  }
}

function closedError() {
  return new CheckerError("aborted", "The checker was closed.");
}

/** @param {unknown} error @param {Backend | undefined} backend what was at work */
function publicError(error, backend) {
  if (error instanceof CheckerError) return error;
  if (error instanceof EngineError) {
    if (error.code === "backend-unavailable") {
      const sentence =
        backend === "cpu"
          ? "The engine’s self-test fails: this browser computes wrongly, or the weights are not for this engine."
          : "WebGPU does not work in this browser. The CPU does the same.";
      return new CheckerError("unsupported-browser", sentence, { cause: error });
    }
    if (error.code === "weights-invalid") {
      return new CheckerError("weights-invalid", "The model’s weights are damaged or belong to another version.", {
        cause: error,
      });
    }
    if (isErrorCode(error.code)) return new CheckerError(error.code, error.message, { cause: error });
  }
  // What JavaScript throws where there is no room for an array.
  if (error instanceof RangeError) {
    return new CheckerError("crashed", "There was not enough memory. Close other tabs, or take shorter songs.", {
      cause: error,
    });
  }
  return new CheckerError("crashed", "The engine stopped unexpectedly. The next check starts it afresh.", {
    cause: error,
  });
}
