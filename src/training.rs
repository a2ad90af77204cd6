//! What training, evaluation and tests need beyond the engine's own door: the parts of the
//! pipeline, one by one. Nothing here is kept stable for others.

pub use crate::agreement::{Agreement, agreement};
pub use crate::clip_score::clip_score;
pub use crate::encoder::EncoderConfig;
pub use crate::golden::segment as golden_segment;
pub use crate::head::Calibration;
pub use crate::mel::{corner_frequencies_hz, mel_from_hz, triangle_weight};
pub use crate::model::{Embeddings, cosine_distance};
#[cfg(feature = "burn")]
pub use crate::network::{Encoder, SiameseNetwork, SimilarityHead};
pub use crate::profile::{SpectralProfile, View};
pub use crate::segment::{
    CONTEXT_FEATURE_FRAMES, FRAMES_PER_FEATURE_FRAME, SEGMENT_HOP_FEATURE_FRAMES, Segments,
    feature_frames,
};
pub use crate::spectrogram::{MelSpectrogram, decibels};
pub use crate::weights_file::{self, Tensors, WeightsInfo};
