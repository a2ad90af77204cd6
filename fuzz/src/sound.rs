//! Samples through the public API, as a page hands them in.

use std::ops::ControlFlow;

use arbitrary::{Arbitrary, Unstructured};
use soundalike::Waveform;

use crate::engine;

/// Most samples: 7 s at the model's rate. A few segments run all the code; longer songs only reduce
/// the executions a second.
const MAX_SAMPLES: usize = 7 * 22_050;

/// A part of one channel, described by few bytes.
#[derive(Arbitrary, Debug)]
enum Stretch {
    Silence,
    Constant(f32),
    /// The same values repeated.
    Pattern(Vec<f32>),
    Tone {
        step: f32,
        level: f32,
    },
    Noise {
        seed: u32,
        level: f32,
    },
    Clicks {
        every: u16,
        level: f32,
    },
}

/// Reads `data` as a sample rate and up to three channels of such parts.
pub fn samples(data: &[u8]) {
    let _ = check(&mut Unstructured::new(data));
}

fn check(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let sample_rate_hz = match input.int_in_range(0..=7)? {
        0 => input.arbitrary()?,
        1 => 4_000,
        2 => 44_100,
        3 => 48_000,
        4 => input.int_in_range(4_000..=384_000)?,
        _ => 22_050,
    };
    let mut channels = vec![Vec::new()];
    input.arbitrary_loop(None, Some(24), |input| {
        if input.ratio(1, 12)? && channels.len() < 3 {
            channels.push(Vec::new());
        }
        let length = usize::from(input.arbitrary::<u16>()?) * 2;
        if let Some(channel) = channels.last_mut() {
            let room = MAX_SAMPLES - channel.len();
            extend(channel, &Stretch::arbitrary(input)?, length.min(room));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if input.ratio(7, 8)? {
        let longest = channels.iter().map(Vec::len).max().unwrap_or(0);
        channels
            .iter_mut()
            .for_each(|channel| channel.resize(longest, 0.0));
    }
    let channels: Vec<&[f32]> = channels.iter().map(Vec::as_slice).collect();
    let Ok(waveform) = Waveform::from_channels("song", &channels, sample_rate_hz) else {
        return Ok(());
    };
    let part_samples = usize::from(input.arbitrary::<u16>()?) + 1;
    let in_parts = engine::analyse_in_parts(engine::checker(), &waveform, part_samples);
    let whole = engine::analyse(engine::checker(), waveform);
    assert_eq!(in_parts.is_ok(), whole.is_ok());
    if let (Ok(in_parts), Ok(song)) = (in_parts, whole) {
        let model = engine::checker().model();
        assert!(in_parts.to_bytes(model) == song.to_bytes(model));
        engine::compare(engine::checker(), &song, &song);
        engine::compare(engine::checker(), &song, engine::chirp());
    }
    Ok(())
}

fn extend(channel: &mut Vec<f32>, stretch: &Stretch, length: usize) {
    let mut state = 1_u32;
    let sample = |n: usize| match stretch {
        Stretch::Silence => 0.0,
        Stretch::Constant(value) => *value,
        Stretch::Pattern(values) if values.is_empty() => 0.0,
        Stretch::Pattern(values) => values[n % values.len()],
        Stretch::Tone { step, level } => (n as f32 * step).sin() * level,
        Stretch::Noise { seed, level } => {
            if n == 0 {
                state = seed | 1;
            }
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state as f32 / u32::MAX as f32 - 0.5) * level
        }
        Stretch::Clicks { every, level } if n.is_multiple_of(usize::from(*every) + 1) => *level,
        Stretch::Clicks { .. } => 0.0,
    };
    channel.extend((0..length).map(sample));
}
