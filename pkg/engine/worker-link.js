/**
 * Worker link: the page's end of the connection to a worker. It sends requests, matches the
 * answers, and rejects all open requests when the worker crashes, is terminated, or disappears. A
 * link that has ended is never used again.
 */

import { CheckerError, abortedError } from "../shared/errors.js";

/** @import { ReplyMessage, Request, Stage } from "./protocol.js" */

/** @typedef {(stage: Stage, fraction: number) => void} StageProgress */

/**
 * @typedef {Object} CallOptions
 * @property {Transferable[] | undefined} [transfer]
 * @property {StageProgress | undefined} [onProgress]
 * @property {number | undefined} [silenceLimitMs] a worker that sends nothing for this long counts
 *   as crashed
 */

/**
 * @typedef {Object} Pending
 * @property {(value: any) => void} resolve
 * @property {(error: Error) => void} reject
 * @property {StageProgress | undefined} onProgress
 */

/**
 * An error of the engine. Its code may be an internal one, such as `backend-unavailable`.
 */
export class EngineError extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.name = "EngineError";
    /** @readonly */
    this.code = code;
  }
}

export class WorkerLink {
  #worker;
  #nextId = 1;
  /** Requests without an answer, by their id. @type {Map<number, Pending>} */
  #pending = new Map();
  /** @type {Error | undefined} */
  #ended;
  /** Time of the worker's last message, by `performance.now()`. */
  #lastMessageMs = 0;

  /** @param {Worker} worker */
  constructor(worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }) => this.#receive(data);
    worker.onmessageerror = () => this.#crash("a message could not be read");
    worker.onerror = (event) => {
      event.preventDefault();
      this.#crash(event.message ?? "the worker's script could not be loaded");
    };
  }

  get alive() {
    return this.#ended === undefined;
  }

  /**
   * @param {Request} request
   * @param {CallOptions} [options]
   * @returns {Promise<any>}
   */
  call(request, { transfer = [], onProgress, silenceLimitMs } = {}) {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = this.#nextId++;
    const answer = new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject, onProgress }));
    this.#worker.postMessage({ ...request, id }, transfer);
    if (silenceLimitMs !== undefined) this.#watch(id, silenceLimitMs);
    return answer;
  }

  /** @param {Error} [reason] with which open requests are rejected */
  terminate(reason = abortedError()) {
    if (this.#ended) return;
    this.#ended = reason;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }

  /** @param {ReplyMessage} reply */
  #receive(reply) {
    this.#lastMessageMs = performance.now();
    if (reply.type === "crashed") return this.#crash(reply.message);
    if (reply.type === "alive") return this.#watchLife(reply.lock);
    const request = this.#pending.get(reply.id);
    if (!request) return;
    if (reply.type === "progress") return request.onProgress?.(reply.stage, reply.fraction);
    this.#pending.delete(reply.id);
    if (reply.type === "done") request.resolve(reply.value);
    else request.reject(new EngineError(reply.code, reply.message));
  }

  /** @param {string} message */
  #crash(message) {
    this.terminate(
      new CheckerError("crashed", "The engine stopped unexpectedly. The next check starts it afresh.", {
        cause: new Error(message),
      }),
    );
  }

  /** @param {string} lock which the worker holds until it ends, for whatever reason */
  #watchLife(lock) {
    navigator.locks?.request(lock, () => this.#crash("the worker is gone")).catch(() => {});
  }

  /** @param {number} id @param {number} silenceLimitMs */
  #watch(id, silenceLimitMs) {
    this.#lastMessageMs = performance.now();
    const look = () => {
      if (!this.#pending.has(id)) return;
      const leftMs = this.#lastMessageMs + silenceLimitMs - performance.now();
      if (leftMs <= 0) this.#crash(`no word from the worker for ${silenceLimitMs / 1000} s`);
      else setTimeout(look, leftMs);
    };
    setTimeout(look, silenceLimitMs);
  }
}
