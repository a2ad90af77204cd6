//! Pairs of axes that several plots share.

use std::ops::Range;

use anyhow::Result;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::{Area, GRID, INK, Scale, drawn};

/// A chart over two linear axes.
pub type Chart<'a, DB> = ChartContext<'a, DB, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Labels and ranges of two linear axes.
pub struct Axes<'a> {
    /// Title above the chart; none if empty.
    pub title: &'a str,
    /// Below the horizontal axis.
    pub x: &'a str,
    /// Beside the vertical axis.
    pub y: &'a str,
    /// Range of the horizontal axis, from left to right.
    pub x_range: Range<f64>,
    /// Range of the vertical axis, from bottom to top.
    pub y_range: Range<f64>,
    /// Approximate number of labels on each axis.
    pub ticks: usize,
    /// Decimals of the labels at the vertical axis.
    pub y_decimals: usize,
}

/// Draws title, axes and grid.
pub fn axes<'a, DB: DrawingBackend>(
    area: &'a Area<DB>,
    scale: Scale,
    axes: &Axes<'_>,
) -> Result<Chart<'a, DB>> {
    let mut builder = ChartBuilder::on(area);
    if !axes.title.is_empty() {
        builder.caption(axes.title, scale.title());
    }
    let mut chart = drawn(
        builder
            .margin(scale.px(12))
            .margin_right(scale.px(20))
            .x_label_area_size(scale.px(if axes.x.is_empty() { 28 } else { 48 }))
            .y_label_area_size(scale.px(if axes.y.is_empty() { 48 } else { 66 }))
            .build_cartesian_2d(axes.x_range.clone(), axes.y_range.clone()),
    )?;
    let decimals = axes.y_decimals;
    drawn(
        chart
            .configure_mesh()
            .x_desc(axes.x)
            .y_desc(axes.y)
            .x_labels(axes.ticks)
            .y_labels(axes.ticks)
            .x_label_formatter(&|value: &f64| short(*value))
            .y_label_formatter(&|value: &f64| format!("{value:.decimals$}"))
            .label_style(scale.label())
            .axis_style(INK.stroke_width(scale.px(1)))
            .bold_line_style(GRID.stroke_width(scale.px(1)))
            .light_line_style(WHITE.mix(0.0))
            .set_all_tick_mark_size(scale.px(4))
            .draw(),
    )?;
    Ok(chart)
}

/// A number with no more decimals than it needs.
fn short(value: f64) -> String {
    let rounded = (value * 1e3).round() / 1e3;
    // Adding zero turns -0 into 0.
    format!("{}", rounded + 0.0).replace('-', "−")
}

/// A line through points.
pub fn line<DB: DrawingBackend>(
    chart: &mut Chart<'_, DB>,
    points: impl IntoIterator<Item = (f64, f64)>,
    style: impl Into<ShapeStyle>,
) -> Result<()> {
    drawn(chart.draw_series(LineSeries::new(points, style)))?;
    Ok(())
}

/// A legend of colours, from the upper left corner `at` (nominal pixels) down.
pub fn legend<DB: DrawingBackend>(
    area: &Area<DB>,
    scale: Scale,
    at: (u32, u32),
    entries: &[(RGBColor, &str)],
) -> Result<()> {
    for (row, (colour, name)) in entries.iter().enumerate() {
        let (x, y) = (
            scale.px(at.0) as i32,
            scale.px(at.1 + 22 * row as u32) as i32,
        );
        let side = scale.px(12) as i32;
        drawn(area.draw(&Rectangle::new(
            [(x, y), (x + side, y + side)],
            colour.filled(),
        )))?;
        drawn(area.draw_text(
            name,
            &scale.label(),
            (x + side + scale.px(7) as i32, y + scale.px(1) as i32),
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_no_more_decimals_than_they_need() {
        for (value, label) in [
            (4_000.0, "4000"),
            (-0.0, "0"),
            (-2.0, "−2"),
            (0.100_000_01, "0.1"),
            (0.005, "0.005"),
        ] {
            assert_eq!(short(value), label);
        }
    }
}
