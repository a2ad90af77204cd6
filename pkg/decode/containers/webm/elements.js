/**
 * EBML elements, of which WebM and Matroska files consist
 * (https://www.rfc-editor.org/rfc/rfc8794). Each has an ID, the size of its content, and the
 * content: a value, or further elements.
 */

import { byteAt } from "../../file/bytes.js";
import { NotCuttable } from "../../file/not-cuttable.js";

/** @import { BlockReader } from "../block-reader.js" */

// Element IDs (RFC 9559, 27.1; RFC 8794, 17.1). The comments name the clauses of RFC 9559.
export const SEGMENT = 0x18538067; // 5.1
export const INFO = 0x1549a966; // 5.1.2
export const TIMESTAMP_SCALE = 0x2ad7b1;
export const TRACKS = 0x1654ae6b; // 5.1.4
export const TRACK_ENTRY = 0xae;
export const TRACK_NUMBER = 0xd7;
export const TRACK_TYPE = 0x83;
export const FLAG_DEFAULT = 0x88;
export const NAME = 0x536e;
export const CODEC_ID = 0x86;
export const LANGUAGE = 0x22b59c;
export const LANGUAGE_BCP47 = 0x22b59d;
export const CODEC_PRIVATE = 0x63a2;
export const CONTENT_ENCODINGS = 0x6d80;
export const CLUSTER = 0x1f43b675; // 5.1.3
export const TIMESTAMP = 0xe7;
export const SIMPLE_BLOCK = 0xa3;
export const BLOCK_GROUP = 0xa0;
export const BLOCK = 0xa1;
export const DISCARD_PADDING = 0x75a2;

/** The elements whose size may be unknown, as in a live stream (RFC 8794, 6.2). */
const MAY_BE_UNSIZED = [SEGMENT, CLUSTER];

/** Elements in a header that is read as a whole: tracks, and the properties of each. */
export const MAX_ELEMENTS = 64;
/** IDs have at most 4 bytes, sizes at most 8 (RFC 8794, 11.2.4 and 11.2.5). */
const MAX_ID_BYTES = 4;
const MAX_SIZE_BYTES = 8;

/**
 * An element in a file.
 * @typedef {Object} FileElement
 * @property {number} id
 * @property {number} offset in the file
 * @property {number} endOffset beyond the file if the size is unknown
 * @property {number} contentOffset
 * @property {Uint8Array<ArrayBuffer>} content as far as `BlockReader` looks ahead
 */

/**
 * An element in memory.
 * @typedef {Object} Element
 * @property {number} id
 * @property {Uint8Array<ArrayBuffer>} bytes with ID and size
 * @property {Uint8Array<ArrayBuffer>} content
 */

/**
 * The elements of a file in their order. Elements with one of the IDs in `entered` are followed by
 * their children, all others by the next element after their content.
 * @param {BlockReader} reader
 * @param {{ from: number, fileBytes: number, entered: number[] }} options `from`: the first offset
 * @returns {AsyncGenerator<FileElement, void>}
 */
export async function* elementsFrom(reader, { from, fileBytes, entered }) {
  for (let offset = from; offset < fileBytes;) {
    const bytes = reader.holds(offset) ? reader.view(offset) : await reader.at(offset);
    const head = elementAt(bytes);
    if (!head) throw new NotCuttable("damaged element");
    const contentOffset = offset + head.contentAt;
    const endOffset = offset + head.end;
    const neededEnd = MAY_BE_UNSIZED.includes(head.id) ? contentOffset : endOffset;
    if (neededEnd > fileBytes) throw new NotCuttable("an element ends after the file");
    yield { id: head.id, offset, endOffset, contentOffset, content: bytes.subarray(head.contentAt, head.end) };
    offset = entered.includes(head.id) ? contentOffset : endOffset;
  }
}

/**
 * The elements in another one, up to the first that is damaged.
 * @param {Uint8Array<ArrayBuffer>} content
 * @returns {Element[]}
 */
export function elementsIn(content) {
  const elements = [];
  for (let rest = content; rest.length > 0 && elements.length < MAX_ELEMENTS;) {
    const head = elementAt(rest);
    if (!head || head.end > rest.length) break;
    elements.push({
      id: head.id,
      bytes: rest.subarray(0, head.end),
      content: rest.subarray(head.contentAt, head.end),
    });
    rest = rest.subarray(head.end);
  }
  return elements;
}

/**
 * The elements in a single element that is given with ID and size.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Element[]}
 */
export function childrenOf(bytes) {
  return elementsIn(bytes).flatMap(({ content }) => elementsIn(content));
}

/**
 * The value of the first unsigned integer with an ID (RFC 8794, 7.2).
 * @param {Element[]} elements
 * @param {number} id
 * @returns {number} 0 if it is absent
 */
export function numberIn(elements, id) {
  const element = elements.find((one) => one.id === id);
  return element ? unsigned(element.content) : 0;
}

/** An unsigned integer (RFC 8794, 7.2). @param {Uint8Array} content */
export function unsigned(content) {
  return content.reduce((sum, byte) => sum * 256 + byte, 0);
}

/**
 * ID and size of the element at the beginning of the bytes (RFC 8794, 5 and 6).
 * @param {Uint8Array} bytes
 * @returns {{ id: number, contentAt: number, end: number } | undefined} `undefined` if there is no
 *   element; an unknown size, all value bits of which are 1, gives an `end` beyond any file size
 */
function elementAt(bytes) {
  const id = variableSize(bytes, 0);
  const size = variableSize(bytes, id.bytes);
  if (id.bytes > MAX_ID_BYTES || size.bytes > MAX_SIZE_BYTES) return undefined;
  const contentAt = id.bytes + size.bytes;
  // An ID includes its length marker bit; a size does not (RFC 8794, 5).
  return { id: id.value + 2 ** (7 * id.bytes), contentAt, end: contentAt + size.value };
}

/**
 * A variable-size integer (RFC 8794, 4). The leading zeros of its first byte count its further
 * bytes.
 * @param {Uint8Array} bytes
 * @param {number} at
 */
function variableSize(bytes, at) {
  const count = Math.clz32(byteAt(bytes, at)) - 23;
  let value = byteAt(bytes, at) & (0xff >> count);
  for (let index = 1; index < count; index++) value = value * 256 + byteAt(bytes, at + index);
  return { value, bytes: count };
}
