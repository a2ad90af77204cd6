/** Packet codecs, as Ogg and WebM have them: how many samples a packet of Vorbis, Opus or FLAC has, of which its first bytes tell. */

import { byteAt, isText, uint32 } from "./bytes.js";
import { flacFrame } from "./flac/frame.js";

/**
 * @typedef {Object} PacketCodec
 * @property {number} sampleRateHz at which its samples are counted
 * @property {number} preRollSamples until what a decoder makes of packets depends on them alone
 * @property {boolean} firstPacketIsSilent whether the first packet gives no sound yet
 * @property {(packet: Uint8Array, before: Uint8Array) => number | undefined} samplesOf a packet, given the one before it; `undefined` if it holds no sound
 */

const OPUS_RATE_HZ = 48_000;
/** What a packet sounds like is foretold from the last one: after a second nothing is left of what was before. */
const OPUS_PRE_ROLL_SAMPLES = OPUS_RATE_HZ;
/** Of a frame, by the configuration in a packet's first byte (RFC 6716, table 2). */
const OPUS_SPEECH_SAMPLES = [480, 960, 1920, 2880];
const OPUS_MUSIC_SAMPLES = [120, 240, 480, 960];
const FIRST_HYBRID = 12;
const FIRST_MUSIC = 16;

/** The first packet of FLAC (https://xiph.org/flac/ogg_mapping.html): a name and a version, how many packets of the header follow, or 0, and what a file of FLAC begins with. */
const FLAC_NAME = "\x7fFLAC";
const FLAC_COUNT_AT = 7;
const FLAC_RATE_AT = 27;
/** The last of the header's other packets begins with it. */
const FLAC_LAST_BLOCK = 0x80;

const VORBIS_RATE_AT = 12;
const VORBIS_SIZES_AT = 28;
/** A mode at the end of Vorbis' setup: whether its blocks are long, two types that are always 0, and a mapping. */
const MODE_BITS = 1 + 16 + 16 + 8;
const MAX_MODES = 64;
const MAX_MAPPINGS = 64;

/** @param {Uint8Array[]} packets the first of a stream @returns {number} how many packets its header has; 0 for other codecs, more than these where it can't be told yet */
export function headerPacketsOf(packets) {
  const [first = new Uint8Array(0)] = packets;
  if (!isText(first, 0, FLAC_NAME)) return isText(first, 0, "OpusHead") ? 2 : isText(first, 0, "\x01vorbis") ? 3 : 0;
  const others = byteAt(first, FLAC_COUNT_AT) * 256 + byteAt(first, FLAC_COUNT_AT + 1);
  const last = packets.findIndex((packet, index) => index > 0 && byteAt(packet, 0) & FLAC_LAST_BLOCK);
  return 1 + (others || (last > 0 ? last : packets.length));
}

/** @param {Uint8Array<ArrayBuffer>[]} header as many packets as that @returns {PacketCodec | undefined} */
export function codecOf([first, , setup]) {
  if (!first) return undefined;
  if (isText(first, 0, FLAC_NAME)) {
    const sampleRateHz = uint32(first, FLAC_RATE_AT) >>> 12;
    return {
      sampleRateHz,
      preRollSamples: 0,
      firstPacketIsSilent: false,
      samplesOf: (packet) => flacFrame(packet)?.samples,
    };
  }
  return setup
    ? vorbis(first, setup)
    : {
        sampleRateHz: OPUS_RATE_HZ,
        preRollSamples: OPUS_PRE_ROLL_SAMPLES,
        firstPacketIsSilent: false,
        samplesOf: opusSamples,
      };
}

/** @param {Uint8Array} packet */
function opusSamples(packet) {
  const kind = byteAt(packet, 0) >>> 3;
  const samples = /** @type {number} */ (
    kind < FIRST_HYBRID
      ? OPUS_SPEECH_SAMPLES[kind & 3]
      : kind < FIRST_MUSIC
        ? OPUS_SPEECH_SAMPLES[kind & 1]
        : OPUS_MUSIC_SAMPLES[kind & 3]
  );
  const frames = [1, 2, 2, byteAt(packet, 1) & 63][byteAt(packet, 0) & 3];
  return packet.length > 0 ? samples * Number(frames) : undefined;
}

/** @param {Uint8Array<ArrayBuffer>} first @param {Uint8Array} setup @returns {PacketCodec | undefined} */
function vorbis(first, setup) {
  if (first.length <= VORBIS_SIZES_AT) return undefined;
  const sizes = byteAt(first, VORBIS_SIZES_AT);
  const areLong = modesOf(setup);
  if (!areLong) return undefined;
  const modeMask = 2 ** (32 - Math.clz32(areLong.length - 1)) - 1;
  const blockSamples = (/** @type {Uint8Array} */ packet) => {
    const isLong =
      packet.length > 0 && (byteAt(packet, 0) & 1) === 0 ? areLong[(byteAt(packet, 0) >>> 1) & modeMask] : undefined;
    return isLong === undefined ? undefined : 1 << (isLong ? sizes >>> 4 : sizes & 15);
  };
  return {
    sampleRateHz: new DataView(first.buffer, first.byteOffset).getUint32(VORBIS_RATE_AT, true),
    preRollSamples: 0,
    firstPacketIsSilent: true,
    // Half of each block is added to half of the next one.
    samplesOf: (packet, before) => {
      const [last, samples] = [blockSamples(before), blockSamples(packet)];
      return last && samples && (last + samples) / 4;
    },
  };
}

/**
 * Whether the blocks of each mode are long. The modes are the last that the setup lists, and what is before them is long to read:
 * so they are read from the end, until their number stands before them.
 * @param {Uint8Array} setup
 * @returns {boolean[] | undefined}
 */
function modesOf(setup) {
  /** Bits from the lowest of a byte on. @param {number} at @param {number} count */
  const bits = (at, count) => {
    let value = 0;
    for (let bit = count - 1; bit >= 0; bit--)
      value = value * 2 + ((byteAt(setup, (at + bit) >> 3) >>> ((at + bit) & 7)) & 1);
    return value;
  };
  const last = setup.findLastIndex((byte) => byte !== 0);
  // A single 1 ends the setup.
  let at = last * 8 + 31 - Math.clz32(byteAt(setup, last));
  const modes = /** @type {boolean[]} */ ([]);
  /** @type {boolean[] | undefined} */
  let found;
  while (modes.length < MAX_MODES && at > MODE_BITS + 6) {
    at -= MODE_BITS;
    if (bits(at + 1, 32) !== 0 || bits(at + 33, 8) >= MAX_MAPPINGS) break;
    modes.unshift(bits(at, 1) === 1);
    if (bits(at - 6, 6) + 1 === modes.length) found = [...modes];
  }
  return found;
}
