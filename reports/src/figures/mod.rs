//! Figures: what they show, drawn twice (720 and 342 wide), with the table of every number.
//!
//! One figure a file; [`all`] is the list. Drawn by a small SVG writer of our own (`svg`), not by plotters: the look needs coordinates
//! finer than whole pixels, labels whose boxes are known so that they never lie over each other, and one drawing that serves light and
//! dark; plotters has integer coordinates and places no labels. Colours are the light values of the token table, each hex for one
//! token, which the page maps to variables.

mod availability;
mod convergence;
mod cost;
mod instances;
mod latency;
mod outcomes;
pub mod picture;
mod recovery;
mod scale;
mod svg;
mod tail;
mod wrongness;

pub use svg::{Drawing, Svg, escape};

use sim_core::results::StudyResult;

/// A table beneath a figure.
#[derive(Debug, Clone, Default)]
pub struct Table {
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

/// The section of a report that a figure stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
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
    pub id: &'static str,
    /// Where it stands.
    pub section: Section,
    /// The finding, a sentence.
    pub title: String,
    /// What is drawn, unit, windows, replications, interval: the first words in bold, and the rest.
    pub caption: (String, String),
    /// Drawings, one below the other.
    pub panels: Vec<Drawing>,
    /// The numbers.
    pub tables: Vec<Table>,
    /// What the cursor reads; empty if it is not over time.
    pub readings: Vec<Reading>,
    /// How readings are written: pct, ms, n, money.
    pub format: &'static str,
}

/// What draws a figure, if there is something to draw.
type Draw = fn(&StudyResult) -> Option<Figure>;

/// All figures, in the order of the report.
pub const ALL: &[(&str, Draw)] = &[
    ("availability", availability::draw),
    ("latency", latency::draw),
    ("tail", tail::draw),
    ("outcomes", outcomes::draw),
    ("instances", instances::draw),
    ("recovery", recovery::draw),
    ("cost", cost::draw),
    ("wrongness", wrongness::draw),
    ("convergence", convergence::draw),
];

/// The figures of a study.
pub fn all(study: &StudyResult) -> Vec<Figure> {
    ALL.iter().filter_map(|(_, draw)| draw(study)).collect()
}

/// Widths of the two drawings.
const WIDE: f64 = 720.0;
/// The phone's.
const NARROW: f64 = 342.0;

/// Draws at both widths.
fn both(title: &str, desc: &str, height: (f64, f64), time: Option<&'static str>, draw: impl Fn(&mut Svg)) -> Drawing {
    let one = |width: f64, height: f64| {
        let mut svg = Svg::new(width, height, title, desc, time);
        draw(&mut svg);
        svg.finish()
    };
    Drawing { wide: one(WIDE, height.0), narrow: one(NARROW, height.1) }
}

/// Where a row of a table belongs: windows are joined until there are at most 40.
fn table_windows(study: &StudyResult) -> Vec<(usize, String)> {
    let step = study.windows.len().div_ceil(40).max(1);
    study
        .windows
        .iter()
        .enumerate()
        .step_by(step)
        .map(|(i, w)| (i, format!("{}–{}", crate::numbers::clock(w.from_s), crate::numbers::clock(w.to_s))))
        .collect()
}

/// What is said of the windows and replications in every caption.
fn how(study: &StudyResult) -> String {
    let window = study.windows.first().map_or(0.0, |w| w.to_s - w.from_s);
    let shaded = if study.faults.iter().any(|f| f.from_s > 0.0) { " Shaded: the fault." } else { "" };
    format!(
        "Windows of {}; {} replications; band: 95 % interval of the mean.{shaded}",
        crate::numbers::length(window),
        study.summary.replications
    )
}
