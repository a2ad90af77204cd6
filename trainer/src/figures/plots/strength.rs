//! Scores of copies against the strength of their modification, one panel a modification.

use anyhow::Result;
use plotters::prelude::*;

use super::charts::{self, Axes, Chart};
use super::{Area, COPY, GRID, INK, OTHER, Plot, Scale, drawn};
use crate::figures::evaluation::{Evaluation, PerModification, PerStrength};

/// The modifications with at least two strengths.
pub struct Panels<'a> {
    panels: Vec<(&'a str, &'a PerModification)>,
    threshold: f32,
}

const COLUMNS: usize = 3;
const PANEL: (u32, u32) = (360, 270);
/// Room for the title above the panels, and for the legend.
const HEAD_PX: u32 = 66;

impl<'a> Panels<'a> {
    pub fn of(evaluation: &'a Evaluation) -> Self {
        let panels = evaluation
            .per_modification
            .iter()
            .filter(|(_, modification)| modification.strengths.len() >= 2)
            .map(|(family, modification)| (family.as_str(), modification))
            .collect();
        Self {
            panels,
            threshold: evaluation.threshold,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.panels.is_empty()
    }

    fn rows(&self) -> usize {
        self.panels.len().div_ceil(COLUMNS)
    }

    fn columns(&self) -> usize {
        self.panels.len().min(COLUMNS)
    }
}

/// The score below which this share of a strength's copies lie.
fn quantile(of: &PerStrength, share: f64) -> f64 {
    let mut scores = of.scores.clone();
    scores.sort_by(f32::total_cmp);
    let place = (share * (scores.len() - 1) as f64).round() as usize;
    f64::from(scores[place])
}

impl Plot for Panels<'_> {
    fn size(&self) -> (u32, u32) {
        // A single column would be too narrow for the title and the legend.
        let width = (PANEL.0 * self.columns() as u32).max(2 * PANEL.0);
        (width, PANEL.1 * self.rows() as u32 + HEAD_PX)
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, scale: Scale) -> Result<()> {
        let px = |nominal: u32| scale.px(nominal) as i32;
        drawn(area.draw_text(
            "Scores of copies by the strength of the change",
            &scale.title(),
            (px(14), px(8)),
        ))?;
        let band = COPY.mix(0.22);
        drawn(area.draw(&Rectangle::new(
            [(px(16), px(40)), (px(40), px(54))],
            band.filled(),
        )))?;
        drawn(area.draw(&PathElement::new(
            [(px(16), px(47)), (px(40), px(47))],
            COPY.stroke_width(scale.px(2)),
        )))?;
        drawn(area.draw_text(
            "median, and the middle 90 %",
            &scale.label(),
            (px(48), px(38)),
        ))?;
        drawn(area.draw(&Circle::new((px(290), px(47)), px(4), OTHER.filled())))?;
        drawn(area.draw_text(
            "recall at the threshold (dashed)",
            &scale.label(),
            (px(301), px(38)),
        ))?;

        let (_, below) = area.split_vertically(scale.px(HEAD_PX));
        let cells = below.split_evenly((self.rows(), self.columns()));
        for (cell, (family, modification)) in cells.iter().zip(&self.panels) {
            self.panel(cell, scale, family, modification)?;
        }
        Ok(())
    }
}

impl Panels<'_> {
    fn panel<DB: DrawingBackend>(
        &self,
        area: &Area<DB>,
        scale: Scale,
        family: &str,
        modification: &PerModification,
    ) -> Result<()> {
        let strengths = &modification.strengths;
        let (first, last) = (
            strengths[0].strength,
            strengths[strengths.len() - 1].strength,
        );
        let margin = (last - first) * 0.06;
        let x = if modification.unit.is_empty() {
            family.to_owned()
        } else {
            format!("{family}, {}", modification.unit)
        };
        let axes = Axes {
            title: "",
            x: &x,
            y: "",
            x_range: first - margin..last + margin,
            y_range: 0.0..1.05,
            ticks: 6,
            y_decimals: 1,
        };
        let mut chart = charts::axes(area, scale, &axes)?;
        self.draw_levels(&mut chart, scale, &axes)?;
        draw_scores(&mut chart, scale, strengths)
    }

    /// The upper edge, where perfect scores lie, and the threshold.
    fn draw_levels<DB: DrawingBackend>(
        &self,
        chart: &mut Chart<'_, DB>,
        scale: Scale,
        axes: &Axes<'_>,
    ) -> Result<()> {
        let (left, right) = (axes.x_range.start, axes.x_range.end);
        let upper_edge = [(left, 1.0), (right, 1.0)];
        charts::line(chart, upper_edge, GRID.stroke_width(scale.px(1)))?;
        let threshold = f64::from(self.threshold);
        let dashes = DashedLineSeries::new(
            [(left, threshold), (right, threshold)],
            scale.px(6),
            scale.px(5),
            INK.mix(0.6).stroke_width(scale.px(1)),
        );
        drawn(chart.draw_series(dashes))?;
        Ok(())
    }
}

/// The middle 90 % of the scores as a band, their median as a line, the recall as dots.
fn draw_scores<DB: DrawingBackend>(
    chart: &mut Chart<'_, DB>,
    scale: Scale,
    strengths: &[PerStrength],
) -> Result<()> {
    let upper = strengths.iter().map(|of| (of.strength, quantile(of, 0.95)));
    let lower = strengths
        .iter()
        .rev()
        .map(|of| (of.strength, quantile(of, 0.05)));
    let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
    drawn(chart.draw_series([Polygon::new(outline, COPY.mix(0.22).filled())]))?;
    let median = strengths.iter().map(|of| (of.strength, quantile(of, 0.5)));
    charts::line(chart, median, COPY.stroke_width(scale.px(2)))?;
    let dots = strengths.iter().map(|of| {
        Circle::new(
            (of.strength, of.group.called_copies),
            scale.px(4),
            OTHER.filled(),
        )
    });
    drawn(chart.draw_series(dots))?;
    Ok(())
}
