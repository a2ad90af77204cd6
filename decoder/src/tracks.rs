//! Which of a file's sound tracks is decoded, and its decoder.
//!
//! Symphonia doesn't read the flag of the default track in MP4 files, and takes the one of Matroska
//! files for absent where it isn't written. Such files are listed here.

use std::sync::OnceLock;

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatReader, Track, TrackFlags};

use crate::boxes::{VERSION_BYTES, boxes, inside, track_id, u32_at};
use crate::codecs;
use crate::refusal::Refusal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoundTrack {
    /// Its identifier in the file, which Symphonia uses, too.
    pub id: u32,
    pub is_default: bool,
    /// The name of its codec, if it can't be decoded here.
    pub foreign: Option<&'static str>,
}

/// The sound tracks of an MP4 file. `movie` is the content of the box `moov`. Programs enable the
/// tracks that are to be played (ISO/IEC 14496-12, 8.3.2).
pub fn of_movie(movie: &[u8]) -> Vec<SoundTrack> {
    let tracks = boxes(movie).filter(|(name, _)| *name == b"trak");
    let sound = tracks.filter_map(|(_, track)| {
        let kind = inside(track, &[b"mdia", b"hdlr"])?.get(8..12)?;
        let header = inside(track, &[b"tkhd"])?;
        (kind == b"soun").then_some(SoundTrack {
            id: track_id(header)?,
            is_default: u32_at(header, 0)? & 1 == 1,
            foreign: codec_of(track).and_then(codecs::name_of),
        })
    });
    sound.collect()
}

/// The type of the first sample entry of a track (ISO/IEC 14496-12, 8.5.2).
fn codec_of(track: &[u8]) -> Option<&[u8]> {
    const TYPE_AT: usize = VERSION_BYTES + 8;
    let entries = inside(track, &[b"mdia", b"minf", b"stbl", b"stsd"])?;
    entries.get(TYPE_AT..TYPE_AT + 4)
}

/// The chosen track and its decoder, or the default one, or the first that can be decoded. Without
/// a list of the sound tracks, Symphonia's is used.
pub fn track_of<'file>(
    format: &'file dyn FormatReader,
    listed: &[SoundTrack],
    chosen: Option<usize>,
) -> Result<(&'file Track, Box<dyn AudioDecoder>), Refusal> {
    let known = |track: &Track| {
        parameters_of(track).map(|_| SoundTrack {
            id: track.id,
            is_default: track.flags.contains(TrackFlags::DEFAULT),
            foreign: None,
        })
    };
    let mut candidates = match listed {
        [] => format.tracks().iter().filter_map(known).collect(),
        listed => listed.to_vec(),
    };
    if candidates.is_empty() {
        return Err(Refusal::NoSound);
    }
    if let Some(number) = chosen {
        let found = number
            .checked_sub(1)
            .and_then(|index| candidates.get(index));
        let found = *found.ok_or(Refusal::NoTrack(candidates.len()))?;
        candidates = vec![found];
    }
    candidates.sort_by_key(|track| !track.is_default);
    let decodable = candidates.iter().find_map(|candidate| {
        let track = format
            .tracks()
            .iter()
            .find(|track| track.id == candidate.id)?;
        Some((track, decoder_of(parameters_of(track)?).ok()?))
    });
    decodable.ok_or_else(|| {
        let name = candidates.iter().find_map(|candidate| candidate.foreign);
        name.map_or(Refusal::UnknownCodec, Refusal::ForeignSound)
    })
}

fn parameters_of(track: &Track) -> Option<&AudioCodecParameters> {
    track.codec_params.as_ref()?.audio()
}

/// Most samples that a packet may state. Decoders reserve memory for as many, and real packets have
/// at most some ten thousand in a channel.
const MAX_PACKET_SAMPLES: u64 = 1 << 24;

/// A decoder for a codec.
pub fn decoder_of(parameters: &AudioCodecParameters) -> Result<Box<dyn AudioDecoder>, Refusal> {
    static CODECS: OnceLock<CodecRegistry> = OnceLock::new();
    let channels = parameters.channels.as_ref().map_or(1, Channels::count) as u64;
    let frames = parameters.max_frames_per_packet.unwrap_or(0);
    if frames.saturating_mul(channels) > MAX_PACKET_SAMPLES {
        return Err(Refusal::UnknownCodec);
    }
    let codecs = CODECS.get_or_init(|| {
        let mut codecs = CodecRegistry::new();
        symphonia::default::register_enabled_codecs(&mut codecs);
        #[cfg(feature = "all")]
        codecs.register_audio_decoder::<crate::decoders::OpusDecoder>();
        codecs
    });
    #[cfg(feature = "all")]
    if let Ok(decoder) = crate::decoders::AacDecoder::try_new(parameters)
        && decoder.may_be_high_efficiency()
    {
        return Ok(Box::new(decoder));
    }
    let made = codecs.make_audio_decoder(parameters, &AudioDecoderOptions::default());
    #[cfg(feature = "all")]
    let made = made.or_else(|_| Ok(Box::new(crate::decoders::AacDecoder::try_new(parameters)?)));
    made.map_err(|_: Error| Refusal::UnknownCodec)
}
