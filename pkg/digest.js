/** Digest: names a file by its content. */

/** @import { WorkerLink } from "./link.js" */

/** The browser copies what it is to digest in one task; of this much the copy takes some 10 ms. */
const LARGE_BYTES = 4 * 1024 ** 2;

/**
 * SHA-256 in hexadecimal; `undefined` where the browser has none (a page that came neither by HTTPS nor from this machine)
 * or can't read the file.
 * @param {Blob} blob
 * @param {() => WorkerLink} spawn a worker for a large file alone: the engine's may be busy
 * @returns {Promise<string | undefined>}
 */
export async function sha256(blob, spawn) {
  if (!globalThis.crypto?.subtle) return undefined;
  try {
    const digest = (blob.size > LARGE_BYTES && (await digestAside(blob, spawn))) || (await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  } catch {
    return undefined;
  }
}

/** @param {Blob} blob @param {() => WorkerLink} spawn @returns {Promise<Uint8Array<ArrayBuffer> | undefined>} `undefined` where it could not be done */
async function digestAside(blob, spawn) {
  /** @type {WorkerLink | undefined} */
  let link;
  try {
    link = spawn();
    return await link.call({ type: "digest", blob });
  } catch {
    return undefined;
  } finally {
    link?.terminate();
  }
}
