//! Passages by [spectral peaks](crate::recording::peaks): they are found under other music, too.

use crate::recording::Analysis;
use crate::recording::alignment::Alignment;
use crate::recording::correlate::{Overlay, SpectrogramPair};
use crate::recording::passage::Passage;
use crate::recording::peaks::peak_line::PeakLine;
use crate::recording::peaks::peak_map::STEPS_PER_SEMITONE;
use crate::recording::peaks::peak_pair::PeakPair;
use crate::recording::peaks::significance::certainty;
use crate::recording::whitened::BANDS_PER_SEMITONE;

/// Share of a song's peaks that survive in a copy with nothing else on top. A codec, an equaliser
/// and the grid of frames take the others.
const SURVIVING_IN_COPY: f64 = 0.6;

/// Correlation of the whitened spectrograms of a copy with nothing else on top, at least.
const CORRELATION_OF_COPY: f64 = 0.6;

/// The passages that the peaks of two songs tell. Their shares are not measured yet.
#[must_use]
pub fn peak_passages(songs: [&Analysis; 2], pair: &SpectrogramPair<'_>) -> Vec<Passage> {
    let [left, right] = songs.map(|song| &song.peaks);
    let songs_secs = songs.map(|song| song.duration_secs);
    let lines = PeakPair::new(left, right).lines();
    lines
        .iter()
        .map(|line| {
            let by_peaks = certainty(line, &lines, songs_secs, left.frame_secs);
            Passage {
                alignment: alignment(line, left.frame_secs, pair),
                score: by_peaks as f32,
                certainty: by_peaks,
                by_peaks,
                shares: (1.0, 1.0),
            }
        })
        .collect()
}

/// Measures of each passage how much of a song's sound there is that of the other song.
pub fn measure_shares(passages: &mut [Passage], songs: [&Analysis; 2]) {
    let [left, right] = songs.map(|song| &song.peaks);
    let (onto_right, onto_left) = (PeakPair::new(left, right), PeakPair::new(right, left));
    for passage in passages {
        let line = line(&passage.alignment, left.frame_secs);
        // Peaks tell little where a copy drifts, is noisy or has few of them. A high correlation
        // tells that there is nothing else.
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
    }
}

/// The place of a line in both songs.
fn alignment(line: &PeakLine, frame_secs: f64, pair: &SpectrogramPair<'_>) -> Alignment {
    let left_secs = (line.span.0 * frame_secs, line.span.1 * frame_secs);
    let map = line.map.in_unit(frame_secs);
    let semitones = f64::from(line.shift_steps) / f64::from(STEPS_PER_SEMITONE);
    let column_secs = pair.left.column_secs;
    let overlay = Overlay {
        map: map.in_unit(1.0 / column_secs),
        shift_bands: libm::round(semitones * BANDS_PER_SEMITONE as f64) as isize,
    };
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
fn line(alignment: &Alignment, frame_secs: f64) -> PeakLine {
    let (start, end) = alignment.left_secs;
    PeakLine {
        span: (start / frame_secs, end / frame_secs),
        map: alignment.map.in_unit(1.0 / frame_secs),
        shift_steps: libm::round(alignment.semitones * f64::from(STEPS_PER_SEMITONE)) as i32,
        evidence: 0.0,
    }
}
