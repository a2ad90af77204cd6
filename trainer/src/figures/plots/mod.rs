//! Plots as SVG and PNG, all in one style.

mod bitmap;
mod charts;
mod confusion;
mod curves;
mod histogram;
mod learning;
mod strength;
mod versions;

pub mod spectrogram;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::figures::composition::ComparedPair;
use crate::figures::evaluation::Evaluation;
use crate::figures::history::HistoryEntry;
use crate::figures::metrics::{Ranking, Scored};

/// Two colours that colour-blind readers can tell apart, also by brightness.
const COPY: RGBColor = RGBColor(11, 110, 153);
const OTHER: RGBColor = RGBColor(214, 120, 30);
const INK: RGBColor = RGBColor(40, 40, 46);
const GRID: RGBColor = RGBColor(225, 227, 230);

const FONT_FAMILY: &str = "sans-serif";

type Area<DB> = DrawingArea<DB, Shift>;

/// A drawing at any size: nominal pixels are converted by a [`Scale`].
trait Plot {
    /// Nominal width and height.
    fn size(&self) -> (u32, u32);

    /// Draws onto an area of that size, scaled.
    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, scale: Scale) -> Result<()>;
}

/// Pixels in a nominal one.
#[derive(Clone, Copy, Debug)]
struct Scale(u32);

impl Scale {
    fn px(self, nominal: u32) -> u32 {
        nominal * self.0
    }

    fn text(self, nominal_px: u32) -> TextStyle<'static> {
        (FONT_FAMILY, self.px(nominal_px)).into_font().color(&INK)
    }

    /// Labels of axes and panels.
    fn label(self) -> TextStyle<'static> {
        self.text(15)
    }

    fn title(self) -> TextStyle<'static> {
        self.text(18)
    }
}

/// Draws all plots of an evaluation into a folder. Plots that need both labels, or a modification
/// in several strengths, are left out where the table lacks them.
///
/// # Errors
///
/// When a file can't be written.
pub fn draw(folder: &Path, scored: &[Scored<'_>], evaluation: &Evaluation) -> Result<()> {
    let curve = Ranking::new(scored).curve();
    if !curve.is_empty() {
        save(folder, "roc", &curves::Curve::roc(&curve, evaluation))?;
        save(
            folder,
            "precision_recall",
            &curves::Curve::precision_recall(&curve, evaluation),
        )?;
    }
    save(
        folder,
        "confusion_matrix",
        &confusion::ConfusionMatrix(evaluation),
    )?;
    save(
        folder,
        "scores",
        &histogram::Histogram {
            scored,
            threshold: evaluation.threshold,
        },
    )?;
    let panels = strength::Panels::of(evaluation);
    if !panels.is_empty() {
        save(folder, "score_by_strength", &panels)?;
    }
    Ok(())
}

/// Draws the plots of composition scores into a folder; none if the table has one label only.
///
/// # Errors
///
/// When a file can't be written.
pub fn draw_versions(folder: &Path, pairs: &[ComparedPair<'_>]) -> Result<()> {
    let curves = versions::VersionCurves::of(pairs);
    if curves.is_empty() {
        return Ok(());
    }
    save(folder, "composition_roc", &curves)
}

/// Draws the learning curves of a run into a folder.
///
/// # Errors
///
/// When a file can't be written.
pub fn draw_learning(folder: &Path, history: &[HistoryEntry]) -> Result<()> {
    save(
        folder,
        "learning_curves",
        &learning::LearningCurves(history),
    )
}

/// Writes a plot as NAME.svg and NAME.png.
fn save(folder: &Path, name: &str, plot: &impl Plot) -> Result<()> {
    save_svg(&folder.join(name).with_extension("svg"), plot)?;
    bitmap::save(&folder.join(name).with_extension("png"), plot)
}

fn save_svg(path: &Path, plot: &impl Plot) -> Result<()> {
    bitmap::register_font()?;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, plot.size()).into_drawing_area();
        drawn(area.fill(&WHITE))?;
        plot.draw(&area, Scale(1))?;
        drawn(area.present())?;
    }
    fs::write(path, svg).with_context(|| format!("can't write {}", path.display()))
}

/// Errors of plotters borrow the drawing, so only their text is kept.
fn drawn<T, E: std::error::Error>(result: Result<T, E>) -> Result<T> {
    result.map_err(|error| anyhow!("can't draw: {error}"))
}
