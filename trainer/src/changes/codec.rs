//! Lossy codecs: encoding and decoding in memory.
//!
//! The input is mono at the model's rate, so a bit rate corresponds to half of a stereo file's. The
//! result has the input's length and is aligned with it: the codec's delay is cut off.
//!
//! The licences allow any use (`deny.toml`). For MP3 and AAC that excludes LAME and Fraunhofer's
//! encoder; the ones used are young crates in Rust. Their output is decoded by Symphonia, as any
//! file is.

use std::num::{NonZeroU8, NonZeroU32};

use anyhow::{Context as _, Result, anyhow, ensure};
use opus_rs::{Application, OpusDecoder, OpusEncoder};
use oxideav_core::{
    AudioFrame, CodecId, CodecParameters, Encoder, Frame, Result as CodecResult, SampleFormat,
};
use soundalike::Waveform;
use soundalike_native::audio_file;
use vorbis_rs::{VorbisBitrateManagementStrategy, VorbisEncoderBuilder};

/// Look-ahead of Opus in music mode: 6.5 ms (RFC 6716, section 2: 2.5 ms of overlap and 4 ms of
/// delay compensation).
const OPUS_DELAY_SECS: f64 = 0.0065;
/// Opus supports few rates; this is the lowest one above the model's.
const OPUS_RATE_HZ: u32 = 24_000;
const OPUS_FRAME_SAMPLES: usize = OPUS_RATE_HZ as usize / 50;
/// Greatest length of a packet (RFC 6716, section 3.4).
const OPUS_PACKET_BYTES: usize = 1_275;

/// Bit rates of MP3 at half the usual sample rates (ISO/IEC 13818-3, section 2.4.2.3).
pub const MP3_KBPS: [u16; 14] = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
/// Delay of MP3: 481 samples by both filter banks, and half a block of 1,152 by the overlapping
/// transform.
const MP3_DELAY_SAMPLES: usize = 481 + 576;
/// Delay of AAC: half a block of 2,048 by the overlapping transform.
const AAC_DELAY_SAMPLES: usize = 1_024;

/// Encodes and decodes Ogg Vorbis at a quality on the scale of `oggenc`.
///
/// # Errors
///
/// When the encoder refuses the quality or the result can't be decoded.
pub fn through_vorbis(samples: &[f32], sample_rate_hz: u32, quality: f32) -> Result<Vec<f32>> {
    let rate = NonZeroU32::new(sample_rate_hz).context("the rate is 0 Hz")?;
    let mut builder = VorbisEncoderBuilder::new_with_serial(rate, NonZeroU8::MIN, Vec::new(), 1);
    builder.bitrate_management_strategy(VorbisBitrateManagementStrategy::QualityVbr {
        target_quality: quality / 10.0,
    });
    let mut encoder = builder.build().context("Vorbis")?;
    // The block size of libvorbis's own examples.
    for block in samples.chunks(1_024) {
        encoder.encode_audio_block([block]).context("Vorbis")?;
    }
    let ogg = encoder.finish().context("Vorbis")?;
    let decoded = audio_file::decode_bytes(ogg, "ogg")?;
    with_length(decoded, sample_rate_hz, samples.len())
}

/// Encodes and decodes Opus, packets of 20 ms without a container.
///
/// # Errors
///
/// When the codec fails.
pub fn through_opus(samples: &[f32], sample_rate_hz: u32, kbps: f32) -> Result<Vec<f32>> {
    let failed = |error: &str| anyhow!("Opus: {error}");
    let length = samples.len();
    let mut input = Waveform::new("a passage", samples.to_vec(), sample_rate_hz)?
        .resampled(OPUS_RATE_HZ)
        .samples()
        .to_vec();
    let delay = (OPUS_DELAY_SECS * f64::from(OPUS_RATE_HZ)).round() as usize;
    // The end comes later by the delay.
    input.resize(
        (input.len() + delay).next_multiple_of(OPUS_FRAME_SAMPLES),
        0.0,
    );
    let mut encoder =
        OpusEncoder::new(OPUS_RATE_HZ as i32, 1, Application::Audio).map_err(failed)?;
    encoder.bitrate_bps = (kbps * 1_000.0) as i32;
    let mut decoder = OpusDecoder::new(OPUS_RATE_HZ as i32, 1).map_err(failed)?;
    let (mut packet, mut output) = ([0; OPUS_PACKET_BYTES], Vec::with_capacity(input.len()));
    for frame in input.chunks_exact(OPUS_FRAME_SAMPLES) {
        let bytes = encoder
            .encode(frame, OPUS_FRAME_SAMPLES, &mut packet)
            .map_err(failed)?;
        let mut decoded = [0.0; OPUS_FRAME_SAMPLES];
        decoder
            .decode(&packet[..bytes], OPUS_FRAME_SAMPLES, &mut decoded)
            .map_err(failed)?;
        output.extend(decoded);
    }
    output.drain(..delay);
    let decoded = Waveform::new("a passage", output, OPUS_RATE_HZ)?.resampled(sample_rate_hz);
    with_length(decoded, sample_rate_hz, length)
}

/// Encodes and decodes MP3 at a constant rate, the nearest of [`MP3_KBPS`].
///
/// # Errors
///
/// When the encoder refuses or the result can't be decoded.
pub fn through_mp3(samples: &[f32], sample_rate_hz: u32, kbps: f32) -> Result<Vec<f32>> {
    let nearest = MP3_KBPS
        .into_iter()
        .min_by(|&a, &b| {
            (f32::from(a) - kbps)
                .abs()
                .total_cmp(&(f32::from(b) - kbps).abs())
        })
        .unwrap_or(MP3_KBPS[0]);
    let make = oxideav_mp3::codec_encoder::make_encoder;
    let mp3 = encoded(
        make,
        "mp3",
        samples,
        sample_rate_hz,
        nearest.into(),
        MP3_DELAY_SAMPLES,
    )?;
    let decoded = audio_file::decode_bytes(mp3, "mp3")?;
    without_delay(&decoded, MP3_DELAY_SAMPLES, sample_rate_hz, samples.len())
}

/// Encodes and decodes AAC-LC as an ADTS stream.
///
/// # Errors
///
/// When the encoder refuses or the result can't be decoded.
pub fn through_aac(samples: &[f32], sample_rate_hz: u32, kbps: f32) -> Result<Vec<f32>> {
    let make = oxideav_aac::codec_encoder::make_encoder;
    let kbps = kbps.round() as u64;
    let aac = encoded(
        make,
        "aac",
        samples,
        sample_rate_hz,
        kbps,
        AAC_DELAY_SAMPLES,
    )?;
    let decoded = audio_file::decode_bytes(aac, "aac")?;
    without_delay(&decoded, AAC_DELAY_SAMPLES, sample_rate_hz, samples.len())
}

/// The packets of one of oxideav's encoders for mono samples, followed by `delay_samples` of
/// silence that flush the last ones.
fn encoded(
    make: fn(&CodecParameters) -> CodecResult<Box<dyn Encoder>>,
    codec: &'static str,
    samples: &[f32],
    sample_rate_hz: u32,
    kbps: u64,
    delay_samples: usize,
) -> Result<Vec<u8>> {
    let mut parameters = CodecParameters::audio(CodecId::new(codec));
    parameters.sample_rate = Some(sample_rate_hz);
    parameters.channels = Some(1);
    parameters.sample_format = Some(SampleFormat::S16);
    parameters.bit_rate = Some(kbps * 1_000);
    let mut encoder = make(&parameters).context(codec)?;
    let silence = std::iter::repeat_n(&0.0, delay_samples);
    let pcm: Vec<u8> = samples
        .iter()
        .chain(silence)
        .flat_map(|&sample| ((sample * f32::from(i16::MAX)) as i16).to_le_bytes())
        .collect();
    let frame = Frame::Audio(AudioFrame {
        samples: (samples.len() + delay_samples) as u32,
        pts: None,
        data: vec![pcm],
    });
    encoder.send_frame(&frame).context(codec)?;
    encoder.flush().context(codec)?;
    let mut stream = Vec::new();
    // The encoder reports its end as an error, too.
    while let Ok(packet) = encoder.receive_packet() {
        stream.extend(packet.data);
    }
    Ok(stream)
}

fn without_delay(
    decoded: &Waveform,
    delay_samples: usize,
    sample_rate_hz: u32,
    length: usize,
) -> Result<Vec<f32>> {
    let samples = decoded.samples().get(delay_samples..);
    let samples = samples
        .context("the decoded file is shorter than the codec's delay")?
        .to_vec();
    let decoded = Waveform::new("a passage", samples, decoded.sample_rate_hz())?;
    with_length(decoded, sample_rate_hz, length)
}

/// Restores the input's length.
fn with_length(decoded: Waveform, sample_rate_hz: u32, length: usize) -> Result<Vec<f32>> {
    ensure!(
        decoded.sample_rate_hz() == sample_rate_hz,
        "a codec made {} Hz of {sample_rate_hz} Hz",
        decoded.sample_rate_hz()
    );
    let mut samples = decoded.samples().to_vec();
    samples.resize(length, 0.0);
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE_HZ: u32 = 22_050;

    /// Three seconds of a chord that starts anew every quarter of a second.
    fn music() -> Vec<f32> {
        (0..3 * RATE_HZ)
            .map(|n| {
                let secs = n as f32 / RATE_HZ as f32;
                let decay = (-8.0 * (secs % 0.25)).exp();
                let chord: f32 = [220.0, 277.2, 329.6, 880.0]
                    .iter()
                    .map(|hz| (std::f32::consts::TAU * hz * secs).sin())
                    .sum();
                0.2 * decay * chord
            })
            .collect()
    }

    /// Correlation of the decoded samples with the original, shifted by some samples.
    fn correlation(original: &[f32], back: &[f32], shift: i32) -> f32 {
        let middle = 4_000..original.len() as i32 - 4_000;
        let pairs = || {
            middle
                .clone()
                .map(|n| (original[n as usize], back[(n + shift) as usize]))
        };
        let dot: f32 = pairs().map(|(a, b)| a * b).sum();
        let energies: (f32, f32) =
            pairs().fold((0.0, 0.0), |sum, (a, b)| (sum.0 + a * a, sum.1 + b * b));
        dot / (energies.0 * energies.1).sqrt()
    }

    #[test]
    fn decoded_samples_resemble_the_original_and_have_its_length() {
        let original = music();
        type Codec = fn(&[f32], u32, f32) -> Result<Vec<f32>>;
        let codecs: [(&str, Codec, f32); 4] = [
            ("Vorbis", through_vorbis, 0.0),
            ("Opus", through_opus, 32.0),
            ("MP3", through_mp3, 32.0),
            ("AAC", through_aac, 32.0),
        ];
        for (name, codec, strength) in codecs {
            let back = codec(&original, RATE_HZ, strength).unwrap();
            assert_eq!(back.len(), original.len(), "{name}");
            let best = (-600..=600).max_by(|a, b| {
                correlation(&original, &back, *a).total_cmp(&correlation(&original, &back, *b))
            });
            let best = best.unwrap();
            assert!(best.abs() <= 8, "{name} comes back {best} samples late");
            let likeness = correlation(&original, &back, best);
            assert!(likeness > 0.9 && likeness < 0.999_999, "{name}: {likeness}");
        }
    }

    #[test]
    fn lower_rates_lose_more() {
        let original = music();
        let likeness = |back: Result<Vec<f32>>| correlation(&original, &back.unwrap(), 0);
        let opus = |kbps| likeness(through_opus(&original, RATE_HZ, kbps));
        assert!(opus(8.0) < opus(64.0), "{} {}", opus(8.0), opus(64.0));
        let mp3 = |kbps| likeness(through_mp3(&original, RATE_HZ, kbps));
        assert!(mp3(16.0) < mp3(64.0), "{} {}", mp3(16.0), mp3(64.0));
        let aac = |kbps| likeness(through_aac(&original, RATE_HZ, kbps));
        assert!(aac(16.0) < aac(64.0), "{} {}", aac(16.0), aac(64.0));
        let vorbis = |quality| likeness(through_vorbis(&original, RATE_HZ, quality));
        assert!(
            vorbis(-1.0) < vorbis(8.0),
            "{} {}",
            vorbis(-1.0),
            vorbis(8.0)
        );
    }
}
