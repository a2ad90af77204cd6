/**
 * M4A cutter: cuts the sound track of an MP4 file into files of their own, each with some of its
 * frames and a header like the file's.
 *
 * The sound of a frame depends only on the frame before, with which it overlaps. Decoders leave out
 * the same priming of the file and of every chunk. Samples that are left out at the end of the file
 * are left out of the last chunk.
 */

import { merged } from "../ranges.js";
import { readM4aFrames } from "./reader.js";
import { searchTable } from "../seek.js";
import { cutAtSeekPoints } from "../cut.js";
import { NotCuttable } from "../../file/not-cuttable.js";
import { nextTask } from "../../../shared/tasks.js";
import { headerOf } from "./header.js";

/** @import { SongFile } from "../../file/song-file.js" */
/** @import { Chunks, Cut } from "../cut.js" */

/**
 * Longest priming that encoders write. Each chunk is decoded further than its own samples by more
 * than this. A longer start that is left out is a cut in the song.
 */
const MAX_PRIMING_SAMPLES = 6144;

/**
 * @param {SongFile} file
 * @param {Cut} limits
 * @returns {Promise<Chunks>}
 */
export async function cut(file, limits) {
  const table = await readM4aFrames(file);
  // Reading the table of a long file takes long: cutting is a new task.
  await nextTask();
  const { sampleRateHz, samplesPerFrame, lastSamples, offsets, sizes, edit, isOpenEnded } = table;
  const frames = offsets.map((offset, index) => {
    const sample = index * samplesPerFrame;
    return { offset, endOffset: offset + Number(sizes[index]), index, sample, endSample: sample };
  });
  const [first] = frames;
  if (!first) throw new NotCuttable("no frames");
  const samples = (frames.length - 1) * samplesPerFrame + (isOpenEnded ? samplesPerFrame : lastSamples);
  const lastOwn = samples - samples / Math.ceil(samples / sampleRateHz / limits.chunkSecs);
  if (edit && edit.primingSamples > MAX_PRIMING_SAMPLES)
    throw new NotCuttable("the edit list leaves out too much at the beginning");
  if (edit && edit.samples < lastOwn) throw new NotCuttable("the edit list leaves out too much at the end");
  return cutAtSeekPoints(limits, {
    sampleRateHz,
    samples,
    first,
    preRollSamples: 0,
    // Where the encoder replaced noise by its level, the decoder generates other noise.
    isNoisy: true,
    seekPointsAround: searchTable(frames),
    parts: (from, to) => {
      const own = frames.slice(from.index, to?.index);
      const ranges = merged(own);
      return [headerOf(table, own, ranges), ...ranges.map(({ offset, endOffset }) => file.slice(offset, endOffset))];
    },
  });
}
