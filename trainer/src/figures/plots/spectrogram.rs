//! Two log-mel spectrograms side by side, with axes in seconds and Hz and a scale in dB.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use soundalike::FeatureConfig;
use soundalike::training::{LogMelSpectrogram, mel_from_hz};

use super::charts::Chart;
use super::{Area, INK, Plot, Scale, bitmap, drawn};

/// An original and the passage compared with it.
pub struct Comparison<'a> {
    /// Above both.
    pub title: &'a str,
    /// Name and spectrogram of each side; equal numbers of bands.
    pub sides: [(&'a str, &'a LogMelSpectrogram); 2],
}

/// Ticks of the frequency axis: octaves, as far as the labels fit.
const TICKS_HZ: [f64; 6] = [250.0, 500.0, 1_000.0, 2_000.0, 4_000.0, 8_000.0];
const HEAD_PX: u32 = 40;
const SCALE_WIDTH_PX: u32 = 110;

/// Points of the colour scale "magma" (S. van der Walt and N. Smith, matplotlib, CC0), evenly
/// spaced from quiet to loud, with linear interpolation.
const MAGMA: [(u8, u8, u8); 9] = [
    (0, 0, 4),
    (28, 16, 68),
    (79, 18, 123),
    (129, 37, 129),
    (181, 54, 122),
    (229, 80, 100),
    (251, 135, 97),
    (254, 194, 135),
    (252, 253, 191),
];

/// Writes the picture as PNG; as SVG it would be tens of thousands of rectangles.
///
/// # Errors
///
/// When the file can't be written.
pub fn save(path: &Path, comparison: &Comparison<'_>) -> Result<()> {
    bitmap::save(path, comparison)
}

/// Colour of a level as a share of the range, 0 for the quietest.
fn colour(share: f64) -> RGBColor {
    let place = share.clamp(0.0, 1.0) * (MAGMA.len() - 1) as f64;
    let index = (place as usize).min(MAGMA.len() - 2);
    let (a, b, part) = (MAGMA[index], MAGMA[index + 1], place - index as f64);
    let mix = |a: u8, b: u8| (f64::from(a) + part * (f64::from(b) - f64::from(a))).round() as u8;
    RGBColor(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

impl Plot for Comparison<'_> {
    fn size(&self) -> (u32, u32) {
        (980, 360)
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, scale: Scale) -> Result<()> {
        let (width, _) = self.size();
        drawn(area.draw_text(
            self.title,
            &scale.title(),
            (scale.px(14) as i32, scale.px(10) as i32),
        ))?;
        let (_, below) = area.split_vertically(scale.px(HEAD_PX));
        let (pictures, levels) = below.split_horizontally(scale.px(width - SCALE_WIDTH_PX));
        for (half, (name, spectrogram)) in pictures.split_evenly((1, 2)).iter().zip(self.sides) {
            side(half, scale, name, spectrogram)?;
        }
        level_scale(&levels, scale)
    }
}

/// One spectrogram: bands from bottom to top, labelled by the frequency of their centre.
fn side<DB: DrawingBackend>(
    area: &Area<DB>,
    scale: Scale,
    name: &str,
    spectrogram: &LogMelSpectrogram,
) -> Result<()> {
    let features = FeatureConfig::default();
    let (bands, frames) = (spectrogram.mel_bands, spectrogram.frames);
    let hop_secs = features.frame_hop_secs();
    let mut chart = drawn(
        ChartBuilder::on(area)
            .caption(name, scale.label())
            .margin(scale.px(8))
            .margin_right(scale.px(14))
            .x_label_area_size(scale.px(46))
            .y_label_area_size(scale.px(70))
            .build_cartesian_2d(0.0..frames as f64 * hop_secs, 0.0..bands as f64),
    )?;
    let cells = (0..frames * bands).map(|index| {
        let (frame, band) = (index / bands, index % bands);
        let db = f64::from(spectrogram.db[band * frames + frame]);
        let range_db = f64::from(features.dynamic_range_db);
        let (left, bottom) = (frame as f64 * hop_secs, band as f64);
        Rectangle::new(
            [(left, bottom), (left + hop_secs, bottom + 1.0)],
            colour(1.0 + db / range_db).filled(),
        )
    });
    drawn(chart.draw_series(cells))?;
    drawn(
        chart
            .configure_mesh()
            .disable_mesh()
            .x_desc("time, s")
            .y_desc("frequency, Hz")
            .x_labels(7)
            .x_label_formatter(&|secs: &f64| format!("{secs:.1}"))
            // Ticks at whole octaves are drawn below: the axis itself counts bands.
            .y_labels(1)
            .y_label_formatter(&|_| String::new())
            .label_style(scale.label())
            .axis_style(INK.stroke_width(scale.px(1)))
            .set_tick_mark_size(LabelAreaPosition::Bottom, scale.px(4))
            .set_tick_mark_size(LabelAreaPosition::Left, 0)
            .draw(),
    )?;
    frequency_ticks(area, scale, &chart, bands)
}

/// Ticks and labels on the axis of bands. The centre of band `b` is at `mel = (b + 1) / (bands + 1)
/// * top_mel`; a band is one unit of the axis, with its centre in the middle.
fn frequency_ticks<DB: DrawingBackend>(
    area: &Area<DB>,
    scale: Scale,
    chart: &Chart<'_, DB>,
    bands: usize,
) -> Result<()> {
    let nyquist_hz = f64::from(FeatureConfig::default().sample_rate_hz) / 2.0;
    let top_mel = mel_from_hz(nyquist_hz);
    let band_of_hz = |hz: f64| mel_from_hz(hz) / top_mel * (bands + 1) as f64 - 0.5;
    let (origin_x, origin_y) = area.get_base_pixel();
    let right = scale.label().pos(Pos::new(HPos::Right, VPos::Center));
    for hz in TICKS_HZ {
        let (x, y) = chart.backend_coord(&(0.0, band_of_hz(hz)));
        let (x, y) = (x - origin_x, y - origin_y);
        let tick = [(x - scale.px(5) as i32, y), (x, y)];
        drawn(area.draw(&PathElement::new(tick, INK.stroke_width(scale.px(1)))))?;
        drawn(area.draw_text(&format!("{hz:.0}"), &right, (x - scale.px(8) as i32, y)))?;
    }
    Ok(())
}

/// The colour scale, in dB below the loudest.
fn level_scale<DB: DrawingBackend>(area: &Area<DB>, scale: Scale) -> Result<()> {
    let range_db = f64::from(FeatureConfig::default().dynamic_range_db);
    let mut chart = drawn(
        ChartBuilder::on(area)
            .margin(scale.px(8))
            .margin_top(scale.px(30))
            .margin_right(scale.px(30))
            .margin_bottom(scale.px(54))
            .y_label_area_size(scale.px(50))
            .build_cartesian_2d(0.0..1.0, -range_db..0.0),
    )?;
    const STEPS: usize = 160;
    let steps = (0..STEPS).map(|step| {
        let share = |step: usize| step as f64 / STEPS as f64;
        let db = |share: f64| (share - 1.0) * range_db;
        Rectangle::new(
            [(0.0, db(share(step))), (1.0, db(share(step + 1)))],
            colour(share(step)).filled(),
        )
    });
    drawn(chart.draw_series(steps))?;
    drawn(
        chart
            .configure_mesh()
            .disable_mesh()
            .y_labels(5)
            .y_label_formatter(&|db: &f64| {
                let unit = if *db > -1.0 { " dB" } else { "" };
                format!("{db:.0}{unit}").replace('-', "−")
            })
            .label_style(scale.label())
            .axis_style(INK.stroke_width(scale.px(1)))
            .set_all_tick_mark_size(scale.px(4))
            .draw(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_grow_brighter_with_the_level() {
        let brightness = |share: f64| {
            let RGBColor(r, g, b) = colour(share);
            0.3 * f64::from(r) + 0.59 * f64::from(g) + 0.11 * f64::from(b)
        };
        assert!(
            (0..100).all(|step| brightness(f64::from(step) / 100.0)
                < brightness(f64::from(step + 1) / 100.0))
        );
        assert_eq!(
            (colour(-1.0), colour(2.0)),
            (RGBColor(0, 0, 4), RGBColor(252, 253, 191))
        );
    }
}
