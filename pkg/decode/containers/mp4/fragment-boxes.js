/**
 * Boxes of fragments: one reader each (ISO/IEC 14496-12, 8.8). Fields have the names of the
 * standard, except that its sample is called a frame, of AAC.
 */

import { uint32 } from "../../file/bytes.js";
import { VERSION_BYTES, isVersion1, uint64 } from "./boxes.js";

/**
 * Track extends box `trex` (8.8.3).
 * @param {Uint8Array} content
 */
export function readTrex(content) {
  return {
    trackId: uint32(content, 4),
    defaultFrameSamples: uint32(content, 12),
    defaultFrameBytes: uint32(content, 16),
  };
}

const BASE_DATA_OFFSET = 0x1;
const SAMPLE_DESCRIPTION_INDEX = 0x2;
const DEFAULT_SAMPLE_DURATION = 0x8;
const DEFAULT_SAMPLE_SIZE = 0x10;
const DEFAULT_BASE_IS_MOOF = 0x20000;

/**
 * Track fragment header box `tfhd` (8.8.7).
 * @param {Uint8Array} content
 * @returns {{
 *   trackId: number,
 *   baseDataOffset: number | undefined,
 *   isBaseMoof: boolean,
 *   defaultFrameSamples: number | undefined,
 *   defaultFrameBytes: number | undefined,
 * }} `undefined` for fields that are absent
 */
export function readTfhd(content) {
  const flags = uint32(content);
  const { places } = optionalFields(flags, 8, [
    [BASE_DATA_OFFSET, 8],
    [SAMPLE_DESCRIPTION_INDEX, 4],
    [DEFAULT_SAMPLE_DURATION, 4],
    [DEFAULT_SAMPLE_SIZE, 4],
  ]);
  const baseAt = places.get(BASE_DATA_OFFSET);
  return {
    trackId: uint32(content, 4),
    baseDataOffset: baseAt === undefined ? undefined : uint64(content, baseAt),
    isBaseMoof: (flags & DEFAULT_BASE_IS_MOOF) !== 0,
    defaultFrameSamples: uint32At(content, places.get(DEFAULT_SAMPLE_DURATION)),
    defaultFrameBytes: uint32At(content, places.get(DEFAULT_SAMPLE_SIZE)),
  };
}

/**
 * Track fragment decode time box `tfdt` (8.8.12).
 * @param {Uint8Array} content
 * @returns {number} samples of a channel before the fragment
 */
export function readTfdt(content) {
  return isVersion1(content) ? uint64(content, VERSION_BYTES) : uint32(content, VERSION_BYTES);
}

const DATA_OFFSET = 0x1;
const FIRST_SAMPLE_FLAGS = 0x4;
const SAMPLE_DURATION = 0x100;
const SAMPLE_SIZE = 0x200;
const SAMPLE_FLAGS = 0x400;
const SAMPLE_COMPOSITION_TIME_OFFSETS = 0x800;

/** @typedef {{ frameSamples: number | undefined, frameBytes: number | undefined }} RunFrame */

/**
 * Track fragment run box `trun` (8.8.8).
 * @param {Uint8Array} content
 * @returns {{
 *   frameCount: number,
 *   dataOffset: number | undefined,
 *   hasCompositionTimes: boolean,
 *   isComplete: boolean,
 *   frames: () => Generator<RunFrame, void>,
 * }} `undefined` for fields that are absent
 */
export function readTrun(content) {
  const flags = uint32(content);
  const frameCount = uint32(content, 4);
  const head = optionalFields(flags, 8, [
    [DATA_OFFSET, 4],
    [FIRST_SAMPLE_FLAGS, 4],
  ]);
  const entry = optionalFields(flags, 0, [
    [SAMPLE_DURATION, 4],
    [SAMPLE_SIZE, 4],
    [SAMPLE_FLAGS, 4],
    [SAMPLE_COMPOSITION_TIME_OFFSETS, 4],
  ]);
  const dataOffset = uint32At(content, head.places.get(DATA_OFFSET));
  return {
    frameCount,
    // Signed.
    dataOffset: dataOffset === undefined ? undefined : dataOffset | 0,
    hasCompositionTimes: entry.places.has(SAMPLE_COMPOSITION_TIME_OFFSETS),
    isComplete: head.end + frameCount * entry.end <= content.length,
    *frames() {
      for (let frame = 0; frame < frameCount; frame++) {
        const fields = content.subarray(head.end + frame * entry.end);
        yield {
          frameSamples: uint32At(fields, entry.places.get(SAMPLE_DURATION)),
          frameBytes: uint32At(fields, entry.places.get(SAMPLE_SIZE)),
        };
      }
    },
  };
}

/**
 * Where the fields are that a box has only if a flag says so.
 * @param {number} flags of the box
 * @param {number} start of the first field
 * @param {[flag: number, bytes: number][]} fields in their order
 * @returns {{ places: Map<number, number>, end: number }} by flag; absent fields have no place
 */
function optionalFields(flags, start, fields) {
  const places = new Map();
  let end = start;
  for (const [flag, bytes] of fields) {
    if ((flags & flag) === 0) continue;
    places.set(flag, end);
    end += bytes;
  }
  return { places, end };
}

/** @param {Uint8Array} bytes @param {number | undefined} at @returns {number | undefined} */
function uint32At(bytes, at) {
  return at === undefined ? undefined : uint32(bytes, at);
}
