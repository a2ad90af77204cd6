/** Container: the format of a file, determined by its first bytes. */

import { byteAt, isText, uint32 } from "../file/bytes.js";
import { offsetAfterTags } from "../file/id3.js";
import { NotCuttable } from "../file/not-cuttable.js";

/** @import { SongFile } from "../file/song-file.js" */

/** @typedef {"adts" | "flac" | "mp3" | "mp4" | "ogg" | "wav" | "webm"} Container */

const HEAD_BYTES = 12;
/** The EBML element, with which WebM and Matroska files begin (RFC 8794, 11.2.1). */
export const EBML = 0x1a45dfa3;
/** Syncword of MPEG audio frames: eleven ones. */
const FRAME_SYNC = 0x7ff;

/**
 * The container format that a file claims to have; the format's cutter checks the rest.
 * @param {SongFile} file
 * @returns {Promise<Container>}
 */
export async function containerOf(file) {
  const head = await file.bytes(0, HEAD_BYTES);
  if (isText(head, 4, "ftyp")) return "mp4";
  if (isText(head, 0, "OggS")) return "ogg";
  if (isText(head, 0, "RIFF") && isText(head, 8, "WAVE")) return "wav";
  if (uint32(head) === EBML) return "webm";
  // The other formats have no container, and ID3 tags may precede them.
  const start = await offsetAfterTags(file);
  const bytes = start === 0 ? head : await file.bytes(start, start + HEAD_BYTES);
  if (isText(bytes, 0, "fLaC")) return "flac";
  if (uint32(bytes) >>> 21 !== FRAME_SYNC) throw new NotCuttable("unknown container format");
  // Layer 0 in the header of an MPEG audio frame is reserved: ADTS has it.
  return (byteAt(bytes, 1) & 6) === 0 ? "adts" : "mp3";
}
