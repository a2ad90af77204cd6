/**
 * WebM reader: where each sound packet of a WebM or Matroska file is
 * (https://www.rfc-editor.org/rfc/rfc9559).
 *
 * The table is made only for files with one sound track, or one default among several, of
 * unencrypted Opus or Vorbis, with one packet per block. Timestamps are rounded to milliseconds, so
 * times come from counting samples.
 */

import { byteAt, uint32 } from "../../file/bytes.js";
import { BlockReader } from "../block-reader.js";
import { EBML } from "../container.js";
import { NotCuttable } from "../../file/not-cuttable.js";
import { codecOf, headerPacketsOf } from "../packet-codecs.js";
import {
  BLOCK,
  BLOCK_GROUP,
  CLUSTER,
  CODEC_PRIVATE,
  CONTENT_ENCODINGS,
  DISCARD_PADDING,
  FLAG_DEFAULT,
  INFO,
  MAX_ELEMENTS,
  SEGMENT,
  SIMPLE_BLOCK,
  TIMESTAMP,
  TIMESTAMP_SCALE,
  TRACKS,
  TRACK_ENTRY,
  TRACK_NUMBER,
  TRACK_TYPE,
  childrenOf,
  elementsFrom,
  elementsIn,
  numberIn,
  unsigned,
} from "./elements.js";

/** @import { SongFile } from "../../file/song-file.js" */
/** @import { SeekPoint } from "../cut.js" */
/** @import { PacketCodec } from "../packet-codecs.js" */
/** @import { Element, FileElement } from "./elements.js" */

/**
 * @typedef {Object} Track
 * @property {number} number
 * @property {PacketCodec} codec
 * @property {Element[]} entries its element, then those of the other tracks
 */

/**
 * The data that a decoder needs before the blocks.
 * @typedef {Object} Header
 * @property {Uint8Array<ArrayBuffer>} ebmlHeader element
 * @property {Uint8Array<ArrayBuffer>} timestampScale element; empty if there is none
 * @property {Track} track the sound track
 * @property {number} firstClusterOffset
 */

/**
 * A SimpleBlock, or a Block in its BlockGroup.
 * @typedef {Object} Block
 * @property {number} offset of the SimpleBlock or BlockGroup
 * @property {number} endOffset
 * @property {number} packetOffset
 * @property {number} packetEndOffset
 * @property {Uint8Array<ArrayBuffer>} packet as far as `BlockReader` looks ahead
 * @property {number} clusterTime timestamp of its cluster
 * @property {number} relativeTime to the cluster's
 */

/**
 * A block in the table.
 * @typedef {SeekPoint & Omit<Block, "packet" | "relativeTime"> & { index: number }} SoundBlock
 */

/**
 * The sound track's blocks; `startTime` is the timestamp of the first.
 * @typedef {Header & { blocks: SoundBlock[], samples: number, startTime: number }} WebmBlocks
 */

const NO_BYTES = new Uint8Array(0);
/** TrackType of sound (RFC 9559, 5.1.4.1.3). */
export const AUDIO = 2;
/** Track numbers beyond it take two bytes in a block. */
const MAX_TRACK_NUMBER = 126;
/** Header packets of a Vorbis stream. */
const VORBIS_PACKETS = 3;
/** A block begins with its track number, its relative time, and flags (RFC 9559, 10.1). */
const BLOCK_HEAD_BYTES = 4;
const LACING_FLAGS = 6;

/** The header of Vorbis takes some kilobytes; pictures in it take more. */
const MAX_HEADER_BYTES = 2 ** 20;
/** Blocks of three hours in packets of 20 ms. A larger table would take too much memory. */
const MAX_BLOCKS = 2 ** 19;
/** Timestamps are written with 32 bits. */
const MAX_TIMESTAMP = 2 ** 32 - 1;

/** @param {SongFile} file @returns {Promise<WebmBlocks>} */
export async function readWebmBlocks(file) {
  const reader = new BlockReader(file);
  if (uint32(await reader.at(0)) !== EBML) throw new NotCuttable("no EBML header");
  const header = await readHeader(reader, file.size);
  return { ...header, ...(await readTable(reader, file.size, header)) };
}

/** @param {BlockReader} reader @param {number} fileBytes @returns {Promise<Header>} */
async function readHeader(reader, fileBytes) {
  /** @type {Map<number, Uint8Array<ArrayBuffer>>} */
  const found = new Map();
  let elements = 0;
  for await (const { id, offset, endOffset } of elementsFrom(reader, { from: 0, fileBytes, entered: [SEGMENT] })) {
    if (id === CLUSTER) {
      const info = childrenOf(found.get(INFO) ?? NO_BYTES);
      return {
        ebmlHeader: found.get(EBML) ?? NO_BYTES,
        timestampScale: info.find((child) => child.id === TIMESTAMP_SCALE)?.bytes ?? NO_BYTES,
        track: soundTrackIn(found.get(TRACKS) ?? NO_BYTES),
        firstClusterOffset: offset,
      };
    }
    if (id === EBML || id === INFO || id === TRACKS) {
      const bytes = endOffset - offset;
      if (bytes > MAX_HEADER_BYTES) throw new NotCuttable("the header is too large");
      found.set(id, (await reader.at(offset, bytes)).slice());
    }
    if (++elements === MAX_ELEMENTS) throw new NotCuttable("too many elements before the first cluster");
  }
  throw new NotCuttable("no cluster");
}

/**
 * The element with the tracks, and its place in the file.
 * @param {BlockReader} reader
 * @param {number} fileBytes
 * @returns {Promise<{ offset: number, bytes: Uint8Array<ArrayBuffer> }>}
 */
export async function readTracks(reader, fileBytes) {
  let elements = 0;
  for await (const { id, offset, endOffset } of elementsFrom(reader, { from: 0, fileBytes, entered: [SEGMENT] })) {
    if (id === TRACKS && endOffset - offset <= MAX_HEADER_BYTES)
      return { offset, bytes: (await reader.at(offset, endOffset - offset)).slice() };
    elements++;
    if (id === CLUSTER || elements === MAX_ELEMENTS) break;
  }
  throw new NotCuttable("no tracks before the first cluster");
}

/** @param {BlockReader} reader @param {number} fileBytes @param {Header} header */
async function readTable(reader, fileBytes, { track: { number, codec }, firstClusterOffset }) {
  const blocks = /** @type {SoundBlock[]} */ ([]);
  let samples = 0;
  let startTime = 0;
  let previous = NO_BYTES;
  const elements = elementsFrom(reader, { from: firstClusterOffset, fileBytes, entered: [CLUSTER, BLOCK_GROUP] });
  for await (const { packet, relativeTime, ...place } of blocksOf(elements, number)) {
    if (blocks.length === MAX_BLOCKS) throw new NotCuttable("too many blocks");
    const isFirst = blocks.length === 0;
    if (isFirst) startTime = place.clusterTime + relativeTime;
    const packetSamples = isFirst && codec.firstPacketIsSilent ? 0 : codec.samplesOf(packet, previous);
    if (packetSamples === undefined) throw new NotCuttable("a packet without sound");
    blocks.push({
      ...place,
      index: blocks.length,
      sample: samples + (codec.firstPacketIsSilent ? packetSamples : 0),
      endSample: samples,
    });
    previous = packet;
    samples += packetSamples;
  }
  if (startTime < 0) throw new NotCuttable("the first timestamp is negative");
  return { blocks, samples, startTime };
}

/**
 * The blocks of one track.
 * @param {AsyncIterable<FileElement>} elements
 * @param {number} trackNumber
 * @returns {AsyncGenerator<Block, void>}
 */
async function* blocksOf(elements, trackNumber) {
  /** @type {number | undefined} */
  let clusterTime;
  /** The block group that began last. */
  let group = { offset: 0, endOffset: 0 };
  let isOfTrack = true;
  let isEndTrimmed = false;
  for await (const { id, offset, endOffset, contentOffset, content } of elements) {
    if (id === EBML) throw new NotCuttable("several files in one");
    if (id === CLUSTER) clusterTime = undefined;
    if (id === TIMESTAMP) clusterTime = unsigned(content);
    if (id === BLOCK_GROUP) group = { offset, endOffset };
    if (id === DISCARD_PADDING && isOfTrack) isEndTrimmed = true;
    if (id !== BLOCK && id !== SIMPLE_BLOCK) continue;
    isOfTrack = byteAt(content, 0) === (0x80 | trackNumber);
    if (!isOfTrack) continue;

    const isLaced = (byteAt(content, 3) & LACING_FLAGS) !== 0;
    if (isLaced) throw new NotCuttable("several packets in a block");
    if (isEndTrimmed) throw new NotCuttable("DiscardPadding before the last block");
    if (clusterTime === undefined) throw new NotCuttable("a cluster without a timestamp");
    if (clusterTime > MAX_TIMESTAMP) throw new NotCuttable("the timestamp of a cluster is too large");
    const place = id === BLOCK ? group : { offset, endOffset };
    yield {
      offset: place.offset,
      endOffset: place.endOffset,
      packetOffset: contentOffset + BLOCK_HEAD_BYTES,
      packetEndOffset: endOffset,
      packet: content.slice(BLOCK_HEAD_BYTES),
      clusterTime,
      relativeTime: (uint32(content) << 8) >> 16,
    };
  }
}

/**
 * Whether a track is marked to be played. The flag is set where it isn't written (RFC 9559,
 * 5.1.4.1.5).
 * @param {Element[]} track
 */
export function isDefault(track) {
  return !track.some(({ id }) => id === FLAG_DEFAULT) || numberIn(track, FLAG_DEFAULT) === 1;
}

/**
 * The only sound track, or of several the only default one (RFC 9559, 5.1.4.1).
 * @param {Uint8Array<ArrayBuffer>} tracks element
 * @returns {Track}
 */
function soundTrackIn(tracks) {
  const entries = childrenOf(tracks);
  const all = entries
    .filter(({ id }) => id === TRACK_ENTRY)
    .map((entry) => ({ entry, sound: elementsIn(entry.content) }))
    .filter(({ sound }) => numberIn(sound, TRACK_TYPE) === AUDIO);
  const [found, ...others] = all.length === 1 ? all : all.filter(({ sound }) => isDefault(sound));
  if (!found || others.length > 0) throw new NotCuttable("not one sound track");
  const { entry, sound } = found;
  if (sound.some(({ id }) => id === CONTENT_ENCODINGS)) throw new NotCuttable("encrypted or compressed sound");
  const setup = sound.find(({ id }) => id === CODEC_PRIVATE)?.content;
  if (!setup) throw new NotCuttable("no header of the codec");
  const packets = byteAt(setup, 0) === VORBIS_PACKETS - 1 ? unlaced(setup) : [setup];
  if (headerPacketsOf(packets) === 0) throw new NotCuttable("an unknown codec");
  const number = numberIn(sound, TRACK_NUMBER);
  if (number > MAX_TRACK_NUMBER) throw new NotCuttable("the track number is too large");
  return { number, codec: codecOf(packets), entries: [entry, ...entries.filter((other) => other !== entry)] };
}

/**
 * The header packets of Vorbis from its CodecPrivate, which are laced as in Ogg: their number less
 * one, the sizes of all but the last, then the packets (RFC 9559, 10.3.2).
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
function unlaced(bytes) {
  const sizes = [];
  let at = 1;
  while (sizes.length < VORBIS_PACKETS - 1) {
    let size = 0;
    while (bytes[at] === 255) size += byteAt(bytes, at++);
    sizes.push(size + byteAt(bytes, at++));
  }
  return [...sizes, bytes.length].map((size) => bytes.subarray(at, (at += size)));
}
