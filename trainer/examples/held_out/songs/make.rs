//! Copies of whole songs, and songs with a passage of another one hidden in them.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use indicatif::ProgressBar;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::modification::{Modification, NoiseColour};
use crate::overlays::Overlays;
use crate::places::loud_place;
use crate::rendition::{Rendition, Workshop};
use crate::song_tables::{Pair, relative, write};
use crate::songs::Truth;
use crate::sound::{CONTEXT_SECS, Sound};
use crate::tools;
use crate::tracks::{Split, Track, held_out_tracks};

/// Length of a hidden passage.
const HIDDEN_SECS: f64 = 10.0;
/// Pitch relative to the original.
const HIDDEN_SEMITONES: f64 = 1.0;
/// Least length of the host before and after it.
const HOST_MARGIN_SECS: f64 = 5.0;
/// Length of the crossfade between host and passage.
const CROSSFADE_SECS: f64 = 0.02;

/// A right song to be made.
enum Job {
    Copy {
        track: usize,
        modification: Modification,
    },
    Host {
        track: usize,
        hidden: usize,
    },
}

pub fn run(
    manifest: &Path,
    originals: Option<&Path>,
    out: &Path,
    count: usize,
    seed: u64,
) -> Result<()> {
    tools::require_all()?;
    let tracks = held_out_tracks(manifest, Split::Test, originals)?;
    let audio_dir = out.join("audio");
    std::fs::create_dir_all(&audio_dir)
        .with_context(|| format!("making {}", audio_dir.display()))?;
    let scratch = tempfile::tempdir_in(out).context("making a folder for scratch files")?;
    let overlays = Overlays::new(scratch.path(), &tracks)?;

    let lefts: Vec<String> = tracks
        .iter()
        .enumerate()
        .map(|(index, track)| copy_original(index, track, &audio_dir))
        .collect::<Result<_>>()?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let jobs = jobs(count, &tracks, &mut rng)?;
    let studio = Studio {
        tracks: &tracks,
        overlays: &overlays,
        scratch: scratch.path(),
        audio_dir: &audio_dir,
        seed,
    };
    let made = studio.make_all(&jobs, &lefts)?;
    let pairs = pairs(&jobs, &made, &tracks, &lefts, &mut rng)?;
    write(&out.join("songs.csv"), pairs)?;
    let truths = made.into_iter().map(|(truth, _)| truth);
    write(&out.join("truth.csv"), truths)?;
    println!(
        "songs.csv: {} pairs, half of them positive, of {} tracks",
        2 * jobs.len(),
        tracks.len()
    );
    Ok(())
}

/// The inputs and folders that all jobs share.
struct Studio<'a> {
    tracks: &'a [Track],
    overlays: &'a Overlays,
    scratch: &'a Path,
    audio_dir: &'a Path,
    seed: u64,
}

impl Studio<'_> {
    /// The truth and the perturbation of each job, in their order; `lefts` are the paths of the
    /// originals.
    fn make_all(&self, jobs: &[Job], lefts: &[String]) -> Result<Vec<(Truth, String)>> {
        let progress = ProgressBar::new(jobs.len() as u64);
        let made = jobs
            .par_iter()
            .enumerate()
            .map(|(index, job)| {
                let (mut truth, perturbation) = self.make(index, job)?;
                truth.left.clone_from(&lefts[job.source()]);
                progress.inc(1);
                Ok((truth, perturbation))
            })
            .collect();
        progress.finish();
        made
    }

    /// Makes the right song of one job, in a scratch folder of its own.
    fn make(&self, index: usize, job: &Job) -> Result<(Truth, String)> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(1 + index as u64);
        let folder = self.scratch.join(index.to_string());
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        let path = self.audio_dir.join(format!("right-{index:03}"));
        let (Job::Copy { track, .. } | Job::Host { track, .. }) = job;
        let song = &self.tracks[*track];
        let workshop = Workshop {
            overlays: self.overlays,
            folder: &folder,
            track: *track,
        };
        let made = match job {
            Job::Copy { modification, .. } => (
                copy_song(song, modification, &workshop, &path, &mut rng)?,
                modification.to_string(),
            ),
            Job::Host { hidden, .. } => (
                hide_passage(song, &self.tracks[*hidden], &workshop, &path, &mut rng)?,
                format!("hidden{HIDDEN_SECS}s"),
            ),
        };
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("removing {}", folder.display()))?;
        Ok(made)
    }
}

/// A positive pair for each right song, then a negative one with the original of an unrelated
/// track.
fn pairs(
    jobs: &[Job],
    made: &[(Truth, String)],
    tracks: &[Track],
    lefts: &[String],
    rng: &mut ChaCha8Rng,
) -> Result<Vec<Pair>> {
    let mut pairs = Vec::with_capacity(2 * made.len());
    for (truth, perturbation) in made {
        pairs.push(Pair {
            left: truth.left.clone(),
            right: truth.right.clone(),
            label: 1,
            perturbation: perturbation.clone(),
        });
    }
    for (job, (truth, _)) in jobs.iter().zip(made) {
        let left = unrelated(job, tracks, rng)
            .context("every track is part of every pair: more tracks are needed")?;
        pairs.push(Pair {
            left: lefts[left].clone(),
            right: truth.right.clone(),
            label: 0,
            perturbation: "negative".into(),
        });
    }
    Ok(pairs)
}

impl Job {
    /// The track whose music is in both songs.
    fn source(&self) -> usize {
        match self {
            Self::Copy { track, .. } => *track,
            Self::Host { hidden, .. } => *hidden,
        }
    }
}

/// A quarter of `count` each, every track in turn.
fn jobs(count: usize, tracks: &[Track], rng: &mut ChaCha8Rng) -> Result<Vec<Job>> {
    let mut jobs = Vec::new();
    for index in 0..count / 4 {
        jobs.push(Job::Copy {
            track: index % tracks.len(),
            modification: draw_modification(index, rng)?,
        });
    }
    let long_enough = |secs: f64| {
        (0..tracks.len())
            .filter(move |&track| tracks[track].duration_secs >= secs)
            .collect::<Vec<_>>()
    };
    let mut hosts = long_enough(3.0 * HIDDEN_SECS);
    let hidden = long_enough(HIDDEN_SECS + 4.0 * CONTEXT_SECS);
    ensure!(
        hosts.len() >= 2,
        "fewer than two held-out tracks are long enough to hide a passage in"
    );
    hosts.shuffle(rng);
    for index in 0..count / 4 {
        let track = hosts[index % hosts.len()];
        let others: Vec<_> = hidden
            .iter()
            .copied()
            .filter(|other| *other != track)
            .collect();
        jobs.push(Job::Host {
            track,
            hidden: *others
                .choose(rng)
                .context("another track to hide a passage of")?,
        });
    }
    Ok(jobs)
}

/// The modification of the whole song with this index: one of five kinds in turn.
fn draw_modification(index: usize, rng: &mut ChaCha8Rng) -> Result<Modification> {
    let speed = |rng: &mut ChaCha8Rng| {
        let ratio: f64 = rng.random_range(0.8_f64.ln()..1.25_f64.ln()).exp();
        (ratio * 100.0).round() / 100.0
    };
    Ok(match index % 5 {
        0 => Modification::Pitch {
            semitones: *[-3.0, -2.0, -1.0, 1.0, 2.0, 3.0]
                .choose(rng)
                .context("a constant list")?,
        },
        1 => Modification::Speed { ratio: speed(rng) },
        2 => Modification::Tempo { ratio: speed(rng) },
        3 => Modification::Mp3 { kbps: 64 },
        _ => Modification::Noise {
            colour: NoiseColour::White,
            snr_db: 15.0,
        },
    })
}

/// A track that shares nothing with the right song, of another album where there is one.
fn unrelated(job: &Job, tracks: &[Track], rng: &mut ChaCha8Rng) -> Option<usize> {
    let parts = match job {
        Job::Copy { track, .. } => vec![*track],
        Job::Host { track, hidden } => vec![*track, *hidden],
    };
    let others: Vec<usize> = (0..tracks.len())
        .filter(|track| !parts.contains(track))
        .collect();
    let is_unrelated = |track: &usize| {
        parts
            .iter()
            .all(|part| !tracks[*part].is_related_to(&tracks[*track]))
    };
    let strangers: Vec<usize> = others.iter().copied().filter(is_unrelated).collect();
    strangers
        .choose(rng)
        .or_else(|| others.choose(rng))
        .copied()
}

/// Copies the song as it is; returns its path relative to the tables.
fn copy_original(index: usize, track: &Track, audio_dir: &Path) -> Result<String> {
    let extension = track.path.extension().unwrap_or_default().to_string_lossy();
    let name = format!("left-{index:03}.{extension}");
    std::fs::copy(&track.path, audio_dir.join(&name))
        .with_context(|| format!("copying {}", track.path.display()))?;
    Ok(format!("audio/{name}"))
}

fn copy_song(
    track: &Track,
    modification: &Modification,
    workshop: &Workshop<'_>,
    path: &Path,
    rng: &mut ChaCha8Rng,
) -> Result<Truth> {
    let song = Sound::decode_stereo(&track.path)?.mono();
    let duration_secs = song.duration_secs();
    let mut rendition = Rendition {
        sound: song,
        measured_secs: [0.0, duration_secs],
    };
    let is_codec = modification.stage() == 4;
    if !is_codec {
        rendition.modify(modification, workshop, rng)?;
    }
    let path = rendition.write(path, is_codec.then_some(modification), workshop)?;
    let speed_ratio = modification.speed_ratio();
    let pitch_shift_semitones = match modification {
        Modification::Pitch { semitones } => *semitones,
        Modification::Speed { ratio } => 12.0 * ratio.log2(),
        _ => 0.0,
    };
    Ok(Truth {
        left: String::new(),
        right: relative(&path)?,
        whole: true,
        left_start_secs: 0.0,
        left_end_secs: duration_secs,
        right_start_secs: 0.0,
        right_end_secs: duration_secs / speed_ratio,
        speed_ratio,
        pitch_shift_semitones,
    })
}

/// Writes `host` with a passage of `hidden` in it.
fn hide_passage(
    host: &Track,
    hidden: &Track,
    workshop: &Workshop<'_>,
    path: &Path,
    rng: &mut ChaCha8Rng,
) -> Result<Truth> {
    let (left_start_secs, passage) = shifted_passage(hidden, workshop, rng)?;
    let mut song = Sound::decode_stereo(&host.path)?.mono();
    let right_start_secs =
        rng.random_range(HOST_MARGIN_SECS..song.duration_secs() - HIDDEN_SECS - HOST_MARGIN_SECS);
    crossfade(&mut song, &passage, right_start_secs);
    let whole_secs = [0.0, song.duration_secs()];
    let path = Rendition {
        sound: song,
        measured_secs: whole_secs,
    }
    .write(path, None, workshop)?;
    Ok(Truth {
        left: String::new(),
        right: relative(&path)?,
        whole: false,
        left_start_secs,
        left_end_secs: left_start_secs + HIDDEN_SECS,
        right_start_secs,
        right_end_secs: right_start_secs + HIDDEN_SECS,
        speed_ratio: 1.0,
        pitch_shift_semitones: HIDDEN_SEMITONES,
    })
}

/// Start and sound of a loud passage of a track, shifted in pitch.
fn shifted_passage(
    track: &Track,
    workshop: &Workshop<'_>,
    rng: &mut ChaCha8Rng,
) -> Result<(f64, Sound)> {
    let source = Sound::decode_stereo(&track.path)?.mono();
    let after_secs = CONTEXT_SECS + HIDDEN_SECS;
    let start_secs = loud_place(&source, CONTEXT_SECS, after_secs, HIDDEN_SECS, rng);
    let mut passage = Rendition {
        sound: source.between(
            start_secs - CONTEXT_SECS,
            start_secs + HIDDEN_SECS + CONTEXT_SECS,
        ),
        measured_secs: [CONTEXT_SECS, CONTEXT_SECS + HIDDEN_SECS],
    };
    let shift = Modification::Pitch {
        semitones: HIDDEN_SEMITONES,
    };
    passage.modify(&shift, workshop, rng)?;
    let passage = passage
        .sound
        .between(CONTEXT_SECS, CONTEXT_SECS + HIDDEN_SECS);
    Ok((start_secs, passage))
}

/// Replaces a stretch of `host`, both mono, by `passage`, with a linear crossfade at both ends.
fn crossfade(host: &mut Sound, passage: &Sound, start_secs: f64) {
    let start = (start_secs * f64::from(host.rate_hz)) as usize;
    let fade = (CROSSFADE_SECS * f64::from(host.rate_hz)) as usize;
    let length = passage.samples.len();
    let replaced = host.samples[start..start + length].iter_mut();
    for (index, (sample, hidden)) in replaced.zip(&passage.samples).enumerate() {
        let share = (index.min(length - 1 - index) as f32 / fade as f32).min(1.0);
        *sample = share * hidden + (1.0 - share) * *sample;
    }
}
