/**
 * M4A fragments: where the frames of a track are in a fragmented MP4 file (ISO/IEC 14496-12, 8.8), each part of which has a table
 * of its own.
 */

import { isText, uint32 } from "../bytes.js";
import { FileBlock } from "../block-reader.js";
import { HEAD_BYTES, MAX_BOXES, VERSION_BYTES, boxesIn, inside, sizeOf, uint64 } from "./boxes.js";

/**
 * @typedef {Object} Table
 * @property {number[]} offsets where each frame begins
 * @property {number[]} sizes in bytes
 * @property {number[][]} durations how many frames in a row have so many samples of a channel
 */

/** @typedef {{ duration: number, size: number }} Defaults of each frame of which nothing else is said */

/** Of some three hours. */
const MAX_FRAMES = 2 ** 19;
/** Of a fragment that is as long. */
const MAX_FRAGMENT_BYTES = 2 ** 24;

/** What a fragment's or a run's header holds, by its flags. */
const HAS_BASE = 0x1;
const HAS_DESCRIPTION = 0x2;
const HAS_DURATION = 0x8;
const HAS_SIZE = 0x10;
const BASE_IS_MOOF = 0x20000;
const RUN_HAS_OFFSET = 0x1;
const RUN_HAS_FIRST_FLAGS = 0x4;
const FRAMES_HAVE_DURATIONS = 0x100;
const FRAMES_HAVE_SIZES = 0x200;
const FRAMES_HAVE_FLAGS = 0x400;
const FRAMES_ARE_MOVED = 0x800;

/**
 * @param {Blob} file
 * @param {string} name
 * @param {number} start where the header ends
 * @param {Uint8Array<ArrayBuffer>} moov the header
 * @param {number} track its number
 * @returns {Promise<Table | undefined>} `undefined` if not all are there, one after the other
 */
export async function readFragments(file, name, start, moov, track) {
  const trex = boxesIn(inside(moov, "mvex")).find(
    ({ type, content }) => type === "trex" && uint32(content, VERSION_BYTES) === track,
  )?.content;
  if (!trex) return undefined;
  const table = /** @type {Table} */ ({ offsets: [], sizes: [], durations: [] });
  const window = new FileBlock(file, name);
  let samples = 0;
  for (let at = start, next = 0, boxes = 0; at < file.size; at = next, boxes++) {
    const head = window.holds(at) ? window.view(at) : await window.at(at);
    next = at + sizeOf(head);
    // Boxes without sound, one after the other.
    if (!(next <= file.size) || boxes > MAX_BOXES) return undefined;
    if (!isText(head, 4, "moof")) continue;
    if (next - at > MAX_FRAGMENT_BYTES) return undefined;
    const parts = boxesIn((await window.at(at, next - at)).subarray(HEAD_BYTES)).filter(({ type }) => type === "traf");
    for (const [index, { content }] of parts.entries()) {
      const header = inside(content, "tfhd");
      if (!header || uint32(header, VERSION_BYTES) !== track) continue;
      const flags = uint32(header);
      let field = flags & HAS_BASE ? 16 : 8;
      const valueOf = (/** @type {number} */ flag, /** @type {number} */ otherwise) =>
        flags & flag ? uint32(header, (field += 4) - 4) : otherwise;
      valueOf(HAS_DESCRIPTION, 0);
      const defaults = { duration: valueOf(HAS_DURATION, uint32(trex, 12)), size: valueOf(HAS_SIZE, uint32(trex, 16)) };
      const base = flags & HAS_BASE ? uint64(header, 8) : flags & BASE_IS_MOOF || index === 0 ? at : NaN;
      const start = inside(content, "tfdt");
      // After a gap, or in the middle of what was once longer.
      if (start && (start[0] === 1 ? uint64 : uint32)(start, VERSION_BYTES) !== samples) return undefined;
      const added = addRuns(content, base, defaults, table);
      if (added === undefined) return undefined;
      samples += added;
      boxes = 0;
    }
  }
  return table;
}

/** @param {Uint8Array<ArrayBuffer>} part of a fragment @param {number} base that offsets are from @param {Defaults} defaults @param {Table} table @returns {number | undefined} how many samples; `undefined` if it is out of order */
function addRuns(part, base, defaults, { offsets, sizes, durations }) {
  const boxes = boxesIn(part);
  if (boxes.length === MAX_BOXES) return undefined;
  let offset = base;
  let samples = 0;
  for (const { content: run } of boxes.filter(({ type }) => type === "trun")) {
    const flags = uint32(run);
    const count = uint32(run, 4);
    let at = 8;
    const next = () => uint32(run, (at += 4) - 4);
    if (flags & RUN_HAS_OFFSET) offset = base + (next() | 0);
    if (flags & RUN_HAS_FIRST_FLAGS) next();
    if (flags & FRAMES_ARE_MOVED || !(offset >= 0) || offsets.length + count > MAX_FRAMES) return undefined;
    for (let frame = 0; frame < count; frame++) {
      const duration = flags & FRAMES_HAVE_DURATIONS ? next() : defaults.duration;
      const size = flags & FRAMES_HAVE_SIZES ? next() : defaults.size;
      if (flags & FRAMES_HAVE_FLAGS) next();
      offsets.push(offset);
      sizes.push(size);
      offset += size;
      samples += duration;
      const last = durations.at(-1);
      if (last?.[1] === duration) last[0]++;
      else durations.push([1, duration]);
    }
    if (at > run.length) return undefined;
  }
  return samples;
}
