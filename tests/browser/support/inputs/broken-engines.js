/** Broken engines: they start like the real one, and fail at their first song. */

/** The worker ends without an event, like one that the system kills. */
export const DIES = "self.close(); return new Promise(() => {})";

/**
 * Responds with the JavaScript glue of an engine that fails.
 * @param {"cpu" | "webgpu"} backend
 * @param {string} failure code that runs in place of an analysis; it can throw `trap`
 */
export function brokenEngine(backend, failure) {
  const body = `
    export default async function init() {}
    export const limits = () => ({ decodeRateHz: 44100, minSongSecs: 3, maxSongSecs: 5400 });
    export class Checker {
      backend = "${backend}";
      static async create() { return new Checker(); }
      stream() { return { append() {}, free() {} }; }
      async analyse() { const trap = new WebAssembly.RuntimeError("unreachable"); ${failure}; }
    }`;
  return (/** @type {import("playwright-core").Route} */ route) =>
    route.fulfill({ contentType: "text/javascript", body });
}
