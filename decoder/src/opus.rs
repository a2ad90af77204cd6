//! Opus for Symphonia, which reads the containers.

use opus_decoder::OpusMultistreamDecoder;
use symphonia::core::audio::{
    AsGenericAudioBufferRef as _, AudioBuffer, AudioMut as _, AudioSpec, Channels,
    GenericAudioBufferRef, Position,
};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder, AudioDecoderOptions, FinalizeResult,
};
use symphonia::core::codecs::registry::{RegisterableAudioDecoder, SupportedAudioCodec};
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::packet::PacketRef;

/// Opus always decodes at this rate (RFC 7845, 5.1).
const RATE_HZ: u32 = 48_000;
/// The longest packet: 120 ms (RFC 6716, 3.2.5).
const MAX_PACKET_FRAMES: usize = 5_760;

const INFO: CodecInfo = CodecInfo {
    short_name: "opus",
    long_name: "Opus",
    profiles: &[],
};

/// A decoder of one track.
pub struct OpusDecoder {
    parameters: AudioCodecParameters,
    decoder: OpusMultistreamDecoder,
    channels: usize,
    interleaved: Vec<f32>,
    buffer: AudioBuffer<f32>,
}

/// The streams of a packet and the channels made of them (RFC 7845, 5.1.1).
struct Streams {
    count: usize,
    coupled: usize,
    mapping: Vec<u8>,
}

impl OpusDecoder {
    fn try_new(parameters: &AudioCodecParameters) -> Result<Self> {
        let streams = streams(parameters.extra_data.as_deref().unwrap_or_default())
            .or_else(|| simple(parameters.channels.as_ref()?.count()));
        let Some(streams) = streams else {
            return unsupported_error("opus: no description of its channels");
        };
        let channels = streams.mapping.len();
        let decoder = OpusMultistreamDecoder::new(
            RATE_HZ,
            channels,
            streams.count,
            streams.coupled,
            &streams.mapping,
        );
        let Ok(decoder) = decoder else {
            return unsupported_error("opus: its description of channels contradicts itself");
        };
        let layout = match Position::from_wave_channel_count(channels as u32) {
            Some(positions) => Channels::Positioned(positions),
            None => Channels::Discrete(channels as u16),
        };
        Ok(Self {
            parameters: parameters.clone(),
            decoder,
            channels,
            interleaved: vec![0.0; MAX_PACKET_FRAMES * channels],
            buffer: AudioBuffer::new(AudioSpec::new(RATE_HZ, layout), MAX_PACKET_FRAMES),
        })
    }

    fn decode_packet(&mut self, packet: &PacketRef<'_>) -> Result<()> {
        self.buffer.clear();
        let decoded = self
            .decoder
            .decode_float(packet.data, &mut self.interleaved, false);
        let Ok(frames) = decoded else {
            return decode_error("opus: damaged packet");
        };
        self.buffer.render_silence(Some(frames));
        for (channel, plane) in self.buffer.iter_planes_mut().enumerate() {
            let samples = self.interleaved[channel..].iter().step_by(self.channels);
            for (target, sample) in plane.iter_mut().zip(samples) {
                *target = *sample;
            }
        }
        let trimmed = |duration: u64| usize::try_from(duration).unwrap_or(usize::MAX).min(frames);
        let start = trimmed(packet.trim_start.get());
        let end = trimmed(packet.trim_end.get()).min(frames - start);
        self.buffer.trim(start, end);
        Ok(())
    }
}

/// The streams that the identification header describes (RFC 7845, 5.1).
fn streams(head: &[u8]) -> Option<Streams> {
    let head = head.strip_prefix(b"OpusHead")?;
    let (channels, family) = (usize::from(*head.get(1)?), *head.get(10)?);
    if family == 0 {
        return simple(channels);
    }
    let mapping = head.get(13..13 + channels)?;
    Some(Streams {
        count: usize::from(head[11]),
        coupled: usize::from(head[12]),
        mapping: match order(channels) {
            Some(order) if family == 1 => order.iter().map(|from| mapping[*from]).collect(),
            _ => mapping.to_vec(),
        },
    })
}

/// One stream of one or two channels.
fn simple(channels: usize) -> Option<Streams> {
    (1..=2).contains(&channels).then(|| Streams {
        count: 1,
        coupled: channels - 1,
        mapping: (0..channels as u8).collect(),
    })
}

/// The channels of Vorbis (RFC 7845, 5.1.1.2) in the order of WAV files.
fn order(channels: usize) -> Option<&'static [usize]> {
    Some(match channels {
        3 => &[0, 2, 1],
        5 => &[0, 2, 1, 3, 4],
        6 => &[0, 2, 1, 5, 3, 4],
        7 => &[0, 2, 1, 6, 5, 3, 4],
        8 => &[0, 2, 1, 7, 5, 6, 3, 4],
        _ => return None,
    })
}

impl AudioDecoder for OpusDecoder {
    fn reset(&mut self) {
        self.decoder.reset();
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

impl RegisterableAudioDecoder for OpusDecoder {
    fn try_registry_new(
        parameters: &AudioCodecParameters,
        _options: &AudioDecoderOptions,
    ) -> Result<Box<dyn AudioDecoder>> {
        Ok(Box::new(Self::try_new(parameters)?))
    }

    fn supported_codecs() -> &'static [SupportedAudioCodec] {
        &[SupportedAudioCodec {
            id: CODEC_ID_OPUS,
            info: INFO,
        }]
    }
}
