//! The knobs of a sweep, and the settings of all its points.

use super::design;
use crate::study::judge;
use crate::written::studies::knob::{Flow, OverSettings, Range};
use crate::written::studies::sweep::{DesignSettings, MOST, RankSettings, SweepSettings};
use sim_core::problem::Problem;
use sim_core::results::{Design, Knob, Setting};

/// A knob and its values.
pub struct Axis {
    /// Path of the value in the file.
    pub path: String,
    values: Values,
}

enum Values {
    List(Vec<Setting>),
    Range(Range),
}

impl Axis {
    /// The knob at a path; in a `grid` a range is the list of its values.
    pub fn new(path: &str, over: &OverSettings, grid: bool) -> Self {
        let listed = || {
            let values = over.values().into_iter();
            Values::List(values.map(|(text, number)| Setting { text, number }).collect())
        };
        let values = match over {
            OverSettings::Range(range) if !grid => range.meant().map_or_else(|_| listed(), Values::Range),
            _ => listed(),
        };
        Self { path: path.to_owned(), values }
    }

    fn at(&self, part: f64) -> Setting {
        match &self.values {
            Values::List(list) => list[((part * list.len() as f64) as usize).min(list.len() - 1)].clone(),
            Values::Range(range) => {
                let (text, number) = range.at(part);
                Setting { text, number: Some(number) }
            }
        }
    }

    /// What is said of it; `now` is what stands in the file.
    pub fn knob(&self, over: &OverSettings, now: Option<String>) -> Knob {
        let ends = || vec![self.at(0.0), self.at(1.0)];
        let values = match &self.values {
            Values::List(list) => list.clone(),
            Values::Range(_) => ends(),
        };
        let measure = match over {
            OverSettings::List(list) => list.iter().find_map(Flow::quantity).map(|q| q.measure),
            OverSettings::Range(range) => range.meant().ok().map(|range| range.measure()),
        };
        let log = matches!(over, OverSettings::Range(range) if range.meant().is_ok_and(|range| range.is_log()));
        Knob {
            path: self.path.clone(),
            numbers: values.iter().map(|v| v.number).collect(),
            values: values.into_iter().map(|v| v.text).collect(),
            unit: judge::unit_of(measure).0,
            log,
            now,
        }
    }
}

/// How the points are chosen.
pub fn design_of(ask: &SweepSettings) -> Design {
    match (&ask.rank, ask.design) {
        (Some(RankSettings::TotalSobol(_)), _) => Design::Saltelli,
        (Some(RankSettings::Morris(_)), _) => Design::Morris,
        (None, DesignSettings::Grid) => Design::Grid,
        (None, DesignSettings::LatinHypercube(_)) => Design::LatinHypercube,
        (None, DesignSettings::Sobol(_)) => Design::Sobol,
    }
}

/// The settings of all points.
pub fn settings(ask: &SweepSettings, design: Design, axes: &[Axis], seed: u64) -> Result<Vec<Vec<Setting>>, Problem> {
    let knobs = axes.len();
    let points = usize::try_from(ask.design.points().unwrap_or(0)).unwrap_or(usize::MAX);
    let few = |least: usize, of: &str| {
        let why = format!("{of} of {knobs} knobs takes at least {least} points, and there are {points}");
        Err(Problem::error("design", why).hint(format!("write points: {}", least * 16)))
    };
    let places = match design {
        Design::Grid => {
            let all = axes.iter().try_fold(1_u64, |all, axis| all.checked_mul(axis.listed().len() as u64));
            if all.is_none_or(|all| all > MOST) {
                let why = format!("these values make more than {MOST} combinations");
                return Err(Problem::error("over", why).hint("take fewer, or a design such as sobol: {points: 256}"));
            }
            return Ok(combinations(axes));
        }
        Design::LatinHypercube => design::latin_hypercube(points, knobs, seed),
        Design::Sobol if points > 65_536 => {
            return Err(Problem::error("design", "a Sobol sequence has at most 65536 points"));
        }
        Design::Sobol => design::sobol(points, knobs, seed),
        Design::Saltelli => match design::saltelli_base(points, knobs).min(65_536) {
            0 | 1 => return few(2 * (knobs + 2), "the total index"),
            base => design::saltelli(base, knobs, seed),
        },
        Design::Morris => match design::morris_trajectories(points, knobs) {
            0 | 1 => return few(2 * (knobs + 1), "a Morris design"),
            trajectories => design::morris(trajectories, knobs, seed),
        },
    };
    let at = |place: &Vec<f64>| axes.iter().zip(place).map(|(axis, part)| axis.at(*part)).collect();
    Ok(places.iter().map(at).collect())
}

impl Axis {
    fn listed(&self) -> &[Setting] {
        match &self.values {
            Values::List(list) => list,
            Values::Range(_) => &[],
        }
    }
}

/// All combinations of the values; the last knob changes first.
fn combinations(axes: &[Axis]) -> Vec<Vec<Setting>> {
    let mut all: Vec<Vec<Setting>> = vec![Vec::new()];
    for axis in axes {
        let with = |begun: &Vec<Setting>| {
            let begun = begun.clone();
            axis.listed().iter().map(move |value| begun.iter().cloned().chain([value.clone()]).collect())
        };
        all = all.iter().flat_map(with).collect();
    }
    all
}
