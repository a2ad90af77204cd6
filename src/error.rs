//! The errors of the engine, each with a stable code for programs.

/// An error of the engine. Its [`code`](Error::code) is stable; its sentence is for people.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There are no samples or no channels.
    #[error("there is no audio in {name}: it has {what}")]
    NoAudio {
        /// The song.
        name: String,
        /// What is missing, for example "no samples".
        what: &'static str,
    },
    /// The samples can't be audio.
    #[error("{name} can't be read as audio: {reason}")]
    DecodeFailed {
        /// The song.
        name: String,
        /// The cause.
        reason: String,
    },
    /// The song is shorter than one segment.
    #[error(
        "{name} lasts {actual_secs:.1} s; at least {min_secs:.0} s are needed to recognise music"
    )]
    TooShort {
        /// The song.
        name: String,
        /// Its duration.
        actual_secs: f64,
        /// Duration of the shortest song.
        min_secs: f64,
    },
    /// The song is longer than the engine accepts.
    #[error("{name} lasts {:.0} minutes; at most {:.0} minutes can be checked", actual_secs / 60.0, max_secs / 60.0)]
    TooLong {
        /// The song.
        name: String,
        /// Its duration.
        actual_secs: f64,
        /// Duration of the longest song.
        max_secs: f64,
    },
    /// Most of every segment of the song is silent.
    #[error("{name} is mostly silence: there is nothing to compare")]
    Silent {
        /// The song.
        name: String,
    },
    /// The weights file is truncated, damaged or not made for this engine.
    #[error("these weights can't be used: {0}")]
    WeightsInvalid(String),
    /// The backend is missing, fails or computes wrong values. The caller can try another one.
    #[error("the {} backend can't be used: {reason}", backend.unwrap_or("chosen"))]
    BackendUnavailable {
        /// Its name in the API. `None` where the caller's choice isn't known, or is no backend.
        backend: Option<&'static str>,
        /// The cause.
        reason: String,
    },
}

impl Error {
    /// The code of the variant, in kebab-case. It never changes.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoAudio { .. } => "no-audio",
            Self::DecodeFailed { .. } => "decode-failed",
            Self::TooShort { .. } => "too-short",
            Self::TooLong { .. } => "too-long",
            Self::Silent { .. } => "silent",
            Self::WeightsInvalid(_) => "weights-invalid",
            Self::BackendUnavailable { .. } => "backend-unavailable",
        }
    }
}

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;
