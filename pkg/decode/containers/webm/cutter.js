/**
 * WebM cutter: cuts the sound of a WebM or Matroska file into files of their own, each with a
 * header like the file's and some of its blocks. The priming that browsers leave out depends on the
 * first timestamp, so each chunk begins with the song's.
 */

import { joined } from "../../file/bytes.js";
import { merged } from "../ranges.js";
import { NotCuttable } from "../../file/not-cuttable.js";
import { searchTable } from "../seek.js";
import { cutAtSeekPoints } from "../cut.js";
import { nextTask } from "../../../shared/tasks.js";
import { CLUSTER, INFO, SEGMENT, SIMPLE_BLOCK, TIMESTAMP, TRACKS } from "./elements.js";
import { readWebmBlocks } from "./reader.js";

/** @import { SongFile } from "../../file/song-file.js" */
/** @import { Chunks, Cut } from "../cut.js" */
/** @import { SoundBlock, WebmBlocks } from "./reader.js" */

/** The first four bytes of a size of eight, and all eight of an unknown size (RFC 8794, 6.2). */
const LONG_SIZE = 0x01000000;
const NO_SIZE = [0x01ffffff, 0xffffffff];
/** Size field of a timestamp of four bytes. */
const TIME_SIZE = 0x84;
/** Flag of a SimpleBlock that can be decoded on its own (RFC 9559, 10.2). */
const IS_KEY = 0x80;

/**
 * @param {SongFile} file
 * @param {Cut} limits
 * @returns {Promise<Chunks>}
 */
export async function cut(file, limits) {
  const table = await readWebmBlocks(file);
  const [first] = table.blocks;
  if (!first) throw new NotCuttable("no blocks of sound");
  // Reading the table of a long file takes long: cutting is a new task.
  await nextTask();
  const { track, blocks, samples } = table;
  return cutAtSeekPoints(limits, {
    sampleRateHz: track.codec.sampleRateHz,
    samples,
    first,
    preRollSamples: track.codec.preRollSamples,
    seekPointsAround: searchTable(blocks),
    parts: (from, to) => [
      beginningOf(table, from),
      file.slice(from.packetOffset, from.packetEndOffset),
      ...clustersOf(file, blocks.slice(from.index + 1, to?.index)),
    ],
  });
}

/**
 * Everything up to the sound of the first block, which has a cluster of its own.
 * @param {WebmBlocks} table
 * @param {SoundBlock} first
 */
function beginningOf({ ebmlHeader, timestampScale, track, startTime }, { packetOffset, packetEndOffset }) {
  const head = Uint8Array.of(0x80 | track.number, 0, 0, IS_KEY);
  const blockBytes = head.length + packetEndOffset - packetOffset;
  const block = joined([Uint8Array.of(SIMPLE_BLOCK), LONG_SIZE, blockBytes, head]);
  const info = joined([INFO, LONG_SIZE, timestampScale.length, timestampScale]);
  const entries = joined(track.entries.map(({ bytes }) => bytes));
  return joined([
    ebmlHeader,
    SEGMENT,
    ...NO_SIZE,
    info,
    // A browser plays the first of several sound tracks.
    joined([TRACKS, LONG_SIZE, entries.length, entries]),
    clusterHead(startTime, block.length + packetEndOffset - packetOffset),
    block,
  ]);
}

/** @param {SongFile} file @param {SoundBlock[]} blocks */
function clustersOf(file, blocks) {
  const parts = /** @type {BlobPart[]} */ ([]);
  for (let from = 0, to = 0; from < blocks.length; from = to) {
    const { clusterTime } = /** @type {SoundBlock} */ (blocks[from]);
    while (blocks[to]?.clusterTime === clusterTime) to++;
    const ranges = merged(blocks.slice(from, to));
    const bytes = ranges.reduce((sum, { offset, endOffset }) => sum + endOffset - offset, 0);
    parts.push(
      clusterHead(clusterTime, bytes),
      ...ranges.map(({ offset, endOffset }) => file.slice(offset, endOffset)),
    );
  }
  return parts;
}

/** @param {number} time its timestamp @param {number} bytes of its blocks */
function clusterHead(time, bytes) {
  const timestamp = joined([Uint8Array.of(TIMESTAMP, TIME_SIZE), time]);
  return joined([CLUSTER, LONG_SIZE, timestamp.length + bytes, timestamp]);
}
