//! Codecs in MP4 and Matroska files that can't be decoded here. `pkg/decode/foreign/codecs.js` has
//! the same.

/// Beginnings of a codec's types in MP4 files (<https://mp4ra.org>) and of its identifiers in
/// Matroska files (<https://www.matroska.org/technical/codec_specs.html>), and its name.
const CODECS: [(&[&str], &str); 7] = [
    (&["ac-3", "A_AC3"], "Dolby Digital (AC-3)"),
    (&["ec-3", "A_EAC3"], "Dolby Digital Plus (E-AC-3)"),
    (&["ac-4", "A_AC4"], "Dolby AC-4"),
    (&["mlpa", "A_TRUEHD", "A_MLP"], "Dolby TrueHD"),
    (&["dts", "A_DTS"], "DTS"),
    (&["samr", "sawb", "A_AMR"], "AMR, a codec for voices"),
    (&["A_WAVPACK4"], "WavPack"),
];

/// The name of a codec, if it can't be decoded here.
pub fn name_of(codec: &[u8]) -> Option<&'static str> {
    let begins = |beginning: &&str| codec.starts_with(beginning.as_bytes());
    let found = CODECS.iter().find(|(known, _)| known.iter().any(begins));
    found.map(|(_, name)| *name)
}
