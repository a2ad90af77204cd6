//! The shipped engine, made once, and the invariants of its reports.

use std::sync::OnceLock;

use soundalike::{Checker, Model, Report, SHIPPED_WEIGHTS, Song, Waveform};

/// The checker with the shipped weights.
pub fn checker() -> &'static Checker {
    static CHECKER: OnceLock<Checker> = OnceLock::new();
    CHECKER.get_or_init(|| Checker::new(Model::on_cpu(SHIPPED_WEIGHTS).unwrap(), "cpu"))
}

/// A song of two segments.
pub fn chirp() -> &'static Song {
    static CHIRP: OnceLock<Song> = OnceLock::new();
    CHIRP.get_or_init(|| analyse(checker(), sound(4)).unwrap())
}

/// A rising tone that swells and fades.
pub fn sound(secs: usize) -> Waveform {
    let samples = (0..secs * 22_050)
        .map(|n| (n as f32 * 0.05 * (1.0 + n as f32 * 1e-5)).sin() * (n as f32 * 1e-3).cos())
        .collect();
    Waveform::new("chirp", samples, 22_050).unwrap()
}

/// Analyses a song.
pub fn analyse(checker: &Checker, waveform: Waveform) -> soundalike::Result<Song> {
    pollster::block_on(checker.analyse("song", waveform, |_, _| ()))
}

/// The same for a song that comes in parts of so many samples.
pub fn analyse_in_parts(
    checker: &Checker,
    waveform: &Waveform,
    part_samples: usize,
) -> soundalike::Result<Song> {
    let samples = waveform.samples();
    let mut stream = checker.stream("song", waveform.sample_rate_hz(), samples.len())?;
    for part in samples.chunks(part_samples) {
        stream.append(part)?;
    }
    pollster::block_on(checker.analyse_stream(stream, |_, _| ()))
}

/// Compares in both orders and checks the reports.
pub fn compare(checker: &Checker, left: &Song, right: &Song) -> Report {
    let report = checker.compare(left, right, |_, _| ());
    check_report(&report);
    let mirrored = checker.compare(right, left, |_, _| ());
    check_report(&mirrored);
    assert_eq!(report.score, mirrored.score);
    assert_eq!(report.passages.len(), mirrored.passages.len());
    report
}

fn check_report(report: &Report) {
    let share = |value: f64| (0.0..=1.0).contains(&value);
    assert!(share(report.score), "score {}", report.score);
    for song in [&report.left, &report.right] {
        assert!(
            share(song.coverage) && share(song.left_out_share),
            "{song:?}"
        );
    }
    for passage in &report.passages {
        let within = |start: f64, end: f64, duration_secs: f64| {
            // Times are rounded to hundredths.
            start >= 0.0 && start < end && end <= duration_secs + 0.01
        };
        assert!(
            within(
                passage.left_start_secs,
                passage.left_end_secs,
                report.left.duration_secs
            ) && within(
                passage.right_start_secs,
                passage.right_end_secs,
                report.right.duration_secs
            ) && share(passage.score)
                && share(passage.share)
                && passage.speed_ratio > 0.0
                && passage.speed_ratio.is_finite()
                && passage.pitch_shift_semitones.is_finite(),
            "{passage:?} in {:?} and {:?}",
            report.left,
            report.right
        );
    }
    let matrix = &report.matrix;
    assert_eq!(matrix.scores.len(), matrix.rows * matrix.cols);
    assert!(matrix.scores.iter().all(|&score| share(score)));
    // NaN would be written as `null`, which can't be read as a number.
    let json = serde_json::to_string(report).unwrap();
    serde_json::from_str::<Report>(&json).unwrap();
}
