/** Tasks: work on the main thread in slices, between which the page draws and handles input. */

/** A slice ends after this long, so that a frame (16.7 ms) is never missed by much. */
export const SLICE_MS = 10;

/**
 * Resolves in a new task, after those that are waiting. It uses a message and not a timer, because
 * browsers delay the timers of a hidden tab by a second, and after some minutes by a minute.
 * @returns {Promise<void>}
 */
export function nextTask() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** A slice of work. */
export class Slice {
  #endsAt = performance.now() + SLICE_MS;

  get isOver() {
    return performance.now() > this.#endsAt;
  }

  /** Lets other tasks run, and begins the next slice. */
  async next() {
    await nextTask();
    this.#endsAt = performance.now() + SLICE_MS;
  }
}
