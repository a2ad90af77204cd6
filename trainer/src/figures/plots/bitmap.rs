//! Plots as pixels: plotters' bitmap with text by a font of our own, and PNG files.

use std::fs;
use std::path::Path;

use ab_glyph::{Font as _, FontRef, PxScale, ScaleFont as _};
use anyhow::{Context as _, Result, anyhow};
use plotters::backend::{BitMapBackend, DrawingBackend};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind,
};

/// DejaVu Sans, reduced to the characters that plots use: a machine may have no fonts.
const FONT: &[u8] = include_bytes!("../../../fonts/DejaVuSans-Latin.ttf");

/// Ratio of plotters' font size, which is a line, to the em of the letters, as in its SVG files.
const LINE_PER_EM: f64 = 1.24;

/// RGB pixels to draw on.
pub struct Bitmap<'a> {
    pixels: BitMapBackend<'a>,
    font: FontRef<'static>,
}

impl<'a> Bitmap<'a> {
    /// Draws into `width * height * 3` bytes.
    ///
    /// # Errors
    ///
    /// When the built-in font can't be read.
    pub fn new(pixels: &'a mut [u8], size: (u32, u32)) -> Result<Self> {
        Ok(Self {
            pixels: BitMapBackend::with_buffer(pixels, size),
            font: FontRef::try_from_slice(FONT)
                .map_err(|error| anyhow!("the built-in font: {error}"))?,
        })
    }
}

type Drawn<'a> = Result<(), DrawingErrorKind<<BitMapBackend<'a> as DrawingBackend>::ErrorType>>;

impl<'a> DrawingBackend for Bitmap<'a> {
    type ErrorType = <BitMapBackend<'a> as DrawingBackend>::ErrorType;

    fn get_size(&self) -> (u32, u32) {
        self.pixels.get_size()
    }

    fn ensure_prepared(&mut self) -> Drawn<'a> {
        self.pixels.ensure_prepared()
    }

    fn present(&mut self) -> Drawn<'a> {
        self.pixels.present()
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Drawn<'a> {
        self.pixels.draw_pixel(point, color)
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn<'a> {
        self.pixels.draw_line(from, to, style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn<'a> {
        self.pixels.draw_rect(upper_left, bottom_right, style, fill)
    }

    /// Glyph by glyph along the baseline, turned around `at` as a whole.
    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        at: BackendCoord,
    ) -> Drawn<'a> {
        let em_px = (style.size() / LINE_PER_EM) as f32;
        let font = &self.font;
        // ab_glyph's scale is the height from ascender to descender, not the em.
        let scale =
            PxScale::from(em_px * font.height_unscaled() / font.units_per_em().unwrap_or(1_000.0));
        let scaled = font.as_scaled(scale);
        let width: f32 = text
            .chars()
            .map(|letter| scaled.h_advance(scaled.glyph_id(letter)))
            .sum();
        let anchor = style.anchor();
        let left = match anchor.h_pos {
            HPos::Left => 0.0,
            HPos::Center => -width / 2.0,
            HPos::Right => -width,
        };
        // The baseline as in plotters' SVG files, with an ex of half an em.
        let baseline = em_px
            * match anchor.v_pos {
                VPos::Top => 0.76,
                VPos::Center => 0.27,
                VPos::Bottom => -0.27,
            };
        let (turn, colour) = (style.transform(), style.color());
        let mut pen = left;
        for letter in text.chars() {
            let id = scaled.glyph_id(letter);
            let glyph = id.with_scale_and_position(scale, ab_glyph::point(pen, baseline));
            pen += scaled.h_advance(id);
            let Some(outline) = font.outline_glyph(glyph) else {
                continue;
            };
            let corner = outline.px_bounds().min;
            let mut covered = Vec::new();
            outline.draw(|x, y, coverage| covered.push((x, y, coverage)));
            for (x, y, coverage) in covered {
                let (x, y) = turn.transform(corner.x as i32 + x as i32, corner.y as i32 + y as i32);
                let colour = BackendColor {
                    alpha: colour.alpha * f64::from(coverage.min(1.0)),
                    rgb: colour.rgb,
                };
                self.pixels.draw_pixel((at.0 + x, at.1 + y), colour)?;
            }
        }
        Ok(())
    }
}

/// Writes RGB pixels as a PNG file (W3C recommendation "Portable Network Graphics", second
/// edition): header, one compressed block of rows that each begin with filter 0, end.
///
/// # Errors
///
/// When the file can't be written.
pub fn write_png(path: &Path, pixels: &[u8], (width, height): (u32, u32)) -> Result<()> {
    const COMPRESSION: u8 = 6;
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    // Eight bits a sample, RGB, deflate, the standard filters, not interlaced.
    header.extend([8, 2, 0, 0, 0]);
    let rows: Vec<u8> = pixels
        .chunks_exact(width as usize * 3)
        .flat_map(|row| std::iter::once(0).chain(row.iter().copied()))
        .collect();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let compressed = miniz_oxide::deflate::compress_to_vec_zlib(&rows, COMPRESSION);
    for (name, content) in [
        (b"IHDR", header.as_slice()),
        (b"IDAT", &compressed),
        (b"IEND", &[]),
    ] {
        png.extend((content.len() as u32).to_be_bytes());
        let start = png.len();
        png.extend(name);
        png.extend(content);
        let checksum = crc32fast::hash(&png[start..]);
        png.extend(checksum.to_be_bytes());
    }
    fs::write(path, png).with_context(|| format!("can't write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use plotters::prelude::*;
    use plotters::style::text_anchor::Pos;

    const SIZE: (u32, u32) = (120, 60);

    /// Left, top, right, bottom of what isn't white.
    fn inked(draw: impl FnOnce(&DrawingArea<Bitmap<'_>, plotters::coord::Shift>)) -> [u32; 4] {
        let mut pixels = vec![255; (SIZE.0 * SIZE.1 * 3) as usize];
        draw(&Bitmap::new(&mut pixels, SIZE).unwrap().into_drawing_area());
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
        let style = |h, v| TextStyle::from(("sans-serif", 25).into_font()).pos(Pos::new(h, v));
        let upright = inked(|area| {
            area.draw_text("HH", &style(HPos::Left, VPos::Top), (60, 30))
                .unwrap()
        });
        // An H of 20 px em is 15 px high and two are about 30 px wide.
        assert!(
            (60..64).contains(&upright[0]) && (84..92).contains(&upright[2]),
            "{upright:?}"
        );
        assert!(
            (30..32).contains(&upright[1]) && (43..46).contains(&upright[3]),
            "{upright:?}"
        );
        let right = inked(|area| {
            area.draw_text("HH", &style(HPos::Right, VPos::Bottom), (60, 30))
                .unwrap()
        });
        assert!(
            (30..36).contains(&right[0]) && right[2] < 60 && right[3] < 30,
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
    fn a_png_holds_its_pixels() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let pixels: Vec<u8> = (0..2 * 3 * 3).map(|value| value * 10).collect();
        write_png(&path, &pixels, (2, 3)).unwrap();
        let file = fs::read(path).unwrap();
        assert_eq!(&file[12..26], b"IHDR\0\0\0\x02\0\0\0\x03\x08\x02");
        // After the header's 13 bytes and its checksum: length, name, content, checksum.
        let length = u32::from_be_bytes(file[33..37].try_into().unwrap()) as usize;
        let rows = miniz_oxide::inflate::decompress_to_vec_zlib(&file[41..41 + length]).unwrap();
        assert!(rows.chunks(7).all(|row| row[0] == 0));
        let content: Vec<u8> = rows.chunks(7).flat_map(|row| row[1..].to_vec()).collect();
        assert_eq!(content, pixels);
        // The checksum of an empty IEND, as every PNG file ends.
        assert_eq!(&file[file.len() - 4..], [0xae, 0x42, 0x60, 0x82]);
    }
}
