//! The shipped encoder as an ONNX model, and what it should compute, for the bench of `cargo xtask bench`.
//!
//!     cargo run --release --example onnx -- OUT SAMPLES...
//!
//! Each `SAMPLES` is a file of mono f32 samples at the model's rate. Into the folder `OUT` go `encoder.onnx`, with batch norm folded into the
//! convolutions as our own pass has it, and for every `NAME.f32` the normalised log-mel frames `NAME.frames.f32`, `[mel_bands, frames]`, and
//! the embeddings of its segments by our own pass, `NAME.embeddings.f32`, `[segments, embedding]`.

use std::path::{Path, PathBuf};
use std::{env, fs};

use prost::Message as _;
use soundalike::training::{
    EncoderConfig, SEGMENT_HOP_FEATURE_FRAMES, Tensors, WeightsInfo, feature_frames, weights_file,
};
use soundalike::{LogMelPlan, Model, Result as SoundalikeResult, SHIPPED_WEIGHTS};

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
    paths.try_for_each(|path| write_answer(&model, &path, &out))
}

/// Frames and embeddings of a song.
fn write_answer(model: &Model, path: &Path, out: &Path) -> Outcome<()> {
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

/// Normalised log-mel frames `[1, 1, mel_bands, frames]` to embeddings `[segments, embedding]`. Three seconds of frames are one segment.
fn encoder(info: &WeightsInfo, tensors: &Tensors) -> SoundalikeResult<OnnxModel> {
    let config = &info.encoder;
    let mut graph = Graph {
        name: "encoder".into(),
        input: vec![ValueInfo::f32(
            "frames",
            &["batch", "1", &info.features.mel_bands.to_string(), "time"],
        )],
        output: vec![ValueInfo::f32(
            "embeddings",
            &["segments", &config.embedding.to_string()],
        )],
        ..Graph::default()
    };
    let mut rows = info.features.mel_bands;
    let mut last = "frames".to_owned();
    for (layer, [inputs, outputs, side, stride]) in config.layers().into_iter().enumerate() {
        let block = format!("encoder.blocks.{layer}");
        let (scale, bias) = batch_norm(&format!("{block}.norm"), outputs, tensors)?;
        let shape = [outputs, inputs, side, side];
        let weights = tensors.values(&format!("{block}.conv.weight"), &shape)?;
        let folded: Vec<f32> = weights
            .chunks_exact(inputs * side * side)
            .zip(scale)
            .flat_map(|(weights, scale)| weights.iter().map(move |weight| weight * scale))
            .collect();
        let [weight, bias_name, convolved, rectified] =
            ["weight", "bias", "convolved", "rectified"].map(|what| format!("{what}{layer}"));
        graph
            .initializer
            .push(Tensor::f32(&weight, &shape, &folded));
        graph
            .initializer
            .push(Tensor::f32(&bias_name, &[outputs], &bias));
        graph.node.extend([
            Node::new("Conv", &[&last, &weight, &bias_name], &convolved).with(&[
                ("kernel_shape", &[side, side]),
                ("strides", &[stride, stride]),
                ("pads", &[side / 2; 4]),
            ]),
            Node::new("Relu", &[&convolved], &rectified),
        ]);
        last = rectified;
        rows = rows.div_ceil(stride);
    }
    let pooled = 2 * config.reduced_channels * rows;
    let window = feature_frames(info.features.segment_frames());
    let pool = |kind: &str, output: &str| {
        Node::new(kind, &[&last], output).with(&[
            ("kernel_shape", &[1, window]),
            ("strides", &[1, SEGMENT_HOP_FEATURE_FRAMES]),
        ])
    };
    graph.node.extend([
        pool("AveragePool", "mean"),
        pool("MaxPool", "maximum"),
        Node::new("Concat", &["mean", "maximum"], "pooled").with_axis(1),
        Node::new("Transpose", &["pooled"], "by_segment").with(&[("perm", &[0, 3, 1, 2])]),
        Node::new("Reshape", &["by_segment", "rows_of_pooled"], "flat"),
        Node::new("Gemm", &["flat", "projection", "shift"], "projected"),
        Node::new("ReduceL2", &["projected"], "length").with(&[("axes", &[1])]),
        Node::new("Div", &["projected", "length"], "embeddings"),
    ]);
    let (scale, shift) = batch_norm("encoder.embedding_norm", config.embedding, tensors)?;
    let shape = [pooled, config.embedding];
    let projection: Vec<f32> = tensors
        .values("encoder.projection.weight", &shape)?
        .chunks_exact(config.embedding)
        .flat_map(|row| row.iter().zip(&scale).map(|(weight, scale)| weight * scale))
        .collect();
    let bias: Vec<f32> = tensors
        .values("encoder.projection.bias", &[config.embedding])?
        .iter()
        .zip(scale.iter().zip(&shift))
        .map(|(bias, (scale, shift))| bias * scale + shift)
        .collect();
    graph.initializer.extend([
        Tensor::i64("rows_of_pooled", &[-1, pooled as i64]),
        Tensor::f32("projection", &shape, &projection),
        Tensor::f32("shift", &[config.embedding], &bias),
    ]);
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

/// What batch norm in use multiplies by, and then adds.
fn batch_norm(
    name: &str,
    channels: usize,
    tensors: &Tensors,
) -> SoundalikeResult<(Vec<f32>, Vec<f32>)> {
    let values = |part: &str| tensors.values(&format!("{name}.{part}"), &[channels]);
    let scale: Vec<f32> = values("gamma")?
        .iter()
        .zip(values("running_var")?)
        .map(|(gamma, variance)| gamma / (variance + EncoderConfig::BATCH_NORM_EPSILON).sqrt())
        .collect();
    let shift = values("beta")?
        .iter()
        .zip(values("running_mean")?)
        .zip(&scale)
        .map(|((beta, mean), scale)| beta - mean * scale)
        .collect();
    Ok((scale, shift))
}
