//! Writes the shipped encoder as an ONNX model, with reference results, for `cargo xtask bench`.
//!
//!     cargo run --release --example onnx -- OUT SAMPLES...
//!
//! Each `SAMPLES` is a file `NAME.f32` of mono f32 samples at the model's rate. The folder `OUT`
//! gets:
//!
//! | file | content |
//! |---|---|
//! | `encoder.onnx` | the encoder, with batch norm folded into the convolutions as in the engine |
//! | `NAME.frames.f32` | normalised log-mel frames, `[mel_bands, frames]` |
//! | `NAME.embeddings.f32` | embeddings by the engine, `[segments, embedding]` |

use std::path::{Path, PathBuf};
use std::{env, fs};

use prost::Message as _;
use soundalike::training::{
    EncoderConfig, LogMelPlan, SEGMENT_HOP_FEATURE_FRAMES, Tensors, WeightsInfo, feature_frames,
    weights_file,
};
use soundalike::{Model, Result as SoundalikeResult, SHIPPED_WEIGHTS};

#[path = "onnx/proto.rs"]
mod proto;
use proto::{Graph, Model as OnnxModel, Node, OperatorSet, Tensor, ValueInfo};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let mut paths = env::args_os().skip(1).map(PathBuf::from);
    let out = paths.next().ok_or("usage: onnx OUT SAMPLES...")?;
    fs::create_dir_all(&out)?;
    let (info, tensors) = weights_file::read(SHIPPED_WEIGHTS)?;
    fs::write(
        out.join("encoder.onnx"),
        encoder(&info, &tensors)?.encode_to_vec(),
    )?;
    let model = Model::on_cpu(SHIPPED_WEIGHTS)?;
    paths.try_for_each(|path| write_reference(&model, &path, &out))
}

/// Writes frames and embeddings of a song.
fn write_reference(model: &Model, path: &Path, out: &Path) -> Outcome<()> {
    let config = &model.info().features;
    let samples: Vec<f32> = fs::read(path)?
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        .collect();
    let mel = LogMelPlan::new(config).mel_power(&samples, |_| ());
    let log_mel = mel.relative_db(config, mel.level_db(config));
    let embeddings = pollster::block_on(model.embed_song(&log_mel, |_| ()))?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    for (what, values) in [
        ("frames", &log_mel.normalised(config)),
        ("embeddings", &embeddings.values),
    ] {
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        fs::write(out.join(format!("{name}.{what}.f32")), bytes)?;
    }
    Ok(())
}

/// Normalised log-mel frames `[1, 1, mel_bands, frames]` to embeddings `[segments, embedding]`.
/// The frames of three seconds are one segment.
fn encoder(info: &WeightsInfo, tensors: &Tensors) -> SoundalikeResult<OnnxModel> {
    let mut graph = Graph {
        name: "encoder".into(),
        input: vec![ValueInfo::f32(
            "frames",
            &["batch", "1", &info.features.mel_bands.to_string(), "time"],
        )],
        output: vec![ValueInfo::f32(
            "embeddings",
            &["segments", &info.encoder.embedding.to_string()],
        )],
        ..Graph::default()
    };
    let convolved = add_convolutions(&mut graph, &info.encoder, tensors)?;
    add_pooling(&mut graph, info, &convolved);
    add_projection(&mut graph, info, tensors)?;
    Ok(OnnxModel {
        ir_version: proto::IR_VERSION,
        producer_name: "soundalike".into(),
        graph: Some(graph),
        opset_import: vec![OperatorSet {
            domain: String::new(),
            version: proto::OPERATOR_SET,
        }],
    })
}

/// `frames` to feature frames. Returns the name of the last output.
fn add_convolutions(
    graph: &mut Graph,
    config: &EncoderConfig,
    tensors: &Tensors,
) -> SoundalikeResult<String> {
    let mut input = "frames".to_owned();
    let layers = config
        .layers()
        .into_iter()
        .zip(config.folded_convolutions(tensors)?);
    for (layer, ([inputs, outputs, side, stride], folded)) in layers.enumerate() {
        let [weight, bias, convolved, rectified] =
            ["weight", "bias", "convolved", "rectified"].map(|what| format!("{what}{layer}"));
        graph.initializer.extend([
            Tensor::f32(&weight, &[outputs, inputs, side, side], &folded.weights),
            Tensor::f32(&bias, &[outputs], &folded.bias),
        ]);
        graph.node.extend([
            Node::new("Conv", &[&input, &weight, &bias], &convolved).with(&[
                ("kernel_shape", &[side, side]),
                ("strides", &[stride, stride]),
                ("pads", &[side / 2; 4]),
            ]),
            Node::new("Relu", &[&convolved], &rectified),
        ]);
        input = rectified;
    }
    Ok(input)
}

/// The feature frames `input` to `by_segment`: mean and maximum under each segment.
fn add_pooling(graph: &mut Graph, info: &WeightsInfo, input: &str) {
    let window = feature_frames(info.features.segment_frames());
    let pool = |kind: &str, output: &str| {
        Node::new(kind, &[input], output).with(&[
            ("kernel_shape", &[1, window]),
            ("strides", &[1, SEGMENT_HOP_FEATURE_FRAMES]),
        ])
    };
    graph.node.extend([
        pool("AveragePool", "mean"),
        pool("MaxPool", "maximum"),
        Node::new("Concat", &["mean", "maximum"], "pooled").with_axis(1),
        Node::new("Transpose", &["pooled"], "by_segment").with(&[("perm", &[0, 3, 1, 2])]),
    ]);
}

/// `by_segment` to `embeddings`: a linear layer, then unit length.
fn add_projection(
    graph: &mut Graph,
    info: &WeightsInfo,
    tensors: &Tensors,
) -> SoundalikeResult<()> {
    let (config, mel_bands) = (&info.encoder, info.features.mel_bands);
    let pooled = 2 * config.reduced_channels * config.feature_rows(mel_bands);
    let folded = config.folded_projection(mel_bands, tensors)?;
    graph.node.extend([
        Node::new("Reshape", &["by_segment", "rows_of_pooled"], "flat"),
        Node::new("Gemm", &["flat", "projection", "shift"], "projected"),
        Node::new("ReduceL2", &["projected"], "length").with(&[("axes", &[1])]),
        Node::new("Div", &["projected", "length"], "embeddings"),
    ]);
    graph.initializer.extend([
        Tensor::i64("rows_of_pooled", &[-1, pooled as i64]),
        Tensor::f32("projection", &[pooled, config.embedding], &folded.weights),
        Tensor::f32("shift", &[config.embedding], &folded.bias),
    ]);
    Ok(())
}
