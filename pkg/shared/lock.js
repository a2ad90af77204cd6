/** A lock for asynchronous work: holders take turns in the order in which they asked. */

import { abortedError, throwIfAborted } from "./errors.js";

export class Lock {
  /** Settles when the last one in the queue releases the lock. */
  #tail = Promise.resolve();

  /**
   * Waits for the lock. A waiter whose signal aborts leaves the queue.
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<() => void>} releases the lock; safe to call twice
   */
  async acquire(signal) {
    throwIfAborted(signal);
    const ahead = this.#tail;
    /** @type {() => void} */
    let release = () => {};
    const held = new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
      release = resolve;
    });
    this.#tail = ahead.then(() => held);
    try {
      await untilAborted(ahead, signal);
    } catch (error) {
      release();
      throw error;
    }
    return release;
  }
}

/**
 * The result of the promise, or the error `aborted` as soon as the signal aborts.
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<T>}
 */
export function untilAborted(promise, signal) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(abortedError(signal.reason));
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
