//! The music for training in memory, and the choice of tracks for a batch.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use soundalike::FeatureConfig;
use soundalike::training::LogMelPlan;
use soundalike_native::{audio_file, progress};
use soundalike_tables::pair_table::Pair;

use crate::corpus::passage_starts::starts_secs;
use crate::training::batches::spectral_bank::{ShiftedMelBanks, TrackSpectra};
use crate::training::train_config::TrainConfig;

/// Endings of the files of a piece in two stems, which are one track.
pub const LEAD_ENDING: &str = ".lead.wav";
/// The file beside that of the lead.
pub const BACKING_ENDING: &str = ".backing.wav";

/// All tracks, by album.
pub struct TrainingTracks {
    tracks: Vec<Track>,
    albums: Vec<Album>,
    tracks_per_batch: usize,
    tracks_per_album: usize,
}

struct Track {
    /// Of a piece in stems, its lead.
    spectra: TrackSpectra,
    backing: Option<TrackSpectra>,
    starts_secs: Vec<f64>,
}

/// Tracks of one folder.
struct Album {
    tracks: Vec<usize>,
    /// Weight in the draw.
    weight: f64,
}

/// A file to be loaded.
struct Source {
    path: PathBuf,
    /// Starts of passages; empty when they may start anywhere.
    starts_secs: Vec<f64>,
    is_rendered: bool,
}

impl TrainingTracks {
    /// Loads the tracks of a training table's copies, and rendered ones.
    ///
    /// # Errors
    ///
    /// When a file can't be decoded or there are too few tracks.
    pub fn load(
        config: &TrainConfig,
        banks: &ShiftedMelBanks,
        pairs: &[Pair],
        rendered: Vec<PathBuf>,
    ) -> Result<Self> {
        let sources = sources(pairs, rendered);
        ensure!(
            sources.iter().filter(|source| !source.is_rendered).count() >= 2,
            "the training table has copies of fewer than 2 tracks"
        );
        let bar = progress::bar(sources.len(), "load");
        let features = FeatureConfig::default();
        let tracks: Vec<Track> = sources
            .par_iter()
            .map_init(
                || LogMelPlan::new(&features),
                |plan, source| {
                    let track = source.load(plan, banks);
                    bar.inc(1);
                    track
                },
            )
            .collect::<Result<_>>()?;
        bar.finish();
        let albums = albums(&sources, &tracks, config.rendered_share);
        Ok(Self {
            tracks,
            albums,
            tracks_per_batch: config.tracks_per_batch,
            tracks_per_album: config.tracks_per_album,
        })
    }

    /// The tracks of a batch: some of one album, some of another, until there are enough. Where
    /// albums are few, an album and its tracks may come twice.
    pub fn draw(&self, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let mut chosen = Vec::with_capacity(self.tracks_per_batch);
        while chosen.len() < self.tracks_per_batch {
            let wanted = self
                .tracks_per_album
                .min(self.tracks_per_batch - chosen.len());
            let album = self.albums.choose_weighted(rng, |album| album.weight);
            // Every album has tracks, and every track a passage, so the draw always ends.
            let tracks = album.map_or(&[][..], |album| &album.tracks);
            match tracks.choose_multiple_weighted(rng, wanted, |&track| self.tracks[track].weight())
            {
                Ok(tracks) => chosen.extend(tracks),
                Err(_) => chosen.push(0),
            }
        }
        chosen
    }

    /// A random start of a passage of a track.
    pub fn draw_start_secs(&self, track: usize, rng: &mut ChaCha8Rng) -> f64 {
        let start_secs = self.tracks[track].starts_secs.choose(rng);
        start_secs.copied().unwrap_or_default()
    }

    /// The spectra of a track.
    pub fn spectra(&self, track: usize) -> &TrackSpectra {
        &self.tracks[track].spectra
    }

    /// The spectra of the second stem of a piece in stems.
    pub fn backing(&self, track: usize) -> Option<&TrackSpectra> {
        self.tracks[track].backing.as_ref()
    }
}

impl Track {
    /// Long tracks are drawn more often, by the square root of their length.
    fn weight(&self) -> f64 {
        (self.starts_secs.len() as f64).sqrt()
    }
}

impl Source {
    fn load(&self, plan: &mut LogMelPlan, banks: &ShiftedMelBanks) -> Result<Track> {
        let starts_secs = if self.is_rendered {
            starts_secs(&self.path)?
        } else {
            self.starts_secs.clone()
        };
        let mut analysed = |path: &Path| anyhow::Ok(banks.analyse(plan, &audio_file::load(path)?));
        let backing = self.is_rendered.then(|| backing_path(&self.path)).flatten();
        Ok(Track {
            spectra: analysed(&self.path)?,
            backing: backing.as_deref().map(analysed).transpose()?,
            starts_secs,
        })
    }
}

fn sources(pairs: &[Pair], rendered: Vec<PathBuf>) -> Vec<Source> {
    let mut starts: BTreeMap<&PathBuf, Vec<f64>> = BTreeMap::new();
    for pair in pairs.iter().filter(|pair| pair.is_copy()) {
        starts
            .entry(&pair.left)
            .or_default()
            .push(pair.left_start_secs);
    }
    let recorded = starts.into_iter().map(|(path, starts_secs)| Source {
        path: path.clone(),
        starts_secs,
        is_rendered: false,
    });
    let is_backing = |path: &PathBuf| path.to_string_lossy().ends_with(BACKING_ENDING);
    let rendered = rendered.into_iter().filter(|path| !is_backing(path));
    let rendered = rendered.map(|path| Source {
        path,
        starts_secs: Vec::new(),
        is_rendered: true,
    });
    recorded.chain(rendered).collect()
}

/// The file of the backing, if this is a lead.
fn backing_path(lead: &Path) -> Option<PathBuf> {
    let name = lead.file_name()?.to_str()?.strip_suffix(LEAD_ENDING)?;
    Some(lead.with_file_name(format!("{name}{BACKING_ENDING}")))
}

/// Tracks by folder. All rendered albums together have the weight `rendered_share`.
fn albums(sources: &[Source], tracks: &[Track], rendered_share: f64) -> Vec<Album> {
    let mut folders: BTreeMap<(bool, &Path), Vec<usize>> = BTreeMap::new();
    for (index, source) in sources.iter().enumerate() {
        let folder = source.path.parent().unwrap_or(Path::new(""));
        folders
            .entry((source.is_rendered, folder))
            .or_default()
            .push(index);
    }
    let weight =
        |album: &[usize]| -> f64 { album.iter().map(|&track| tracks[track].weight()).sum() };
    let total = |of_rendered: bool| -> f64 {
        let albums = folders.iter().filter(|album| album.0.0 == of_rendered);
        albums.map(|(_, tracks)| weight(tracks)).sum()
    };
    let totals = [total(false), total(true)];
    let shares = if totals[1] > 0.0 {
        [1.0 - rendered_share, rendered_share]
    } else {
        [1.0, 0.0]
    };
    folders
        .into_iter()
        .map(|((is_rendered, _), tracks)| Album {
            weight: weight(&tracks) / totals[usize::from(is_rendered)]
                * shares[usize::from(is_rendered)],
            tracks,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use soundalike::Waveform;
    use soundalike_native::wav;

    use super::*;

    /// Recorded albums of the given sizes, then rendered ones; every track has four passages.
    fn tracks(recorded: &[usize], rendered: &[usize], config: &TrainConfig) -> TrainingTracks {
        let features = FeatureConfig::default();
        let banks = ShiftedMelBanks::new(&features);
        let mut plan = LogMelPlan::new(&features);
        let silence = Waveform::new("silence", vec![0.0; 4_096], features.sample_rate_hz).unwrap();
        let albums = recorded.iter().map(|size| (size, false));
        let albums = albums.chain(rendered.iter().map(|size| (size, true)));
        let sources: Vec<Source> = albums
            .enumerate()
            .flat_map(|(album, (&size, is_rendered))| {
                (0..size).map(move |track| Source {
                    path: PathBuf::from(format!("{album}/{track}.wav")),
                    starts_secs: vec![0.0; 4],
                    is_rendered,
                })
            })
            .collect();
        let tracks: Vec<Track> = sources
            .iter()
            .map(|source| Track {
                spectra: banks.analyse(&mut plan, &silence),
                backing: None,
                starts_secs: source.starts_secs.clone(),
            })
            .collect();
        TrainingTracks {
            albums: super::albums(&sources, &tracks, config.rendered_share),
            tracks,
            tracks_per_batch: config.tracks_per_batch,
            tracks_per_album: config.tracks_per_album,
        }
    }

    #[test]
    fn a_lead_and_its_backing_are_one_track() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let features = FeatureConfig::default();
        let secs = |secs: usize| vec![0.1; secs * features.sample_rate_hz as usize];
        let files =
            [("a.lead.wav", 6), ("a.backing.wav", 8), ("b.wav", 6)].map(|(name, length)| {
                wav::write(&at(name), &secs(length), features.sample_rate_hz).unwrap();
                at(name)
            });
        let sources = sources(&[], files.to_vec());
        let banks = ShiftedMelBanks::new(&features);
        let mut plan = LogMelPlan::new(&features);
        let tracks = sources
            .iter()
            .map(|source| source.load(&mut plan, &banks).unwrap());
        let frames: Vec<(usize, Option<usize>)> = tracks
            .map(|track| {
                (
                    track.spectra.frames(),
                    track.backing.map(|stem| stem.frames()),
                )
            })
            .collect();
        let of_secs = |length| features.frames_in(secs(length).len());
        assert_eq!(frames, [(of_secs(6), Some(of_secs(8))), (of_secs(6), None)]);
    }

    #[test]
    fn batches_contain_groups_of_one_album() {
        let config = TrainConfig {
            tracks_per_batch: 10,
            tracks_per_album: 4,
            ..TrainConfig::default()
        };
        let tracks = tracks(&[8, 8, 8], &[8, 8], &config);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..50 {
            let chosen = tracks.draw(&mut rng);
            assert_eq!(chosen.len(), 10);
            for company in chosen.chunks(4) {
                let first_album = company[0] / 8;
                assert!(company.iter().all(|track| track / 8 == first_album));
                let mut distinct = company.to_vec();
                distinct.sort_unstable();
                distinct.dedup();
                assert_eq!(distinct.len(), company.len());
            }
        }
    }

    #[test]
    fn rendered_albums_have_their_share_at_any_number() {
        let config = TrainConfig {
            tracks_per_batch: 16,
            tracks_per_album: 4,
            rendered_share: 0.25,
            ..TrainConfig::default()
        };
        let share = |recorded: &[usize], rendered: &[usize]| {
            let first_rendered: usize = recorded.iter().sum();
            let tracks = tracks(recorded, rendered, &config);
            let mut rng = ChaCha8Rng::seed_from_u64(2);
            let drawn: Vec<usize> = (0..500).flat_map(|_| tracks.draw(&mut rng)).collect();
            let rendered = drawn.iter().filter(|&&track| track >= first_rendered);
            rendered.count() as f64 / drawn.len() as f64
        };
        assert!((share(&[8, 8], &[4; 20]) - 0.25).abs() < 0.03);
        assert!((share(&[8; 5], &[4]) - 0.25).abs() < 0.03);
        assert_eq!(share(&[8, 8], &[]), 0.0);
    }

    #[test]
    fn small_albums_fill_a_batch_too() {
        let config = TrainConfig {
            tracks_per_album: 4,
            ..TrainConfig::default()
        };
        let tracks = tracks(&[1, 1], &[], &config);
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        assert_eq!(tracks.draw(&mut rng).len(), config.tracks_per_batch);
    }
}
