/**
 * Engine: keeps a worker running on the best backend that works here, and songs analysed in it.
 *
 * Whatever befalls WebGPU, at the start or in the middle of a check, an engine that may choose moves to the CPU for good
 * and does the work again there. One song is decoded and one request is answered at a time; the next song is decoded
 * while the worker is busy with the last one.
 */

import { decode, songName } from "./decode.js";
import { CheckerError, abortedError, isErrorCode, songError, throwIfAborted } from "./errors.js";
import { EngineError, WorkerLink } from "./link.js";
import { loadEngineFiles, locateFiles, probeWebgpu, requireBrowserFeatures } from "./loader.js";
import { Lock, untilAborted } from "./lock.js";

/** @import { DecodedSong, SongInput } from "./decode.js" */
/** @import { StageProgress } from "./link.js" */
/** @import { Backend, Limits, Report, StartResult } from "./protocol.js" */

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
 */

/** A lost GPU device can leave a promise pending for ever. The longest honest silence is the compilation of shaders. */
const GPU_SILENCE_LIMIT_MS = 30_000;

/**
 * A song to be compared more than once, with one other or with many: decoded and analysed at its first comparison, kept
 * until `free`. If the worker that keeps it is lost, the next comparison analyses it again.
 */
export class Song {
  /** @type {{ link: WorkerLink, id: number } | undefined} */
  #kept;

  /** @param {SongInput} input held on to, to decode it again if need be */
  constructor(input) {
    /** @internal @readonly */
    this.input = input;
    /** @readonly */
    this.name = songName(input);
    /** Known once the song is decoded; 0 before. */
    this.durationSecs = 0;
    /**
     * The loudest magnitude in each of equal stretches of the song, to draw it. Empty until the song is decoded.
     * @type {Float32Array}
     */
    this.peaks = new Float32Array(0);
  }

  /** Forgets the analysis. */
  free() {
    if (this.#kept?.link.alive) this.#kept.link.call({ type: "release", songId: this.#kept.id }).catch(() => {});
    this.#kept = undefined;
  }

  /** @internal @param {WorkerLink | undefined} link @returns {number | undefined} its id in that worker */
  idIn(link) {
    return link && this.#kept?.link === link && link.alive ? this.#kept.id : undefined;
  }

  /** @internal @param {WorkerLink} link @param {number} id */
  keep(link, id) {
    this.free();
    this.#kept = { link, id };
  }
}

export class Engine {
  #options;
  #mayUseWebgpu;
  /** @type {WorkerLink | undefined} */
  #link;
  /** @type {Backend | undefined} */
  #backend;
  /** @type {Limits | undefined} */
  #limits;
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
      if (song.idIn(this.#link) === undefined) await this.#decodeAndAnalyse(song, options);
    });
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
      const report = await this.#ask(link, { type: "compare", leftId, rightId }, { onProgress, signal });
      onProgress("match", 1);
      return report;
    } catch (error) {
      if (!this.#leaveWebgpu(error)) throw publicError(error);
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
  async #decodeAndAnalyse(song, { onProgress, signal, abandoned = signal }) {
    const releaseDecoder = await this.#decoding.acquire(abandoned);
    let releaseWorker;
    try {
      if (!this.#limits) await this.start(signal);
      onProgress("decode", 0);
      const limits = /** @type {Limits} */ (this.#limits);
      const decoded = await untilAborted(decode(song.input, limits, abandoned), abandoned);
      song.durationSecs = decoded.samples.length / decoded.sampleRateHz;
      song.peaks = decoded.peaks;
      onProgress("decode", 1);
      releaseWorker = await this.#working.acquire(abandoned);
      const link = await this.#runningLink(signal);
      // From here on the samples belong to the worker, and the next song may be decoded.
      const analysed = this.#analyseIn(link, song, decoded, { onProgress, signal });
      releaseDecoder();
      await analysed;
    } finally {
      releaseDecoder();
      releaseWorker?.();
    }
  }

  /**
   * @param {WorkerLink} link
   * @param {Song} song
   * @param {DecodedSong} decoded
   * @param {{ onProgress: StageProgress, signal: AbortSignal | undefined }} options
   */
  async #analyseIn(link, song, { name, samples, sampleRateHz }, { onProgress, signal }) {
    const songId = this.#nextSongId++;
    try {
      const transfer = [/** @type {ArrayBuffer} */ (samples.buffer)];
      const request = { type: /** @type {const} */ ("analyse"), songId, name, samples, sampleRateHz };
      await this.#ask(link, request, { transfer, onProgress, signal });
      song.keep(link, songId);
    } catch (error) {
      if (!(error instanceof EngineError) || !isErrorCode(error.code)) throw error;
      const { minSongSecs, maxSongSecs } = /** @type {Limits} */ (this.#limits);
      throw songError(error.code, { name, durationSecs: song.durationSecs, minSongSecs, maxSongSecs, cause: error });
    }
  }

  /**
   * One request. If it is aborted meanwhile, the worker is terminated: nothing else stops a busy one.
   * @param {WorkerLink} link
   * @param {import("./protocol.js").Request} request
   * @param {{ transfer?: Transferable[] | undefined, onProgress?: StageProgress | undefined, signal: AbortSignal | undefined }} options
   */
  async #ask(link, request, { transfer, onProgress, signal }) {
    const stop = () => link.terminate(abortedError(signal?.reason));
    throwIfAborted(signal);
    signal?.addEventListener("abort", stop, { once: true });
    try {
      const silenceLimitMs = this.#mayUseWebgpu && this.#backend === "webgpu" ? GPU_SILENCE_LIMIT_MS : undefined;
      return await link.call(request, { transfer, onProgress, silenceLimitMs });
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
        throw publicError(error);
      }
    }
    if (this.#mayUseWebgpu && (await untilAborted(probeWebgpu(), signal)) === "hardware") {
      try {
        return await this.#startedLink("webgpu", signal);
      } catch (error) {
        if (!this.#leaveWebgpu(error)) throw publicError(error);
      }
    }
    this.#mayUseWebgpu = false;
    try {
      return await this.#startedLink("cpu", signal);
    } catch (error) {
      throw publicError(error);
    }
  }

  /** @param {Backend} backend @param {AbortSignal | undefined} signal */
  async #startedLink(backend, signal) {
    this.#backend = backend;
    const { glueUrl, module, weights } = await untilAborted(loadEngineFiles(backend, this.#options), signal);
    if (this.#closed) throw closedError();
    const link = new WorkerLink(spawnWorker(this.#options.assetsUrl));
    this.#link = link;
    try {
      /** @type {StartResult} */
      const started = await this.#ask(link, { type: "start", backend, glueUrl, module, weights }, { signal });
      this.#backend = started.backend;
      this.#limits = started.limits;
      return link;
    } catch (error) {
      link.terminate();
      throw error;
    }
  }

  /** Runs the work, and once more if WebGPU failed in the middle of it. @param {() => Promise<void>} work */
  async #fallingBack(work) {
    try {
      await work();
    } catch (error) {
      if (!this.#leaveWebgpu(error)) throw publicError(error);
      await work().catch((again) => {
        throw publicError(again);
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
    if (!this.#mayUseWebgpu || this.#backend !== "webgpu" || !["backend-unavailable", "crashed"].includes(code)) return false;
    this.#mayUseWebgpu = false;
    this.#link?.terminate(new EngineError("backend-unavailable", "WebGPU failed; the work goes on on the CPU"));
    return true;
  }
}

/** @param {string | URL | undefined} assetsUrl */
function spawnWorker(assetsUrl) {
  try {
    // This exact expression is what bundlers look for.
    if (assetsUrl === undefined) return new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    return new Worker(locateFiles(assetsUrl).worker, { type: "module" });
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== "SecurityError") throw error;
  }
  // A worker's script must come from the page's own origin; what that script imports need not.
  const script = `import ${JSON.stringify(locateFiles(assetsUrl).worker)};`;
  const bootstrap = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  return new Worker(bootstrap, { type: "module" });
}

function closedError() {
  return new CheckerError("aborted", "The checker was closed.");
}

/** @param {unknown} error */
function publicError(error) {
  if (error instanceof CheckerError) return error;
  if (error instanceof EngineError) {
    if (error.code === "backend-unavailable") {
      return new CheckerError("unsupported-browser", "WebGPU does not work in this browser. The CPU does the same.", { cause: error });
    }
    if (error.code === "weights-invalid") {
      return new CheckerError("weights-invalid", "The model's weights are damaged or belong to another version.", { cause: error });
    }
    if (isErrorCode(error.code)) return new CheckerError(error.code, error.message, { cause: error });
  }
  return new CheckerError("crashed", "The engine stopped unexpectedly. The next check starts it afresh.", { cause: error });
}
