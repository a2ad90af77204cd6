/** Tasks: work that is cut up into several, so that between them the page draws and answers the visitor. */

/** After this long a task lets others in, so that a frame (16.7 ms) is never missed by much. */
export const TASK_MS = 10;

/**
 * Resolves in a task of its own, after those that wait already. By a message and not by a timer, as browsers let the
 * timers of a hidden tab wait for a second, after some minutes for a minute.
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
