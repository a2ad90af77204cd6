/**
 * WebM blocks: where each packet of sound in a WebM or Matroska file is (RFC 9559; RFC 8794 defines EBML, its elements). A table
 * only for files with one sound track, of Opus or Vorbis in the open, each packet in a block of its own. The times that a file
 * states are rounded to milliseconds, so samples are counted.
 */

import { byteAt, uint32 } from "../bytes.js";
import { FileBlock } from "../block-reader.js";
import { NotCuttable } from "../not-cuttable.js";
import { codecOf, headerPacketsOf } from "../packet-codecs.js";

/** @import { SongFile } from "../../song-file.js" */
/** @import { Mark } from "../cut.js" */
/** @import { PacketCodec } from "../packet-codecs.js" */

/** @typedef {{ number: number, codec: PacketCodec }} Track */

/**
 * @typedef {Object} Header what a decoder needs before the blocks
 * @property {Uint8Array<ArrayBuffer>} fileType the file's first element
 * @property {Uint8Array<ArrayBuffer>} timestampScale an element; empty if there is none
 * @property {Uint8Array<ArrayBuffer>} tracks an element
 * @property {Track} track
 * @property {number} endBytes where the first cluster begins
 */

/**
 * @typedef {Object} Place
 * @property {number} index in the table
 * @property {number} endOffset of the element that begins at `offset`: the block's, or that of the group that it is in
 * @property {number} soundAt
 * @property {number} soundEnd
 * @property {number} clusterTime to which the block's own is added
 */

/** @typedef {Mark & Place} SoundBlock */

/** @typedef {Header & { blocks: SoundBlock[], samples: number, startTime: number }} WebmBlocks with the time that stands at the first block */

export const SEGMENT = 0x18538067;
export const INFO = 0x1549a966;
export const CLUSTER = 0x1f43b675;
export const TIMESTAMP = 0xe7;
export const SIMPLE_BLOCK = 0xa3;
const EBML = 0x1a45dfa3;
const TIMESTAMP_SCALE = 0x2ad7b1;
const TRACKS = 0x1654ae6b;
const TRACK_ENTRY = 0xae;
const TRACK_NUMBER = 0xd7;
const TRACK_TYPE = 0x83;
const CODEC_PRIVATE = 0x63a2;
const CONTENT_ENCODINGS = 0x6d80;
const BLOCK_GROUP = 0xa0;
const BLOCK = 0xa1;
const DISCARD_PADDING = 0x75a2;

const NONE = new Uint8Array(0);
const IS_SOUND = 2;
/** Larger ones take two bytes. */
const MAX_TRACK_NUMBER = 126;
/** Header packets of a Vorbis stream. */
const VORBIS_PACKETS = 3;
/** A block begins with the track's number, how much later than its cluster it is, and flags. */
const BLOCK_HEAD_BYTES = 4;
const LACING_FLAGS = 6;

/** The header of Vorbis has some kilobytes, with pictures more. */
const MAX_HEADER_BYTES = 2 ** 20;
/** In one that is read at once: tracks, and what is said of each. */
const MAX_ELEMENTS = 64;
/** At most three hours in packets of 20 ms; a larger table takes memory. */
const MAX_BLOCKS = 2 ** 19;

/** @param {SongFile} file @returns {Promise<WebmBlocks>} */
export async function readWebmBlocks(file) {
  const window = new FileBlock(file);
  if (uint32(await window.at(0)) !== EBML) throw new NotCuttable("no EBML header");
  const header = await readHeader(window, file.size);
  return { ...header, ...(await readTable(window, file.size, header)) };
}

/** @param {FileBlock} window @param {number} fileBytes @returns {Promise<Header>} */
async function readHeader(window, fileBytes) {
  let [fileType, timestampScale, tracks] = [NONE, NONE, NONE];
  for (let at = 0, elements = 0; at < fileBytes && elements < MAX_ELEMENTS; elements++) {
    const { id, contentAt, end } = elementAt(await window.at(at));
    if (id === CLUSTER) {
      const track = trackOf(tracks);
      return { fileType, timestampScale, tracks, track, endBytes: at };
    }
    if (id === EBML || id === INFO || id === TRACKS) {
      if (end > MAX_HEADER_BYTES) throw new NotCuttable("the header is too large");
      const bytes = (await window.at(at, end)).slice();
      if (id === EBML) fileType = bytes;
      else if (id === TRACKS) tracks = bytes;
      else timestampScale = childrenOf(bytes).find((child) => child.id === TIMESTAMP_SCALE)?.bytes ?? NONE;
    }
    at += id === SEGMENT ? contentAt : end;
  }
  throw new NotCuttable("no cluster");
}

/** @param {FileBlock} window @param {number} fileBytes @param {Header} header */
async function readTable(window, fileBytes, { track: { number, codec }, endBytes }) {
  const blocks = /** @type {SoundBlock[]} */ ([]);
  let samples = 0;
  let startTime = 0;
  let clusterTime = NaN;
  let group = { offset: 0, endOffset: 0 };
  let before = NONE;
  let isCutShort = false;
  for (let offset = endBytes, next = 0; offset < fileBytes; offset = next) {
    const bytes = window.holds(offset) ? window.view(offset) : await window.at(offset);
    const { id, contentAt, end } = elementAt(bytes);
    const endOffset = offset + end;
    // What holds others is entered; where it ends is where something follows that it can't hold.
    const isEntered = id === CLUSTER || id === BLOCK_GROUP;
    next = offset + (isEntered ? contentAt : end);
    if ((id === CLUSTER ? next : endOffset) > fileBytes) throw new NotCuttable("an element ends after the file");
    if (id === 0) throw new NotCuttable("damaged element");
    if (id === EBML) throw new NotCuttable("several files in one");
    if (id === CLUSTER) clusterTime = NaN;
    else if (id === TIMESTAMP) clusterTime = valueOf(bytes.subarray(contentAt, end));
    else if (id === BLOCK_GROUP) group = { offset, endOffset };
    else if (id === DISCARD_PADDING) isCutShort = true;
    if ((id !== BLOCK && id !== SIMPLE_BLOCK) || byteAt(bytes, contentAt) !== (0x80 | number)) continue;

    const packet = bytes.slice(contentAt + BLOCK_HEAD_BYTES, end);
    // The first packet of Vorbis gives no sound.
    const packetSamples = codec.isLate && blocks.length === 0 ? 0 : codec.samplesOf(packet, before);
    const isLaced = (byteAt(bytes, contentAt + 3) & LACING_FLAGS) !== 0;
    if (isLaced) throw new NotCuttable("several packets in a block");
    if (isCutShort) throw new NotCuttable("samples left out before the last packet");
    if (!(clusterTime < 2 ** 32)) throw new NotCuttable("no timestamp of a cluster");
    if (!(packetSamples >= 0)) throw new NotCuttable("a packet without sound");
    if (blocks.length === MAX_BLOCKS) throw new NotCuttable("too many blocks");
    if (blocks.length === 0) startTime = clusterTime + ((uint32(bytes, contentAt) << 8) >> 16);
    blocks.push({
      ...(id === BLOCK ? group : { offset, endOffset }),
      index: blocks.length,
      sample: samples + (codec.isLate ? packetSamples : 0),
      endSample: samples,
      soundAt: offset + contentAt + BLOCK_HEAD_BYTES,
      soundEnd: endOffset,
      clusterTime,
    });
    before = packet;
    samples += packetSamples;
  }
  if (startTime < 0) throw new NotCuttable("the sound begins before its time");
  return { blocks, samples, startTime };
}

/** The only sound track (RFC 9559, 5.1.4). @param {Uint8Array<ArrayBuffer>} tracks @returns {Track} */
function trackOf(tracks) {
  const entries = childrenOf(tracks).filter(({ id }) => id === TRACK_ENTRY);
  const [sound, ...others] = entries
    .map(({ bytes }) => childrenOf(bytes))
    .filter((entry) => numberOf(entry, TRACK_TYPE) === IS_SOUND);
  const setup = sound?.find(({ id }) => id === CODEC_PRIVATE)?.content;
  if (!sound || others.length > 0) throw new NotCuttable("not one sound track");
  if (!setup) throw new NotCuttable("no header of the codec");
  if (sound.some(({ id }) => id === CONTENT_ENCODINGS)) throw new NotCuttable("encrypted or compressed sound");
  const number = numberOf(sound, TRACK_NUMBER);
  const packets = byteAt(setup, 0) === VORBIS_PACKETS - 1 ? unlaced(setup) : [setup];
  const codec = headerPacketsOf(packets) > 0 && number <= MAX_TRACK_NUMBER ? codecOf(packets) : undefined;
  if (!codec) throw new NotCuttable("an unknown codec, or a large track number");
  return { number, codec };
}

/** The packets of Vorbis' header, before which stands how many there are, and how long all but the last. @param {Uint8Array<ArrayBuffer>} bytes */
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

/**
 * The element that begins the bytes (RFC 8794, 5 and 6).
 * @param {Uint8Array} bytes
 * @returns {{ id: number, contentAt: number, end: number }} `id` is 0 if there is no element; an
 *   unknown size, all value bits of which are 1, gives an `end` beyond the size of any file
 */
function elementAt(bytes) {
  const id = numberAt(bytes, 0);
  const size = numberAt(bytes, id.bytes);
  const contentAt = id.bytes + size.bytes;
  return {
    id: id.bytes > 4 || size.bytes > 8 ? 0 : id.value + 2 ** (7 * id.bytes),
    contentAt,
    end: contentAt + size.value,
  };
}

/** A variable-size integer (RFC 8794, 4): its leading zeros count its further bytes. @param {Uint8Array} bytes @param {number} at */
function numberAt(bytes, at) {
  const count = Math.clz32(byteAt(bytes, at)) - 23;
  let value = byteAt(bytes, at) & (0xff >> count);
  for (let index = 1; index < count; index++) value = value * 256 + byteAt(bytes, at + index);
  return { value, bytes: count };
}

/** @param {Uint8Array<ArrayBuffer>} element @returns {{ id: number, bytes: Uint8Array<ArrayBuffer>, content: Uint8Array<ArrayBuffer> }[]} the elements in it, up to one out of order */
function childrenOf(element) {
  const children = [];
  for (let rest = element.subarray(elementAt(element).contentAt); rest.length > 0 && children.length < MAX_ELEMENTS;) {
    const { id, contentAt, end } = elementAt(rest);
    if (id === 0 || end > rest.length) break;
    children.push({ id, bytes: rest.subarray(0, end), content: rest.subarray(contentAt, end) });
    rest = rest.subarray(end);
  }
  return children;
}

/** @param {ReturnType<typeof childrenOf>} elements @param {number} wanted @returns {number} 0 if it is not there */
function numberOf(elements, wanted) {
  return valueOf(elements.find(({ id }) => id === wanted)?.content ?? NONE);
}

/** @param {Uint8Array} content */
function valueOf(content) {
  return content.reduce((sum, byte) => sum * 256 + byte, 0);
}
