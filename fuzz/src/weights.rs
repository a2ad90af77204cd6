//! Weights files: random bytes, and small networks with any description, shape and values. They are
//! small because the shipped network would take fifty times as long for the same code.

use std::sync::OnceLock;

use arbitrary::{Arbitrary as _, Unstructured};
use serde_json::Value;
use soundalike::training::{
    EncoderConfig, LogMelPlan, LogMelSpectrogram, Tensors, WeightsInfo, cosine_distance,
    golden_segment, weights_file,
};
use soundalike::{Checker, FeatureConfig, Model, SHIPPED_WEIGHTS};

use crate::engine;

/// Reads `data` as weights. Its first byte chooses: a file; a JSON merge patch (RFC 7396) for the
/// description of a small network; or the shape and the values of a network.
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

/// The tensors of a small network under a description that `patch` changes.
fn described(patch: &[u8]) {
    static SMALL: OnceLock<(WeightsInfo, Tensors)> = OnceLock::new();
    let (info, tensors) = SMALL.get_or_init(|| {
        let encoder = EncoderConfig {
            channels: [3, 4, 5, 6, 8],
            reduced_channels: 4,
            embedding: 10,
            dropout: 0.0,
        };
        let tensors = tensors(&encoder, 1.0, &[]);
        let info = with_right_answer(encoder, &tensors);
        let model = Model::on_cpu(&weights_file::write(&info, &tensors).unwrap()).unwrap();
        pollster::block_on(model.self_test("cpu")).expect("undescribed, it is used");
        (info, tensors)
    });
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

/// A small network of any shape, with values that follow from few bytes.
fn shaped(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let mut size = || input.int_in_range(1..=24);
    let encoder = EncoderConfig {
        channels: [size()?, size()?, size()?, size()?, size()?],
        reduced_channels: size()?,
        embedding: size()?,
        dropout: 0.0,
    };
    let scale = f32::arbitrary(input)?;
    let is_honest = bool::arbitrary(input)?;
    let odd_values: Vec<(u16, f32)> = Vec::arbitrary(input)?;
    let tensors = tensors(&encoder, scale, &odd_values);
    // A value beyond f16 is refused when it is written.
    let Ok(bytes) = weights_file::write(&unanswered(encoder.clone()), &tensors) else {
        return Ok(());
    };
    let model = Model::on_cpu(&bytes).expect("every small shape is a network");
    if is_honest {
        let bytes = weights_file::write(&with_right_answer(encoder, &tensors), &tensors).unwrap();
        use_model(Model::on_cpu(&bytes).expect("it was a network before"));
    } else {
        use_model(model);
    }
    Ok(())
}

/// All tensors of a network: values within `scale / 2`, and the `odd_values` at their places in
/// each tensor.
fn tensors(encoder: &EncoderConfig, scale: f32, odd_values: &[(u16, f32)]) -> Tensors {
    let mut tensors = Tensors::default();
    let mut state = 1_u32;
    let mut put = |name: String, shape: Vec<usize>| {
        let mut values: Vec<f32> = (0..shape.iter().product())
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state as f32 / u32::MAX as f32 - 0.5) * scale
            })
            .collect();
        // A negative variance gives only NaN.
        if name.ends_with("running_var") {
            values.iter_mut().for_each(|value| *value = value.abs());
        }
        for (place, value) in odd_values {
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
    tensors
}

/// A description whose golden embedding no network gives.
fn unanswered(encoder: EncoderConfig) -> WeightsInfo {
    static SHIPPED: OnceLock<WeightsInfo> = OnceLock::new();
    let shipped = SHIPPED.get_or_init(|| weights_file::read(SHIPPED_WEIGHTS).unwrap().0);
    WeightsInfo {
        golden_embedding: vec![0.5; encoder.embedding],
        encoder,
        ..shipped.clone()
    }
}

/// A description that passes the self-test, where the network gives any embedding. An attacker
/// could write it.
fn with_right_answer(encoder: EncoderConfig, tensors: &Tensors) -> WeightsInfo {
    let info = unanswered(encoder);
    let model = Model::on_cpu(&weights_file::write(&info, tensors).unwrap()).unwrap();
    match pollster::block_on(model.embed_song(golden_frames(), |_| ())) {
        Ok(answer) => WeightsInfo {
            golden_embedding: answer.values,
            ..info
        },
        Err(_) => info,
    }
}

/// The self-test decides whether a model is used. Using one must not panic in either case.
fn use_model(model: Model) {
    // As in `Model::self_test`, which would synthesise its sound each time.
    let answer = pollster::block_on(model.embed_song(golden_frames(), |_| ()));
    let passed = answer.is_ok_and(|answer| {
        cosine_distance(&answer.values, &model.info().golden_embedding) <= 1e-3
    });
    let checker = Checker::new(model, "cpu");
    if let Ok(song) = engine::analyse(&checker, engine::sound(3))
        && passed
    {
        engine::compare(&checker, &song, &song);
    }
}

fn golden_frames() -> &'static LogMelSpectrogram {
    static FRAMES: OnceLock<LogMelSpectrogram> = OnceLock::new();
    FRAMES.get_or_init(|| {
        let features = FeatureConfig::default();
        LogMelPlan::new(&features).segment_db(&golden_segment(&features))
    })
}

/// JSON merge patch (RFC 7396).
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
