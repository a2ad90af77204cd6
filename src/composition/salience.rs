//! Which notes sound in a frame: whitened levels at the recording's own tuning, and the salience of
//! each pitch as the fundamental of its partials.

use crate::composition::pitch_levels::{
    BANDS, BANDS_PER_SEMITONE, LOWEST_PITCH_CLASS, PITCHES, PitchLevels, amplitudes,
};

/// Width of the local mean that is taken off, in bands: a semitone more than an octave.
const MEAN_BANDS: usize = 37;
/// Levels are `log(1 + LOUDNESS * amplitude / loud amplitude)`.
const LOUDNESS: f32 = 30.0;
/// The loud amplitude is this quantile of a song's.
const LOUD_QUANTILE: f64 = 0.99;
/// What exceeds the local mean by less than this share of the loudest level is left out.
const LEAST_SHARE: f32 = 0.1;

/// Partials in semitones above the fundamental, and their weights.
const PARTIALS: [(usize, f32); 6] = [
    (0, 1.0),
    (12, 0.7),
    (19, 0.5),
    (24, 0.35),
    (28, 0.25),
    (31, 0.2),
];
/// A pitch is rather a partial if one of these, in semitones below it, is loud.
const FUNDAMENTALS: [(usize, f32); 2] = [(12, 0.5), (19, 0.35)];

/// Whitened levels of every pitch in every frame.
#[derive(Clone, Debug)]
pub struct PitchFrames {
    /// Shape `[frames, PITCHES]`.
    frames: Vec<[f32; PITCHES]>,
}

impl PitchFrames {
    /// The pitches of a song's levels.
    #[must_use]
    pub fn new(levels: &PitchLevels) -> Self {
        let whitening = Whitening::new(levels);
        let mut sums = [0.0_f64; BANDS];
        for frame in levels.each_frame() {
            for (sum, value) in sums.iter_mut().zip(whitening.frame(frame)) {
                *sum += f64::from(value);
            }
        }
        let tuning = tuning_bands(&sums);
        let frames = levels
            .each_frame()
            .map(|frame| pitches(&whitening.frame(frame), tuning))
            .collect();
        Self { frames }
    }

    /// The pitches of each frame, from A0 to C8.
    #[must_use]
    pub fn frames(&self) -> &[[f32; PITCHES]] {
        &self.frames
    }

    /// The salience of each pitch in each frame.
    pub fn salience(&self) -> impl Iterator<Item = [f32; PITCHES]> {
        self.frames.iter().map(salience)
    }
}

/// Pitch class of a pitch, where C is 0.
#[must_use]
pub fn pitch_class(pitch: usize) -> usize {
    (pitch + LOWEST_PITCH_CLASS) % 12
}

/// Levels to loudness above the local mean.
struct Whitening {
    loudness: [f32; 256],
    least: f32,
}

impl Whitening {
    fn new(levels: &PitchLevels) -> Self {
        let mut counts = [0_usize; 256];
        for &level in &levels.levels {
            counts[usize::from(level)] += 1;
        }
        let quiet = (LOUD_QUANTILE * levels.levels.len() as f64) as usize;
        let mut seen = 0;
        let loud = counts.iter().position(|count| {
            seen += count;
            seen > quiet
        });
        let amplitudes = amplitudes();
        let scale = LOUDNESS / amplitudes[loud.unwrap_or(255)];
        let loudness = amplitudes.map(|amplitude| libm::log1pf(amplitude * scale));
        let loudest = counts.iter().rposition(|&count| count > 0).unwrap_or(0);
        Self {
            loudness,
            least: LEAST_SHARE * loudness[loudest],
        }
    }

    fn frame(&self, levels: &[u8; BANDS]) -> [f32; BANDS] {
        let half = MEAN_BANDS / 2;
        let loudness = levels.map(|level| self.loudness[usize::from(level)]);
        let mut sum: f32 = loudness[..half].iter().sum();
        std::array::from_fn(|band| {
            if band + half < BANDS {
                sum += loudness[band + half];
            }
            if band > half {
                sum -= loudness[band - half - 1];
            }
            (loudness[band] - sum / MEAN_BANDS as f32 - self.least).max(0.0)
        })
    }
}

/// The third of a semitone, 0 to 2, on which the partials of a song lie.
fn tuning_bands(sums: &[f64; BANDS]) -> usize {
    let on = |third: usize| sums.iter().skip(third).step_by(BANDS_PER_SEMITONE).sum();
    let sums: [f64; BANDS_PER_SEMITONE] = std::array::from_fn(on);
    (0..BANDS_PER_SEMITONE).fold(0, |best, third| {
        if sums[third] > sums[best] {
            third
        } else {
            best
        }
    })
}

/// Level of each pitch: the greatest within a third of a semitone around it.
fn pitches(bands: &[f32; BANDS], tuning: usize) -> [f32; PITCHES] {
    std::array::from_fn(|pitch| {
        let centre = pitch * BANDS_PER_SEMITONE + tuning;
        bands[centre.saturating_sub(1)..BANDS.min(centre + 2)]
            .iter()
            .fold(0.0_f32, |greatest, &value| greatest.max(value))
    })
}

/// Harmonic sum of each pitch, less what its possible fundamentals explain.
fn salience(pitches: &[f32; PITCHES]) -> [f32; PITCHES] {
    std::array::from_fn(|pitch| {
        if pitches[pitch] <= 0.0 {
            return 0.0;
        }
        let mut sum = 0.0;
        for (above, weight) in PARTIALS {
            sum += weight * pitches.get(pitch + above).unwrap_or(&0.0);
        }
        for (below, weight) in FUNDAMENTALS {
            sum -= pitch
                .checked_sub(below)
                .map_or(0.0, |at| weight * pitches[at]);
        }
        sum.max(0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::FeatureConfig;

    /// A tone of six partials for two seconds.
    fn tone(hz: f64) -> Vec<f32> {
        (0..44_100)
            .map(|n| {
                let radians = std::f64::consts::TAU * hz * f64::from(n) / 22_050.0;
                (1..=6)
                    .map(|k| (f64::from(k) * radians).sin() / f64::from(k))
                    .sum::<f64>() as f32
            })
            .collect()
    }

    fn loudest(frame: &[f32; PITCHES]) -> usize {
        (0..PITCHES).fold(0, |best, pitch| {
            if frame[pitch] > frame[best] {
                pitch
            } else {
                best
            }
        })
    }

    #[test]
    fn the_fundamental_is_the_most_salient_at_any_tuning() {
        let config = FeatureConfig::default();
        for (pitch, cents) in [(24, 0.0), (36, 35.0), (48, -30.0), (60, 0.0)] {
            let hz = 27.5 * ((f64::from(pitch) + cents / 100.0) / 12.0).exp2();
            let frames = PitchFrames::new(&PitchLevels::new(&tone(hz), &config));
            let middle = frames.frames().len() / 2;
            let salience = frames.salience().nth(middle).unwrap();
            assert_eq!(loudest(&salience), pitch as usize, "{cents} cents");
            // The octave is explained by it.
            assert!(salience[pitch as usize + 12] < 0.5 * salience[pitch as usize]);
        }
    }

    #[test]
    fn loudness_of_the_song_changes_nothing() {
        let config = FeatureConfig::default();
        let quiet: Vec<f32> = tone(330.0).iter().map(|sample| 0.01 * sample).collect();
        let [loud, quiet] = [tone(330.0), quiet]
            .map(|samples| PitchFrames::new(&PitchLevels::new(&samples, &config)));
        let middle = loud.frames().len() / 2;
        assert_eq!(
            loudest(&loud.frames()[middle]),
            loudest(&quiet.frames()[middle])
        );
    }

    #[test]
    fn pitch_classes_begin_with_c() {
        // A0, C1, C4, A4.
        assert_eq!([0, 3, 39, 48].map(pitch_class), [9, 0, 0, 9]);
    }
}
