//! Augmentation of mel power: filters, dynamics, reverberation, noise, codecs, overlays. In the
//! spectral domain a batch costs milliseconds.

use rand::Rng;
use rand::seq::IndexedRandom as _;
use soundalike::FeatureConfig;
use soundalike::training::{LogMelPlan, corner_frequencies_hz};
use soundalike_tables::recipe::log_uniform;

use crate::training::train_config::AugmentationConfig;

/// Length of the noise recordings that noise is cut from.
const NOISE_SECS: usize = 40;

/// Augmentation of segments, with the properties of the mel bands and recordings of noise.
pub struct Augmenter {
    config: AugmentationConfig,
    frame_hop_secs: f32,
    /// Centre of each band in octaves above 440 Hz.
    octaves: Vec<f32>,
    centres_hz: Vec<f32>,
    /// Half the width of each band in Hz. It undoes the unit area of the filters, so that the power
    /// of all bands adds up to the energy.
    widths_hz: Vec<f32>,
    /// White, pink and brown noise as mel power, `[frames, mel_bands]` each.
    noises: [Vec<f32>; 3],
}

impl Augmenter {
    /// Prepares tables and noise.
    pub fn new(config: &AugmentationConfig, features: &FeatureConfig, rng: &mut impl Rng) -> Self {
        let corners_hz =
            corner_frequencies_hz(features.mel_bands, f64::from(features.sample_rate_hz) / 2.0);
        let centres_hz: Vec<f32> = corners_hz[1..=features.mel_bands]
            .iter()
            .map(|&hz| hz as f32)
            .collect();
        let mut plan = LogMelPlan::new(features);
        let white: Vec<f32> = (0..NOISE_SECS * features.sample_rate_hz as usize)
            .map(|_| rng.random_range(-1.0..=1.0))
            .collect();
        let white = plan.mel_power(&white, |_| ()).power;
        // Power of pink noise falls with frequency, of brown noise with its square.
        let tilted = |exponent: i32| {
            let mut noise = white.clone();
            for frame in noise.chunks_exact_mut(features.mel_bands) {
                frame
                    .iter_mut()
                    .zip(&centres_hz)
                    .for_each(|(power, hz)| *power *= (1_000.0 / hz.max(20.0)).powi(exponent));
            }
            noise
        };
        Self {
            config: config.clone(),
            frame_hop_secs: features.frame_hop_secs() as f32,
            octaves: centres_hz
                .iter()
                .map(|hz| (hz.max(20.0) / 440.0).log2())
                .collect(),
            widths_hz: corners_hz
                .windows(3)
                .map(|corners| ((corners[2] - corners[0]) / 2.0) as f32)
                .collect(),
            noises: [white.clone(), tilted(1), tilted(2)],
            centres_hz,
        }
    }

    /// Lays `other`, mel power of the same shape, over a segment at a signal-to-noise ratio in dB.
    pub fn overlay(&self, segment: &mut [f32], other: &[f32], snr_db: f32) {
        let gain =
            self.energy(segment) / self.energy(other).max(1e-12) * decibels_to_power(-snr_db);
        segment
            .iter_mut()
            .zip(other)
            .for_each(|(power, other)| *power += gain * other);
    }

    /// Changes one segment of mel power, `[frames, mel_bands]`, at random; `strength` scales all
    /// probabilities.
    pub fn augment(&self, segment: &mut [f32], strength: f64, rng: &mut impl Rng) {
        let happens = |share: f64, rng: &mut _| Rng::random_bool(rng, (share * strength).min(1.0));
        let is_telephone = self.filter(segment, happens, rng);
        if happens(0.25, rng) {
            self.compress(segment, rng.random_range(0.0..0.5));
        }
        if happens(0.3, rng) {
            self.reverberate(segment, rng);
        }
        // A telephone adds noise.
        if (is_telephone && rng.random_bool(0.7)) || happens(0.45, rng) {
            self.add_noise(segment, rng);
        }
        if self.config.codec && happens(0.2, rng) {
            self.cut_holes(segment, decibels_to_power(rng.random_range(-60.0..-30.0)));
        }
    }

    /// Equaliser, telephone, low-pass and high-pass, each at random. Returns whether it is a
    /// telephone.
    fn filter<R: Rng>(
        &self,
        segment: &mut [f32],
        happens: impl Fn(f64, &mut R) -> bool,
        rng: &mut R,
    ) -> bool {
        let mut gains_db = vec![0.0; self.octaves.len()];
        if happens(0.5, rng) {
            self.add_equaliser(&mut gains_db, rng);
        }
        let is_telephone = happens(self.config.telephone_share, rng);
        if is_telephone {
            self.pass_below(
                &mut gains_db,
                log_uniform(rng, 2_700.0, 4_000.0),
                log_uniform(rng, 6.0, 60.0),
            );
            self.pass_above(
                &mut gains_db,
                log_uniform(rng, 180.0, 500.0),
                log_uniform(rng, 6.0, 60.0),
            );
        }
        if happens(0.25, rng) {
            self.pass_below(
                &mut gains_db,
                log_uniform(rng, 1_176.0, 9_410.0),
                log_uniform(rng, 2.0, 40.0),
            );
        }
        if happens(0.12, rng) {
            self.pass_above(
                &mut gains_db,
                log_uniform(rng, 45.0, 500.0),
                log_uniform(rng, 2.0, 40.0),
            );
        }
        let gains: Vec<f32> = gains_db.iter().map(|&db| decibels_to_power(db)).collect();
        for frame in segment.chunks_exact_mut(self.octaves.len()) {
            frame
                .iter_mut()
                .zip(&gains)
                .for_each(|(power, gain)| *power *= gain);
        }
        is_telephone
    }

    /// Noise of a random colour and level.
    fn add_noise(&self, segment: &mut [f32], rng: &mut impl Rng) {
        let colour = match rng.random_range(0..100) {
            0..60 => 0,
            60..85 => 1,
            _ => 2,
        };
        let (low, high) = self.config.noise_snr_db;
        let snr_db = rng.random_range(low..=high);
        let noise = &self.noises[colour];
        let last = (noise.len() - segment.len()) / self.octaves.len();
        let start = rng.random_range(0..=last) * self.octaves.len();
        self.overlay(segment, &noise[start..start + segment.len()], snr_db);
    }

    /// A random difference of a segment's level from its own maximum, in dB: 0, or within the
    /// configured range.
    pub fn draw_level_db(&self, rng: &mut impl Rng) -> f32 {
        let (low, high) = self.config.level_db;
        if rng.random_bool(self.config.level_share) {
            rng.random_range(low..=high)
        } else {
            0.0
        }
    }

    /// Butterworth low-pass: `gain = 1 / (1 + (f / corner)^order)`, half the power at the corner.
    fn pass_below(&self, gains_db: &mut [f32], corner_hz: f32, order: f32) {
        for (hz, gain_db) in self.centres_hz.iter().zip(gains_db) {
            *gain_db -= decibels(1.0 + (hz / corner_hz).powf(order));
        }
    }

    /// A high-pass filter of the same curve.
    fn pass_above(&self, gains_db: &mut [f32], corner_hz: f32, order: f32) {
        for (hz, gain_db) in self.centres_hz.iter().zip(gains_db) {
            *gain_db -= decibels(1.0 + (corner_hz / hz.max(10.0)).powf(order));
        }
    }

    fn energy(&self, segment: &[f32]) -> f32 {
        let frames = segment.chunks_exact(self.widths_hz.len());
        frames
            .flat_map(|frame| {
                frame
                    .iter()
                    .zip(&self.widths_hz)
                    .map(|(power, width_hz)| power * width_hz)
            })
            .sum()
    }

    /// Up to three peaks or dips of up to 12 dB, and a tilt of up to 2 dB an octave.
    fn add_equaliser(&self, gains_db: &mut [f32], rng: &mut impl Rng) {
        let bumps: Vec<(f32, f32, f32)> = (0..3)
            .filter_map(|_| {
                let bump = (
                    rng.random_range(-3.0..4.3),
                    rng.random_range(0.3..1.5),
                    rng.random_range(-12.0..12.0),
                );
                rng.random_bool(0.6).then_some(bump)
            })
            .collect();
        let tilt_db = rng.random_range(-2.0..2.0);
        for (octave, gain_db) in self.octaves.iter().zip(gains_db) {
            *gain_db += tilt_db * octave;
            for (centre, width, peak_db) in &bumps {
                *gain_db += peak_db * (-0.5 * ((octave - centre) / width).powi(2)).exp();
            }
        }
    }

    /// Dynamic compression: scales each frame by a power of its energy.
    fn compress(&self, segment: &mut [f32], amount: f32) {
        let bands = self.octaves.len();
        let energies: Vec<f32> = segment
            .chunks_exact(bands)
            .map(|frame| frame.iter().sum::<f32>() + 1e-9)
            .collect();
        let mean = energies.iter().sum::<f32>() / energies.len() as f32;
        for (frame, energy) in segment.chunks_exact_mut(bands).zip(&energies) {
            let gain = (energy / mean + 1e-3).powf(-amount);
            frame.iter_mut().for_each(|power| *power *= gain);
        }
    }

    /// Adds an exponential tail to every band, weaker at high frequencies, as in rooms. Its state
    /// is one value a band.
    fn reverberate(&self, segment: &mut [f32], rng: &mut impl Rng) {
        let reverberation_secs = rng.random_range(0.3..2.8_f32);
        let decay = decibels_to_power(-60.0 * self.frame_hop_secs / reverberation_secs);
        let level = 10.0_f32.powf(rng.random_range(-1.6..0.2)) * (1.0 - decay) / decay;
        let damping = rng.random_range(0.0..0.6_f32);
        let bands = self.octaves.len();
        let levels: Vec<f32> = self
            .octaves
            .iter()
            .map(|octave| level * (-damping * (octave + 2.0).max(0.0)).exp2())
            .collect();
        let mut tail = vec![0.0; bands];
        for frame in segment.chunks_exact_mut(bands) {
            for ((power, tail), level) in frame.iter_mut().zip(&mut tail).zip(&levels) {
                *tail *= decay;
                let dry = *power;
                *power += level * *tail;
                *tail += dry;
            }
        }
    }

    /// Drops bands far below the loudest band of a frame, as low-rate codecs do.
    fn cut_holes(&self, segment: &mut [f32], threshold: f32) {
        const LEFT_OVER: f32 = 1e-3;
        for frame in segment.chunks_exact_mut(self.octaves.len()) {
            let limit = threshold * frame.iter().copied().fold(0.0, f32::max);
            frame
                .iter_mut()
                .filter(|power| **power < limit)
                .for_each(|power| *power *= LEFT_OVER);
        }
    }

    /// Lowers the outermost frames as in a clip that is analysed alone. There are zeros beyond its
    /// ends: half of the first window is empty, and an eighth of the second.
    pub fn emulate_edges(&self, segment: &mut [f32]) {
        const EDGE_POWER: [f32; 2] = [0.25, 0.85];
        let bands = self.octaves.len();
        let last = segment.len() / bands - 1;
        for (from_edge, gain) in EDGE_POWER.into_iter().enumerate() {
            for frame in [from_edge, last - from_edge] {
                segment[frame * bands..(frame + 1) * bands]
                    .iter_mut()
                    .for_each(|power| *power *= gain);
            }
        }
    }

    /// A random signal-to-noise ratio of an overlay; `None` for no overlay.
    pub fn draw_overlay_snr_db(&self, rng: &mut impl Rng) -> Option<f32> {
        let (low, high) = self.config.overlay_snr_db;
        let snr_db = rng.random_range(low..=high);
        rng.random_bool(self.config.overlay_share).then_some(snr_db)
    }

    /// A random part of `frames` frames of a random recording; `None` when none is long enough.
    pub fn cut<'a>(
        &self,
        recordings: &'a [Vec<f32>],
        frames: usize,
        rng: &mut impl Rng,
    ) -> Option<&'a [f32]> {
        let length = frames * self.octaves.len();
        let recording = recordings
            .choose(rng)
            .filter(|recording| recording.len() >= length)?;
        let last = (recording.len() - length) / self.octaves.len();
        let start = rng.random_range(0..=last) * self.octaves.len();
        Some(&recording[start..start + length])
    }
}

fn decibels(power: f32) -> f32 {
    10.0 * power.log10()
}

fn decibels_to_power(db: f32) -> f32 {
    10.0_f32.powf(db / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    fn augmenter() -> Augmenter {
        Augmenter::new(
            &AugmentationConfig::default(),
            &FeatureConfig::default(),
            &mut ChaCha8Rng::seed_from_u64(1),
        )
    }

    #[test]
    fn an_overlay_has_its_ratio() {
        let augmenter = augmenter();
        let mut segment = vec![1.0; 130 * 128];
        let other: Vec<f32> = (0..130 * 128).map(|n| (n % 7) as f32).collect();
        let before = augmenter.energy(&segment);
        augmenter.overlay(&mut segment, &other, 6.0);
        let added = augmenter.energy(&segment) - before;
        assert!((decibels(before / added) - 6.0).abs() < 0.05);
    }

    #[test]
    fn augmentation_keeps_power_finite_and_is_repeatable() {
        let augmenter = augmenter();
        let run = |seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut segment: Vec<f32> = (0..130 * 128)
                .map(|n| ((n * 37) % 101) as f32 * 1e-3)
                .collect();
            augmenter.augment(&mut segment, 1.0, &mut rng);
            segment
        };
        for seed in 0..200 {
            assert!(
                run(seed)
                    .iter()
                    .all(|power| power.is_finite() && *power >= 0.0),
                "seed {seed}"
            );
        }
        assert_eq!(run(3), run(3));
        assert_ne!(run(3), run(4));
    }

    #[test]
    fn edges_equal_those_of_a_clip_analysed_alone() {
        let mut plan = LogMelPlan::new(&FeatureConfig::default());
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let noise: Vec<f32> = (0..40 * 66_150)
            .map(|_| rng.random_range(-1.0..=1.0))
            .collect();
        let (mut edge, mut second, mut inside) = (0.0, 0.0, 0.0);
        for clip in noise.chunks_exact(66_150) {
            let power = plan.mel_power(clip, |_| ()).power;
            let frame = |frame: usize| power[frame * 128..(frame + 1) * 128].iter().sum::<f32>();
            (edge, second, inside) = (edge + frame(0), second + frame(1), inside + frame(60));
        }
        // For noise half of the power is missing; for steady tones, whose two halves interfere,
        // three quarters. The factors lie between.
        assert!(
            (0.2..0.6).contains(&(edge / inside)) && (0.8..1.0).contains(&(second / inside)),
            "{} {}",
            edge / inside,
            second / inside
        );
    }
}
