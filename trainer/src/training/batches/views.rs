//! The segments of a batch: places in tracks, each with its changes of pitch, tempo and stems.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use soundalike::FeatureConfig;
use soundalike_tables::recipe::log_uniform;

use crate::training::batches::spectral_bank::MAX_SHIFT_SEMITONES;
use crate::training::batches::training_tracks::TrainingTracks;
use crate::training::train_config::AugmentationConfig;

/// A segment as it is read from a track, before augmentation.
pub struct View {
    /// Its track.
    pub track: usize,
    /// Its first frame in the track.
    pub start_frame: f32,
    /// Frames of the track for each frame of the segment.
    pub tempo_ratio: f32,
    /// Shift of its pitch.
    pub semitones: f32,
    /// Gains of its stems.
    pub stems: StemGains,
}

/// Gains of the power of a piece's stems. Most tracks are whole; their stem is the lead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StemGains {
    /// Gain of the lead, or of a track that is no piece in stems.
    pub lead: f32,
    /// Gain of the backing.
    pub backing: f32,
}

/// Draws views at random.
pub struct ViewDraw {
    augmentation: AugmentationConfig,
    frame_hop_secs: f64,
}

impl ViewDraw {
    /// By these ranges and shares.
    pub fn new(augmentation: &AugmentationConfig, features: &FeatureConfig) -> Self {
        Self {
            augmentation: augmentation.clone(),
            frame_hop_secs: features.frame_hop_secs(),
        }
    }

    /// The original with a random pitch and tempo, which its copy shares: more variety than the
    /// music has.
    pub fn original(
        &self,
        tracks: &TrainingTracks,
        track: usize,
        start_secs: f64,
        rng: &mut ChaCha8Rng,
    ) -> View {
        let semitones = draw_or(0.0, 0.6, rng, |rng| rng.random_range(-2.0..=2.0));
        let tempo_ratio = draw_or(1.0, 0.5, rng, |rng| rng.random_range(0.85..=1.2));
        let stems = match tracks.backing(track) {
            Some(_) => StemGains::draw(&self.augmentation, rng),
            None => StemGains::WHOLE,
        };
        View {
            track,
            start_frame: (start_secs / self.frame_hop_secs) as f32,
            tempo_ratio,
            semitones,
            stems,
        }
    }

    /// A copy that differs from its original in pitch, tempo and alignment, each at random.
    pub fn copy(&self, tracks: &TrainingTracks, original: &View, rng: &mut ChaCha8Rng) -> View {
        let augmentation = &self.augmentation;
        let shift_semitones = draw_or(0.0, 0.6, rng, |rng| draw_shift_semitones(augmentation, rng));
        let change_ratio = draw_or(1.0, 0.55, rng, |rng| draw_tempo_ratio(augmentation, rng));
        let most_secs = augmentation.misalignment_secs;
        let shift_secs = draw_or(0.0, 0.75, rng, |rng| {
            rng.random_range(-most_secs..=most_secs)
        });
        let stems = match tracks.backing(original.track) {
            Some(_) => original.stems.draw_alone(augmentation.stem_share, rng),
            None => original.stems,
        };
        View {
            track: original.track,
            start_frame: original.start_frame
                + shift_secs * original.tempo_ratio / self.frame_hop_secs as f32,
            tempo_ratio: original.tempo_ratio * change_ratio,
            semitones: (original.semitones + shift_semitones)
                .clamp(-MAX_SHIFT_SEMITONES, MAX_SHIFT_SEMITONES),
            stems,
        }
    }
}

impl StemGains {
    /// Of a whole track.
    pub const WHOLE: Self = Self {
        lead: 1.0,
        backing: 1.0,
    };

    /// Both stems, with a random level of the lead.
    fn draw(augmentation: &AugmentationConfig, rng: &mut impl Rng) -> Self {
        let (quietest, loudest) = augmentation.lead_db;
        Self {
            lead: 10.0_f32.powf(rng.random_range(quietest..=loudest) / 10.0),
            backing: 1.0,
        }
    }

    /// Mixes the power of both stems, in place of the lead's.
    pub fn mix(self, lead: &mut [f32], backing: &[f32]) {
        let both = lead.iter_mut().zip(backing);
        both.for_each(|(power, backing)| *power = self.lead * *power + self.backing * backing);
    }

    /// One of both stems, with this probability.
    fn draw_alone(self, share: f64, rng: &mut impl Rng) -> Self {
        match (rng.random_bool(share), rng.random_bool(0.5)) {
            (true, true) => Self { lead: 0.0, ..self },
            (true, false) => Self {
                backing: 0.0,
                ..self
            },
            (false, _) => self,
        }
    }
}

/// A drawn value with this probability, else the default.
fn draw_or(
    default: f32,
    probability: f64,
    rng: &mut ChaCha8Rng,
    draw: impl FnOnce(&mut ChaCha8Rng) -> f32,
) -> f32 {
    if rng.random_bool(probability) {
        draw(rng)
    } else {
        default
    }
}

/// A change of pitch, rarely a large one. Twelve semitones are harder to recognise than two, and
/// frequent enough in training only if drawn on purpose.
fn draw_shift_semitones(augmentation: &AugmentationConfig, rng: &mut impl Rng) -> f32 {
    let farthest = augmentation.pitch_semitones;
    if rng.random_bool(augmentation.far_pitch_share) {
        let semitones = rng.random_range(farthest / 2.0..=farthest);
        if rng.random_bool(0.5) {
            semitones
        } else {
            -semitones
        }
    } else {
        rng.random_range(-farthest..=farthest)
    }
}

/// A change of tempo, sometimes a large one: a copy of twice the tempo shares only half of its
/// passage with the original.
fn draw_tempo_ratio(augmentation: &AugmentationConfig, rng: &mut impl Rng) -> f32 {
    let (slowest, fastest) = augmentation.tempo_ratio;
    if rng.random_bool(augmentation.far_tempo_share) {
        if rng.random_bool(0.5) {
            log_uniform(rng, slowest, slowest.sqrt().clamp(slowest, fastest))
        } else {
            log_uniform(rng, fastest.sqrt().clamp(slowest, fastest), fastest)
        }
    } else {
        log_uniform(rng, slowest, fastest)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn stems_are_mixed_by_their_gains() {
        let mut power = [1.0, 2.0];
        let gains = StemGains {
            lead: 2.0,
            backing: 0.5,
        };
        gains.mix(&mut power, &[4.0, 0.0]);
        assert_eq!(power, [4.0, 4.0]);
    }

    #[test]
    fn copies_have_one_stem_alone_at_the_configured_share() {
        let augmentation = AugmentationConfig {
            stem_share: 0.4,
            lead_db: (-6.0, 3.0),
            ..AugmentationConfig::default()
        };
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (mut leads, mut backings) = (0, 0);
        for _ in 0..1_000 {
            let both = StemGains::draw(&augmentation, &mut rng);
            let lead_db = 10.0 * both.lead.log10();
            assert!((-6.001..=3.001).contains(&lead_db) && both.backing == 1.0);
            let copy = both.draw_alone(augmentation.stem_share, &mut rng);
            match (copy.lead > 0.0, copy.backing > 0.0) {
                (true, false) => leads += 1,
                (false, true) => backings += 1,
                (both_sound, _) => assert!(both_sound && copy == both),
            }
        }
        assert!((150..250).contains(&leads), "{leads}");
        assert!((150..250).contains(&backings), "{backings}");
    }
}
