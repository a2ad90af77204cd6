//! Writes 16-bit mono WAV files.

use std::path::Path;

use anyhow::{Context as _, Result};

/// Writes mono samples as 16-bit WAV; values beyond full scale are clipped.
///
/// # Errors
///
/// When the file can't be written.
pub fn write(path: &Path, samples: &[f32], sample_rate_hz: u32) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: sample_rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let written = || -> Result<(), hound::Error> {
        let mut writer = hound::WavWriter::create(path, spec)?;
        for sample in samples {
            writer.write_sample((sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16)?;
        }
        writer.finalize()
    };
    written().with_context(|| format!("can't write {}", path.display()))
}
