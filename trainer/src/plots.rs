//! Plots of an evaluation as SVG: ROC, precision-recall, confusion matrix, histogram of scores.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::metrics::{self, Metrics, Scored};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const SIZE: (u32, u32) = (640, 480);
/// Two colours that also differ for colour-blind readers, and by brightness.
const COPY: RGBColor = RGBColor(11, 110, 153);
const OTHER: RGBColor = RGBColor(214, 120, 30);
const INK: RGBColor = RGBColor(50, 50, 56);
const TEXT_PX: u32 = 15;

/// Draws all plots of scored pairs into a folder.
///
/// # Errors
///
/// When a file can't be written.
pub fn draw(folder: &Path, scored: &[Scored<'_>], threshold: f32) -> Result<()> {
    let metrics = Metrics::of(scored, threshold);
    let curve = metrics::curve(scored);
    let roc: Vec<(f64, f64)> = curve
        .iter()
        .map(|point| (point.false_positive_rate, point.recall))
        .collect();
    let precision: Vec<(f64, f64)> = curve
        .iter()
        .map(|point| (point.recall, point.precision))
        .collect();
    let auc = format!("ROC, area {:.5}", metrics.roc_auc);
    save(folder, "roc.svg", |area| {
        line(area, &auc, "false-positive rate", "recall", &roc)
    })?;
    let average = format!(
        "Precision and recall, average precision {:.5}",
        metrics.average_precision
    );
    save(folder, "precision_recall.svg", |area| {
        line(area, &average, "recall", "precision", &precision)
    })?;
    save(folder, "confusion_matrix.svg", |area| {
        confusion(area, &metrics)
    })?;
    save(folder, "scores.svg", |area| {
        histogram(area, scored, threshold)
    })
}

fn save(folder: &Path, name: &str, draw: impl FnOnce(&Area<'_>) -> Result<()>) -> Result<()> {
    let path = folder.join(name);
    let area = SVGBackend::new(&path, SIZE).into_drawing_area();
    drawn(area.fill(&WHITE))?;
    draw(&area)?;
    drawn(area.present())
}

/// Errors of plotters borrow their drawing; only their text outlives it.
fn drawn<T, E: std::error::Error>(result: Result<T, E>) -> Result<T> {
    result.map_err(|error| anyhow!("can't draw: {error}"))
}

fn text(px: u32) -> TextStyle<'static> {
    ("sans-serif", px).into_font().color(&INK)
}

/// A curve in the unit square.
fn line(area: &Area<'_>, title: &str, x: &str, y: &str, points: &[(f64, f64)]) -> Result<()> {
    let mut chart = drawn(
        ChartBuilder::on(area)
            .caption(title, text(TEXT_PX + 3))
            .margin(14)
            .x_label_area_size(46)
            .y_label_area_size(56)
            .build_cartesian_2d(0.0..1.0, 0.0..1.0),
    )?;
    drawn(
        chart
            .configure_mesh()
            .x_desc(x)
            .y_desc(y)
            .label_style(text(TEXT_PX))
            .light_line_style(WHITE)
            .draw(),
    )?;
    drawn(chart.draw_series(LineSeries::new(
        points.iter().copied(),
        COPY.stroke_width(2),
    )))?;
    Ok(())
}

/// Scores of copies and of other music, as shares of each in twentieths.
fn histogram(area: &Area<'_>, scored: &[Scored<'_>], threshold: f32) -> Result<()> {
    const BINS: usize = 20;
    let shares = |is_copy: bool| {
        let mut bins = [0.0; BINS];
        let of_kind = scored.iter().filter(|pair| pair.is_copy == is_copy);
        let total = of_kind.clone().count().max(1) as f64;
        for pair in of_kind {
            bins[((pair.score * BINS as f32) as usize).min(BINS - 1)] += 1.0 / total;
        }
        bins
    };
    let (copies, others) = (shares(true), shares(false));
    let mut chart = drawn(
        ChartBuilder::on(area)
            .caption("Scores of copies and of other music", text(TEXT_PX + 3))
            .margin(14)
            .x_label_area_size(46)
            .y_label_area_size(56)
            .build_cartesian_2d(0.0..1.0, 0.0..1.0),
    )?;
    drawn(
        chart
            .configure_mesh()
            .x_desc("score")
            .y_desc("share of pairs")
            .label_style(text(TEXT_PX))
            .light_line_style(WHITE)
            .draw(),
    )?;
    let width = 1.0 / BINS as f64;
    for (bins, colour, name, from) in [
        (others, OTHER, "other music", 0.05),
        (copies, COPY, "copies", 0.5),
    ] {
        let bars = bins.into_iter().enumerate().map(move |(bin, share)| {
            let left = (bin as f64 + from) * width;
            Rectangle::new([(left, 0.0), (left + 0.45 * width, share)], colour.filled())
        });
        drawn(chart.draw_series(bars))?
            .label(name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 10, y + 5)], colour.filled()));
    }
    let threshold = f64::from(threshold);
    drawn(chart.draw_series(LineSeries::new(
        [(threshold, 0.0), (threshold, 1.0)],
        INK.stroke_width(1),
    )))?
    .label("threshold")
    .legend(|(x, y)| PathElement::new([(x, y), (x + 10, y)], INK.stroke_width(1)));
    drawn(
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperMiddle)
            .label_font(text(TEXT_PX))
            .border_style(INK.mix(0.3))
            .background_style(WHITE)
            .draw(),
    )
}

/// Counts of verdicts, shaded by their share of the row.
fn confusion(area: &Area<'_>, metrics: &Metrics) -> Result<()> {
    let metrics::Confusion { tp, fp, tn, fn_ } = metrics.confusion;
    let title = format!("Verdicts at threshold {}", metrics.threshold);
    drawn(area.titled(&title, text(TEXT_PX + 3)).map(|_| ()))?;
    let (left, top, side) = (170, 90, 170);
    let centred = text(TEXT_PX + 9).pos(Pos::new(HPos::Center, VPos::Center));
    let label = text(TEXT_PX).pos(Pos::new(HPos::Center, VPos::Center));
    for (row, (name, counts)) in [("copies", [tp, fn_]), ("other music", [fp, tn])]
        .into_iter()
        .enumerate()
    {
        let y = top + row as i32 * side;
        drawn(area.draw_text(name, &label, (left / 2, y + side / 2)))?;
        let total = (counts[0] + counts[1]).max(1);
        for (column, count) in counts.into_iter().enumerate() {
            let x = left + column as i32 * side;
            let share = count as f64 / total as f64;
            let corners = [(x + 2, y + 2), (x + side - 2, y + side - 2)];
            drawn(area.draw(&Rectangle::new(
                corners,
                COPY.mix(0.08 + 0.5 * share).filled(),
            )))?;
            drawn(area.draw_text(
                &format!("{count}"),
                &centred,
                (x + side / 2, y + side / 2 - 10),
            ))?;
            drawn(area.draw_text(
                &format!("{:.2} %", 100.0 * share),
                &label,
                (x + side / 2, y + side / 2 + 18),
            ))?;
        }
    }
    for (column, name) in ["called copies", "called different"]
        .into_iter()
        .enumerate()
    {
        drawn(area.draw_text(
            name,
            &label,
            (left + column as i32 * side + side / 2, top - 16),
        ))?;
    }
    Ok(())
}
