//! A small SVG writer: lines, bands, stacked areas, and labels whose boxes are known.

use super::axis::Axis;
use super::ticks::nice_times;
use crate::numbers::clock;
use sim_core::results::StudyResult;
use std::fmt::Write;

/// Colours of the token table, light values; each hex stands for one token.
pub mod colour {
    /// Text.
    pub const INK: &str = "#1C1D21";
    /// Secondary text, axes.
    pub const INK2: &str = "#55565E";
    /// Grid.
    pub const GRID: &str = "#E6E3DC";
    /// Base lines.
    pub const AXIS: &str = "#8B8983";
    /// Span of a fault.
    pub const SHADE: &str = "#F0EBE0";
    /// First line.
    pub const BLUE: &str = "#006AA7";
    /// Worst, p99.
    pub const VERM: &str = "#B04600";
    /// Held, after.
    pub const GREEN: &str = "#00795A";
    /// p99.9.
    pub const PURPLE: &str = "#99406F";
    /// Second line.
    pub const OCHRE: &str = "#876100";
    /// Fills of outcomes, in the order of the columns of results: ok, degraded, error, timeout, rejected, shed, unreachable, refused.
    pub const OUTCOMES: [&str; 8] =
        ["#B7D4E8", "#EBBB52", "#141519", "#4C4D57", "#D55E00", "#CC79A7", "#8B8983", "#0B4F78"];
    /// Their tokens.
    pub const OUTCOME_TOKENS: [&str; 8] = ["fok", "fdeg", "ferr", "ftime", "frej", "fshed", "axis", "i1"];
    /// Text on fills.
    pub const ON_FILL: &str = "#15161A";
    /// Items of a bill.
    pub const ITEMS: [&str; 6] = ["#0B4F78", "#0F72AD", "#56A5D6", "#9CC9E6", "#D3A338", "#F0D69A"];
    /// Their tokens.
    pub const ITEM_TOKENS: [&str; 6] = ["i1", "i2", "i3", "i4", "i5", "i6"];
}

/// Width of a bold character at 12 px, at most.
const BOLD: f64 = 7.3;

/// One picture at both widths.
#[derive(Debug, Clone)]
pub struct Drawing {
    /// 720 wide.
    pub wide: String,
    /// 342 wide.
    pub narrow: String,
    /// Whether both have a size of their own, at which a page shows them in a box that scrolls.
    pub natural: bool,
}

impl Drawing {
    /// The wide one as a file of its own, on the page's colour.
    pub fn standalone(&self) -> String {
        let head =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\" ";
        let body = self.wide.replacen("<svg ", head, 1);
        body.replacen("</desc>", "</desc><rect width=\"100%\" height=\"100%\" fill=\"#FDFCFA\"/>", 1)
    }
}

/// A drawing in progress.
#[derive(Debug)]
pub struct Svg {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Left edge of the plot.
    pub left: f64,
    /// Right edge.
    pub right: f64,
    /// Top.
    pub top: f64,
    /// Bottom.
    pub bottom: f64,
    body: String,
    head: String,
    /// The figure's name, if one cursor reads it.
    time: Option<String>,
}

/// Text for attributes and elements.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The width of bold text at 12 px in `DejaVu Sans`, the widest of the fonts that a browser may take [px].
pub fn width_of(text: &str) -> f64 {
    let of = |c: char| match c {
        'i' | 'j' | 'l' | 'I' | ' ' | '\u{a0}' | '/' | '.' | ',' | ':' | '|' | '\'' => 0.39,
        'f' | '(' | ')' | '-' | 'r' | 't' | '_' => 0.5,
        'c' | 's' | 'z' => 0.6,
        'a' | 'e' | 'k' | 'v' | 'x' | 'y' | 'o' | '0'..='9' => 0.7,
        'b' | 'd' | 'g' | 'h' | 'n' | 'p' | 'q' | 'u' => 0.72,
        'w' => 0.93,
        'A'..='L' | 'N'..='V' | 'X'..='Z' | '=' | '+' => 0.85,
        _ => 1.1,
    };
    text.chars().map(of).sum::<f64>() * 12.0
}

/// As much of bold text as has room [px], with an ellipsis where something is left out.
pub fn shortened(text: &str, room: f64) -> String {
    if width_of(text) <= room {
        return text.to_owned();
    }
    let mut kept = text.to_owned();
    while kept.chars().count() > 1 && width_of(&kept) + width_of("\u{2026}") > room {
        kept.pop();
    }
    kept + "\u{2026}"
}

/// Spans [px], each at least a pixel wide, of which those that overlap are one: there are no more than pixels, however often a fault strikes.
fn merged(mut spans: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut all: Vec<(f64, f64)> = Vec::new();
    for (from, to) in spans {
        let to = to.max(from + 1.0);
        match all.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => all.push((from, to)),
        }
    }
    all
}

impl Svg {
    /// An empty drawing with the gutters that all figures share. `time` names the figure if one cursor reads it.
    pub fn new(width: f64, height: f64, title: &str, desc: &str, time: Option<&str>) -> Self {
        let narrow = width < 400.0;
        let (left, right) = (62.0, width - if narrow { 72.0 } else { 116.0 });
        let (top, bottom) = (30.0, height - 28.0);
        let id = sim_core::engine::rng::hash_name(&format!("{title}{width}{height}{desc}"));
        let head = format!(
            " aria-labelledby=\"t{id:x} d{id:x}\"><title id=\"t{id:x}\">{}</title><desc id=\"d{id:x}\">{}</desc>",
            escape(title),
            escape(desc)
        );
        let time = time.map(str::to_owned);
        Self { width, height, left, right, top, bottom, body: String::new(), head, time }
    }

    /// The finished element.
    pub fn finish(self) -> String {
        let Self { width, height, left, right, top, bottom, body, head, time } = self;
        let cursor = time.map_or_else(String::new, |figure| {
            format!(" class=\"time\" data-fig=\"{figure}\" data-l=\"{left}\" data-r=\"{right}\" data-top=\"{top}\" data-bot=\"{bottom}\"")
        });
        format!(
            "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\"{cursor}{head}{body}</svg>"
        )
    }

    /// What lies along the axis of time: the page's script stretches it sideways where one looks closer.
    pub fn over_time(&mut self, draw: impl FnOnce(&mut Self)) {
        self.body.push_str("<g class=\"over\">");
        draw(self);
        self.body.push_str("</g>");
    }

    /// What stands at a moment, and keeps its shape where one looks closer.
    pub fn at_moment(&mut self, x: f64, draw: impl FnOnce(&mut Self)) {
        self.at_moments(x, x, draw);
    }

    /// What stands at a moment and holds until another: its words are seen as long as something of that is.
    fn at_moments(&mut self, x: f64, until: f64, draw: impl FnOnce(&mut Self)) {
        let _ = write!(self.body, "<g class=\"at\" data-x=\"{x:.1}\" data-to=\"{until:.1}\">");
        draw(self);
        self.body.push_str("</g>");
    }

    /// Whether this is the phone's drawing.
    pub fn is_narrow(&self) -> bool {
        self.width < 400.0
    }

    /// A straight line.
    #[allow(clippy::too_many_arguments, reason = "two points, and how the line looks")]
    pub fn line(&mut self, x1: f64, y1: f64, x2: f64, y2: f64, stroke: &str, width: f64, dash: &str) {
        let dash = if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
        let _ = write!(
            self.body,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{stroke}\" stroke-width=\"{width}\"{dash}/>"
        );
    }

    /// A filled rectangle.
    pub fn rect(&mut self, x: f64, y: f64, w: f64, h: f64, fill: &str) {
        let _ = write!(
            self.body,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{fill}\"/>",
            w.max(0.0),
            h.max(0.0)
        );
    }

    /// A dot.
    pub fn dot(&mut self, x: f64, y: f64, r: f64, fill: &str) {
        let _ = write!(self.body, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{r}\" fill=\"{fill}\"/>");
    }

    /// A ring, filled with the page's colour.
    pub fn ring(&mut self, x: f64, y: f64, r: f64, stroke: &str) {
        let _ = write!(
            self.body,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{r}\" fill=\"#FDFCFA\" stroke=\"{stroke}\" stroke-width=\"2\"/>"
        );
    }

    /// Text; `anchor` is start, middle or end.
    pub fn text(&mut self, x: f64, y: f64, text: &str, fill: &str, anchor: &str, bold: bool) {
        self.marked_text(x, y, text, fill, anchor, bold, "");
    }

    /// Text over lines, with a rim of the page's colour that keeps it apart from them.
    pub fn text_over(&mut self, x: f64, y: f64, text: &str, fill: &str, anchor: &str, bold: bool) {
        let rim = " stroke=\"#FDFCFA\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\"";
        self.marked_text(x, y, text, fill, anchor, bold, rim);
    }

    /// Text with an attribute that the page's script knows it by.
    fn marked_text(&mut self, x: f64, y: f64, text: &str, fill: &str, anchor: &str, bold: bool, mark: &str) {
        let size = if self.is_narrow() { 11.5 } else { 12.0 };
        let weight = if bold { " font-weight=\"600\"" } else { "" };
        let _ = write!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"{fill}\" font-size=\"{size}\" text-anchor=\"{anchor}\"{weight}{mark}>{}</text>",
            escape(text)
        );
    }

    /// A path.
    pub fn path(&mut self, d: &str, fill: &str, stroke: &str, extra: &str) {
        let _ = write!(self.body, "<path d=\"{d}\" fill=\"{fill}\" stroke=\"{stroke}\" {extra}/>");
    }

    /// The place of a moment.
    pub fn x_of(&self, study: &StudyResult, seconds: f64) -> f64 {
        Axis::time(study).place(seconds, self.left, self.right)
    }

    /// Shaded spans of faults and the line of the first onset, for all panels of a figure but the first.
    pub fn shade(&mut self, study: &StudyResult) {
        let (top, bottom) = (self.top, self.bottom);
        let spans = study.faults.iter().filter(|f| f.from_s > 0.0 || !f.scheduled);
        let spans: Vec<(f64, f64)> = spans.map(|f| (self.x_of(study, f.from_s), self.x_of(study, f.to_s))).collect();
        let Some(&(x, _)) = spans.first() else { return };
        self.over_time(|svg| {
            for (from, to) in merged(spans) {
                svg.rect(from, top, to - from, bottom - top, colour::SHADE);
            }
            svg.line(x, top, x, bottom, colour::INK, 1.0, "");
        });
    }

    /// Shaded spans of faults, and above the plot what strikes first.
    pub fn time_frame(&mut self, study: &StudyResult) {
        self.shade(study);
        let first = study.faults.iter().find(|f| f.from_s > 0.0 || !f.scheduled);
        if let Some(first) = first {
            let x = self.x_of(study, first.from_s);
            let events = study.load_events.iter().filter(|e| (e.from_s - first.from_s).abs() < 1e-9);
            let also = events.fold(String::new(), |all, e| format!("{all}; {}", e.says));
            let mut label = format!("{} {} until {}{also}", clock(first.from_s), first.says, clock(first.to_s));
            let room = ((self.width - 8.0) / BOLD) as usize;
            if label.chars().count() > room {
                label = format!("{} {}", clock(first.from_s), first.says);
            }
            if label.chars().count() > room {
                label = format!("{} {}", clock(first.from_s), first.name);
            }
            let wide = label.chars().count() as f64 * BOLD;
            let (at, anchor) = if x + 6.0 + wide > self.width { (x - 4.0, "end") } else { (x + 6.0, "start") };
            let (at, anchor) =
                if anchor == "end" && at - wide < 0.0 { (self.width - 4.0, "end") } else { (at, anchor) };
            let until = self.x_of(study, first.to_s);
            self.at_moments(x, until, |svg| {
                svg.text(at, 18.0, &label, colour::INK, anchor, true);
                svg.line(x, 10.0, x, svg.top, colour::INK, 1.0, "");
            });
        }
    }

    /// The time axis: where something happens.
    pub fn time_axis(&mut self, study: &StudyResult) {
        self.base();
        let end = study.windows.last().map_or(1.0, |w| w.to_s);
        let mut marks: Vec<f64> = vec![0.0, end];
        for fault in study.faults.iter().filter(|f| f.scheduled && f.from_s > 0.0).take(2) {
            marks.push(fault.from_s);
            marks.push(fault.to_s);
        }
        marks.extend(nice_times(end));
        let mut placed: Vec<(f64, f64)> = Vec::new();
        for mark in marks {
            let x = self.x_of(study, mark);
            let label = if mark >= end - 1e-9 { format!("{} min", clock(mark)) } else { clock(mark) };
            let label = if end >= 3600.0 { clock(mark) } else { label };
            let half = (label.chars().count() as f64 * 3.7).max(20.0);
            if placed.iter().any(|(other, room)| (other - x).abs() < half + room + 2.0) {
                continue;
            }
            placed.push((x, half));
            self.marked_text(x, self.bottom + 18.0, &label, colour::INK2, "middle", false, " class=\"tick\"");
        }
    }

    /// The line beneath the plot.
    pub fn base(&mut self) {
        let (left, right, bottom) = (self.left, self.right, self.bottom);
        self.line(left, bottom, right, bottom, colour::AXIS, 1.0, "");
    }

    /// A name in or beside an area, on fills.
    pub fn fill_label(&mut self, x: f64, y: f64, text: &str, fill: &str) {
        // In the dark theme the fill of ok is dark itself.
        let ink = if fill == colour::OUTCOMES[0] { colour::INK } else { colour::ON_FILL };
        self.text(x, y, text, ink, "middle", true);
    }

    /// Labels at the right ends of lines of their colour, moved apart so that none lies over another.
    pub fn end_labels(&mut self, labels: &[(f64, String, &str)]) {
        let of: Vec<&str> = labels.iter().map(|l| l.2).collect();
        self.end_labels_of(labels, &of);
    }

    /// Labels at the right ends of lines or areas, whose colours are `of`.
    pub fn end_labels_of(&mut self, labels: &[(f64, String, &str)], of: &[&str]) {
        let mut order: Vec<usize> = (0..labels.len()).collect();
        order.sort_by(|a, b| labels[*a].0.total_cmp(&labels[*b].0));
        let mut y = self.top - 2.0;
        let mut places = vec![0.0; labels.len()];
        for &i in &order {
            y = (labels[i].0).max(y + 14.0);
            places[i] = y;
        }
        let over = order.last().map_or(0.0, |i| (places[*i] - self.bottom).max(0.0));
        let x = self.right + 8.0;
        for (i, (_, label, fill)) in labels.iter().enumerate() {
            let mark = format!(" data-end=\"{}\"", of[i]);
            let room = (self.width - x) * if self.is_narrow() { 12.0 / 11.5 } else { 1.0 };
            let label = shortened(label, room);
            self.marked_text(x, places[i] - over + 4.0, &label, fill, "start", true, &mark);
        }
    }

    /// A dotted line of a promise with its words.
    pub fn promise(&mut self, study: &StudyResult, y: f64, words: &str) {
        let (left, right) = (self.left, self.right);
        self.line(left, y, right, y, colour::INK, 1.0, "2 3");
        // At the left where it ends before the first onset, else at the right.
        let onset = study.faults.iter().find(|f| f.from_s > 0.0).map_or(right, |f| self.x_of(study, f.from_s));
        if left + 8.0 + words.chars().count() as f64 * 6.6 < onset {
            self.text(left + 4.0, y - 5.0, words, colour::INK, "start", false);
        } else {
            self.text(right - 2.0, y - 5.0, words, colour::INK, "end", false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    #[test]
    fn spans_that_overlap_are_one_and_none_is_thinner_than_a_pixel() {
        let spans = vec![(10.0, 10.2), (0.0, 4.0), (3.0, 6.0), (10.5, 10.6), (20.0, 30.0), (21.0, 22.0)];
        assert_eq!(merged(spans), [(0.0, 6.0), (10.0, 11.5), (20.0, 30.0)]);
        let often = (0..10_000).map(|i| f64::from(i) * 0.05).map(|from| (from, from + 0.01)).collect();
        assert_eq!(merged(often).len(), 1);
    }

    #[test]
    fn a_fault_that_strikes_often_is_shaded_each_time() {
        let mut study = sample::study();
        let fault = study.faults.iter().find(|f| f.from_s > 0.0).unwrap().clone();
        let end = study.windows.last().unwrap().to_s;
        study.faults = (1..=30)
            .map(|i| {
                let from_s = end * f64::from(i) / 40.0;
                sim_core::results::FaultSpan { from_s, to_s: from_s + end / 100.0, ..fault.clone() }
            })
            .collect();
        let mut svg = Svg::new(720.0, 200.0, "title", "desc", None);
        svg.shade(&study);
        assert_eq!(svg.finish().matches(colour::SHADE).count(), 30);
    }
}
