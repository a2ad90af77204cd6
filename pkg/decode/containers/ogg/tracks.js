/**
 * Ogg tracks: the streams of sound that play at once in an Ogg file
 * (https://www.rfc-editor.org/rfc/rfc3533#section-4). No flag tells which is to be played.
 */

import { byteAt, isText, joined } from "../../file/bytes.js";
import { FLAC_LAST_BLOCK, headerPacketsOf } from "../packet-codecs.js";
import { FULL_SEGMENT_BYTES, isFirst, pagesIn, withChecksum } from "./pages.js";

/** @import { SongFile } from "../../file/song-file.js" */
/** @import { FoundTrack } from "../tracks.js" */
/** @import { Page } from "./pages.js" */

/** The headers of a few streams. A comment that goes on after them, such as a picture, is cut. */
const HEADERS_BYTES = 2 ** 18;
/** The longest name of a codec, at the beginning of a stream. */
const NAME_BYTES = 8;
/** Beginnings of comment packets: of Vorbis, Opus, and FLAC, whose block has a size of 3 bytes. */
const COMMENT_HEADS = ["\x03vorbis", "OpusTags"];
const FLAC_COMMENTS = 4;
const FLAC_HEAD_BYTES = 4;
/** Bytes of the length of a text, and of the number of texts. */
const LENGTH_BYTES = 4;
/** Comments that are looked at. Files have a handful. */
const MAX_COMMENTS = 256;

/** @param {SongFile} file @returns {Promise<FoundTrack[]>} */
export async function findTracks(file) {
  const pages = pagesIn(await file.bytes(0, HEADERS_BYTES));
  // The first pages of all streams come before the others.
  const others = pages.findIndex((page) => !isFirst(page));
  const firstPages = pages.slice(0, Math.max(0, others));
  return firstPages.flatMap((page) => {
    const [packet = page.bytes] = packetsOf([page]);
    if (headerPacketsOf([packet]) === 0) return [];
    const [, comments] = packetsOf(pages.filter(({ serial }) => serial === page.serial));
    const values = commentsIn(comments ?? new Uint8Array(0));
    const renamed = page.bytes.slice();
    renamed.fill(0, page.segmentsAt, page.segmentsAt + NAME_BYTES);
    return {
      isFlagged: false,
      language: values.get("LANGUAGE") || undefined,
      title: values.get("TITLE") || undefined,
      codec: "",
      whenChosen: [],
      // Players pass over a stream of an unknown codec.
      whenLeft: [{ offset: page.bytes.byteOffset, bytes: withChecksum(renamed) }],
    };
  });
}

/**
 * The first two packets on some pages of a stream, as far as they are there.
 * @param {Page[]} pages
 */
function packetsOf(pages) {
  const packets = /** @type {Uint8Array<ArrayBuffer>[]} */ ([]);
  let segments = /** @type {Uint8Array<ArrayBuffer>[]} */ ([]);
  for (const page of pages) {
    let at = page.segmentsAt;
    for (const length of page.segmentTable) {
      segments.push(page.bytes.subarray(at, (at += length)));
      if (length === FULL_SEGMENT_BYTES) continue;
      packets.push(joined(segments));
      segments = [];
      if (packets.length === 2) return packets;
    }
  }
  return [...packets, joined(segments)];
}

/**
 * Comments by their names (Vorbis I, 5.2.1): a text of the encoder, the number of comments, and
 * texts such as `TITLE=Song`, each after its length.
 * @param {Uint8Array<ArrayBuffer>} packet
 * @returns {Map<string, string>} none if the packet is another one
 */
function commentsIn(packet) {
  const values = /** @type {Map<string, string>} */ (new Map());
  const head = COMMENT_HEADS.find((name) => isText(packet, 0, name))?.length;
  const isFlac = (byteAt(packet, 0) & ~FLAC_LAST_BLOCK) === FLAC_COMMENTS;
  if (head === undefined && !isFlac) return values;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  let at = head ?? FLAC_HEAD_BYTES;
  const isIn = () => at + LENGTH_BYTES <= packet.length;
  const text = () => {
    const from = at + LENGTH_BYTES;
    at = isIn() ? from + view.getUint32(at, true) : from;
    return new TextDecoder().decode(packet.subarray(from, at));
  };
  text();
  at += LENGTH_BYTES;
  for (let count = 0; isIn() && count < MAX_COMMENTS; count++) {
    const [name = "", ...value] = text().split("=");
    values.set(name.toUpperCase(), value.join("="));
  }
  return values;
}
