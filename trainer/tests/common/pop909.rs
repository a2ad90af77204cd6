//! A small corpus in the form of POP909.

use std::fs;
use std::path::{Path, PathBuf};

use super::soundfont::named_midi;

/// Songs of these numbers, of 35 s each, in a folder `POP909`.
pub fn songs(folder: &Path, numbers: &[u32]) -> PathBuf {
    const NOTES: u32 = 70;
    let songs = folder.join("POP909");
    for number in numbers {
        let name = format!("{number:03}");
        let song = songs.join(&name);
        fs::create_dir_all(&song).unwrap();
        let melody: Vec<u8> = (0..NOTES)
            .map(|step| (57 + number % 7 + step * step % (5 + number % 4)) as u8)
            .collect();
        let piano: Vec<u8> = melody.iter().map(|key| key - 12).collect();
        let midi = named_midi(&[("MELODY", &melody), ("PIANO", &piano)]);
        fs::write(song.join(format!("{name}.mid")), midi).unwrap();
        let beats = (0..=NOTES).map(|beat| format!("{} 1.0 0.0\n", f64::from(beat) / 2.0));
        fs::write(song.join("beat_midi.txt"), beats.collect::<String>()).unwrap();
        let chords = "0.0\t2.0\tN\n2.0\t10.0\tC:maj\n10.0\t35.0\tA:min7\n";
        fs::write(song.join("chord_midi.txt"), chords).unwrap();
        fs::write(song.join("key_audio.txt"), "0.5\t34.5\tA:min\n").unwrap();
    }
    songs
}
