//! The pairs of all rows as files.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use rand::seq::SliceRandom as _;
use soundalike_trainer::midi::synthesis::Instruments;

use crate::encoding;
use crate::mixes::plan::{MixedPair, Plan, write_song};
use crate::mixes::rows::{self, Row};
use crate::mixes::scene::Scene;
use crate::mixes::studio::{self, Studio};
use crate::mixes::take::Take;
use crate::mixes::{MakeArgs, Truth, bad_inputs, negatives, originals, stems};
use crate::modification::Modification;
use crate::song_tables::{Pair, relative, write};
use crate::sound::Sound;
use crate::tools;

pub fn run(args: &MakeArgs) -> Result<()> {
    tools::require_all()?;
    let audio_dir = args.out.join("audio");
    std::fs::create_dir_all(&audio_dir)
        .with_context(|| format!("making {}", audio_dir.display()))?;
    let scratch = tempfile::tempdir_in(&args.out).context("making a folder for scratch files")?;
    let plan = Plan {
        args,
        audio_dir,
        scratch: scratch.path(),
    };
    let studio = Studio {
        originals: originals::write_all(
            &args.originals,
            &args.splits,
            args.split,
            args.longest_secs,
            &plan.audio_dir,
            args.seed,
        )?,
        speech: studio::speech(args.speech.as_deref(), scratch.path())?,
        instruments: Instruments::read(&args.soundfont)?,
        stretcher: args.stretch,
    };
    let mut pairs = positives(&plan, &studio)?;
    if let Some(midi) = &args.midi {
        pairs.extend(stems::pairs(&plan, &studio, midi)?);
    }
    let negatives = negatives::pairs(&plan, &studio, &pairs)?;
    pairs.extend(negatives);
    pairs.extend(bad_inputs::pairs(&plan, &studio)?);
    ensure!(!pairs.is_empty(), "no row has a name as in --rows");
    write_tables(&args.out, &pairs)?;
    print_counts(&pairs, studio.originals.len());
    Ok(())
}

/// The pairs of the selected positive rows: each row with songs of its own choice.
fn positives(plan: &Plan<'_>, studio: &Studio) -> Result<Vec<MixedPair>> {
    let selected = rows::all().filter(|row| plan.is_selected(row.name));
    let jobs: Vec<(&Row, usize)> = selected
        .flat_map(|row| {
            let mut suitable: Vec<usize> = (0..studio.originals.len())
                .filter(|&index| {
                    let original = &studio.originals[index];
                    original.duration_secs >= row.shortest_secs
                        && (original.is_stereo || !row.needs_stereo)
                })
                .collect();
            suitable.shuffle(&mut plan.rng(row.name, usize::MAX));
            suitable.truncate(plan.args.songs_per_row);
            suitable.into_iter().map(move |source| (row, source))
        })
        .collect();
    plan.each(jobs.len(), |number, folder| {
        let (row, source) = jobs[number];
        positive(plan, studio, row, source, folder)
            .with_context(|| format!("{} of {}", row.name, studio.originals[source].name))
    })
}

fn positive(
    plan: &Plan<'_>,
    studio: &Studio,
    row: &Row,
    source: usize,
    folder: &Path,
) -> Result<MixedPair> {
    let rng = plan.rng(row.name, source);
    let mut scene = Scene::new(studio, source, rng, folder)?;
    let Take { sound, passages } = (row.make)(&mut scene)?;
    let name = format!("{}-{source:03}", row.name);
    let right = match &row.codec {
        None => plan.write(&name, &sound)?,
        Some(codec) => coded(plan, &name, &sound, codec, folder)?,
    };
    Ok(MixedPair {
        pair: Pair {
            left: studio.originals[source].name.clone(),
            right,
            label: 1,
            perturbation: row.name.into(),
        },
        passages,
    })
}

/// Writes the sound as MP3; returns its path relative to the tables.
fn coded(
    plan: &Plan<'_>,
    name: &str,
    sound: &Sound,
    codec: &Modification,
    folder: &Path,
) -> Result<String> {
    let (plain, path) = (
        folder.join("plain.wav"),
        plan.audio_dir.join(format!("{name}.mp3")),
    );
    write_song(&plain, sound)?;
    encoding::encode(codec, &plain, &path, folder)?;
    relative(&path)
}

fn write_tables(out: &Path, pairs: &[MixedPair]) -> Result<()> {
    write(
        &out.join("songs.csv"),
        pairs.iter().map(|mixed| &mixed.pair),
    )?;
    let positive = pairs.iter().filter(|mixed| mixed.pair.label == 1);
    let truths = positive.map(|MixedPair { pair, passages }| {
        Ok(Truth {
            left: pair.left.clone(),
            right: pair.right.clone(),
            perturbation: pair.perturbation.clone(),
            passages: serde_json::to_string(passages)?,
        })
    });
    let truths: Vec<Truth> = truths.collect::<Result<_>>()?;
    write(&out.join("truth.csv"), truths)
}

fn print_counts(pairs: &[MixedPair], tracks: usize) {
    let mut counts: BTreeMap<(u8, &str), usize> = BTreeMap::new();
    for MixedPair { pair, .. } in pairs {
        *counts.entry((pair.label, &pair.perturbation)).or_default() += 1;
    }
    println!("songs.csv: {} pairs of {tracks} tracks", pairs.len());
    for ((_, row), count) in counts.iter().rev() {
        println!("{row:>32}  {count}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mixes::plan::seeded;
    use crate::mixes::take::mono;

    #[test]
    fn samples_of_a_file_keep_their_bits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("song.wav");
        let values = [i16::MIN, -12_345, -1, 0, 1, 777, i16::MAX];
        let samples = values.map(|value| f32::from(value) / 32_768.0);
        write_song(&path, &mono(samples.to_vec())).unwrap();
        assert_eq!(Sound::read_wav(&path).unwrap().samples, samples);
    }

    #[test]
    fn generators_differ_by_seed_row_and_number() {
        use rand::Rng as _;
        let draw = |seed, row, number| seeded(seed, row, number).random::<u64>();
        let drawn = [
            draw(1, "loop", 0),
            draw(2, "loop", 0),
            draw(1, "clip", 0),
            draw(1, "loop", 1),
        ];
        assert_eq!(drawn[0], draw(1, "loop", 0));
        for (index, one) in drawn.iter().enumerate() {
            assert!(!drawn[index + 1..].contains(one));
        }
    }
}
