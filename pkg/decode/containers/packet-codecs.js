/**
 * Packet codecs, the ones in Ogg and WebM: how many samples a packet of Vorbis, Opus or FLAC has,
 * according to its first bytes.
 */

import { byteAt, isText, uint32 } from "../file/bytes.js";
import { flacFrame } from "./flac-frame.js";
import { NotCuttable } from "../file/not-cuttable.js";

/**
 * @typedef {Object} PacketCodec
 * @property {number} sampleRateHz at which samples are counted
 * @property {number} preRollSamples after which the decoder's output is independent of where it
 *   began
 * @property {boolean} firstPacketIsSilent whether the decoder gives no samples for the first packet
 * @property {(packet: Uint8Array, before: Uint8Array) => number | undefined} samplesOf a packet,
 *   given the one before it; `undefined` if it holds no sound
 */

const OPUS_RATE_HZ = 48_000;
/** Packets are predicted from earlier ones. After a second the influence of the first is gone. */
const OPUS_PRE_ROLL_SAMPLES = OPUS_RATE_HZ;
/**
 * Samples of a frame, by the configuration in a packet's first byte
 * (https://www.rfc-editor.org/rfc/rfc6716#section-3.1, table 2).
 */
const OPUS_SPEECH_SAMPLES = [480, 960, 1920, 2880];
const OPUS_MUSIC_SAMPLES = [120, 240, 480, 960];
const FIRST_HYBRID = 12;
const FIRST_MUSIC = 16;

/**
 * The first packet of FLAC (https://www.rfc-editor.org/rfc/rfc9639#section-10.1): a name and a
 * version, the number of further header packets or 0 if unknown, and the beginning of a FLAC file.
 */
const FLAC_NAME = "\x7fFLAC";
const FLAC_COUNT_AT = 7;
const FLAC_RATE_AT = 27;
/** Flag in the first byte of the last header packet. */
export const FLAC_LAST_BLOCK = 0x80;

const VORBIS_RATE_AT = 12;
const VORBIS_SIZES_AT = 28;
/**
 * Bits of a mode in the setup header of Vorbis (Vorbis I, 4.2.4): whether its blocks are long, two
 * types that are always 0, and a mapping.
 */
const MODE_BITS = 1 + 16 + 16 + 8;
const MAX_MODES = 64;
const MAX_MAPPINGS = 64;

/**
 * The number of header packets of a stream.
 * @param {Uint8Array[]} packets the first of the stream
 * @returns {number} 0 for other codecs; more than the given packets if these don't state it
 */
export function headerPacketsOf(packets) {
  const [first = new Uint8Array(0)] = packets;
  if (!isText(first, 0, FLAC_NAME)) return isText(first, 0, "OpusHead") ? 2 : isText(first, 0, "\x01vorbis") ? 3 : 0;
  const others = byteAt(first, FLAC_COUNT_AT) * 256 + byteAt(first, FLAC_COUNT_AT + 1);
  const last = packets.findIndex((packet, index) => index > 0 && byteAt(packet, 0) & FLAC_LAST_BLOCK);
  return 1 + (others || (last > 0 ? last : packets.length));
}

/**
 * @param {Uint8Array<ArrayBuffer>[]} header packets, as many as `headerPacketsOf` says
 * @returns {PacketCodec}
 */
export function codecOf([first, , setup]) {
  if (!first) throw new NotCuttable("no header of the codec");
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

/**
 * @param {Uint8Array<ArrayBuffer>} first
 * @param {Uint8Array} setup
 * @returns {PacketCodec}
 */
function vorbis(first, setup) {
  if (first.length <= VORBIS_SIZES_AT) throw new NotCuttable("the header of Vorbis is cut off");
  const sizes = byteAt(first, VORBIS_SIZES_AT);
  const areLong = modesOf(setup);
  if (!areLong) throw new NotCuttable("no modes in the header of Vorbis");
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
    // Half of each block overlaps with half of the next one.
    samplesOf: (packet, before) => {
      const [last, samples] = [blockSamples(before), blockSamples(packet)];
      return last && samples && (last + samples) / 4;
    },
  };
}

/**
 * Whether the blocks of each mode are long. The modes are the last part of the setup header, and
 * the parts before take much code to parse. So modes are read from the end, until the number before
 * them is their count.
 * @param {Uint8Array} setup
 * @returns {boolean[] | undefined}
 */
function modesOf(setup) {
  /** Bits, beginning with the lowest of a byte. @param {number} at @param {number} count */
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
