/**
 * ADTS cutter: cuts a file of AAC in ADTS frames into files of their own (ISO/IEC 13818-7, 6.2).
 * The frames follow each other, without a header of the file. The sound of a frame depends only on
 * the frame before, with which it overlaps.
 */

import { byteAt, uint32 } from "../../file/bytes.js";
import { offsetAfterTags } from "../../file/id3.js";
import { BlockReader } from "../block-reader.js";
import { NotCuttable } from "../../file/not-cuttable.js";
import { searchTable } from "../seek.js";
import { cutAtSeekPoints } from "../cut.js";

/** @import { SongFile } from "../../file/song-file.js" */
/** @import { Chunks, Cut, SeekPoint } from "../cut.js" */

/** Sample rates by their index in the header. */
const SAMPLE_RATES_HZ = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
];
const SAMPLES_PER_FRAME = 1024;
/** Bytes of a header without a checksum. */
const HEADER_BYTES = 7;
/** Twelve ones, any version, layer 0. */
const SYNC_BITS = 0xfff60000;
const SYNC = 0xfff00000;
/**
 * The bits of the first four bytes that are the same in every frame: without copyright and length.
 */
const LASTING_BITS = 0xfffffdc0;
/** Frames of three hours at 48 kHz. A larger table would take too much memory. */
const MAX_FRAMES = 2 ** 19;

/**
 * @param {SongFile} file
 * @param {Cut} limits
 * @returns {Promise<Chunks>} for a file of nothing but ADTS frames of one kind
 */
export async function cut(file, limits) {
  const start = await offsetAfterTags(file);
  const reader = new BlockReader(file);
  const lasting = (uint32(await reader.at(start)) & LASTING_BITS) >>> 0;
  const sampleRateHz = SAMPLE_RATES_HZ[(lasting >>> 10) & 15];
  if ((lasting & SYNC_BITS) >>> 0 !== SYNC || !sampleRateHz) throw new NotCuttable("no ADTS header");
  const frames = /** @type {SeekPoint[]} */ ([]);
  for (let offset = start, frameBytes = 0; offset < file.size; offset += frameBytes) {
    const bytes = reader.holds(offset) ? reader.view(offset) : await reader.at(offset);
    frameBytes = ((byteAt(bytes, 3) & 3) << 11) | (byteAt(bytes, 4) << 3) | (byteAt(bytes, 5) >>> 5);
    const holdsOne = (byteAt(bytes, 6) & 3) === 0;
    if ((uint32(bytes) & LASTING_BITS) >>> 0 !== lasting) throw new NotCuttable("not all ADTS headers are alike");
    if (!holdsOne) throw new NotCuttable("several raw data blocks in an ADTS frame");
    if (frameBytes < HEADER_BYTES || offset + frameBytes > file.size) throw new NotCuttable("damaged ADTS frame");
    if (frames.length === MAX_FRAMES) throw new NotCuttable("too many frames");
    const sample = frames.length * SAMPLES_PER_FRAME;
    frames.push({ offset, sample, endSample: sample });
  }
  const [first] = frames;
  if (!first) throw new NotCuttable("no frames");
  return cutAtSeekPoints(limits, {
    sampleRateHz,
    samples: frames.length * SAMPLES_PER_FRAME,
    first,
    preRollSamples: 0,
    // Where the encoder replaced noise by its level, the decoder generates other noise.
    isNoisy: true,
    seekPointsAround: searchTable(frames),
    parts: (from, to) => [file.slice(from.offset, to?.offset)],
  });
}
