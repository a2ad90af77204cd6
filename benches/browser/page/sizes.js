/**
 * Sizes for the contenders, as in src/config.rs and src/recording/segments.rs; the bench fails if
 * they differ.
 */

export const MODEL_RATE_HZ = 22_050;
export const FFT_SAMPLES = 2048;
export const HOP_SAMPLES = 512;
export const MEL_BANDS = 128;

export const SEGMENT_SECS = 3;
/** STFT frames of a segment, and between the starts of two segments. */
export const SEGMENT_FRAMES = 130;
export const SEGMENT_HOP_FRAMES = 32;

export const SONG_SECS = 240;

/** Number of STFT frames; the first one is centred on the first sample. @param {number} samples */
export function framesIn(samples) {
  return 1 + Math.floor(samples / HOP_SAMPLES);
}
