//! A file that is decoded part by part.

use std::collections::VecDeque;
use std::io::{Cursor, Seek as _, SeekFrom};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::audio::sample::Sample as _;
use symphonia::core::codecs::audio::AudioDecoder;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, SeekMode, SeekTo, Track};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use crate::boxes::{length_before_cut, movie_box};
use crate::edit_list::{Edit, edit_lists};
use crate::elementary::{Elementary, elementary};
use crate::free_format::FreeFormat;
use crate::headers::layout;
use crate::plain::{CutOff, Layout, PlainFile, Tail};
use crate::refusal::Refusal;
use crate::tracks::{SoundTrack, decoder_of, of_movie, track_of};

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
    /// Packets in a row that lie wholly beyond the stated end.
    packets_beyond: usize,
    /// Packets in a row that the decoder refuses.
    refused_packets: usize,
    interleaved: Vec<f32>,
}

/// Encoders of MP3 pad a file by up to this number of packets. Where more follow, several files
/// were joined, of which the first states its own length.
const MAX_PADDING_PACKETS: usize = 4;
/// Pre-roll before an edit: `1 / PRE_ROLL_PARTS` s. That is longer than the overlap of frames of
/// AAC and than the 80 ms of Opus (RFC 7845, 4.6).
const PRE_ROLL_PARTS: u64 = 10;
/// Refused packets in a row after which a new decoder is made: a decoder of MPEG audio accepts one
/// sample rate, and most damage is shorter.
const MAX_REFUSED_PACKETS: usize = 4;

enum Packets {
    Plain(PlainFile),
    FreeFormat(FreeFormat),
    Symphonia(Box<dyn FormatReader>),
}

impl SoundFile {
    /// Opens the default track of a file, or the first one that can be decoded. The extension of
    /// the file's name helps where the first bytes don't tell the format.
    ///
    /// # Errors
    ///
    /// When no reader or no decoder knows the format. A file that can't be read counts as one of an
    /// unknown format.
    pub fn open(source: Box<dyn MediaSource>, extension: Option<&str>) -> Result<Self, Refusal> {
        Self::open_track(source, extension, None)
    }

    /// Opens a file as [`open`](Self::open) does, or the track with this number. The sound tracks
    /// of a file are counted from 1, in its order.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open), and when there is no such track.
    pub fn open_track(
        mut source: Box<dyn MediaSource>,
        extension: Option<&str>,
        chosen: Option<usize>,
    ) -> Result<Self, Refusal> {
        if let Some(Elementary { bytes, extension }) = elementary(&mut source) {
            if chosen.is_some_and(|number| number != 1) {
                return Err(Refusal::NoTrack(1));
            }
            return Self::open_sound(Box::new(Cursor::new(bytes)), Some(extension), None);
        }
        #[cfg(feature = "all")]
        if let Some(name) = crate::foreign::name_of(&mut source) {
            return Err(Refusal::Foreign(name));
        }
        Self::open_sound(source, extension, chosen)
    }

    fn open_sound(
        mut source: Box<dyn MediaSource>,
        extension: Option<&str>,
        chosen: Option<usize>,
    ) -> Result<Self, Refusal> {
        let at_start = |source: &mut Box<dyn MediaSource>| {
            let start = source.seek(SeekFrom::Start(0));
            start.map_err(|_| Refusal::UnknownFormat)
        };
        at_start(&mut source)?;
        let found = layout(&mut source);
        at_start(&mut source)?;
        if found.is_some() && chosen.is_some_and(|number| number != 1) {
            return Err(Refusal::NoTrack(1));
        }
        match found {
            Some(Layout::Pcm(pcm)) => {
                let decoder = decoder_of(&pcm.parameters)?;
                let stated_secs = pcm.stated_secs();
                let file = PlainFile::new(stream_of(source), pcm);
                let file = file.map_err(|_| Refusal::UnknownFormat)?;
                Ok(Self::new(Packets::Plain(file), decoder, 0, stated_secs))
            }
            Some(Layout::Mpeg { start }) => {
                let tail = Tail::new(source, start).map_err(|_| Refusal::UnknownFormat)?;
                let mut tail = Box::new(tail) as Box<dyn MediaSource>;
                if FreeFormat::begins(&mut tail) {
                    return Self::open_free_format(tail);
                }
                at_start(&mut tail)?;
                Self::open_with_symphonia(stream_of(tail), Some("mp3"), &[], None)
            }
            Some(Layout::Foreign) => Err(Refusal::UnknownCodec),
            None if FreeFormat::begins(&mut source) => Self::open_free_format(source),
            None => {
                let movie = movie_box(&mut source).ok().flatten();
                let tracks = match &movie {
                    Some(movie) => of_movie(movie),
                    #[cfg(feature = "all")]
                    None => crate::matroska::sound_tracks(&mut source),
                    #[cfg(not(feature = "all"))]
                    None => Vec::new(),
                };
                if movie.is_some()
                    && let Ok(Some(length)) = length_before_cut(&mut source)
                {
                    source = Box::new(CutOff { source, length });
                }
                at_start(&mut source)?;
                let mut file =
                    Self::open_with_symphonia(stream_of(source), extension, &tracks, chosen)?;
                file.play(movie.map_or_else(Vec::new, |movie| edit_lists(&movie)));
                Ok(file)
            }
        }
    }

    fn open_free_format(source: Box<dyn MediaSource>) -> Result<Self, Refusal> {
        let file = FreeFormat::open(source).ok_or(Refusal::UnknownFormat)?;
        let parameters = file.parameters().ok_or(Refusal::UnknownFormat)?;
        let (decoder, stated_secs) = (decoder_of(&parameters)?, file.stated_secs());
        Ok(Self::new(
            Packets::FreeFormat(file),
            decoder,
            0,
            stated_secs,
        ))
    }

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

    fn open_with_symphonia(
        stream: MediaSourceStream<'static>,
        extension: Option<&str>,
        listed: &[SoundTrack],
        chosen: Option<usize>,
    ) -> Result<Self, Refusal> {
        let mut hint = Hint::new();
        if let Some(extension) = extension {
            hint.with_extension(extension);
        }
        let (options, metadata) = (FormatOptions::default(), MetadataOptions::default());
        let probe = symphonia::default::get_probe();
        let format = unless_panic(|| probe.probe(&hint, stream, options, metadata))
            .and_then(Result::ok)
            .ok_or(Refusal::UnknownFormat)?;
        let (track, decoder) = track_of(&*format, listed, chosen)?;
        let (track_id, stated_secs) = (track.id, stated_secs(track));
        let timescale = track
            .time_base
            .map_or(1, |base| u64::from(base.denom.get()));
        let mut file = Self::new(Packets::Symphonia(format), decoder, track_id, stated_secs);
        file.timescale = timescale;
        file.chosen = chosen;
        Ok(file)
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
            packets_beyond: 0,
            refused_packets: 0,
            interleaved: Vec::new(),
        }
    }

    /// The duration that the file's header states. It may be wrong.
    #[must_use]
    pub fn stated_secs(&self) -> Option<f64> {
        self.stated_secs
    }

    /// Decodes the next packet with sound. Damaged packets are skipped, as in players, and a
    /// truncated file ends where it was cut.
    pub fn next_part(&mut self) -> Option<Part<'_>> {
        loop {
            let mut packet = match self.packets.next() {
                Ok(Some(packet)) => packet,
                Err(Error::ResetRequired) if self.restart() => continue,
                Ok(None) | Err(_) => return None,
            };
            if packet.track_id != self.track_id {
                continue;
            }
            if packet.trim_end > Duration::ZERO && packet.trim_end >= packet.dur {
                self.packets_beyond += 1;
                if self.packets_beyond > MAX_PADDING_PACKETS {
                    packet.trim_end = Duration::ZERO;
                }
            }
            match unless_panic(|| self.decoder.decode(&packet))? {
                Ok(buffer) => {
                    let (sample_rate_hz, channels) =
                        (buffer.spec().rate(), buffer.spec().channels().count());
                    if sample_rate_hz == 0 || channels == 0 || buffer.is_empty() {
                        continue;
                    }
                    self.refused_packets = 0;
                    self.interleaved
                        .resize(buffer.samples_interleaved(), f32::MID);
                    buffer.copy_to_slice_interleaved(&mut self.interleaved);
                    let frames = self.interleaved.len() / channels;
                    let played = self.played(packet.pts.get(), frames, sample_rate_hz)?;
                    if played.is_empty() {
                        continue;
                    }
                    return Some(Part {
                        interleaved: &self.interleaved
                            [played.start * channels..played.end * channels],
                        channels,
                        sample_rate_hz,
                    });
                }
                Err(Error::DecodeError(_) | Error::IoError(_)) => self.replace_decoder(),
                Err(_) => return None,
            }
        }
    }

    /// Replaces a decoder of MPEG audio that has refused many packets.
    fn replace_decoder(&mut self) {
        let parameters = self.decoder.codec_params();
        let is_mpeg = [CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3].contains(&parameters.codec);
        self.refused_packets += 1;
        if is_mpeg && self.refused_packets > MAX_REFUSED_PACKETS {
            self.refused_packets = 0;
            if let Ok(decoder) = decoder_of(&parameters.clone()) {
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
        true
    }
}

impl Packets {
    fn next(&mut self) -> Result<Option<Packet>, Error> {
        match self {
            Self::Plain(file) => file.next_packet(),
            Self::FreeFormat(file) => file.next_packet(),
            Self::Symphonia(format) => unless_panic(|| format.next_packet()).unwrap_or(Ok(None)),
        }
    }
}

/// Runs code of Symphonia, which panics on some damaged files: on places in an MP4 file that are
/// 2^63 bytes apart, for instance. The file ends there.
fn unless_panic<T>(run: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run)).ok()
}

fn stream_of(source: Box<dyn MediaSource>) -> MediaSourceStream<'static> {
    MediaSourceStream::new(source, Default::default())
}

fn stated_secs(track: &Track) -> Option<f64> {
    let end = Timestamp::new(i64::try_from(track.duration?.get()).ok()?);
    Some(track.time_base?.calc_time(end)?.as_secs_f64())
}
