/** Broken engines: they start as the real one does, and fail at their first song. */

/** The worker ends, as one that the system kills: nobody is told. */
export const DIES = "self.close(); return new Promise(() => {})";

/**
 * Answers with the glue of an engine that fails.
 * @param {"cpu" | "webgpu"} backend
 * @param {string} failure what it does in place of an analysis, with a `trap` to throw
 */
export function brokenEngine(backend, failure) {
  const body = `
    export default async function init() {}
    export const limits = () => ({ decodeRateHz: 44100, minSongSecs: 3, maxSongSecs: 5400 });
    export class Checker {
      backend = "${backend}";
      static async create() { return new Checker(); }
      record() { return { append() {}, free() {} }; }
      async analyse() { const trap = new WebAssembly.RuntimeError("unreachable"); ${failure}; }
    }`;
  return (/** @type {import("playwright-core").Route} */ route) =>
    route.fulfill({ contentType: "text/javascript", body });
}
