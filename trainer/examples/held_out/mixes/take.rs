//! A sound and the passages of the left song in it. Every operation changes both, so that the truth
//! follows from the way in which a song was made.

use std::f64::consts::FRAC_PI_2;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use crate::mixes::RATE_HZ;
use crate::sound::Sound;

/// Length of the fades where music begins or ends within other music: no click.
const FADE_SECS: f64 = 0.02;

/// A stretch of the left song and its copy in the right one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Passage {
    /// Start and end in the left song.
    pub left_secs: [f64; 2],
    /// Start and end in the right song.
    pub right_secs: [f64; 2],
    /// Speed in the right song relative to the left one; the mean where it drifts.
    pub speed_ratio: f64,
    /// Pitch relative to the left song; the mean where it drifts.
    pub semitones: f64,
    /// Times in the left and the right song between which the speed is constant; empty where it is
    /// constant throughout.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub knots: Vec<[f64; 2]>,
}

/// Mono music at [`RATE_HZ`].
#[derive(Clone, Debug)]
pub struct Take {
    pub sound: Sound,
    pub passages: Vec<Passage>,
}

impl Passage {
    /// Shifts it within the right song.
    fn shift(&mut self, secs: f64) {
        for at_secs in self.times_in_right() {
            *at_secs += secs;
        }
    }

    fn times_in_right(&mut self) -> impl Iterator<Item = &mut f64> {
        let knots = self.knots.iter_mut().map(|[_, right]| right);
        self.right_secs.iter_mut().chain(knots)
    }
}

impl Take {
    /// The stretch of the left song between two times.
    pub fn of(song: &Sound, start_secs: f64, end_secs: f64) -> Self {
        let sound = song.between(start_secs, end_secs);
        let start_secs = start_secs.max(0.0);
        let secs = sound.duration_secs();
        let passage = Passage {
            left_secs: [start_secs, start_secs + secs],
            right_secs: [0.0, secs],
            speed_ratio: 1.0,
            semitones: 0.0,
            knots: Vec::new(),
        };
        Self {
            sound,
            passages: vec![passage],
        }
    }

    /// The whole left song.
    pub fn whole(song: &Sound) -> Self {
        Self::of(song, 0.0, song.duration_secs())
    }

    /// Music that isn't in the left song.
    pub fn foreign(sound: Sound) -> Self {
        Self {
            sound,
            passages: Vec::new(),
        }
    }

    pub fn duration_secs(&self) -> f64 {
        self.sound.duration_secs()
    }

    /// The same music as changed by a tool to `sound`: `ratio` times as fast, and higher.
    pub fn stretched(mut self, sound: Sound, ratio: f64, semitones: f64) -> Self {
        for passage in &mut self.passages {
            passage
                .times_in_right()
                .for_each(|at_secs| *at_secs /= ratio);
            passage.speed_ratio *= ratio;
            passage.semitones += semitones;
        }
        Self { sound, ..self }
    }

    /// The same music with another sound at the same times.
    pub fn with_sound(self, sound: Sound) -> Self {
        Self { sound, ..self }
    }

    /// Adds `next` at the end.
    pub fn then(mut self, mut next: Self) -> Self {
        let end_secs = self.duration_secs();
        next.passages
            .iter_mut()
            .for_each(|passage| passage.shift(end_secs));
        self.sound.samples.append(&mut next.sound.samples);
        self.passages.append(&mut next.passages);
        self
    }

    /// The take a number of times in a row.
    pub fn repeated(&self, times: usize) -> Self {
        (1..times).fold(self.clone(), |all, _| all.then(self.clone()))
    }

    /// The take with `next` at its end, which begins `secs` earlier and is faded in. The passages
    /// meet in the middle of the crossfade, where both are equally loud.
    pub fn crossfaded(mut self, mut next: Self, secs: f64) -> Self {
        let length = samples(secs)
            .min(self.sound.samples.len())
            .min(next.sound.samples.len());
        let start = self.sound.samples.len() - length;
        let start_secs = start as f64 / f64::from(RATE_HZ);
        let middle_secs = start_secs + secs / 2.0;
        for passage in &mut self.passages {
            passage.cut(0.0, middle_secs);
        }
        for passage in &mut next.passages {
            passage.shift(start_secs);
            passage.cut(middle_secs, f64::INFINITY);
        }
        let (faded_in, rest) = next.sound.samples.split_at(length);
        let faded_out = self.sound.samples[start..].iter_mut();
        for (index, (out, sample)) in faded_out.zip(faded_in).enumerate() {
            let angle = FRAC_PI_2 * (index as f64 + 0.5) / length as f64;
            *out = *out * angle.cos() as f32 + sample * angle.sin() as f32;
        }
        self.sound.samples.extend(rest);
        self.passages.append(&mut next.passages);
        self
    }

    /// Lays the take over `host` from `start_secs` on, `level_db` above the level that the host has
    /// over the same time.
    ///
    /// # Errors
    ///
    /// When one of them is silent there, or the take exceeds the host.
    pub fn over(mut self, mut host: Sound, start_secs: f64, level_db: f64) -> Result<Self> {
        let start = samples(start_secs);
        let length = self.sound.samples.len();
        ensure!(
            start + length <= host.samples.len(),
            "{:.1} s from {start_secs:.1} s on exceed a host of {:.1} s",
            self.duration_secs(),
            host.duration_secs()
        );
        let (own, others) = (
            self.sound.rms_between(0.0, self.duration_secs()),
            host.rms_between(start_secs, start_secs + self.duration_secs()),
        );
        ensure!(own > 0.0 && others > 0.0, "a part of the mix is silent");
        let gain = (others / own * 10_f64.powf(level_db / 20.0)) as f32;
        self.fade_ends();
        let sum = host.samples[start..].iter_mut().zip(&self.sound.samples);
        sum.for_each(|(out, sample)| *out += gain * sample);
        for passage in &mut self.passages {
            passage.shift(start_secs);
        }
        Ok(self.with_sound(host))
    }

    /// Lays `other` over the whole take, repeated where it ends; its level is `level_db` above the
    /// take's.
    ///
    /// # Errors
    ///
    /// When `other` is silent.
    pub fn under(mut self, other: &Sound, level_db: f64) -> Result<Self> {
        let whole_secs = [0.0, self.duration_secs()];
        self.sound.overlay(other, 0.0, level_db, whole_secs)?;
        Ok(self)
    }

    fn fade_ends(&mut self) {
        let (length, fade) = (self.sound.samples.len(), samples(FADE_SECS));
        for (index, sample) in self.sound.samples.iter_mut().enumerate() {
            *sample *= (index.min(length - 1 - index) as f32 / fade as f32).min(1.0);
        }
    }
}

impl Passage {
    /// Keeps the part between two times of the right song.
    fn cut(&mut self, start_secs: f64, end_secs: f64) {
        let [right_start, right_end] = self.right_secs;
        let (start_secs, end_secs) = (start_secs.max(right_start), end_secs.min(right_end));
        let left = |right_secs: f64| {
            let share = (right_secs - right_start) / (right_end - right_start);
            self.left_secs[0] + share * (self.left_secs[1] - self.left_secs[0])
        };
        self.left_secs = [left(start_secs), left(end_secs)];
        self.right_secs = [start_secs, end_secs];
    }
}

/// Number of samples in a time.
pub fn samples(secs: f64) -> usize {
    (secs * f64::from(RATE_HZ)).round() as usize
}

/// A silence.
pub fn silence(secs: f64) -> Sound {
    mono(vec![0.0; samples(secs)])
}

/// Mono samples at [`RATE_HZ`].
pub fn mono(samples: Vec<f32>) -> Sound {
    Sound {
        samples,
        channels: 1,
        rate_hz: RATE_HZ,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sound whose samples are their own indices, so that each one shows its origin.
    fn ramp(secs: f64) -> Sound {
        mono((0..samples(secs)).map(|index| index as f32).collect())
    }

    fn tone(secs: f64, amplitude: f32) -> Sound {
        let wave = |index: usize| amplitude * (0.3 * index as f32).sin();
        mono((0..samples(secs)).map(wave).collect())
    }

    /// Checks that every sample of the passages is the sample of the left song at its time.
    fn assert_true(take: &Take) {
        for passage in &take.passages {
            let [left, right] = [passage.left_secs[0], passage.right_secs[0]].map(samples);
            let count = samples(passage.left_secs[1]) - left;
            assert_eq!(samples(passage.right_secs[1]) - right, count);
            for index in [0, count / 2, count - 1] {
                assert_eq!(take.sound.samples[right + index], (left + index) as f32);
            }
        }
    }

    #[test]
    fn a_cut_joins_the_rest() {
        let song = ramp(20.0);
        let cut = Take::of(&song, 0.0, 7.0).then(Take::of(&song, 9.5, 20.0));
        assert_true(&cut);
        assert_eq!(cut.passages[1].left_secs, [9.5, 20.0]);
        assert_eq!(cut.passages[1].right_secs, [7.0, 17.5]);
        assert_eq!(cut.sound.samples.len(), samples(17.5));
    }

    #[test]
    fn foreign_music_delays_the_rest() {
        let song = ramp(10.0);
        let inserted = Take::of(&song, 0.0, 4.0)
            .then(Take::foreign(silence(3.0)))
            .then(Take::of(&song, 4.0, 10.0));
        assert_true(&inserted);
        assert_eq!(inserted.passages[1].right_secs, [7.0, 13.0]);
        assert_eq!(inserted.passages.len(), 2);
    }

    #[test]
    fn each_repeat_of_a_loop_is_a_passage_of_the_same_source() {
        let song = ramp(30.0);
        let looped = Take::of(&song, 10.0, 14.0).repeated(8);
        assert_true(&looped);
        assert_eq!(looped.passages.len(), 8);
        assert!(
            looped
                .passages
                .iter()
                .all(|passage| passage.left_secs == [10.0, 14.0])
        );
        assert_eq!(looped.passages[7].right_secs, [28.0, 32.0]);
    }

    #[test]
    fn a_faster_loop_takes_less_time() {
        let song = ramp(30.0);
        let loop_of_4_secs = Take::of(&song, 10.0, 14.0).stretched(silence(3.2), 1.25, 1.0);
        let looped = loop_of_4_secs.repeated(2);
        let second = &looped.passages[1];
        assert_eq!(second.left_secs, [10.0, 14.0]);
        assert!((second.right_secs[0] - 3.2).abs() < 1e-9);
        assert!((second.right_secs[1] - 6.4).abs() < 1e-9);
        assert_eq!((second.speed_ratio, second.semitones), (1.25, 1.0));
    }

    #[test]
    fn knots_move_with_their_passage() {
        let mut take = Take::whole(&ramp(4.0));
        take.passages[0].knots = vec![[0.0, 0.0], [2.0, 1.9], [4.0, 4.0]];
        let moved = Take::foreign(silence(1.0)).then(take);
        assert_eq!(
            moved.passages[0].knots,
            [[0.0, 1.0], [2.0, 2.9], [4.0, 5.0]]
        );
    }

    #[test]
    fn a_crossfade_ends_one_passage_where_the_next_begins() {
        let (song, other) = (tone(20.0, 0.5), tone(20.0, 0.5));
        let set = Take::foreign(other.clone())
            .crossfaded(Take::whole(&song), 8.0)
            .crossfaded(Take::foreign(other), 8.0);
        assert_eq!(set.sound.samples.len(), samples(44.0));
        let passage = &set.passages[0];
        assert!((passage.right_secs[0] - 16.0).abs() < 1e-3);
        assert!((passage.right_secs[1] - 28.0).abs() < 1e-3);
        assert!((passage.left_secs[0] - 4.0).abs() < 1e-3);
        assert!((passage.left_secs[1] - 16.0).abs() < 1e-3);
    }

    #[test]
    fn levels_of_a_mix_are_in_decibels() {
        let (song, host) = (tone(4.0, 0.1), tone(20.0, 0.5));
        for level_db in [-10.0, 0.0, 6.0] {
            let mix = Take::whole(&song)
                .over(host.clone(), 8.0, level_db)
                .unwrap();
            assert_eq!(mix.passages[0].right_secs, [8.0, 12.0]);
            assert_eq!(
                mix.sound.samples[..samples(8.0)],
                host.samples[..samples(8.0)]
            );
            let added: Vec<f32> = mix
                .sound
                .samples
                .iter()
                .zip(&host.samples)
                .map(|(mixed, host)| mixed - host)
                .collect();
            let measured_db =
                20.0 * (mono(added).rms_between(8.1, 11.9) / host.rms_between(8.1, 11.9)).log10();
            assert!((measured_db - level_db).abs() < 0.1, "{measured_db}");
        }
        assert!(Take::whole(&song).over(host, 17.0, 0.0).is_err());
    }
}
