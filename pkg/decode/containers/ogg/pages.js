/**
 * Ogg pages (https://www.rfc-editor.org/rfc/rfc3533#section-6). A page holds segments of up to 255
 * bytes; a packet is a row of segments, of which only the last is shorter.
 */

import { isText, joined } from "../../file/bytes.js";

/**
 * @typedef {Object} Page
 * @property {Uint8Array<ArrayBuffer>} bytes the whole page
 * @property {number} headerType flags
 * @property {number | undefined} granulePosition samples of the stream up to the end of the last
 *   packet that ends on the page; `undefined` if none does
 * @property {number} serial of the stream
 * @property {Uint8Array} segmentTable the sizes of the segments
 * @property {number} segmentsAt where the first segment begins in `bytes`
 */

export const CAPTURE_PATTERN = "OggS";
/** A segment of this size is followed by another one of the same packet. */
export const FULL_SEGMENT_BYTES = 255;
/** Flag in `headerType`: the page begins with the rest of a packet. */
const CONTINUED = 1;
/** Flag in `headerType`: the page is the first of its stream. */
const FIRST = 2;

/** Offsets of the fields in a page's header. */
const VERSION_AT = 4;
const HEADER_TYPE_AT = 5;
const GRANULE_POSITION_AT = 6;
const SERIAL_AT = 14;
const CHECKSUM_AT = 22;
const SEGMENT_COUNT_AT = 26;
const SEGMENT_TABLE_AT = 27;

/** Generator polynomial of the checksum, the one of Ethernet, applied from the highest bit on. */
const CRC_POLYNOMIAL = 0x04c11db7;

/** @param {Page} page */
export function isContinued({ headerType }) {
  return (headerType & CONTINUED) !== 0;
}

/** @param {Page} page */
export function isFirst({ headerType }) {
  return (headerType & FIRST) !== 0;
}

/**
 * The first pages that follow each other.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Page[]}
 */
export function pagesIn(bytes) {
  const first = CAPTURE_PATTERN.charCodeAt(0);
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    const pages = /** @type {Page[]} */ ([]);
    let end = at;
    for (let page = pageAt(bytes, at); page; page = pageAt(bytes, end)) {
      pages.push(page);
      end += page.bytes.length;
    }
    // A single one may be sound that looks like a page.
    if (pages.length > 1 || (pages.length === 1 && end === bytes.length)) return pages;
  }
  return [];
}

/**
 * The page that begins at a place in the bytes.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {number} at
 * @returns {Page | undefined} `undefined` if there is none, or a part of it is missing
 */
function pageAt(bytes, at) {
  if (!isText(bytes, at, CAPTURE_PATTERN) || at + SEGMENT_TABLE_AT > bytes.length) return undefined;
  if (bytes[at + VERSION_AT] !== 0) return undefined;
  const segments = /** @type {number} */ (bytes[at + SEGMENT_COUNT_AT]);
  const segmentsAt = SEGMENT_TABLE_AT + segments;
  const segmentTable = bytes.subarray(at + SEGMENT_TABLE_AT, at + segmentsAt);
  const size = segmentTable.reduce((sum, length) => sum + length, segmentsAt);
  if (at + size > bytes.length) return undefined;
  const header = new DataView(bytes.buffer, at);
  return {
    bytes: bytes.subarray(at, at + size),
    headerType: header.getUint8(HEADER_TYPE_AT),
    granulePosition: granulePositionIn(header),
    serial: header.getUint32(SERIAL_AT),
    segmentTable,
    segmentsAt,
  };
}

/**
 * @param {DataView} header
 * @returns {number | undefined} `undefined` for -1: no packet ends on the page
 */
function granulePositionIn(header) {
  if (header.getInt32(GRANULE_POSITION_AT + 4, true) < 0) return undefined;
  return header.getUint32(GRANULE_POSITION_AT + 4, true) * 2 ** 32 + header.getUint32(GRANULE_POSITION_AT, true);
}

/**
 * A page without its first segments, so that it begins with a packet.
 * @param {Page} page
 * @param {number} segment the first that stays
 * @param {number} segmentAt where it begins in the page
 */
export function pageFrom({ bytes, headerType, segmentTable }, segment, segmentAt) {
  const page = joined([bytes.subarray(0, SEGMENT_TABLE_AT), segmentTable.subarray(segment), bytes.subarray(segmentAt)]);
  const view = new DataView(page.buffer);
  view.setUint8(HEADER_TYPE_AT, headerType & ~CONTINUED);
  view.setUint8(SEGMENT_COUNT_AT, segmentTable.length - segment);
  return withChecksum(page);
}

/**
 * Writes the checksum of a page into it.
 * @param {Uint8Array<ArrayBuffer>} page with all its bytes
 */
export function withChecksum(page) {
  const view = new DataView(page.buffer, page.byteOffset);
  view.setUint32(CHECKSUM_AT, 0);
  view.setUint32(CHECKSUM_AT, checksum(page), true);
  return page;
}

/** @param {Uint8Array} bytes of a page, in which the field of the checksum is 0 */
function checksum(bytes) {
  let sum = 0;
  for (const byte of bytes) {
    sum ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) sum = (sum << 1) ^ (sum < 0 ? CRC_POLYNOMIAL : 0);
  }
  return sum >>> 0;
}
