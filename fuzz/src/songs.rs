//! Stored data: reports and analysed songs.

use sha2::{Digest as _, Sha256};
use soundalike::{Report, Song};

use crate::engine;

/// Reads `data` as a report in JSON.
pub fn report(data: &[u8]) {
    let Ok(report) = serde_json::from_slice::<Report>(data) else {
        return;
    };
    let json = serde_json::to_string(&report).unwrap();
    let again: Report = serde_json::from_str(&json).unwrap();
    assert_eq!(again.verdict, report.verdict);
    assert_eq!(again.left.name, report.left.name);
    assert_eq!(again.matrix.scores.len(), report.matrix.scores.len());
}

/// Reads `data` as a song's bytes. Its first byte chooses: as they are; with a valid checksum; or
/// as changes to a real song's bytes, four bytes each (place, place, place, value), with a valid
/// checksum. A checksum detects damage, not intent.
pub fn song_bytes(data: &[u8]) {
    let Some((mode, data)) = data.split_first() else {
        return;
    };
    let model = engine::checker().model();
    let bytes = match mode % 3 {
        0 => data.to_vec(),
        1 => sealed(data.to_vec()),
        _ => {
            let mut content = engine::chirp().to_bytes(model);
            content.truncate(content.len() - 32);
            for change in data.chunks_exact(4) {
                let place = u32::from_le_bytes([change[0], change[1], change[2], 0]) as usize
                    % content.len();
                content[place] = change[3];
            }
            sealed(content)
        }
    };
    let Some(song) = Song::from_bytes(&bytes, "song", model) else {
        return;
    };
    let again = Song::from_bytes(&song.to_bytes(model), "song", model)
        .expect("the bytes of a song are a song");
    let (checker, chirp) = (engine::checker(), engine::chirp());
    let report = engine::compare(checker, &song, chirp);
    assert_eq!(report, checker.compare(&again, chirp, |_, _| ()));
}

fn sealed(mut content: Vec<u8>) -> Vec<u8> {
    let checksum = Sha256::digest(&content);
    content.extend(checksum);
    content
}
