/**
 * M4A fragments: where the frames of a track are in a fragmented MP4 file (ISO/IEC 14496-12, 8.8), each part of which has a table
 * of its own.
 */

import { isText } from "../bytes.js";
import { FileBlock } from "../block-reader.js";
import { NotCuttable } from "../not-cuttable.js";
import { HEAD_BYTES, MAX_BOXES, boxesIn, inside, readTfdt, readTfhd, readTrex, readTrun, sizeOf } from "./boxes.js";

/** @import { SongFile } from "../../song-file.js" */

/**
 * @typedef {Object} Table
 * @property {number[]} offsets where each frame begins
 * @property {number[]} sizes in bytes
 * @property {number[][]} durations how many frames in a row have so many samples of a channel
 */

/** At most three hours of AAC at 48 kHz. */
const MAX_FRAMES = 2 ** 19;
/** The largest header of a fragment of that length. */
const MAX_FRAGMENT_BYTES = 2 ** 24;

/**
 * @param {SongFile} file
 * @param {number} start where the header ends
 * @param {Uint8Array<ArrayBuffer>} moov the header
 * @param {number} trackId
 * @returns {Promise<Table>}
 */
export async function readFragments(file, start, moov, trackId) {
  const defaults = boxesIn(inside(moov, "mvex"))
    .filter(({ type }) => type === "trex")
    .map(({ content }) => readTrex(content))
    .find((trex) => trex.trackId === trackId);
  if (!defaults) throw new NotCuttable("no defaults for fragments of the track");
  const table = /** @type {Table} */ ({ offsets: [], sizes: [], durations: [] });
  const window = new FileBlock(file);
  let samples = 0;
  for (let at = start, next = 0, boxes = 0; at < file.size; at = next, boxes++) {
    const head = window.holds(at) ? window.view(at) : await window.at(at);
    next = at + sizeOf(head);
    if (!(next <= file.size)) throw new NotCuttable("a box ends after the file");
    if (boxes > MAX_BOXES) throw new NotCuttable("too many boxes without sound in a row");
    if (!isText(head, 4, "moof")) continue;
    if (next - at > MAX_FRAGMENT_BYTES) throw new NotCuttable("a fragment's header is too large");
    const moof = (await window.at(at, next - at)).subarray(HEAD_BYTES);
    const parts = boxesIn(moof).filter(({ type }) => type === "traf");
    for (const [index, { content }] of parts.entries()) {
      const header = inside(content, "tfhd");
      if (!header) continue;
      const tfhd = readTfhd(header);
      if (tfhd.trackId !== trackId) continue;
      const tfdt = inside(content, "tfdt");
      // A gap, or a part of what was longer once.
      if (tfdt && readTfdt(tfdt) !== samples) throw new NotCuttable("a fragment is missing");
      const isFromMoof = tfhd.isBaseMoof || index === 0;
      samples += addRuns(content, table, {
        base: tfhd.base ?? (isFromMoof ? at : NaN),
        duration: tfhd.duration ?? defaults.duration,
        size: tfhd.size ?? defaults.size,
      });
      boxes = 0;
    }
  }
  return table;
}

/**
 * Adds the frames of a track's part of a fragment to the table.
 * @param {Uint8Array<ArrayBuffer>} part
 * @param {Table} table
 * @param {{ base: number, duration: number, size: number }} defaults `base`: what offsets count from
 * @returns {number} how many samples of a channel the frames have
 */
function addRuns(part, { offsets, sizes, durations }, defaults) {
  const boxes = boxesIn(part);
  if (boxes.length === MAX_BOXES) throw new NotCuttable("too many boxes in a fragment");
  let offset = defaults.base;
  let samples = 0;
  for (const { content } of boxes.filter(({ type }) => type === "trun")) {
    const run = readTrun(content);
    if (run.dataOffset !== undefined) offset = defaults.base + run.dataOffset;
    if (run.hasCompositionTimes) throw new NotCuttable("frames in another order than they are played");
    if (!(offset >= 0)) throw new NotCuttable("no offset of a run");
    if (offsets.length + run.count > MAX_FRAMES) throw new NotCuttable("too many frames");
    if (!run.isWhole) throw new NotCuttable("a run is cut off");
    for (const { duration = defaults.duration, size = defaults.size } of run.frames()) {
      offsets.push(offset);
      sizes.push(size);
      offset += size;
      samples += duration;
      const last = durations.at(-1);
      if (last?.[1] === duration) last[0]++;
      else durations.push([1, duration]);
    }
  }
  return samples;
}
