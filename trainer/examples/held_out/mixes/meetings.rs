//! The places where two songs may meet under other music, and which of them are true, for
//! `trainer/fit_correlogram.py`, and the faint lines of spectral peaks, for
//! `trainer/fit_faint_lines.py`.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Context as _, Result};
use rayon::prelude::*;
use soundalike::Song;
use soundalike::training::{FaintLine, SongMeeting, faint_lines, song_meetings};
use soundalike_native::{audio_file, weights};

use crate::mixes::take::Passage;
use crate::mixes::{MeetingsArgs, Truth};
use crate::song_tables::{Pair, read, songs_of};

/// Greatest errors of a place that is true.
const PLACE_TOLERANCE_SECS: f64 = 0.3;
const PITCH_TOLERANCE_SEMITONES: f64 = 0.51;

/// Columns that the tables of all places begin with.
const COLUMNS: [&str; 5] = ["left", "right", "label", "perturbation", "is_true"];

/// A place, whether it is true, and what a regression weighs of it.
struct Place {
    is_true: bool,
    features: Vec<f64>,
}

/// Two songs and the true passages.
struct Case<'a> {
    truth: &'a [Passage],
    songs: [&'a Song; 2],
}

/// Writes a row for each meeting of each pair.
pub fn run(args: &MeetingsArgs) -> Result<()> {
    const FEATURES: [&str; 5] = [
        "evidence",
        "rough",
        "log_prominence",
        "root_peaks",
        "log_blocks",
    ];
    write_places(args, &FEATURES, |case| {
        let place = |meeting: SongMeeting| Place {
            is_true: case
                .truth
                .iter()
                .any(|passage| is_meeting(passage, &meeting)),
            features: meeting.features.to_vec(),
        };
        song_meetings(case.songs).into_iter().map(place).collect()
    })
}

/// Writes a row for each faint line of each pair.
pub fn run_faint_lines(args: &MeetingsArgs) -> Result<()> {
    write_places(args, &["log_expected", "excess"], |case| {
        let place = |line: FaintLine| Place {
            is_true: case.truth.iter().any(|passage| is_on(passage, &line)),
            features: line.features.to_vec(),
        };
        faint_lines(case.songs).into_iter().map(place).collect()
    })
}

/// Writes the places of all pairs of a test set, with columns for their features. Songs that are
/// mostly silence are left out. A set without `truth.csv` has other songs only.
fn write_places(
    args: &MeetingsArgs,
    features: &[&str],
    places: impl Fn(&Case<'_>) -> Vec<Place> + Sync,
) -> Result<()> {
    let pairs: Vec<Pair> = read(&args.exam.join("songs.csv"))?;
    let truths = truths(&args.exam.join("truth.csv"))?;
    let checker = weights::checker(None)?;
    let songs: BTreeMap<&str, Song> = songs_of(&pairs)
        .par_iter()
        .filter_map(|&song| {
            let analysed = audio_file::analyse_track(&checker, &args.exam.join(song), None);
            Some((song, analysed.ok()?))
        })
        .collect();
    let cases: Vec<(&Pair, Vec<Place>)> = pairs
        .par_iter()
        .filter_map(|pair| {
            let key = (pair.left.clone(), pair.right.clone());
            let case = Case {
                truth: truths.get(&key).map_or(&[][..], Vec::as_slice),
                songs: [songs.get(key.0.as_str())?, songs.get(key.1.as_str())?],
            };
            Some((pair, places(&case)))
        })
        .collect();
    let mut writer = csv::Writer::from_path(&args.out)
        .with_context(|| format!("can't write {}", args.out.display()))?;
    writer.write_record(COLUMNS.iter().chain(features))?;
    for (pair, places) in cases {
        for place in places {
            let columns = [
                pair.left.clone(),
                pair.right.clone(),
                pair.label.to_string(),
                pair.perturbation.clone(),
                u8::from(place.is_true).to_string(),
            ];
            let features = place.features.iter().map(f64::to_string);
            writer.write_record(columns.into_iter().chain(features))?;
        }
    }
    Ok(writer.flush()?)
}

/// The true passages of each pair.
fn truths(table: &Path) -> Result<HashMap<(String, String), Vec<Passage>>> {
    if !table.exists() {
        return Ok(HashMap::new());
    }
    let truths: Vec<Truth> = read(table)?;
    let passages = truths.into_iter().map(|truth| {
        let passages = serde_json::from_str(&truth.passages)
            .with_context(|| format!("the true passages of {} are no JSON", truth.right))?;
        Ok(((truth.left, truth.right), passages))
    });
    passages.collect()
}

/// Whether a meeting lies on a true passage.
fn is_meeting(passage: &Passage, meeting: &SongMeeting) -> bool {
    let lag_secs = passage.right_secs[0] - passage.left_secs[0];
    (lag_secs - meeting.lag_secs).abs() <= PLACE_TOLERANCE_SECS
        && (passage.semitones - meeting.semitones).abs() <= PITCH_TOLERANCE_SEMITONES
}

/// Whether the middle of a line lies on a true passage.
fn is_on(passage: &Passage, line: &FaintLine) -> bool {
    let ([start, end], right_secs) = (passage.left_secs, passage.right_secs);
    let [left_secs, found_secs] = line.middle_secs;
    let slope = (right_secs[1] - right_secs[0]) / (end - start);
    let true_secs = right_secs[0] + (left_secs - start) * slope;
    (start..=end).contains(&left_secs)
        && (found_secs - true_secs).abs() <= PLACE_TOLERANCE_SECS
        && (passage.semitones - line.semitones).abs() <= PITCH_TOLERANCE_SEMITONES
}
