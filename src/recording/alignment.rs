//! Which stretch of one song is which stretch of another.

/// Which stretch of the left song is which stretch of the right one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alignment {
    /// Start and end in the left song, in seconds.
    pub left_secs: (f64, f64),
    /// Start and end in the right song, in seconds.
    pub right_secs: (f64, f64),
    /// How much higher the right song is.
    pub semitones: f64,
    /// Correlation coefficient of the two profiles along the passage.
    pub correlation: f64,
}

impl Alignment {
    /// Seconds of the right song for one of the left.
    #[must_use]
    pub fn slope(&self) -> f64 {
        (self.right_secs.1 - self.right_secs.0) / (self.left_secs.1 - self.left_secs.0)
    }

    /// The alignment with ends inside of songs of these lengths. Where no more than `completed_secs` are missing to an end of one of them, they are added.
    #[must_use]
    pub fn within(mut self, left_secs: f64, right_secs: f64, completed_secs: f64) -> Self {
        let slope = self.slope();
        // Seconds of the left song from the passage's ends to the first end of a song.
        let before = self.left_secs.0.min(self.right_secs.0 / slope);
        let after = (left_secs - self.left_secs.1).min((right_secs - self.right_secs.1) / slope);
        if before < completed_secs {
            self.left_secs.0 -= before;
            self.right_secs.0 -= before * slope;
        }
        if after < completed_secs {
            self.left_secs.1 += after;
            self.right_secs.1 += after * slope;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alignment(left_secs: (f64, f64), right_secs: (f64, f64)) -> Alignment {
        Alignment {
            left_secs,
            right_secs,
            semitones: 0.0,
            correlation: 0.0,
        }
    }

    #[test]
    fn ends_stay_inside_of_both_songs_and_reach_near_ones() {
        let inside = alignment((-0.5, 19.5), (2.0, 22.0)).within(19.0, 30.0, 1.0);
        assert_eq!(
            (inside.left_secs, inside.right_secs),
            ((0.0, 19.0), (2.5, 21.5))
        );
        // Half as fast: 0.4 s of the left song are missing, and 0.6 s of the right one.
        let completed = alignment((0.4, 10.0), (5.0, 24.2)).within(40.0, 24.8, 1.0);
        assert!(
            (completed.left_secs.0 - 0.0).abs() < 1e-9
                && (completed.left_secs.1 - 10.3).abs() < 1e-9
        );
        assert!(
            (completed.right_secs.0 - 4.2).abs() < 1e-9
                && (completed.right_secs.1 - 24.8).abs() < 1e-9
        );
        assert!((completed.slope() - 2.0).abs() < 1e-9);
        let far = alignment((3.0, 10.0), (5.0, 12.0));
        assert_eq!(far.within(40.0, 40.0, 1.0), far);
    }
}
