//! Layout of segments in the encoder's input during training: as clips, and with the music around
//! them.
//!
//! In use the encoder meets both. A clip of three seconds has nothing before its first frame and
//! after its last. A segment inside a song has music there, which its outer feature frames see.
//! Weights trained on clips alone learn the silence at their ends as a landmark and miss it inside
//! a song. So half of the segments are read with their context, and only the feature frames under
//! the segment itself are pooled.
//!
//! A clip and a segment with context share one row of the input, with a gap of zeros between them.
//! Batch norm sees both at once that way; it has one set of statistics for both in use.

use soundalike::FeatureConfig;
use soundalike::training::{CONTEXT_FEATURE_FRAMES, FRAMES_PER_FEATURE_FRAME, feature_frames};

/// Feature frames between a clip and a segment with context. One is enough: a 3x3 convolution sees
/// no farther, and it is set to zero after every layer.
const GAP_FEATURE_FRAMES: usize = 1;

/// The content of one row of the encoder's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputRow {
    /// A clip.
    Clip,
    /// A clip and a segment with context.
    ClipAndContext,
}

/// The frames of a track that are read for one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Frames before the segment.
    pub lead_frames: usize,
    /// Frames in all.
    pub frames: usize,
}

impl InputRow {
    /// Segments in one row.
    pub fn segments(self) -> usize {
        match self {
            Self::Clip => 1,
            Self::ClipAndContext => 2,
        }
    }

    /// Frames of a row.
    pub fn frames(self, features: &FeatureConfig) -> usize {
        match self {
            Self::Clip => features.segment_frames(),
            Self::ClipAndContext => context_start(features) + Window::new(false, features).frames,
        }
    }

    /// For each frame whether it holds music; `None` when all do.
    pub fn kept(self, features: &FeatureConfig) -> Option<Vec<bool>> {
        let clip_frames = features.segment_frames();
        let first = context_start(features);
        (self == Self::ClipAndContext).then(|| {
            (0..self.frames(features))
                .map(|frame| frame < clip_frames || frame >= first)
                .collect()
        })
    }

    /// The first feature frame under each segment of a row. Each segment has as many as a clip.
    pub fn first_feature_frames(self, features: &FeatureConfig) -> Vec<usize> {
        let context = context_start(features) / FRAMES_PER_FEATURE_FRAME + CONTEXT_FEATURE_FRAMES;
        match self {
            Self::Clip => vec![0],
            Self::ClipAndContext => vec![0, context],
        }
    }

    /// Rows `[rows, mel_bands, frames]` from segments `[mel_bands, frames]`: all clips, then as
    /// many segments with context.
    pub fn assemble(self, segments: &[Vec<f32>], features: &FeatureConfig) -> Vec<f32> {
        let rows = segments.len() / self.segments();
        let (bands, width) = (features.mel_bands, self.frames(features));
        let mut frames = vec![0.0; rows * bands * width];
        for (index, segment) in segments.iter().enumerate() {
            let first = if index < rows {
                0
            } else {
                context_start(features)
            };
            let row = frames[index % rows * bands * width..].chunks_exact_mut(width);
            for (row, band) in row.zip(segment.chunks_exact(segment.len() / bands)) {
                row[first..first + band.len()].copy_from_slice(band);
            }
        }
        frames
    }
}

impl Window {
    /// The frames for a clip, or else for a segment with context.
    pub fn new(is_clip: bool, features: &FeatureConfig) -> Self {
        let context = CONTEXT_FEATURE_FRAMES * FRAMES_PER_FEATURE_FRAME;
        let segment = feature_frames(features.segment_frames()) * FRAMES_PER_FEATURE_FRAME;
        if is_clip {
            Self {
                lead_frames: 0,
                frames: features.segment_frames(),
            }
        } else {
            Self {
                lead_frames: context,
                frames: context + segment + context,
            }
        }
    }
}

/// The frame of a row at which the segment with context begins.
fn context_start(features: &FeatureConfig) -> usize {
    let clip = feature_frames(features.segment_frames());
    (clip + GAP_FEATURE_FRAMES) * FRAMES_PER_FEATURE_FRAME
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Tensor, TensorData};
    use rand::{Rng as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;
    use soundalike::training::{Encoder, EncoderConfig};

    use super::*;

    fn greatest_difference(a: Tensor<2>, b: Tensor<2>) -> f32 {
        (a - b).abs().max().into_scalar::<f32>()
    }

    #[test]
    fn a_row_gives_the_embeddings_of_a_clip_and_of_a_song() {
        let features = FeatureConfig::default();
        let device = Device::flex();
        device.seed(3);
        let encoder: Encoder = EncoderConfig::default().init(&features, &device);
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let bands = features.mel_bands;
        let mut random = |frames: usize| -> Vec<f32> {
            (0..bands * frames)
                .map(|_| rng.random_range(-2.0..2.0))
                .collect()
        };
        // A song of 20 feature frames, from which a segment with context is cut.
        let song_frames = 20 * FRAMES_PER_FEATURE_FRAME;
        let (clip, song) = (random(features.segment_frames()), random(song_frames));
        let read = Window::new(false, &features);
        let segment_feature_frame = 4;
        let first = segment_feature_frame * FRAMES_PER_FEATURE_FRAME - read.lead_frames;
        let in_context: Vec<f32> = song
            .chunks(song_frames)
            .flat_map(|band| band[first..first + read.frames].to_vec())
            .collect();
        let tensor = |values: &[f32]| {
            let shape = [1, 1, bands, values.len() / bands];
            Tensor::<4>::from_data(TensorData::new(values.to_vec(), shape), &device)
        };
        let window = feature_frames(features.segment_frames());
        let of_clip = encoder.forward(tensor(&clip));
        let of_song = encoder.embeddings(encoder.feature_frames(tensor(&song), None), window, 1);
        let of_song = of_song.narrow(0, segment_feature_frame, 1);

        let row = InputRow::ClipAndContext;
        let rows = row.assemble(&[clip, in_context], &features);
        let kept = row.kept(&features);
        let columns = encoder.feature_frames(tensor(&rows), kept.as_deref());
        let embed = |first| encoder.embeddings(columns.clone().narrow(3, first, window), window, 1);
        let firsts = row.first_feature_frames(&features);
        assert!(greatest_difference(embed(firsts[0]), of_clip) < 1e-5);
        assert!(greatest_difference(embed(firsts[1]), of_song) < 1e-5);
    }

    #[test]
    fn segments_lie_side_by_side() {
        let features = FeatureConfig::default();
        let segment = |value: f32, is_clip| {
            vec![value; features.mel_bands * Window::new(is_clip, &features).frames]
        };
        let row = InputRow::ClipAndContext;
        let segments = [
            segment(1.0, true),
            segment(2.0, true),
            segment(3.0, false),
            segment(4.0, false),
        ];
        let rows = row.assemble(&segments, &features);
        let width = row.frames(&features);
        let band_of =
            |row: usize, band: usize| &rows[(row * features.mel_bands + band) * width..][..width];
        let kept = row.kept(&features).unwrap();
        for (index, [clip, in_context]) in [(0, [1.0, 3.0]), (1, [2.0, 4.0])] {
            let row = band_of(index, 77);
            assert_eq!((row[0], row[width - 1]), (clip, in_context));
            assert!(
                row.iter()
                    .zip(&kept)
                    .all(|(&value, &kept)| (value != 0.0) == kept)
            );
        }
        assert_eq!(
            InputRow::Clip.assemble(&segments[..2], &features)[130 * 128 - 1..][..2],
            [1.0, 2.0]
        );
    }
}
