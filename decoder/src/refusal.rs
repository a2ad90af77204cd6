//! Why a file can't be decoded.

/// Why a file can't be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No reader knows its first bytes.
    #[error("it isn't an audio format known here")]
    UnknownFormat,
    /// A container without a track of sound.
    #[error("it has no audio track")]
    NoSound,
    /// Its container is known, its codec isn't.
    #[error("its codec isn't known here")]
    UnknownCodec,
    /// The chosen track is none of so many.
    #[error("it has no such track: its sound tracks have the numbers 1 to {0}")]
    NoTrack(usize),
    /// Its format is known and can't be decoded.
    #[error("it is {0}; save or convert it as MP3, WAV or FLAC")]
    Foreign(&'static str),
    /// Its container is known, and no track of it has a codec that is.
    #[error(
        "its sound is {0}, which can't be decoded here; save or convert it as MP3, WAV or FLAC"
    )]
    ForeignSound(&'static str),
}
