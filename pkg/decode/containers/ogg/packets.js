/** Ogg packets: the sample with which each packet in a part of an Ogg file begins. */

import { FULL_SEGMENT_BYTES, isContinued, pagesIn } from "./pages.js";

/** @import { SeekPoint } from "../cut.js" */
/** @import { PacketCodec } from "../packet-codecs.js" */
/** @import { Page } from "./pages.js" */

/**
 * The beginning of a packet. `segment` is its first segment on the page, `segmentAt` the place of
 * that segment in the page.
 * @typedef {SeekPoint & { page: Page, segment: number, segmentAt: number }} Packet
 */

/**
 * The packets that begin in a part of the file, as far as their place in the song is known:
 * after the first page on which a packet ends.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {number} offset where the bytes begin in the file
 * @param {number} serial of the stream
 * @param {PacketCodec} codec
 * @returns {Packet[]}
 */
export function packetsIn(bytes, offset, serial, codec) {
  const packets = /** @type {Packet[]} */ ([]);
  const walk = new PacketWalk(codec);
  for (const page of pagesIn(bytes)) {
    if (page.serial !== serial) break;
    packets.push(...walk.packetsOf(page, offset + page.bytes.byteOffset));
    if (!walk.matches(page.granulePosition)) break;
  }
  return packets;
}

/** Walks through the packets of consecutive pages and counts their samples. */
class PacketWalk {
  #codec;
  /** The packet that began last, and the rest of its page. */
  #packet = new Uint8Array(0);
  /** Its samples; `undefined` if it holds no sound. @type {number | undefined} */
  #packetSamples = 0;
  /**
   * Samples of the stream up to the end of the last complete packet; `undefined` until a page
   * states it.
   * @type {number | undefined}
   */
  #position;

  /** @param {PacketCodec} codec */
  constructor(codec) {
    this.#codec = codec;
  }

  /**
   * The packets that begin on the next page.
   * @param {Page} page
   * @param {number} offset of the page in the file
   * @returns {Packet[]}
   */
  packetsOf(page, offset) {
    const packets = /** @type {Packet[]} */ ([]);
    // A file that is cut off before this page ends where the packets before it do.
    const endSample = this.#position;
    let isBeginning = !isContinued(page);
    let segmentAt = page.segmentsAt;
    for (const [segment, length] of page.segmentTable.entries()) {
      if (isBeginning) {
        const sample = this.#begin(page.bytes.subarray(segmentAt));
        if (sample !== undefined && endSample !== undefined)
          packets.push({ offset, sample, endSample, page, segment, segmentAt });
      }
      const isEnd = length < FULL_SEGMENT_BYTES;
      if (isEnd) this.#position = sum(this.#position, this.#packetSamples);
      isBeginning = isEnd;
      segmentAt += length;
    }
    return packets;
  }

  /**
   * Whether the samples that were counted up to the end of a page are those that the page states;
   * takes them from there if they are unknown.
   * @param {number | undefined} granulePosition
   */
  matches(granulePosition) {
    this.#position ??= granulePosition;
    return granulePosition === undefined || granulePosition === this.#position;
  }

  /**
   * @param {Uint8Array<ArrayBuffer>} packet the next one
   * @returns {number | undefined} the sample that a decoder begins with there, if it is known
   */
  #begin(packet) {
    this.#packetSamples = this.#codec.samplesOf(packet, this.#packet);
    this.#packet = packet;
    return this.#codec.firstPacketIsSilent ? sum(this.#position, this.#packetSamples) : this.#position;
  }
}

/**
 * @param {number | undefined} a
 * @param {number | undefined} b
 * @returns {number | undefined} `undefined` if one is
 */
function sum(a, b) {
  return a === undefined || b === undefined ? undefined : a + b;
}
