/** Block reader: reads through a file in large blocks. */

/** @import { SongFile } from "../file/song-file.js" */

/** Large, because each read is a message to another process. */
const BLOCK_BYTES = 1024 ** 2;
/** Bytes of the head of a frame or element, and of the part of its content that is examined. */
const LOOK_BYTES = 64;

/** A file, of which one block is in memory. */
export class BlockReader {
  #file;
  #from = 0;
  #bytes = new Uint8Array(0);

  /** @param {SongFile} file */
  constructor(file) {
    this.#file = file;
  }

  /**
   * Whether the block in memory contains these bytes, or all from the offset to the file's end.
   * @param {number} offset
   * @param {number} [bytes]
   */
  holds(offset, bytes = LOOK_BYTES) {
    const end = this.#from + this.#bytes.length;
    return offset >= this.#from && (offset + bytes <= end || (offset <= end && end === this.#file.size));
  }

  /**
   * Bytes from an offset on, fewer at the file's end.
   * @param {number} offset
   * @param {number} [bytes] their number
   */
  async at(offset, bytes = LOOK_BYTES) {
    if (!this.holds(offset, bytes)) {
      this.#bytes = await this.#file.bytes(offset, offset + Math.max(bytes, BLOCK_BYTES));
      this.#from = offset;
    }
    return this.view(offset, bytes);
  }

  /**
   * The same without waiting, if the block in memory holds them.
   * @param {number} offset
   * @param {number} [bytes]
   */
  view(offset, bytes = LOOK_BYTES) {
    const from = offset - this.#from;
    return this.#bytes.subarray(from, from + bytes);
  }
}
