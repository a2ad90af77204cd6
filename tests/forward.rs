//! The CPU's forward pass computes the same embeddings as the network in burn. In a browser it has
//! the bits that it has natively (`identical.rs`).
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]
#![cfg(feature = "flex")]

mod common;

use burn::tensor::Device;
use common::noise;
use soundalike::training::{
    Embeddings, EncoderConfig, LogMelPlan, LogMelSpectrogram, SiameseNetwork, golden_segment,
    weights_file,
};
use soundalike::{FeatureConfig, Model, SHIPPED_WEIGHTS};
use wasm_bindgen_test::wasm_bindgen_test;

/// Greatest difference of a value, relative to the greatest value of its embedding. Both passes add
/// hundreds of float32 products, in different orders.
const TOLERANCE: f32 = 1e-4;
const SEED: u32 = 20_261_122;

/// Decibels between -80 and 0.
fn random_song(frames: usize) -> LogMelSpectrogram {
    let mut state = SEED + frames as u32;
    let mel_bands = FeatureConfig::default().mel_bands;
    LogMelSpectrogram {
        mel_bands,
        frames,
        db: (0..mel_bands * frames)
            .map(|_| 40.0 * noise(&mut state) - 40.0)
            .collect(),
    }
}

/// Weights of a network of that shape. Noise is added to every value, so that no batch norm is the
/// identity.
fn random_weights(encoder: &EncoderConfig) -> Vec<u8> {
    let (mut info, _) = weights_file::read(SHIPPED_WEIGHTS).unwrap();
    let mut tensors = SiameseNetwork::new(encoder, &info.features, &Device::flex()).tensors();
    let mut state = SEED;
    tensors.map_values(|value| value + 0.1 * noise(&mut state));
    info.encoder = encoder.clone();
    info.golden_embedding = vec![0.0; encoder.embedding];
    weights_file::write(&info, &tensors).unwrap()
}

/// The same model on the CPU's forward pass and in burn.
fn models(weights: &[u8]) -> [Model; 2] {
    let burn = pollster::block_on(Model::load(weights, &Device::flex(), false)).unwrap();
    [Model::on_cpu(weights).unwrap(), burn]
}

fn assert_same(actual: &Embeddings, expected: &Embeddings, what: &str) {
    assert_eq!(
        (actual.dimensions, actual.len()),
        (expected.dimensions, expected.len()),
        "{what}"
    );
    for (segment, (actual, expected)) in actual.rows().zip(expected.rows()).enumerate() {
        let greatest = expected.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
        for (actual, expected) in actual.iter().zip(expected) {
            let error = (actual - expected).abs() / greatest;
            assert!(error <= TOLERANCE, "{what}, segment {segment}: {error:e}");
        }
    }
}

fn assert_same_song([cpu, burn]: &[Model; 2], song: &LogMelSpectrogram) {
    let embed = |model: &Model| pollster::block_on(model.embed_song(song, |_| ())).unwrap();
    let what = format!("{} frames", song.frames);
    assert_same(&embed(cpu), &embed(burn), &what);
}

#[wasm_bindgen_test(unsupported = test)]
fn both_passes_agree_on_the_golden_segment() {
    let config = FeatureConfig::default();
    let golden = LogMelPlan::new(&config).segment_db(&golden_segment(&config));
    assert_same_song(&models(SHIPPED_WEIGHTS), &golden);
}

#[wasm_bindgen_test(unsupported = test)]
fn both_passes_agree_on_songs_of_any_length() {
    let models = models(SHIPPED_WEIGHTS);
    // The shortest song; every remainder of a feature frame; one frame less and more than the CPU
    // computes at once, and than burn's blocks of 60 feature frames; several blocks.
    for frames in (130..147).chain([255, 256, 257, 385, 959, 961, 1_100, 3_001]) {
        assert_same_song(&models, &random_song(frames));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn both_passes_agree_for_networks_of_any_shape() {
    for (channels, reduced_channels, embedding) in [
        ([1, 1, 1, 1, 1], 1, 1),
        ([5, 9, 17, 24, 3], 7, 10),
        ([24, 40, 72, 100, 136], 60, 130),
    ] {
        let models = models(&random_weights(&EncoderConfig {
            channels,
            reduced_channels,
            embedding,
            dropout: 0.1,
        }));
        for frames in [130, 400] {
            assert_same_song(&models, &random_song(frames));
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn both_passes_agree_on_single_segments() {
    let models = models(SHIPPED_WEIGHTS);
    let frames = FeatureConfig::default().segment_frames();
    let segments = [
        random_song(frames),
        random_song(frames + 1),
        random_song(frames),
    ];
    // burn embeds only segments of equal length together, so one at a time.
    for segment in &segments {
        let embed = |model: &Model| {
            pollster::block_on(model.embed_segments(std::slice::from_ref(segment))).unwrap()
        };
        assert_same(&embed(&models[0]), &embed(&models[1]), "a segment");
    }
    // Used scratch buffers don't change the result.
    let together = pollster::block_on(models[0].embed_segments(&segments)).unwrap();
    let last = pollster::block_on(models[0].embed_segments(&segments[2..])).unwrap();
    assert_eq!(together.rows().last(), last.rows().next());
    assert_eq!(together.len(), segments.len());
}

#[wasm_bindgen_test(unsupported = test)]
fn a_song_shorter_than_a_segment_has_no_embeddings() {
    let model = Model::on_cpu(SHIPPED_WEIGHTS).unwrap();
    for frames in [0, 1, 100] {
        let embeddings = pollster::block_on(model.embed_song(&random_song(frames), |_| ()));
        assert!(embeddings.unwrap().is_empty(), "{frames} frames");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn progress_rises_to_one() {
    let model = Model::on_cpu(SHIPPED_WEIGHTS).unwrap();
    let mut fractions = Vec::new();
    pollster::block_on(model.embed_song(&random_song(1_000), |at| fractions.push(at))).unwrap();
    assert!(
        fractions.len() > 2 && fractions.is_sorted(),
        "{fractions:?}"
    );
    assert_eq!(fractions.last(), Some(&1.0));
}
