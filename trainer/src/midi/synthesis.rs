//! Synthesis of MIDI events by the instruments of a SoundFont.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rustysynth::{SoundFont, Synthesizer, SynthesizerSettings};
use soundalike::FeatureConfig;

use crate::midi::arrangement::Event;

/// Peak of a rendition: loud, without clipping.
const PEAK: f32 = 0.8;
/// A rendition below this peak is silent: its notes are outside of the instruments' range.
const LEAST_PEAK: f32 = 1e-3;

/// The instruments that play events.
pub struct Instruments(Arc<SoundFont>);

impl Instruments {
    /// Reads a SoundFont 2.
    ///
    /// # Errors
    ///
    /// When the file can't be read or isn't one.
    pub fn read(path: &Path) -> Result<Self> {
        let mut file =
            File::open(path).with_context(|| format!("can't open {}", path.display()))?;
        let soundfont = SoundFont::new(&mut file)
            .with_context(|| format!("{} isn't a SoundFont 2", path.display()))?;
        Ok(Self(Arc::new(soundfont)))
    }

    /// Plays events, in order of time: mono samples at the model's rate, scaled to one peak level;
    /// `None` if they are silent.
    ///
    /// # Errors
    ///
    /// When the synthesiser doesn't start.
    pub fn play(&self, events: &[Event], duration_secs: f64) -> Result<Option<Vec<f32>>> {
        let mut samples = self.synthesise(events, duration_secs)?;
        let peak = samples
            .iter()
            .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        samples
            .iter_mut()
            .for_each(|sample| *sample = *sample * PEAK / peak);
        Ok((peak >= LEAST_PEAK).then_some(samples))
    }

    fn synthesise(&self, events: &[Event], duration_secs: f64) -> Result<Vec<f32>> {
        let rate_hz = FeatureConfig::default().sample_rate_hz;
        let settings = SynthesizerSettings::new(rate_hz as i32);
        let mut synthesizer =
            Synthesizer::new(&self.0, &settings).context("the synthesiser doesn't start")?;
        let count = (duration_secs * f64::from(rate_hz)) as usize;
        let (mut left, mut right) = (vec![0.0; count], vec![0.0; count]);
        let mut rendered = 0;
        for event in events {
            let due = ((event.secs * f64::from(rate_hz)) as usize).clamp(rendered, count);
            synthesizer.render(&mut left[rendered..due], &mut right[rendered..due]);
            rendered = due;
            let [first, second] = event.data.map(i32::from);
            synthesizer.process_midi_message(
                i32::from(event.channel),
                i32::from(event.command),
                first,
                second,
            );
        }
        synthesizer.render(&mut left[rendered..], &mut right[rendered..]);
        let frames = left.iter().zip(&right);
        Ok(frames.map(|(left, right)| 0.5 * (left + right)).collect())
    }
}
