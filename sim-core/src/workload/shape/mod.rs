//! How the rate of a load changes over time. Factors of several shapes multiply.
//!
//! A shape gives its factor at a moment, and cuts time into pieces on each of which it gives a bound: what exact thinning needs.
//! Times are from time 0, the end of the warm-up; the time of day and week comes from `run.start`.

mod diurnal;
mod points;
mod ramp;
mod spike;
mod step;
mod weekly;

pub use diurnal::DiurnalSettings;
pub use points::{Point, PointsSettings};
pub use ramp::RampSettings;
pub use spike::SpikeSettings;
pub use step::StepSettings;
pub use weekly::WeeklySettings;

use crate::kind::Kind;
use crate::problem::Problems;
use crate::units::{Factor, SimDuration};
use serde::{Deserialize, Serialize};

/// A change of the load over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Higher for a while.
    Spike(SpikeSettings),
    /// Higher from a moment on.
    Step(StepSettings),
    /// Grows to a new level.
    Ramp(RampSettings),
    /// Straight lines between points.
    Points(PointsSettings),
    /// Day and night.
    Diurnal(DiurnalSettings),
    /// Days of the week.
    Weekly(WeeklySettings),
}

/// The kinds of shape.
pub const ALL: &[Kind] = &[
    Kind { family: "shape", name: "spike", schema: || schemars::schema_for!(SpikeSettings) },
    Kind { family: "shape", name: "step", schema: || schemars::schema_for!(StepSettings) },
    Kind { family: "shape", name: "ramp", schema: || schemars::schema_for!(RampSettings) },
    Kind { family: "shape", name: "points", schema: || schemars::schema_for!(PointsSettings) },
    Kind { family: "shape", name: "diurnal", schema: || schemars::schema_for!(DiurnalSettings) },
    Kind { family: "shape", name: "weekly", schema: || schemars::schema_for!(WeeklySettings) },
];

/// A stretch of time from the present on, with the highest factor in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Piece {
    /// Where it ends, from time 0 [ns]; `i64::MAX` is never.
    pub until_ns: i64,
    /// No factor in it is above this.
    pub bound: f64,
}

/// What a scheduled change of the load looks like in a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct ShapeEvent {
    /// What happens: `load times 1.5`.
    pub says: String,
    /// Begin, from time 0 [s].
    pub from_s: f64,
    /// End [s]; `None` is the end of the run.
    pub to_s: Option<f64>,
}

impl Shape {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        match self {
            Self::Spike(s) => problems.at("spike", |p| s.validate(p)),
            Self::Step(s) => problems.at("step", |p| s.validate(p)),
            Self::Ramp(s) => problems.at("ramp", |p| s.validate(p)),
            Self::Points(s) => problems.at("points", |p| s.validate(p)),
            Self::Diurnal(s) => problems.at("diurnal", |p| s.validate(p)),
            Self::Weekly(s) => problems.at("weekly", |p| s.validate(p)),
        }
    }

    /// The factor at a time from time 0 [ns], which is `start_of_week_ns` after Monday 0h.
    pub fn factor(&self, t_ns: i64, start_of_week_ns: u64) -> f64 {
        match self {
            Self::Spike(s) => s.factor(t_ns),
            Self::Step(s) => s.factor(t_ns),
            Self::Ramp(s) => s.factor(t_ns),
            Self::Points(s) => s.factor(t_ns),
            Self::Diurnal(s) => s.factor(t_ns, start_of_week_ns),
            Self::Weekly(s) => s.factor(t_ns, start_of_week_ns),
        }
    }

    /// A piece of time that begins at `t_ns`, and the bound of the factor in it.
    pub fn piece(&self, t_ns: i64, start_of_week_ns: u64) -> Piece {
        match self {
            Self::Spike(s) => s.piece(t_ns),
            Self::Step(s) => s.piece(t_ns),
            Self::Ramp(s) => s.piece(t_ns),
            Self::Points(s) => s.piece(t_ns),
            Self::Diurnal(s) => s.piece(t_ns, start_of_week_ns),
            Self::Weekly(s) => s.piece(t_ns, start_of_week_ns),
        }
    }

    /// No factor between two times from time 0 [ns] is above this.
    pub fn max_factor(&self, from_ns: i64, to_ns: i64, start_of_week_ns: u64) -> f64 {
        let (mut at, mut highest) = (from_ns, self.factor(to_ns, start_of_week_ns));
        loop {
            let piece = self.piece(at, start_of_week_ns);
            highest = highest.max(piece.bound);
            if piece.until_ns >= to_ns {
                return highest;
            }
            at = piece.until_ns;
        }
    }

    /// What a figure marks: spikes, steps and ramps; nothing for shapes that change all the time.
    pub fn event(&self) -> Option<ShapeEvent> {
        let event = |says: String, at: SimDuration, length: Option<SimDuration>| ShapeEvent {
            says,
            from_s: at.secs(),
            to_s: length.map(|l| at.saturating_add(l).secs()),
        };
        match self {
            Self::Spike(s) => Some(event(format!("load times {}", s.factor), s.at, Some(s.length))),
            Self::Step(s) => Some(event(format!("load times {}", s.factor), s.at, None)),
            Self::Ramp(s) => Some(event(format!("load grows to times {}", s.factor), s.at, Some(s.length))),
            Self::Points(_) | Self::Diurnal(_) | Self::Weekly(_) => None,
        }
    }
}

/// Joined factor of all shapes at a time.
pub fn factor(shapes: &[Shape], t_ns: i64, start_of_week_ns: u64) -> f64 {
    shapes.iter().map(|s| s.factor(t_ns, start_of_week_ns)).product()
}

/// Joined piece of all shapes from a time on: the shortest, with the product of the bounds.
pub fn piece(shapes: &[Shape], t_ns: i64, start_of_week_ns: u64) -> Piece {
    shapes.iter().map(|s| s.piece(t_ns, start_of_week_ns)).fold(Piece { until_ns: i64::MAX, bound: 1.0 }, |a, b| {
        Piece { until_ns: a.until_ns.min(b.until_ns), bound: a.bound * b.bound }
    })
}

/// A duration from time 0 as a signed time [ns].
fn signed(duration: SimDuration) -> i64 {
    i64::try_from(duration.ns()).unwrap_or(i64::MAX)
}

/// Two constant levels: `inside` from `from` to `to`, 1 elsewhere.
fn level(t_ns: i64, from: i64, to: i64, inside: Factor) -> Piece {
    if t_ns < from {
        Piece { until_ns: from, bound: 1.0 }
    } else if t_ns < to {
        Piece { until_ns: to, bound: inside.value() }
    } else {
        Piece { until_ns: i64::MAX, bound: 1.0 }
    }
}

/// A straight line from (`a_ns`, `a`) to (`b_ns`, `b`).
fn line(t_ns: i64, (a_ns, a): (i64, f64), (b_ns, b): (i64, f64)) -> f64 {
    a + (b - a) * ((t_ns - a_ns) as f64 / (b_ns - a_ns).max(1) as f64)
}

/// A part of a straight line that begins at `t_ns`: an eighth of the whole, so that bounds stay close.
fn line_piece(t_ns: i64, a: (i64, f64), b: (i64, f64)) -> Piece {
    let until_ns = t_ns.saturating_add(((b.0 - a.0) / 8).max(1)).min(b.0);
    Piece { until_ns, bound: line(t_ns, a, b).max(line(until_ns, a, b)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000_000;

    fn shape(json: serde_json::Value) -> Shape {
        serde_json::from_value(json).unwrap()
    }

    fn all() -> Vec<Shape> {
        vec![
            shape(serde_json::json!({"spike": {"at": "5h", "for": "1h", "factor": 3}})),
            shape(serde_json::json!({"step": {"at": "5h", "factor": 2}})),
            shape(serde_json::json!({"ramp": {"at": "5h", "for": "10h", "factor": 5}})),
            shape(
                serde_json::json!({"points": [{"at": "0h", "factor": 1}, {"at": "9h", "factor": 4}, {"at": "30h", "factor": 2}]}),
            ),
            shape(serde_json::json!({"diurnal": {"peak_at": "20h", "low": "40%"}})),
            shape(serde_json::json!({"weekly": {"monday": "120%", "tuesday": "30%"}})),
        ]
    }

    #[test]
    fn bounds_hold_everywhere_and_pieces_advance() {
        for shape in all() {
            let mut t = -2 * HOUR;
            while t < 60 * HOUR {
                let piece = shape.piece(t, 7 * HOUR as u64);
                assert!(piece.until_ns > t, "{shape:?} at {t}");
                let end = piece.until_ns.min(60 * HOUR);
                for i in 0..50 {
                    let at = t + (end - t) / 50 * i;
                    assert!(shape.factor(at, 7 * HOUR as u64) <= piece.bound + 1e-12, "{shape:?} at {at}");
                }
                t = piece.until_ns;
            }
        }
    }

    #[test]
    fn a_step_by_one_is_told_of() {
        let found = |factor: f64| {
            let mut problems = Problems::new();
            shape(serde_json::json!({"step": {"at": "1h", "factor": factor}})).validate(&mut problems);
            problems.into_vec().into_iter().map(|problem| problem.path).collect::<Vec<String>>()
        };
        assert_eq!(found(1.0), ["step.factor"]);
        assert!(found(1.6).is_empty());
    }

    #[test]
    fn factors_at_known_times() {
        let shapes = all();
        let at = |i: usize, hour: i64| shapes[i].factor(hour * HOUR, 0);
        assert_eq!((at(0, 4), at(0, 5), at(0, 6)), (1.0, 3.0, 1.0));
        assert_eq!((at(1, 4), at(1, 5)), (1.0, 2.0));
        assert_eq!((at(2, 4), at(2, 10), at(2, 20)), (1.0, 3.0, 5.0));
        assert_eq!((at(3, -1), at(3, 3), at(3, 40)), (1.0, 2.0, 2.0));
        assert!((at(4, 20) - 1.0).abs() < 1e-12 && (at(4, 8) - 0.4).abs() < 1e-12 && (at(4, 14) - 0.7).abs() < 1e-12);
        assert_eq!((at(5, 3), at(5, 25), at(5, 50)), (1.2, 0.3, 1.0));
        assert!((shapes[0].max_factor(0, 10 * HOUR, 0) - 3.0).abs() < 1e-12);
    }
}
