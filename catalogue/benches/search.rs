//! How fast a search is, and how much memory it takes, in a catalogue of a given size:
//!
//! ```sh
//! cargo bench --bench search -- MUSIC_FOLDER 10000
//! ```
//!
//! The folder's songs are analysed; copies of some of them, a semitone higher and faster, are
//! searched for. The others are simulated: their embeddings have the mean, the covariance between
//! songs, the covariance within songs and the correlation from one embedding to the next of the
//! folder's, and are Gaussian otherwise. Their kept songs are the folder's, or, in a catalogue of
//! more than 10,000 songs, the first ten seconds of those, to save disk. The catalogue stays in the
//! system's folder for temporary files, so that a second run can begin with a cold cache, or after
//! `soundalike-catalogue index`; then the recall of the index is printed, too.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a bench may panic")]

use std::collections::HashSet;
use std::fs;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::time::Instant;

use half::f16;
use ndarray::{Array1, Array2};
use rayon::prelude::*;
use soundalike::{Song, Waveform};
use soundalike_catalogue::retrieval::Hit;
use soundalike_catalogue::retrieval::query::Vectors;
use soundalike_catalogue::retrieval::votes::candidates;
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
/// Songs that each of them is compared with.
const COMPARED: usize = 20;
/// Speed of a copy as a fraction.
const FASTER: [u32; 2] = [16, 15];
/// Deviations of which those of a simulated song are mixed.
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
    mean: Array1<f32>,
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
            mean: mean.into(),
            between,
            within,
            correlation: products / squares,
        }
    }

    fn song(&self, random: &mut Random) -> Vec<f16> {
        let middle = &self.mean + &mixed(&self.between, 1, random).row(0);
        let mut rows = mixed(&self.within, EMBEDDINGS, random);
        let fresh = (1.0 - self.correlation * self.correlation).sqrt();
        for row in 1..EMBEDDINGS {
            let deviation = &rows.row(row - 1) * self.correlation + &rows.row(row) * fresh;
            rows.row_mut(row).assign(&deviation);
        }
        rows += &middle;
        for mut row in rows.rows_mut() {
            let length = row.dot(&row).sqrt();
            row /= length;
        }
        rows.iter().map(|&value| f16::from_f32(value)).collect()
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

/// So many random deviations with the covariance of these, as rows.
fn mixed(deviations: &[Vec<f32>], count: usize, random: &mut Random) -> Array2<f32> {
    let chosen: Vec<_> = (0..MIXED).map(|_| random.below(deviations.len())).collect();
    let shape = (MIXED, deviations[0].len());
    let chosen = Array2::from_shape_fn(shape, |(row, at)| deviations[chosen[row]][at]);
    let weight = || random.normal() / (MIXED as f32).sqrt();
    Array2::from_shape_simple_fn((count, MIXED), weight).dot(&chosen)
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
        .filter_map(|file| copy(&checker, file))
        .collect();
    peak_mb(true);
    for query in &queries {
        let start = Instant::now();
        let hits = catalogue[0].nearest(&Vectors::query(query)).unwrap().hits;
        let nearest_secs = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let answer = search(&catalogue, &checker, query, COMPARED, false).unwrap();
        let whole_secs = start.elapsed().as_secs_f64();
        let best = answer.candidates.first().map_or("nothing", |one| &one.name);
        println!(
            "{:5.0} s of {}: nearest in {nearest_secs:.2} s ({} hits), whole search in {whole_secs:.2} s, \
             best {best}, peak {:.0} MB",
            query.duration_secs(),
            query.name(),
            hits.len(),
            peak_mb(false)
        );
    }
    if catalogue[0].indexed().unwrap().is_some() {
        print_recall(&catalogue[0], &queries);
    }
}

/// How much of what the scan finds the index finds, too.
fn print_recall(catalogue: &Catalogue, queries: &[Song]) {
    let (mut hits, mut songs, mut firsts) = ([0, 0], [0, 0], [0, 0]);
    for query in queries.iter().map(Vectors::query) {
        let start = Instant::now();
        let exact = catalogue.nearest_exactly(&query).unwrap();
        let exact_secs = start.elapsed().as_secs_f64();
        let found = catalogue.nearest(&query).unwrap().hits;
        let places = |hits: &[Hit]| -> HashSet<(usize, String, u32)> {
            let places = hits
                .iter()
                .map(|hit| (hit.query, hit.song.clone(), hit.segment));
            places.collect()
        };
        count(&mut hits, &places(&exact), &places(&found));
        let best = |hits: &[Hit], most: usize| -> HashSet<String> {
            let best = candidates(hits, most).into_iter();
            best.map(|one| one.song).collect()
        };
        count(&mut songs, &best(&exact, COMPARED), &best(&found, COMPARED));
        count(&mut firsts, &best(&exact, 1), &best(&found, COMPARED));
        println!("exact scan in {exact_secs:.2} s");
    }
    println!(
        "the index finds {} of {} hits of the scan, {} of {} songs that it compares, {} of {} first ones",
        hits[0], hits[1], songs[0], songs[1], firsts[0], firsts[1]
    );
}

/// Counts how many of `expected` were found, and all of them.
fn count<T: Eq + Hash>([found, all]: &mut [usize; 2], expected: &HashSet<T>, actual: &HashSet<T>) {
    *found += expected.intersection(actual).count();
    *all += expected.len();
}

/// A song a semitone higher, and as much faster.
fn copy(checker: &soundalike::Checker, file: &Path) -> Option<Song> {
    let whole = audio_file::decode(file).ok()?;
    let rate_hz = whole.sample_rate_hz() / FASTER[1] * FASTER[0];
    let samples = whole.samples().to_vec();
    let faster = Waveform::new("copy", samples, rate_hz).ok()?;
    let name = file.display().to_string();
    audio_file::analyse_decoded(checker, &name, faster).ok()
}

fn make(address: &Address, count: usize, files: &[PathBuf], checker: &soundalike::Checker) {
    let start = Instant::now();
    let is_whole = count <= MOST_WHOLE;
    let (songs, kept): (Vec<NewSong>, Vec<Vec<u8>>) = files
        .par_iter()
        .enumerate()
        .filter_map(|(number, file)| {
            let waveform = audio_file::decode(file).ok()?;
            let beginning = waveform.excerpt(0.0, SHORT_SECS * waveform.sample_rate_hz() as usize);
            let rate_hz = waveform.sample_rate_hz();
            let analyse = |waveform| audio_file::analyse_decoded(checker, "music", waveform).ok();
            let song = analyse(waveform)?;
            let name = file.display().to_string();
            let song = NewSong::new(format!("{number:032x}"), name, &song, checker.model());
            let kept = match is_whole {
                true => song.bytes.clone(),
                false => analyse(Waveform::new("short", beginning, rate_hz).ok()?)?
                    .to_bytes(checker.model()),
            };
            Some((song, kept))
        })
        .unzip();
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
                    landmarks: song.landmarks.clone(),
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
