/**
 * Worker host: keeps a worker running on the best backend that works here.
 *
 * If WebGPU fails, at the start or in the middle of a check, a host that may choose moves to the
 * CPU for the rest of its life.
 */

import { CheckerError, abortedError, throwIfAborted } from "../shared/errors.js";
import { untilAborted } from "../shared/lock.js";
import { forgetWeights, loadEngineFiles, probeWebgpu, requireBrowserFeatures } from "./loader.js";
import { closedError, publicError, sandboxError } from "./public-errors.js";
import { hasNoOrigin, spawnLink } from "./spawn.js";
import { EngineError } from "./worker-link.js";

/** @import { Backend, Request, StartResult } from "./protocol.js" */
/** @import { StageProgress, WorkerLink } from "./worker-link.js" */

/** @typedef {"auto" | Backend} BackendChoice */

/**
 * @typedef {Object} EngineOptions
 * @property {BackendChoice} backend
 * @property {string | URL | ArrayBuffer | Uint8Array | undefined} [weights]
 * @property {string | URL | undefined} [assetsUrl]
 * @property {number | undefined} [workers] most of them
 */

/**
 * A lost GPU device can leave a promise pending forever. The longest silence of a working one is
 * the compilation of shaders.
 */
const GPU_SILENCE_LIMIT_MS = 30_000;

export class WorkerHost {
  #options;
  #mayUseWebgpu;
  /** @type {WorkerLink | undefined} */
  #link;
  /** @type {Backend | undefined} */
  #backend;
  /** @type {StartResult | undefined} */
  #started;
  #closed = false;

  /** @param {EngineOptions} options */
  constructor(options) {
    this.#options = options;
    this.#mayUseWebgpu = options.backend === "auto";
  }

  /** The worker that runs, or the last one that did. */
  get link() {
    return this.#link;
  }

  /** The backend in use, or the last one that was. @returns {Backend | undefined} */
  get backend() {
    return this.#backend;
  }

  /** The worker's answer to the last start. @returns {StartResult | undefined} */
  get started() {
    return this.#started;
  }

  /** Ends the worker and every request in it. The host can't be used afterwards. */
  close() {
    this.#closed = true;
    this.#link?.terminate(closedError());
  }

  /**
   * Sends a request. If it is aborted meanwhile, the worker is terminated, as nothing else stops a
   * busy worker.
   * @param {WorkerLink} link
   * @param {Request} request
   * @param {{ onProgress?: StageProgress | undefined, signal: AbortSignal | undefined }} options
   */
  async ask(link, request, { onProgress, signal }) {
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

  /**
   * The running worker, or a new one. Calls must not overlap.
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<WorkerLink>}
   */
  async running(signal) {
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
        if (!this.leaveWebgpu(error)) throw publicError(error, this.#backend);
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
      const started = await this.ask(link, { type: "start", backend, glueUrl, module, weights }, { signal });
      this.#backend = started.backend;
      this.#started = started;
      return link;
    } catch (error) {
      link.terminate();
      if (error instanceof EngineError && error.code === "weights-invalid") forgetWeights(this.#options);
      if (hasNoOrigin() && error instanceof CheckerError && error.code === "crashed") throw sandboxError(error);
      throw error;
    }
  }

  /**
   * Moves to the CPU if WebGPU may have caused the error and the backend is `auto`.
   * @param {unknown} error
   * @returns {boolean} whether to repeat the work
   */
  leaveWebgpu(error) {
    const code = error instanceof EngineError || error instanceof CheckerError ? error.code : "crashed";
    if (!this.#mayUseWebgpu || this.#backend !== "webgpu" || !["backend-unavailable", "crashed"].includes(code))
      return false;
    this.#mayUseWebgpu = false;
    this.#link?.terminate(new EngineError("backend-unavailable", "WebGPU failed; the work goes on on the CPU"));
    return true;
  }
}
