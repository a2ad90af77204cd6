//! Passages: paths through the moments at which harmony and melody together resemble each other.

use crate::composition::channels::{Channels, LEAST_SECS};
use crate::composition::correlations::{Columns, MOMENT_FRAMES, PERFECT, correlate};
use crate::composition::frames::Frames;
use crate::composition::qmax::{Cell, Paths};
use crate::composition::recurrence::{Levels, Neighbours};
use crate::composition::search::Setting;
use crate::geometry::spans::covered_share;

/// Settings whose passages are reported: songs may change their key.
const PASSAGE_SETTINGS: usize = 2;
/// Most passages of a pair.
const MOST_PASSAGES: usize = 12;
/// A path hides its surroundings up to so many columns, so that the next one is another passage.
const HIDDEN_COLUMNS: usize = MOMENT_FRAMES;
/// A passage that lies so far within stronger ones in both songs says nothing new.
const KNOWN_SHARE: f64 = 0.5;
/// By so much, the harmony along a path may correlate better than its melody and still count.
/// Chosen on validation works and tracks.
pub const HARMONY_AHEAD: f32 = 0.1;
/// Greatest ratio of the speeds of a path, either way: the moments that it joins were compared at
/// 1.41 at most. Most of the strongest paths of unrelated songs have more.
const GREATEST_SPEED: f64 = 1.5;
/// Where a path's own speed differs by more from that of its setting, it is sought again at its
/// own.
const SPEED_TOLERANCE: f64 = 0.03;

/// A stretch of the left song that resembles one of the right song. Both ends of the path are kept
/// and no [`TimeMap`](crate::geometry::time_map::TimeMap): players slow down and hurry, so that the
/// path between them is no straight line.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Start and end in the left song.
    pub left_secs: (f64, f64),
    /// Start and end in the right song.
    pub right_secs: (f64, f64),
    /// Speed and transposition; the speed is that of the path.
    pub setting: Setting,
    /// Value of the path.
    pub value: f32,
    /// Mean correlation of the harmony along the path.
    pub harmony: f32,
    /// The same of the melody.
    pub melody: f32,
}

/// The candidates of a pair of songs: the strongest of each setting.
pub struct Candidates<'a> {
    songs: [&'a Channels; 2],
    /// Each setting with a candidate, and the strongest one in it; the strongest first.
    strongest: Vec<(Setting, Candidate)>,
}

impl<'a> Candidates<'a> {
    /// The candidates of the given settings.
    #[must_use]
    pub fn new(songs: [&'a Channels; 2], settings: &[Setting]) -> Self {
        let strongest = settings.iter().filter_map(|&setting| {
            let mut overlay = Overlay::new(songs, setting);
            let mut first = overlay.next();
            let own_speed = first.as_ref().map(|best| best.setting.speed);
            if let Some(speed) = own_speed
                && (speed / setting.speed - 1.0).abs() > SPEED_TOLERANCE
            {
                let speed = speed.clamp(1.0 / GREATEST_SPEED, GREATEST_SPEED);
                overlay = Overlay::new(songs, Setting { speed, ..setting });
                first = overlay.next();
            }
            let setting = overlay.setting;
            let mut found = first.into_iter().chain(overlay);
            Some((setting, found.find(Candidate::is_plausible)?))
        });
        let mut strongest: Vec<_> = strongest.collect();
        strongest.sort_by(|(_, a), (_, b)| b.strength().total_cmp(&a.strength()));
        Self { songs, strongest }
    }

    /// The strongest candidate.
    #[must_use]
    pub fn strongest(&self) -> Option<&Candidate> {
        self.strongest.first().map(|(_, candidate)| candidate)
    }

    /// All candidates of the best settings, the strongest first, and none within others.
    #[must_use]
    pub fn all(&self) -> Vec<Candidate> {
        let settings = self.strongest.iter().take(PASSAGE_SETTINGS);
        let mut found: Vec<Candidate> = settings
            .flat_map(|&(setting, _)| Overlay::new(self.songs, setting))
            .filter(Candidate::is_plausible)
            .collect();
        found.sort_by(|a, b| b.strength().total_cmp(&a.strength()));
        let mut kept: Vec<Candidate> = Vec::new();
        for candidate in found {
            let spans = |of: fn(&Candidate) -> (f64, f64)| kept.iter().map(of).collect::<Vec<_>>();
            let known_left = covered_share(candidate.left_secs, spans(|kept| kept.left_secs));
            let known_right = covered_share(candidate.right_secs, spans(|kept| kept.right_secs));
            if known_left.min(known_right) < KNOWN_SHARE && kept.len() < MOST_PASSAGES {
                kept.push(candidate);
            }
        }
        kept
    }
}

impl Candidate {
    /// Value of the path by how well harmony and melody correlate along it. Near moments are those
    /// that resemble each other more than most do, and in unrelated songs that need not be much.
    /// Songs that share their chords alone have more harmony than melody, so that harmony counts
    /// little more than the melody does.
    #[must_use]
    pub fn strength(&self) -> f32 {
        let melody = self.melody.max(0.0);
        let harmony = self.harmony.clamp(0.0, melody + HARMONY_AHEAD);
        0.5 * self.value * (harmony + melody)
    }

    fn is_plausible(&self) -> bool {
        (1.0 / GREATEST_SPEED..=GREATEST_SPEED).contains(&self.setting.speed)
    }
}

/// Two songs in one setting. As an iterator: the best path, the best of what it leaves, and so on,
/// as long as they are long enough.
struct Overlay {
    setting: Setting,
    /// Seconds of a frame of the left song, and of the right one as it is read.
    frame_secs: (f64, f64),
    /// Moments of the right song.
    columns: usize,
    /// Correlations, shape `[rows, columns]`.
    harmony: Vec<i16>,
    melody: Vec<i16>,
    near: Neighbours,
    found: usize,
}

impl Overlay {
    fn new([left, right]: [&Channels; 2], setting: Setting) -> Self {
        let correlations = |left: &[u8], right: &[u8]| {
            let left = Frames::new(left, 1.0);
            let right = Columns::new(&Frames::new(right, 1.0 / setting.speed));
            let mut values = Vec::new();
            correlate(&left, &right, setting.semitones, |row| {
                values.extend_from_slice(row);
            });
            (values, right.moments())
        };
        let (harmony, columns) = correlations(&left.harmony, &right.harmony);
        let (melody, _) = correlations(&left.melody, &right.melody);
        let mut levels = Levels::new(columns);
        let mut means = Vec::with_capacity(columns);
        let rows = harmony.chunks_exact(columns.max(1));
        for (harmony, melody) in rows.zip(melody.chunks_exact(columns.max(1))) {
            means.clear();
            let both = harmony.iter().zip(melody);
            means.extend(both.map(|(one, other)| (one >> 1) + (other >> 1)));
            levels.push(&means);
        }
        Self {
            setting,
            frame_secs: (left.frame_secs, right.frame_secs / setting.speed),
            columns,
            harmony,
            melody,
            near: levels.mutual_neighbours(),
            found: 0,
        }
    }

    fn candidate(&self, path: &[Cell], value: f32) -> Option<Candidate> {
        let (&first, &last) = (path.first()?, path.last()?);
        let mean = |of: &[i16]| {
            let sum: i64 = path
                .iter()
                .map(|&(row, column)| i64::from(of[row * self.columns + column]))
                .sum();
            sum as f32 / (PERFECT * path.len() as f32)
        };
        let (left_secs, right_secs) = self.frame_secs;
        let span = |first: usize, last: usize, secs: f64| {
            (first as f64 * secs, (last + MOMENT_FRAMES) as f64 * secs)
        };
        Some(Candidate {
            left_secs: span(first.0, last.0, left_secs),
            right_secs: span(first.1, last.1, right_secs),
            setting: Setting {
                speed: self.setting.speed * slope(path),
                ..self.setting
            },
            value,
            harmony: mean(&self.harmony),
            melody: mean(&self.melody),
        })
    }

    fn hide(&mut self, path: &[Cell]) {
        let columns = self.near.columns;
        for &(row, column) in path {
            let span =
                column.saturating_sub(HIDDEN_COLUMNS)..columns.min(column + HIDDEN_COLUMNS + 1);
            // A step may skip a row.
            for row in [row.saturating_sub(1), row] {
                self.near.cells[row * columns..][span.clone()].fill(0);
            }
        }
    }
}

impl Iterator for Overlay {
    type Item = Candidate;

    fn next(&mut self) -> Option<Candidate> {
        if self.found == MOST_PASSAGES {
            return None;
        }
        let (path, value) = Paths::new(&self.near).best();
        let candidate = self.candidate(&path, value)?;
        let is_long = |(start, end): (f64, f64)| end - start >= LEAST_SECS;
        if !is_long(candidate.left_secs) && !is_long(candidate.right_secs) {
            return None;
        }
        self.hide(&path);
        self.found += 1;
        Some(candidate)
    }
}

/// Rows per column: the ratio of the standard deviations (reduced major axis), as both have errors.
fn slope(path: &[Cell]) -> f64 {
    let count = path.len() as f64;
    let mean = |of: fn(&(usize, usize)) -> usize| path.iter().map(of).sum::<usize>() as f64 / count;
    let (mean_row, mean_column) = (mean(|cell| cell.0), mean(|cell| cell.1));
    let (mut rows, mut columns) = (0.0, 0.0);
    for &(row, column) in path {
        rows += (row as f64 - mean_row) * (row as f64 - mean_row);
        columns += (column as f64 - mean_column) * (column as f64 - mean_column);
    }
    if columns > 0.0 {
        (rows / columns).sqrt()
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::composition::channels::CLASSES;
    use crate::test_sound::drawn;

    /// Parts of a seed, a start and a length: harmony and melody drawn by the seed, `semitones`
    /// higher and `speed` times as fast. Seed 0 is silence.
    fn song(parts: &[(u64, f64, f64)], semitones: usize, speed: f64) -> Channels {
        let mut channels = Channels {
            frame_secs: 0.5,
            harmony: Vec::new(),
            melody: Vec::new(),
        };
        for &(seed, start_secs, secs) in parts {
            for frame in 0..(secs / speed / 0.5) as u64 {
                let secs = start_secs + frame as f64 * 0.5 * speed;
                let class = |voice: u64, length_secs: f64| {
                    let index = (secs / length_secs) as u64 + 1_000 * voice + 77_777 * seed;
                    (drawn(index) + semitones) % CLASSES
                };
                let frame_of = |class: usize| {
                    std::array::from_fn::<u8, CLASSES, _>(|at| if at == class { 250 } else { 20 })
                };
                if seed == 0 {
                    channels.harmony.extend([0; CLASSES]);
                    channels.melody.extend([0; CLASSES]);
                } else {
                    channels.harmony.extend(frame_of(class(1, 2.0)));
                    channels.melody.extend(frame_of(class(2, 1.0)));
                }
            }
        }
        channels
    }

    #[test]
    fn harmony_counts_little_more_than_melody() {
        let candidate = |harmony, melody| Candidate {
            left_secs: (0.0, 40.0),
            right_secs: (0.0, 40.0),
            setting: at(0, 1.0),
            value: 10.0,
            harmony,
            melody,
        };
        let strength = |harmony, melody| candidate(harmony, melody).strength();
        assert!((strength(0.5, 0.5) - 5.0).abs() < 1e-5);
        assert!(strength(0.3, 0.5) < strength(0.5, 0.5));
        assert_eq!(strength(0.9, 0.3), strength(0.3 + HARMONY_AHEAD, 0.3));
        assert_eq!(strength(-0.2, -0.1), 0.0);
    }

    fn at(semitones: usize, speed: f64) -> Setting {
        Setting { speed, semitones }
    }

    fn assert_near(found: (f64, f64), expected: (f64, f64)) {
        let off = (found.0 - expected.0)
            .abs()
            .max((found.1 - expected.1).abs());
        // Moments at the ends may reach half over them.
        assert!(off <= 4.0, "{found:?}, not {expected:?}");
    }

    #[test]
    fn a_passage_is_found_with_its_ends_and_its_own_speed() {
        let left = song(&[(0, 0.0, 30.0), (2, 0.0, 60.0), (0, 0.0, 30.0)], 0, 1.0);
        let right = song(&[(0, 0.0, 20.0), (2, 0.0, 60.0), (0, 0.0, 20.0)], 3, 1.1);
        let found = Candidates::new([&left, &right], &[at(3, 1.189)]).all();
        assert_near(found[0].left_secs, (30.0, 90.0));
        assert_near(found[0].right_secs, (18.2, 72.7));
        assert!(
            (found[0].setting.speed / 1.1 - 1.0).abs() < 0.02,
            "{:?}",
            found[0]
        );
        assert!(found[0].harmony > 0.5 && found[0].melody > 0.5);
    }

    #[test]
    fn a_chorus_that_comes_back_is_found_again() {
        let left = song(&[(7, 0.0, 30.0)], 0, 1.0);
        let right = song(
            &[
                (1, 0.0, 20.0),
                (7, 0.0, 30.0),
                (2, 0.0, 20.0),
                (7, 0.0, 30.0),
            ],
            0,
            1.0,
        );
        let found = Candidates::new([&left, &right], &[at(0, 1.0)]).all();
        let mut spans: Vec<_> = found[..2].iter().map(|found| found.right_secs).collect();
        spans.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert_near(spans[0], (20.0, 50.0));
        assert_near(spans[1], (70.0, 100.0));
    }

    #[test]
    fn a_passage_within_a_stronger_one_is_not_repeated() {
        // Two verses of the same notes: each resembles the other, too.
        let verses = song(&[(7, 0.0, 30.0), (7, 0.0, 30.0)], 0, 1.0);
        let found = Candidates::new([&verses, &verses], &[at(0, 1.0)]).all();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_near(found[0].left_secs, (0.0, 60.0));
    }
}
