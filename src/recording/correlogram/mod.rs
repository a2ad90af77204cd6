//! Songs at their own speed under other music, transposed, too: by the correlation of whole
//! spectrograms at every lag.
//!
//! Under louder music, a few seconds of a song correlate little, and few of its spectral peaks are
//! left. Over all of its passage, the sum of the products of two spectrograms still exceeds that of
//! any other place. Such a place is looked for in three steps:
//!
//! 1. Both whitened spectrograms are [equalised], and pooled to a quarter of their resolution.
//! 2. [Blocks] of 6 s of the left song are correlated with the right one at all lags and
//!    transpositions. The [places] with the greatest sums over successive blocks are candidates.
//! 3. At each, the full spectrograms are [correlated](meeting). With the spectral peaks that meet
//!    there they give the [certainty](candidate) that it is a copy.
//!
//! A passage at another speed is found where spectral peaks give its line, however [faint](faint_line).
//!
//! [Blocks]: blocks
//! [equalised]: crate::recording::refinement::equalised

pub mod blocks;
pub mod candidate;
pub mod faint_line;
pub mod meeting;
pub mod places;

use crate::geometry::spans::covered_share;
use crate::recording::analysis::Analysis;
use crate::recording::certainty::LEAST_CERTAINTY;
use crate::recording::correlogram::blocks::{BLOCK, Correlator};
use crate::recording::correlogram::candidate::{Candidate, evidence_of_peaks, prominences};
use crate::recording::correlogram::meeting::{EqualisedPair, Meeting};
use crate::recording::correlogram::places::places;
use crate::recording::passage::Passage;
use crate::recording::peaks::peak_pair::PeakPair;
use crate::recording::peaks::prepared::PreparedPeaks;
use crate::recording::refinement::alignment::{Alignment, completed};
use crate::recording::refinement::correlate::SpectrogramPair;
use crate::recording::refinement::equalised::{Equalised, POOLED};
use crate::recording::refinement::whitened::BANDS_PER_SEMITONE;
#[cfg(test)]
use crate::recording::refinement::whitened::WhitenedSpectrogram;

/// Greatest transposition either way, in semitones: each costs as much as the first one.
const MOST_SEMITONES: usize = 6;
/// Greatest product of the numbers of columns, pooled: two songs of 20 minutes. The cost is
/// proportional to it.
const MOST_PAIRS_OF_COLUMNS: usize = 40_000_000;
/// Least columns of the longer song, pooled: 18 s. In a shorter one a block has too few lags to
/// tell what is chance.
const LEAST_COLUMNS: usize = 3 * BLOCK;
/// Candidates of two songs. The right place is the first one in most cases; the others show what
/// evidence places have by chance.
const CANDIDATES: usize = 24;
/// Least evidence of a candidate that is judged. In 90 % of the pairs of unrelated songs none has
/// 7.4.
const LEAST_EVIDENCE: f32 = 7.0;
/// Least steadiness: 16 columns of equal products, 1.5 s.
const LEAST_STEADINESS: f32 = 4.0;
/// Most of a passage that a stronger one covers in one of the songs.
const MOST_COVERED: f64 = 0.5;

/// The candidates of two songs with enough evidence to be judged.
#[must_use]
pub fn candidates(songs: [&Analysis; 2]) -> Vec<Candidate> {
    let [left, right] = songs.map(Equalised::of);
    let spectrograms = EqualisedPair {
        left: &left,
        right: &right,
    };
    let peaks = songs.map(|song| PreparedPeaks::from(&song.peaks));
    candidates_of(
        &spectrograms,
        peaks.each_ref(),
        songs[0].whitened.column_secs,
    )
}

fn candidates_of(
    spectrograms: &EqualisedPair<'_>,
    [left, right]: [&PreparedPeaks<'_>; 2],
    column_secs: f64,
) -> Vec<Candidate> {
    let pooled = [spectrograms.left, spectrograms.right].map(Equalised::pooled);
    let columns = pooled.each_ref().map(Equalised::columns);
    let is_too_short = columns.contains(&0) || columns[0].max(columns[1]) < LEAST_COLUMNS;
    if is_too_short || columns[0] * columns[1] > MOST_PAIRS_OF_COLUMNS {
        return Vec::new();
    }
    let most_bands = MOST_SEMITONES * BANDS_PER_SEMITONE / POOLED;
    let mut correlator = Correlator::new(&pooled[0], &pooled[1]);
    let meetings: Vec<Meeting> = places(&mut correlator, most_bands, CANDIDATES)
        .iter()
        .map(|place| spectrograms.meeting(place))
        .collect();
    let evidences: Vec<f32> = meetings.iter().map(|meeting| meeting.evidence).collect();
    if evidences.iter().all(|evidence| *evidence < LEAST_EVIDENCE) {
        return Vec::new();
    }
    let pair = PeakPair::new(left, right);
    meetings
        .into_iter()
        .zip(prominences(&evidences))
        .filter(|(meeting, _)| {
            meeting.evidence >= LEAST_EVIDENCE
                && spectrograms.sums(meeting).steadiness() >= LEAST_STEADINESS
        })
        .map(|(meeting, prominence)| Candidate {
            peaks: evidence_of_peaks(&pair, &meeting, column_secs),
            meeting,
            prominence,
        })
        .collect()
}

/// The passages of two songs at their own speed. Their shares are not measured yet.
#[must_use]
pub fn correlated_passages(
    songs: [&Analysis; 2],
    peaks: [&PreparedPeaks<'_>; 2],
    pair: &SpectrogramPair<'_>,
) -> Vec<Passage> {
    let [left, right] = songs.map(Equalised::of);
    let spectrograms = EqualisedPair {
        left: &left,
        right: &right,
    };
    let column_secs = pair.left.column_secs;
    let songs_secs = songs.map(|song| song.duration_secs);
    let mut found: Vec<Passage> = Vec::new();
    let mut candidates = candidates_of(&spectrograms, peaks, column_secs);
    while let Some((candidate, certainty)) = most_certain(&mut candidates) {
        if certainty < LEAST_CERTAINTY {
            break;
        }
        let meeting = &candidate.meeting;
        let span = spectrograms.stretch(meeting);
        let mut alignment = Alignment {
            left_secs: (span.0 as f64 * column_secs, span.1 as f64 * column_secs),
            map: spectrograms.map(meeting).in_unit(column_secs),
            semitones: meeting.shift_bands as f64 / BANDS_PER_SEMITONE as f64,
            correlation: 0.0,
        };
        alignment.correlation = pair.correlation_along(&alignment);
        let alignment = completed(alignment, songs_secs);
        if !found
            .iter()
            .any(|stronger| covers(&stronger.alignment, &alignment))
        {
            found.push(Passage::in_mix(alignment, certainty));
        }
    }
    found
}

/// Takes the most certain one of some candidates, the first among equals.
fn most_certain(candidates: &mut Vec<Candidate>) -> Option<(Candidate, f64)> {
    let certainties = candidates.iter().map(Candidate::certainty).enumerate();
    let best = certainties.reduce(|best, one| if one.1 > best.1 { one } else { best });
    best.map(|(index, certainty)| (candidates.remove(index), certainty))
}

/// Whether a stronger alignment covers much of another one in one of the songs.
fn covers(stronger: &Alignment, other: &Alignment) -> bool {
    covered_share(other.left_secs, vec![stronger.left_secs]) > MOST_COVERED
        || covered_share(other.right_secs(), vec![stronger.right_secs()]) > MOST_COVERED
}

/// Songs with these spectrograms and without peaks.
#[cfg(test)]
fn test_songs(spectrograms: [WhitenedSpectrogram; 2]) -> [Analysis; 2] {
    use crate::recording::analysis::test_analysis::song;
    use crate::recording::peaks::peak_map::PeakMap;

    spectrograms.map(|whitened| {
        let secs = whitened.columns() as f64 * whitened.column_secs;
        let mut song = song(((secs - 3.0) / 0.75) as usize, 5);
        song.duration_secs = secs;
        song.whitened = whitened;
        song.peaks = PeakMap {
            peaks: Vec::new(),
            ..song.peaks
        };
        song
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::correlogram::test_songs as songs;
    use crate::recording::refinement::whitened::test_spectrogram;

    fn found([left, right]: [&Analysis; 2]) -> Vec<Passage> {
        let peaks = [&left.peaks, &right.peaks].map(PreparedPeaks::from);
        let pair = SpectrogramPair::new(&left.whitened, &right.whitened);
        correlated_passages([left, right], peaks.each_ref(), &pair)
    }

    /// 300 columns of a song, faint in another one of 900 columns from column 400 on.
    fn under_another() -> [WhitenedSpectrogram; 2] {
        let of_copy = test_spectrogram(&[(6, 300)]);
        let left = test_spectrogram(&[(2, 150)]).followed_by(&of_copy);
        let right = test_spectrogram(&[(3, 400)])
            .followed_by(&of_copy.blended(&test_spectrogram(&[(4, 300)]), 0.12))
            .followed_by(&test_spectrogram(&[(5, 200)]));
        [left, right]
    }

    #[test]
    fn a_faint_passage_is_found_at_its_place() {
        let [left, right] = songs(under_another());
        let passages = found([&left, &right]);
        assert_eq!(passages.len(), 1, "{passages:?}");
        let Passage {
            alignment, in_mix, ..
        } = &passages[0];
        assert!(*in_mix > 0.9, "{in_mix}");
        let column_secs = left.whitened.column_secs;
        for (found_secs, column) in [
            (alignment.left_secs.0, 150.0),
            (alignment.left_secs.1, 450.0),
            (alignment.right_secs().0, 400.0),
            (alignment.right_secs().1, 700.0),
        ] {
            assert!(
                (found_secs / column_secs - column).abs() < 12.0,
                "{alignment:?}"
            );
        }
        assert_eq!(alignment.semitones, 0.0);
        assert!(
            (0.08..0.16).contains(&alignment.correlation),
            "{alignment:?}"
        );
    }

    #[test]
    fn other_songs_and_blank_ones_have_no_passage() {
        let [one, other] = [(1, 450), (2, 900)].map(|piece| test_spectrogram(&[piece]));
        let [one, other] = songs([one, other]);
        assert_eq!(found([&one, &other]), []);
        let [mut left, right] = songs(under_another());
        left.segments.blank.fill(true);
        assert_eq!(found([&left, &right]), []);
    }

    #[test]
    fn the_longer_song_needs_18_s() {
        for (columns, count) in [(6 * BLOCK, 1), (6 * BLOCK - 2, 0)] {
            let right = test_spectrogram(&[(1, 64), (3, columns - 64)]);
            let [left, right] = songs([test_spectrogram(&[(1, 64)]), right]);
            assert_eq!(found([&left, &right]).len(), count, "{columns}");
        }
    }

    #[test]
    fn a_weaker_place_of_what_a_stronger_one_explains_is_left_out() {
        let [left, right] = under_another();
        // The right song plays it once more, fainter.
        let of_copy = test_spectrogram(&[(6, 300)]);
        let again = of_copy.blended(&test_spectrogram(&[(9, 300)]), 0.11);
        let [left, right] = songs([left, right.followed_by(&again)]);
        let candidates = candidates([&left, &right]);
        let certain = candidates.iter().filter(|one| one.certainty() > 0.5);
        assert_eq!((certain.count(), found([&left, &right]).len()), (2, 1));
    }
}
