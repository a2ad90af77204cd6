//! Learning curves of a run: losses, and figures on the validation pairs.

use std::ops::Range;

use anyhow::Result;
use plotters::prelude::*;

use super::charts::{self, Axes, Chart};
use super::{Area, COPY, INK, OTHER, Plot, Scale, drawn};
use crate::figures::history::HistoryEntry;

/// The history of a run; at least one entry.
pub struct LearningCurves<'a>(pub &'a [HistoryEntry]);

/// A third colour, which differs from the others in brightness.
const THIRD: RGBColor = RGBColor(60, 60, 66);

type Figure = fn(&HistoryEntry) -> f64;

impl Plot for LearningCurves<'_> {
    fn size(&self) -> (u32, u32) {
        (900, 400)
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, scale: Scale) -> Result<()> {
        let halves = area.split_evenly((1, 2));
        let losses: [(RGBColor, &str, Figure); 3] = [
            (COPY, "contrast, training", |entry| {
                f64::from(entry.contrast_loss)
            }),
            (THIRD, "verdict, training", |entry| {
                f64::from(entry.verdict_loss)
            }),
            (OTHER, "verdict, validation", |entry| entry.validation_loss),
        ];
        let errors: [(RGBColor, &str, Figure); 2] = [
            (COPY, "1 − ROC-AUC", |entry| {
                1.0 - entry.validation_roc_auc
            }),
            (OTHER, "1 − accuracy", |entry| {
                1.0 - entry.validation_accuracy
            }),
        ];
        self.panel(&halves[0], scale, ("Losses", "loss (log scale)"), &losses)?;
        self.panel(
            &halves[1],
            scale,
            ("Errors on validation pairs", "error (log scale)"),
            &errors,
        )
    }
}

/// Lower limit of errors on the logarithmic axis.
const SMALLEST: f64 = 1e-6;

/// The common logarithm of a figure.
fn decades(figure: Figure, entry: &HistoryEntry) -> f64 {
    figure(entry).max(SMALLEST).log10()
}

impl LearningCurves<'_> {
    /// Lines by step over a logarithmic axis, with the best step marked.
    fn panel<DB: DrawingBackend>(
        &self,
        area: &Area<DB>,
        scale: Scale,
        (title, y): (&str, &str),
        lines: &[(RGBColor, &str, Figure)],
    ) -> Result<()> {
        let steps = self.0.last().map_or(1, |entry| entry.step) as f64;
        let axes = Axes {
            title,
            x: "step",
            y,
            x_range: 0.0..steps * 1.02,
            y_range: self.range(lines),
            ticks: 6,
            y_decimals: 0,
        };
        let mut chart = logarithmic_axes(area, scale, &axes)?;
        for (colour, _, figure) in lines {
            self.line(&mut chart, scale, *colour, *figure)?;
        }
        self.mark_best(&mut chart, scale, &axes.y_range)?;
        legend(area, scale, lines)
    }

    /// Whole decades around all lines, with room above them for the legend.
    fn range(&self, lines: &[(RGBColor, &str, Figure)]) -> Range<f64> {
        let values = || {
            lines
                .iter()
                .flat_map(|line| self.0.iter().map(|entry| decades(line.2, entry)))
        };
        let low = values().fold(f64::INFINITY, f64::min).floor();
        let high = values()
            .fold(f64::NEG_INFINITY, f64::max)
            .ceil()
            .max(low + 1.0);
        low..high + 0.5 * (high - low)
    }

    /// A figure by step, with a dot at each validation.
    fn line<DB: DrawingBackend>(
        &self,
        chart: &mut Chart<'_, DB>,
        scale: Scale,
        colour: RGBColor,
        figure: Figure,
    ) -> Result<()> {
        let points: Vec<(f64, f64)> = self
            .0
            .iter()
            .map(|entry| (entry.step as f64, decades(figure, entry)))
            .collect();
        charts::line(
            chart,
            points.iter().copied(),
            colour.stroke_width(scale.px(2)),
        )?;
        let dots = points
            .into_iter()
            .map(|point| Circle::new(point, scale.px(3), colour.filled()));
        drawn(chart.draw_series(dots))?;
        Ok(())
    }

    /// A dashed line at the step whose weights were kept, if any.
    fn mark_best<DB: DrawingBackend>(
        &self,
        chart: &mut Chart<'_, DB>,
        scale: Scale,
        y_range: &Range<f64>,
    ) -> Result<()> {
        let Some(best) = self.0.iter().rev().find(|entry| entry.is_best) else {
            return Ok(());
        };
        let at = best.step as f64;
        let dashes = DashedLineSeries::new(
            [(at, y_range.start), (at, y_range.end)],
            scale.px(5),
            scale.px(4),
            INK.mix(0.7).stroke_width(scale.px(1)),
        );
        drawn(chart.draw_series(dashes))?;
        Ok(())
    }
}

/// Draws title, axes and grid; the vertical axis is in decades, labelled by their values.
fn logarithmic_axes<'a, DB: DrawingBackend>(
    area: &'a Area<DB>,
    scale: Scale,
    axes: &Axes<'_>,
) -> Result<Chart<'a, DB>> {
    let mut chart = drawn(
        ChartBuilder::on(area)
            .caption(axes.title, scale.title())
            .margin(scale.px(12))
            .margin_right(scale.px(20))
            .x_label_area_size(scale.px(48))
            .y_label_area_size(scale.px(84))
            .build_cartesian_2d(axes.x_range.clone(), axes.y_range.clone()),
    )?;
    let whole_decades = (axes.y_range.start as i32..=axes.y_range.end as i32).count();
    drawn(
        chart
            .configure_mesh()
            .x_desc(axes.x)
            .y_desc(axes.y)
            .x_labels(axes.ticks)
            .y_labels(whole_decades)
            .x_label_formatter(&|step: &f64| format!("{step:.0}"))
            .y_label_formatter(&|decade: &f64| {
                if decade.fract().abs() > 1e-6 {
                    return String::new();
                }
                format!("{}", (10_f64.powf(*decade) * 1e9).round() / 1e9)
            })
            .label_style(scale.label())
            .axis_style(INK.stroke_width(scale.px(1)))
            .bold_line_style(super::GRID.stroke_width(scale.px(1)))
            .light_line_style(WHITE.mix(0.0))
            .set_all_tick_mark_size(scale.px(4))
            .draw(),
    )?;
    Ok(chart)
}

/// The lines' names, the shortest first, and the mark of the best step.
fn legend<DB: DrawingBackend>(
    area: &Area<DB>,
    scale: Scale,
    lines: &[(RGBColor, &str, Figure)],
) -> Result<()> {
    let mut entries: Vec<(RGBColor, &str)> = lines
        .iter()
        .map(|(colour, name, _)| (*colour, *name))
        .collect();
    entries.sort_by_key(|entry| entry.1.len());
    charts::legend(area, scale, (112, 46), &entries)?;
    let below_px = 44 + 22 * entries.len() as u32;
    drawn(area.draw_text(
        "- -  best step",
        &scale.label(),
        (scale.px(109) as i32, scale.px(below_px) as i32),
    ))
}
