//! What the network reads: the salience of pitches, at one level for loud and quiet places.

use super::config::{PITCHES, WINDOW_FRAMES};

/// Added to the root mean square, so that silence stays silent.
const LEAST_LEVEL: f32 = 1e-4;

/// Square roots of the salience `[frames, PITCHES]`, divided by their root mean square over the
/// window around each frame. A window alone is divided by one value.
#[must_use]
pub fn normalised(salience: &[[f32; PITCHES]]) -> Vec<[f32; PITCHES]> {
    let frames = salience.len();
    let mut sums = Vec::with_capacity(frames + 1);
    let mut sum = 0.0_f64;
    sums.push(sum);
    for frame in salience {
        // The square of the square root.
        sum += frame
            .iter()
            .map(|&value| f64::from(value.max(0.0)))
            .sum::<f64>();
        sums.push(sum);
    }
    let window = WINDOW_FRAMES.min(frames);
    let level = |frame: usize| {
        let start = frame.saturating_sub(window / 2).min(frames - window);
        let mean = (sums[start + window] - sums[start]) / (window * PITCHES) as f64;
        mean.max(0.0).sqrt() as f32 + LEAST_LEVEL
    };
    let normalise = |(frame, values): (usize, &[f32; PITCHES])| {
        let level = level(frame);
        values.map(|value| value.max(0.0).sqrt() / level)
    };
    salience.iter().enumerate().map(normalise).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_a_root_mean_square_of_one_at_every_level() {
        for gain in [0.01, 1.0, 50.0] {
            let salience: Vec<[f32; PITCHES]> = (0..WINDOW_FRAMES)
                .map(|frame| std::array::from_fn(|pitch| gain * ((frame * 7 + pitch) % 5) as f32))
                .collect();
            let square: f32 = normalised(&salience).iter().flatten().map(|x| x * x).sum();
            let mean = square / (WINDOW_FRAMES * PITCHES) as f32;
            assert!((mean - 1.0).abs() < 0.01, "{mean}");
        }
    }

    #[test]
    fn silence_stays_silent_and_nothing_stays_nothing() {
        let silence = normalised(&[[0.0; PITCHES]; 50]);
        assert!(silence.len() == 50 && silence.iter().flatten().all(|&value| value == 0.0));
        assert!(normalised(&[]).is_empty());
    }
}
