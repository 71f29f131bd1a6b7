//! Figures: what they show, drawn twice (720 and 342 wide), with the table of every number.
//!
//! One figure a file; [`all`] is the list of those of a run. Those of other studies are given what they draw by `pages`. Figures are
//! charts of plotters, drawn by a backend of ours (`chart`) into
//! an SVG (`svg`) at tenths of a pixel, with labels whose boxes are known so that they never lie over each other; one drawing serves light
//! and dark. Colours are the light values of the token table, each hex for one
//! token, which the page maps to variables.

mod amplification;
mod availability;
mod axis;
mod breakers;
mod budget;
mod chart;
mod convergence;
mod cost;
pub mod detector;
pub mod forest;
pub mod front;
pub mod heat_map;
mod instances;
pub mod knees;
pub mod ladder;
mod latency;
pub mod lines;
pub mod losses;
mod outcomes;
pub mod phases;
pub mod picture;
mod recovery;
mod response;
pub mod scalability;
mod sizes;
mod svg;
pub mod system;
mod tail;
mod ticks;
pub mod tornado;
mod wrong_answers;
mod wrongness;

pub use svg::{Drawing, Svg, escape};

use sim_core::results::StudyResult;
use std::borrow::Cow;

/// A table beneath a figure.
#[derive(Debug, Clone, Default)]
pub struct DataTable {
    /// What it lists.
    pub says: String,
    /// Heads of its columns.
    pub heads: Vec<String>,
    /// Rows; the first cell is the row's head.
    pub rows: Vec<Vec<String>>,
}

/// One line of the readout under the cursor: label, colour token, mean, low and high by window, unit.
#[derive(Debug, Clone)]
pub struct Reading {
    /// As in the figure.
    pub label: String,
    /// Colour token.
    pub token: &'static str,
    /// Mean, low and high by window; or the mean alone.
    pub values: Vec<Vec<Option<f64>>>,
    /// What stands after the number.
    pub unit: &'static str,
    /// Of the whole run, as text.
    pub whole: String,
}

/// The section of a run's report that a figure stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chapter {
    /// The system.
    System,
    /// Over time.
    OverTime,
    /// Money.
    Money,
    /// How sure we are.
    Sure,
}

/// A figure.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Its file's name.
    pub id: Cow<'static, str>,
    /// The finding, a sentence.
    pub title: String,
    /// What is drawn, unit, windows, replications, interval: the first words in bold, and the rest.
    pub caption: (String, String),
    /// Drawings, one below the other.
    pub panels: Vec<Drawing>,
    /// The numbers.
    pub tables: Vec<DataTable>,
    /// What the cursor reads; empty if it is not over time.
    pub readings: Vec<Reading>,
    /// How readings are written: pct, ms, n, money.
    pub format: &'static str,
}

impl Figure {
    /// Where its panels lie in the out folder, without the ending.
    pub fn files(&self) -> Vec<String> {
        let one = self.panels.len() == 1;
        let number = |panel: usize| if one { String::new() } else { format!("-{}", panel + 1) };
        (0..self.panels.len()).map(|panel| format!("figures/{}{}", self.id, number(panel))).collect()
    }
}

/// What draws a figure, if there is something to draw.
type Draw = fn(&StudyResult) -> Option<Figure>;

/// All figures of a run, in the order of its report.
pub const ALL: &[(&str, Chapter, Draw)] = &[
    ("system", Chapter::System, system::draw),
    ("availability", Chapter::OverTime, availability::draw),
    ("budget", Chapter::OverTime, budget::draw),
    ("latency", Chapter::OverTime, latency::draw),
    ("tail", Chapter::OverTime, tail::draw),
    ("outcomes", Chapter::OverTime, outcomes::draw),
    ("wrong-answers", Chapter::OverTime, wrong_answers::draw),
    ("amplification", Chapter::OverTime, amplification::draw),
    ("breakers", Chapter::OverTime, breakers::draw),
    ("instances", Chapter::OverTime, instances::draw),
    ("sizes", Chapter::OverTime, sizes::draw),
    ("recovery", Chapter::OverTime, recovery::draw),
    ("cost", Chapter::Money, cost::draw),
    ("wrongness", Chapter::Money, wrongness::draw),
    ("losses", Chapter::Money, losses::draw),
    ("convergence", Chapter::Sure, convergence::draw),
];

/// The figures of a run, and where they stand.
pub fn all(study: &StudyResult) -> Vec<(Chapter, Figure)> {
    let one = |(id, place, draw): &(&str, Chapter, Draw)| {
        let others = if *id == "instances" { instances::others(study) } else { Vec::new() };
        draw(study).into_iter().chain(others).map(|figure| (*place, figure)).collect::<Vec<_>>()
    };
    ALL.iter().flat_map(one).collect()
}

/// Widths of the two drawings.
const WIDE: f64 = 720.0;
/// The phone's.
const NARROW: f64 = 342.0;

/// Draws at both widths.
fn both(title: &str, desc: &str, height: (f64, f64), time: Option<&str>, draw: impl Fn(&mut Svg)) -> Drawing {
    let one = |width: f64, height: f64| {
        let mut svg = Svg::new(width, height, title, desc, time);
        draw(&mut svg);
        svg.finish()
    };
    Drawing { wide: one(WIDE, height.0), narrow: one(NARROW, height.1), natural: false }
}

/// Panels over time, one below the other: the first shows the time and the faults, and the last, of this height, the axis. `panel` draws one, and is
/// told whether it is the last.
fn stacked<T>(
    study: &StudyResult,
    (title, id): (&str, &str),
    height: f64,
    all: &[T],
    desc: impl Fn(&T) -> String,
    panel: impl Fn(&mut Svg, &T, bool),
) -> Vec<Drawing> {
    let one = |(place, of): (usize, &T)| {
        let is_last = place + 1 == all.len();
        let height = if is_last { height } else { height - 20.0 } + if place == 0 { 22.0 } else { 0.0 };
        both(title, &desc(of), (height, height), Some(id), |svg| {
            svg.top = if place == 0 { 48.0 } else { 26.0 };
            if !is_last {
                svg.bottom = svg.height - 8.0;
            }
            if place == 0 {
                svg.time_frame(study);
            } else {
                svg.shade(study);
            }
            panel(svg, of, is_last);
        })
    };
    all.iter().enumerate().map(one).collect()
}

/// Windows that a table lists; of more, every second, third and so on.
const MOST_WINDOWS: usize = 720;

/// Where a row of a table belongs.
fn table_windows(study: &StudyResult) -> Vec<(usize, String)> {
    let step = study.windows.len().div_ceil(MOST_WINDOWS).max(1);
    study
        .windows
        .iter()
        .enumerate()
        .step_by(step)
        .map(|(i, w)| (i, format!("{}–{}", crate::numbers::clock(w.from_s), crate::numbers::clock(w.to_s))))
        .collect()
}

/// How long a window is, of how many replications it is, and what is shaded.
fn sampled(study: &StudyResult, beside: &str) -> String {
    let window = study.windows.first().map_or(0.0, |w| w.to_s - w.from_s);
    let shaded = if study.faults.iter().any(|f| f.from_s > 0.0) { " Shaded: the fault." } else { "" };
    let length = crate::numbers::length(window);
    format!("Windows of {length}; {} replications{beside}.{shaded}", study.summary.replications)
}

/// What is said of the windows and replications in the caption of a figure with a band.
fn how(study: &StudyResult) -> String {
    sampled(study, "; band: 95 % interval of the mean")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    /// The value of an attribute of an element.
    fn attribute<'a>(element: &'a str, name: &str) -> &'a str {
        element.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default()
    }

    /// A text with its box: left, top, right, bottom.
    fn boxes(svg: &str) -> Vec<(String, [f64; 4])> {
        let texts = svg.split("<text ").skip(1).filter_map(|t| t.split_once('>'));
        texts
            .map(|(head, rest)| {
                let head = format!(" {head}");
                let number = |name| attribute(&head, name).parse::<f64>().unwrap_or(0.0);
                let words = rest.split("</text>").next().unwrap_or_default().replace("&gt;", ">");
                let wide = words.chars().count() as f64 * number("font-size") * 0.54;
                let left = match attribute(&head, "text-anchor") {
                    "end" => number("x") - wide,
                    "middle" => number("x") - wide / 2.0,
                    _ => number("x"),
                };
                (words, [left, number("y") - 9.0, left + wide, number("y") + 2.0])
            })
            .collect()
    }

    fn figures() -> Vec<Figure> {
        crate::studies::pages()
            .iter()
            .flat_map(|(_, page)| page.figures().into_iter().cloned().collect::<Vec<_>>())
            .chain(losses::tests::shapes())
            .collect()
    }

    fn drawings() -> Vec<(String, f64, String)> {
        let both = |f: &Figure| -> Vec<(String, f64, String)> {
            let width = |svg: &str| attribute(svg, "width").parse().expect("a width");
            let one = |svg: &String| (f.id.to_string(), width(svg), svg.clone());
            f.panels.iter().flat_map(|p| [one(&p.wide), one(&p.narrow)]).collect()
        };
        figures().iter().flat_map(both).collect()
    }

    #[test]
    fn the_sample_shows_every_figure() {
        let ids: Vec<_> = all(&sample::study()).into_iter().map(|(_, f)| f.id).collect();
        assert_eq!(ids, ALL.iter().map(|(id, _, _)| *id).collect::<Vec<_>>());
    }

    #[test]
    fn no_label_lies_outside_its_figure() {
        for (id, width, svg) in drawings() {
            for (words, [left, _, right, _]) in boxes(&svg) {
                assert!(left > -4.0 && right < width + 6.0, "{id} at {width}: {words:?} from {left} to {right}");
            }
        }
    }

    #[test]
    fn no_label_lies_over_another() {
        for (id, width, svg) in drawings() {
            let all = boxes(&svg);
            for (i, (a, p)) in all.iter().enumerate() {
                for (b, q) in &all[i + 1..] {
                    let apart = p[2] <= q[0] || q[2] <= p[0] || p[3] <= q[1] || q[3] <= p[1];
                    assert!(apart, "{id} at {width}: {a:?} lies over {b:?}");
                }
            }
        }
    }

    #[test]
    fn colours_come_from_the_token_table() {
        use svg::colour;
        let mut tokens = vec![
            colour::INK,
            colour::INK2,
            colour::GRID,
            colour::AXIS,
            colour::SHADE,
            colour::BLUE,
            colour::VERM,
            colour::GREEN,
            colour::PURPLE,
            colour::OCHRE,
            colour::ON_FILL,
            "#FDFCFA",
            "none",
            "100%",
        ];
        tokens.extend(colour::OUTCOMES);
        tokens.extend(colour::ITEMS);
        // The cells of heat maps have colours of their own, which no theme changes.
        let is_map = |svg: &str| svg.contains("fill=\"#FFFFFF\"");
        for (id, _, svg) in drawings().into_iter().filter(|(_, _, svg)| !is_map(svg)) {
            for name in [" fill=\"", " stroke=\""] {
                for rest in svg.split(name).skip(1) {
                    let value = rest.split('"').next().unwrap_or_default();
                    assert!(tokens.contains(&value), "{id}: {value} is no token");
                }
            }
        }
    }

    #[test]
    fn every_drawing_says_what_it_shows_and_is_a_picture() {
        let pictures = picture::Pictures::new();
        for figure in figures() {
            assert!(!figure.title.is_empty() && !figure.tables.is_empty(), "{}", figure.id);
            for panel in &figure.panels {
                assert!(panel.wide.contains("<title ") && panel.wide.contains("<desc "), "{}", figure.id);
                let png = pictures.png(&panel.standalone()).expect("an SVG");
                assert!(png.starts_with(b"\x89PNG"), "{}", figure.id);
            }
        }
    }
}
