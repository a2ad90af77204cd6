/**
 * MP3 reader: where each frame of an MP3 file begins (ISO/IEC 11172-3 and 13818-3 define its
 * header). A table is made only for files of MPEG audio Layer III frames of one kind, one after
 * another, with nothing else but the usual tags.
 */

import { isText, uint32 } from "../../file/bytes.js";
import { offsetAfterTags } from "../../file/id3.js";
import { NotCuttable } from "../../file/not-cuttable.js";
import { BlockReader } from "../block-reader.js";
import { SongFile } from "../../file/song-file.js";

/**
 * The first frame of most files. It is silent, and after its side information the encoder writes
 * facts about the whole file (http://gabriel.mp3-tech.org/mp3infotag.html).
 * @typedef {Object} InfoFrame
 * @property {Uint8Array<ArrayBuffer>} bytes
 * @property {number} offset in the file
 * @property {number} frameCountAt the place of the number of frames in `bytes`; 0 if it is absent
 * @property {number} byteCountAt the place of the number of bytes; 0 if it is absent
 * @property {number} paddingAt the place of three bytes: the samples that the encoder put before
 *   the song, and after it
 * @property {number} frameCount as stated, without the info frame itself
 * @property {number} byteCount as stated
 * @property {number} delaySamples that the encoder put before the song
 */

/**
 * @typedef {Object} Mp3Frames
 * @property {number} sampleRateHz
 * @property {number} samplesPerFrame per channel
 * @property {number} overheadBytes of each frame: header, checksum and side information
 * @property {number} reservoirBytes the most bytes of earlier frames that a frame may use
 * @property {number[]} offsets of each frame with sound, and the end of the last one
 * @property {InfoFrame | undefined} info
 */

/**
 * @typedef {Object} Frame
 * @property {number} bytes
 * @property {number} sampleRateHz
 * @property {number} samplesPerFrame per channel
 * @property {number} overheadBytes
 * @property {number} reservoirBytes
 * @property {number} infoAt where an info frame has its name
 */

/**
 * Bitrates in kbit/s by the header's index. The first is "free format", without a stated length.
 */
const BITRATES_MPEG1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const BITRATES_MPEG2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const SAMPLE_RATES_MPEG1_HZ = [44_100, 48_000, 32_000];

const HEADER_BYTES = 4;
/**
 * The bits of a header that are the same in every frame: without bitrate, padding, the private bit
 * and the kind of joint stereo.
 */
const LASTING_BITS = 0xffff0ccf;

/** Most untagged bytes accepted after the last frame; more may be damaged frames. */
const MAX_TRAILING_BYTES = 4096;

const INFO_NAMES = ["Xing", "Info"];
/**
 * Info header of Fraunhofer's encoder, 32 bytes after the frame header. Such files are rare and
 * decoded at once.
 */
const OTHER_INFO_NAME = "VBRI";
const OTHER_INFO_AT = HEADER_BYTES + 32;
const TRAILING_TAGS = ["TAG", "APETAGEX", "LYRICSBEGIN"];

/** Where several files were joined, bytes after the last frame of one in which the next begins. */
const MAX_BYTES_BETWEEN_FILES = 2048;
/** Frames of one kind in a row that prove the beginning of a file: noise has one by chance. */
const PROVING_FRAMES = 4;

/**
 * @param {SongFile} file
 * @returns {Promise<Mp3Frames>}
 */
export async function readMp3Frames(file) {
  let at = await offsetAfterTags(file);
  const reader = new BlockReader(file);
  const info = await readInfoFrame(file, at, frameAt(await reader.at(at)));
  if (info) at += info.bytes.length;
  const first = frameAt(await reader.at(at));
  if (!first) throw new NotCuttable("no Layer III frame");

  const lasting = uint32(reader.view(at)) & LASTING_BITS;
  const offsets = [at];
  for (;;) {
    if (!reader.holds(at)) await reader.at(at);
    const bytes = reader.view(at);
    const frame = frameAt(bytes);
    if (!frame || (uint32(bytes) & LASTING_BITS) !== lasting || at + frame.bytes > file.size) break;
    // Another file begins here.
    if (isInfo(bytes, frame)) throw new NotCuttable("an info frame in the middle");
    at += frame.bytes;
    offsets.push(at);
  }
  if (await isOtherFileAfter(file, at, first))
    throw Object.assign(new NotCuttable("a file of another kind was joined"), { joinedAt: at });
  if (file.size - at > MAX_TRAILING_BYTES && !TRAILING_TAGS.some((tag) => isText(reader.view(at), 0, tag)))
    throw new NotCuttable("unknown bytes between or after the frames");
  // Several files were joined, or the file was continued after its end.
  if (info?.frameCountAt && info.frameCount < offsets.length - 1)
    throw new NotCuttable("more frames than the info frame states");
  const { sampleRateHz, samplesPerFrame, overheadBytes, reservoirBytes } = first;
  return { sampleRateHz, samplesPerFrame, overheadBytes, reservoirBytes, offsets, info };
}

/**
 * Whether a file with another sample rate or other channels begins soon after some place, perhaps
 * with tags. Browsers leave it out.
 * @param {SongFile} file
 * @param {number} at
 * @param {Frame} first of the file before
 */
async function isOtherFileAfter(file, at, first) {
  const bytes = await file.bytes(at, at + MAX_BYTES_BETWEEN_FILES);
  for (let from = 0; from < bytes.length; from++) {
    const isTag = isText(bytes, from, "ID3");
    const frame = frameAt(bytes.subarray(from));
    if (!isTag && (!frame || isSameKind(frame, first))) continue;
    const rest = new SongFile(file.slice(at + from), file.name);
    const start = isTag ? await offsetAfterTags(rest).catch(() => 0) : 0;
    if (await isFileOfOtherKind(rest, start, first)) return true;
  }
  return false;
}

/** @param {SongFile} file @param {number} at @param {Frame} first of another file */
async function isFileOfOtherKind(file, at, first) {
  const reader = new BlockReader(file);
  /** @type {Frame | undefined} */
  let last;
  for (let count = 0; count < PROVING_FRAMES; count++) {
    const frame = frameAt(await reader.at(at));
    if (!frame || isSameKind(frame, first) || (last && !isSameKind(frame, last))) return false;
    last = frame;
    at += frame.bytes;
  }
  return true;
}

/** Whether one decoder decodes both. @param {Frame} frame @param {Frame} other */
function isSameKind(frame, other) {
  // The place of the info frame's name tells mono from stereo.
  return frame.sampleRateHz === other.sampleRateHz && frame.infoAt === other.infoAt;
}

/**
 * The frame whose header begins the bytes.
 * @param {Uint8Array} bytes
 * @returns {Frame | undefined}
 */
function frameAt(bytes) {
  if (bytes.length < HEADER_BYTES) return undefined;
  const header = uint32(bytes);
  const version = (header >>> 19) & 3;
  const layer = (header >>> 17) & 3;
  const isLayer3 = layer === 1;
  if (header >>> 21 !== 0x7ff || version === 1 || !isLayer3) return undefined;
  const isMpeg1 = version === 3;
  const kbits = (isMpeg1 ? BITRATES_MPEG1 : BITRATES_MPEG2)[(header >>> 12) & 15];
  const mpeg1RateHz = SAMPLE_RATES_MPEG1_HZ[(header >>> 10) & 3];
  if (!kbits || !mpeg1RateHz) return undefined;
  // MPEG-2 has half the rates of MPEG-1, and “MPEG-2.5” (version 0) a quarter of them.
  const sampleRateHz = mpeg1RateHz / (isMpeg1 ? 1 : version === 2 ? 2 : 4);
  const samplesPerFrame = isMpeg1 ? 1152 : 576;
  const isMono = ((header >>> 6) & 3) === 3;
  const checksumBytes = (header >>> 16) & 1 ? 0 : 2;
  const sideBytes = isMpeg1 ? (isMono ? 17 : 32) : isMono ? 9 : 17;
  const padding = (header >>> 9) & 1;
  return {
    bytes: Math.floor(((samplesPerFrame / 8) * 1000 * kbits) / sampleRateHz) + padding,
    sampleRateHz,
    samplesPerFrame,
    overheadBytes: HEADER_BYTES + checksumBytes + sideBytes,
    // `main_data_begin` has nine bits, in MPEG-2 eight.
    reservoirBytes: isMpeg1 ? 511 : 255,
    infoAt: HEADER_BYTES + sideBytes,
  };
}

/** @param {Uint8Array} bytes of a frame @param {Frame} frame */
function isInfo(bytes, { infoAt }) {
  return INFO_NAMES.some((name) => isText(bytes, infoAt, name)) || isText(bytes, OTHER_INFO_AT, OTHER_INFO_NAME);
}

/**
 * @param {SongFile} file
 * @param {number} offset of the first frame
 * @param {Frame | undefined} frame the first
 * @returns {Promise<InfoFrame | undefined>} `undefined` if the first frame is sound
 */
async function readInfoFrame(file, offset, frame) {
  if (!frame) throw new NotCuttable("no Layer III frame");
  const bytes = await file.bytes(offset, offset + frame.bytes);
  if (!isInfo(bytes, frame)) return undefined;
  if (isText(bytes, OTHER_INFO_AT, OTHER_INFO_NAME)) throw new NotCuttable("a VBRI header");
  if (bytes.length < frame.bytes) throw new NotCuttable("the info frame is cut off");
  const view = new DataView(bytes.buffer);
  let at = frame.infoAt + 4;
  if (at + 4 > bytes.length) throw new NotCuttable("the info frame is too small");
  const flags = view.getUint32(at);
  at += 4;
  /**
   * The place of a field, 0 if the flags say that it is absent.
   * @param {number} flag
   * @param {number} size in bytes
   */
  const field = (flag, size) => {
    if ((flags & flag) === 0) return 0;
    at += size;
    return at - size;
  };
  const frameCountAt = field(1, 4);
  const byteCountAt = field(2, 4);
  field(4, 100); // seek points
  field(8, 4); // quality
  const paddingAt = at + 21;
  if (paddingAt + 3 > bytes.length) throw new NotCuttable("the info frame states no padding");
  return {
    bytes,
    offset,
    frameCountAt,
    byteCountAt,
    paddingAt,
    frameCount: frameCountAt ? view.getUint32(frameCountAt) : 0,
    byteCount: byteCountAt ? view.getUint32(byteCountAt) : 0,
    delaySamples: view.getUint16(paddingAt) >>> 4,
  };
}
