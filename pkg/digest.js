/** Digest: names a file by its content. */

/**
 * SHA-256 in hexadecimal; `undefined` where the browser has none (a page that came neither by HTTPS nor from this machine)
 * or can't read the file.
 * @param {Blob} blob
 * @returns {Promise<string | undefined>}
 */
export async function sha256(blob) {
  try {
    const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  } catch {
    return undefined;
  }
}
