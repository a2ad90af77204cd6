//! Damage: what can't be decoded is silent for as long, so that the rest stays in its place. Else
//! the copy of a song would seem to be faster.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_FLAC;
use symphonia::core::packet::Packet;

/// Samples of the longest gap that is filled: 190 s of stereo at 44.1 kHz. A longer one is a
/// damaged time stamp.
const MAX_GAP_SAMPLES: u64 = 1 << 24;

/// What was decoded last.
#[derive(Clone, Copy)]
pub struct Decoded {
    pub sample_rate_hz: u32,
    pub channels: usize,
    /// Time stamp of its end.
    pub end: i64,
}

impl Decoded {
    /// Frames that are missing before a packet. The reader of FLAC leaves out damaged packets, and
    /// its time stamps are numbers of frames. Those of other formats are rounded.
    pub fn missing_before(self, packet: &Packet, codec: &AudioCodecParameters) -> usize {
        let missing = packet.pts.get().saturating_sub(self.end);
        match codec.codec {
            CODEC_ID_FLAC => self.filled(u64::try_from(missing).unwrap_or(0)),
            _ => 0,
        }
    }

    /// Frames of a packet that can't be decoded, of a track with so many units of time in a second.
    pub fn frames_of(self, packet: &Packet, timescale: u64) -> usize {
        let units = u128::from(packet.dur.get());
        let frames = units * u128::from(self.sample_rate_hz) / u128::from(timescale);
        self.filled(u64::try_from(frames).unwrap_or(u64::MAX))
    }

    /// The frames that are filled of a gap of so many.
    fn filled(self, frames: u64) -> usize {
        let is_believable = frames.saturating_mul(self.channels as u64) <= MAX_GAP_SAMPLES;
        if is_believable { frames as usize } else { 0 }
    }
}

/// The time stamp of a packet's end.
pub fn end_of(packet: &Packet) -> i64 {
    let duration = i64::try_from(packet.dur.get()).unwrap_or(i64::MAX);
    packet.pts.get().saturating_add(duration)
}
