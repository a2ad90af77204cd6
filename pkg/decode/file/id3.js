/** ID3: the tags that may precede the sound of a file. */

import { byteAt, isText } from "./bytes.js";
import { NotCuttable } from "./not-cuttable.js";

/** @import { SongFile } from "./song-file.js" */

/** Reading a file of millions of tags would take minutes. */
const MAX_TAGS = 16;

/**
 * The offset of a file's sound, after its ID3v2 tags (https://id3.org/id3v2.4.0-structure, 3.1).
 * @param {SongFile} file
 */
export async function offsetAfterTags(file) {
  for (let at = 0, tags = 0; tags <= MAX_TAGS; tags++) {
    const bytes = await file.bytes(at, at + 10);
    if (!isText(bytes, 0, "ID3")) return at;
    if (bytes.length < 10 || bytes.subarray(6).some((byte) => byte > 0x7f)) throw new NotCuttable("damaged ID3 tag");
    const hasFooter = (byteAt(bytes, 5) & 0x10) !== 0;
    const size = (byteAt(bytes, 6) << 21) | (byteAt(bytes, 7) << 14) | (byteAt(bytes, 8) << 7) | byteAt(bytes, 9);
    at += 10 + size + (hasFooter ? 10 : 0);
  }
  throw new NotCuttable("too many ID3 tags");
}
