//! A file that is decoded part by part.

mod gaps;
mod open;
mod packets;
mod stated_end;

use std::collections::VecDeque;
use std::ops::Range;

use symphonia::core::audio::sample::Sample as _;
use symphonia::core::codecs::audio::AudioDecoder;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3};
use symphonia::core::errors::Error;
use symphonia::core::formats::{SeekMode, SeekTo};
use symphonia::core::packet::Packet;
use symphonia::core::units::Timestamp;

use crate::edit_list::Edit;
use crate::tracks::{decoder_of, track_of};
use gaps::{Decoded, end_of};
use packets::{Packets, unless_panic};
use stated_end::StatedEnd;

/// The samples of one packet, in a buffer of the [`SoundFile`].
pub struct Part<'file> {
    /// Frame by frame, `channels` samples each.
    pub interleaved: &'file [f32],
    /// 1 or more.
    pub channels: usize,
    /// 1 or more. It may change within a file, as in MP3 files that were joined.
    pub sample_rate_hz: u32,
}

/// A sound file that is being decoded: one of its tracks.
pub struct SoundFile {
    packets: Packets,
    decoder: Box<dyn AudioDecoder>,
    track_id: u32,
    /// The number of the chosen track; `None` for the default one.
    chosen: Option<usize>,
    stated_secs: Option<f64>,
    /// Parts of the track that are still to be played, of which the first is being played. `None`
    /// where all of it is played.
    edits: Option<VecDeque<Edit>>,
    /// Units of the packets' times in a second.
    timescale: u64,
    /// Of MPEG audio, the packets at the stated end.
    stated_end: StatedEnd,
    /// Packets in a row that the decoder refuses.
    refused_packets: usize,
    /// `None` at the beginning of a stream.
    last: Option<Decoded>,
    /// A packet before which something is missing.
    waiting: Option<Packet>,
    interleaved: Vec<f32>,
}

/// Pre-roll before an edit: `1 / PRE_ROLL_PARTS` s. That is longer than the overlap of frames of
/// AAC and than the 80 ms of Opus (RFC 7845, 4.6).
const PRE_ROLL_PARTS: u64 = 10;
/// Refused packets in a row after which a new decoder is made: a decoder of MPEG audio accepts one
/// sample rate, and most damage is shorter.
const MAX_REFUSED_PACKETS: usize = 4;

impl SoundFile {
    /// Plays the edits of the track alone.
    fn play(&mut self, edit_lists: Vec<(u32, Vec<Edit>)>) {
        let list = edit_lists.into_iter().find(|(id, _)| *id == self.track_id);
        let Some((_, edits)) = list else { return };
        let whole = self.stated_secs.unwrap_or(f64::INFINITY);
        let secs_of = |edit: &Edit| {
            let secs = |units: u64| units as f64 / self.timescale as f64;
            (secs(edit.end).min(whole) - secs(edit.start)).max(0.0)
        };
        self.stated_secs =
            Some(edits.iter().map(secs_of).sum()).filter(|secs: &f64| secs.is_finite());
        let begins_late = edits
            .first()
            .is_some_and(|edit| edit.start > self.timescale);
        self.edits = Some(edits.into());
        if begins_late {
            self.seek_edit();
        }
    }

    /// Goes to the edit that is to be played. In a file that can't be searched, packets follow as
    /// they lie.
    fn seek_edit(&mut self) {
        let Some(edit) = self.edits.as_ref().and_then(VecDeque::front) else {
            return;
        };
        let Packets::Symphonia(format) = &mut self.packets else {
            return;
        };
        let from = edit.start.saturating_sub(self.timescale / PRE_ROLL_PARTS);
        let to = SeekTo::Timestamp {
            ts: Timestamp::new(i64::try_from(from).unwrap_or(i64::MAX)),
            track_id: self.track_id,
        };
        let _ = format.seek(SeekMode::Accurate, to);
        self.decoder.reset();
    }

    /// The frames of a decoded packet that the edits play, which may be none; `None` after the last
    /// edit.
    fn played(&mut self, packet_start: i64, frames: usize, rate_hz: u32) -> Option<Range<usize>> {
        let Some(edits) = &mut self.edits else {
            return Some(0..frames);
        };
        let start = u64::try_from(packet_start).unwrap_or(0);
        let edit = *edits.front()?;
        if start >= edit.end {
            edits.pop_front();
            self.seek_edit();
            return Some(0..0);
        }
        let frame_of = |units: u64| {
            let frame = u128::from(units.saturating_sub(start)) * u128::from(rate_hz);
            (frame / u128::from(self.timescale)).min(frames as u128) as usize
        };
        Some(frame_of(edit.start)..frame_of(edit.end))
    }

    fn new(
        packets: Packets,
        decoder: Box<dyn AudioDecoder>,
        track_id: u32,
        stated_secs: Option<f64>,
    ) -> Self {
        Self {
            packets,
            decoder,
            track_id,
            chosen: None,
            stated_secs,
            edits: None,
            timescale: 1,
            stated_end: StatedEnd::default(),
            refused_packets: 0,
            last: None,
            waiting: None,
            interleaved: Vec::new(),
        }
    }

    /// The duration that the file's header states. It may be wrong.
    #[must_use]
    pub fn stated_secs(&self) -> Option<f64> {
        self.stated_secs
    }

    /// Decodes the next packet with sound. Damaged packets are silent, and a truncated file ends
    /// where it was cut.
    pub fn next_part(&mut self) -> Option<Part<'_>> {
        loop {
            let packet = self.next_packet()?;
            let (mut start, mut end) = (packet.pts.get(), end_of(&packet));
            let codec = self.decoder.codec_params();
            let missing = self
                .last
                .map_or(0, |last| last.missing_before(&packet, codec));
            if let Some(last) = self.last.filter(|_| missing > 0) {
                self.silence(last, missing);
                (start, end) = (last.end, start);
                self.waiting = Some(packet);
            } else if !self.decode(&packet)? {
                continue;
            }
            let last = self.last.as_mut()?;
            last.end = end;
            let (sample_rate_hz, channels) = (last.sample_rate_hz, last.channels);
            let frames = self.interleaved.len() / channels;
            let played = self.played(start, frames, sample_rate_hz)?;
            if !played.is_empty() {
                return Some(Part {
                    interleaved: &self.interleaved[played.start * channels..played.end * channels],
                    channels,
                    sample_rate_hz,
                });
            }
        }
    }

    /// The next packet of the track; `None` at the end of the file.
    fn next_packet(&mut self) -> Option<Packet> {
        if let Some(packet) = self.waiting.take() {
            return Some(packet);
        }
        loop {
            if let Some(packet) = self.stated_end.next() {
                return Some(packet);
            }
            let packet = match self.packets.next() {
                Ok(Some(packet)) => packet,
                Err(Error::ResetRequired) if self.restart() => continue,
                Ok(None) | Err(_) => return self.stated_end.end(),
            };
            if packet.track_id != self.track_id {
                continue;
            }
            if !self.is_mpeg() {
                return Some(packet);
            }
            if let Some(packet) = self.stated_end.pass(packet) {
                return Some(packet);
            }
        }
    }

    fn is_mpeg(&self) -> bool {
        [CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3].contains(&self.decoder.codec_params().codec)
    }

    /// Decodes a packet into the buffer. False if it has no sound; `None` if nothing more can be
    /// decoded.
    fn decode(&mut self, packet: &Packet) -> Option<bool> {
        match unless_panic(|| self.decoder.decode(packet))? {
            Ok(buffer) => {
                let (sample_rate_hz, channels) =
                    (buffer.spec().rate(), buffer.spec().channels().count());
                if sample_rate_hz == 0 || channels == 0 || buffer.is_empty() {
                    return Some(false);
                }
                self.refused_packets = 0;
                self.interleaved
                    .resize(buffer.samples_interleaved(), f32::MID);
                buffer.copy_to_slice_interleaved(&mut self.interleaved);
                self.last = Some(Decoded {
                    sample_rate_hz,
                    channels,
                    end: 0,
                });
                Some(true)
            }
            Err(_) => {
                self.replace_decoder();
                let Some(last) = self.last else {
                    return Some(false);
                };
                self.silence(last, last.frames_of(packet, self.timescale));
                Some(true)
            }
        }
    }

    /// Fills the buffer with silence of this many frames.
    fn silence(&mut self, like: Decoded, frames: usize) {
        self.interleaved.clear();
        self.interleaved.resize(frames * like.channels, f32::MID);
    }

    /// Replaces a decoder of MPEG audio that has refused many packets.
    fn replace_decoder(&mut self) {
        self.refused_packets += 1;
        if self.is_mpeg() && self.refused_packets > MAX_REFUSED_PACKETS {
            self.refused_packets = 0;
            if let Ok(decoder) = decoder_of(&self.decoder.codec_params().clone()) {
                self.decoder = decoder;
            }
        }
    }

    /// Goes on with the next stream of a chain; false where none is known.
    fn restart(&mut self) -> bool {
        let Packets::Symphonia(format) = &self.packets else {
            return false;
        };
        let Ok((track, decoder)) = track_of(&**format, &[], self.chosen) else {
            return false;
        };
        self.track_id = track.id;
        self.decoder = decoder;
        self.last = None;
        true
    }
}
