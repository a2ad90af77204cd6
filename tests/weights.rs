//! Complete weights files load. Anything else is an error with its cause, never a panic.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

use soundalike::training::{Tensors, WeightsInfo, weights_file};
use soundalike::{Model, SHIPPED_WEIGHTS};
use wasm_bindgen_test::wasm_bindgen_test;

/// Loads the model for the CPU's forward pass. Asserts that burn refuses the same bytes.
fn load(bytes: &[u8]) -> Result<Model, soundalike::Error> {
    let model = Model::on_cpu(bytes);
    #[cfg(feature = "flex")]
    {
        let device = burn::tensor::Device::flex();
        let in_burn = pollster::block_on(Model::load(bytes, &device, false));
        assert_eq!(model.is_ok(), in_burn.is_ok());
    }
    model
}

/// The message of the error. Asserts its code.
fn refusal(bytes: &[u8]) -> String {
    let error = load(bytes)
        .map(|_| ())
        .expect_err("invalid weights were accepted");
    assert_eq!(error.code(), "weights-invalid");
    error.to_string()
}

fn rewritten(change: impl FnOnce(&mut WeightsInfo, &mut Tensors)) -> Vec<u8> {
    let (mut info, mut tensors) = weights_file::read(SHIPPED_WEIGHTS).unwrap();
    change(&mut info, &mut tensors);
    weights_file::write(&info, &tensors).unwrap()
}

#[wasm_bindgen_test(unsupported = test)]
fn shipped_weights_load_and_are_small() {
    let model = load(SHIPPED_WEIGHTS).unwrap();
    assert!(SHIPPED_WEIGHTS.len() <= 3_000_000 && model.parameters() <= 1_000_000);
    assert_eq!(model.sha256().len(), 64);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_rewritten_file_is_the_same_file() {
    assert!(rewritten(|_, _| ()) == SHIPPED_WEIGHTS);
}

#[wasm_bindgen_test(unsupported = test)]
fn truncated_files_are_refused() {
    for length in [
        0,
        1,
        7,
        8,
        100,
        3_000,
        SHIPPED_WEIGHTS.len() / 2,
        SHIPPED_WEIGHTS.len() - 1,
    ] {
        let message = refusal(&SHIPPED_WEIGHTS[..length]);
        assert!(message.contains("truncated"), "{length} bytes: {message}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn one_flipped_bit_is_detected_anywhere() {
    // Every 9,973rd byte (a prime number, so that the places vary), and the description at the
    // front.
    let places = (0..SHIPPED_WEIGHTS.len())
        .step_by(9_973)
        .chain((8..4_000).step_by(97));
    for place in places {
        let mut bytes = SHIPPED_WEIGHTS.to_vec();
        bytes[place] ^= 0x04;
        refusal(&bytes);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn foreign_files_are_refused() {
    refusal(b"ID3\x04\x00\x00 an MP3, not weights");
    refusal(&[0xff; 4_096]);
    let empty_safetensors = b"\x02\x00\x00\x00\x00\x00\x00\x00{}";
    let message = refusal(empty_safetensors);
    assert!(message.contains("other weights"), "{message}");
}

#[wasm_bindgen_test(unsupported = test)]
fn other_features_formats_and_shapes_are_refused() {
    let message = refusal(&rewritten(|info, _| info.features.hop_samples = 256));
    assert!(message.contains("other features"), "{message}");
    let message = refusal(&rewritten(|info, _| info.format += 1));
    assert!(message.contains("format"), "{message}");
    let message = refusal(&rewritten(|info, _| info.encoder.channels[1] = 40));
    assert!(message.contains("shape"), "{message}");
    let message = refusal(&rewritten(|info, _| info.encoder.channels[1] = 1 << 30));
    assert!(message.contains("impossible"), "{message}");
    let message = refusal(&rewritten(|info, _| info.golden_embedding.truncate(5)));
    assert!(message.contains("golden"), "{message}");
    let message = refusal(&rewritten(|info, _| {
        info.calibration.knots = vec![(1.0, 0.5), (0.0, 0.6)]
    }));
    assert!(message.contains("calibration"), "{message}");
    let message = refusal(&rewritten(|_, tensors| *tensors = Tensors::default()));
    assert!(message.contains("no tensor"), "{message}");
}

#[wasm_bindgen_test(unsupported = test)]
fn a_weight_beyond_f16_is_not_written() {
    let (info, mut tensors) = weights_file::read(SHIPPED_WEIGHTS).unwrap();
    assert!(weights_file::write(&info, &tensors).is_ok());
    tensors.map_values(|value| value + 1e6);
    assert!(weights_file::write(&info, &tensors).is_err());
}
