//! Levels on a logarithmic frequency axis, three bands a semitone: fine enough to follow the tuning
//! of a recording, with frames long enough to tell low notes apart.

use crate::config::FeatureConfig;
use crate::spectrum::lanes::{LANES, Lanes};
use crate::spectrum::log_mel::decibels;
use crate::spectrum::stft::Stft;

/// Notes of a piano, from A0 to C8.
pub const PITCHES: usize = 88;
/// Pitch class of the lowest note, where C is 0.
pub const LOWEST_PITCH_CLASS: usize = 9;
/// Bands of a semitone.
pub const BANDS_PER_SEMITONE: usize = 3;
/// Bands of all pitches, and a third of a semitone at each side for other tunings.
pub const BANDS: usize = PITCHES * BANDS_PER_SEMITONE + 3;

/// Band 1 is the lowest note, in Hz.
const LOWEST_HZ: f64 = 27.5;
/// One of so many samples is kept: partials above 5.5 kHz tell no notes apart.
const DECIMATION: usize = 2;
/// Length of a frame in decimated samples: 0.37 s. Notes a semitone apart are separate from 90 Hz
/// up in half of it, but low chords are not.
const FFT_SAMPLES: usize = 4_096;
/// Distance between two frames in decimated samples: 93 ms.
const HOP_SAMPLES: usize = 1_024;
/// Frames that are analysed at once: memory doesn't grow with the decimated song.
const BLOCK_FRAMES: usize = 256;
/// Frames before and after a block that its first and last frames reach into.
const MARGIN_FRAMES: usize = FFT_SAMPLES / 2 / HOP_SAMPLES;

/// Step of a level, in dB.
const STEP_DB: f32 = 0.5;
/// Level 0, in dB: below the noise of 16-bit audio.
const LOWEST_DB: f32 = -50.0;

/// Half of a symmetric low-pass filter for [`DECIMATION`], from its centre on: the odd taps of a
/// half-band filter, a sinc under a Hann window. The even ones are zero but for the centre, 0.5.
const HALF_BAND: [f32; 8] = half_band();

/// Level of every band in every frame.
#[derive(Clone, Debug)]
pub struct PitchLevels {
    /// Steps of `STEP_DB`, shape `[frames, BANDS]`.
    pub levels: Vec<u8>,
}

/// The bins of an FFT that make the level of a band.
#[derive(Clone, Copy, Debug)]
enum Bins {
    /// Amplitude between two bins: the lower one, and the weight of the upper one.
    Between(usize, f32),
    /// The strongest of several bins, the first and the last of them.
    Strongest(usize, usize),
}

/// Distance between two frames in seconds: 93 ms.
#[must_use]
pub fn frame_secs(config: &FeatureConfig) -> f64 {
    (DECIMATION * HOP_SAMPLES) as f64 / f64::from(config.sample_rate_hz)
}

/// Amplitude of each level, relative to that of level 0.
#[must_use]
pub fn amplitudes() -> [f32; 256] {
    std::array::from_fn(|level| libm::powf(10.0, level as f32 * STEP_DB / 20.0))
}

impl PitchLevels {
    /// The levels of `samples`, mono at the configured rate.
    #[must_use]
    pub fn new(samples: &[f32], config: &FeatureConfig) -> Self {
        let bins = bins(f64::from(config.sample_rate_hz) / DECIMATION as f64 / FFT_SAMPLES as f64);
        let mut stft = Stft::new(FFT_SAMPLES, HOP_SAMPLES);
        let decimated_samples = samples.len().div_ceil(DECIMATION);
        let frames = stft.frames_in(decimated_samples);
        let mut levels = vec![0; frames * BANDS];
        let mut block = Vec::with_capacity((BLOCK_FRAMES + 2 * MARGIN_FRAMES) * HOP_SAMPLES);
        for (index, levels) in levels.chunks_mut(BLOCK_FRAMES * BANDS).enumerate() {
            let first = (index * BLOCK_FRAMES).saturating_sub(MARGIN_FRAMES);
            let last = (index + 1) * BLOCK_FRAMES + MARGIN_FRAMES;
            let end = (last * HOP_SAMPLES).min(decimated_samples);
            block.clear();
            block.extend((first * HOP_SAMPLES..end).map(|sample| decimated(samples, sample)));
            let skipped = index * BLOCK_FRAMES - first;
            for (group, levels) in levels.chunks_mut(LANES * BANDS).enumerate() {
                let power = stft.four_frames(&block, skipped + group * LANES);
                write(levels, power, &bins);
            }
        }
        Self { levels }
    }

    /// The levels of a frame.
    pub fn each_frame(&self) -> impl Iterator<Item = &[u8; BANDS]> {
        self.levels.as_chunks::<BANDS>().0.iter()
    }
}

/// Writes up to four frames, side by side.
fn write(levels: &mut [u8], power: &[Lanes], bins: &[Bins]) {
    for (band, &bins) in bins.iter().enumerate() {
        let power: [f32; LANES] = match bins {
            Bins::Between(bin, weight) => {
                let (low, high) = (power[bin].values(), power[bin + 1].values());
                std::array::from_fn(|lane| {
                    let (low, high) = (low[lane].max(0.0).sqrt(), high[lane].max(0.0).sqrt());
                    let amplitude = low * (1.0 - weight) + high * weight;
                    amplitude * amplitude
                })
            }
            Bins::Strongest(first, last) => {
                power[first..=last]
                    .iter()
                    .fold([0.0; LANES], |strongest, power| {
                        let power = power.values();
                        std::array::from_fn(|lane| strongest[lane].max(power[lane]))
                    })
            }
        };
        for (frame, power) in levels.chunks_exact_mut(BANDS).zip(power) {
            let level = (decibels(power.max(f32::MIN_POSITIVE)) - LOWEST_DB) / STEP_DB;
            // The cast saturates.
            frame[band] = level.round() as u8;
        }
    }
}

/// The decimated sample of an index, with zeros beyond the ends of the song.
fn decimated(samples: &[f32], index: usize) -> f32 {
    let centre = index * DECIMATION;
    let reach = 2 * HALF_BAND.len() - 1;
    if centre >= reach && centre + reach < samples.len() {
        let around = &samples[centre - reach..=centre + reach];
        let mut sum = 0.5 * around[reach];
        for (tap, weight) in HALF_BAND.iter().enumerate() {
            sum += weight * (around[reach - 1 - 2 * tap] + around[reach + 1 + 2 * tap]);
        }
        return sum;
    }
    let at = |index: Option<usize>| index.and_then(|index| samples.get(index)).unwrap_or(&0.0);
    let mut sum = 0.5 * at(Some(centre));
    for (tap, weight) in HALF_BAND.iter().enumerate() {
        let offset = 1 + 2 * tap;
        sum += weight * (at(centre.checked_sub(offset)) + at(Some(centre + offset)));
    }
    sum
}

/// `sin(πn/2)/πn` under a Hann window for odd n, scaled so that a constant stays what it is.
const fn half_band() -> [f32; 8] {
    // Hann window at 1/16, 3/16, ... of a half.
    const WINDOW: [f64; 8] = [
        0.990_392_640_201_615_2,
        0.915_734_806_151_272_6,
        0.777_785_116_509_801,
        0.597_545_161_008_064_2,
        0.402_454_838_991_935_9,
        0.222_214_883_490_199_1,
        0.084_265_193_848_727_4,
        0.009_607_359_798_384_78,
    ];
    let mut taps = [0.0; 8];
    let (mut sum, mut tap) = (0.0, 0);
    while tap < 8 {
        let sign = if tap % 2 == 0 { 1.0 } else { -1.0 };
        taps[tap] = sign * WINDOW[tap] / (1 + 2 * tap) as f64;
        sum += taps[tap];
        tap += 1;
    }
    let mut scaled = [0.0; 8];
    tap = 0;
    while tap < 8 {
        scaled[tap] = (0.25 * taps[tap] / sum) as f32;
        tap += 1;
    }
    scaled
}

/// The bins of each band: those between the geometric means with its neighbours' centres.
fn bins(bin_hz: f64) -> Vec<Bins> {
    (0..BANDS)
        .map(|band| {
            let bands_per_octave = 12.0 * BANDS_PER_SEMITONE as f64;
            let centre =
                |band: f64| LOWEST_HZ * libm::exp2((band - 1.0) / bands_per_octave) / bin_hz;
            let band = band as f64;
            let (low, high) = (centre(band - 0.5), centre(band + 0.5));
            if high - low < 1.5 {
                let bin = centre(band) as usize;
                return Bins::Between(bin, (centre(band) - bin as f64) as f32);
            }
            Bins::Strongest(low.ceil() as usize, high as usize)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    impl PitchLevels {
        fn frames(&self) -> usize {
            self.levels.len() / BANDS
        }
    }

    #[test]
    fn decimation_keeps_low_tones_and_removes_high_ones() {
        let level = |hz: f64| {
            let tone: Vec<f32> = (0..4_000)
                .map(|n| (std::f64::consts::TAU * hz * f64::from(n) / 22_050.0).sin() as f32)
                .collect();
            (100..1_900)
                .map(|index| decimated(&tone, index).abs())
                .fold(0.0, f32::max)
        };
        for hz in [100.0, 1_000.0, 4_200.0] {
            assert!((0.95..1.02).contains(&level(hz)), "{hz} Hz: {}", level(hz));
        }
        for hz in [7_500.0, 10_000.0] {
            assert!(level(hz) < 0.02, "{hz} Hz: {}", level(hz));
        }
    }

    #[test]
    fn blocks_meet_without_a_seam() {
        // Frames of a song of three blocks are those of the song from the second block on.
        let config = FeatureConfig::default();
        let sample = |n: usize| ((n * n / 1_000) as f32 * 0.01).sin();
        let song: Vec<f32> = (0..2 * DECIMATION * BLOCK_FRAMES * HOP_SAMPLES + 99_000)
            .map(sample)
            .collect();
        let hop = DECIMATION * HOP_SAMPLES;
        let skipped = BLOCK_FRAMES - 20;
        let (whole, part) = (
            PitchLevels::new(&song, &config),
            PitchLevels::new(&song[skipped * hop..], &config),
        );
        assert_eq!(part.frames() + skipped, whole.frames());
        for frame in 4..part.frames() {
            let of = |levels: &PitchLevels, frame: usize| {
                levels.levels[frame * BANDS..(frame + 1) * BANDS].to_vec()
            };
            assert_eq!(of(&whole, frame + skipped), of(&part, frame), "{frame}");
        }
    }

    #[test]
    fn bands_rise_by_thirds_of_a_semitone() {
        let config = FeatureConfig::default();
        for band in [10, 100, 145, 200] {
            let hz = LOWEST_HZ * ((f64::from(band) - 1.0) / 36.0).exp2();
            let tone: Vec<f32> = (0..22_050)
                .map(|n| (std::f64::consts::TAU * hz * f64::from(n) / 22_050.0).sin() as f32)
                .collect();
            let levels = PitchLevels::new(&tone, &config);
            let frame = levels.each_frame().nth(levels.frames() / 2).unwrap();
            let loudest = frame.iter().max().unwrap();
            let at: Vec<usize> = (0..BANDS).filter(|&at| frame[at] == *loudest).collect();
            assert!(at.contains(&(band as usize)), "{band}: {at:?}");
        }
    }
}
