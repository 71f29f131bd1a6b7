//! Charts of plotters: its coordinates, mesh and series, drawn by a backend of ours into the [`Svg`], whose unit is a tenth of a pixel.
//!
//! What plotters cannot say stays in our layer: dashes, text, the marks that the page's script looks for, scales of nines, and which
//! ticks are round (a step of 2.5, the 3 of a decade, half minutes).

use super::axis::{Axis, UNITS, pixels, units};
use super::svg::{Svg, colour};
use sim_core::results::{Estimate, StudyResult};
use std::convert::Infallible;
use std::fmt::Write;

use plotters::coord::CoordTranslate;
use plotters::coord::cartesian::{Cartesian2d, MeshLine};
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Polygon, Rectangle};
use plotters::series::LineSeries;
use plotters::style::{RGBAColor, ShapeStyle};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, DrawingBackend, DrawingErrorKind};

/// Width of a character of a tick at 12 px, at most.
const CHARACTER: f64 = 7.0;

/// How much of what lies beneath a band hides.
const BAND: f64 = 0.18;

/// Units of the width of a line for each pixel.
const WIDTH_UNITS: f64 = 100.0;

/// How a series looks.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// Colour of its line.
    pub stroke: &'a str,
    /// Width of its line [px].
    pub width: f64,
    /// Its dashes; empty for none.
    pub dash: &'a str,
}

impl<'a> Look<'a> {
    /// A line of data.
    pub fn of(stroke: &'a str, dash: &'a str) -> Self {
        Self { stroke, width: 1.75, dash }
    }
}

fn style(hex: &str, opacity: f64, width: f64) -> ShapeStyle {
    let channel = |at: usize| hex.get(at..at + 2).and_then(|c| u8::from_str_radix(c, 16).ok()).unwrap_or(0);
    let color = RGBAColor(channel(1), channel(3), channel(5), opacity);
    ShapeStyle { color, filled: true, stroke_width: (width * WIDTH_UNITS) as u32 }
}

/// Two axes across the plot of a drawing.
#[derive(Clone)]
pub struct Plot(Cartesian2d<Axis, Axis>);

impl Plot {
    /// From the left edge of the plot to the right, and from the bottom to the top.
    pub fn new(svg: &Svg, x: Axis, y: Axis) -> Self {
        Self::inset(svg, x, y, 0.0)
    }

    /// The same, with some room at the left and the right [px].
    pub fn inset(svg: &Svg, x: Axis, y: Axis, room: f64) -> Self {
        let across = units(svg.left + room)..units(svg.right - room);
        Self(Cartesian2d::new(x, y, (across, units(svg.bottom)..units(svg.top))))
    }

    /// Of the time of a run.
    pub fn over_time(svg: &Svg, study: &StudyResult, y: Axis) -> Self {
        Self::new(svg, Axis::time(study), y)
    }

    /// With an axis across alone.
    pub fn across(svg: &Svg, x: Axis) -> Self {
        Self::new(svg, x, Axis::linear(0.0, 1.0))
    }

    /// The place of a value across [px].
    pub fn x(&self, value: f64) -> f64 {
        pixels(self.0.translate(&(value, 0.0)).0)
    }

    /// The place of a value upright [px].
    pub fn y(&self, value: f64) -> f64 {
        pixels(self.0.translate(&(0.0, value)).1)
    }

    fn area<'a>(&self, svg: &'a mut Svg, dash: &'a str) -> DrawingArea<Pen<'a>, Cartesian2d<Axis, Axis>> {
        Pen { svg, dash }.into_drawing_area().apply_coord_spec(self.0.clone())
    }

    /// Lines at the ticks, across or upright, from edge to edge of the plot.
    fn mesh(&self, svg: &mut Svg, upright: bool) {
        let (look, left, right) = (style(colour::GRID, 1.0, 1.0), units(svg.left), units(svg.right));
        let _ = self.area(svg, "").draw_mesh(
            |pen, line| match line {
                MeshLine::XMesh(from, to, _) if upright => pen.draw_line(to, from, &look),
                MeshLine::YMesh((_, y), _, _) if !upright => pen.draw_line((left, y), (right, y), &look),
                _ => Ok(()),
            },
            usize::MAX,
            usize::MAX,
        );
    }

    /// Upright lines at the ticks.
    pub fn upright_grid(&self, svg: &mut Svg) {
        self.mesh(svg, true);
    }

    /// Lines at the ticks of the upright axis, with their words.
    pub fn grid(&self, svg: &mut Svg) {
        self.mesh(svg, false);
        let mut last = f64::INFINITY;
        for (value, label) in &self.0.y_spec().ticks {
            let y = self.y(*value);
            if (last - y).abs() >= 13.0 {
                svg.text(svg.left - 7.0, y + 4.0, label, colour::INK2, "end", false);
                last = y;
            }
        }
    }

    /// The axis across: its line, ticks as far as their words have room, and its name beneath.
    pub fn axis(&self, svg: &mut Svg, name: &str) {
        svg.base();
        let (right, bottom, ticks) = (svg.right, svg.bottom, &self.0.x_spec().ticks);
        let mut taken: Vec<(f64, f64)> = Vec::new();
        // The ends first, then whatever has room between.
        let ends = ticks.iter().take(1).chain(ticks.last());
        for (value, label) in ends.chain(ticks) {
            let (x, half) = (self.x(*value), label.chars().count() as f64 * CHARACTER / 2.0 + 4.0);
            let x_text = x.clamp(half - 2.0, (svg.width - half + 2.0).max(half));
            if taken.iter().any(|(a, b)| x_text - half < *b && x_text + half > *a) {
                continue;
            }
            taken.push((x_text - half, x_text + half));
            svg.line(x, bottom, x, bottom + 4.0, colour::AXIS, 1.0, "");
            svg.text(x_text, bottom + 18.0, label, colour::INK2, "middle", false);
        }
        if !name.is_empty() {
            svg.text(right, bottom + 36.0, name, colour::INK2, "end", false);
        }
    }

    /// A line through points.
    pub fn line(&self, svg: &mut Svg, points: impl IntoIterator<Item = (f64, f64)>, look: Look) {
        let area = self.area(svg, look.dash);
        LineSeries::new(points, style(look.stroke, 1.0, look.width)).for_each(|line| _ = area.draw(&line));
    }

    /// What lies between two values at each place: `x`, the lower and the higher.
    pub fn between(&self, svg: &mut Svg, points: &[(f64, f64, f64)], fill: &str, opacity: f64) {
        let there = points.iter().map(|(x, _, high)| (*x, *high));
        let back = points.iter().rev().map(|(x, low, _)| (*x, *low));
        let edge: Vec<(f64, f64)> = there.chain(back).collect();
        let _ = self.area(svg, "").draw(&Polygon::new(edge, style(fill, opacity, 0.0)));
    }

    /// The band between two values at each place.
    pub fn band(&self, svg: &mut Svg, points: &[(f64, f64, f64)], fill: &str) {
        self.between(svg, points, fill, BAND);
    }

    /// A line with its interval as a band.
    pub fn line_with_band(&self, svg: &mut Svg, points: &[(f64, Estimate)], look: Look) {
        let band: Vec<_> = points.iter().map(|(x, e)| (*x, e.low, e.high)).collect();
        self.band(svg, &band, look.stroke);
        self.line(svg, points.iter().map(|(x, e)| (*x, e.mean)), look);
    }

    /// A line with its band over the windows of a study.
    pub fn series(
        &self,
        svg: &mut Svg,
        study: &StudyResult,
        values: impl Iterator<Item = Option<Estimate>>,
        look: Look,
    ) {
        let middles = study.windows.iter().map(|w| f64::midpoint(w.from_s, w.to_s));
        let points: Vec<Option<(f64, Estimate)>> = middles.zip(values).map(|(x, v)| Some((x, v?))).collect();
        svg.over_time(|svg| {
            for run in points.split(Option::is_none).filter(|run| !run.is_empty()) {
                let run: Vec<(f64, Estimate)> = run.iter().flatten().copied().collect();
                self.line_with_band(svg, &run, look);
                if let [(x, e)] = run[..] {
                    // A line of no length with round ends is a dot, and stays round where one looks closer.
                    let round = "stroke-width=\"4\" stroke-linecap=\"round\"";
                    svg.path(&format!("M{:.1} {:.1}h0", self.x(x), self.y(e.mean)), "none", look.stroke, round);
                }
            }
        });
    }

    /// A layer of a stack over the windows of a study: its lower and upper edge by window, and the colour of its rim.
    pub fn layer(&self, svg: &mut Svg, study: &StudyResult, edges: (&[f64], &[f64]), fill: &str, rim: Option<&str>) {
        let windows = study.windows.iter().zip(edges.0.iter().zip(edges.1));
        let steps: Vec<_> = windows.flat_map(|(w, (low, high))| [w.from_s, w.to_s].map(|x| (x, *low, *high))).collect();
        svg.over_time(|svg| {
            self.between(svg, &steps, fill, 1.0);
            if let (Some(stroke), Some(first)) = (rim, steps.first()) {
                let there = steps.iter().map(|(x, _, high)| (*x, *high));
                let back = steps.iter().rev().map(|(x, low, _)| (*x, *low));
                let look = Look { stroke, width: 0.5, dash: "" };
                self.line(svg, there.chain(back).chain([(first.0, first.2)]), look);
            }
        });
    }

    /// A cell between two corners, with a gap of a pixel right of it and below it.
    pub fn cell(&self, svg: &mut Svg, corners: [(f64, f64); 2], fill: &str) {
        let mut cell = Rectangle::new(corners, style(fill, 1.0, 0.0));
        cell.set_margin(0, UNITS as u32, 0, UNITS as u32);
        let _ = self.area(svg, "").draw(&cell);
    }
}

/// What draws for plotters: tenths of a pixel into the drawing, with the dashes that it cannot say.
struct Pen<'a> {
    svg: &'a mut Svg,
    dash: &'a str,
}

/// Writing into a text never fails.
type Drawn = Result<(), DrawingErrorKind<Infallible>>;

fn hex(BackendColor { rgb: (r, g, b), .. }: BackendColor) -> String {
    format!("#{r:02X}{g:02X}{b:02X}")
}

fn width(style: &impl BackendStyle) -> f64 {
    f64::from(style.stroke_width()) / WIDTH_UNITS
}

fn trace(points: impl IntoIterator<Item = BackendCoord>) -> String {
    let mut d = String::new();
    for (x, y) in points {
        let _ = write!(d, "{}{:.1} {:.1}", if d.is_empty() { "M" } else { "L" }, pixels(x), pixels(y));
    }
    d
}

impl DrawingBackend for Pen<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (units(self.svg.width) as u32, units(self.svg.height) as u32)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawn {
        self.svg.rect(pixels(x), pixels(y), pixels(1), pixels(1), &hex(color));
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        let ((x1, y1), (x2, y2)) = (from, to);
        let stroke = hex(style.color());
        self.svg.line(pixels(x1), pixels(y1), pixels(x2), pixels(y2), &stroke, width(style), self.dash);
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(&mut self, a: BackendCoord, b: BackendCoord, style: &S, fill: bool) -> Drawn {
        if fill {
            let size = (pixels(b.0 - a.0), pixels(b.1 - a.1));
            self.svg.rect(pixels(a.0), pixels(a.1), size.0, size.1, &hex(style.color()));
            return Ok(());
        }
        self.draw_path([a, (b.0, a.1), b, (a.0, b.1), a], style)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        let dash = if self.dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{}\"", self.dash) };
        let look = format!("stroke-width=\"{}\" stroke-linejoin=\"round\"{dash}", width(style));
        self.svg.path(&trace(path), "none", &hex(style.color()), &look);
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, vert: I, style: &S) -> Drawn {
        let opacity = style.color().alpha;
        let opacity = if opacity < 1.0 { format!("fill-opacity=\"{opacity}\"") } else { String::new() };
        self.svg.path(&format!("{}Z", trace(vert)), &hex(style.color()), "none", &opacity);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_nine_is_one_step() {
        let axis = Axis::nines(4);
        let places = [0.0, 0.9, 0.99, 0.999, 0.9999, 1.0].map(|v| axis.place(v, 400.0, 0.0));
        assert_eq!(places, [400.0, 300.0, 200.0, 100.0, 0.0, 0.0]);
    }

    #[test]
    fn decades_are_of_one_length_and_what_lies_beyond_stays_at_the_edge() {
        let axis = Axis::log(0.01, 10.0);
        let places = [0.001, 0.01, 0.1, 1.0, 10.0, 11.0].map(|v| axis.place(v, 0.0, 300.0));
        assert_eq!(places, [0.0, 0.0, 100.0, 200.0, 300.0, 300.0]);
    }

    #[test]
    fn what_plotters_draws_is_in_tenths_of_a_pixel_in_colours_of_ours_with_our_dashes() {
        let mut svg = Svg::new(720.0, 300.0, "t", "d", None);
        (svg.left, svg.right, svg.top, svg.bottom) = (0.0, 100.0, 0.0, 100.0);
        let plot = Plot::new(&svg, Axis::linear(0.0, 3.0), Axis::linear(0.0, 1.0).at(vec![0.5], |v| v.to_string()));
        Plot::inset(&svg, Axis::linear(0.0, 3.0), plot.0.y_spec().clone(), 20.0).grid(&mut svg);
        plot.line(&mut svg, [(1.0, 0.0), (2.0, 1.0)], Look::of(colour::BLUE, "5 3"));
        plot.band(&mut svg, &[(0.0, 0.0, 0.5), (3.0, 0.0, 1.0)], colour::VERM);
        plot.cell(&mut svg, [(0.0, 1.0), (3.0, 0.5)], "#00204D");
        let svg = svg.finish();
        let line = "M33.3 100.0L66.7 0.0\" fill=\"none\" stroke=\"#006AA7\" stroke-width=\"1.75\" \
                    stroke-linejoin=\"round\" stroke-dasharray=\"5 3\"";
        let band =
            "M0.0 50.0L100.0 0.0L100.0 100.0L0.0 100.0Z\" fill=\"#B04600\" stroke=\"none\" fill-opacity=\"0.18\"";
        let cell = "<rect x=\"0.0\" y=\"0.0\" width=\"99.0\" height=\"49.0\" fill=\"#00204D\"/>";
        let grid = "x1=\"0.0\" y1=\"50.0\" x2=\"100.0\" y2=\"50.0\" stroke=\"#E6E3DC\" stroke-width=\"1\"/>";
        for part in [line, band, cell, grid, ">0.5</text>"] {
            assert!(svg.contains(part), "{part} is not in {svg}");
        }
    }
}
