//! Lines of spectral peaks too faint to be certain alone.
//!
//! Along such a line, at its speed and pitch, the spectrograms are correlated. `z` is the sum of
//! the products in standard deviations, and `z_q` its quantile over other places of the right song,
//! at the same speed and pitch. The excess has nearly independent errors from the peaks:
//!
//! ```text
//! excess = (z - z_98) / max(z_84 - z_50, 1)
//! logit  = BIAS - PEAKS ln(expected) + EXCESS excess
//! ```
//!
//! `expected` is the number of lines by chance of the same evidence
//! ([`log_expected`](crate::recording::peaks::significance::log_expected)).

use std::cell::OnceCell;
use std::ops::Range;

use crate::recording::analysis::Analysis;
use crate::recording::certainty::LEAST_CERTAINTY;
use crate::recording::correlogram::meeting::{EqualisedPair, Sums};
use crate::recording::peaks::peak_line::PeakLine;
use crate::recording::peaks::peak_map::STEPS_PER_SEMITONE;
use crate::recording::peaks::peak_pair::PeakPair;
use crate::recording::peaks::significance::{expected_by_chance, log_expected};
use crate::recording::refinement::correlate::Overlay;
use crate::recording::refinement::equalised::Equalised;

/// Constants of the regression, fitted by `trainer/fit_faint_lines.py`.
const BIAS: f64 = -7.83;
const PEAKS: f64 = 0.42;
const EXCESS: f64 = 1.41;
/// Greatest logarithm of the number of lines by chance. Of 1,043 pairs of validation songs with
/// nothing in common, 44 have such a line.
const MOST_LOG_EXPECTED: f64 = -3.0;
/// Least steadiness: 23 columns of equal products, 2.1 s. A spoken word that both songs have is
/// shorter.
const LEAST_STEADINESS: f32 = 4.8;
/// Places that are tried either side of a line: half columns and bands.
const HALF_COLUMNS: i32 = 3;
const BANDS: isize = 1;
/// Most other places, and the least: fewer don't tell what is chance.
const MOST_PLACES: usize = 400;
const LEAST_PLACES: usize = 20;
/// Columns nearer than this to the line are no other place.
const SAME_COLUMNS: isize = 10;
/// Quantiles of `z` over the other places.
const QUANTILES: [f64; 3] = [0.5, 0.84, 0.98];
/// Least distance of the lower two. It is less only where most of a song is silent.
const LEAST_SPREAD: f32 = 1.0;

/// Judges the faint lines of two songs.
#[derive(Debug)]
pub struct FaintLines<'a> {
    songs: [&'a Analysis; 2],
    peaks: &'a PeakPair<'a>,
    /// Most songs of a collection have no line that is worth them.
    equalised: OnceCell<[Equalised; 2]>,
}

impl<'a> FaintLines<'a> {
    /// Those of two songs with these peaks.
    #[must_use]
    pub fn new(songs: [&'a Analysis; 2], peaks: &'a PeakPair<'a>) -> Self {
        Self {
            songs,
            peaks,
            equalised: OnceCell::new(),
        }
    }

    /// Certainty that a line is a copy, 0..1.
    #[must_use]
    pub fn certainty(&self, line: &PeakLine) -> f64 {
        let along = self.along(line);
        let steady = along.filter(|along| along.steadiness() >= LEAST_STEADINESS);
        // What is expected by the evidence elsewhere only lowers the certainty, and takes time.
        let promising = steady.and_then(|along| along.excess()).filter(|excess| {
            certainty(libm::log(self.expected_by_chance(line)), *excess) >= LEAST_CERTAINTY
        });
        let log_expected = || log_expected(self.peaks, line, self.songs_secs());
        promising.map_or(0.0, |excess| certainty(log_expected(), excess))
    }

    /// What the regression weighs: the logarithm of the expected number of lines, and the excess;
    /// of a line that isn't steady, too. `None` for a line that isn't judged.
    #[must_use]
    pub fn features(&self, line: &PeakLine) -> Option<[f64; 2]> {
        let excess = self.along(line)?.excess()?;
        Some([log_expected(self.peaks, line, self.songs_secs()), excess])
    }

    fn songs_secs(&self) -> [f64; 2] {
        self.songs.map(|song| song.duration_secs)
    }

    fn expected_by_chance(&self, line: &PeakLine) -> f64 {
        expected_by_chance(f64::from(line.evidence), self.songs_secs())
    }

    /// The spectrograms along a line, at the best place nearby; `None` if its peaks have too little
    /// evidence.
    fn along(&self, line: &PeakLine) -> Option<Along<'_>> {
        if libm::log(self.expected_by_chance(line)) > MOST_LOG_EXPECTED {
            return None;
        }
        let [left, right] = self.equalised.get_or_init(|| self.songs.map(Equalised::of));
        let (frame_secs, column_secs) = (
            self.peaks.left.frame_secs,
            self.songs[0].whitened.column_secs,
        );
        let semitones = f64::from(line.shift_steps) / f64::from(STEPS_PER_SEMITONE);
        let overlay = Overlay::of(&line.map.in_unit(frame_secs), semitones, column_secs);
        let column = |frame: f64| libm::round(frame * frame_secs / column_secs).max(0.0) as usize;
        let along = Along {
            pair: EqualisedPair { left, right },
            columns: column(line.span.0)..column(line.span.1),
            overlay,
        };
        Some(along.best_nearby())
    }
}

/// Probability that a line is a copy.
fn certainty(log_expected: f64, excess: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-(BIAS - PEAKS * log_expected + EXCESS * excess)))
}

/// Columns of the left song, laid over the right one.
#[derive(Clone)]
struct Along<'a> {
    pair: EqualisedPair<'a>,
    columns: Range<usize>,
    overlay: Overlay,
}

impl<'a> Along<'a> {
    /// The one near this one with the greatest sum of products.
    fn best_nearby(&self) -> Self {
        let nearby = (-BANDS..=BANDS).flat_map(|bands| {
            (-HALF_COLUMNS..=HALF_COLUMNS).map(move |half_columns| (bands, half_columns))
        });
        let moved = nearby.map(|(bands, half_columns)| {
            let mut moved = self.clone();
            moved.overlay.shift_bands += bands;
            moved.overlay.map.anchor.1 += 0.5 * f64::from(half_columns);
            (moved.z(&moved.partners(), 0), moved)
        });
        // There is at least this place itself.
        let best = moved.reduce(|best, one| if one.0 > best.0 { one } else { best });
        best.map_or_else(|| self.clone(), |(_, best)| best)
    }

    /// The right song's column for each column.
    fn partners(&self) -> Vec<isize> {
        let partner = |column| {
            let place = self.overlay.map.at(column as f64 + 0.5) - 0.5;
            libm::round(place) as isize
        };
        self.columns.clone().map(partner).collect()
    }

    /// The sums over the columns and their partners, so many columns later.
    fn sums(&self, partners: &[isize], later: isize) -> Sums {
        let columns = self.columns.clone().zip(partners);
        Sums::of(columns.map(|(column, partner)| {
            let shift_bands = self.overlay.shift_bands;
            self.pair
                .products(shift_bands, column as isize, partner + later)
        }))
    }

    /// The sum of products in standard deviations.
    fn z(&self, partners: &[isize], later: isize) -> f32 {
        self.sums(partners, later).deviations(1.0)
    }

    fn steadiness(&self) -> f32 {
        self.sums(&self.partners(), 0).steadiness()
    }

    /// By how much `z` exceeds that of other places in the right song; `None` if there are too few.
    fn excess(&self) -> Option<f64> {
        let partners = self.partners();
        let (first, last) = (*partners.first()?, *partners.last()?);
        let room = self.pair.right.columns() as isize - (last - first);
        let step = (room / MOST_PLACES as isize).max(1);
        let mut elsewhere: Vec<f32> = (0..room)
            .step_by(step as usize)
            .map(|start| start - first)
            .filter(|later| later.abs() > SAME_COLUMNS)
            .map(|later| self.z(&partners, later))
            .filter(|z| *z != 0.0)
            .collect();
        if elsewhere.len() < LEAST_PLACES {
            return None;
        }
        elsewhere.sort_unstable_by(f32::total_cmp);
        let [middle, above, far_above] =
            QUANTILES.map(|quantile| elsewhere[((elsewhere.len() - 1) as f64 * quantile) as usize]);
        let excess = (self.z(&partners, 0) - far_above) / (above - middle).max(LEAST_SPREAD);
        Some(f64::from(excess))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::time_map::TimeMap;
    use crate::recording::correlogram::test_songs;
    use crate::recording::refinement::whitened::{WhitenedSpectrogram, test_spectrogram};

    /// Evidence of which two songs of a minute have 0.006 lines by chance.
    const FAINT: f32 = 13.0;

    /// Certainty that so many columns of the left song from this one on lie at such a place of the
    /// right one, by the spectrograms and so much evidence of peaks.
    fn certainty(
        songs: &[Analysis; 2],
        (first, count): (f64, f64),
        map: TimeMap,
        evidence: f32,
    ) -> f64 {
        let songs = songs.each_ref();
        let peaks = PeakPair::new(&songs[0].peaks, &songs[1].peaks);
        let column_frames = songs[0].whitened.column_secs / peaks.left.frame_secs;
        let line = PeakLine {
            span: (first * column_frames, (first + count) * column_frames),
            map: map.in_unit(column_frames),
            shift_steps: 0,
            evidence,
        };
        FaintLines::new(songs, &peaks).certainty(&line)
    }

    fn map(anchor: (f64, f64), slope: f64) -> TimeMap {
        TimeMap { anchor, slope }
    }

    /// 80 columns of the left song, from column 100 on, correlate with those of the right one from
    /// column 400 on.
    fn under_another(correlation: f32) -> [Analysis; 2] {
        let copy = test_spectrogram(&[(6, 80)]);
        let left = test_spectrogram(&[(2, 100)])
            .followed_by(&copy)
            .followed_by(&test_spectrogram(&[(7, 100)]));
        let right = test_spectrogram(&[(3, 400)])
            .followed_by(&copy.blended(&test_spectrogram(&[(4, 80)]), correlation))
            .followed_by(&test_spectrogram(&[(5, 200)]));
        test_songs([left, right])
    }

    #[test]
    fn the_spectrograms_tell_a_faint_line_from_chance() {
        let songs = under_another(0.3);
        let there = map((100.0, 400.0), 1.0);
        let found = certainty(&songs, (100.0, 80.0), there, FAINT);
        assert!(found > 0.99, "{found}");
        // A column beside it, as peaks may say.
        let beside = map((100.0, 401.0), 1.0);
        assert!(certainty(&songs, (100.0, 80.0), beside, FAINT) > 0.99);
        for elsewhere in [map((100.0, 420.0), 1.0), map((140.0, 440.0), 1.25)] {
            let by_chance = certainty(&songs, (100.0, 80.0), elsewhere, FAINT);
            assert!(by_chance < 0.05, "{elsewhere:?}: {by_chance}");
        }
    }

    #[test]
    fn more_of_either_evidence_makes_a_line_more_certain() {
        let found = |correlation, evidence| {
            let songs = under_another(correlation);
            certainty(&songs, (100.0, 80.0), map((100.0, 400.0), 1.0), evidence)
        };
        assert!(found(0.075, 20.0) > 0.7 && found(0.065, FAINT) < 0.5);
        let doubtful = found(0.075, FAINT);
        assert!((0.5..0.7).contains(&doubtful), "{doubtful}");
        assert!(found(0.2, FAINT) > 0.9);
        // Too little evidence of peaks, however much the spectrograms correlate.
        assert_eq!(found(0.9, 8.0), 0.0);
    }

    #[test]
    fn two_seconds_are_too_short() {
        let songs = under_another(0.9);
        let of = |count| certainty(&songs, (100.0, count), map((100.0, 400.0), 1.0), FAINT);
        assert_eq!(of(20.0), 0.0);
        assert!(of(28.0) > 0.9);
    }

    #[test]
    fn a_line_is_followed_at_its_speed() {
        let once = |seed| test_spectrogram(&[(seed, 1)]);
        let of = |seeds: std::ops::Range<u32>, times: usize| {
            let pieces = seeds.flat_map(|seed| vec![once(seed); times]);
            let empty = test_spectrogram(&[(0, 0)]);
            pieces.fold(empty, |all: WhitenedSpectrogram, piece| {
                all.followed_by(&piece)
            })
        };
        let copy = |times| of(100..180, times);
        let left = of(1_000..1_040, 1).followed_by(&copy(1));
        let right = of(2_000..2_300, 1).followed_by(&copy(2));
        let songs = test_songs([left, right]);
        let at = |slope| certainty(&songs, (40.0, 80.0), map((40.0, 300.0), slope), FAINT);
        assert!(at(2.0) > 0.99, "{}", at(2.0));
        assert!(at(1.5) < 0.1, "{}", at(1.5));
    }

    #[test]
    fn songs_without_other_places_are_not_judged() {
        let copy = test_spectrogram(&[(6, 80)]);
        let songs = test_songs([copy.clone(), copy]);
        assert_eq!(
            certainty(&songs, (0.0, 80.0), map((0.0, 0.0), 1.0), FAINT),
            0.0
        );
    }
}
