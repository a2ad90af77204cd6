//! One pass over a whole song gives the same embeddings as passes over its parts.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]
#![cfg(feature = "flex")]

use burn::tensor::Device;
use soundalike::training::{
    Embeddings, FRAMES_PER_FEATURE_FRAME, LogMelPlan, LogMelSpectrogram,
    SEGMENT_HOP_FEATURE_FRAMES, cosine_distance, golden_segment,
};
use soundalike::{FeatureConfig, Model, SHIPPED_WEIGHTS};
use wasm_bindgen_test::wasm_bindgen_test;

/// `secs` seconds of the golden segment, repeated at rising speed, so that all segments differ.
fn song(secs: usize) -> LogMelSpectrogram {
    let config = FeatureConfig::default();
    let golden = golden_segment(&config);
    let samples: Vec<f32> = (0..secs * config.sample_rate_hz as usize)
        .map(|n| golden[((n as f64).powf(1.01) as usize) % golden.len()])
        .collect();
    let mel = LogMelPlan::new(&config).mel_power(&samples, |_| ());
    mel.relative_db(&config, mel.level_db(&config))
}

fn embed(song: &LogMelSpectrogram, fixed_shapes: bool) -> Embeddings {
    let model =
        pollster::block_on(Model::load(SHIPPED_WEIGHTS, &Device::flex(), fixed_shapes)).unwrap();
    pollster::block_on(model.embed_song(song, |_| ())).unwrap()
}

fn greatest_distance(a: &Embeddings, b: &Embeddings) -> f32 {
    assert_eq!(a.len(), b.len());
    a.rows()
        .zip(b.rows())
        .map(|(a, b)| cosine_distance(a, b))
        .fold(0.0, f32::max)
}

#[wasm_bindgen_test(unsupported = test)]
fn blocks_of_any_and_of_fixed_widths_give_the_same_embeddings_as_no_blocks() {
    let on_cpu = Model::on_cpu(SHIPPED_WEIGHTS).unwrap();
    // The shortest song; one block of each width, filled and just exceeded; two blocks, the second
    // of each width; three blocks. The choice of widths is tested beside its code.
    for secs in [3, 5, 11, 12, 23, 24, 26, 36, 50] {
        let song = song(secs);
        let whole = pollster::block_on(on_cpu.embed_song(&song, |_| ())).unwrap();
        for fixed_shapes in [false, true] {
            let distance = greatest_distance(&whole, &embed(&song, fixed_shapes));
            assert!(
                distance < 1e-5,
                "{secs} s, fixed {fixed_shapes}: cosine distance {distance:e}"
            );
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_later_start_on_the_grid_gives_the_same_embeddings() {
    // Without a multiple of the hop at the front, every block moves. Segments away from the new
    // edge must not change.
    let whole = song(60);
    let cut_segments = 5;
    let cut_frames = cut_segments * SEGMENT_HOP_FEATURE_FRAMES * FRAMES_PER_FEATURE_FRAME;
    let frames = whole.frames - cut_frames;
    let db = whole
        .db
        .chunks(whole.frames)
        .flat_map(|band| band[cut_frames..].to_vec())
        .collect();
    let later = LogMelSpectrogram {
        mel_bands: whole.mel_bands,
        frames,
        db,
    };
    let (whole, later) = (embed(&whole, false), embed(&later, false));
    for (segment, embedding) in later.rows().enumerate().skip(1) {
        let same = whole.rows().nth(segment + cut_segments).unwrap();
        let distance = cosine_distance(embedding, same);
        assert!(
            distance < 1e-5,
            "segment {segment}: cosine distance {distance:e}"
        );
    }
}
