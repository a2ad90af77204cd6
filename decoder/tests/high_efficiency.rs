//! HE-AAC, which states half of its sample rate where it is compatible with older decoders: decoded
//! at the whole one, in its true time and with its high sound.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]
#![cfg(feature = "all")]

mod tones;

use tones::{decoded, share};

/// A second of 440 Hz on the left and 660 Hz on the right, with faint noise from 8 to 15 kHz, by
/// `sox synth` and the Fraunhofer FDK AAC encoder: 48 kbit/s, in ADTS.
const ONE: &[u8] = include_bytes!("../../fuzz/seeds/sound_file/aac-he");
/// The same with parametric stereo, 24 kbit/s.
const TWO: &[u8] = include_bytes!("../../fuzz/seeds/sound_file/aac-he-v2");
/// The same in MP4, whose description states both rates.
const TWO_IN_MP4: &[u8] = include_bytes!("../../fuzz/seeds/sound_file/aac-he-v2-m4a");
const RATE_HZ: usize = 44_100;
/// Most delay of the encoder, with the packet that its last samples are in.
const MOST_PADDING: usize = 5 * 2_048;
/// The span of the whole sound, after the delay.
const SOUND: std::ops::Range<usize> = RATE_HZ / 4..RATE_HZ;

/// Share of the energy from `hz` to twice that, by tones 50 Hz apart.
fn share_of_octave(samples: &[f64], hz: usize) -> f64 {
    let tones = (hz..2 * hz).step_by(50);
    // A tone of this length stands for as many hertz as there are stretches of it in a second.
    let width_hz = RATE_HZ as f64 / samples.len() as f64;
    let sum: f64 = tones.map(|hz| share(samples, hz as f64, RATE_HZ)).sum();
    sum * 50.0 / width_hz
}

#[test]
fn it_has_its_length_its_tones_and_its_high_sound() {
    for (name, file) in [("one", ONE), ("two", TWO), ("two in MP4", TWO_IN_MP4)] {
        let channels = decoded(file, RATE_HZ);
        let [left, right] = &channels[..] else {
            panic!("{name}: {} channels", channels.len());
        };
        let padding = left.len().checked_sub(RATE_HZ);
        assert!(
            padding.is_some_and(|padding| padding <= MOST_PADDING),
            "{name}: {}",
            left.len()
        );
        let mixed: Vec<f64> = left.iter().zip(right).map(|(l, r)| l + r).collect();
        for hz in [440.0, 660.0] {
            let share = share(&mixed[SOUND], hz, RATE_HZ);
            assert!((0.4..0.55).contains(&share), "{name}: {share} at {hz} Hz");
        }
        let high = share_of_octave(&mixed[SOUND], 7_500);
        assert!((0.0005..0.01).contains(&high), "{name}: {high}");
    }
}
