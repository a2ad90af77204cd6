//! Passages that play backwards in the right song.
//!
//! Played backwards, notes have the same peaks in the opposite order. So the right song's peaks are
//! reversed in time, and the same search finds lines with the same
//! [significance](crate::recording::peaks::significance). Embeddings tell nothing here: a note that
//! swells resembles no note that dies away.
//!
//! Much music has short figures that read the same backwards, and held notes do. Among passages
//! that overlap, the stronger one is [taken](crate::recording::distinct): in a copy the one that
//! plays forwards, in a reversed copy the one that plays backwards.

use crate::geometry::spans::covered_share;
use crate::recording::analysis::Analysis;
use crate::recording::certainty::{LEAST_CERTAINTY, SUPPORTING_CORRELATIONS};
use crate::recording::mixture::alignment;
use crate::recording::passage::Passage;
use crate::recording::peaks::candidates::most_votes;
use crate::recording::peaks::peak_pair::PeakPair;
use crate::recording::peaks::prepared::PreparedPeaks;
use crate::recording::peaks::significance::{certainties, expected_by_chance};
use crate::recording::refinement::alignment::{Alignment, completed};
use crate::recording::refinement::correlate::SpectrogramPair;

/// With so much of one of the songs in passages that play forwards and correlate, none is looked
/// for that plays backwards: the search takes as long as that for all other passages.
const ENOUGH_COVERED: f64 = 0.5;
/// Least votes of a block from which the search is worth its time. 25 validation songs have 149 or
/// more with their own reverse. Of 263 pairs of different ones, 80 have as many as this, and their
/// search adds less than 3 % to the time of all pairs. Of 26 reversed pieces of 15 s, or of 20 s
/// and played in 16 s, three are missed: they have 2, 4 and 6 votes, as different songs do.
const LEAST_VOTES: u8 = 10;
/// Most lines as strong as a passage's that two unrelated songs have by chance. A hundredth of what
/// passages that play forwards need, because hardly one copy in a hundred plays backwards. Of 346
/// pairs of validation songs, half of them of one album or one track, none has a passage then.
const MOST_EXPECTED: f64 = 3e-6;
/// Correlation of a passage that surely plays forwards. Where a song meets its own reverse
/// forwards, the correlation is below 0.35 in 14 of 15 passages (25 validation songs).
const CORRELATION_OF_COPY: f64 = SUPPORTING_CORRELATIONS.1;

/// The passages that play backwards, unless passages that play forwards explain enough of one of
/// the songs. Their shares are not measured yet.
#[must_use]
pub fn backward_passages(
    [left, right]: [&Analysis; 2],
    [left_peaks, right_peaks]: [&PreparedPeaks<'_>; 2],
    forwards: &[Passage],
) -> Vec<Passage> {
    let covered = |song: &Analysis, span: fn(&Alignment) -> (f64, f64)| {
        let spans = forwards
            .iter()
            .map(|passage| &passage.alignment)
            .filter(|alignment| alignment.correlation >= CORRELATION_OF_COPY)
            .map(span);
        covered_share((0.0, song.duration_secs), spans.collect())
    };
    let most =
        covered(left, |alignment| alignment.left_secs).max(covered(right, Alignment::right_secs));
    if most >= ENOUGH_COVERED {
        return Vec::new();
    }
    let reversed = right_peaks.reversed();
    if most_votes(left_peaks, &reversed) < LEAST_VOTES {
        return Vec::new();
    }
    let peaks = PeakPair::new(left_peaks, &reversed);
    let lines = peaks.lines();
    let songs_secs = [left.duration_secs, reversed.map.secs()];
    let frame_secs = left.peaks.frame_secs;
    let certain: Vec<_> = lines
        .iter()
        .zip(certainties(&peaks, &lines, songs_secs))
        .filter(|(line, certainty)| {
            expected_by_chance(f64::from(line.evidence), songs_secs) <= MOST_EXPECTED
                && *certainty >= LEAST_CERTAINTY
        })
        .collect();
    // Nearly all songs of a collection have none.
    if certain.is_empty() {
        return Vec::new();
    }
    let whitened = right.whitened.reversed();
    let pair = SpectrogramPair::new(&left.whitened, &whitened);
    certain
        .into_iter()
        .map(|(line, certainty)| {
            let forwards = completed(alignment(line, frame_secs, &pair), songs_secs);
            let backwards = Alignment {
                map: forwards.map.reversed(reversed.map.secs()),
                ..forwards
            };
            Passage::in_mix(backwards, certainty)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::FeatureConfig;
    use crate::recording::encoder::embeddings::Embeddings;
    use crate::recording::passage::test_passage;
    use crate::recording::peaks::peak_map::PeakMap;
    use crate::recording::peaks::peak_map::test_peaks::{changed, song};
    use crate::recording::refinement::whitened::{Preset, WhitenedSpectrogram};
    use crate::recording::segments::test_segments;
    use crate::test_sound::{mel_power, noise};

    /// A minute with these peaks.
    fn with_peaks(peaks: PeakMap) -> Analysis {
        let samples: Vec<f32> = std::iter::repeat_with(noise(1)).take(60 * 22_050).collect();
        let config = FeatureConfig::default();
        Analysis {
            duration_secs: 60.0,
            segments: test_segments(76),
            embeddings: Embeddings {
                values: Vec::new(),
                dimensions: 128,
            },
            whitened: WhitenedSpectrogram::new(&mel_power(&samples), Preset::Song, &config),
            whitened_clip: None,
            peaks,
        }
    }

    fn found_in(songs: [&Analysis; 2], forwards: &[Passage]) -> Vec<Passage> {
        let [left, right] = songs.map(|song| PreparedPeaks::from(&song.peaks));
        backward_passages(songs, [&left, &right], forwards)
    }

    /// A passage that plays forwards, over so much of both songs.
    fn forwards(secs: f64, correlation: f64) -> Passage {
        Passage {
            alignment: crate::recording::refinement::alignment::test_alignment(secs, correlation),
            ..test_passage((1.0, 1.0))
        }
    }

    #[test]
    fn a_song_plays_backwards_in_its_reverse() {
        let peaks = song(60.0, 1);
        let (one, other) = (with_peaks(peaks.clone()), with_peaks(peaks.reversed()));
        let found = |passages: &[Passage]| found_in([&one, &other], passages);
        let [passage] = &found(&[])[..] else {
            panic!("{:?}", found(&[]))
        };
        let alignment = &passage.alignment;
        assert!(alignment.is_backwards() && (alignment.map.slope + 1.0).abs() < 1e-3);
        assert!(
            (alignment.map.at(0.0) - peaks.secs()).abs() < 0.1,
            "{alignment:?}"
        );
        for (start, end) in [alignment.left_secs, alignment.right_secs()] {
            assert!(start < 0.1 && end > 59.8, "{alignment:?}");
        }
        assert!(passage.in_mix > 0.99);
        assert_eq!(found(&[forwards(28.0, 0.6)]).len(), 1, "less than half");
        assert_eq!(
            found(&[forwards(40.0, 0.4)]).len(),
            1,
            "without correlation"
        );
        assert_eq!(found(&[forwards(32.0, 0.5)]), []);
    }

    #[test]
    fn only_what_chance_cannot_explain_plays_backwards() {
        let peaks = song(60.0, 1);
        let one = with_peaks(peaks.clone());
        let found = |peaks: PeakMap| found_in([&one, &with_peaks(peaks)], &[]);
        assert_eq!(found(song(60.0, 2)), []);
        assert_eq!(found(peaks), [], "a melody that plays forwards");
    }

    #[test]
    fn a_transposed_faster_piece_plays_backwards() {
        let peaks = song(60.0, 1);
        for (speed, steps) in [(1.0, 16), (1.25, 16)] {
            let piece = changed(&peaks, (300, 1_000), speed, steps);
            let other = with_peaks(PeakMap {
                frames: peaks.frames,
                ..piece.reversed()
            });
            let one = with_peaks(peaks.clone());
            let passages = found_in([&one, &other], &[]);
            let [passage] = &passages[..] else {
                panic!("{speed}: {passages:?}")
            };
            let alignment = &passage.alignment;
            assert!(
                (alignment.map.slope * speed + 1.0).abs() < 0.02,
                "{alignment:?}"
            );
            assert!((alignment.semitones - 2.0).abs() < 0.2, "{alignment:?}");
            let (start, end) = alignment.left_secs;
            let secs = 700.0 * peaks.frame_secs;
            assert!((end - start - secs).abs() < 1.5, "{alignment:?}");
        }
    }
}
