/** Formats: what a file is that the browser refuses, by its first bytes, and what to do with it. */

import { byteAt, isText, uint32 } from "../file/bytes.js";
import { offsetAfterTags } from "../file/id3.js";

/** @import { SongFile } from "../file/song-file.js" */

/**
 * @typedef {Object} Format
 * @property {string} sentence the rest of one that begins with the file's name
 * @property {"ours" | "either" | "inside"} [decoder] whether our decoder reads the format, always
 *   or in some of its kinds; no browser but Safari reads those of `ours`. `inside`: it is a video,
 *   out of which our decoder takes the sound, for whatever decodes that
 * @property {string} [kind] what the file is, if `decoder` is told
 * @property {boolean} [hasTracks] whether its header lists tracks with their codecs
 */

const HEAD_BYTES = 64;
/** Packets of a transport stream begin with this byte and have this size (ISO/IEC 13818-1). */
const TS_SYNC = 0x47;
const TS_PACKET_BYTES = 188;

const CONVERT = "Convert it to MP3, WAV or FLAC and try that.";
const SAVE_SOUND = "Save its sound as MP3 or WAV and try that.";
const CHOOSE_TRACK = "Choose another of its sound tracks, or save this one as MP3 or WAV and try that.";
const PROTECTED = "is protected against copying, so the browser can’t open it.";

/** @param {string} kind */
const foreign = (kind) => ({ sentence: `is ${kind}, which can’t be decoded here. ${CONVERT}` });
/** @param {string} kind */
const video = (kind) => ({ sentence: `is ${kind}, which the browser can’t open. ${SAVE_SOUND}` });
/** @param {string} kind @returns {Format} */
const opened = (kind) => ({
  sentence: `is ${kind}, and holds no sound that can be decoded here. ${SAVE_SOUND}`,
  decoder: "inside",
  kind,
});
/** @param {string} kind @param {"ours" | "either"} decoder @returns {Format} */
const known = (kind, decoder) => ({
  sentence: `is ${kind} that can’t be decoded here: it is damaged, or of a rare kind. ${CONVERT}`,
  decoder,
  kind,
});

/**
 * Formats by the text at some place of a file.
 * @type {[number, string, Format][]}
 */
const BY_TEXT = [
  [8, "AIFF", known("an AIFF file", "ours")],
  [8, "AIFC", known("an AIFF file", "ours")],
  [0, "caff", known("a Core Audio file (CAF)", "ours")],
  [0, ".snd", known("an AU file", "ours")],
  [0, "RIFX", known("a WAV file of the other byte order", "ours")],
  [0, "riff", known("a Wave64 file", "ours")],
  [8, "WAVEfmt \x14\0\0\x001\0", foreign("a WAV file of GSM 6.10")],
  [8, "WAVE", known("a WAV file", "either")],
  [8, "AVI ", opened("an AVI video")],
  [0, "FLV\x01", opened("a Flash video (FLV)")],
  [0, "\x00\x00\x01\xba", video("an MPEG video")],
  [0, "0&\xb2u", foreign("a Windows Media file (WMA or WMV)")],
  [0, "TTA", foreign("a True Audio file (TTA)")],
  [0, "wvpk", foreign("a WavPack file")],
  [0, "MAC ", foreign("a Monkey’s Audio file (APE)")],
  [0, "MPCK", foreign("a Musepack file")],
  [0, "MP+", foreign("a Musepack file")],
  [28, "Speex", foreign("a Speex file")],
  [0, "\x0bw", foreign("a Dolby Digital file (AC-3)")],
  [0, "DSD ", foreign("a DSD file")],
  [0, "FRM8", foreign("a DSD file")],
  [0, "#!AMR", foreign("an AMR voice recording")],
  [0, ".RMF", foreign("a RealMedia file")],
  [
    0,
    "MThd",
    { sentence: "is a MIDI file: it holds notes, and no sound. Play it with a program that saves MP3 or WAV." },
  ],
  [8, "M4P ", { sentence: PROTECTED }],
  [8, "aax", { sentence: PROTECTED }],
  [
    0,
    "\x1aE\xdf\xa3",
    {
      sentence: `is a Matroska or WebM file, and holds no sound that this browser can play. ${SAVE_SOUND}`,
      hasTracks: true,
    },
  ],
  [
    4,
    "ftyp",
    {
      sentence: `is an MP4 or M4A file, and holds no sound that can be decoded here. ${SAVE_SOUND}`,
      decoder: "either",
      kind: "an MP4 or M4A file",
      hasTracks: true,
    },
  ],
];

/** Names of files whose first bytes tell nothing. */
const VIDEO_NAME = /\.(mp4|m4v|mov|mkv|webm|avi|wmv|flv|mpe?g|3gp|ts)$/i;
const PROTECTED_NAME = /\.(m4p|aax|aa|wvd)$/i;
const FOREIGN_NAME = /\.(wma|ape|wv|mpc|tta|dsf|dff|amr|ra|mid|midi|kar|mod|aiff?)$/i;

/** @param {SongFile} file @returns {Promise<Format | undefined>} `undefined` if it isn't known */
export async function formatOf(file) {
  const head = await file.bytes(0, TS_PACKET_BYTES + 1);
  const found = BY_TEXT.find(([at, text]) => isText(head.subarray(0, HEAD_BYTES), at, text));
  if (found) return found[2];
  if (byteAt(head, 0) === TS_SYNC && byteAt(head, TS_PACKET_BYTES) === TS_SYNC)
    return opened("an MPEG transport stream (TS)");
  // ID3 tags may precede MPEG audio, whose frames begin with eleven ones.
  const start = await offsetAfterTags(file).catch(() => 0);
  const bytes = await file.bytes(start, start + 4);
  if (bytes.length < 4 || uint32(bytes) >>> 21 !== 0x7ff) return undefined;
  if (isFreeFormat(uint32(bytes))) return known("an MP3 file of free format", "either");
  return { sentence: "", decoder: "either" };
}

/**
 * Whether frames of Layer III have one size, which no header states (ISO/IEC 11172-3, 2.4.2.3).
 * @param {number} header of the first
 */
function isFreeFormat(header) {
  return ((header >>> 17) & 3) === 1 && ((header >>> 12) & 15) === 0;
}

/**
 * The rest of the sentence about a file that can't be decoded.
 * @param {SongFile} file
 * @returns {Promise<string | undefined>} `undefined` if nothing is known about it
 */
export async function refusal(file) {
  const { name } = file;
  if (PROTECTED_NAME.test(name)) return PROTECTED;
  const format = await formatOf(file).catch(() => undefined);
  if (format?.hasTracks) {
    const { foreignSound } = await import("./codecs.js");
    const sound = await foreignSound(file).catch(() => undefined);
    const todo = sound?.hasOthers ? CHOOSE_TRACK : SAVE_SOUND;
    if (sound) return `has its sound in ${sound.name}, which can’t be decoded here. ${todo}`;
  }
  if (format?.sentence) return format.sentence;
  if (VIDEO_NAME.test(name)) return `holds no sound that this browser can play. ${SAVE_SOUND}`;
  if (FOREIGN_NAME.test(name)) return `has a format that this browser can’t play. ${CONVERT}`;
  return undefined;
}
