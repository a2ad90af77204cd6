/**
 * Weights files for tests: the shipped one with another description and its checksum (see
 * `src/recording/encoder/weights_file.rs`).
 */

import { createHash } from "node:crypto";

/**
 * @param {Buffer} file
 * @param {(info: any) => void} change edits the description
 * @returns {Buffer}
 */
export function resealed(file, change) {
  const headerBytes = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, 8 + headerBytes));
  const { __metadata__: metadata, ...tensors } = header;
  const info = JSON.parse(metadata.soundalike.slice(metadata.soundalike.indexOf(" ") + 1));
  change(info);
  const description = JSON.stringify(info);
  const data = file.subarray(8 + headerBytes);
  const hash = createHash("sha256").update(description);
  for (const name of Object.keys(tensors).sort()) {
    const {
      shape,
      data_offsets: [from, to],
    } = tensors[name];
    hash.update(name);
    for (const size of shape) {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(BigInt(size));
      hash.update(bytes);
    }
    hash.update(data.subarray(from, to));
  }
  metadata.soundalike = `${hash.digest("hex")} ${description}`;
  let text = JSON.stringify(header);
  text += " ".repeat((8 - (Buffer.byteLength(text) % 8)) % 8);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
  return Buffer.concat([length, Buffer.from(text), data]);
}
