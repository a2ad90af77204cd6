/**
 * FLAC frame: its header, in a FLAC file or in Ogg
 * (https://www.rfc-editor.org/rfc/rfc9639#section-9.1).
 */

import { byteAt } from "../file/bytes.js";

/** The longest header of a frame. */
const HEADER_BYTES = 16;

/**
 * `number` is that of the first sample if frame sizes vary, else that of the frame.
 * @typedef {{ isVariable: boolean, number: number, samples: number }} FlacFrame
 */

/**
 * The frame whose header begins the bytes.
 * @param {Uint8Array} bytes
 * @returns {FlacFrame | undefined} `undefined` if there is none, or its checksum is wrong
 */
export function flacFrame(bytes) {
  const [lead, sync = 0, sizes = 0, kind = 0, first = 0] = bytes;
  const isVariable = sync === 0xf9;
  const sizeCode = sizes >>> 4;
  const rateCode = sizes & 15;
  if (
    lead !== 0xff ||
    (sync !== 0xf8 && !isVariable) ||
    sizeCode === 0 ||
    rateCode === 15 ||
    kind >>> 4 > 10 ||
    kind & 1
  )
    return undefined;
  // The number is coded as in UTF-8, with up to 36 bits.
  const more = first < 0x80 ? 0 : Math.clz32(~first << 24) - 1;
  let number = more === 0 ? first : first & (0x3f >>> more);
  for (let index = 5; index < 5 + more; index++) number = number * 64 + (byteAt(bytes, index) & 0x3f);
  let at = 5 + more;
  let samples = sizeCode === 1 ? 192 : sizeCode < 6 ? 576 << (sizeCode - 2) : 256 << (sizeCode - 8);
  if (sizeCode === 6) samples = byteAt(bytes, at++) + 1;
  if (sizeCode === 7) samples = byteAt(bytes, at++) * 256 + byteAt(bytes, at++) + 1;
  at += rateCode === 12 ? 1 : rateCode > 12 ? 2 : 0;
  if (at >= Math.min(bytes.length, HEADER_BYTES) || checksum(bytes.subarray(0, at)) !== bytes[at]) return undefined;
  return { isVariable, number, samples };
}

/** CRC-8 with the polynomial x⁸ + x² + x + 1. @param {Uint8Array} bytes */
function checksum(bytes) {
  let sum = 0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = ((sum << 1) ^ (sum & 0x80 ? 0x07 : 0)) & 0xff;
  }
  return sum;
}
