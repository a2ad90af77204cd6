//! The window network's forward pass on the CPU, over a whole song at once.
//!
//! Maps are `[frame, padded pitch, channel]`, so that the values under a kernel are one run of
//! memory for each of its frames. The runs of a pitch, one after the other, are a row of a matrix;
//! the product with the layer's weights is the convolution.

use crate::error::Result;
use crate::nn::packed_matrix::PackedMatrix;
use crate::nn::tensors::Tensors;
use crate::nn::window_network::config::{
    CLASSES, CORE_FEATURE_FRAMES, LEAST_LENGTH, Layer, NetworkConfig, OCTAVES, PITCHES,
    POOLED_FEATURE_FRAMES, TIMES,
};
use crate::nn::window_network::input;

/// The network with loaded weights.
#[derive(Clone, Debug)]
pub struct WindowPass {
    layers: Vec<Convolution>,
    /// `[channels, octaves]`
    octaves: Vec<f32>,
    /// Of each pitch class: `[channels * times, embedding]`.
    classes: PackedMatrix,
    embedding: usize,
}

/// Embeddings of windows of a song, which begin [`FRAMES_PER_FEATURE_FRAME`] frames apart.
///
/// [`FRAMES_PER_FEATURE_FRAME`]: crate::nn::window_network::config::FRAMES_PER_FEATURE_FRAME
#[derive(Clone, Debug, PartialEq)]
pub struct WindowEmbeddings {
    /// Values of an embedding: pitch classes times channels.
    pub dimensions: usize,
    /// `[windows, pitch classes, channels]`; each window has unit length. Those of silence mean
    /// nothing.
    pub values: Vec<f32>,
}

impl WindowEmbeddings {
    /// The embeddings in order of time.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.dimensions)
    }
}

#[derive(Clone, Debug)]
struct Convolution {
    layer: Layer,
    weights: PackedMatrix,
}

/// Values of a song: `[frames, pitches, channels]`, without padding.
struct Map {
    frames: usize,
    channels: usize,
    values: Vec<f32>,
}

impl WindowPass {
    /// The network with the tensors of a weights file.
    ///
    /// # Errors
    ///
    /// [`WeightsInvalid`](crate::Error::WeightsInvalid) when a tensor is missing or has another
    /// shape.
    pub fn new(config: &NetworkConfig, tensors: &Tensors) -> Result<Self> {
        let layers = config.layers().into_iter().enumerate();
        let layers = layers
            .map(|(index, layer)| Convolution::new(index, layer, tensors))
            .collect::<Result<_>>()?;
        let (channels, embedding) = (config.channels[3], config.embedding);
        let octaves = tensors.values("windows.octaves", &[channels, OCTAVES])?;
        let inputs = channels * TIMES;
        let classes = tensors.values("windows.classes", &[inputs, embedding])?;
        Ok(Self {
            layers,
            octaves: octaves.to_vec(),
            classes: PackedMatrix::new(inputs, &vec![0.0; embedding], |input, output| {
                classes[input * embedding + output]
            }),
            embedding,
        })
    }

    /// Embeddings of a song's windows, from its salience `[frames, PITCHES]`. A song of less than
    /// 4.8 s has none.
    #[must_use]
    pub fn embed(&self, salience: &[[f32; PITCHES]]) -> WindowEmbeddings {
        let mut map = Map {
            frames: salience.len(),
            channels: 1,
            values: input::normalised(salience).into_flattened(),
        };
        for (index, layer) in self.layers.iter().enumerate() {
            let mut next = layer.forward(&map);
            if index + 1 == self.layers.len() {
                let values = next.values.iter_mut().zip(&map.values);
                values.for_each(|(value, input)| *value += input);
            }
            map = next;
        }
        self.fold(&map)
    }

    /// Feature frames to embeddings: octaves folded, times pooled, the linear map, the mean over
    /// pitch classes taken off, unit length.
    fn fold(&self, map: &Map) -> WindowEmbeddings {
        let channels = map.channels;
        let of_frame = CLASSES * channels;
        let mut folded = vec![0.0; map.frames * of_frame];
        for (folded, frame) in folded
            .chunks_exact_mut(of_frame)
            .zip(map.values.chunks_exact(PITCHES * channels))
        {
            for (pitch, values) in frame.chunks_exact(channels).enumerate() {
                let class = &mut folded[pitch % CLASSES * channels..][..channels];
                let weights = self.octaves.chunks_exact(OCTAVES);
                for ((sum, value), weights) in class.iter_mut().zip(values).zip(weights) {
                    *sum += value * weights[pitch / CLASSES];
                }
            }
        }
        let windows = (map.frames + 1).saturating_sub(CORE_FEATURE_FRAMES);
        let mut values = Vec::with_capacity(windows * CLASSES * self.embedding);
        let mut rows = vec![0.0; CLASSES * channels * TIMES];
        let mut mapped = vec![0.0; CLASSES * self.classes.columns()];
        for window in 0..windows {
            // A row of a pitch class is `[channel, time]`.
            for (row, value) in rows.iter_mut().enumerate() {
                let (class, rest) = (row / (channels * TIMES), row % (channels * TIMES));
                let (channel, time) = (rest / TIMES, rest % TIMES);
                let first = window + time * POOLED_FEATURE_FRAMES;
                let sum: f32 = (first..first + POOLED_FEATURE_FRAMES)
                    .map(|frame| folded[frame * of_frame + class * channels + channel])
                    .sum();
                *value = sum / POOLED_FEATURE_FRAMES as f32;
            }
            self.classes.multiply::<false>(&rows, &mut mapped);
            self.push_unit(&mapped, &mut values);
        }
        WindowEmbeddings {
            dimensions: CLASSES * self.embedding,
            values,
        }
    }

    fn push_unit(&self, mapped: &[f32], values: &mut Vec<f32>) {
        let begin = values.len();
        for class in mapped.chunks_exact(self.classes.columns()) {
            values.extend(&class[..self.embedding]);
        }
        let embedding = &mut values[begin..];
        for channel in 0..self.embedding {
            let of_channel = || (channel..CLASSES * self.embedding).step_by(self.embedding);
            let mean = of_channel().map(|at| embedding[at]).sum::<f32>() / CLASSES as f32;
            of_channel().for_each(|at| embedding[at] -= mean);
        }
        let square: f32 = embedding.iter().map(|value| value * value).sum();
        let length = square.sqrt() + LEAST_LENGTH;
        embedding.iter_mut().for_each(|value| *value /= length);
    }
}

impl Convolution {
    fn new(index: usize, layer: Layer, tensors: &Tensors) -> Result<Self> {
        let Layer {
            inputs,
            outputs,
            kernel: [height, width],
            ..
        } = layer;
        let name = format!("windows.layers.{index}");
        let bias = tensors.values(&format!("{name}.bias"), &[outputs])?;
        let weights =
            tensors.values(&format!("{name}.weight"), &[outputs, inputs, height, width])?;
        // A row of the left factor is `[frame, pitch, channel]`.
        let weights = PackedMatrix::new(width * height * inputs, bias, |row, output| {
            let (frame, pitch, input) =
                (row / (height * inputs), row / inputs % height, row % inputs);
            weights[((output * inputs + input) * height + pitch) * width + frame]
        });
        Ok(Self { layer, weights })
    }

    fn forward(&self, input: &Map) -> Map {
        let Layer {
            inputs,
            outputs,
            kernel: [height, width],
            stride,
        } = self.layer;
        let frames = input.frames.div_ceil(stride);
        let run = height * inputs;
        let mut rows = vec![0.0; PITCHES * width * run];
        let mut product = vec![0.0; PITCHES * self.weights.columns()];
        let mut padded = vec![0.0; width * (PITCHES + height - 1) * inputs];
        let mut values = Vec::with_capacity(frames * PITCHES * outputs);
        for frame in 0..frames {
            pad(input, frame * stride, [height, width], &mut padded);
            for (pitch, row) in rows.chunks_exact_mut(width * run).enumerate() {
                let frames = padded.chunks_exact((PITCHES + height - 1) * inputs);
                for (taps, frame) in row.chunks_exact_mut(run).zip(frames) {
                    taps.copy_from_slice(&frame[pitch * inputs..][..run]);
                }
            }
            self.weights.multiply::<true>(&rows, &mut product);
            for pitch in product.chunks_exact(self.weights.columns()) {
                values.extend(&pitch[..outputs]);
            }
        }
        Map {
            frames,
            channels: outputs,
            values,
        }
    }
}

/// The frames around one, with zeros beyond the song and beyond the range of pitches.
fn pad(input: &Map, centre: usize, [height, width]: [usize; 2], padded: &mut [f32]) {
    padded.fill(0.0);
    let of_frame = PITCHES * input.channels;
    let of_padded = (PITCHES + height - 1) * input.channels;
    for (tap, padded) in padded.chunks_exact_mut(of_padded).enumerate() {
        let Some(frame) = (centre + tap).checked_sub(width / 2) else {
            continue;
        };
        if let Some(values) = input.values.get(frame * of_frame..(frame + 1) * of_frame) {
            padded[height / 2 * input.channels..][..of_frame].copy_from_slice(values);
        }
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::{Device, Tensor, TensorData};

    use super::*;
    use crate::nn::window_network::burn::WindowNetwork;
    use crate::nn::window_network::config::{CONTEXT_FEATURE_FRAMES, WINDOW_FRAMES};

    fn salience(frames: usize) -> Vec<[f32; PITCHES]> {
        let value = |frame: usize, pitch: usize| {
            let is_on = (frame / 5 * 7 + pitch * 3).is_multiple_of(11);
            if is_on {
                1.0 + (frame % 5) as f32 * 0.2
            } else {
                0.0
            }
        };
        (0..frames)
            .map(|frame| std::array::from_fn(|pitch| value(frame, pitch)))
            .collect()
    }

    #[test]
    fn a_window_has_the_embedding_of_the_network_in_burn() {
        let device = Device::flex();
        device.seed(1);
        let config = NetworkConfig::default();
        let network = WindowNetwork::new(&config, &device);
        let pass = WindowPass::new(&config, &network.tensors()).unwrap();
        let window = salience(WINDOW_FRAMES);
        let frames = input::normalised(&window);
        let by_pitch: Vec<f32> = (0..PITCHES)
            .flat_map(|pitch| frames.iter().map(move |frame| frame[pitch]))
            .collect();
        let data = TensorData::new(by_pitch, [1, 1, PITCHES, WINDOW_FRAMES]);
        let expected: Vec<f32> = network
            .forward(Tensor::from_data(data, &device))
            .into_data()
            .try_into_vec()
            .unwrap();
        let embeddings = pass.embed(&window);
        let actual = embeddings.rows().nth(CONTEXT_FEATURE_FRAMES).unwrap();
        assert_eq!(actual.len(), expected.len());
        for (actual, expected) in actual.iter().zip(&expected) {
            assert!((actual - expected).abs() < 1e-4, "{actual} {expected}");
        }
    }

    #[test]
    fn songs_have_a_window_each_feature_frame() {
        let device = Device::flex();
        let config = NetworkConfig::default();
        let network = WindowNetwork::new(&config, &device);
        let pass = WindowPass::new(&config, &network.tensors()).unwrap();
        // 100 frames are 25 feature frames; a window needs 6.
        assert_eq!(pass.embed(&salience(100)).rows().len(), 20);
        assert_eq!(pass.embed(&salience(20)).rows().len(), 0);
        assert_eq!(pass.embed(&[]).rows().len(), 0);
        let silent = pass.embed(&[[0.0; PITCHES]; 40]);
        assert!(silent.values.iter().all(|value| value.is_finite()));
    }
}
