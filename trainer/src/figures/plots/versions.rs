//! ROC curves of composition scores: one for each version.

use anyhow::Result;
use plotters::prelude::*;

use super::charts::{self, Axes};
use super::{Area, COPY, INK, OTHER, Plot, Scale};
use crate::figures::composition::{ComparedPair, scored};
use crate::figures::metrics::Ranking;

/// Colours of the curves, in turn; colour-blind readers can tell them apart by brightness.
const COLOURS: [RGBColor; 5] = [
    COPY,
    OTHER,
    INK,
    RGBColor(120, 170, 60),
    RGBColor(150, 90, 170),
];
/// False alarms of the enlarged part.
const FEW: f64 = 0.02;

/// Recall against false alarms, of each version against all other music.
pub struct VersionCurves {
    curves: Vec<(String, Vec<(f64, f64)>)>,
}

impl VersionCurves {
    /// The curves; empty without pairs of the same composition and others.
    pub fn of(pairs: &[ComparedPair<'_>]) -> Self {
        let mut names: Vec<&str> = pairs
            .iter()
            .filter(|pair| pair.is_same)
            .map(|pair| pair.perturbation)
            .collect();
        names.sort_unstable();
        names.dedup();
        let curve = |name: &str| {
            let chosen = pairs
                .iter()
                .filter(|pair| !pair.is_same || pair.perturbation == name);
            let points = Ranking::new(&scored(chosen)).curve();
            let corners = points
                .windows(2)
                .flat_map(|two| {
                    // A step: recall rises at the false alarms of its threshold.
                    [
                        (two[1].false_positive_rate, two[0].recall),
                        (two[1].false_positive_rate, two[1].recall),
                    ]
                })
                .collect();
            (name.to_owned(), corners)
        };
        let curves = names.into_iter().map(curve);
        Self {
            curves: curves
                .filter(|(_, points): &(_, Vec<_>)| !points.is_empty())
                .collect(),
        }
    }

    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.curves.is_empty()
    }
}

impl Plot for VersionCurves {
    fn size(&self) -> (u32, u32) {
        (900, 440)
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, scale: Scale) -> Result<()> {
        let halves = area.split_evenly((1, 2));
        for (half, title, widest) in [
            (&halves[0], "Played anew, against other music", 1.0),
            (&halves[1], "at few false alarms", FEW),
        ] {
            let axes = Axes {
                title,
                x: "false alarms",
                y: "recall",
                x_range: 0.0..widest,
                y_range: 0.0..1.0,
                ticks: 6,
                y_decimals: 1,
            };
            let mut chart = charts::axes(half, scale, &axes)?;
            for ((_, points), colour) in self.curves.iter().zip(COLOURS.iter().cycle()) {
                let inside = points.iter().map(|&(x, y)| (x.min(widest), y)).take_while({
                    let mut is_beyond = false;
                    move |point| {
                        let keep = !is_beyond;
                        is_beyond = point.0 >= widest;
                        keep
                    }
                });
                charts::line(&mut chart, inside, colour.stroke_width(scale.px(2)))?;
            }
        }
        let names: Vec<(RGBColor, &str)> = COLOURS
            .iter()
            .cycle()
            .copied()
            .zip(self.curves.iter().map(|(name, _)| name.as_str()))
            .collect();
        charts::legend(area, scale, (230, 260), &names)
    }
}
