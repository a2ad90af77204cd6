//! How fast a search is, and how much memory it takes, in a catalogue of a given size:
//!
//! ```sh
//! cargo bench --bench search -- MUSIC_FOLDER 10000
//! ```
//!
//! The folder's songs are analysed. The others are simulated: their embeddings have the mean, the
//! covariance between songs, the covariance within songs and the correlation from one embedding to
//! the next of the folder's, and are Gaussian otherwise. Their kept songs are the folder's, or, in
//! a catalogue of more than 10,000 songs, the first ten seconds of those, to save disk. The
//! catalogue stays in the system's folder for temporary files, so that a second run can begin with
//! a cold cache, or after `soundalike-catalogue index`.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a bench may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use half::f16;
use rayon::prelude::*;
use soundalike::{Song, Waveform};
use soundalike_catalogue::retrieval::query::Vectors;
use soundalike_catalogue::search;
use soundalike_catalogue::store::{Address, Catalogue, NewSong};
use soundalike_native::{audio_file, weights};

/// Embeddings of a simulated song: four minutes.
const EMBEDDINGS: usize = 80;
/// Most songs that are analysed.
const MOST_ANALYSED: usize = 120;
/// Most songs of a catalogue whose simulated songs are kept whole.
const MOST_WHOLE: usize = 10_000;
/// What else is kept of them.
const SHORT_SECS: usize = 10;
/// Songs of a commit.
const COMMIT_SONGS: usize = 256;
/// Songs that are searched for.
const SEARCHES: usize = 10;
/// Deviations of which a random one is mixed.
const MIXED: usize = 64;

/// Normal numbers without a library: the sum of twelve uniform ones.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 24) as f32
    }

    fn below(&mut self, count: usize) -> usize {
        (self.uniform() * count as f32) as usize % count
    }

    fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.uniform()).sum::<f32>() - 6.0
    }
}

/// The statistics of real embeddings.
struct Statistics {
    mean: Vec<f32>,
    /// Deviations of the means of songs from the mean.
    between: Vec<Vec<f32>>,
    /// Deviations of embeddings from the mean of their song.
    within: Vec<Vec<f32>>,
    /// Correlation of a deviation within a song with the next one.
    correlation: f32,
}

impl Statistics {
    fn of(songs: &[NewSong]) -> Self {
        let rows = |song: &NewSong| -> Vec<Vec<f32>> {
            let rows = song.vectors.values.chunks_exact(song.vectors.dimensions);
            rows.map(|row| row.iter().map(|value| value.to_f32()).collect())
                .collect()
        };
        let songs: Vec<_> = songs
            .iter()
            .map(rows)
            .filter(|rows| rows.len() > 4)
            .collect();
        let means: Vec<_> = songs.iter().map(|rows| mean(rows)).collect();
        let mean = mean(&means);
        let between = means.iter().map(|one| minus(one, &mean)).collect();
        let (mut within, mut products, mut squares) = (Vec::new(), 0.0, 0.0);
        for (rows, mean) in songs.iter().zip(&means) {
            let deviations: Vec<_> = rows.iter().map(|row| minus(row, mean)).collect();
            for pair in deviations.windows(2) {
                products += dot(&pair[0], &pair[1]);
                squares += dot(&pair[0], &pair[0]);
            }
            within.extend(deviations);
        }
        Self {
            mean,
            between,
            within,
            correlation: products / squares,
        }
    }

    fn song(&self, random: &mut Random) -> Vec<f16> {
        let mut middle = self.mean.clone();
        add(&mut middle, &mixed(&self.between, random), 1.0);
        let mut deviation = mixed(&self.within, random);
        let fresh = (1.0 - self.correlation * self.correlation).sqrt();
        let mut values = Vec::new();
        for _ in 0..EMBEDDINGS {
            let mut row = middle.clone();
            add(&mut row, &deviation, 1.0);
            let length = dot(&row, &row).sqrt();
            values.extend(row.iter().map(|value| f16::from_f32(value / length)));
            let next = mixed(&self.within, random);
            deviation
                .iter_mut()
                .for_each(|value| *value *= self.correlation);
            add(&mut deviation, &next, fresh);
        }
        values
    }
}

fn mean(rows: &[Vec<f32>]) -> Vec<f32> {
    let mut sum = vec![0.0; rows[0].len()];
    rows.iter()
        .for_each(|row| add(&mut sum, row, 1.0 / rows.len() as f32));
    sum
}

fn minus(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(sum: &mut [f32], row: &[f32], weight: f32) {
    sum.iter_mut()
        .zip(row)
        .for_each(|(sum, value)| *sum += weight * value);
}

/// A random deviation with the covariance of these.
fn mixed(deviations: &[Vec<f32>], random: &mut Random) -> Vec<f32> {
    let mut sum = vec![0.0; deviations[0].len()];
    for _ in 0..MIXED {
        let weight = random.normal() / (MIXED as f32).sqrt();
        add(
            &mut sum,
            &deviations[random.below(deviations.len())],
            weight,
        );
    }
    sum
}

/// Cosines of embeddings of different songs: median and the 99th of a hundred.
fn cosines(songs: &[Vec<f16>], random: &mut Random) -> [f32; 2] {
    let row = |song: &[f16], random: &mut Random| -> Vec<f32> {
        let at = random.below(song.len() / 128) * 128;
        song[at..at + 128]
            .iter()
            .map(|value| value.to_f32())
            .collect()
    };
    let mut found: Vec<_> = (0..20_000)
        .filter_map(|_| {
            let [a, b] = [random.below(songs.len()), random.below(songs.len())];
            (a != b).then(|| dot(&row(&songs[a], random), &row(&songs[b], random)))
        })
        .collect();
    found.sort_by(f32::total_cmp);
    [found[found.len() / 2], found[found.len() * 99 / 100]]
}

/// The most memory since the last call with `reset`, in MB; only on Linux.
fn peak_mb(reset: bool) -> f64 {
    if reset {
        let _ignored = fs::write("/proc/self/clear_refs", "5");
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kilobytes.unwrap_or(f64::NAN) / 1e3
}

fn main() {
    let arguments: Vec<_> = std::env::args()
        .skip(1)
        .filter(|one| !one.starts_with("--"))
        .collect();
    let [music, count] = arguments.as_slice() else {
        println!("usage: cargo bench --bench search -- MUSIC_FOLDER SONGS");
        return;
    };
    let count: usize = count.parse().expect("a number of songs");
    let folder = std::env::temp_dir().join(format!("soundalike-catalogue-of-{count}"));
    let checker = weights::checker(None).unwrap();
    let mut files = audio_file::find(&[PathBuf::from(music)]).unwrap();
    files.truncate(MOST_ANALYSED);
    let address = Address::from(folder.as_path());
    if !folder.exists() {
        make(&address, count, &files, &checker);
    }
    let catalogue = [Catalogue::open(&address, checker.model()).unwrap()];
    let size = catalogue[0].size().unwrap();
    println!(
        "{} songs, {:.0} h, {} embeddings, {:?} of them indexed, {:.2} GB in {address}",
        size.songs,
        size.hours,
        size.embeddings,
        catalogue[0].indexed().unwrap(),
        size.bytes as f64 / 1e9,
    );
    let queries: Vec<Song> = files
        .iter()
        .step_by(files.len().div_ceil(SEARCHES))
        .filter_map(|file| audio_file::analyse(&checker, file).ok())
        .collect();
    peak_mb(true);
    for query in &queries {
        let start = Instant::now();
        let hits = catalogue[0].nearest(&Vectors::query(query)).unwrap();
        let scan_secs = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let answer = search(&catalogue, &checker, query, 20).unwrap();
        let whole_secs = start.elapsed().as_secs_f64();
        let best = answer.candidates.first().map_or("nothing", |one| &one.name);
        println!(
            "{:5.0} s of music: scan {scan_secs:.2} s ({} hits), whole search {whole_secs:.2} s, \
             best {best}, peak {:.0} MB",
            query.duration_secs(),
            hits.len(),
            peak_mb(false)
        );
    }
}

fn make(address: &Address, count: usize, files: &[PathBuf], checker: &soundalike::Checker) {
    let start = Instant::now();
    let songs: Vec<NewSong> = files
        .par_iter()
        .filter_map(|file| {
            let song = audio_file::analyse(checker, file).ok()?;
            let name = file.display().to_string();
            let id = format!("{:032x}", files.iter().position(|one| one == file)?);
            Some(NewSong::new(id, name, &song, checker.model()))
        })
        .collect();
    let secs: f64 = songs.iter().map(|song| song.duration_secs).sum();
    let took = start.elapsed().as_secs_f64();
    println!(
        "{} songs analysed, {:.2} h in {took:.1} s: {:.0} x real time on {} cores, {:.2} kB a second",
        songs.len(),
        secs / 3_600.0,
        secs / took,
        rayon::current_num_threads(),
        songs.iter().map(|song| song.bytes.len()).sum::<usize>() as f64 / secs / 1e3
    );
    let statistics = Statistics::of(&songs);
    let mut catalogue = Catalogue::open_or_create(address, checker.model()).unwrap();
    catalogue.append(&songs).unwrap();
    let real: Vec<_> = songs
        .iter()
        .map(|song| song.vectors.values.clone())
        .collect();
    let mut random = Random(1);
    let simulated: Vec<_> = (0..songs.len())
        .map(|_| statistics.song(&mut random))
        .collect();
    println!(
        "cosines of different songs, median and 99th percentile: real {:.2?}, simulated {:.2?}; \
         correlation within a song {:.2}",
        cosines(&real, &mut random),
        cosines(&simulated, &mut random),
        statistics.correlation
    );
    let start = Instant::now();
    let kept: Vec<_> = match count > MOST_WHOLE {
        true => files
            .iter()
            .filter_map(|file| short(checker, file))
            .collect(),
        false => songs.iter().map(|song| song.bytes.clone()).collect(),
    };
    let numbers: Vec<_> = (songs.len()..count).collect();
    for chunk in numbers.chunks(COMMIT_SONGS) {
        let songs: Vec<_> = chunk
            .par_iter()
            .map(|&number| {
                let song = &songs[number % songs.len()];
                let id = format!("{number:032x}");
                let values = statistics.song(&mut Random(number as u64));
                NewSong {
                    name: format!("simulated {number}"),
                    vectors: Vectors {
                        values,
                        segments: (0..EMBEDDINGS as u32).map(|index| 4 * index).collect(),
                        ..song.vectors.clone()
                    },
                    id,
                    bytes: kept[number % kept.len()].clone(),
                    source: song.source.clone(),
                    duration_secs: song.duration_secs,
                }
            })
            .collect();
        catalogue.append(&songs).unwrap();
    }
    println!(
        "{} simulated in {:.0} s",
        numbers.len(),
        start.elapsed().as_secs_f64()
    );
}

/// The kept song of a file's first seconds.
fn short(checker: &soundalike::Checker, file: &Path) -> Option<Vec<u8>> {
    let bytes = fs::read(file).ok()?;
    let extension = file.extension().unwrap_or_default().to_string_lossy();
    let whole = audio_file::decode_bytes(bytes, &extension).ok()?;
    let rate_hz = whole.sample_rate_hz();
    let samples = whole.excerpt(0.0, SHORT_SECS * rate_hz as usize);
    let waveform = Waveform::new("short", samples, rate_hz).ok()?;
    let song = checker.analyse("short", waveform, |_, _| ());
    Some(pollster::block_on(song).ok()?.to_bytes(checker.model()))
}
