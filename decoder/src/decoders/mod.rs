//! Decoders of codecs that aren't in Symphonia, which reads the containers.

mod aac;
mod opus;

use symphonia::core::audio::{
    AsGenericAudioBufferRef as _, AudioBuffer, AudioSpec, Channels, GenericAudioBufferRef, Position,
};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, FinalizeResult};
use symphonia::core::errors::Result;
use symphonia::core::packet::PacketRef;

/// AAC for Symphonia.
pub type AacDecoder = PacketDecoder<aac::Aac>;
/// Opus for Symphonia.
pub type OpusDecoder = PacketDecoder<opus::Opus>;

/// A codec, with the state of one stream.
pub trait Codec: Send + Sync {
    const INFO: CodecInfo;
    /// Frames of the longest packet.
    const MAX_PACKET_FRAMES: usize;

    /// Decodes a packet into the buffer, which is empty. After an error it is emptied again.
    fn decode(&mut self, packet: &PacketRef<'_>, buffer: &mut AudioBuffer<f32>) -> Result<()>;

    /// Forgets the packets before, as after a jump.
    fn reset(&mut self);
}

/// A codec of ours as a decoder of Symphonia.
pub struct PacketDecoder<C: Codec> {
    parameters: AudioCodecParameters,
    codec: C,
    /// The packet that was decoded last.
    buffer: AudioBuffer<f32>,
}

impl<C: Codec> AudioDecoder for PacketDecoder<C> {
    fn reset(&mut self) {
        self.codec.reset();
    }

    fn codec_info(&self) -> &CodecInfo {
        &C::INFO
    }

    fn codec_params(&self) -> &AudioCodecParameters {
        &self.parameters
    }

    fn decode_ref(&mut self, packet: &PacketRef<'_>) -> Result<GenericAudioBufferRef<'_>> {
        self.buffer.clear();
        if let Err(error) = self.codec.decode(packet, &mut self.buffer) {
            self.buffer.clear();
            return Err(error);
        }
        Ok(self.last_decoded())
    }

    fn finalize(&mut self) -> FinalizeResult {
        FinalizeResult::default()
    }

    fn last_decoded(&self) -> GenericAudioBufferRef<'_> {
        self.buffer.as_generic_audio_buffer_ref()
    }
}

/// An empty buffer for a packet of a codec. Its channels are in the order of WAV files.
fn buffer_of<C: Codec>(sample_rate_hz: u32, channels: usize) -> AudioBuffer<f32> {
    let layout = match Position::from_wave_channel_count(channels as u32) {
        Some(positions) => Channels::Positioned(positions),
        None => Channels::Discrete(channels as u16),
    };
    AudioBuffer::new(AudioSpec::new(sample_rate_hz, layout), C::MAX_PACKET_FRAMES)
}

/// Copies one channel of interleaved samples.
fn copy_channel(plane: &mut [f32], interleaved: &[f32], channel: usize, channels: usize) {
    let samples = interleaved[channel..].iter().step_by(channels);
    plane
        .iter_mut()
        .zip(samples)
        .for_each(|(target, sample)| *target = *sample);
}
