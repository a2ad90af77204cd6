//! How a file is opened: by a reader of ours, or by one of Symphonia's.

use std::io::{Cursor, Seek as _, SeekFrom};

use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, Track};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::units::Timestamp;

use super::SoundFile;
use super::packets::{Packets, unless_panic};
use crate::boxes::{length_before_cut, movie_box};
use crate::edit_list::edit_lists;
use crate::elementary::{Elementary, elementary};
use crate::free_format::FreeFormat;
use crate::headers::layout;
use crate::plain::{CutOff, Layout, PlainFile, Tail};
use crate::refusal::Refusal;
use crate::tracks::{SoundTrack, decoder_of, of_movie, track_of};

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
}

fn stream_of(source: Box<dyn MediaSource>) -> MediaSourceStream<'static> {
    MediaSourceStream::new(source, Default::default())
}

fn stated_secs(track: &Track) -> Option<f64> {
    let end = Timestamp::new(i64::try_from(track.duration?.get()).ok()?);
    Some(track.time_base?.calc_time(end)?.as_secs_f64())
}
