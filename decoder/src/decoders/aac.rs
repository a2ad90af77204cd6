//! AAC that Symphonia refuses: with more than two channels, HE-AAC, and its rarer profiles.

use rusty_aac::AacDecoder as StreamDecoder;
use rusty_aac::config::{self, StreamConfig};
use symphonia::core::audio::{Audio as _, AudioBuffer, AudioMut as _, Channels};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::packet::PacketRef;

use super::{AacDecoder, Codec, buffer_of, copy_channel};

/// Object type of AAC-LC (ISO/IEC 14496-3, 1.5.1.1), the one of ADTS streams without a header.
const AAC_LC: u8 = 2;

/// AAC, with the state of one track.
pub struct Aac {
    config: StreamConfig,
    decoder: StreamDecoder,
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
        let decoder = StreamDecoder::with_stream_config(config.clone());
        Ok(Self {
            parameters: parameters.clone(),
            codec: Aac { config, decoder },
            buffer: buffer_of::<Aac>(1, 1),
        })
    }

    /// Whether it may be HE-AAC whose packets alone tell so. Of such a stream, which states half of
    /// its sample rate, Symphonia decodes the lower half of the spectrum.
    pub fn may_be_high_efficiency(&self) -> bool {
        /// Half of 48 kHz, the greatest sample rate of HE-AAC.
        const MAX_STATED_HZ: u32 = 24_000;
        self.codec.config.sample_rate <= MAX_STATED_HZ
    }
}

impl Codec for Aac {
    const INFO: CodecInfo = CodecInfo {
        short_name: "aac",
        long_name: "Advanced Audio Coding",
        profiles: &[],
    };
    // 1,024, doubled by spectral band replication.
    const MAX_PACKET_FRAMES: usize = 2_048;

    fn decode(&mut self, packet: &PacketRef<'_>, buffer: &mut AudioBuffer<f32>) -> Result<()> {
        let Ok(decoded) = self.decoder.decode(packet.data, None) else {
            return decode_error("aac: damaged packet");
        };
        let (channels, frames) = (usize::from(decoded.channels), decoded.frames());
        if channels == 0 || frames > Self::MAX_PACKET_FRAMES {
            return decode_error("aac: a packet of an impossible size");
        }
        let spec = buffer.spec();
        if (spec.rate(), spec.channels().count()) != (decoded.sample_rate, channels) {
            *buffer = buffer_of::<Self>(decoded.sample_rate, channels);
        }
        buffer.render_silence(Some(frames));
        for (channel, plane) in buffer.iter_planes_mut().enumerate() {
            copy_channel(plane, &decoded.samples, channel, channels);
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.decoder = StreamDecoder::with_stream_config(self.config.clone());
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
