/** M4A tracks: the sound tracks of an MP4 file (ISO/IEC 14496-12). */

import { uint32 } from "../../file/bytes.js";
import { VERSION_BYTES, boxesIn, inside, isVersion1 } from "./boxes.js";
import { readHdlr, readStsd, readTkhd } from "./movie-boxes.js";
import { readMoov } from "./reader.js";

/** @import { SongFile } from "../../file/song-file.js" */
/** @import { FoundTrack } from "../tracks.js" */

const NO_BYTES = new Uint8Array(0);
/** The type of a box that is skipped (8.1.2). */
const FREE = new TextEncoder().encode("free");
/** Place of the type in a box. */
const TYPE_AT = 4;
/** The last byte of a track's flags, of which the lowest bit enables it (8.3.2). */
const FLAGS_AT = 3;

/** @param {SongFile} file @returns {Promise<FoundTrack[]>} */
export async function findTracks(file) {
  const { moov, endOffset } = await readMoov(file);
  /** Where bytes of the header are in the file. @param {Uint8Array} bytes */
  const offsetOf = (bytes) => endOffset - moov.length + bytes.byteOffset - moov.byteOffset;
  return boxesIn(moov).flatMap(({ type, bytes, content }) => {
    const hdlr = type === "trak" && inside(content, "mdia hdlr");
    const tkhd = inside(content, "tkhd");
    if (!hdlr || !tkhd || !readHdlr(hdlr).isSound) return [];
    const title = inside(content, "udta name");
    const flags = tkhd.slice(FLAGS_AT, FLAGS_AT + 1).map((byte) => byte | 1);
    return {
      isFlagged: readTkhd(tkhd).isEnabled,
      language: languageOf(inside(content, "mdia mdhd")),
      title: (title && new TextDecoder().decode(title)) || undefined,
      codec: readStsd(inside(content, "mdia minf stbl stsd") ?? NO_BYTES).type,
      whenChosen: [{ offset: offsetOf(tkhd) + FLAGS_AT, bytes: flags }],
      whenLeft: [{ offset: offsetOf(bytes) + TYPE_AT, bytes: FREE }],
    };
  });
}

/**
 * The language in a media header box `mdhd` (8.4.2): three letters of five bits each.
 * @param {Uint8Array | undefined} mdhd
 */
function languageOf(mdhd) {
  if (!mdhd) return undefined;
  const timesBytes = isVersion1(mdhd) ? 28 : 16;
  const packed = uint32(mdhd, VERSION_BYTES + timesBytes) >>> 16;
  const letters = [10, 5, 0].map((shift) => String.fromCharCode(0x60 + ((packed >>> shift) & 31)));
  const code = letters.join("");
  return /^[a-z]{3}$/.test(code) && code !== "und" ? code : undefined;
}
