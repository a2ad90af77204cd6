//! The same bits on every host: natively on x86-64 and in WebAssembly, on a page and in a worker,
//! for each stage from samples at the model's rate to the report. (Resampling, the stage before, is
//! not tested: its transform is the fastest of each machine, and the last bits differ.)
//!
//! Songs and weights are made of integers and of operations that IEEE 754 defines exactly, so that
//! they are equal on every host, and so that the expected hashes don't depend on the shipped
//! weights. A change of features, network or matcher changes the hashes. A failing test prints the
//! new ones; copy them here only if every host prints the same.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]
#![cfg(any(target_arch = "x86_64", target_arch = "wasm32"))]

mod common;

use common::{noise, random};
use soundalike::training::{
    Calibration, EncoderConfig, LogMelPlan, Preset, Tensors, WeightsInfo, WhitenedSpectrogram,
    golden_segment, weights_file,
};
use soundalike::{Checker, FeatureConfig, Model, Song, Waveform};
use wasm_bindgen_test::wasm_bindgen_test;

const RATE_HZ: u32 = 22_050;

/// Layout, numerics and hash of a kept song. Songs in caches and catalogues are read by every
/// release with the same layout and numerics, so all three change together.
const KEPT: (u32, u32, &str) = (
    6,
    1,
    "53f3c149babf68327d176c793b18b92a6a01f32ebdcb40be0c27fbf02fdaedc7",
);

/// Plucked sawtooth notes over soft noise, one note a beat.
fn song(seed: u32, secs: u32, beat_samples: u32) -> Vec<f32> {
    // Two octaves of a scale in Hz.
    const SCALE_HZ: [u32; 14] = [
        220, 247, 262, 294, 330, 349, 392, 440, 494, 523, 587, 659, 698, 784,
    ];
    let mut state = seed;
    (0..secs * RATE_HZ)
        .map(|n| {
            let (beat, since) = (n / beat_samples, n % beat_samples);
            let mut choice = seed ^ beat.wrapping_mul(2_654_435_769);
            let hz = SCALE_HZ[random(&mut choice) as usize % SCALE_HZ.len()];
            let phase = (n * hz % RATE_HZ) as f32 / RATE_HZ as f32 - 0.5;
            let left = (beat_samples - since) as f32 / beat_samples as f32;
            0.5 * left * left * phase + 0.01 * noise(&mut state)
        })
        .collect()
}

fn sha256_of(values: impl IntoIterator<Item = f32>) -> String {
    let bytes: Vec<u8> = values.into_iter().flat_map(f32::to_le_bytes).collect();
    weights_file::sha256(&bytes)
}

/// A failure prints all hashes, so that new ones can be copied.
fn assert_hashes(found: &[(&str, String)], expected: &[&str]) {
    let found: Vec<String> = found
        .iter()
        .map(|(what, hash)| format!("{what} {hash}"))
        .collect();
    assert_eq!(found, expected, "{found:#?}");
}

/// Weights of the shipped network's shape, with values about as large as trained ones.
fn synthetic_weights() -> Vec<u8> {
    let (features, encoder) = (FeatureConfig::default(), EncoderConfig::default());
    // Name, shape, and the mean and greatest deviation of the values.
    let mut wanted = Vec::new();
    let norm = |name: &str, channels: usize| {
        let part = |part: &str, mean, deviation| {
            (format!("{name}.{part}"), vec![channels], mean, deviation)
        };
        [
            part("gamma", 1.0, 0.3),
            part("beta", 0.0, 0.3),
            part("running_mean", 0.0, 0.3),
            part("running_var", 1.0, 0.5),
        ]
    };
    for (layer, [inputs, outputs, side, _]) in encoder.layers().into_iter().enumerate() {
        let block = format!("encoder.blocks.{layer}");
        let deviation = (6.0 / (inputs * side * side) as f32).sqrt();
        let shape = vec![outputs, inputs, side, side];
        wanted.push((format!("{block}.conv.weight"), shape, 0.0, deviation));
        wanted.extend(norm(&format!("{block}.norm"), outputs));
    }
    let rows = encoder.feature_rows(features.mel_bands);
    let (pooled, embedding) = (2 * encoder.reduced_channels * rows, encoder.embedding);
    let projection = |part: &str| format!("encoder.projection.{part}");
    wanted.push((projection("weight"), vec![pooled, embedding], 0.0, 0.05));
    wanted.push((projection("bias"), vec![embedding], 0.0, 0.05));
    wanted.extend(norm("encoder.embedding_norm", embedding));
    wanted.push(("head.raw_weights".into(), vec![embedding], -2.0, 0.5));
    wanted.push(("head.bias".into(), vec![1], 9.0, 0.0));
    let (mut state, mut tensors) = (1, Tensors::default());
    for (name, shape, mean, deviation) in wanted {
        let values = (0..shape.iter().product())
            .map(|_| mean + deviation * noise(&mut state))
            .collect();
        tensors.insert(name, shape, values);
    }
    let info = WeightsInfo {
        format: weights_file::FORMAT,
        version: "made up".into(),
        golden_embedding: vec![0.0; encoder.embedding],
        calibration: Calibration::default(),
        features,
        encoder,
    };
    weights_file::write(&info, &tensors).unwrap()
}

fn analysed(checker: &Checker, samples: &[f32]) -> Song {
    let waveform = Waveform::new("song", samples.to_vec(), RATE_HZ).unwrap();
    pollster::block_on(checker.analyse("song", waveform, |_, _| ())).unwrap()
}

#[wasm_bindgen_test(unsupported = test)]
fn features_have_the_same_bits() {
    let config = FeatureConfig::default();
    let samples = song(1, 20, 5_000);
    let mel = LogMelPlan::new(&config).mel_power(&samples, |_| ());
    let log_mel = mel.relative_db(&config, mel.level_db(&config));
    let profile = WhitenedSpectrogram::new(&mel, Preset::Song, &config);
    let columns = (0..profile.columns()).filter_map(|column| profile.column(column as isize));
    assert_hashes(
        &[
            ("samples", sha256_of(samples)),
            ("mel power", sha256_of(mel.power)),
            ("log-mel", sha256_of(log_mel.db)),
            (
                "profile",
                sha256_of(columns.flatten().map(|&value| f32::from(value))),
            ),
            ("golden segment", sha256_of(golden_segment(&config))),
        ],
        &[
            "samples af7c316200a38ac486843e718118a074175c929d35effc944282ffe3e16f5d73",
            "mel power 2d1a79d56c96062091e6de0467cb0223b5c0d1f83aeb14c08a6e31fa43bd1a5e",
            "log-mel 66c51e55bc2ea81fbb3f30e92bd3abbe25662a6dc92f1f5c369083356f849b30",
            "profile 853bdb0bd6a9951b49c8fd77df4a91d730d3959c88df308f3237bc230b18c2f9",
            "golden segment b9304327ca64a2c27a0e2a77bac35c9995f840abc3250a8554bb6bb30c9ec6dc",
        ],
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn embeddings_and_reports_have_the_same_bits() {
    let weights = synthetic_weights();
    let checker = Checker::new(Model::on_cpu(&weights).unwrap(), "cpu");
    let whole = song(1, 40, 5_000);
    // An excerpt of it between other music; not at a start of a segment.
    let mut host = song(2, 12, 6_100);
    host.extend(&whole[300_000..600_000]);
    host.extend(song(3, 8, 4_400));
    host.extend(vec![0.0; 100_000]);
    let (left, right) = (analysed(&checker, &whole), analysed(&checker, &host));
    let report = checker.compare(&left, &right, |_, _| ());
    assert!(!report.passages.is_empty() && report.right.left_out_share > 0.0);
    let kept = (
        Song::LAYOUT,
        Song::NUMERICS,
        weights_file::sha256(&left.to_bytes(checker.model())),
    );
    assert_eq!(
        (kept.0, kept.1, kept.2.as_str()),
        KEPT,
        "songs are analysed or kept otherwise: raise Song::NUMERICS or Song::LAYOUT, too"
    );
    assert_hashes(
        &[
            ("weights", weights_file::sha256(&weights)),
            ("left", sha256_of(left.embeddings().values.iter().copied())),
            (
                "right",
                sha256_of(right.embeddings().values.iter().copied()),
            ),
            (
                "report",
                weights_file::sha256(&serde_json::to_vec(&report).unwrap()),
            ),
        ],
        &[
            "weights 0b4076d3604c78074db034552e54656ef6aa7eb04843cb3afdba45a769c820e1",
            "left 7ea8450dfc95648c857fca585ed74ae25858edc02c3967f170f29eb283c6f703",
            "right a877ad64285531025dee22a2851909b48b11d8c1497d29ac4aaa8ed05480c3d7",
            "report 0c6227aabc5597eadfbd8fdc7be6e26da67b9be53d27a6805f3dc330c6b2453f",
        ],
    );
}
