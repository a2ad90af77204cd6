/**
 * M4A fragments: where the frames of a track are in a fragmented MP4 file (ISO/IEC 14496-12, 8.8).
 * Each fragment has a table of its own frames.
 */

import { isText } from "../../file/bytes.js";
import { BlockReader } from "../block-reader.js";
import { NotCuttable } from "../../file/not-cuttable.js";
import { HEAD_BYTES, MAX_BOXES, boxEnd, boxesIn, inside } from "./boxes.js";
import { readTfdt, readTfhd, readTrex, readTrun } from "./fragment-boxes.js";

/** @import { SongFile } from "../../file/song-file.js" */
/** @import { DurationRun } from "./movie-boxes.js" */

/**
 * @typedef {Object} FrameTable
 * @property {number[]} offsets where each frame begins in the file
 * @property {number[]} sizes of each frame in bytes
 * @property {DurationRun[]} durations
 */

/** @typedef {ReturnType<typeof readTrex>} Defaults of the frames of a track */

/** Frames of three hours of AAC at 48 kHz. */
const MAX_FRAMES = 2 ** 19;
/** The largest `moof` for such a file. */
const MAX_FRAGMENT_BYTES = 2 ** 24;

/**
 * @param {SongFile} file
 * @param {number} start where the header ends
 * @param {Uint8Array<ArrayBuffer>} moov content of the header
 * @param {number} trackId
 * @returns {Promise<FrameTable>}
 */
export async function readFragments(file, start, moov, trackId) {
  const fragments = new Fragments(defaultsIn(moov, trackId));
  const reader = new BlockReader(file);
  let boxesWithoutSound = 0;
  for (let offset = start; offset < file.size;) {
    const head = reader.holds(offset) ? reader.view(offset) : await reader.at(offset);
    const end = boxEnd(head, offset, file.size);
    boxesWithoutSound++;
    if (isText(head, 4, "moof")) {
      if (end - offset > MAX_FRAGMENT_BYTES) throw new NotCuttable("a fragment's header is too large");
      const moof = (await reader.at(offset, end - offset)).subarray(HEAD_BYTES);
      if (fragments.add(moof, offset)) boxesWithoutSound = 0;
    }
    if (boxesWithoutSound > MAX_BOXES) throw new NotCuttable("too many boxes without sound in a row");
    offset = end;
  }
  return fragments.table;
}

/** @param {Uint8Array<ArrayBuffer>} moov @param {number} trackId @returns {Defaults} */
function defaultsIn(moov, trackId) {
  const defaults = boxesIn(inside(moov, "mvex"))
    .filter(({ type }) => type === "trex")
    .map(({ content }) => readTrex(content))
    .find((trex) => trex.trackId === trackId);
  if (!defaults) throw new NotCuttable("no defaults for fragments of the track");
  return defaults;
}

/** The frames of a track, fragment by fragment. */
class Fragments {
  /** @type {FrameTable} */
  table = { offsets: [], sizes: [], durations: [] };
  #defaults;
  #samples = 0;

  /** @param {Defaults} defaults */
  constructor(defaults) {
    this.#defaults = defaults;
  }

  /**
   * @param {Uint8Array<ArrayBuffer>} moof content of the next fragment's header
   * @param {number} offset of the header in the file
   * @returns {boolean} whether the fragment has frames of the track
   */
  add(moof, offset) {
    const parts = boxesIn(moof)
      .filter(({ type }) => type === "traf")
      .map(({ content }) => content);
    let hasFrames = false;
    for (const [index, part] of parts.entries()) {
      const header = inside(part, "tfhd");
      const tfhd = header && readTfhd(header);
      if (tfhd?.trackId !== this.#defaults.trackId) continue;
      const tfdt = inside(part, "tfdt");
      // A gap, or a section of a longer file.
      if (tfdt && readTfdt(tfdt) !== this.#samples) throw new NotCuttable("a fragment is missing");
      const isFromMoof = tfhd.isBaseMoof || index === 0;
      const base = tfhd.baseDataOffset ?? (isFromMoof ? offset : undefined);
      this.#addRuns(part, base, {
        trackId: tfhd.trackId,
        defaultFrameSamples: tfhd.defaultFrameSamples ?? this.#defaults.defaultFrameSamples,
        defaultFrameBytes: tfhd.defaultFrameBytes ?? this.#defaults.defaultFrameBytes,
      });
      hasFrames = true;
    }
    return hasFrames;
  }

  /**
   * @param {Uint8Array<ArrayBuffer>} part content of a `traf`
   * @param {number | undefined} base from which offsets in it count
   * @param {Defaults} defaults
   */
  #addRuns(part, base, { defaultFrameSamples, defaultFrameBytes }) {
    const boxes = boxesIn(part);
    if (boxes.length === MAX_BOXES) throw new NotCuttable("too many boxes in a fragment");
    const runs = boxes.filter(({ type }) => type === "trun").map(({ content }) => readTrun(content));
    if (runs.length === 0) return;
    if (base === undefined) throw new NotCuttable("offsets that count from another track's sound");
    // A run without an offset follows the run before.
    let offset = base;
    for (const run of runs) {
      if (run.hasCompositionTimes) throw new NotCuttable("frames in another order than they are played");
      if (this.table.offsets.length + run.frameCount > MAX_FRAMES) throw new NotCuttable("too many frames");
      if (!run.isComplete) throw new NotCuttable("a run is cut off");
      if (run.dataOffset !== undefined) offset = base + run.dataOffset;
      if (offset < 0) throw new NotCuttable("a run before the file's beginning");
      for (const { frameSamples = defaultFrameSamples, frameBytes = defaultFrameBytes } of run.frames()) {
        this.#addFrame(offset, frameBytes, frameSamples);
        offset += frameBytes;
      }
    }
  }

  /** @param {number} offset @param {number} frameBytes @param {number} frameSamples per channel */
  #addFrame(offset, frameBytes, frameSamples) {
    const { offsets, sizes, durations } = this.table;
    offsets.push(offset);
    sizes.push(frameBytes);
    const last = durations.at(-1);
    if (last?.frameSamples === frameSamples) last.frameCount++;
    else durations.push({ frameCount: 1, frameSamples });
    this.#samples += frameSamples;
  }
}
