//! `search`: the songs that a song copies, with the report of each.

use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;

use anyhow::{Result, ensure};
use soundalike::Checker;
use soundalike::report::{MatchedPassage, Verdict};
use soundalike_native::{audio_file, weights};

use super::{Outcome, complain, damaged_index, one_line, print, songs};
use crate::search::{Answer, Compared, search};
use crate::store::{Address, Catalogue};

/// Search catalogues for the songs that a song copies
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Audio files
    #[arg(required = true)]
    songs: Vec<PathBuf>,
    /// The catalogue: a folder or s3://BUCKET/NAME; may be given several times
    #[arg(long = "in", value_name = "URI", required = true)]
    catalogues: Vec<Address>,
    /// Most songs that are compared with a song
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    top: u16,
    /// Also find songs that play under other music, by their spectral peaks, at the same pitch and
    /// speed: as many more songs are compared
    #[arg(long)]
    under_music: bool,
    /// The sound track of files that have several: 1 for the first; without it the default one
    #[arg(long)]
    track: Option<usize>,
    /// Print a JSON object a song, {"query", "candidates": [{"id", "name", "report"}]}
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, weights: Option<&Path>) -> Result<Outcome> {
    let checker = weights::checker(weights)?;
    let checker = &checker;
    std::thread::scope(|scope| {
        // A song is analysed while the catalogues are opened, and while the one before is searched
        // for.
        let (sender, analysed) = sync_channel(0);
        scope.spawn(move || {
            let songs = args.songs.iter();
            let mut songs = songs.map(|path| audio_file::analyse_track(checker, path, args.track));
            // A closed channel means that the search failed.
            let _stopped = songs.try_for_each(|song| sender.send(song).ok());
        });
        let (catalogues, count) = open(&args.catalogues, checker)?;
        if args.under_music {
            catalogues.iter().try_for_each(Catalogue::check_landmarks)?;
        }
        let mut is_done = true;
        for song in analysed {
            let song = match song {
                Ok(song) => song,
                Err(error) if args.songs.len() > 1 => {
                    complain(&format!("skipped: {error:#}"));
                    is_done = false;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let answer = search(
                &catalogues,
                checker,
                &song,
                usize::from(args.top),
                args.under_music,
            )?;
            for address in &answer.damaged_indices {
                complain(&format!("warning: {}", damaged_index(address)));
            }
            is_done &= name_damaged(&answer);
            print(&match args.json {
                true => serde_json::to_string(&answer)?,
                false => lines(&answer, count),
            })?;
        }
        Ok(Outcome::of(is_done))
    })
}

/// The catalogues, and how many songs are in them.
fn open(addresses: &[Address], checker: &Checker) -> Result<(Vec<Catalogue>, usize)> {
    let mut catalogues = Vec::new();
    let mut count = 0;
    for (index, address) in addresses.iter().enumerate() {
        if addresses[..index].contains(address) {
            continue;
        }
        let catalogue = super::open(address, checker.model())?;
        let songs = catalogue.size()?.songs;
        ensure!(
            songs > 0,
            "{address} has no songs yet: `soundalike-catalogue add FILES --to {address}` adds some"
        );
        count += songs;
        catalogues.push(catalogue);
    }
    Ok((catalogues, count))
}

/// Names the candidates that are damaged in a catalogue; returns whether there are none.
fn name_damaged(answer: &Answer) -> bool {
    let mut is_done = true;
    for Compared { id, name, .. } in answer.candidates.iter().filter(|one| one.report.is_none()) {
        complain(&format!(
            "skipped: {name} ({id}) is damaged in the catalogue: remove it and add it again"
        ));
        is_done = false;
    }
    is_done
}

fn lines(answer: &Answer, count: usize) -> String {
    let reports = answer
        .candidates
        .iter()
        .filter_map(|one| Some((one, one.report.as_ref()?)));
    let found: Vec<_> = reports
        .filter(|(_, report)| report.verdict != Verdict::Different)
        .collect();
    let mut lines = vec![format!(
        "{}: {} of {} match ({} compared)",
        one_line(&answer.query),
        found.len(),
        songs(count),
        answer.candidates.len()
    )];
    for (one, report) in found {
        lines.push(format!(
            "  {}  {}: {} ({})",
            report.score_text(),
            report.verdict.title(),
            one_line(&one.name),
            one.id
        ));
        let passages = report.passages.iter().map(line);
        lines.extend(passages.map(|passage| format!("    {passage}")));
    }
    lines.join("\n")
}

fn line(passage: &MatchedPassage) -> String {
    format!(
        "{}-{} = {}-{} of it: {:+.1} semitones, {}",
        clock(passage.left_start_secs),
        clock(passage.left_end_secs),
        clock(passage.right_start_secs),
        clock(passage.right_end_secs),
        passage.pitch_shift_semitones,
        passage.speed_text()
    )
}

fn clock(secs: f64) -> String {
    let secs = secs.round() as u64;
    format!("{}:{:02}", secs / 60, secs % 60)
}
