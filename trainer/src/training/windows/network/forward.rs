//! The forward pass of the window network, and the comparison of its embeddings.

use burn::module::{Module, Param};
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::activation::relu;
use burn::tensor::module::avg_pool2d;
use burn::tensor::ops::AvgPoolOptions;
use burn::tensor::{Device, Distribution, Tensor, TensorData};

use super::config::{
    CLASSES, CONTEXT_FEATURE_FRAMES, CORE_FEATURE_FRAMES, NetworkConfig, OCTAVES,
    POOLED_FEATURE_FRAMES, TIMES,
};

/// Least length of an embedding before it is scaled to unit length.
const LEAST_LENGTH: f32 = 1e-6;

/// Four convolutions, learned weights that fold octaves, and a linear map at each pitch class.
#[derive(Module, Debug)]
pub struct WindowNetwork {
    layers: Vec<Conv2d>,
    /// `[channels, octaves]`
    octaves: Param<Tensor<2>>,
    /// `[channels * times, embedding]`
    classes: Param<Tensor<2>>,
}

impl WindowNetwork {
    /// A network with random weights; `device.seed` makes them repeatable.
    #[must_use]
    pub fn new(config: &NetworkConfig, device: &Device) -> Self {
        let layers = config.layers().map(|layer| {
            let [height, width] = layer.kernel.map(|side| side / 2);
            Conv2dConfig::new([layer.inputs, layer.outputs], layer.kernel)
                .with_stride([1, layer.stride])
                .with_padding(PaddingConfig2d::Explicit(height, width, height, width))
                .init(device)
        });
        let channels = config.channels[3];
        let inputs = channels * TIMES;
        let octave_weights = vec![1.0 / OCTAVES as f32; channels * OCTAVES];
        let spread = (2.0 / inputs as f64).sqrt();
        Self {
            layers: layers.into(),
            octaves: Param::from_data(TensorData::new(octave_weights, [channels, OCTAVES]), device),
            classes: Param::from_tensor(Tensor::random(
                [inputs, config.embedding],
                Distribution::Normal(0.0, spread),
                device,
            )),
        }
    }

    /// Normalised frames `[batch, 1, pitches, frames]` to feature frames
    /// `[batch, channels, pitches, frames / 4]`.
    #[must_use]
    pub fn feature_frames(&self, frames: Tensor<4>) -> Tensor<4> {
        let last = self.layers.len() - 1;
        let mut x = frames;
        for layer in &self.layers[..last] {
            x = relu(layer.forward(x));
        }
        x.clone() + relu(self.layers[last].forward(x))
    }

    /// Windows `[batch, 1, pitches, window frames]` to embeddings `[batch, classes, embedding]`,
    /// each of unit length over both of its axes.
    #[must_use]
    pub fn forward(&self, windows: Tensor<4>) -> Tensor<3> {
        let features = self.feature_frames(windows);
        let core = features.narrow(3, CONTEXT_FEATURE_FRAMES, CORE_FEATURE_FRAMES);
        let kernel = [1, POOLED_FEATURE_FRAMES];
        let pooled = avg_pool2d(core, AvgPoolOptions::new(kernel).with_stride(kernel));
        let [batch, channels, _, times] = pooled.dims();
        let octaves = self.octaves.val().reshape([1, channels, OCTAVES, 1, 1]);
        let folded = pooled.reshape([batch, channels, OCTAVES, CLASSES, times]) * octaves;
        let rows = folded
            .sum_dim(2)
            .reshape([batch, channels, CLASSES, times])
            .permute([0, 2, 1, 3])
            .reshape([batch * CLASSES, channels * times]);
        let mapped = rows.matmul(self.classes.val());
        let embedding = mapped.dims()[1];
        let mapped = mapped.reshape([batch, CLASSES, embedding]);
        // What all pitch classes have in common is no melody or harmony.
        let centred = mapped.clone() - mapped.mean_dim(1);
        let square: Tensor<3> = centred.clone().square().sum_dim(2).sum_dim(1);
        centred / (square.sqrt() + LEAST_LENGTH) // [batch, classes, embedding]
    }
}

/// Dot products of embeddings `[n, classes, embedding]` and `[m, classes, embedding]` in all keys:
/// `[n, 12, m]`. Entry `[i, k, j]` is that of `left[i]` and `right[j]` transposed up by `k`
/// semitones.
#[must_use]
pub fn similarities(left: &Tensor<3>, right: &Tensor<3>) -> Tensor<3> {
    let ([n, classes, embedding], [m, _, _]) = (left.dims(), right.dims());
    let rolled = (0..classes).map(|semitones| match semitones {
        0 => right.clone(),
        _ => Tensor::cat(
            vec![
                right.clone().narrow(1, classes - semitones, semitones),
                right.clone().narrow(1, 0, classes - semitones),
            ],
            1,
        ),
    });
    let rolled = Tensor::cat(rolled.collect(), 0).reshape([classes * m, classes * embedding]);
    left.clone()
        .reshape([n, classes * embedding])
        .matmul(rolled.transpose())
        .reshape([n, classes, m])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::windows::network::config::{PITCHES, WINDOW_FRAMES};

    /// Windows `[n, 1, pitches, frames]` of the given salience.
    fn windows(n: usize, value: impl Fn(usize, usize, usize) -> f32) -> Tensor<4> {
        let mut values = Vec::new();
        for window in 0..n {
            for pitch in 0..PITCHES {
                values.extend((0..WINDOW_FRAMES).map(|frame| value(window, pitch, frame)));
            }
        }
        let data = TensorData::new(values, [n, 1, PITCHES, WINDOW_FRAMES]);
        Tensor::from_data(data, &Device::flex())
    }

    #[test]
    fn a_transposition_rolls_the_embedding() {
        let device = Device::flex();
        device.seed(1);
        let network = WindowNetwork::new(&NetworkConfig::default(), &device);
        // Notes in the middle of the range, and the same ones three semitones higher.
        let input = windows(2, |window, pitch, frame| {
            let pitch = pitch as i32 - 3 * window as i32;
            8.0 * f32::from(u8::from(
                (25..36).contains(&pitch) && (pitch as usize * 7 + frame / 4).is_multiple_of(5),
            ))
        });
        let embeddings = network.forward(input);
        let [first, second] = [0, 1].map(|row| embeddings.clone().narrow(0, row, 1));
        let similar: Vec<f32> = similarities(&second, &first)
            .into_data()
            .try_into_vec()
            .unwrap();
        let best = (0..CLASSES).max_by(|&a, &b| similar[a].total_cmp(&similar[b]));
        assert!(best == Some(3) && similar[3] > 0.9, "{similar:?}");
        let own = similarities(&first, &first)
            .narrow(1, 0, 1)
            .into_scalar::<f32>();
        assert!((own - 1.0).abs() < 1e-4, "{own}");
    }

    #[test]
    fn the_network_has_the_documented_size() {
        let network = WindowNetwork::new(&NetworkConfig::default(), &Device::flex());
        assert_eq!(network.num_params(), 62_496);
    }
}
