/** Bytes: numbers and text in the bytes of a file. */

/** @param {Uint8Array} bytes @param {number} at @param {string} text of ASCII */
export function isText(bytes, at, text) {
  for (let index = 0; index < text.length; index++) if (bytes[at + index] !== text.charCodeAt(index)) return false;
  return true;
}

/** @param {Uint8Array} bytes @param {number} [at] */
export function uint32(bytes, at = 0) {
  return (
    ((byteAt(bytes, at) << 24) |
      (byteAt(bytes, at + 1) << 16) |
      (byteAt(bytes, at + 2) << 8) |
      byteAt(bytes, at + 3)) >>>
    0
  );
}

/** @param {Uint8Array} bytes @param {number} at @returns {number} 0 beyond the end */
export function byteAt(bytes, at) {
  return bytes[at] ?? 0;
}

/** @param {(number | string | Uint8Array)[]} parts numbers have 32 bits, text is ASCII */
export function joined(parts) {
  const arrays = parts.map((part) =>
    typeof part === "string" ? new TextEncoder().encode(part) : typeof part === "number" ? uint32Bytes(part) : part,
  );
  const bytes = new Uint8Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    bytes.set(array, at);
    at += array.length;
  }
  return bytes;
}

/** @param {number} value */
function uint32Bytes(value) {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}
