//! A line of peaks: a stretch of the left song whose peaks meet those of the right one.

use crate::geometry::time_map::TimeMap;

/// A stretch of the left song on a line through the right one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PeakLine {
    /// Its first frame and the one after its last in the left song.
    pub span: (f64, f64),
    /// Map from frames of the left song to frames of the right one.
    pub map: TimeMap,
    /// Transposition, in steps of pitch.
    pub shift_steps: i32,
    /// Sum of the evidence of its peaks.
    pub evidence: f32,
}

impl PeakLine {
    /// The same line, seen from the right song.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self {
            span: self.map.span(self.span),
            map: self.map.inverse(),
            shift_steps: -self.shift_steps,
            evidence: self.evidence,
        }
    }
}
