//! Weights files: foreign ones, ours with another description, and small networks of any shape and any values.

use std::sync::OnceLock;

use arbitrary::{Arbitrary as _, Unstructured};
use serde_json::Value;
use soundalike::encoder::EncoderConfig;
use soundalike::model::SHIPPED_WEIGHTS;
use soundalike::weights_file::{self, Tensors, WeightsInfo};
use soundalike::{Checker, FeatureConfig, Model, Waveform};

use crate::engine;

/// Takes `data` for weights, by its first byte: as a file; as a JSON merge patch (RFC 7396) for the shipped description; or as the shape and the values
/// of a network.
pub fn weights(data: &[u8]) {
    let Some((mode, data)) = data.split_first() else {
        return;
    };
    match mode % 3 {
        0 => drop(Model::on_cpu(data)),
        1 => described(data),
        _ => {
            let _ = shaped(&mut Unstructured::new(data));
        }
    }
}

fn shipped() -> &'static (WeightsInfo, Tensors) {
    static SHIPPED: OnceLock<(WeightsInfo, Tensors)> = OnceLock::new();
    SHIPPED.get_or_init(|| weights_file::read(SHIPPED_WEIGHTS).unwrap())
}

/// The shipped tensors under a description that `patch` changes.
fn described(patch: &[u8]) {
    let (info, tensors) = shipped();
    let Ok(patch) = serde_json::from_slice::<Value>(patch) else {
        return;
    };
    let mut description = serde_json::to_value(info).unwrap();
    merge(&mut description, &patch);
    let Ok(info) = serde_json::from_value::<WeightsInfo>(description) else {
        return;
    };
    if let Ok(model) = Model::on_cpu(&weights_file::write(&info, tensors).unwrap()) {
        use_model(model);
    }
}

/// A network of any shape that is small, with values that follow from few bytes.
fn shaped(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let (shipped_info, _) = shipped();
    let mut size = || input.int_in_range(1..=24);
    let encoder = EncoderConfig {
        channels: [size()?, size()?, size()?, size()?, size()?],
        reduced_channels: size()?,
        embedding: size()?,
        dropout: 0.0,
    };
    let scale = f32::arbitrary(input)?;
    let odd_values: Vec<(u16, f32)> = Vec::arbitrary(input)?;
    let mut tensors = Tensors::default();
    let mut state = 1_u32;
    let mut put = |name: String, shape: Vec<usize>| {
        let mut values: Vec<f32> = (0..shape.iter().product())
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state as f32 / u32::MAX as f32 - 0.5) * scale
            })
            .collect();
        for (place, value) in &odd_values {
            let length = values.len();
            values[usize::from(*place) % length] = *value;
        }
        tensors.insert(name, shape, values);
    };
    let norm = ["gamma", "beta", "running_mean", "running_var"];
    for (layer, [inputs, outputs, side, _]) in encoder.layers().into_iter().enumerate() {
        put(
            format!("encoder.blocks.{layer}.conv.weight"),
            vec![outputs, inputs, side, side],
        );
        for part in norm {
            put(format!("encoder.blocks.{layer}.norm.{part}"), vec![outputs]);
        }
    }
    let rows = FeatureConfig::default().mel_bands.div_ceil(16);
    let embedding = encoder.embedding;
    put(
        "encoder.projection.weight".into(),
        vec![2 * encoder.reduced_channels * rows, embedding],
    );
    put("encoder.projection.bias".into(), vec![embedding]);
    for part in norm {
        put(format!("encoder.embedding_norm.{part}"), vec![embedding]);
    }
    put("head.raw_weights".into(), vec![embedding]);
    put("head.bias".into(), vec![1]);
    let info = WeightsInfo {
        encoder,
        golden_embedding: vec![0.5; embedding],
        ..shipped_info.clone()
    };
    // A value beyond f16 is refused when it is written.
    let Ok(bytes) = weights_file::write(&info, &tensors) else {
        return Ok(());
    };
    use_model(Model::on_cpu(&bytes).expect("every small shape is a network"));
    Ok(())
}

/// The self-test decides whether a model is used; whatever it says, using one must not panic.
fn use_model(model: Model) {
    let passed = pollster::block_on(model.self_test("cpu")).is_ok();
    let checker = Checker::new(model, "cpu");
    let samples = (0..4 * 22_050)
        .map(|n| (n as f32 * 0.07 * (1.0 + n as f32 * 1e-5)).sin())
        .collect();
    let waveform = Waveform::new("song", samples, 22_050).unwrap();
    if let Ok(song) = engine::analyse(&checker, waveform)
        && passed
    {
        engine::compare(&checker, &song, &song);
    }
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Default::default());
    }
    let Value::Object(target) = target else {
        return;
    };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key).or_insert(Value::Null), value);
        }
    }
}
