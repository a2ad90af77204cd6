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

/** Numbers that are copied before the time is checked. */
const COPIED_AT_ONCE = 2 ** 15;

/** A copy as an ordinary array. @param {Float64Array} numbers @returns {Promise<number[]>} */
export async function arrayOf(numbers) {
  const array = /** @type {number[]} */ (Array(numbers.length).fill(0));
  const slice = new Slice();
  for (let from = 0; from < array.length; from += COPIED_AT_ONCE) {
    numbers.subarray(from, from + COPIED_AT_ONCE).forEach((number, index) => (array[from + index] = number));
    if (slice.isOver) await slice.next();
  }
  return array;
}
