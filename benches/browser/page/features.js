/** Log-mel features of 30 s of music: our engine and the libraries. */

import { madeFloats } from "./files.js";
import { analyse, startOurs } from "./ours.js";
import { startEssentia, startMeyda } from "./peers.js";
import { inTurn, msOf } from "./rounds.js";
import { MODEL_RATE_HZ } from "./sizes.js";

const SECS = 30;

/** @param {{ rounds: number }} options */
export async function features({ rounds }) {
  const [checker, meyda, essentia, song] = await Promise.all([
    startOurs("cpu"),
    startMeyda(),
    startEssentia(),
    madeFloats("song.f32"),
  ]);
  const samples = song.slice(0, SECS * MODEL_RATE_HZ);
  const contenders = {
    soundalike: async () => {
      const { song, times } = await analyse(checker, samples, MODEL_RATE_HZ);
      song.free();
      // Includes decibels, levels, silence, the whitened spectrogram, the spectral peaks and the
      // pitches of the composition, which the others don't compute.
      return times.resample + times.mel + times.levels;
    },
    meyda: () => msOf(() => meyda(samples)),
    "essentia.js": () => msOf(() => essentia(samples)),
  };
  return { secs: SECS, times: await inTurn(contenders, { rounds, warmUps: 1 }) };
}
