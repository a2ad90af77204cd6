//! `render`: MIDI files to audio for training, besides recordings.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use soundalike::FeatureConfig;
use soundalike_native::{progress, wav};
use walkdir::WalkDir;

use crate::midi::arrangement::{Ensemble, Rendition};
use crate::midi::sequence::Sequence;
use crate::midi::synthesis::Instruments;
use crate::partial_success::PartialSuccess;
use crate::training::batches::training_tracks::{BACKING_ENDING, LEAD_ENDING};

/// Play MIDI files with random instruments: a folder for each ensemble, whose pieces share every
/// sound and no notes
#[derive(clap::Args)]
pub struct Args {
    /// MIDI files, or folders of them
    #[arg(long, required = true, num_args = 1..)]
    midi: Vec<PathBuf>,
    /// A SoundFont 2 with the General MIDI programs
    #[arg(long)]
    soundfont: PathBuf,
    /// Folder to write WAV files to, in folders of their own for each ensemble
    #[arg(long)]
    out: PathBuf,
    /// Play the last part with bass and drums (the accompaniment in POP909) and the parts before it
    /// (the melody) as two files, NAME.backing.wav and NAME.lead.wav, which `train` mixes
    #[arg(long)]
    stems: bool,
    /// Pieces that each ensemble plays
    #[arg(long, default_value_t = 8)]
    pieces: usize,
    /// Length of each piece at most
    #[arg(long, default_value_t = 40.0)]
    secs: f64,
    /// Seed of ensembles and renditions
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the step.
///
/// # Errors
///
/// When the SoundFont can't be read, there are no MIDI files, or none of them can be played.
pub fn run(args: &Args) -> Result<()> {
    ensure!(
        args.pieces > 0 && args.secs > 0.0,
        "--pieces and --secs must be positive"
    );
    let instruments = Instruments::read(&args.soundfont)?;
    let mut files = midi_files(&args.midi)?;
    files.shuffle(&mut ChaCha8Rng::seed_from_u64(args.seed));
    let rendered = progress::each(&files, "render", |index, file| {
        render(args, &instruments, file, index)
    });
    println!(
        "{rendered} pieces rendered to {}, {} skipped",
        args.out.display(),
        files.len() - rendered
    );
    if rendered == 0 {
        bail!("none of {} MIDI files could be played", files.len());
    }
    PartialSuccess::unless_none(
        &[(
            files.len() - rendered,
            &format!("of {} files could not be played", files.len()),
        )],
        "the others are there",
    )
}

fn midi_files(roots: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for root in roots {
        for entry in WalkDir::new(root).follow_links(true) {
            let entry = entry.with_context(|| format!("can't read {}", root.display()))?;
            let extension = entry.path().extension().unwrap_or_default();
            if entry.file_type().is_file()
                && (extension.eq_ignore_ascii_case("mid") || extension.eq_ignore_ascii_case("midi"))
            {
                files.push(entry.into_path());
            }
        }
    }
    ensure!(!files.is_empty(), "there are no MIDI files");
    files.sort();
    files.dedup();
    Ok(files)
}

/// Renders the piece of this index; its random choices depend on the seed and the index alone.
fn render(args: &Args, instruments: &Instruments, file: &Path, index: usize) -> Result<()> {
    let album = index / args.pieces;
    let sequence = Sequence::read(file)?;
    let generator = |stream: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
        rng.set_stream(stream as u64 + 1);
        rng
    };
    // Streams of ensembles lie beyond those of pieces.
    let ensemble = Ensemble::draw(&mut generator(usize::MAX / 2 + album));
    let rendition = Rendition::draw(&sequence, args.secs, &mut generator(index));
    let folder = args.out.join(format!("ensemble-{album:03}"));
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let play = |ensemble: &Ensemble, sequence: &Sequence| {
        let events = ensemble.play(sequence, &rendition);
        let samples = instruments.play(&events, rendition.duration_secs)?;
        samples.with_context(|| format!("{} plays nothing", file.display()))
    };
    let write = |ending: &str, samples: &[f32]| {
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{name}{ending}"));
        wav::write(&path, samples, FeatureConfig::default().sample_rate_hz)
    };
    if !args.stems {
        return write(".wav", &play(&ensemble, &sequence)?);
    }
    let [lead, backing] = lead_and_backing(sequence)
        .with_context(|| format!("{} has one part only", file.display()))?;
    let (lead, backing) = (
        play(&ensemble.without_rhythm(), &lead)?,
        play(&ensemble, &backing)?,
    );
    write(LEAD_ENDING, &lead)?;
    write(BACKING_ENDING, &backing)
}

/// The parts before the last one, and the last one. The parts keep their numbers and with them
/// their instruments.
fn lead_and_backing(sequence: Sequence) -> Option<[Sequence; 2]> {
    let last = sequence.parts.len() - 1;
    let with_parts = |is_kept: &dyn Fn(usize) -> bool| Sequence {
        parts: (sequence.parts.iter().enumerate())
            .map(|(part, notes)| match is_kept(part) {
                true => notes.clone(),
                false => Vec::new(),
            })
            .collect(),
        names: sequence.names.clone(),
        beat_secs: sequence.beat_secs,
    };
    (last > 0).then(|| {
        [
            with_parts(&|part| part < last),
            with_parts(&|part| part == last),
        ]
    })
}
