/** File block: a file that is read through from its beginning to its end, a large block at a time. */

/** @import { SongFile } from "../song-file.js" */

/** Large, as each read is a message to another process. */
const BLOCK_BYTES = 1024 ** 2;
/** As far as the head of a frame or of an element reaches, and as far into what it holds as anyone looks. */
const LOOK_BYTES = 64;

/** The part of a file that is at hand. */
export class BlockReader {
  #file;
  #from = 0;
  #bytes = new Uint8Array(0);

  /** @param {SongFile} file */
  constructor(file) {
    this.#file = file;
  }

  /** Whether so many bytes from an offset on are here, or all that the file has. @param {number} offset @param {number} [bytes] */
  holds(offset, bytes = LOOK_BYTES) {
    const end = this.#from + this.#bytes.length;
    return offset >= this.#from && (offset + bytes <= end || (offset <= end && end === this.#file.size));
  }

  /** So many bytes from an offset on, fewer at the file's end. @param {number} offset @param {number} [bytes] */
  async at(offset, bytes = LOOK_BYTES) {
    if (!this.holds(offset, bytes)) {
      this.#bytes = await this.#file.bytes(offset, offset + Math.max(bytes, BLOCK_BYTES));
      this.#from = offset;
    }
    return this.view(offset, bytes);
  }

  /** The same, of an offset that the block holds. @param {number} offset @param {number} [bytes] */
  view(offset, bytes = LOOK_BYTES) {
    const from = offset - this.#from;
    return this.#bytes.subarray(from, from + bytes);
  }
}
