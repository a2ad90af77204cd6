//! Plots as pixels: plotters' bitmap with text in a built-in font, smoothed, as a PNG file.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use plotters::prelude::*;

use super::{Plot, Scale, drawn};

/// DejaVu Sans, reduced to the characters that plots use: a machine may have no fonts.
const FONT: &[u8] = include_bytes!("../../../fonts/DejaVuSans-Latin.ttf");

/// PNG files have twice the nominal size of the SVG, for dense screens.
const PNG_SCALE: u32 = 2;
/// They are drawn this much larger again and then shrunk, which smooths every edge.
const SMOOTHING: u32 = 2;

/// Gives plotters the font, by which it lays out text in any file format.
///
/// # Errors
///
/// When the built-in font can't be read.
pub fn register_font() -> Result<()> {
    plotters::style::register_font(super::FONT_FAMILY, FontStyle::Normal, FONT)
        .map_err(|_| anyhow!("the built-in font can't be read"))
}

/// Writes a plot as a PNG file.
///
/// # Errors
///
/// When the file can't be written.
pub fn save(path: &Path, plot: &impl Plot) -> Result<()> {
    register_font()?;
    let (width, height) = plot.size();
    let drawn_at = PNG_SCALE * SMOOTHING;
    let mut pixels = vec![0; (width * drawn_at * height * drawn_at * 3) as usize];
    {
        let size = (width * drawn_at, height * drawn_at);
        let area = BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area();
        drawn(area.fill(&WHITE))?;
        plot.draw(&area, Scale(drawn_at))?;
        drawn(area.present())?;
    }
    let shrunk = shrink(&pixels, (width * drawn_at) as usize);
    write_png(path, &shrunk, (width * PNG_SCALE, height * PNG_SCALE))
        .with_context(|| format!("can't write {}", path.display()))
}

/// Means of squares of `SMOOTHING` pixels; RGB, rows of `width` pixels.
fn shrink(pixels: &[u8], width: usize) -> Vec<u8> {
    let side = SMOOTHING as usize;
    let mut shrunk = Vec::with_capacity(pixels.len() / (side * side));
    for rows in pixels.chunks_exact(width * 3 * side) {
        for column in 0..width / side {
            for channel in 0..3 {
                let sum: usize = (0..side * side)
                    .map(|index| {
                        let (row, pixel) = (index / side, column * side + index % side);
                        usize::from(rows[(row * width + pixel) * 3 + channel])
                    })
                    .sum();
                shrunk.push((sum / (side * side)) as u8);
            }
        }
    }
    shrunk
}

fn write_png(path: &Path, rgb: &[u8], (width, height): (u32, u32)) -> Result<()> {
    let mut encoder = png::Encoder::new(BufWriter::new(File::create(path)?), width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(rgb)?;
    Ok(writer.finish()?)
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;
    use plotters::coord::Shift;
    use plotters::style::text_anchor::{HPos, Pos, VPos};

    const SIZE: (u32, u32) = (120, 60);

    /// Left, top, right and bottom of the dark pixels.
    fn inked(draw: impl FnOnce(&DrawingArea<BitMapBackend<'_>, Shift>)) -> [u32; 4] {
        register_font().unwrap();
        let mut pixels = vec![255; (SIZE.0 * SIZE.1 * 3) as usize];
        draw(&BitMapBackend::with_buffer(&mut pixels, SIZE).into_drawing_area());
        let ink = pixels
            .chunks_exact(3)
            .enumerate()
            .filter(|(_, pixel)| pixel[0] < 128);
        ink.fold(
            [u32::MAX, u32::MAX, 0, 0],
            |[left, top, right, bottom], (index, _)| {
                let (x, y) = (index as u32 % SIZE.0, index as u32 / SIZE.0);
                [left.min(x), top.min(y), right.max(x), bottom.max(y)]
            },
        )
    }

    #[test]
    fn text_is_placed_by_its_anchor_and_turned() {
        let style = |h, v| {
            TextStyle::from((crate::figures::plots::FONT_FAMILY, 25).into_font())
                .pos(Pos::new(h, v))
        };
        let upright = inked(|area| {
            area.draw_text("HH", &style(HPos::Left, VPos::Top), (60, 30))
                .unwrap()
        });
        // An H of 21 px em is 16 px high and two are about 32 px wide.
        assert!(
            (58..64).contains(&upright[0]) && (84..92).contains(&upright[2]),
            "{upright:?}"
        );
        assert!(
            (26..32).contains(&upright[1]) && (41..46).contains(&upright[3]),
            "{upright:?}"
        );
        let right = inked(|area| {
            area.draw_text("HH", &style(HPos::Right, VPos::Bottom), (60, 30))
                .unwrap()
        });
        assert!(
            (26..36).contains(&right[0]) && right[2] < 60 && right[3] < 30,
            "{right:?}"
        );
        let turned = style(HPos::Left, VPos::Top).transform(FontTransform::Rotate270);
        let turned = inked(|area| area.draw_text("HH", &turned, (60, 50)).unwrap());
        assert!(
            turned[3] - turned[1] > turned[2] - turned[0] && turned[3] <= 50,
            "{turned:?}"
        );
    }

    #[test]
    fn a_png_has_its_pixels() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let pixels: Vec<u8> = (0..2 * 3 * 3).map(|value| value * 10).collect();
        write_png(&path, &pixels, (2, 3)).unwrap();
        let file = BufReader::new(File::open(path).unwrap());
        let mut reader = png::Decoder::new(file).read_info().unwrap();
        let info = reader.info();
        assert_eq!((info.width, info.height), (2, 3));
        assert_eq!(
            (info.color_type, info.bit_depth),
            (png::ColorType::Rgb, png::BitDepth::Eight)
        );
        let mut content = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut content).unwrap();
        assert_eq!(content, pixels);
    }

    #[test]
    fn shrinking_averages_squares() {
        // Two squares side by side: one black and white mixed, one all 10.
        let pixel = |value: u8| [value, value, 0];
        let rows = [
            [pixel(0), pixel(255), pixel(10), pixel(10)].concat(),
            [pixel(255), pixel(0), pixel(10), pixel(10)].concat(),
        ]
        .concat();
        assert_eq!(shrink(&rows, 4), [127, 127, 0, 10, 10, 0]);
    }
}
