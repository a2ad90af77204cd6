/**
 * Odd files: valid music files with layouts that no available encoder writes, made by editing
 * encoded files.
 */

/**
 * Size of the first metadata block of FLAC (STREAMINFO), after the marker: frame sizes, rate,
 * length, checksum.
 */
const INFO_AT = 8;
const FRAMES_AT_LEAST = INFO_AT + 34;

/** Many more tags or boxes than in usual songs. */
const HUNDREDS = 500;

/**
 * A FLAC file with frames of two sizes, so that frame headers have the number of their first
 * sample.
 * @param {Buffer} long gives the first part: frames of a fixed size
 * @param {Buffer} short gives the rest: the same song in smaller frames
 */
export function flacOfTwoSizes(long, short) {
  const longFrames = flacFrames(long);
  const shortFrames = flacFrames(short);
  const [longSamples, shortSamples] = [long, short].map((file) => file.readUInt16BE(INFO_AT));
  const kept = longFrames.length >> 1;
  const switchSample = kept * Number(longSamples);
  const header = Buffer.from(long.subarray(0, long.length - longFrames.reduce((sum, { length }) => sum + length, 0)));
  header.writeUInt16BE(Number(shortSamples), INFO_AT);
  return Buffer.concat([
    header,
    ...longFrames.slice(0, kept).map((frame, index) => withSampleNumber(frame, index * Number(longSamples))),
    ...shortFrames
      .slice(switchSample / Number(shortSamples))
      .map((frame, index) => withSampleNumber(frame, switchSample + index * Number(shortSamples))),
  ]);
}

/** A FLAC file without its length, as when it is written to a pipe. @param {Buffer} file */
export function flacOfUnknownLength(file) {
  file[INFO_AT + 13] &= 0xf0;
  return file.fill(0, INFO_AT + 14, FRAMES_AT_LEAST);
}

/** A FLAC file with a large block of padding. @param {Buffer} file */
export function flacWithPadding(file) {
  const padding = Buffer.alloc(4 + 400_000);
  padding.writeUInt32BE(0x01000000 + 400_000);
  return Buffer.concat([file.subarray(0, FRAMES_AT_LEAST), padding, file.subarray(FRAMES_AT_LEAST)]);
}

/**
 * A FLAC file that lacks a frame after a quarter, far from where chunks meet.
 * @param {Buffer} file
 */
export function flacWithoutAFrame(file) {
  const frames = flacFrames(file);
  const missing = frames.length >> 2;
  const header = file.subarray(0, file.length - frames.reduce((sum, { length }) => sum + length, 0));
  return Buffer.concat([header, ...frames.filter((_, index) => index !== missing)]);
}

/** A file after an ID3 tag. @param {Buffer} file */
export function tagged(file) {
  return Buffer.concat([Buffer.from("ID3\x04\0\0\0\0\x0f\x7f", "latin1"), Buffer.alloc(0x7ff), file]);
}

/** A file after hundreds of empty ID3 tags. @param {Buffer} file */
export function withHundredsOfTags(file) {
  return Buffer.concat([...Array(HUNDREDS).fill(Buffer.from("ID3\x04\0\0\0\0\0\0", "latin1")), file]);
}

/**
 * FLAC frames, which are numbered from 0, up to the end of the file.
 * @param {Buffer} file
 * @returns {Buffer[]}
 */
function flacFrames(file) {
  const starts = /** @type {number[]} */ ([]);
  for (let at = FRAMES_AT_LEAST; (at = file.indexOf(Buffer.of(0xff, 0xf8), at)) >= 0; at++) {
    const number = utf8(starts.length);
    if (!file.subarray(at + 4, at + 4 + number.length).equals(number)) continue;
    const end = at + 4 + number.length + sizeBytes(file.subarray(at));
    if (crc(file.subarray(at, end), 8, 0x07) === file[end]) starts.push(at);
  }
  return starts.map((start, index) => file.subarray(start, starts[index + 1] ?? file.length));
}

/**
 * Size of the fields between the number and the checksum of a FLAC frame header.
 * @param {Buffer} frame
 */
function sizeBytes(frame) {
  const sizeCode = frame[2] >> 4;
  const rateCode = frame[2] & 15;
  return (sizeCode === 6 ? 1 : sizeCode === 7 ? 2 : 0) + (rateCode === 12 ? 1 : rateCode > 12 ? 2 : 0);
}

/** @param {Buffer} frame of fixed size @param {number} sample its first one */
function withSampleNumber(frame, sample) {
  const numberBytes = frame[4] < 0x80 ? 1 : Math.clz32(~(frame[4] << 24));
  const sizesAt = 4 + numberBytes;
  const headerEnd = sizesAt + sizeBytes(frame);
  const header = Buffer.concat([
    Buffer.of(0xff, 0xf9),
    frame.subarray(2, 4),
    utf8(sample),
    frame.subarray(sizesAt, headerEnd),
  ]);
  const body = Buffer.concat([
    header,
    Buffer.of(crc(header, 8, 0x07)),
    frame.subarray(headerEnd + 1, frame.length - 2),
  ]);
  const sum = crc(body, 16, 0x8005);
  return Buffer.concat([body, Buffer.of(sum >> 8, sum & 255)]);
}

/** A number in the encoding of UTF-8, extended to 31 bits. @param {number} number */
function utf8(number) {
  if (number < 0x80) return Buffer.of(number);
  const tail = [];
  let leadBits = 6;
  do {
    tail.unshift(0x80 | (number & 0x3f));
    number >>= 6;
    leadBits--;
  } while (number >= 2 ** leadBits);
  return Buffer.of(((0xff00 >> (tail.length + 1)) & 0xff) | number, ...tail);
}

/**
 * An MP4 file with its header at its end and the iTunes tag for gapless playback: encoder delay and
 * padding.
 * @param {Buffer} file
 */
export function m4aWithGaps(file) {
  const text = " 00000000 00000840 000001C8 0000000000000000";
  const atom = box(
    "----",
    box("mean", Buffer.alloc(4), "com.apple.iTunes"),
    box("name", Buffer.alloc(4), "iTunSMPB"),
    box("data", Buffer.of(0, 0, 0, 1, 0, 0, 0, 0), text),
  );
  const handler = box("hdlr", Buffer.alloc(8), "mdirappl", Buffer.alloc(12));
  const tags = box("udta", box("meta", Buffer.alloc(4), handler, box("ilst", atom)));
  const { before, moov } = splitAtHeader(file);
  return Buffer.concat([before, box("moov", moov, tags)]);
}

/**
 * An MP4 file with hundreds of empty boxes before its header, which is at its end.
 * @param {Buffer} file
 */
export function m4aWithHundredsOfBoxes(file) {
  const { before, moov } = splitAtHeader(file);
  return Buffer.concat([before, ...emptyBoxes(), box("moov", moov)]);
}

/** An M4A file with hundreds of boxes at the beginning of its header. @param {Buffer} file */
export function m4aWithHundredsOfBoxesInside(file) {
  const { before, moov } = splitAtHeader(file);
  return Buffer.concat([before, box("moov", ...emptyBoxes(), moov)]);
}

/**
 * A fragmented MP4 file with hundreds of empty boxes before its first fragment.
 * @param {Buffer} file
 */
export function m4aWithHundredsOfBoxesAfterItsHeader(file) {
  const first = file.indexOf("moof") - 4;
  return Buffer.concat([file.subarray(0, first), ...emptyBoxes(), file.subarray(first)]);
}

/**
 * A fragmented MP4 file that lacks a fragment after a quarter, far from where chunks meet; offsets
 * are relative to the fragments.
 * @param {Buffer} file
 */
export function m4aWithoutAFragment(file) {
  const from = file.indexOf("moof", file.length >> 2) - 4;
  const to = file.indexOf("moof", from + 8) - 4;
  return Buffer.concat([file.subarray(0, from), file.subarray(to)]);
}

/**
 * A fragmented MP4 file with offsets from byte 8 of each fragment.
 * @param {Buffer} file with base offsets
 */
export function m4aWithOtherBases(file) {
  for (let at = 0; (at = file.indexOf("moof", at + 4)) >= 0;) {
    const base = file.indexOf("tfhd", at) + 12;
    const offset = file.indexOf("trun", at) + 12;
    file.writeBigUInt64BE(file.readBigUInt64BE(base) + 8n, base);
    file.writeInt32BE(file.readInt32BE(offset) - 8, offset);
  }
  return file;
}

/** A fragmented MP4 file without the start times of fragments (`tfdt`). @param {Buffer} file */
export function m4aWithoutTimes(file) {
  for (let at = 0; (at = file.indexOf("tfdt", at + 4)) >= 0;) file.write("free", at);
  return file;
}

/**
 * The part of an MP4 file before its header, and the content of the header.
 * @param {Buffer} file
 */
function splitAtHeader(file) {
  const header = file.indexOf("moov") - 4;
  return { before: file.subarray(0, header), moov: file.subarray(header + 8) };
}

/** @returns {Buffer[]} */
function emptyBoxes() {
  return Array(HUNDREDS).fill(box("free"));
}

/** @param {string} type @param {(Buffer | string)[]} parts */
function box(type, ...parts) {
  const content = Buffer.concat([Buffer.from(type), ...parts.map((part) => Buffer.from(part))]);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(content.length + 4);
  return Buffer.concat([size, content]);
}

/** Chained Ogg: the file twice, the second time as another stream. @param {Buffer} file */
export function oggChained(file) {
  return Buffer.concat([file, ...oggPages(file).map((page) => ofStream(page, 77))]);
}

/** Multiplexed Ogg: the file as two streams with alternating pages. @param {Buffer} file */
export function oggMultiplexed(file) {
  return Buffer.concat(oggPages(file).flatMap((page) => [page, ofStream(page, 77)]));
}

/**
 * FLAC in Ogg without the number of header packets; there are two after the first: tags and an
 * empty block.
 * @param {Buffer} file
 */
export function oggWithoutACount(file) {
  const [first, tags, ...others] = /** @type {[Buffer, Buffer, ...Buffer[]]} */ (oggPages(file));
  first.writeUInt16BE(0, first.indexOf("FLAC") + 6);
  const tagsAt = 27 + (tags[26] ?? 0);
  tags[26]++;
  tags[tagsAt] &= 0x7f;
  const lacing = tags.subarray(0, tagsAt);
  const withBlock = Buffer.concat([lacing, Buffer.of(8), tags.subarray(tagsAt), Buffer.of(0x81, 0, 0, 4, 0, 0, 0, 0)]);
  return Buffer.concat([...[first, withBlock].map((page) => ofStream(page, page.readUInt32LE(14))), ...others]);
}

/** @param {Buffer} file @returns {Buffer[]} */
function oggPages(file) {
  const pages = [];
  for (let at = 0; at < file.length; at += /** @type {Buffer} */ (pages.at(-1)).length) {
    const segments = file[at + 26] ?? 0;
    const sound = file.subarray(at + 27, at + 27 + segments).reduce((sum, length) => sum + length, 0);
    pages.push(file.subarray(at, at + 27 + segments + sound));
  }
  return pages;
}

/** @param {Buffer} page @param {number} serial */
function ofStream(page, serial) {
  const copy = Buffer.from(page);
  copy.writeUInt32LE(serial, 14);
  copy.writeUInt32LE(0, 22);
  copy.writeUInt32LE(crc(copy, 32, 0x04c11db7), 22);
  return copy;
}

/** IDs of EBML elements. */
const SEGMENT = "18538067";
const CLUSTER = "1f43b675";
const CUES = "1c53bb6b";
const SIMPLE_BLOCK = "a3";

/**
 * A WebM file as browsers record it: without a duration, with clusters of unknown size and with
 * jitter of the times.
 * @param {Buffer} file without video
 */
export function webmAsRecorded(file) {
  let end = file.length;
  for (const { id, at, sizeAt, contentAt } of elementsOf(file)) {
    if (id === CUES) end = at;
    // All ones: unknown size.
    if (id === SEGMENT || id === CLUSTER)
      file.fill(255, sizeAt + 1, contentAt)[sizeAt] |= (1 << (8 - (contentAt - sizeAt))) - 1;
    if (id === SIMPLE_BLOCK)
      file.writeUInt16BE(Math.max(0, file.readUInt16BE(contentAt + 1) + ((at * 7) % 5) - 2), contentAt + 1);
  }
  return file.subarray(0, end);
}

/** A WebM file with a lace of one packet in its middle. @param {Buffer} file */
export function webmWithLacing(file) {
  const blocks = elementsOf(webmAsRecorded(file)).filter(({ id }) => id === SIMPLE_BLOCK);
  const { contentAt } = /** @type {typeof blocks[number]} */ (blocks[blocks.length >> 1]);
  file[contentAt - 1]++;
  file[contentAt + 3] |= 0x04;
  return Buffer.concat([file.subarray(0, contentAt + 4), Buffer.of(0), file.subarray(contentAt + 4)]);
}

/**
 * A WebM file with an empty list of encodings in place of the flag for lacing and the language.
 * @param {Buffer} file
 */
export function webmWithEncodings(file) {
  const flag = file.indexOf("9c810022b59c83", 0, "hex");
  file.write("6d8087ec850000000000", flag, "hex");
  return file;
}

/** A WebM file with hundreds of empty elements before its first cluster. @param {Buffer} file */
export function webmWithHundredsOfElements(file) {
  const elements = elementsOf(file);
  const { at } = /** @type {typeof elements[number]} */ (elements.find(({ id }) => id === CLUSTER));
  const segment = /** @type {typeof elements[number]} */ (elements.find(({ id }) => id === SEGMENT));
  file.fill(255, segment.sizeAt + 1, segment.contentAt);
  return Buffer.concat([file.subarray(0, at), ...Array(HUNDREDS).fill(Buffer.of(0xec, 0x80)), file.subarray(at)]);
}

/** All elements on the first three levels, in their order. @param {Buffer} file */
function elementsOf(file) {
  const elements = /** @type {{ id: string, at: number, sizeAt: number, contentAt: number, end: number }[]} */ ([]);
  for (let at = 0; at < file.length;) {
    const sizeAt = at + Math.clz32(file[at] ?? 0) - 23;
    const contentAt = sizeAt + Math.clz32(file[sizeAt] ?? 0) - 23;
    const id = file.toString("hex", at, sizeAt);
    const size =
      BigInt(`0x${file.toString("hex", sizeAt, contentAt)}`) & ((1n << BigInt(7 * (contentAt - sizeAt))) - 1n);
    const end = contentAt + Number(size);
    elements.push({ id, at, sizeAt, contentAt, end });
    at = id === SEGMENT || id === CLUSTER ? contentAt : end;
  }
  return elements;
}

/**
 * The remainder of a division by a polynomial.
 * @param {Buffer} bytes @param {8 | 16 | 32} width @param {number} polynomial
 */
function crc(bytes, width, polynomial) {
  let sum = 0;
  for (const byte of bytes) {
    sum ^= byte << (width - 8);
    for (let bit = 0; bit < 8; bit++) {
      const carry = (sum >>> (width - 1)) & 1;
      sum = (sum << 1) ^ (carry ? polynomial : 0);
      if (width < 32) sum &= 2 ** width - 1;
    }
  }
  return sum >>> 0;
}
