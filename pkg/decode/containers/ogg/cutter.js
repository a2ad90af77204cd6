/**
 * Ogg pieces: cuts an Ogg file of Vorbis, Opus or FLAC into files of their own, each with the header of the whole and some of its pages
 * (RFC 3533). So that a piece can begin with any packet, its first page is made anew, without the packets before.
 */

import { isText, joined } from "../bytes.js";
import { NotCuttable } from "../not-cuttable.js";
import { searchFile } from "../seek.js";
import { markedPieces } from "../cut.js";
import { codecOf, headerPacketsOf } from "../packet-codecs.js";

/** @import { SongFile } from "../../song-file.js" */
/** @import { Mark } from "../cut.js" */
/** @import { PacketCodec } from "../packet-codecs.js" */
/** @import { Cut, Pieces } from "../../chunks.js" */

/**
 * @typedef {Object} Page
 * @property {Uint8Array<ArrayBuffer>} bytes
 * @property {number} flags
 * @property {number} position how many samples the file has up to the end of the last packet that ends here; `NaN` if none does
 * @property {number} serial of the stream
 * @property {Uint8Array} lacing the sizes of the segments, of which a packet's last one is shorter than 255 bytes
 * @property {number} soundAt where the first segment begins
 */

/** @typedef {Mark & { page: Page, segment: number, segmentAt: number }} Packet where one begins */

const NAME = "OggS";
const NAME_START = NAME.charCodeAt(0);
const FLAGS_AT = 5;
const POSITION_AT = 6;
const SERIAL_AT = 14;
const CHECKSUM_AT = 22;
const LACING_AT = 27;
const FULL_SEGMENT_BYTES = 255;
const IS_CONTINUED = 1;

/** The beginning is read in steps of four times as much, as long as the header does not end. */
const MIN_HEADER_BYTES = 64 * 1024;
const MAX_HEADER_BYTES = 2 ** 24;
/** More than the longest page. */
const END_BYTES = 128 * 1024;

/**
 * @param {SongFile} file
 * @param {Cut} limits
 * @returns {Promise<Pieces>}
 */
export async function cut(file, limits) {
  const header = await readHeader(file);
  const { codec, headerBytes, serial } = header;
  const endAt = Math.max(headerBytes, file.size - END_BYTES);
  const last = pagesIn(await file.bytes(endAt, file.size)).at(-1);
  if (!last || last.serial !== serial || !(last.position > 0)) throw new NotCuttable("no last page of the stream");
  const beginning = await file.bytes(headerBytes, headerBytes + END_BYTES);
  const [page] = pagesIn(beginning);
  if (!page || page.bytes.byteOffset !== 0) throw new NotCuttable("no page after the header");
  const samples = last.position;
  const first = { offset: headerBytes, sample: 0, endSample: 0, page, segment: 0, segmentAt: page.soundAt };
  return markedPieces(limits, {
    sampleRateHz: codec.sampleRateHz,
    samples,
    first,
    settlingSamples: codec.settlingSamples,
    marksAround: searchFile(file, {
      samples,
      first,
      findMarks: (bytes, offset) => packetsIn(bytes, offset, serial, codec),
    }),
    parts: (from, to) => [
      file.slice(0, headerBytes),
      pageFrom(from),
      file.slice(from.offset + from.page.bytes.length, to?.offset),
    ],
  });
}

/**
 * The header packets of the only stream, which end with their page (RFC 7845, 3 and 5).
 * @param {SongFile} file
 * @returns {Promise<{ codec: PacketCodec, headerBytes: number, serial: number }>}
 */
async function readHeader(file) {
  if (!isText(await file.bytes(0, NAME.length), 0, NAME)) throw new NotCuttable("no Ogg page");
  for (let size = MIN_HEADER_BYTES; size <= MAX_HEADER_BYTES; size *= 4) {
    const bytes = await file.bytes(0, size);
    const packets = /** @type {Uint8Array<ArrayBuffer>[]} */ ([]);
    let begun = /** @type {Uint8Array<ArrayBuffer>[]} */ ([]);
    let serial;
    for (const page of pagesIn(bytes)) {
      serial ??= page.serial;
      if (page.serial !== serial) throw new NotCuttable("several streams side by side");
      let at = page.soundAt;
      for (const length of page.lacing) {
        begun.push(page.bytes.subarray(at, at + length));
        at += length;
        if (length === FULL_SEGMENT_BYTES) continue;
        packets.push(joined(begun));
        begun = [];
      }
      const wanted = headerPacketsOf(packets);
      if (packets.length > wanted) throw new NotCuttable("an unknown codec, or sound on a page of the header");
      if (packets.length === wanted) {
        const codec = codecOf(packets);
        if (!codec) throw new NotCuttable("damaged header of the codec");
        return { codec, headerBytes: page.bytes.byteOffset + page.bytes.length, serial };
      }
    }
    if (size >= file.size) break;
  }
  throw new NotCuttable("the header does not end");
}

/** The first pages that follow each other (RFC 3533, 6). @param {Uint8Array<ArrayBuffer>} bytes @returns {Page[]} */
function pagesIn(bytes) {
  for (let at = bytes.indexOf(NAME_START); at >= 0; at = bytes.indexOf(NAME_START, at + 1)) {
    const pages = /** @type {Page[]} */ ([]);
    let end = at;
    for (let page = pageAt(bytes, at); page; page = pageAt(bytes, end)) {
      pages.push(page);
      end += page.bytes.length;
    }
    // One alone may be there by chance.
    if (pages.length > 1 || (pages.length === 1 && end === bytes.length)) return pages;
  }
  return [];
}

/** @param {Uint8Array<ArrayBuffer>} bytes @param {number} at @returns {Page | undefined} if it is whole */
function pageAt(bytes, at) {
  if (!isText(bytes, at, NAME) || at + LACING_AT > bytes.length || bytes[at + NAME.length] !== 0) return undefined;
  const lacingBytes = /** @type {number} */ (bytes[at + LACING_AT - 1]);
  const lacing = bytes.subarray(at + LACING_AT, at + LACING_AT + lacingBytes);
  const soundAt = LACING_AT + lacingBytes;
  const size = lacing.reduce((sum, length) => sum + length, soundAt);
  if (at + size > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, at);
  const isNone = view.getInt32(POSITION_AT + 4, true) < 0;
  return {
    bytes: bytes.subarray(at, at + size),
    flags: view.getUint8(FLAGS_AT),
    position: isNone ? NaN : view.getUint32(POSITION_AT + 4, true) * 2 ** 32 + view.getUint32(POSITION_AT, true),
    serial: view.getUint32(SERIAL_AT),
    lacing,
    soundAt,
  };
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {number} offset where they begin in the file
 * @param {number} serial
 * @param {PacketCodec} codec
 * @returns {Packet[]} those of which it is known where they are in the song
 */
function packetsIn(bytes, offset, serial, { samplesOf, isLate }) {
  const packets = /** @type {Packet[]} */ ([]);
  /** The packet that began last, how many samples it has, and where the sound of those before it ends. */
  let packet = new Uint8Array(0);
  let samples = 0;
  let end = NaN;
  for (const page of pagesIn(bytes)) {
    if (page.serial !== serial) break;
    const endSample = end;
    let isNext = (page.flags & IS_CONTINUED) === 0;
    let segmentAt = page.soundAt;
    for (const [segment, length] of page.lacing.entries()) {
      if (isNext) {
        const next = page.bytes.subarray(segmentAt);
        samples = samplesOf(next, packet);
        packet = next;
        const sample = isLate ? end + samples : end;
        if (!Number.isNaN(sample))
          packets.push({ offset: offset + page.bytes.byteOffset, sample, endSample, page, segment, segmentAt });
      }
      isNext = length < FULL_SEGMENT_BYTES;
      if (isNext) end += samples;
      segmentAt += length;
    }
    if (Number.isNaN(end)) end = page.position;
    else if (!Number.isNaN(page.position) && page.position !== end) break;
  }
  return packets;
}

/** A packet's page without what is before it. @param {Packet} packet */
function pageFrom({ page: { bytes, flags, lacing }, segment, segmentAt }) {
  const page = joined([bytes.subarray(0, LACING_AT), lacing.subarray(segment), bytes.subarray(segmentAt)]);
  const view = new DataView(page.buffer);
  view.setUint8(FLAGS_AT, flags & ~IS_CONTINUED);
  view.setUint8(LACING_AT - 1, lacing.length - segment);
  view.setUint32(CHECKSUM_AT, 0);
  view.setUint32(CHECKSUM_AT, checksum(page), true);
  return page;
}

/** The polynomial of Ethernet's checksum, from the highest bit on. @param {Uint8Array} bytes */
function checksum(bytes) {
  let sum = 0;
  for (const byte of bytes) {
    sum ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) sum = (sum << 1) ^ (sum < 0 ? 0x04c11db7 : 0);
  }
  return sum >>> 0;
}
