//! Passages by [spectral peaks](crate::recording::peaks), which find them under other music, too.

use crate::recording::analysis::Analysis;
use crate::recording::certainty::LEAST_CERTAINTY;
use crate::recording::correlogram::faint_line::FaintLines;
use crate::recording::edits::is_edited;
use crate::recording::passage::Passage;
use crate::recording::peaks::peak_line::PeakLine;
use crate::recording::peaks::peak_map::STEPS_PER_SEMITONE;
use crate::recording::peaks::peak_pair::PeakPair;
use crate::recording::peaks::prepared::PreparedPeaks;
use crate::recording::peaks::significance::certainties;
use crate::recording::refinement::alignment::{Alignment, completed};
use crate::recording::refinement::correlate::{Overlay, SpectrogramPair};

/// Share of a song's peaks that survive in a copy where nothing else plays. The others are lost to
/// a codec, an equaliser and the grid of frames.
const SURVIVING_IN_COPY: f64 = 0.6;
/// Least correlation of the whitened spectrograms of a copy where nothing else plays.
const CORRELATION_OF_COPY: f64 = 0.6;

/// The passages by the peaks of two songs. Their shares are not measured yet.
#[must_use]
pub fn peak_passages(
    songs: [&Analysis; 2],
    [left, right]: [&PreparedPeaks<'_>; 2],
    pair: &SpectrogramPair<'_>,
) -> Vec<Passage> {
    let songs_secs = songs.map(|song| song.duration_secs);
    let peaks = PeakPair::new(left, right);
    let lines = peaks.lines();
    let certainties = certainties(&peaks, &lines, songs_secs);
    let faint_lines = FaintLines::new(songs, &peaks);
    lines
        .into_iter()
        .zip(certainties)
        .map(|(line, by_peaks)| {
            let certainty = match by_peaks < LEAST_CERTAINTY {
                true => by_peaks.max(faint_lines.certainty(&line)),
                false => by_peaks,
            };
            let alignment = alignment(&line, peaks.left.frame_secs, pair);
            Passage::in_mix(completed(alignment, songs_secs), certainty)
        })
        .collect()
}

/// The lines of two songs that are no passages by their peaks alone, and what the judgement of
/// [faint lines](crate::recording::correlogram::faint_line) weighs of each.
#[must_use]
pub fn faint_lines(songs: [&Analysis; 2]) -> Vec<(PeakLine, [f64; 2])> {
    let peaks = PeakPair::new(&songs[0].peaks, &songs[1].peaks);
    let lines = peaks.lines();
    let certainties = certainties(&peaks, &lines, songs.map(|song| song.duration_secs));
    let judge = FaintLines::new(songs, &peaks);
    lines
        .into_iter()
        .zip(certainties)
        .filter(|(_, certainty)| *certainty < LEAST_CERTAINTY)
        .filter_map(|(line, _)| Some((line, judge.features(&line)?)))
        .collect()
}

/// Measures the shares of each passage by the peaks of both songs, and whether it was edited.
pub fn measure_shares<'a, P: Into<PreparedPeaks<'a>>>(passages: &mut [Passage], songs: [P; 2]) {
    // Most songs of a collection share nothing.
    if passages.is_empty() {
        return;
    }
    let [left, right]: [PreparedPeaks<'_>; 2] = songs.map(Into::into);
    let (onto_right, onto_left) = (PeakPair::new(&left, &right), PeakPair::new(&right, &left));
    for passage in passages {
        let line = line(&passage.alignment, left.map.frame_secs);
        // Fewer peaks survive where a copy drifts or is noisy, and few peaks are no measure. A high
        // correlation means that nothing else plays.
        let by_correlation = passage.alignment.correlation / CORRELATION_OF_COPY;
        let share = |surviving: f64| {
            (surviving / SURVIVING_IN_COPY)
                .max(by_correlation)
                .clamp(0.0, 1.0)
        };
        passage.shares = (
            share(onto_right.surviving_share(&line)),
            share(onto_left.surviving_share(&line.inverse())),
        );
        passage.is_edited = is_edited(&onto_right, &passage.alignment, &line);
    }
}

/// The place of a line in both songs.
#[must_use]
pub fn alignment(line: &PeakLine, frame_secs: f64, pair: &SpectrogramPair<'_>) -> Alignment {
    let left_secs = (line.span.0 * frame_secs, line.span.1 * frame_secs);
    let map = line.map.in_unit(frame_secs);
    let semitones = f64::from(line.shift_steps) / f64::from(STEPS_PER_SEMITONE);
    let column_secs = pair.left.column_secs;
    let overlay = Overlay::of(&map, semitones, column_secs);
    let columns = (left_secs.0 / column_secs, left_secs.1 / column_secs);
    Alignment {
        left_secs,
        map,
        semitones,
        correlation: pair.correlation(
            &overlay,
            (columns.0 + columns.1) / 2.0,
            (columns.1 - columns.0) as usize,
            0.0,
        ),
    }
}

/// The line of an alignment.
pub fn line(alignment: &Alignment, frame_secs: f64) -> PeakLine {
    let (start, end) = alignment.left_secs;
    PeakLine {
        span: (start / frame_secs, end / frame_secs),
        map: alignment.map.in_unit(1.0 / frame_secs),
        shift_steps: libm::round(alignment.semitones * f64::from(STEPS_PER_SEMITONE)) as i32,
        evidence: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::time_map::TimeMap;
    use crate::recording::passage::test_passage;
    use crate::recording::peaks::peak_map::PeakMap;
    use crate::recording::peaks::peak_map::test_peaks::{mixed, song};
    use crate::recording::refinement::alignment::test_alignment;

    /// Shares of two songs of a minute that start together.
    fn shares(left: &PeakMap, right: &PeakMap, correlation: f64) -> (f64, f64) {
        let mut passages = [Passage {
            alignment: test_alignment(60.0, correlation),
            ..test_passage((0.0, 0.0))
        }];
        measure_shares(&mut passages, [left, right]);
        passages[0].shares
    }

    #[test]
    fn the_shares_of_a_mix_follow_its_mixing_ratio() {
        let (one, other) = (song(60.0, 1), song(60.0, 2));
        for every in [2, 3, 5] {
            // One in `every` peaks survives, and all of the other song's are added.
            let mix = mixed(&other, &one, 0, every as usize);
            let surviving = 1.0 / f64::from(every) / SURVIVING_IN_COPY;
            let of_mix = 1.0 / f64::from(every + 1) / SURVIVING_IN_COPY;
            let (of_one, of_other) = shares(&one, &mix, 0.1);
            assert!((of_one - surviving).abs() < 0.08, "{every}: {of_one}");
            assert!((of_other - of_mix).abs() < 0.08, "{every}: {of_other}");
            assert_eq!(shares(&mix, &one, 0.1), (of_other, of_one));
        }
        let (of_one, of_other) = shares(&one, &other, 0.1);
        assert!(of_one < 0.2 && of_other < 0.2, "{of_one} {of_other}");
    }

    #[test]
    fn nothing_else_plays_where_the_spectrograms_correlate() {
        let (one, other) = (song(60.0, 1), song(60.0, 2));
        assert_eq!(shares(&one, &other, 0.7), (1.0, 1.0));
        assert!(shares(&one, &other, 0.4).0 < 0.8);
    }

    #[test]
    fn an_alignment_has_the_place_of_its_line() {
        let frame_secs = song(1.0, 1).frame_secs;
        let alignment = Alignment {
            left_secs: (3.0, 9.0),
            map: TimeMap::fitted_to((3.0, 9.0), (5.0, 10.0)),
            semitones: -2.0,
            correlation: 0.8,
        };
        let line = line(&alignment, frame_secs);
        assert!((line.span.0 * frame_secs - 3.0).abs() < 1e-9);
        assert!((line.map.at(line.span.1) * frame_secs - 10.0).abs() < 1e-9);
        assert_eq!(line.shift_steps, -16);
    }
}
