//! ROC, and precision against recall: the whole square, and its best corner enlarged.

use anyhow::Result;
use plotters::prelude::*;

use super::charts::{self, Axes, Chart};
use super::{Area, COPY, INK, Plot, Scale, drawn};
use crate::figures::evaluation::Evaluation;
use crate::figures::metrics::CurvePoint;

/// A curve in the unit square, with the point at the threshold.
pub struct Curve {
    title: String,
    x: &'static str,
    y: &'static str,
    points: Vec<(f64, f64)>,
    at_threshold: Option<(f64, f64)>,
    threshold: f32,
    /// Horizontal range of the enlarged corner. Its vertical range is the uppermost part of the
    /// same width.
    corner: (f64, f64),
}

/// Width of the enlarged corner: errors of good weights are of this order.
const CORNER: f64 = 0.05;

impl Curve {
    pub fn roc(curve: &[CurvePoint], evaluation: &Evaluation) -> Self {
        let figures = &evaluation.figures;
        Self {
            title: titled("ROC curve, area", figures.roc_auc),
            x: "false-positive rate",
            y: "recall",
            points: curve
                .iter()
                .map(|point| (point.false_positive_rate, point.recall))
                .collect(),
            at_threshold: figures.false_positive_rate.zip(figures.recall),
            threshold: evaluation.threshold,
            corner: (0.0, CORNER),
        }
    }

    pub fn precision_recall(curve: &[CurvePoint], evaluation: &Evaluation) -> Self {
        let figures = &evaluation.figures;
        Self {
            title: titled("Average precision", figures.average_precision),
            x: "recall",
            y: "precision",
            points: curve
                .iter()
                .map(|point| (point.recall, point.precision))
                .collect(),
            at_threshold: figures.recall.zip(figures.precision),
            threshold: evaluation.threshold,
            corner: (1.0 - CORNER, 1.0),
        }
    }
}

fn titled(name: &str, value: Option<f64>) -> String {
    value.map_or_else(|| name.to_owned(), |value| format!("{name} {value:.5}"))
}

impl Plot for Curve {
    fn size(&self) -> (u32, u32) {
        (900, 440)
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, scale: Scale) -> Result<()> {
        let halves = area.split_evenly((1, 2));
        let unit = (0.0..1.0, 0.0..1.0, 1);
        let corner = (self.corner.0..self.corner.1, 1.0 - CORNER..1.0, 2);
        for (half, title, (x_range, y_range, y_decimals)) in [
            (&halves[0], self.title.as_str(), unit),
            (&halves[1], "its best corner, enlarged", corner),
        ] {
            let axes = Axes {
                title,
                x: self.x,
                y: self.y,
                x_range: x_range.clone(),
                y_range,
                ticks: 6,
                y_decimals,
            };
            let mut chart = charts::axes(half, scale, &axes)?;
            charts::line(
                &mut chart,
                clipped(&self.points, &axes),
                COPY.stroke_width(scale.px(2)),
            )?;
            self.mark_threshold(half, scale, &axes, &mut chart)?;
        }
        Ok(())
    }
}

impl Curve {
    /// A dot with its label at the threshold, if that lies inside the axes.
    fn mark_threshold<DB: DrawingBackend>(
        &self,
        area: &Area<DB>,
        scale: Scale,
        axes: &Axes<'_>,
        chart: &mut Chart<'_, DB>,
    ) -> Result<()> {
        let (x_range, y_range) = (&axes.x_range, &axes.y_range);
        let is_inside =
            |(x, y): &(f64, f64)| x_range.start <= *x && *x <= x_range.end && y_range.start <= *y;
        let Some((x, y)) = self.at_threshold.filter(is_inside) else {
            return Ok(());
        };
        drawn(chart.draw_series([Circle::new((x, y), scale.px(5), INK.filled())]))?;
        let (left, top) = chart.backend_coord(&(x, y));
        let offset = scale.px(12) as i32;
        // Away from the nearest edge.
        let label_left = if x > (x_range.start + x_range.end) / 2.0 {
            left - offset - scale.px(112) as i32
        } else {
            left + offset
        };
        let (origin_x, origin_y) = area.get_base_pixel();
        drawn(area.draw_text(
            &format!("threshold {}", self.threshold),
            &scale.label(),
            (label_left - origin_x, top + offset - origin_y),
        ))
    }
}

/// The part of a curve inside the axes, cut at their edges, so that nothing is drawn over the
/// labels.
fn clipped(points: &[(f64, f64)], axes: &Axes<'_>) -> Vec<(f64, f64)> {
    let (low, high) = (axes.y_range.start, axes.y_range.end);
    let (left, right) = (axes.x_range.start, axes.x_range.end);
    let mut inside = Vec::new();
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        // Liang-Barsky: the part t0..t1 of the segment that lies within all four edges.
        let (dx, dy) = (x1 - x0, y1 - y0);
        let (mut t0, mut t1) = (0.0_f64, 1.0_f64);
        for (towards, distance) in [
            (-dx, x0 - left),
            (dx, right - x0),
            (-dy, y0 - low),
            (dy, high - y0),
        ] {
            if towards == 0.0 {
                if distance < 0.0 {
                    t1 = -1.0;
                }
            } else if towards < 0.0 {
                t0 = t0.max(distance / towards);
            } else {
                t1 = t1.min(distance / towards);
            }
        }
        if t0 <= t1 {
            inside.extend([(x0 + t0 * dx, y0 + t0 * dy), (x0 + t1 * dx, y0 + t1 * dy)]);
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_cut_at_the_edges() {
        let axes = Axes {
            title: "",
            x: "",
            y: "",
            x_range: 0.0..0.5,
            y_range: 0.5..1.0,
            ticks: 2,
            y_decimals: 1,
        };
        // Up the left edge from below, then to the right beyond the range.
        let cut = clipped(&[(0.0, 0.0), (0.0, 0.8), (1.0, 1.0)], &axes);
        let expected = [(0.0, 0.5), (0.0, 0.8), (0.0, 0.8), (0.5, 0.9)];
        assert_eq!(cut.len(), expected.len(), "{cut:?}");
        for (point, expected) in cut.iter().zip(expected) {
            assert!(
                (point.0 - expected.0).abs() + (point.1 - expected.1).abs() < 1e-9,
                "{cut:?}"
            );
        }
        assert!(clipped(&[(0.0, 0.0), (1.0, 0.2)], &axes).is_empty());
    }
}
