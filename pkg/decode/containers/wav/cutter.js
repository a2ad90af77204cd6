/**
 * WAV cutter: cuts a WAV file whose samples are independent of each other into files of their own,
 * each with a header like the file's.
 */

import { isText } from "../../file/bytes.js";
import { MARGIN_SAMPLES, stepSamples } from "../cut.js";
import { NotCuttable } from "../../file/not-cuttable.js";

/** @import { SongFile } from "../../file/song-file.js" */
/** @import { Chunk, Chunks, Cut } from "../cut.js" */

/** Formats with independent samples: integers, floating point, A-law, μ-law. */
const INDEPENDENT = [1, 3, 6, 7];
/** The format is named in a longer header. */
const EXTENSIBLE = 0xfffe;
/** Place of the format in a longer header. */
const SUBFORMAT_AT = 24;

/** A longer header contains pictures, or is no header. */
const MAX_HEADER_BYTES = 1024 ** 2;

/**
 * @typedef {Object} Wav
 * @property {Uint8Array<ArrayBuffer>} format content of the chunk `fmt `
 * @property {number} sampleRateHz
 * @property {number} blockBytes of one sample of every channel
 * @property {number} dataAt where the samples begin in the file
 * @property {number} dataBytes
 */

/**
 * @param {SongFile} file
 * @param {Cut} cut
 * @returns {Promise<Chunks>}
 */
export async function cut(file, { chunkSecs, minSecs, decodeRateHz }) {
  const wav = parsed(await file.bytes(0, MAX_HEADER_BYTES), file.size);
  const { sampleRateHz, blockBytes, dataAt, dataBytes } = wav;
  const samples = Math.floor(dataBytes / blockBytes);
  const durationSecs = samples / sampleRateHz;
  if (durationSecs < minSecs) throw new NotCuttable("too short");

  const count = Math.ceil(durationSecs / chunkSecs);
  // Each chunk begins where a sample at the decoding rate begins, too.
  const step = stepSamples(sampleRateHz, decodeRateHz);
  /** @type {Chunk[]} */
  const chunks = [];
  for (let index = 0; index < count; index++) {
    const ownStartSamples = Math.round((index * samples) / count);
    const isLast = index === count - 1;
    const from = index === 0 ? 0 : Math.floor((ownStartSamples - MARGIN_SAMPLES) / step) * step;
    const to = isLast ? samples : Math.round(((index + 1) * samples) / count) + MARGIN_SAMPLES;
    if (from < 0) throw new NotCuttable("no room for a margin");
    const bytes = (to - from) * blockBytes;
    const start = dataAt + from * blockBytes;
    chunks.push({
      blob: new Blob([header(wav.format, bytes), file.slice(start, start + bytes)]),
      startSamples: from,
      ownStartSamples,
      lengthSamples: to - from,
    });
  }
  return { sampleRateHz, samples, chunks };
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes the beginning of the file
 * @param {number} fileBytes
 * @returns {Wav}
 */
function parsed(bytes, fileBytes) {
  const view = new DataView(bytes.buffer);
  if (bytes.length < 12 || !isText(bytes, 0, "RIFF") || !isText(bytes, 8, "WAVE"))
    throw new NotCuttable("no RIFF header");
  /** @type {Uint8Array<ArrayBuffer> | undefined} */
  let format;
  for (let at = 12; at + 8 <= bytes.length;) {
    const size = view.getUint32(at + 4, true);
    const isFormat = isText(bytes, at, "fmt ");
    const isData = isText(bytes, at, "data");
    at += 8;
    if (isData) {
      if (!format) throw new NotCuttable("no format before the data");
      if (size === 0 || at + size > fileBytes) throw new NotCuttable("wrong size of the data");
      return { format, ...formatSizes(format), dataAt: at, dataBytes: size };
    }
    if (isFormat) {
      if (format || at + size > bytes.length) throw new NotCuttable("several formats, or one cut off");
      format = bytes.slice(at, at + size);
    }
    at += size + (size % 2);
  }
  throw new NotCuttable("no data");
}

/**
 * @param {Uint8Array<ArrayBuffer>} format
 * @returns {{ sampleRateHz: number, blockBytes: number }}
 */
function formatSizes(format) {
  if (format.length < 16 || format.length % 2 !== 0) throw new NotCuttable("odd size of the format");
  const view = new DataView(format.buffer);
  const tag = view.getUint16(0, true);
  const kind = tag === EXTENSIBLE && format.length >= SUBFORMAT_AT + 2 ? view.getUint16(SUBFORMAT_AT, true) : tag;
  const channels = view.getUint16(2, true);
  const sampleRateHz = view.getUint32(4, true);
  const blockBytes = view.getUint16(12, true);
  const bits = view.getUint16(14, true);
  if (
    !INDEPENDENT.includes(kind) ||
    channels === 0 ||
    bits % 8 !== 0 ||
    blockBytes === 0 ||
    blockBytes !== (channels * bits) / 8
  )
    throw new NotCuttable(`format ${kind} with ${bits} bits`);
  if (sampleRateHz === 0 || view.getUint32(8, true) !== sampleRateHz * blockBytes)
    throw new NotCuttable("sample rate and byte rate contradict each other");
  return { sampleRateHz, blockBytes };
}

/** @param {Uint8Array} format @param {number} dataBytes */
function header(format, dataBytes) {
  const bytes = new Uint8Array(12 + 8 + format.length + 8);
  const view = new DataView(bytes.buffer);
  const write = (/** @type {number} */ at, /** @type {string} */ text) => bytes.set(new TextEncoder().encode(text), at);
  write(0, "RIFF");
  view.setUint32(4, bytes.length - 8 + dataBytes, true);
  write(8, "WAVEfmt ");
  view.setUint32(16, format.length, true);
  bytes.set(format, 20);
  write(20 + format.length, "data");
  view.setUint32(24 + format.length, dataBytes, true);
  return bytes;
}
