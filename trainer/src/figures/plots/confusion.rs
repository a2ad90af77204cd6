//! The confusion matrix: counts of verdicts.

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Area, COPY, OTHER, Plot, Scale, drawn};
use crate::figures::evaluation::Evaluation;
use crate::figures::metrics::Confusion;

/// Side of a cell of the matrix.
const CELL_PX: u32 = 166;

/// Counts of verdicts, shaded by their share of the row.
pub struct ConfusionMatrix<'a>(pub &'a Evaluation);

impl Plot for ConfusionMatrix<'_> {
    fn size(&self) -> (u32, u32) {
        (560, 440)
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, scale: Scale) -> Result<()> {
        let Confusion { tp, fp, tn, fn_ } = self.0.confusion;
        let px = |nominal: u32| scale.px(nominal) as i32;
        let centred = Pos::new(HPos::Center, VPos::Center);
        let title = format!("Verdicts at threshold {}", self.0.threshold);
        drawn(area.draw_text(&title, &scale.title().pos(centred), (px(320), px(24))))?;
        let (left, top, side) = (140, 84, CELL_PX);
        let label = scale.label().pos(centred);
        for (row, (name, counts)) in [("copies", [tp, fn_]), ("other music", [fp, tn])]
            .into_iter()
            .enumerate()
        {
            let y = top + row as u32 * side;
            drawn(area.draw_text(name, &label, (px(left / 2), px(y + side / 2))))?;
            let total = counts[0] + counts[1];
            for (column, count) in counts.into_iter().enumerate() {
                let corner = (left + column as u32 * side, y);
                draw_cell(area, scale, corner, (count, total), row == column)?;
            }
        }
        for (column, name) in ["called copies", "called different"]
            .into_iter()
            .enumerate()
        {
            drawn(area.draw_text(
                name,
                &label,
                (px(left + column as u32 * side + side / 2), px(top - 18)),
            ))?;
        }
        Ok(())
    }
}

/// A count and its share of the row's `total`, on a square whose upper left corner is `(x, y)`.
fn draw_cell<DB: DrawingBackend>(
    area: &Area<DB>,
    scale: Scale,
    (x, y): (u32, u32),
    (count, total): (usize, usize),
    is_right: bool,
) -> Result<()> {
    let px = |nominal: u32| scale.px(nominal) as i32;
    let centred = Pos::new(HPos::Center, VPos::Center);
    let (large, label) = (scale.text(26).pos(centred), scale.label().pos(centred));
    let share = count as f64 / total.max(1) as f64;
    // Right verdicts blue, wrong ones orange; a wrong one is never quite white.
    let colour = if is_right {
        COPY.mix(0.06 + 0.42 * share)
    } else {
        OTHER.mix(0.06 + 0.74 * share)
    };
    let (right, bottom) = (x + CELL_PX - 2, y + CELL_PX - 2);
    let corners = [(px(x + 2), px(y + 2)), (px(right), px(bottom))];
    drawn(area.draw(&Rectangle::new(corners, colour.filled())))?;
    let (middle_x, middle_y) = (x + CELL_PX / 2, y + CELL_PX / 2);
    let at = (px(middle_x), px(middle_y - 12));
    drawn(area.draw_text(&count.to_string(), &large, at))?;
    let percent = if total == 0 {
        "-".into()
    } else {
        format!("{:.2} %", 100.0 * share)
    };
    drawn(area.draw_text(&percent, &label, (px(middle_x), px(middle_y + 18))))
}
