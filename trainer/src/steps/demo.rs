//! `demo`: the changes in the report of the predecessor, a PyTorch model of the same task, for one
//! song and another.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use soundalike::training::LogMelPlan;
use soundalike::{Checker, FeatureConfig, Waveform};
use soundalike_native::{audio_file, progress, wav, weights};
use soundalike_tables::recipe::{Change, Recipe};

use crate::changes::perturb;
use crate::corpus::passages;
use crate::figures::plots::spectrogram::{self, Comparison};

/// Score eight changes of a song: scores, spectrogram pictures, audio and a Markdown table
#[derive(clap::Args)]
pub struct Args {
    /// The song that is changed
    #[arg(long)]
    audio: PathBuf,
    /// Another song
    #[arg(long)]
    different: PathBuf,
    /// Folder to write demo.md, the pictures and the audio to
    #[arg(long)]
    out: PathBuf,
    /// Start of the excerpt in both songs; in the middle by default
    #[arg(long)]
    start_secs: Option<f64>,
    /// Weights to use instead of the shipped ones
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Seed of the noise
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Length of the compared excerpt: a tempo of 1.3 leaves several passages of 3 s.
const EXCERPT_SECS: f64 = 30.0;
/// Hop between passages of the original.
const PASSAGE_HOP_SECS: f64 = 1.5;

/// A row of the table.
struct Row {
    /// Name of its files.
    file: &'static str,
    /// Name of the change in the table.
    title: &'static str,
    /// Score of the predecessor, from its authors' report.
    predecessor: f64,
    treatment: Treatment,
}

enum Treatment {
    /// The other song, unchanged.
    Different,
    /// The same song: changes, then white noise of this standard deviation (full scale = 1).
    Changed(&'static [Change], f32),
}

const ROWS: [Row; 8] = [
    Row {
        file: "different",
        title: "different song",
        predecessor: 0.36,
        treatment: Treatment::Different,
    },
    Row {
        file: "pitch-1",
        title: "pitch +1 semitone",
        predecessor: 0.94,
        treatment: Treatment::Changed(&[Change::Pitch(1.0)], 0.0),
    },
    Row {
        file: "pitch-4",
        title: "pitch +4 semitones",
        predecessor: 0.87,
        treatment: Treatment::Changed(&[Change::Pitch(4.0)], 0.0),
    },
    Row {
        file: "tempo-10",
        title: "tempo +10 %",
        predecessor: 0.54,
        treatment: Treatment::Changed(&[Change::Tempo(1.1)], 0.0),
    },
    Row {
        file: "tempo-30",
        title: "tempo +30 %",
        predecessor: 0.20,
        treatment: Treatment::Changed(&[Change::Tempo(1.3)], 0.0),
    },
    Row {
        file: "noise-light",
        title: "light white noise (sigma 0.01)",
        predecessor: 0.85,
        treatment: Treatment::Changed(&[], 0.01),
    },
    Row {
        file: "noise-heavy",
        title: "heavy white noise (sigma 0.05)",
        predecessor: 0.58,
        treatment: Treatment::Changed(&[], 0.05),
    },
    Row {
        file: "combined",
        title: "combined: pitch +2, tempo x1.2, noise 0.02",
        predecessor: 0.58,
        treatment: Treatment::Changed(&[Change::Pitch(2.0), Change::Tempo(1.2)], 0.02),
    },
];

/// The scores of a row.
struct Found {
    /// Score of the pictured passage.
    passage: f32,
    /// Mean over all passages of the excerpt, and their number.
    mean: f32,
    passages: usize,
    /// Score of the two excerpts, compared as the page compares songs.
    song: f64,
}

pub fn run(args: &Args) -> Result<()> {
    let checker = weights::checker(args.weights.as_deref())?;
    let original = excerpt(&args.audio, args.start_secs)?;
    let different = excerpt(&args.different, args.start_secs)?;
    fs::create_dir_all(&args.out).with_context(|| format!("can't make {}", args.out.display()))?;
    save_audio(&args.out.join("original.wav"), &original)?;

    let bar = progress::bar(ROWS.len(), "demo");
    let mut found = Vec::with_capacity(ROWS.len());
    for row in &ROWS {
        let other = row.treatment.apply(&original, &different, args.seed)?;
        save_audio(&args.out.join(row.file).with_extension("wav"), &other)?;
        let speed = row.treatment.speed_ratio();
        found.push(compare(&checker, &original, &other, speed, row, &args.out)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let table = table(args, &found)?;
    let path = args.out.join("demo.md");
    fs::write(&path, &table).with_context(|| format!("can't write {}", path.display()))?;
    for (row, found) in ROWS.iter().zip(&found) {
        println!(
            "{:>44}  {:.3}  (predecessor {:.2}; passage pictured {:.3}, as songs {:.3})",
            row.title, found.mean, row.predecessor, found.passage, found.song
        );
    }
    println!("{}", path.display());
    Ok(())
}

/// A stretch of a song at the model's rate.
fn excerpt(path: &Path, start_secs: Option<f64>) -> Result<Waveform> {
    let features = FeatureConfig::default();
    let song = audio_file::load(path)?;
    let length_secs = song.duration_secs().min(EXCERPT_SECS);
    let start_secs = start_secs.unwrap_or((song.duration_secs() - length_secs) / 2.0);
    // A copy that is 30 % faster needs this much for two passages.
    let least_secs = 3.0 * features.segment_secs();
    ensure!(
        start_secs >= 0.0 && song.duration_secs() - start_secs >= least_secs,
        "{} has no {least_secs:.0} s from {start_secs:.1} s on",
        path.display()
    );
    let length_secs = length_secs.min(song.duration_secs() - start_secs);
    let samples = (length_secs * f64::from(features.sample_rate_hz)) as usize;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(Waveform::new(
        &name,
        song.excerpt(start_secs, samples),
        features.sample_rate_hz,
    )?)
}

impl Treatment {
    fn speed_ratio(&self) -> f64 {
        match self {
            Self::Different => 1.0,
            Self::Changed(changes, _) => f64::from(recipe(changes).speed_ratio()),
        }
    }

    /// The right song of the row.
    fn apply(&self, original: &Waveform, different: &Waveform, seed: u64) -> Result<Waveform> {
        let Self::Changed(changes, sigma) = self else {
            return Ok(different.clone());
        };
        let rate_hz = original.sample_rate_hz();
        let mut samples = perturb::apply(original.samples(), rate_hz, &recipe(changes))?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for sample in &mut samples {
            *sample += sigma * gaussian(&mut rng);
        }
        Ok(Waveform::new("the changed song", samples, rate_hz)?)
    }
}

fn recipe(changes: &[Change]) -> Recipe {
    Recipe {
        changes: changes.to_vec(),
        seed: 0,
    }
}

/// A normally distributed number (G. Box and M. Muller, 1958).
fn gaussian(rng: &mut ChaCha8Rng) -> f32 {
    let radius = (-2.0 * (1.0 - rng.random::<f32>()).ln()).sqrt();
    radius * (std::f32::consts::TAU * rng.random::<f32>()).cos()
}

/// Scores the excerpts passage by passage and as songs; draws the middle passage.
fn compare(
    checker: &Checker,
    original: &Waveform,
    other: &Waveform,
    speed: f64,
    row: &Row,
    out: &Path,
) -> Result<Found> {
    let features = FeatureConfig::default();
    let mut plan = LogMelPlan::new(&features);
    let last_secs = original.duration_secs().min(other.duration_secs() * speed)
        - features.segment_secs() * speed.max(1.0);
    let mut pairs = Vec::new();
    let mut start_secs = 0.0;
    while start_secs <= last_secs {
        let mut cut = |song: &Waveform, secs| {
            let samples = song.excerpt(secs, features.segment_samples);
            let clip = passages::clip(checker, &samples)?;
            anyhow::Ok((plan.segment_db(&samples), clip))
        };
        pairs.push([cut(original, start_secs)?, cut(other, start_secs / speed)?]);
        start_secs += PASSAGE_HOP_SECS;
    }
    let scores: Vec<f32> = pairs
        .iter()
        .map(|[(_, left), (_, right)]| passages::clip_score(checker, [left, right]))
        .collect();
    let middle = scores.len() / 2;
    let title = format!("{}: score {:.3}", row.title, scores[middle]);
    let comparison = Comparison {
        title: &title,
        sides: [
            ("original", &pairs[middle][0].0),
            (row.side_name(), &pairs[middle][1].0),
        ],
    };
    spectrogram::save(&out.join(row.file).with_extension("png"), &comparison)?;

    let analyse = |song: &Waveform| {
        pollster::block_on(checker.analyse("the excerpt", song.clone(), |_, _| ()))
    };
    let report = checker.compare(&analyse(original)?, &analyse(other)?, |_, _| ());
    Ok(Found {
        passage: scores[middle],
        mean: scores.iter().sum::<f32>() / scores.len() as f32,
        passages: scores.len(),
        song: report.score,
    })
}

impl Row {
    fn side_name(&self) -> &'static str {
        match self.treatment {
            Treatment::Different => "different song",
            Treatment::Changed(..) => "changed",
        }
    }
}

fn table(args: &Args, found: &[Found]) -> Result<String> {
    let name = |path: &Path| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let mut text = format!(
        "# One song, changed\n\n`{}` against its changed copies, and against `{}`. \
         The score is the mean over the {} passages of three seconds in an excerpt\n\
         of {EXCERPT_SECS:.0} s; the picture shows the middle one. \
         The predecessor's scores are from its authors' report, for another song.\n\n\
         | change | predecessor | score | as whole songs | pictured passage | audio |\n|---|---|---|---|---|---|\n",
        name(&args.audio),
        name(&args.different),
        found
            .iter()
            .map(|found| found.passages)
            .max()
            .unwrap_or_default(),
    );
    for (row, found) in ROWS.iter().zip(found) {
        writeln!(
            text,
            "| {} | {:.2} | **{:.3}** | {:.3} | [{:.3}]({}.png) | [WAV]({}.wav) |",
            row.title, row.predecessor, found.mean, found.song, found.passage, row.file, row.file
        )?;
    }
    for row in &ROWS {
        write!(text, "\n![Spectrograms: {}]({}.png)\n", row.title, row.file)?;
    }
    Ok(text)
}

fn save_audio(path: &Path, song: &Waveform) -> Result<()> {
    wav::write(path, song.samples(), song.sample_rate_hz())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_has_the_given_standard_deviation() {
        let rate_hz = 22_050;
        let song = Waveform::new("song", vec![0.25; 44_100], rate_hz).unwrap();
        let noisy = Treatment::Changed(&[], 0.05)
            .apply(&song, &song, 3)
            .unwrap();
        let differences: Vec<f32> = noisy.samples().iter().map(|sample| sample - 0.25).collect();
        let mean = differences.iter().sum::<f32>() / 44_100.0;
        let variance = differences
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f32>()
            / 44_100.0;
        // The standard error of each is below 0.0003.
        assert!(
            mean.abs() < 0.001 && (variance.sqrt() - 0.05).abs() < 0.001,
            "{mean} {variance}"
        );
    }

    #[test]
    fn rows_change_the_speed_by_their_titles() {
        let speeds: Vec<f64> = ROWS.iter().map(|row| row.treatment.speed_ratio()).collect();
        let expected = [1.0, 1.0, 1.0, 1.1, 1.3, 1.0, 1.0, 1.2];
        assert!(
            speeds
                .iter()
                .zip(expected)
                .all(|(speed, expected)| (speed - expected).abs() < 1e-6),
            "{speeds:?}"
        );
    }
}
