//! An analysed song as bytes, to be kept and compared later without its audio.
//!
//! The bytes are a header, the song, and the SHA-256 of both, the first two in
//! [postcard](https://docs.rs/postcard)'s encoding. The header says which layout, numerics and
//! weights made them; only the same three can read them. The release isn't among them: a kept song
//! outlives releases that analyse audio in the same way.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::recording::encoder::model::Model;
use crate::song::Song;

/// Length of the checksum at the end.
const CHECKSUM_BYTES: usize = 32;

/// Identifies the layout, numerics and weights; bytes with another header are refused.
#[derive(PartialEq, Serialize, Deserialize)]
struct Header<'a> {
    layout: u32,
    numerics: u32,
    weights_sha256: &'a str,
}

impl<'a> Header<'a> {
    fn of(model: &'a Model) -> Self {
        Self {
            layout: Song::LAYOUT,
            numerics: Song::NUMERICS,
            weights_sha256: model.sha256(),
        }
    }
}

impl Song {
    /// Version of the layout of kept songs. It changes with the fields of a song or of an analysis.
    pub const LAYOUT: u32 = 6;

    /// Version of the numbers in kept songs. It changes when the same audio and weights give
    /// another analysis: other features, peaks, blank segments, rounding. `tests/identical.rs`
    /// notices that.
    pub const NUMERICS: u32 = 1;

    /// The song as bytes, without its name: about 1.5 kB for each second. `model` is the one that
    /// it was analysed with.
    ///
    /// # Panics
    ///
    /// Never: postcard can encode every song.
    #[must_use]
    pub fn to_bytes(&self, model: &Model) -> Vec<u8> {
        // Postcard fails on sequences of unknown length and on custom serialisers; a song has
        // neither.
        #[expect(clippy::expect_used, reason = "see above")]
        let mut bytes = postcard::to_allocvec(&(Header::of(model), self)).expect("plain data");
        bytes.extend(Sha256::digest(&bytes));
        bytes
    }

    /// The song from the bytes of [`to_bytes`](Self::to_bytes), under its present name. `None` if
    /// they are damaged, or come from other weights or from a release that analyses audio
    /// otherwise: then the song must be analysed again.
    #[must_use]
    pub fn from_bytes(bytes: &[u8], name: &str, model: &Model) -> Option<Self> {
        let (content, checksum) = bytes.split_last_chunk::<CHECKSUM_BYTES>()?;
        if Sha256::digest(content).as_slice() != checksum {
            return None;
        }
        let (header, song) = postcard::take_from_bytes::<Header<'_>>(content).ok()?;
        if header != Header::of(model) {
            return None;
        }
        let song = Self {
            name: name.to_owned(),
            ..postcard::from_bytes(song).ok()?
        };
        let is_consistent = song.recording.is_consistent(model)
            && song
                .composition
                .is_consistent(&model.info().features, song.duration_secs());
        is_consistent.then_some(song)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::waveform::Waveform;
    use crate::checker::Checker;
    use crate::recording::encoder::model::SHIPPED_WEIGHTS;
    use crate::recording::refinement::whitened::Preset;

    fn checker() -> Checker {
        Checker::new(Model::on_cpu(SHIPPED_WEIGHTS).unwrap(), "cpu")
    }

    async fn chirp(checker: &Checker) -> Song {
        let samples = (0..6 * 22_050)
            .map(|n| (n as f32 * 0.05 * (1.0 + n as f32 * 1e-5)).sin())
            .collect();
        let waveform = Waveform::new("chirp", samples, 22_050).unwrap();
        checker.analyse("chirp", waveform, |_, _| ()).await.unwrap()
    }

    #[test]
    fn a_song_from_bytes_gives_the_same_report() {
        pollster::block_on(async {
            let checker = checker();
            let song = chirp(&checker).await;
            let bytes = song.to_bytes(checker.model());
            let again = Song::from_bytes(&bytes, "chirp", checker.model()).unwrap();
            assert_eq!(again.recording.embeddings, song.recording.embeddings);
            assert_eq!(
                checker.compare(&song, &song, |_, _| ()),
                checker.compare(&again, &song, |_, _| ())
            );
            let renamed = Song::from_bytes(&bytes, "other name", checker.model()).unwrap();
            assert_eq!(renamed.name(), "other name");
        });
    }

    #[test]
    fn damaged_bytes_are_no_song() {
        pollster::block_on(async {
            let checker = checker();
            let bytes = chirp(&checker).await.to_bytes(checker.model());
            for at in [0, 3, 40, bytes.len() / 2, bytes.len() - 40, bytes.len() - 1] {
                let mut damaged = bytes.clone();
                damaged[at] ^= 0x10;
                assert!(
                    Song::from_bytes(&damaged, "chirp", checker.model()).is_none(),
                    "byte {at}"
                );
            }
            for length in [0, 1, 31, 32, 100, bytes.len() - 1] {
                assert!(
                    Song::from_bytes(&bytes[..length], "chirp", checker.model()).is_none(),
                    "{length} bytes"
                );
            }
        });
    }

    #[test]
    fn bytes_of_other_weights_layouts_or_sizes_are_no_song() {
        pollster::block_on(async {
            let checker = checker();
            let model = checker.model();
            let song = chirp(&checker).await;
            let sealed = |header: Header<'_>, song: &Song| {
                let mut bytes = postcard::to_allocvec(&(header, song)).unwrap();
                bytes.extend(Sha256::digest(&bytes));
                bytes
            };
            let is_song = |bytes: &[u8]| Song::from_bytes(bytes, "chirp", model).is_some();
            assert!(is_song(&sealed(Header::of(model), &song)));
            let other_layout = Header {
                layout: Song::LAYOUT + 1,
                ..Header::of(model)
            };
            let other_numerics = Header {
                numerics: Song::NUMERICS + 1,
                ..Header::of(model)
            };
            let other_weights = Header {
                weights_sha256: "0123",
                ..Header::of(model)
            };
            for header in [other_layout, other_numerics, other_weights] {
                assert!(!is_song(&sealed(header, &song)));
            }
            let changes: [fn(&mut Song); 15] = [
                |song| song.recording.duration_secs = f64::NAN,
                |song| song.recording.segments.count = 0,
                |song| song.recording.segments.hop_secs = 0.0,
                |song| song.recording.segments.silent.truncate(1),
                |song| song.recording.segments.blank.truncate(1),
                |song| song.recording.embeddings.values.truncate(7),
                |song| song.recording.embeddings.values[7] = f32::NAN,
                |song| song.recording.embeddings.values[7] = 1e30,
                |song| song.recording.whitened.column_secs = 0.0,
                |song| song.recording.whitened.preset = Preset::Clip,
                |song| song.recording.whitened_clip = None,
                |song| song.recording.whitened_clip = Some(song.recording.whitened.clone()),
                |song| song.composition.channels.frame_secs = 0.0,
                |song| song.composition.channels.melody.truncate(12),
                |song| song.composition.channels.harmony.clear(),
            ];
            for (index, change) in changes.into_iter().enumerate() {
                let mut changed = song.clone();
                change(&mut changed);
                assert!(
                    !is_song(&sealed(Header::of(model), &changed)),
                    "change {index}"
                );
            }
        });
    }
}
