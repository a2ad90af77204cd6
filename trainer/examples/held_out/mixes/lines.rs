//! The strongest line of spectral peaks of every pair, for `trainer/fit_peaks.py`. As in the
//! engine, the peaks of blank segments are left out.

use std::collections::BTreeMap;

use anyhow::Result;
use rayon::prelude::*;
use serde::Serialize;
use soundalike::FeatureConfig;
use soundalike::training::{LogMelPlan, PeakMap, PeakPair, Segments};
use soundalike_native::audio_file;

use crate::mixes::LinesArgs;
use crate::song_tables::{Pair, read, songs_of, write};

/// A row of the table.
#[derive(Debug, Serialize)]
struct StrongestLine<'a> {
    left: &'a str,
    right: &'a str,
    label: u8,
    perturbation: &'a str,
    left_secs: f64,
    right_secs: f64,
    evidence: f32,
}

/// Writes the table.
pub fn run(args: &LinesArgs) -> Result<()> {
    let pairs: Vec<Pair> = read(&args.exam.join("songs.csv"))?;
    let config = FeatureConfig::default();
    let maps: BTreeMap<&str, PeakMap> = songs_of(&pairs)
        .par_iter()
        .map(|&song| {
            let waveform = audio_file::load(&args.exam.join(song))?;
            Ok((song, peaks(waveform.samples(), &config)))
        })
        .collect::<Result<_>>()?;
    let lines: Vec<StrongestLine<'_>> = pairs
        .par_iter()
        .map(|pair| {
            let [mut left, mut right] = [&pair.left, &pair.right].map(|song| &maps[song.as_str()]);
            // The shorter song is the left one, as in a comparison.
            if left.frames > right.frames {
                std::mem::swap(&mut left, &mut right);
            }
            let lines = PeakPair::new(left, right).lines();
            StrongestLine {
                left: &pair.left,
                right: &pair.right,
                label: pair.label,
                perturbation: &pair.perturbation,
                left_secs: left.frames as f64 * left.frame_secs,
                right_secs: right.frames as f64 * right.frame_secs,
                evidence: lines.first().map_or(0.0, |line| line.evidence),
            }
        })
        .collect();
    write(&args.out, &lines)
}

/// The peaks of a song outside of blank segments.
fn peaks(samples: &[f32], config: &FeatureConfig) -> PeakMap {
    let mel = LogMelPlan::new(config).mel_power(samples, |_| ());
    let segments = Segments::of(&mel, config);
    PeakMap::new(samples, config).retaining(|secs| segments.has_music_at(secs))
}
