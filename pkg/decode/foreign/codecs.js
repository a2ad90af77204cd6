/**
 * Codecs: the sound of an MP4 or Matroska file, if it can't be decoded here. Some browsers decode
 * some of these, so files that the browser refuses are looked at alone. `decoder/src/codecs.rs` has
 * the same.
 */

import { tracksOf } from "../containers/tracks.js";

/** @import { SongFile } from "../file/song-file.js" */

/**
 * Beginnings of a codec's types in MP4 files (https://mp4ra.org) and in Matroska files
 * (https://www.matroska.org/technical/codec_specs.html), and its name.
 * @type {[string[], string][]}
 */
const CODECS = [
  [["ac-3", "A_AC3"], "Dolby Digital (AC-3)"],
  [["ec-3", "A_EAC3"], "Dolby Digital Plus (E-AC-3)"],
  [["ac-4", "A_AC4"], "Dolby AC-4"],
  [["mlpa", "A_TRUEHD", "A_MLP"], "Dolby TrueHD"],
  [["dts", "A_DTS"], "DTS"],
  [["samr", "sawb", "A_AMR"], "AMR, a codec for voices"],
  [["A_WAVPACK4"], "WavPack"],
];

/**
 * The sound of the default track, if it can't be decoded here.
 * @param {SongFile} file
 * @returns {Promise<{ name: string, hasOthers: boolean } | undefined>} its name, and whether there
 *   are tracks of other codecs
 */
export async function foreignSound(file) {
  const tracks = await tracksOf(file);
  const name = nameOf(tracks.find(({ isDefault }) => isDefault)?.codec ?? "");
  if (name === undefined) return undefined;
  return { name, hasOthers: tracks.some(({ codec }) => nameOf(codec) === undefined) };
}

/** @param {string} codec */
function nameOf(codec) {
  return CODECS.find(([beginnings]) => beginnings.some((beginning) => codec.startsWith(beginning)))?.[1];
}
