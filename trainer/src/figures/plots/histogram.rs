//! The histogram of scores, of copies and of other music.

use anyhow::Result;
use plotters::coord::ranged1d::Ranged;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::charts;
use super::{Area, COPY, INK, OTHER, Plot, Scale, drawn};
use crate::figures::metrics::Scored;

/// Histogram of the scores of copies and of other music in 20 bins, as shares of each. The
/// logarithmic axis also shows single errors.
pub struct Histogram<'a> {
    pub scored: &'a [Scored<'a>],
    pub threshold: f32,
}

const BINS: usize = 20;

impl Histogram<'_> {
    /// Share of the copies (or of the others) in each bin.
    fn shares(&self, is_copy: bool) -> [f64; BINS] {
        let mut bins = [0.0; BINS];
        let of_kind = self.scored.iter().filter(|pair| pair.is_copy == is_copy);
        let total = of_kind.clone().count().max(1) as f64;
        for pair in of_kind {
            bins[((pair.score * BINS as f32) as usize).min(BINS - 1)] += 1.0 / total;
        }
        bins
    }
}

impl Plot for Histogram<'_> {
    fn size(&self) -> (u32, u32) {
        (720, 420)
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, scale: Scale) -> Result<()> {
        let (copies, others) = (self.shares(true), self.shares(false));
        // Decades down to the smallest bar.
        let smallest = copies
            .iter()
            .chain(&others)
            .copied()
            .filter(|share| *share > 0.0)
            .fold(1.0, f64::min);
        let decades = (-smallest.log10()).floor() + 1.0;
        let mut chart = histogram_axes(area, scale, decades)?;
        for (shares, colour, from) in [(others, OTHER, 0.06), (copies, COPY, 0.5)] {
            drawn(chart.draw_series(bars(shares, from, decades, colour)))?;
        }
        let threshold = f64::from(self.threshold);
        let dashes = DashedLineSeries::new(
            [(threshold, -decades), (threshold, 0.0)],
            scale.px(6),
            scale.px(5),
            INK.stroke_width(scale.px(1)),
        );
        drawn(chart.draw_series(dashes))?;
        charts::legend(
            area,
            scale,
            (230, 58),
            &[(COPY, "copies"), (OTHER, "other music")],
        )?;
        drawn(area.draw_text(
            "- -  threshold",
            &scale.label(),
            (scale.px(227) as i32, scale.px(100) as i32),
        ))
    }
}

/// Draws title, axes and grid; the vertical axis is in decades, labelled in percent.
fn histogram_axes<'a, DB: DrawingBackend>(
    area: &'a Area<DB>,
    scale: Scale,
    decades: f64,
) -> Result<ChartContext<'a, DB, Cartesian2d<RangedCoordf64, impl Ranged<ValueType = f64> + use<DB>>>>
{
    let percent = |decade: &f64| {
        let value = 10_f64.powf(decade + 2.0);
        if value >= 1.0 {
            format!("{value:.0} %")
        } else {
            format!("{value} %")
        }
    };
    let mut chart = drawn(
        ChartBuilder::on(area)
            .caption("Scores of copies and of other music", scale.title())
            .margin(scale.px(12))
            .margin_right(scale.px(20))
            .x_label_area_size(scale.px(48))
            .y_label_area_size(scale.px(78))
            .build_cartesian_2d(0.0..1.0, (-decades..0.0).step(1.0)),
    )?;
    drawn(
        chart
            .configure_mesh()
            .x_desc("score")
            .y_desc("share of pairs (log scale)")
            .x_labels(11)
            .y_label_formatter(&percent)
            .disable_x_mesh()
            .label_style(scale.label())
            .axis_style(INK.stroke_width(scale.px(1)))
            .bold_line_style(super::GRID.stroke_width(scale.px(1)))
            .light_line_style(WHITE.mix(0.0))
            .set_all_tick_mark_size(scale.px(4))
            .draw(),
    )?;
    Ok(chart)
}

/// A bar for each bin that isn't empty; `from` is its left edge as a share of the bin.
fn bars(
    shares: [f64; BINS],
    from: f64,
    decades: f64,
    colour: RGBColor,
) -> impl Iterator<Item = Rectangle<(f64, f64)>> {
    let width = 1.0 / BINS as f64;
    shares
        .into_iter()
        .enumerate()
        .filter(|(_, share)| *share > 0.0)
        .map(move |(bin, share)| {
            let left = (bin as f64 + from) * width;
            Rectangle::new(
                [(left, -decades), (left + 0.44 * width, share.log10())],
                colour.filled(),
            )
        })
}
