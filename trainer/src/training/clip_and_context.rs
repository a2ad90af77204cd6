//! How segments are laid out for the encoder in training: as clips of their own, and as stretches of a song.
//!
//! In use the encoder meets both. A clip of three seconds has nothing before its first frame and after its last; a segment inside a song has music there,
//! which its outer feature frames see. Weights trained on clips alone take the emptiness at their ends for a landmark, and lose it inside a song. So half
//! of the segments are read with the music around them, and only the feature frames under the segment itself are pooled. A clip and a stretch
//! lie side by side in one strip, with a gap between them that is held at zero, so that batch norm sees both at once, as it has one set of statistics for both in use.

use soundalike::FeatureConfig;
use soundalike::training::{CONTEXT_FEATURE_FRAMES, FRAMES_PER_FEATURE_FRAME, feature_frames};

/// Feature frames between a clip and a stretch: one stays zero at every layer, as far as a 3x3 convolution sees.
const GAP_FEATURE_FRAMES: usize = 1;

/// What a row of the encoder's input holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strip {
    /// A clip.
    Clip,
    /// A clip and a stretch.
    ClipAndStretch,
}

/// How much of a track is read for one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Frames before the segment.
    pub lead_frames: usize,
    /// Frames in all.
    pub frames: usize,
}

impl Strip {
    /// Segments in one strip.
    pub fn segments(self) -> usize {
        match self {
            Self::Clip => 1,
            Self::ClipAndStretch => 2,
        }
    }

    /// Frames of a strip.
    pub fn frames(self, features: &FeatureConfig) -> usize {
        match self {
            Self::Clip => features.segment_frames(),
            Self::ClipAndStretch => {
                let (first, extent) = (stretch_start(features), extent(false, features));
                first + extent.frames
            }
        }
    }

    /// Which frames hold music; `None` when all do.
    pub fn kept(self, features: &FeatureConfig) -> Option<Vec<bool>> {
        let clip_frames = features.segment_frames();
        let first = stretch_start(features);
        (self == Self::ClipAndStretch).then(|| {
            (0..self.frames(features))
                .map(|frame| frame < clip_frames || frame >= first)
                .collect()
        })
    }

    /// The feature frames under each segment of a strip: where the first lies. They are as many as a segment has.
    pub fn windows(self, features: &FeatureConfig) -> Vec<usize> {
        let stretch = stretch_start(features) / FRAMES_PER_FEATURE_FRAME + CONTEXT_FEATURE_FRAMES;
        match self {
            Self::Clip => vec![0],
            Self::ClipAndStretch => vec![0, stretch],
        }
    }

    /// Strips `[strips, mel_bands, frames]` of pieces `[mel_bands, frames]`: all clips, then as many stretches.
    pub fn lay(self, pieces: &[Vec<f32>], features: &FeatureConfig) -> Vec<f32> {
        let strips = pieces.len() / self.segments();
        let (bands, width) = (features.mel_bands, self.frames(features));
        let mut frames = vec![0.0; strips * bands * width];
        for (index, piece) in pieces.iter().enumerate() {
            let first = if index < strips {
                0
            } else {
                stretch_start(features)
            };
            let rows = frames[index % strips * bands * width..].chunks_exact_mut(width);
            for (row, band) in rows.zip(piece.chunks_exact(piece.len() / bands)) {
                row[first..first + band.len()].copy_from_slice(band);
            }
        }
        frames
    }
}

/// What is read for a clip, or else for a stretch.
pub fn extent(is_clip: bool, features: &FeatureConfig) -> Extent {
    let context = CONTEXT_FEATURE_FRAMES * FRAMES_PER_FEATURE_FRAME;
    let window = feature_frames(features.segment_frames()) * FRAMES_PER_FEATURE_FRAME;
    if is_clip {
        Extent {
            lead_frames: 0,
            frames: features.segment_frames(),
        }
    } else {
        Extent {
            lead_frames: context,
            frames: context + window + context,
        }
    }
}

/// The frame at which a stretch begins in its strip.
fn stretch_start(features: &FeatureConfig) -> usize {
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
    fn a_strip_gives_what_a_clip_and_a_song_give() {
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
        // A song of 20 feature frames, of which a stretch is cut.
        let song_frames = 20 * FRAMES_PER_FEATURE_FRAME;
        let (clip, song) = (random(features.segment_frames()), random(song_frames));
        let extent = extent(false, &features);
        let segment_feature_frame = 4;
        let first = segment_feature_frame * FRAMES_PER_FEATURE_FRAME - extent.lead_frames;
        let stretch: Vec<f32> = song
            .chunks(song_frames)
            .flat_map(|band| band[first..first + extent.frames].to_vec())
            .collect();
        let tensor = |values: &[f32]| {
            let shape = [1, 1, bands, values.len() / bands];
            Tensor::<4>::from_data(TensorData::new(values.to_vec(), shape), &device)
        };
        let window = feature_frames(features.segment_frames());
        let of_clip = encoder.forward(tensor(&clip));
        let of_song = encoder.embeddings(encoder.feature_frames(tensor(&song), None), window, 1);
        let of_song = of_song.narrow(0, segment_feature_frame, 1);

        let strip = Strip::ClipAndStretch;
        let laid = strip.lay(&[clip, stretch], &features);
        let kept = strip.kept(&features);
        let columns = encoder.feature_frames(tensor(&laid), kept.as_deref());
        let embed = |first| encoder.embeddings(columns.clone().narrow(3, first, window), window, 1);
        let windows = strip.windows(&features);
        assert!(greatest_difference(embed(windows[0]), of_clip) < 1e-5);
        assert!(greatest_difference(embed(windows[1]), of_song) < 1e-5);
    }

    #[test]
    fn pieces_lie_side_by_side() {
        let features = FeatureConfig::default();
        let piece = |value: f32, is_clip| {
            vec![value; features.mel_bands * extent(is_clip, &features).frames]
        };
        let strip = Strip::ClipAndStretch;
        let pieces = [
            piece(1.0, true),
            piece(2.0, true),
            piece(3.0, false),
            piece(4.0, false),
        ];
        let laid = strip.lay(&pieces, &features);
        let width = strip.frames(&features);
        let row = |strip: usize, band: usize| {
            &laid[(strip * features.mel_bands + band) * width..][..width]
        };
        let kept = strip.kept(&features).unwrap();
        for (first, [clip, stretch]) in [(0, [1.0, 3.0]), (1, [2.0, 4.0])] {
            let row = row(first, 77);
            assert_eq!((row[0], row[width - 1]), (clip, stretch));
            assert!(
                row.iter()
                    .zip(&kept)
                    .all(|(&value, &kept)| (value != 0.0) == kept)
            );
        }
        assert_eq!(
            Strip::Clip.lay(&pieces[..2], &features)[130 * 128 - 1..][..2],
            [1.0, 2.0]
        );
    }
}
