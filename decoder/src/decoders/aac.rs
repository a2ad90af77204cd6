//! AAC that Symphonia refuses: with more than two channels, HE-AAC, and its rarer profiles.

use rusty_aac::AacDecoder as StreamDecoder;
use rusty_aac::config::{self, StreamConfig};
use symphonia::core::audio::{
    AsGenericAudioBufferRef as _, Audio as _, AudioBuffer, AudioMut as _, AudioSpec, Channels,
    GenericAudioBufferRef, Position,
};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, FinalizeResult};
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::packet::PacketRef;

/// Frames of the longest packet: 1,024, doubled by spectral band replication.
const MAX_PACKET_FRAMES: usize = 2_048;
/// Object type of AAC-LC (ISO/IEC 14496-3, 1.5.1.1), the one of ADTS streams without a header.
const AAC_LC: u8 = 2;

const INFO: CodecInfo = CodecInfo {
    short_name: "aac",
    long_name: "Advanced Audio Coding",
    profiles: &[],
};

/// A decoder of one track.
pub struct AacDecoder {
    parameters: AudioCodecParameters,
    config: StreamConfig,
    decoder: StreamDecoder,
    buffer: AudioBuffer<f32>,
}

impl AacDecoder {
    pub fn try_new(parameters: &AudioCodecParameters) -> Result<Self> {
        if parameters.codec != CODEC_ID_AAC {
            return unsupported_error("aac: another codec");
        }
        let config = match parameters.extra_data.as_deref() {
            Some(extra_data) => config::parse(extra_data).ok(),
            None => parameters.sample_rate.map(|rate_hz| {
                let channels = parameters.channels.as_ref().map_or(0, Channels::count);
                StreamConfig::lc(AAC_LC, rate_hz, configuration(channels))
            }),
        };
        let Some(config) = config else {
            return unsupported_error("aac: no description of the stream");
        };
        // Fails here for profiles that aren't known, and not with the first packet.
        if rusty_aac::decode::Decoder::with_stream_config(config.clone()).is_err() {
            return unsupported_error("aac: unknown profile");
        }
        Ok(Self {
            parameters: parameters.clone(),
            decoder: StreamDecoder::with_stream_config(config.clone()),
            config,
            buffer: buffer_of(1, 1),
        })
    }

    fn decode_packet(&mut self, packet: &PacketRef<'_>) -> Result<()> {
        self.buffer.clear();
        let Ok(decoded) = self.decoder.decode(packet.data, None) else {
            return decode_error("aac: damaged packet");
        };
        let (channels, frames) = (usize::from(decoded.channels), decoded.frames());
        if channels == 0 || frames > MAX_PACKET_FRAMES {
            return decode_error("aac: a packet of an impossible size");
        }
        let spec = self.buffer.spec();
        if (spec.rate(), spec.channels().count()) != (decoded.sample_rate, channels) {
            self.buffer = buffer_of(decoded.sample_rate, channels);
        }
        self.buffer.render_silence(Some(frames));
        for (channel, plane) in self.buffer.iter_planes_mut().enumerate() {
            let samples = decoded.samples[channel..].iter().step_by(channels);
            plane
                .iter_mut()
                .zip(samples)
                .for_each(|(target, sample)| *target = *sample);
        }
        Ok(())
    }
}

/// The channel configuration (ISO/IEC 14496-3, table 1.19) of that many channels. 0: the packets
/// tell.
fn configuration(channels: usize) -> u8 {
    match channels {
        1..=6 => channels as u8,
        8 => 7,
        _ => 0,
    }
}

/// Its channels are in the order of WAV files.
fn buffer_of(sample_rate_hz: u32, channels: usize) -> AudioBuffer<f32> {
    let layout = match Position::from_wave_channel_count(channels as u32) {
        Some(positions) => Channels::Positioned(positions),
        None => Channels::Discrete(channels as u16),
    };
    AudioBuffer::new(AudioSpec::new(sample_rate_hz, layout), MAX_PACKET_FRAMES)
}

impl AudioDecoder for AacDecoder {
    fn reset(&mut self) {
        self.decoder = StreamDecoder::with_stream_config(self.config.clone());
    }

    fn codec_info(&self) -> &CodecInfo {
        &INFO
    }

    fn codec_params(&self) -> &AudioCodecParameters {
        &self.parameters
    }

    fn decode_ref(&mut self, packet: &PacketRef<'_>) -> Result<GenericAudioBufferRef<'_>> {
        if let Err(error) = self.decode_packet(packet) {
            self.buffer.clear();
            return Err(error);
        }
        Ok(self.buffer.as_generic_audio_buffer_ref())
    }

    fn finalize(&mut self) -> FinalizeResult {
        FinalizeResult::default()
    }

    fn last_decoded(&self) -> GenericAudioBufferRef<'_> {
        self.buffer.as_generic_audio_buffer_ref()
    }
}
