/**
 * File print: tells whether a file is still the one that was analysed. A `File` stands for a path,
 * and another program may write to it at any time.
 *
 * Chromium and Safari refuse to read a file that was changed after it was chosen. Firefox reads the
 * new content, so that pieces of it are compared with those that were read before.
 */

/** Chromium takes 0.1 ms for a piece, and each comparison needs the print. */
const PIECES = 4;
const PIECE_BYTES = 4096;

/**
 * Pieces from all over a file, 16 kB at most.
 * @param {Blob} blob
 * @returns {Promise<Uint8Array>} rejects if the file can't be read
 */
export async function filePrint(blob) {
  const last = Math.max(0, blob.size - PIECE_BYTES);
  const pieces = Array.from({ length: PIECES }, (_, index) => {
    const from = Math.round((index * last) / (PIECES - 1));
    return blob.slice(from, from + PIECE_BYTES);
  });
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** @param {Uint8Array} one @param {Uint8Array} other */
export function isSamePrint(one, other) {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
