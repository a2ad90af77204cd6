//! What can go wrong, each with a stable code that pages switch on.

/// The errors of the engine. [`code`](Error::code) is stable; the sentence is for people.
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
        /// Why not.
        reason: String,
    },
    /// Shorter than one segment.
    #[error(
        "{name} lasts {actual_secs:.1} s; at least {min_secs:.0} s are needed to recognise music"
    )]
    TooShort {
        /// The song.
        name: String,
        /// Its length.
        actual_secs: f64,
        /// The least length.
        min_secs: f64,
    },
    /// Longer than the engine holds in memory.
    #[error("{name} lasts {:.0} minutes; at most {:.0} minutes can be checked", actual_secs / 60.0, max_secs / 60.0)]
    TooLong {
        /// The song.
        name: String,
        /// Its length.
        actual_secs: f64,
        /// The greatest length.
        max_secs: f64,
    },
    /// Nothing but silence.
    #[error("{name} is silent: there is nothing to compare")]
    Silent {
        /// The song.
        name: String,
    },
    /// The weights are not whole, not ours, or not for this engine.
    #[error("these weights can't be used: {0}")]
    WeightsInvalid(String),
    /// The backend is missing, fails or computes wrong values. The caller can try another one.
    #[error("the {} backend can't be used: {reason}", backend.unwrap_or("chosen"))]
    BackendUnavailable {
        /// Its name in the API. `None` where the caller's choice isn't known, or is no backend.
        backend: Option<&'static str>,
        /// Why not.
        reason: String,
    },
}

impl Error {
    /// The code that callers switch on, in kebab-case; never changes for a variant.
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

/// The result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;
