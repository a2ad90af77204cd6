/** Digest: computes the SHA-256 of a file. */

/** @typedef {{ glueUrl: string, module: WebAssembly.Module }} EngineBuild */

/**
 * A request for the SHA-256 of a file.
 * @typedef {Object} DigestRequest
 * @property {"digest"} type
 * @property {Blob} blob
 * @property {EngineBuild | undefined} engine for a file that is too large to be read at once
 */

/**
 * The connection to a worker that answers such requests.
 * @typedef {Object} DigestWorker
 * @property {(request: DigestRequest) => Promise<Uint8Array<ArrayBuffer>>} call
 * @property {() => void} terminate
 */

/**
 * The means to digest a large file outside the main thread.
 * @typedef {Object} DigestAside
 * @property {() => DigestWorker} spawn a worker of its own, as the engine's may be busy
 * @property {() => Promise<EngineBuild>} load
 */

/** The browser copies the bytes to digest in one task, at this size in about 10 ms. */
const LARGE_BYTES = 4 * 1024 ** 2;
/**
 * The browser can only digest a file that is read as a whole. The engine digests larger files part
 * by part.
 */
const HUGE_BYTES = 64 * 1024 ** 2;

/**
 * SHA-256 in hexadecimal; `undefined` if the browser doesn't offer it (a page that came neither by
 * HTTPS nor from this machine) or can't read the file.
 * @param {Blob} blob
 * @param {DigestAside} aside
 * @returns {Promise<string | undefined>}
 */
export async function sha256(blob, aside) {
  if (!globalThis.crypto?.subtle) return undefined;
  try {
    const digest =
      (blob.size > LARGE_BYTES && (await digestAside(blob, aside))) ||
      (await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  } catch {
    return undefined;
  }
}

/**
 * @param {Blob} blob
 * @param {DigestAside} aside
 * @returns {Promise<Uint8Array<ArrayBuffer> | undefined>} `undefined` if it failed
 */
async function digestAside(blob, { spawn, load }) {
  /** @type {DigestWorker | undefined} */
  let link;
  try {
    const engine = blob.size > HUGE_BYTES ? await load() : undefined;
    link = spawn();
    return await link.call({ type: "digest", blob, engine });
  } catch {
    return undefined;
  } finally {
    link?.terminate();
  }
}
