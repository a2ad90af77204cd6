/**
 * Music for the tests, synthesised: four instruments (drums, bass, chords, melody) play a tune that
 * a seed defines. The same seed gives the same samples; another seed another key, tempo, harmony
 * and sound.
 */

export const SAMPLE_RATE_HZ = 44_100;

const PROGRESSIONS = [
  [0, 5, 3, 4],
  [0, 3, 4, 3],
  [5, 3, 0, 4],
  [0, 2, 3, 4],
  [1, 4, 0, 5],
  [0, 4, 5, 3],
];
const MAJOR = [0, 2, 4, 5, 7, 9, 11];
const MINOR = [0, 2, 3, 5, 7, 8, 10];

/**
 * @param {number} seed
 * @param {number} durationSecs
 * @returns {Float32Array} mono, -1..1, at 44,100 Hz
 */
export function tune(seed, durationSecs) {
  const random = mulberry32(seed);
  const pick = (/** @type {any[]} */ items) => items[Math.floor(random() * items.length)];
  const samples = new Float32Array(Math.round(durationSecs * SAMPLE_RATE_HZ));
  const harmonics = Array.from({ length: 3 + Math.floor(random() * 8) }, (_, index) => random() / (index + 1));
  const band = {
    scale: pick([MAJOR, MINOR]),
    rootMidi: 45 + Math.floor(random() * 12),
    beatSecs: 60 / (84 + random() * 62),
    bright: wavetable([1, ...harmonics]),
    dull: wavetable([1, ...harmonics.slice(0, 2).map((part) => part / 3)]),
    decaySecs: 0.25 + random() * 0.9,
  };
  const between = (/** @type {number} */ low, /** @type {number} */ high) => low + random() * (high - low);
  const kit = {
    kickBeats: pick([[0, 2], [0, 1.5, 2], [0, 2.5], [0, 1, 2, 3], []]),
    kick: { frequencyHz: between(42, 90), tone: between(0.2, 0.6), noise: 0, decay: between(14, 40) },
    snare: { frequencyHz: between(120, 340), tone: between(0, 0.3), noise: between(0, 0.4), decay: between(12, 50) },
    hat: { frequencyHz: 0, tone: 0, noise: between(0, 0.12), decay: between(25, 90) },
  };
  const mix = { bass: between(0.1, 0.3), melody: between(0.08, 0.24), chords: between(0.04, 0.2) };
  const melodyOctave = pick([0, 12, 24]);
  const swing = between(0, 0.16) * band.beatSecs;
  const arpeggio = random() < 0.5;
  const sections = Array.from({ length: 1 + Math.ceil(durationSecs / 8) }, () => ({
    progression: pick(PROGRESSIONS),
    melody: Array.from({ length: 32 }, () => ({ step: Math.floor(random() * 10), rests: random() < 0.25 })),
  }));
  const barSecs = 4 * band.beatSecs;
  for (let bar = 0; bar * barSecs < durationSecs; bar++) {
    const section = sections[Math.floor(bar / 4) % sections.length];
    const chord = section.progression[bar % 4];
    const barStart = bar * barSecs;
    for (const beat of kit.kickBeats) drum(samples, barStart + beat * band.beatSecs, kit.kick, random);
    for (const beat of [1, 3]) drum(samples, barStart + beat * band.beatSecs, kit.snare, random);
    for (let eighth = 0; eighth < 8; eighth++) {
      const at = barStart + (eighth * band.beatSecs) / 2 + (eighth % 2) * swing;
      drum(samples, at, kit.hat, random);
      if (eighth % 2 === 0) note(samples, at, pitch(band, chord) - 12, mix.bass, band);
      const { step, rests } = section.melody[(bar % 4) * 8 + eighth];
      if (!rests) note(samples, at, pitch(band, chord + step) + melodyOctave, mix.melody, band);
      if (arpeggio) note(samples, at, pitch(band, chord + 2 * (eighth % 4)), mix.chords, band);
    }
    if (arpeggio) continue;
    for (const third of [0, 2, 4])
      note(samples, barStart, pitch(band, chord + third), mix.chords, { ...band, decaySecs: barSecs / 2 });
  }
  return samples.map((sample) => Math.tanh(sample * 0.9));
}

/** @param {Float32Array} samples mono @returns {Buffer} a WAV file, 16 bits */
export function wav(samples, sampleRateHz = SAMPLE_RATE_HZ) {
  const file = Buffer.alloc(44 + 2 * samples.length);
  file.write("RIFF", 0);
  file.writeUInt32LE(36 + 2 * samples.length, 4);
  file.write("WAVEfmt ", 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(sampleRateHz, 24);
  file.writeUInt32LE(2 * sampleRateHz, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write("data", 36);
  file.writeUInt32LE(2 * samples.length, 40);
  samples.forEach((sample, index) =>
    file.writeInt16LE(Math.round(Math.max(-1, Math.min(1, sample)) * 32767), 44 + 2 * index),
  );
  return file;
}

/**
 * MIDI note number of a step of the scale.
 * @param {{ rootMidi: number, scale: number[] }} band
 * @param {number} step
 */
function pitch(band, step) {
  return band.rootMidi + 12 * Math.floor(step / 7) + band.scale[((step % 7) + 7) % 7];
}

/** One period of a sound, as the sum of its harmonics. */
const TABLE_SAMPLES = 4096;

/** @param {number[]} levels of the first harmonic and those above it */
function wavetable(levels) {
  const total = levels.reduce((sum, level) => sum + level, 0);
  return Float32Array.from({ length: TABLE_SAMPLES }, (_, index) => {
    const phase = (2 * Math.PI * index) / TABLE_SAMPLES;
    return levels.reduce((sum, level, harmonic) => sum + level * Math.sin(phase * (harmonic + 1)), 0) / total;
  });
}

/**
 * Adds a plucked note, which is bright at first and then duller while it decays.
 * @param {Float32Array} samples it is added to
 * @param {number} startSecs
 * @param {number} midi
 * @param {number} level
 * @param {{ bright: Float32Array, dull: Float32Array, decaySecs: number }} sound
 */
function note(samples, startSecs, midi, level, { bright, dull, decaySecs }) {
  const step = (440 * 2 ** ((midi - 69) / 12) * TABLE_SAMPLES) / SAMPLE_RATE_HZ;
  const from = Math.round(startSecs * SAMPLE_RATE_HZ);
  const to = Math.min(samples.length, from + Math.round(3 * decaySecs * SAMPLE_RATE_HZ));
  const decay = Math.exp(-1 / (decaySecs * SAMPLE_RATE_HZ));
  const attackSamples = 0.008 * SAMPLE_RATE_HZ;
  let loudness = level;
  let brightness = 1;
  for (let index = from; index < to; index++) {
    const at = ((index - from) * step) & (TABLE_SAMPLES - 1);
    const attack = Math.min(1, (index - from) / attackSamples);
    samples[index] += loudness * attack * (dull[at] + brightness * (bright[at] - dull[at]));
    loudness *= decay;
    brightness *= decay * decay;
  }
}

/**
 * @param {Float32Array} samples it is added to
 * @param {number} startSecs
 * @param {{ frequencyHz: number, tone: number, noise: number, decay: number }} sound
 * @param {() => number} random
 */
function drum(samples, startSecs, { frequencyHz, tone, noise, decay }, random) {
  const from = Math.round(startSecs * SAMPLE_RATE_HZ);
  const to = Math.min(samples.length, from + Math.round(0.18 * SAMPLE_RATE_HZ));
  for (let index = from; index < to; index++) {
    const secs = (index - from) / SAMPLE_RATE_HZ;
    const thump = tone * Math.sin(2 * Math.PI * frequencyHz * secs * (1 + 0.6 * Math.exp(-secs * 60)));
    samples[index] += (thump + noise * (2 * random() - 1)) * Math.exp(-secs * decay);
  }
}

/** A random number generator with a seed. @param {number} seed */
export function mulberry32(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
