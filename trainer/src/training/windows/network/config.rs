//! The shape of the window network.
//!
//! Convolutions run over pitch and time, with the same weights at every pitch, so that a transposed
//! window has transposed features. Octaves are then folded by learned weights. The embedding of a
//! window transposed by `k` semitones is therefore, but for the edges of the range, that of the
//! window with its pitch classes rolled by `k`: a comparison of two windows in all keys costs 12
//! dot products.

use serde::{Deserialize, Serialize};

/// Lowest pitch, as a MIDI key: C2.
pub const LOWEST_KEY: usize = 36;
/// Pitches from C2 to B6.
pub const PITCHES: usize = 60;
/// Pitches of an octave.
pub const CLASSES: usize = 12;
/// Octaves that are folded.
pub const OCTAVES: usize = PITCHES / CLASSES;

/// Frames a second.
pub const FRAMES_PER_SEC: usize = 5;
/// Frames of a window: 8 s.
pub const WINDOW_FRAMES: usize = 8 * FRAMES_PER_SEC;
/// Frames from one feature frame to the next: two convolutions of stride 2.
pub const FRAMES_PER_FEATURE_FRAME: usize = 4;
/// Feature frames at each end of a window that only give context. They depend on frames beyond the
/// window, which a song has and a window alone does not.
pub const CONTEXT_FEATURE_FRAMES: usize = 2;
/// Feature frames of which the embedding is made: 4.8 s in the middle of the window.
pub const CORE_FEATURE_FRAMES: usize =
    WINDOW_FRAMES / FRAMES_PER_FEATURE_FRAME - 2 * CONTEXT_FEATURE_FRAMES;
/// Feature frames that are averaged, so that the embedding distinguishes fewer times.
pub const POOLED_FEATURE_FRAMES: usize = 2;
/// Times that the embedding distinguishes.
pub const TIMES: usize = CORE_FEATURE_FRAMES / POOLED_FEATURE_FRAMES;

/// The sizes of the network. They are part of the run's configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkConfig {
    /// Output channels of the four convolutions. The last two are equal, as the last one is added
    /// to its input.
    pub channels: [usize; 4],
    /// Channels of an embedding, for each pitch class.
    pub embedding: usize,
}

/// A convolution with ReLU. The padding is half the kernel, so that only strides make maps smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// Height of the kernel over pitches, and width over frames. Both are odd.
    pub kernel: [usize; 2],
    /// Stride over frames. It is 1 over pitches.
    pub stride: usize,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            channels: [16, 32, 32, 32],
            embedding: 24,
        }
    }
}

impl NetworkConfig {
    /// The convolutions, in order. The first one spans an octave and a semitone, so that it can
    /// tell a note from its overtones.
    #[must_use]
    pub fn layers(&self) -> [Layer; 4] {
        let [first, second, third, fourth] = self.channels;
        let layer = |inputs, outputs, kernel, stride| Layer {
            inputs,
            outputs,
            kernel,
            stride,
        };
        [
            layer(1, first, [13, 5], 2),
            layer(first, second, [7, 5], 2),
            layer(second, third, [5, 5], 1),
            layer(third, fourth, [5, 3], 1),
        ]
    }
}
