//! The places where two songs may meet under other music, and which of them are true, for
//! `trainer/fit_correlogram.py`.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, Result};
use rayon::prelude::*;
use serde::Serialize;
use soundalike::Song;
use soundalike::training::{SongMeeting, song_meetings};
use soundalike_native::{audio_file, weights};

use crate::mixes::take::Passage;
use crate::mixes::{MeetingsArgs, Truth};
use crate::song_tables::{Pair, read, songs_of, write};

/// Greatest errors of a meeting that is true.
const LAG_TOLERANCE_SECS: f64 = 0.3;
const PITCH_TOLERANCE_SEMITONES: f64 = 0.51;

/// A row of the table.
#[derive(Debug, Serialize)]
struct Row<'a> {
    left: &'a str,
    right: &'a str,
    label: u8,
    perturbation: &'a str,
    is_true: u8,
    evidence: f64,
    rough: f64,
    log_prominence: f64,
    root_peaks: f64,
    log_blocks: f64,
}

/// Writes a row for each meeting of each pair. Songs that are mostly silence are left out.
pub fn run(args: &MeetingsArgs) -> Result<()> {
    let pairs: Vec<Pair> = read(&args.exam.join("songs.csv"))?;
    let truths: Vec<Truth> = read(&args.exam.join("truth.csv"))?;
    let truths: HashMap<(&str, &str), Vec<Passage>> = truths
        .iter()
        .map(|truth| {
            let passages = serde_json::from_str(&truth.passages)
                .with_context(|| format!("the true passages of {} are no JSON", truth.right))?;
            Ok(((truth.left.as_str(), truth.right.as_str()), passages))
        })
        .collect::<Result<_>>()?;
    let checker = weights::checker(None)?;
    let songs: BTreeMap<&str, Song> = songs_of(&pairs)
        .par_iter()
        .filter_map(|&song| {
            let analysed = audio_file::analyse_track(&checker, &args.exam.join(song), None);
            Some((song, analysed.ok()?))
        })
        .collect();
    let rows: Vec<Row<'_>> = pairs
        .par_iter()
        .filter_map(|pair| {
            let songs = [&pair.left, &pair.right].map(|song| songs.get(song.as_str()));
            let [Some(left), Some(right)] = songs else {
                return None;
            };
            let key = (pair.left.as_str(), pair.right.as_str());
            let truth = truths.get(&key).map_or(&[][..], Vec::as_slice);
            Some((pair, truth, song_meetings([left, right])))
        })
        .flat_map_iter(|(pair, truth, meetings)| {
            meetings
                .into_iter()
                .map(|meeting| row(pair, truth, &meeting))
        })
        .collect();
    write(&args.out, &rows)
}

fn row<'a>(pair: &'a Pair, truth: &[Passage], meeting: &SongMeeting) -> Row<'a> {
    let [evidence, rough, log_prominence, root_peaks, log_blocks] = meeting.features;
    Row {
        left: &pair.left,
        right: &pair.right,
        label: pair.label,
        perturbation: &pair.perturbation,
        is_true: truth.iter().any(|passage| is_true(passage, meeting)).into(),
        evidence,
        rough,
        log_prominence,
        root_peaks,
        log_blocks,
    }
}

/// Whether a meeting lies on a true passage.
fn is_true(passage: &Passage, meeting: &SongMeeting) -> bool {
    let lag_secs = passage.right_secs[0] - passage.left_secs[0];
    (lag_secs - meeting.lag_secs).abs() <= LAG_TOLERANCE_SECS
        && (passage.semitones - meeting.semitones).abs() <= PITCH_TOLERANCE_SEMITONES
}
