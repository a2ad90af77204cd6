//! Duration of each stage of a check, natively on one thread, with songs of four minutes.
//!
//!     cargo bench --bench stages

#![allow(clippy::expect_used, reason = "a bench may panic")]

use divan::{Bencher, black_box};
use soundalike::training::{
    LogMelPlan, LogMelSpectrogram, PeakMap, PeakPair, analyse_composition, composition_features,
    golden_segment,
};
use soundalike::{Checker, FeatureConfig, Model, SHIPPED_WEIGHTS, Song, Waveform};

#[allow(dead_code, reason = "shared with the tests with whole songs")]
#[path = "../tests/songs/synth.rs"]
mod synth;
use synth::{Part, Recipe};

const SONG_SECS: f64 = 240.0;

/// Sample rate of decoded audio in browsers.
const DECODED_RATE_HZ: u32 = 44_100;

fn main() {
    divan::main();
}

#[divan::bench]
fn resampling(bencher: Bencher<'_, '_>) {
    let decoded = waveform(1).resampled(DECODED_RATE_HZ);
    let rate_hz = FeatureConfig::default().sample_rate_hz;
    bencher
        .with_inputs(|| decoded.clone())
        .bench_values(|decoded| decoded.resampled(rate_hz));
}

#[divan::bench]
fn features(bencher: Bencher<'_, '_>) {
    let song = waveform(1);
    bencher.bench(|| log_mel(black_box(song.samples())));
}

#[divan::bench]
fn peak_map(bencher: Bencher<'_, '_>) {
    let song = waveform(1);
    bencher.bench(|| peaks(black_box(song.samples())));
}

#[divan::bench]
fn encoder_one_segment(bencher: Bencher<'_, '_>) {
    let (model, config) = (model(), FeatureConfig::default());
    let segment = [LogMelPlan::new(&config).segment_db(&golden_segment(&config))];
    bencher.bench(|| pollster::block_on(model.embed_segments(black_box(&segment))));
}

#[divan::bench]
fn encoder_one_song(bencher: Bencher<'_, '_>) {
    let (model, song) = (model(), log_mel(waveform(1).samples()));
    bencher.bench(|| pollster::block_on(model.embed_song(black_box(&song), |_| ())));
}

#[divan::bench(sample_count = 20)]
fn lines_of_peaks(bencher: Bencher<'_, '_>) {
    let [left, right] = [1, 2].map(|seed| peaks(waveform(seed).samples()));
    bencher.bench(|| PeakPair::new(black_box(&left), black_box(&right)).lines());
}

#[divan::bench(sample_count = 20)]
fn composition_of_one_song(bencher: Bencher<'_, '_>) {
    let (song, config) = (waveform(1), FeatureConfig::default());
    bencher.bench(|| analyse_composition(black_box(song.samples()), &config));
}

#[divan::bench(sample_count = 20)]
fn matching_compositions(bencher: Bencher<'_, '_>) {
    let config = FeatureConfig::default();
    let [left, right] = [1, 2].map(|seed| analyse_composition(waveform(seed).samples(), &config));
    bencher.bench(|| composition_features([black_box(&left), black_box(&right)]));
}

#[divan::bench(sample_count = 20)]
fn matching(bencher: Bencher<'_, '_>) {
    let checker = checker();
    let [left, right] = [1, 2].map(|seed| analyse(&checker, waveform(seed)));
    bencher.bench(|| checker.compare(black_box(&left), black_box(&right), |_, _| ()));
}

/// From decoded samples to the report.
#[divan::bench(sample_count = 20)]
fn whole_check(bencher: Bencher<'_, '_>) {
    let checker = checker();
    let decoded = [1, 2].map(|seed| waveform(seed).resampled(DECODED_RATE_HZ));
    bencher
        .with_inputs(|| decoded.clone())
        .bench_values(|songs| {
            let [left, right] = songs.map(|waveform| analyse(&checker, waveform));
            checker.compare(&left, &right, |_, _| ())
        });
}

fn model() -> Model {
    Model::on_cpu(SHIPPED_WEIGHTS).expect("the shipped weights are complete")
}

fn checker() -> Checker {
    Checker::new(model(), "cpu")
}

/// A tune that never repeats. Its last minute is the same for every seed, so that there is a
/// passage.
fn waveform(seed: u64) -> Waveform {
    let tune = |seed, secs| Part::Tune {
        seed,
        start_secs: 0.0,
        secs,
        semitones: 0.0,
        tempo: 1.0,
        drums: None,
        like: None,
        instruments: None,
        rearranged: false,
    };
    let samples = Recipe(vec![tune(seed, SONG_SECS - 60.0), tune(0, 60.0)]).samples();
    Waveform::new("song", samples, synth::RATE_HZ).expect("it is audio")
}

fn log_mel(samples: &[f32]) -> LogMelSpectrogram {
    let config = FeatureConfig::default();
    let mel = LogMelPlan::new(&config).mel_power(samples, |_| ());
    mel.relative_db(&config, mel.level_db(&config))
}

fn peaks(samples: &[f32]) -> PeakMap {
    PeakMap::new(samples, &FeatureConfig::default())
}

fn analyse(checker: &Checker, waveform: Waveform) -> Song {
    pollster::block_on(checker.analyse("song", waveform, |_, _| ())).expect("it is a song")
}
