//! Audio in memory between two tools.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::tools;

/// Sample rate of all modifications, in Hz: that of published songs.
pub const RATE_HZ: u32 = 44_100;

/// Sound that stretching tools and decoders get before and after a passage, in seconds: at the ends
/// of their input they fade or are late.
pub const CONTEXT_SECS: f64 = 0.8;

/// Interleaved samples, mono or stereo.
#[derive(Clone, Debug)]
pub struct Sound {
    pub samples: Vec<f32>,
    pub channels: usize,
    pub rate_hz: u32,
}

impl Sound {
    /// Decodes any file at [`RATE_HZ`]; mono becomes stereo.
    pub fn decode_stereo(path: &Path) -> Result<Self> {
        Self::decode_stereo_at(path, RATE_HZ)
    }

    /// Decodes any file at any rate; mono becomes stereo.
    pub fn decode_stereo_at(path: &Path, rate_hz: u32) -> Result<Self> {
        let rate = rate_hz.to_string();
        let arguments = ["-v", "error", "-i"].map(Into::into).into_iter();
        let output = ["-vn", "-f", "f32le", "-ac", "2", "-ar", &rate, "-"]
            .map(Into::into)
            .into_iter();
        let bytes = tools::run(
            "ffmpeg",
            arguments.chain([path.as_os_str().to_owned()]).chain(output),
        )?;
        let samples = bytes
            .chunks_exact(4)
            .map(|value| f32::from_le_bytes([value[0], value[1], value[2], value[3]]))
            .collect();
        Ok(Self {
            samples,
            channels: 2,
            rate_hz,
        })
    }

    pub fn read_wav(path: &Path) -> Result<Self> {
        let reading = || format!("reading {}", path.display());
        let mut reader = hound::WavReader::open(path).with_context(reading)?;
        let spec = reader.spec();
        let samples: Result<Vec<f32>, _> = match spec.sample_format {
            hound::SampleFormat::Float => reader.samples::<f32>().collect(),
            hound::SampleFormat::Int => {
                let scale = 2_f32.powi(1 - i32::from(spec.bits_per_sample));
                reader
                    .samples::<i32>()
                    .map(|sample| sample.map(|sample| sample as f32 * scale))
                    .collect()
            }
        };
        Ok(Self {
            samples: samples.with_context(reading)?,
            channels: spec.channels.into(),
            rate_hz: spec.sample_rate,
        })
    }

    /// Float samples, as exchanged with tools: nothing clips on the way.
    pub fn write_float_wav(&self, path: &Path) -> Result<()> {
        let mut writer = self.writer(path, 32, hound::SampleFormat::Float)?;
        for sample in &self.samples {
            writer.write_sample(*sample)?;
        }
        writer
            .finalize()
            .with_context(|| format!("writing {}", path.display()))
    }

    /// 16 bits, as in the files of the test set. Sounds above full scale are scaled down first.
    pub fn write_wav(&self, path: &Path) -> Result<()> {
        let peak = self
            .samples
            .iter()
            .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        let scale = 32_767.0 / peak.max(1.0);
        let mut writer = self.writer(path, 16, hound::SampleFormat::Int)?;
        for sample in &self.samples {
            writer.write_sample((sample * scale).round() as i16)?;
        }
        writer
            .finalize()
            .with_context(|| format!("writing {}", path.display()))
    }

    fn writer(
        &self,
        path: &Path,
        bits_per_sample: u16,
        sample_format: hound::SampleFormat,
    ) -> Result<hound::WavWriter<std::io::BufWriter<std::fs::File>>> {
        let channels = self.channels as u16;
        let spec = hound::WavSpec {
            channels,
            sample_rate: self.rate_hz,
            bits_per_sample,
            sample_format,
        };
        hound::WavWriter::create(path, spec).with_context(|| format!("writing {}", path.display()))
    }

    pub fn duration_secs(&self) -> f64 {
        (self.samples.len() / self.channels) as f64 / f64::from(self.rate_hz)
    }

    /// The stretch between two times, shorter where the sound ends.
    pub fn between(&self, start_secs: f64, end_secs: f64) -> Self {
        let index = |secs: f64| {
            let frame = (secs.max(0.0) * f64::from(self.rate_hz)).round() as usize;
            (frame * self.channels).min(self.samples.len())
        };
        let start = index(start_secs);
        Self {
            samples: self.samples[start..index(end_secs).max(start)].to_vec(),
            ..*self
        }
    }

    /// Each frame's channels made into one.
    pub fn mixed(&self, mix: impl Fn(&[f32]) -> f32) -> Self {
        Self {
            samples: self.samples.chunks_exact(self.channels).map(mix).collect(),
            channels: 1,
            rate_hz: self.rate_hz,
        }
    }

    /// The mean of the channels.
    pub fn mono(&self) -> Self {
        self.mixed(|frame| frame.iter().sum::<f32>() / frame.len() as f32)
    }

    /// Root mean square of a stretch, 1.0 being full scale.
    pub fn rms_between(&self, start_secs: f64, end_secs: f64) -> f64 {
        let stretch = self.between(start_secs, end_secs);
        let power: f64 = stretch
            .samples
            .iter()
            .map(|sample| f64::from(*sample).powi(2))
            .sum();
        (power / stretch.samples.len().max(1) as f64).sqrt()
    }

    /// Lays `other` over the whole sound, from `other_start_secs` on and repeated at its end. Its
    /// level is `level_db` above this sound's, both measured between the two times `measured_secs`.
    pub fn overlay(
        &mut self,
        other: &Self,
        other_start_secs: f64,
        level_db: f64,
        measured_secs: [f64; 2],
    ) -> Result<()> {
        ensure!(
            other.channels == 1 && other.rate_hz == self.rate_hz,
            "the overlay is not mono at {} Hz",
            self.rate_hz
        );
        let start = (other_start_secs * f64::from(other.rate_hz)) as usize;
        let frames = self.samples.len() / self.channels;
        let layer: Vec<f32> = other
            .samples
            .iter()
            .cycle()
            .skip(start)
            .take(frames)
            .copied()
            .collect();
        let layer = Self {
            samples: layer,
            channels: 1,
            rate_hz: self.rate_hz,
        };
        let [from_secs, to_secs] = measured_secs;
        let (own, others) = (
            self.rms_between(from_secs, to_secs),
            layer.rms_between(from_secs, to_secs),
        );
        ensure!(others > 0.0, "the overlay is silent");
        let gain = (own / others * 10_f64.powf(level_db / 20.0)) as f32;
        for (frame, layer) in self
            .samples
            .chunks_exact_mut(self.channels)
            .zip(&layer.samples)
        {
            frame.iter_mut().for_each(|sample| *sample += gain * layer);
        }
        Ok(())
    }
}
