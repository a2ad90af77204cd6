//! An exact alignment of a stretch of one song with a stretch of another.

use crate::geometry::time_map::TimeMap;

/// A passage that ends less than this before the end of a song is extended to it, in seconds: the
/// last segment starts up to a hop before, and music fades out.
pub const COMPLETED_SECS: f64 = 1.0;
/// Greatest error of an end by which a measured speed may differ from 1, in seconds: 0.8 columns of
/// the whitened spectrogram. Of 94 exact parts of edited validation songs, the ends of all but the
/// ones that cross a cut were within it.
const SPEED_ERROR_AT_ENDS_SECS: f64 = 0.075;
/// Greatest error of a pitch that is the original one, in semitones.
const PITCH_ERROR_SEMITONES: f64 = 0.1;

/// A stretch of the left song, and the stretch of the right song that it is aligned with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alignment {
    /// Start and end in the left song, in seconds.
    pub left_secs: (f64, f64),
    /// Map from seconds of the left song to seconds of the right one. It falls where the right
    /// song plays backwards.
    pub map: TimeMap,
    /// Transposition of the right song against the left one, in semitones.
    pub semitones: f64,
    /// Correlation coefficient of the two whitened spectrograms along the map.
    pub correlation: f64,
}

impl Alignment {
    /// Start and end in the right song, in seconds.
    #[must_use]
    pub fn right_secs(&self) -> (f64, f64) {
        self.map.span(self.left_secs)
    }

    /// Whether the right song plays backwards.
    #[must_use]
    pub fn is_backwards(&self) -> bool {
        self.map.slope < 0.0
    }

    /// Length in the left song, in seconds.
    #[must_use]
    pub fn secs(&self) -> f64 {
        self.left_secs.1 - self.left_secs.0
    }

    /// The alignment at the original speed, if the measured one can't be told apart from it. Few
    /// copies at the original pitch have another speed, and none of those that were only cut.
    #[must_use]
    pub fn at_original_speed(mut self) -> Self {
        let off_secs = (self.map.slope - 1.0).abs() * self.secs() / 2.0;
        if off_secs <= SPEED_ERROR_AT_ENDS_SECS && self.semitones.abs() <= PITCH_ERROR_SEMITONES {
            let middle = (self.left_secs.0 + self.left_secs.1) / 2.0;
            self.map = TimeMap {
                slope: 1.0,
                ..self.map.anchored_at(middle)
            };
        }
        self
    }

    /// The alignment cut off at the ends of two songs of these lengths. Where an end of it lies
    /// less than `completed_secs` before the end of a song, it is extended to there.
    #[must_use]
    pub fn within(mut self, left_secs: f64, right_secs: f64, completed_secs: f64) -> Self {
        let slope = self.map.slope;
        let right = self.right_secs();
        // Seconds of the left song from the alignment's ends to the nearer end of a song; negative
        // beyond it.
        let before = self.left_secs.0.min(right.0 / slope);
        let after = (left_secs - self.left_secs.1).min((right_secs - right.1) / slope);
        if before < completed_secs {
            self.left_secs.0 -= before;
        }
        if after < completed_secs {
            self.left_secs.1 += after;
        }
        self
    }
}

/// The alignment inside of songs of these lengths, and to their ends where it nearly reaches them;
/// at the original speed if the measured one can't be told apart from it.
#[must_use]
pub fn completed(alignment: Alignment, [left_secs, right_secs]: [f64; 2]) -> Alignment {
    alignment
        .at_original_speed()
        .within(left_secs, right_secs, COMPLETED_SECS)
}

/// An alignment of the first `secs` of two songs.
#[cfg(test)]
pub(crate) fn test_alignment(secs: f64, correlation: f64) -> Alignment {
    Alignment {
        left_secs: (0.0, secs),
        map: TimeMap::fitted_to((0.0, secs), (0.0, secs)),
        semitones: 0.0,
        correlation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alignment(left_secs: (f64, f64), right_secs: (f64, f64)) -> Alignment {
        Alignment {
            left_secs,
            map: TimeMap::fitted_to(left_secs, right_secs),
            semitones: 0.0,
            correlation: 0.0,
        }
    }

    #[test]
    fn ends_stay_inside_of_both_songs_and_reach_near_ones() {
        let inside = alignment((-0.5, 19.5), (2.0, 22.0)).within(19.0, 30.0, 1.0);
        assert_eq!(
            (inside.left_secs, inside.right_secs()),
            ((0.0, 19.0), (2.5, 21.5))
        );
        // At half the speed: 0.4 s of the left song are missing, and 0.6 s of the right one.
        let completed = alignment((0.4, 10.0), (5.0, 24.2)).within(40.0, 24.8, 1.0);
        let (left, right) = (completed.left_secs, completed.right_secs());
        assert!(left.0.abs() < 1e-9 && (left.1 - 10.3).abs() < 1e-9);
        assert!((right.0 - 4.2).abs() < 1e-9 && (right.1 - 24.8).abs() < 1e-9);
        let far = alignment((3.0, 10.0), (5.0, 12.0));
        assert_eq!(far.within(40.0, 40.0, 1.0), far);
    }

    #[test]
    fn a_speed_within_the_error_of_its_ends_is_the_original_one() {
        let slope = |secs: f64, slope: f64, semitones: f64| {
            let mut alignment = alignment((0.0, secs), (5.0, 5.0 + secs * slope));
            alignment.semitones = semitones;
            let middle = secs / 2.0;
            let measured = alignment.at_original_speed();
            assert!((measured.map.at(middle) - alignment.map.at(middle)).abs() < 1e-9);
            measured.map.slope
        };
        // The ends are off by 50 ms and by 0.1 s.
        assert_eq!(slope(10.0, 1.01, 0.05), 1.0);
        assert!((slope(10.0, 1.02, 0.05) - 1.02).abs() < 1e-9);
        assert!((slope(20.0, 0.99, 0.05) - 0.99).abs() < 1e-9);
        assert!(
            (slope(10.0, 1.01, 0.17) - 1.01).abs() < 1e-9,
            "a faster tape"
        );
    }

    #[test]
    fn a_passage_is_extended_by_a_hop_and_no_more() {
        let until = |secs: f64| {
            completed(test_alignment(secs, 0.8), [40.0, 50.0])
                .left_secs
                .1
        };
        assert_eq!((until(39.2), until(38.5)), (40.0, 38.5));
    }
}
