/**
 * Pitch shift: moves sound up or down by semitones at the same speed, made of a browser's own audio
 * nodes. Two delay lines are read at another rate than they are written; when one has run out and
 * jumps back, only the other is heard. It warbles a little, which is good enough to compare
 * melodies.
 */

/** Time in which a delay line runs out. Longer ones echo, shorter ones buzz. */
const CYCLE_SECS = 0.12;

/**
 * @param {BaseAudioContext} context
 * @param {number} semitones upwards, -13..13
 * @returns {{ input: AudioNode, output: AudioNode, stop(): void }}
 */
export function pitchShift(context, semitones) {
  const input = new GainNode(context);
  const output = new GainNode(context);
  const factor = 2 ** (semitones / 12);
  const samples = Math.round(CYCLE_SECS * context.sampleRate);
  // A delay that changes by `slope` seconds a second plays at 1 - slope times the pitch.
  const deepestSecs = CYCLE_SECS * Math.abs(factor - 1);
  const delays = cycle(context, samples, (part) => deepestSecs * (factor > 1 ? 1 - part : part));
  // Gains of two lines half a cycle apart: their squares add up to 1, equal power.
  const gains = cycle(context, samples, (part) => Math.sin(Math.PI * part));
  const sources = [0, CYCLE_SECS / 2].flatMap((offsetSecs) => {
    const delay = new DelayNode(context, { delayTime: 0, maxDelayTime: 2 * CYCLE_SECS });
    const gain = new GainNode(context, { gain: 0 });
    input.connect(delay).connect(gain).connect(output);
    return /** @type {const} */ ([
      [delays, delay.delayTime],
      [gains, gain.gain],
    ]).map(([buffer, parameter]) => {
      const source = new AudioBufferSourceNode(context, { buffer, loop: true });
      source.connect(parameter);
      source.start(0, offsetSecs);
      return source;
    });
  });
  return {
    input,
    output,
    stop() {
      for (const source of sources) source.stop();
      input.disconnect();
      output.disconnect();
    },
  };
}

/**
 * One cycle of a value.
 * @param {BaseAudioContext} context @param {number} samples
 * @param {(part: number) => number} valueAt at a part of the cycle, 0..1
 */
function cycle(context, samples, valueAt) {
  const buffer = new AudioBuffer({ length: samples, sampleRate: context.sampleRate });
  const values = Float32Array.from({ length: samples }, (_, index) => valueAt(index / samples));
  buffer.copyToChannel(values, 0);
  return buffer;
}
