//! A heat map: a number for each pair of settings, in the colours of cividis, with the number in its cell.

use super::axis::Axis;
use super::chart::Plot;
use super::svg::{Svg, colour, shortened};
use super::{Drawing, both};
use sim_core::results::Verdict;

/// Cividis at ten equal steps (J. R. Nuñez et al., *Optimizing colormaps with consideration for color vision deficiency*, 2018;
/// values of viridisLite): it grows lighter all the way, and looks the same to nearly all eyes.
const CIVIDIS: [[u8; 3]; 10] = [
    [0x00, 0x20, 0x4D],
    [0x00, 0x33, 0x6F],
    [0x39, 0x48, 0x6B],
    [0x57, 0x5C, 0x6D],
    [0x70, 0x71, 0x73],
    [0x8A, 0x87, 0x79],
    [0xA6, 0x9D, 0x75],
    [0xC4, 0xB5, 0x6C],
    [0xE4, 0xCF, 0x5B],
    [0xFF, 0xEA, 0x46],
];

/// White or black, whichever is read better on a colour: one of both has a contrast of 4.5 on any. No theme changes them.
fn ink(colour: &str) -> &'static str {
    // Where the contrast to white is that to black (WCAG 2): (1 + 0.05) / (L + 0.05) = (L + 0.05) / 0.05.
    if luminance(colour) > 0.179 { "#000000" } else { "#FFFFFF" }
}

/// Relative luminance of `#RRGGBB`, by WCAG 2.
fn luminance(hex: &str) -> f64 {
    let channel = |at: usize| {
        let c = f64::from(hex.get(at..at + 2).and_then(|c| u8::from_str_radix(c, 16).ok()).unwrap_or(0)) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { sim_core::engine::math::pow((c + 0.055) / 1.055, 2.4) }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

/// A number in the map.
#[derive(Debug, Clone)]
pub struct Cell {
    /// Where it is between the least and the most, from 0 to 1.
    pub part: f64,
    /// The number, as it is written.
    pub text: String,
    /// Its interval, as it is written; empty if it has none.
    pub interval: String,
    /// The verdict, said by a letter.
    pub verdict: Option<Verdict>,
}

/// A heat map.
#[derive(Debug)]
pub struct HeatMap<'a> {
    /// Name of what changes from left to right, and its values.
    pub across: (&'a str, &'a [String]),
    /// Name of what changes from top to bottom, and its values.
    pub down: (&'a str, &'a [String]),
    /// Row by row; `None` without data.
    pub cells: Vec<Option<Cell>>,
    /// The names of colours, each at its place from 0 to 1, where the map has but a few; they stand beneath it.
    pub legend: &'a [(f64, &'a str)],
}

/// Room for the names of colours beneath a map.
const LEGEND: f64 = 24.0;

/// A colour of cividis, from 0 to 1.
fn cividis(part: f64) -> String {
    let at = part.clamp(0.0, 1.0) * 9.0;
    let (below, rest) = ((at.floor() as usize).min(8), at - at.floor().min(8.0));
    let mix = |i: usize| {
        let (a, b) = (f64::from(CIVIDIS[below][i]), f64::from(CIVIDIS[below + 1][i]));
        (a + (b - a) * rest).round() as u8
    };
    format!("#{:02X}{:02X}{:02X}", mix(0), mix(1), mix(2))
}

/// The letter of a verdict, which says it without colour.
pub fn letter(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Held => "H",
        Verdict::Inconclusive => "I",
        Verdict::Broken => "B",
    }
}

impl HeatMap<'_> {
    /// Draws it at both widths.
    pub fn draw(&self, title: &str, desc: &str) -> Drawing {
        let rows = self.down.1.len();
        let high = |row: f64| 64.0 + row * rows as f64 + 8.0 + self.beneath();
        let tall = if rows > 8 { 26.0 } else { 40.0 };
        both(title, desc, (high(tall), high(30.0)), None, |svg| self.cells(svg))
    }

    fn beneath(&self) -> f64 {
        if self.legend.is_empty() { 0.0 } else { LEGEND }
    }

    /// A square of each colour with its name, from left to right.
    fn names_of_colours(&self, svg: &mut Svg) {
        // Beneath a narrow map they need its whole width.
        let (mut x, y) = (if svg.is_narrow() { 0.0 } else { svg.left }, svg.height - 6.0);
        for (part, name) in self.legend {
            svg.rect(x, y - 10.0, 10.0, 10.0, &cividis(*part));
            svg.text(x + 14.0, y, name, colour::INK2, "start", false);
            x += 14.0 + name.chars().count() as f64 * 7.2 + 12.0;
        }
    }

    fn cells(&self, svg: &mut Svg) {
        let (columns, rows) = (self.across.1.len().max(1), self.down.1.len().max(1));
        let longest = self.down.1.iter().map(|l| l.chars().count()).max().unwrap_or(0) as f64;
        let most = if svg.is_narrow() { 84.0 } else { 150.0 };
        svg.left = (longest * 7.2 + 12.0).clamp(36.0, most);
        (svg.right, svg.top, svg.bottom) = (svg.width - 2.0, 58.0, svg.height - 6.0 - self.beneath());
        let wide = ((svg.right - svg.left) / columns as f64).min(if svg.is_narrow() { 80.0 } else { 150.0 });
        let tall = (svg.bottom - svg.top) / rows as f64;
        svg.right = svg.left + wide * columns as f64;
        let plot = Plot::new(svg, Axis::linear(0.0, columns as f64), Axis::linear(0.0, rows as f64));
        let room = if svg.is_narrow() { 150.0 } else { 300.0 };
        svg.text(svg.left, 14.0, &format!("{} \u{2192}", self.across.0), colour::INK2, "start", false);
        svg.text(0.0, 50.0, &format!("{} \u{2193}", fitted(self.down.0, room)), colour::INK2, "start", false);
        let mut last = f64::NEG_INFINITY;
        for (i, label) in self.across.1.iter().enumerate() {
            let (x, half) = (plot.x(i as f64 + 0.5), label.chars().count() as f64 * 3.6);
            if x - half >= last + 5.0 {
                svg.text(x, 32.0, label, colour::INK2, "middle", false);
                last = x + half;
            }
        }
        for (i, label) in self.down.1.iter().enumerate() {
            let y = plot.y((rows - i) as f64 - 0.5) + 4.0;
            svg.text(svg.left - 8.0, y, &shortened(label, svg.left), colour::INK2, "end", false);
        }
        self.names_of_colours(svg);
        for (i, cell) in self.cells.iter().enumerate() {
            let (x, y) = ((i % columns) as f64, (rows - i / columns) as f64);
            let middle = (plot.x(x + 0.5), plot.y(y - 0.5));
            match cell {
                Some(cell) => {
                    let fill = cividis(cell.part);
                    plot.cell(svg, [(x, y), (x + 1.0, y - 1.0)], &fill);
                    say(svg, cell, &fill, middle, (wide - 1.0, tall - 1.0));
                }
                None => svg.text(middle.0, middle.1 + 4.0, "–", colour::INK2, "middle", false),
            }
        }
    }
}

/// The end of a path, which says most, as far as there is room.
fn fitted(text: &str, room: f64) -> String {
    let most = (room / 7.2).max(3.0) as usize;
    let all = text.chars().count();
    if all <= most {
        text.to_owned()
    } else {
        std::iter::once('\u{2026}').chain(text.chars().skip(all - most + 1)).collect()
    }
}

/// The number of a cell about its middle, as far as there is room.
fn say(svg: &mut Svg, cell: &Cell, fill: &str, middle: (f64, f64), size: (f64, f64)) {
    let ink = ink(fill);
    let letter = cell.verdict.map_or_else(String::new, |v| format!(" {}", letter(v)));
    let wide = |text: &str| text.chars().count() as f64 * 7.6;
    let whole = format!("{}{letter}", cell.text);
    let text =
        [whole.as_str(), cell.text.as_str(), letter.trim()].into_iter().find(|t| wide(t) <= size.0).unwrap_or_default();
    let both = !cell.interval.is_empty() && size.1 >= 34.0 && wide(&cell.interval) <= size.0;
    let (x, y) = (middle.0 - 0.5, middle.1 - 0.5 + if both { -3.0 } else { 4.0 });
    svg.text(x, y, text, ink, "middle", true);
    if both {
        svg.text(x, y + 14.0, &cell.interval, ink, "middle", false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_grow_lighter_all_the_way() {
        let all: Vec<f64> = (0..=50).map(|i| luminance(&cividis(f64::from(i) / 50.0))).collect();
        assert!(all.is_sorted(), "{all:?}");
        assert_eq!([cividis(0.0), cividis(1.0)], ["#00204D", "#FFEA46"]);
    }

    #[test]
    fn the_number_in_a_cell_is_read() {
        for i in 0..=200 {
            let fill = cividis(f64::from(i) / 200.0);
            let (a, b) = (luminance(ink(&fill)), luminance(&fill));
            let ratio = (a.max(b) + 0.05) / (a.min(b) + 0.05);
            assert!(ratio >= 4.5, "{fill}: {ratio:.2}");
        }
    }
}
