/**
 * Ogg cutter: cuts an Ogg file of Vorbis, Opus or FLAC into files of their own, each with the
 * header of the whole and some of its pages. A chunk can begin with any packet, because its first
 * page is rewritten without the packets before.
 */

import { isText, joined } from "../../file/bytes.js";
import { NotCuttable } from "../../file/not-cuttable.js";
import { searchFile } from "../seek.js";
import { cutAtSeekPoints } from "../cut.js";
import { codecOf, headerPacketsOf } from "../packet-codecs.js";
import { packetsIn } from "./packets.js";
import { CAPTURE_PATTERN, FULL_SEGMENT_BYTES, pageFrom, pagesIn } from "./pages.js";

/** @import { SongFile } from "../../file/song-file.js" */
/** @import { Chunks, Cut } from "../cut.js" */
/** @import { PacketCodec } from "../packet-codecs.js" */
/** @import { Page } from "./pages.js" */

/** @typedef {{ codec: PacketCodec, headerBytes: number, serial: number }} Header */

/** Bytes of the first read of the header; each further read is four times as large. */
const MIN_HEADER_BYTES = 64 * 1024;
const MAX_HEADER_BYTES = 2 ** 24;
/**
 * Bytes at the end of the file in which the last page is searched. The longest page has 65,307
 * bytes.
 */
const END_BYTES = 128 * 1024;

/**
 * @param {SongFile} file
 * @param {Cut} limits
 * @returns {Promise<Chunks>}
 */
export async function cut(file, limits) {
  const { codec, headerBytes, serial } = await readHeader(file);
  const samples = await readSamples(file, headerBytes, serial);
  const [page] = pagesIn(await file.bytes(headerBytes, headerBytes + END_BYTES));
  if (!page || page.bytes.byteOffset !== 0) throw new NotCuttable("no page after the header");
  const first = { offset: headerBytes, sample: 0, endSample: 0, page, segment: 0, segmentAt: page.segmentsAt };
  return cutAtSeekPoints(limits, {
    sampleRateHz: codec.sampleRateHz,
    samples,
    first,
    preRollSamples: codec.preRollSamples,
    seekPointsAround: searchFile(file, {
      samples,
      first,
      findSeekPoints: (bytes, offset) => packetsIn(bytes, offset, serial, codec),
    }),
    parts: (from, to) => [
      file.slice(0, headerBytes),
      pageFrom(from.page, from.segment, from.segmentAt),
      file.slice(from.offset + from.page.bytes.length, to?.offset),
    ],
  });
}

/**
 * The samples of the stream, from its last page.
 * @param {SongFile} file
 * @param {number} headerBytes
 * @param {number} serial
 */
async function readSamples(file, headerBytes, serial) {
  const from = Math.max(headerBytes, file.size - END_BYTES);
  const last = pagesIn(await file.bytes(from, file.size)).at(-1);
  if (!last) throw new NotCuttable("no page at the end");
  if (last.serial !== serial) throw new NotCuttable("another stream at the end");
  if (!last.granulePosition) throw new NotCuttable("the last page states no position");
  return last.granulePosition;
}

/**
 * Reads the header packets, which end with their page
 * (https://www.rfc-editor.org/rfc/rfc7845#section-3). All pages must be of one stream.
 * @param {SongFile} file
 * @returns {Promise<Header>}
 */
async function readHeader(file) {
  if (!isText(await file.bytes(0, CAPTURE_PATTERN.length), 0, CAPTURE_PATTERN)) throw new NotCuttable("no Ogg page");
  for (let size = MIN_HEADER_BYTES; size <= MAX_HEADER_BYTES; size *= 4) {
    const header = headerIn(pagesIn(await file.bytes(0, size)));
    if (header) return header;
    if (size >= file.size) break;
  }
  throw new NotCuttable("the header does not end");
}

/**
 * @param {Page[]} pages the first of a file
 * @returns {Header | undefined} `undefined` if the header goes on after them
 */
function headerIn(pages) {
  const packets = /** @type {Uint8Array<ArrayBuffer>[]} */ ([]);
  /** Segments of the packet that isn't complete yet. */
  let segments = /** @type {Uint8Array<ArrayBuffer>[]} */ ([]);
  for (const page of pages) {
    const serial = Number(pages[0]?.serial);
    if (page.serial !== serial) throw new NotCuttable("several streams side by side");
    let at = page.segmentsAt;
    for (const length of page.segmentTable) {
      segments.push(page.bytes.subarray(at, at + length));
      at += length;
      if (length === FULL_SEGMENT_BYTES) continue;
      packets.push(joined(segments));
      segments = [];
    }
    const wanted = headerPacketsOf(packets);
    if (wanted === 0) throw new NotCuttable("an unknown codec");
    if (packets.length > wanted) throw new NotCuttable("sound on a page of the header");
    if (packets.length === wanted)
      return { codec: codecOf(packets), headerBytes: page.bytes.byteOffset + page.bytes.length, serial };
  }
  return undefined;
}
