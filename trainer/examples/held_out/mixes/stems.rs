//! Stems: lead and backing of pieces that a synthesiser plays, alone and together.
//!
//! The pieces are those of POP909, whose files have the melody, its bridge and the piano as parts.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use rand::Rng as _;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use soundalike_trainer::midi::arrangement::{Ensemble, Event, Rendition};
use soundalike_trainer::midi::sequence::{Note, Sequence};
use walkdir::WalkDir;

use crate::mixes::plan::{MixedPair, Plan};
use crate::mixes::sounds::drums::DrumLoop;
use crate::mixes::studio::Studio;
use crate::mixes::take::{Passage, mono};
use crate::song_tables::Pair;
use crate::sound::Sound;
use crate::tracks::Split;

/// Length of a piece at most, and of its introduction before the lead.
const PIECE_SECS: f64 = 75.0;
const INTRODUCTION_SECS: f64 = 4.0;
/// Rests of the lead up to this length don't interrupt a passage.
const LONGEST_REST_SECS: f64 = 2.0;
/// Shorter passages of the lead are no true passages.
const SHORTEST_PASSAGE_SECS: f64 = 3.0;
/// General MIDI programs that carry a melody: guitars, bowed strings, voices, winds, synthesisers.
const LEAD_PROGRAMS: [std::ops::Range<u8>; 5] = [24..32, 40..43, 52..55, 64..80, 80..88];

/// Lead relative to the backing, in dB, where songs are compared with their own backing.
const LEADS_DB: [(&str, f64); 4] = [
    ("instrumental-lead-12dB-below", -12.0),
    ("instrumental-lead-6dB-below", -6.0),
    ("instrumental-lead-3dB-below", -3.0),
    ("instrumental-lead-0dB", 0.0),
];
const ALONE: &str = "stem-alone";
const NEW_DRUMS: &str = "stem-new-drums";
const OTHER_BACKING: &str = "stem-other-backing";

/// A piece as two sounds of the same length.
struct Piece {
    lead: Sound,
    backing: Sound,
    /// Times in which the lead plays.
    lead_secs: Vec<[f64; 2]>,
}

/// The pairs of the selected rows.
pub fn pairs(plan: &Plan<'_>, studio: &Studio, midi: &Path) -> Result<Vec<MixedPair>> {
    let levels = LEADS_DB.map(|(row, _)| row);
    let mut all_rows = [ALONE, NEW_DRUMS, OTHER_BACKING].into_iter().chain(levels);
    if !all_rows.any(|row| plan.is_selected(row)) {
        return Ok(Vec::new());
    }
    let mut files = midi_files(midi, plan.args.split)?;
    files.shuffle(&mut plan.rng("stems", usize::MAX));
    files.truncate(plan.args.songs_per_row);
    let pieces = plan.each(files.len(), |number, _| {
        let mut rng = plan.rng("stems", number);
        Piece::play(studio, &files[number], &mut rng)
            .with_context(|| format!("playing {}", files[number].display()))
    })?;
    let pairs = plan.each(pieces.len(), |number, _| {
        let other = &pieces[(number + 1) % pieces.len()];
        let mut rng = plan.rng("stems-drums", number);
        let drums = DrumLoop::draw(&mut rng).play(&studio.instruments, PIECE_SECS)?;
        pieces[number].pairs(plan, number, &drums, &other.backing)
    })?;
    Ok(pairs.into_iter().flatten().collect())
}

/// Every second piece is for the test, the others for validation.
fn midi_files(folder: &Path, split: Split) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).follow_links(true) {
        let entry = entry.with_context(|| format!("reading {}", folder.display()))?;
        if entry.path().extension() == Some(OsStr::new("mid")) {
            files.push(entry.into_path());
        }
    }
    files.sort();
    let first = match split {
        Split::Test => 0,
        Split::Validation => 1,
    };
    let files: Vec<PathBuf> = files.into_iter().skip(first).step_by(2).collect();
    ensure!(
        files.len() >= 2,
        "{} has fewer than four MIDI files",
        folder.display()
    );
    Ok(files)
}

impl Piece {
    fn play(studio: &Studio, path: &Path, rng: &mut ChaCha8Rng) -> Result<Self> {
        let mut sequence = Sequence::read(path)?;
        // The piano is the last part, in all files.
        let backing = sequence.parts.pop().context("it has no parts")?;
        let mut lead: Vec<Note> = sequence.parts.drain(..).flatten().collect();
        lead.sort_by(|one, other| one.start_secs.total_cmp(&other.start_secs));
        let first = lead.first().context("it has one part only")?;
        let start_secs = (first.start_secs - INTRODUCTION_SECS).max(0.0);
        sequence.parts = vec![backing];
        let rendition = Rendition {
            start_secs,
            duration_secs: (sequence.duration_secs() - start_secs).min(PIECE_SECS),
            tempo_ratio: 1.0,
            semitones: 0,
        };
        let secs = rendition.duration_secs;
        let ensemble = Ensemble::draw(rng);
        let backing = studio
            .instruments
            .play(&ensemble.play(&sequence, &rendition), secs)?
            .context("the backing is silent")?;
        let family = LEAD_PROGRAMS.choose(rng).context("a constant list")?;
        let events = lead_events(&lead, rng.random_range(family.clone()), start_secs, secs);
        let lead_sound = studio
            .instruments
            .play(&events, secs)?
            .context("the lead is silent")?;
        Ok(Self {
            lead: mono(lead_sound),
            backing: mono(backing),
            lead_secs: playing_secs(&lead, start_secs, secs),
        })
    }

    /// The pairs of all selected rows.
    fn pairs(
        &self,
        plan: &Plan<'_>,
        number: usize,
        drums: &Sound,
        other_backing: &Sound,
    ) -> Result<Vec<MixedPair>> {
        let mut pairs = Vec::new();
        let mut add = |row: &str, left: &str, right: &Sound, passages_secs: &[[f64; 2]]| {
            pairs.push(MixedPair {
                pair: Pair {
                    left: left.into(),
                    right: plan.write(&format!("{row}-{number:03}"), right)?,
                    label: 1,
                    perturbation: row.into(),
                },
                passages: passages_secs.iter().map(unchanged).collect(),
            });
            anyhow::Ok(())
        };
        let full = |level_db: f64| -> Result<String> {
            let name = format!("stems-full{level_db:+}dB-{number:03}");
            plan.write(&name, &self.lead_over(&self.backing, level_db)?)
        };
        let whole_secs = [[0.0, self.backing.duration_secs()]];
        for (row, level_db) in LEADS_DB {
            if plan.is_selected(row) {
                add(row, &full(level_db)?, &self.backing, &whole_secs)?;
            }
        }
        let stems = [
            (ALONE, None),
            (NEW_DRUMS, Some(drums)),
            (OTHER_BACKING, Some(other_backing)),
        ];
        for (row, under) in stems {
            if plan.is_selected(row) {
                let right = match under {
                    None => self.lead.clone(),
                    Some(under) => self.lead_over(under, 0.0)?,
                };
                add(row, &full(0.0)?, &right, &self.lead_secs)?;
            }
        }
        Ok(pairs)
    }

    /// The lead with another sound, repeated where it ends. Levels are measured where the lead
    /// plays.
    fn lead_over(&self, other: &Sound, level_db: f64) -> Result<Sound> {
        let others: Vec<f32> = other
            .samples
            .iter()
            .cycle()
            .take(self.lead.samples.len())
            .copied()
            .collect();
        let others = mono(others);
        let level = |sound: &Sound| {
            let parts = self.lead_secs.iter();
            let playing: Vec<f32> = parts
                .flat_map(|[start, end]| sound.between(*start, *end).samples)
                .collect();
            let secs = mono(playing);
            secs.rms_between(0.0, secs.duration_secs())
        };
        let (own, of_others) = (level(&self.lead), level(&others));
        ensure!(own > 0.0 && of_others > 0.0, "a stem is silent");
        let gain = (of_others / own * 10_f64.powf(level_db / 20.0)) as f32;
        let both = self.lead.samples.iter().zip(&others.samples);
        Ok(mono(
            both.map(|(lead, other)| gain * lead + other).collect(),
        ))
    }
}

/// The events of the notes that begin within the piece, on one instrument.
fn lead_events(notes: &[Note], program: u8, start_secs: f64, secs: f64) -> Vec<Event> {
    let event = |secs, command, data| Event {
        secs,
        channel: 0,
        command,
        data,
    };
    let within = notes
        .iter()
        .filter(|note| (0.0..secs).contains(&(note.start_secs - start_secs)));
    let mut events = vec![event(0.0, 0xC0, [program, 0])];
    events.extend(within.flat_map(|note| {
        [
            event(
                note.start_secs - start_secs,
                0x90,
                [note.key, note.velocity],
            ),
            event(note.end_secs - start_secs, 0x90, [note.key, 0]),
        ]
    }));
    events.sort_by(|one, other| one.secs.total_cmp(&other.secs));
    events
}

/// The times in which notes sound, without long rests.
fn playing_secs(notes: &[Note], start_secs: f64, secs: f64) -> Vec<[f64; 2]> {
    let mut playing: Vec<[f64; 2]> = Vec::new();
    for note in notes {
        let [start, end] = [note.start_secs, note.end_secs].map(|at| (at - start_secs).min(secs));
        if start < 0.0 || start >= secs {
            continue;
        }
        match playing.last_mut() {
            Some([_, last]) if start - *last <= LONGEST_REST_SECS => *last = last.max(end),
            _ => playing.push([start, end]),
        }
    }
    playing.retain(|[start, end]| end - start >= SHORTEST_PASSAGE_SECS);
    playing
}

/// A true passage at the same time of both songs.
fn unchanged(secs: &[f64; 2]) -> Passage {
    Passage {
        left_secs: *secs,
        right_secs: *secs,
        speed_ratio: 1.0,
        semitones: 0.0,
        knots: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mixes::take::samples;

    fn note(start_secs: f64, end_secs: f64) -> Note {
        Note {
            start_secs,
            end_secs,
            key: 60,
            velocity: 90,
        }
    }

    #[test]
    fn long_rests_divide_the_passages_of_a_lead() {
        let notes = [
            note(1.0, 2.0),
            note(10.0, 12.0),
            note(13.5, 15.0),
            note(20.0, 21.0),
            note(30.0, 50.0),
        ];
        // The first note is before the piece, the note at 20 s too short, the last one cut.
        assert_eq!(playing_secs(&notes, 5.0, 30.0), [[5.0, 10.0], [25.0, 30.0]]);
    }

    #[test]
    fn the_level_of_a_lead_is_measured_where_it_plays() {
        let wave = |hz: f32| move |index: usize| (hz * index as f32).sin();
        let mut lead: Vec<f32> = (0..samples(10.0)).map(wave(0.2)).collect();
        lead[samples(5.0)..].fill(0.0);
        let backing: Vec<f32> = (0..samples(10.0)).map(wave(0.3)).collect();
        let piece = Piece {
            lead: mono(lead),
            backing: mono(backing),
            lead_secs: vec![[0.0, 5.0]],
        };
        let full = piece.lead_over(&piece.backing, -6.0).unwrap();
        let both = full.samples.iter().zip(&piece.backing.samples);
        let lead = mono(both.map(|(full, backing)| full - backing).collect());
        let level_db =
            20.0 * (lead.rms_between(0.0, 5.0) / piece.backing.rms_between(0.0, 5.0)).log10();
        assert!((level_db + 6.0).abs() < 0.05, "{level_db}");
    }
}
