//! `add`: analyses audio files and adds them.
//!
//! Files are analysed on all cores. One thread commits the songs, a batch at a time, so that a run
//! that is stopped loses at most one batch; run again, it goes on with the rest. A song is known by
//! the SHA-256 of its file, so that nothing is added twice.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use indicatif::ProgressBar;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use soundalike::Checker;
use soundalike_native::{audio_file, progress, weights};

use super::{Outcome, complain, lost_version, print, songs};
use crate::input::{Part, audio_files};
use crate::store::{Address, Catalogue, NewSong};

/// Songs of a commit, and the time after which fewer are committed, too.
const COMMIT_SONGS: usize = 64;
const COMMIT_EVERY: Duration = Duration::from_secs(30);

/// Analyse audio files and add them to a catalogue
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Audio files, folders, and lists of files (.txt, .m3u, .list)
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The catalogue: a folder or s3://BUCKET/NAME. It is made if there is none
    #[arg(long, value_name = "URI")]
    to: Address,
    /// Only this part of the files, such as 3/64, for many machines
    #[arg(long, value_name = "I/N", default_value = "1/1")]
    part: Part,
}

/// What a worker made of a file.
enum Made {
    Song(Box<NewSong>),
    /// The content is in the catalogue.
    Known,
    /// Why the file can't be used.
    Unusable(String),
}

pub(super) fn run(args: &Args, weights: Option<&Path>) -> Result<Outcome> {
    let checker = weights::checker(weights)?;
    let (files, unreadable) = audio_files(&args.files)?;
    let files = args.part.select(files);
    ensure!(
        !files.is_empty(),
        "there are fewer files than parts: nothing to do"
    );
    let model = checker.model();
    let mut catalogue = Catalogue::open_or_create(&args.to, model)?;
    // The next commit takes the place of the lost version.
    if catalogue.has_lost_version() {
        complain(&format!("warning: {}", lost_version(&args.to)));
    }
    let known = Mutex::new(catalogue.ids()?);
    let bar = progress::bar(files.len(), "add");
    let (sender, receiver) = sync_channel(2 * rayon::current_num_threads());
    let writer = std::thread::scope(|scope| {
        let work = || {
            // A closed channel means that the writer failed: the others stop, too.
            let _stopped = files.par_iter().try_for_each_with(sender, |sender, file| {
                let made = make(&checker, file, &known);
                deliver(sender, made)
            });
        };
        let analysing = scope.spawn(work);
        let written = write(&mut catalogue, &receiver, &bar);
        drop(receiver);
        // A panic of a worker goes on here.
        if let Err(panic) = analysing.join() {
            std::panic::resume_unwind(panic);
        }
        written
    });
    bar.finish_and_clear();
    let Written {
        added,
        known,
        mut unusable,
        secs,
        failure,
    } = writer;
    unusable.extend(unreadable);
    for reason in &unusable {
        complain(&format!("skipped: {reason}"));
    }
    let were = if known == 1 { "was" } else { "were" };
    print(&format!(
        "{} added ({:.1} h), {known} {were} there, {} skipped: {}",
        songs(added),
        secs / 3_600.0,
        unusable.len(),
        args.to
    ))?;
    if let Some(error) = failure {
        return Err(error.context("stopped; the same command goes on with the rest"));
    }
    Ok(Outcome::of(unusable.is_empty()))
}

fn make(checker: &Checker, file: &Path, known: &Mutex<HashSet<String>>) -> Made {
    let ids = || known.lock().unwrap_or_else(PoisonError::into_inner);
    let song = || {
        let bytes = audio_file::read(file)?;
        let id = id_of(&bytes);
        if !ids().insert(id.clone()) {
            return Ok(Made::Known);
        }
        let extension = file.extension().unwrap_or_default().to_string_lossy();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let analysed = || -> Result<_> {
            let waveform = audio_file::decode_bytes(bytes, &extension)?;
            audio_file::analyse_decoded(checker, &name, waveform)
        };
        let song = analysed().with_context(|| {
            // Another file with this content can't be used either, and is named, too.
            ids().remove(&id);
            file.display().to_string()
        })?;
        let source = file.display().to_string();
        Ok(Made::Song(Box::new(NewSong::new(
            id,
            source,
            &song,
            checker.model(),
        ))))
    };
    song().unwrap_or_else(|error: anyhow::Error| Made::Unusable(format!("{error:#}")))
}

/// The id of a file with this content.
fn id_of(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn deliver(sender: &SyncSender<Made>, made: Made) -> Option<()> {
    sender.send(made).ok()
}

#[derive(Default)]
struct Written {
    added: usize,
    known: usize,
    unusable: Vec<String>,
    /// Length of the songs added, in seconds.
    secs: f64,
    failure: Option<anyhow::Error>,
}

fn write(catalogue: &mut Catalogue, receiver: &Receiver<Made>, bar: &ProgressBar) -> Written {
    let mut written = Written::default();
    let mut batch = Vec::new();
    let start = Instant::now();
    let mut analysed_secs = 0.0;
    let mut committed_at = start;
    loop {
        let made = receiver.recv_timeout(COMMIT_EVERY);
        let is_over = matches!(made, Err(RecvTimeoutError::Disconnected));
        if let Ok(made) = made {
            bar.inc(1);
            match made {
                Made::Song(song) => {
                    analysed_secs += song.duration_secs;
                    let rate = analysed_secs / start.elapsed().as_secs_f64();
                    bar.set_message(format!("{rate:.0} x real time"));
                    batch.push(*song);
                }
                Made::Known => written.known += 1,
                Made::Unusable(reason) => written.unusable.push(reason),
            }
        }
        let is_due = batch.len() >= COMMIT_SONGS || committed_at.elapsed() >= COMMIT_EVERY;
        if !batch.is_empty() && (is_due || is_over) {
            match catalogue.append(&batch) {
                Ok(added) => {
                    let secs = batch.iter().map(|song| song.duration_secs).sum::<f64>();
                    // Another writer may have been quicker with the others.
                    written.secs += secs * added as f64 / batch.len() as f64;
                    written.known += batch.len() - added;
                    written.added += added;
                }
                Err(error) => {
                    written.failure = Some(error);
                    return written;
                }
            }
            batch.clear();
            committed_at = Instant::now();
        }
        if is_over {
            written.unusable.sort();
            return written;
        }
    }
}
