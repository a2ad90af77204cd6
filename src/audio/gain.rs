//! The gain of very quiet songs.

/// Peak below which a song is quiet: -34 dB. All stages are made for louder songs, with their
/// absolute thresholds of silence.
const QUIET_PEAK: f32 = 0.02;
/// Peak below which there is no song: -83 dB. Just above dither of 16 bits, two steps either way.
const SILENT_PEAK: f32 = 7e-5;
/// Peak of a quiet song with its gain: that of common recordings.
const USUAL_PEAK: f32 = 0.5;

/// Amplifies a quiet song to a usual level. Others stay as they are.
pub fn amplify_if_quiet(samples: &mut [f32]) {
    let peak = samples
        .iter()
        .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    if (SILENT_PEAK..QUIET_PEAK).contains(&peak) {
        let gain = USUAL_PEAK / peak;
        for sample in samples {
            *sample *= gain;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peak_after(peak: f32) -> f32 {
        let mut samples = [0.0, 0.3 * peak, -peak, 0.0];
        amplify_if_quiet(&mut samples);
        assert!((samples[1] + 0.3 * samples[2]).abs() < 1e-6, "{samples:?}");
        -samples[2]
    }

    #[test]
    fn only_quiet_songs_are_amplified() {
        assert_eq!((peak_after(0.021), peak_after(1.0)), (0.021, 1.0));
        assert!((peak_after(0.019) - 0.5).abs() < 1e-6);
        assert!(
            (peak_after(1e-4) - 0.5).abs() < 1e-6,
            "80 dB below full scale"
        );
        assert_eq!(peak_after(6e-5), 6e-5, "dither of 16 bits");
        assert_eq!(peak_after(0.0), 0.0);
    }
}
