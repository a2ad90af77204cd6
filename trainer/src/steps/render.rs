//! `render`: MIDI files to music that training can hear besides recordings.

use std::fs;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rustysynth::{SoundFont, Synthesizer, SynthesizerSettings};
use soundalike::FeatureConfig;
use soundalike_native::{progress, wav};
use walkdir::WalkDir;

use crate::midi::arrangement::{Ensemble, Event, Rendition};
use crate::midi::score::Score;
use crate::steps::partial_success::PartialSuccess;

/// Play MIDI files with random instruments: a folder for each ensemble, whose pieces share every sound and no notes
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

/// Peak of what is written: loud, without clipping.
const PEAK: f32 = 0.8;
/// Below this peak a rendition is silence: its notes are out of the instruments' range.
const LEAST_PEAK: f32 = 1e-3;

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
    let soundfont = soundfont(&args.soundfont)?;
    let mut files = midi_files(&args.midi)?;
    files.shuffle(&mut ChaCha8Rng::seed_from_u64(args.seed));
    let rendered = progress::each(&files, "render", |index, file| {
        render(args, &soundfont, file, index)
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

fn soundfont(path: &Path) -> Result<Arc<SoundFont>> {
    let mut file = File::open(path).with_context(|| format!("can't open {}", path.display()))?;
    let soundfont = SoundFont::new(&mut file)
        .with_context(|| format!("{} isn't a SoundFont 2", path.display()))?;
    Ok(Arc::new(soundfont))
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

/// Renders the piece of this index; what it draws depends on the seed and the index alone.
fn render(args: &Args, soundfont: &Arc<SoundFont>, file: &Path, index: usize) -> Result<()> {
    let album = index / args.pieces;
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let folder = args.out.join(format!("ensemble-{album:03}"));
    let score = Score::read(file)?;
    let generator = |stream: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
        rng.set_stream(stream as u64 + 1);
        rng
    };
    // Streams of ensembles lie beyond those of pieces.
    let ensemble = Ensemble::draw(&mut generator(usize::MAX / 2 + album));
    let rendition = draw_rendition(&score, args.secs, &mut generator(index));
    let events = ensemble.play(&score, &rendition);
    let samples = synthesise(soundfont, &events, rendition.duration_secs)?;
    let peak = samples
        .iter()
        .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    ensure!(peak >= LEAST_PEAK, "{} plays nothing", file.display());
    let samples: Vec<f32> = samples.iter().map(|sample| sample * PEAK / peak).collect();
    fs::create_dir_all(&folder)?;
    wav::write(
        &folder.join(format!("{name}.wav")),
        &samples,
        FeatureConfig::default().sample_rate_hz,
    )
}

/// Some part of a score, a little faster or slower, higher or lower.
fn draw_rendition(score: &Score, longest_secs: f64, rng: &mut ChaCha8Rng) -> Rendition {
    let tempo_ratio = rng.random_range(0.85..1.2);
    let played_secs = score.duration_secs() / tempo_ratio;
    let duration_secs = played_secs.min(longest_secs);
    Rendition {
        start_secs: rng.random_range(0.0..=1.0) * (played_secs - duration_secs) * tempo_ratio,
        duration_secs,
        tempo_ratio,
        semitones: rng.random_range(-4..=4),
    }
}

/// Mono samples at the model's rate.
fn synthesise(soundfont: &Arc<SoundFont>, events: &[Event], secs: f64) -> Result<Vec<f32>> {
    let rate_hz = FeatureConfig::default().sample_rate_hz;
    let settings = SynthesizerSettings::new(rate_hz as i32);
    let mut synthesizer =
        Synthesizer::new(soundfont, &settings).context("the synthesiser doesn't start")?;
    let count = (secs * f64::from(rate_hz)) as usize;
    let (mut left, mut right) = (vec![0.0; count], vec![0.0; count]);
    let mut rendered = 0;
    for event in events {
        let due = ((event.secs * f64::from(rate_hz)) as usize).clamp(rendered, count);
        synthesizer.render(&mut left[rendered..due], &mut right[rendered..due]);
        rendered = due;
        let [first, second] = event.data.map(i32::from);
        synthesizer.process_midi_message(
            i32::from(event.channel),
            i32::from(event.command),
            first,
            second,
        );
    }
    synthesizer.render(&mut left[rendered..], &mut right[rendered..]);
    Ok(left
        .iter()
        .zip(&right)
        .map(|(left, right)| 0.5 * (left + right))
        .collect())
}
