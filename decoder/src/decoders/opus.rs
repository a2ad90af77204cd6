//! Opus for Symphonia, which reads the containers.

use opus_rs::OpusDecoder as StreamDecoder;
use symphonia::core::audio::{AudioBuffer, AudioMut as _};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::{RegisterableAudioDecoder, SupportedAudioCodec};
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::packet::PacketRef;

use super::{Codec, OpusDecoder, buffer_of, copy_channel};

/// Opus always decodes at this rate (RFC 7845, 5.1).
const RATE_HZ: u32 = 48_000;

/// Opus, with the state of one track.
pub struct Opus {
    /// Each with its first channel among those of all streams, and their number.
    streams: Vec<(StreamDecoder, usize, usize)>,
    /// The stream's channel that each channel plays, 255 for silence.
    mapping: Vec<u8>,
    interleaved: Vec<f32>,
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
        let decoders: Option<Vec<_>> = (0..streams.count)
            .map(|index| {
                let channels = if index < streams.coupled { 2 } else { 1 };
                let first = index + index.min(streams.coupled);
                Some((stream_decoder(channels)?, first, channels))
            })
            .collect();
        let (Some(decoders), true) = (decoders, streams.count > 0 && channels > 0) else {
            return unsupported_error("opus: its description of channels contradicts itself");
        };
        Ok(Self {
            parameters: parameters.clone(),
            codec: Opus {
                streams: decoders,
                mapping: streams.mapping,
                interleaved: vec![0.0; Opus::MAX_PACKET_FRAMES * 2],
            },
            buffer: buffer_of::<Opus>(RATE_HZ, channels),
        })
    }
}

impl Codec for Opus {
    const INFO: CodecInfo = CodecInfo {
        short_name: "opus",
        long_name: "Opus",
        profiles: &[],
    };
    // 120 ms (RFC 6716, 3.2.5).
    const MAX_PACKET_FRAMES: usize = 5_760;

    fn decode(&mut self, packet: &PacketRef<'_>, buffer: &mut AudioBuffer<f32>) -> Result<()> {
        let mut rest = packet.data;
        let last = self.streams.len() - 1;
        let mut frames = None;
        for (index, (decoder, first, channels)) in self.streams.iter_mut().enumerate() {
            let own = if index == last {
                Some(rest.to_vec())
            } else {
                next_packet(&mut rest)
            };
            // An empty packet would be played as one that was lost.
            let decoded = own.filter(|own| !own.is_empty()).and_then(|own| {
                let samples = &mut self.interleaved[..Self::MAX_PACKET_FRAMES * *channels];
                decoder.decode(&own, Self::MAX_PACKET_FRAMES, samples).ok()
            });
            let Some(decoded) = decoded.filter(|decoded| frames.is_none_or(|all| all == *decoded))
            else {
                return decode_error("opus: damaged packet");
            };
            if frames.replace(decoded).is_none() {
                buffer.render_silence(Some(decoded));
            }
            for (plane, source) in buffer.iter_planes_mut().zip(&self.mapping) {
                let Some(channel) = usize::from(*source).checked_sub(*first) else {
                    continue;
                };
                if channel < *channels {
                    copy_channel(plane, &self.interleaved, channel, *channels);
                }
            }
        }
        let frames = frames.unwrap_or(0);
        let trimmed = |duration: u64| usize::try_from(duration).unwrap_or(usize::MAX).min(frames);
        let start = trimmed(packet.trim_start.get());
        let end = trimmed(packet.trim_end.get()).min(frames - start);
        buffer.trim(start, end);
        Ok(())
    }
    fn reset(&mut self) {
        for (decoder, _, channels) in &mut self.streams {
            if let Some(new) = stream_decoder(*channels) {
                *decoder = new;
            }
        }
    }
}

/// A decoder of one stream, of one or two channels.
fn stream_decoder(channels: usize) -> Option<StreamDecoder> {
    StreamDecoder::new(RATE_HZ as i32, channels).ok()
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

/// Takes a packet that states its own length from the front, in the framing of one that
/// doesn't (RFC 6716, appendix B).
fn next_packet(data: &mut &[u8]) -> Option<Vec<u8>> {
    let after = *data;
    let size = |at| size_at(after, at);
    let head = *after.first()?;
    // The fields that are kept, the beginning of the frames, and their bytes with any padding.
    let (kept, start, bytes) = match head & 3 {
        code @ (0 | 1) => {
            let (frame, field) = size(1)?;
            (1, 1 + field, frame * (usize::from(code) + 1))
        }
        2 => {
            let (one, field) = size(1)?;
            let (other, last_field) = size(1 + field)?;
            (1 + field, 1 + field + last_field, one + other)
        }
        _ => {
            let flags = *after.get(1)?;
            let count = usize::from(flags & 0x3f);
            let (mut at, mut bytes) = (2, 0);
            if flags & 0x40 != 0 {
                loop {
                    let more = usize::from(*after.get(at)?);
                    at += 1;
                    bytes += more.min(254);
                    if more < 255 {
                        break;
                    }
                }
            }
            let is_variable = flags & 0x80 != 0;
            for _ in 1..if is_variable { count } else { 1 } {
                let (frame, field) = size(at)?;
                bytes += frame;
                at += field;
            }
            let (last, field) = size(at)?;
            bytes += if is_variable { last } else { last * count };
            (at, at + field, bytes)
        }
    };
    let frames = after.get(start..start + bytes)?;
    *data = &after[start + bytes..];
    Some([&after[..kept], frames].concat())
}

/// The size of a frame, and the bytes of the field with it (RFC 6716, 3.2.1).
fn size_at(data: &[u8], at: usize) -> Option<(usize, usize)> {
    let first = usize::from(*data.get(at)?);
    if first < 252 {
        return Some((first, 1));
    }
    Some((first + 4 * usize::from(*data.get(at + 1)?), 2))
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
            info: Opus::INFO,
        }]
    }
}
