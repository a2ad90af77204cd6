/**
 * Joined: decodes files that were joined to one, of which the browser would play the first alone.
 * This file is loaded with the first such file.
 */

import { CheckerError, throwIfAborted } from "../../shared/errors.js";
import { SongFile, refuseTooLong } from "../file/song-file.js";

/** @import { Limits } from "../file/song-file.js" */
/** @import { SampleSink } from "../mono.js" */

/**
 * Decodes a file up to a place and then the rest, which may have been joined, too.
 * @param {SongFile} file
 * @param {number} at where the second file begins
 * @param {SampleSink} sink
 * @param {{ limits: Limits, signal: AbortSignal | undefined }} options
 * @param {(part: SongFile, sink: SampleSink) => Promise<void>} decodePart
 */
export async function decodeJoined(file, at, sink, { limits, signal }, decodePart) {
  const first = new Counted(sink);
  await decodePart(new SongFile(file.slice(0, at), file.name), first);
  const rest = new Kept();
  try {
    await decodePart(new SongFile(file.slice(at), file.name), rest);
  } catch (error) {
    throwIfAborted(signal);
    // As in players, the song ends where nothing more can be decoded.
    if (!(error instanceof CheckerError) || error.code !== "decode-failed") throw error;
  }
  if (rest.sampleRateHz !== first.sampleRateHz) return;
  const samples = rest.parts.reduce((sum, { length }) => sum + length, first.samples);
  refuseTooLong(file.name, samples / first.sampleRateHz, limits);
  for (const part of rest.parts) sink.append(part);
}

/** Passes samples on. @implements {SampleSink} */
class Counted {
  #sink;
  sampleRateHz = 0;
  samples = 0;

  /** @param {SampleSink} sink */
  constructor(sink) {
    this.#sink = sink;
  }

  /** @param {number} sampleRateHz @param {number} expectedSamples */
  begin(sampleRateHz, expectedSamples) {
    this.sampleRateHz = sampleRateHz;
    this.samples = 0;
    this.#sink.begin(sampleRateHz, expectedSamples);
  }

  /** @param {Float32Array<ArrayBuffer>} part */
  append(part) {
    this.samples += part.length;
    this.#sink.append(part);
  }
}

/** Keeps samples, because their decoding may begin again. @implements {SampleSink} */
class Kept {
  sampleRateHz = 0;
  /** @type {Float32Array<ArrayBuffer>[]} */
  parts = [];

  /** @param {number} sampleRateHz */
  begin(sampleRateHz) {
    this.sampleRateHz = sampleRateHz;
    this.parts = [];
  }

  /** @param {Float32Array<ArrayBuffer>} part */
  append(part) {
    this.parts.push(part);
  }
}
