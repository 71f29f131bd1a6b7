//! `verify --measured`: systems that somebody has measured, simulated against measured.
//!
//! Each figure has its error, the simulated number divided by the measured one, less 1. A figure from which parameters were set is no prediction. A
//! prediction that does not come as near as demanded is missed, and says why; one that is missed and does not say why is a fault of the program.

pub mod page;
mod terminal;

use crate::ReportError;
use crate::answer::{Answer, pretty};
use crate::terminal::{Style, say};
use sim_core::results::measured::{Fact, Target, Together};
use sim_core::results::{PromiseSummary, Summary};

/// A measured system, simulated.
#[derive(Debug, Clone)]
pub struct Predicted {
    /// Its name.
    pub name: String,
    /// Its file in the project.
    pub file: String,
    /// Where the numbers come from, and what parameters were set by.
    pub source: String,
    /// What was measured, a figure for each clause of the summary.
    pub facts: Vec<Fact>,
    /// What is demanded of all predictions together.
    pub together: Option<Together>,
    /// What the simulation says.
    pub summary: Summary,
}

/// What became of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Parameters were set from it.
    Calibration,
    /// A prediction of which nothing is demanded alone.
    Free,
    /// A prediction that comes as near as demanded.
    Near,
    /// A prediction that does not.
    Missed,
}

impl Fate {
    /// Its word; empty where nothing is demanded.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Calibration => "calibration",
            Self::Free => "",
            Self::Near => "near",
            Self::Missed => "missed",
        }
    }
}

/// A figure: what was measured, what is simulated, and how far they are apart.
#[derive(Debug, Clone, Copy)]
pub struct Figure<'a> {
    /// What was measured.
    pub fact: &'a Fact,
    /// What is simulated.
    pub clause: &'a PromiseSummary,
    /// Simulated / measured - 1; `None` without data.
    pub error: Option<f64>,
    /// What became of it.
    pub fate: Fate,
}

impl<'a> Figure<'a> {
    fn new(fact: &'a Fact, clause: &'a PromiseSummary) -> Self {
        let error = clause.observed.zip(clause.promised).map(|(observed, measured)| observed.mean / measured - 1.0);
        let near = |most: f64| if error.is_some_and(|error| error.abs() <= most) { Fate::Near } else { Fate::Missed };
        let fate = match fact.target {
            _ if fact.calibrates => Fate::Calibration,
            Target::None => Fate::Free,
            Target::Within(share) => near(share),
            Target::Exact => near(EXACT),
        };
        Self { fact, clause, error, fate }
    }

    /// Whether its whole interval is as near as demanded, so that it is near at other seeds too.
    fn is_surely_near(&self) -> bool {
        let most = match self.fact.target {
            Target::None => return true,
            Target::Within(share) => share,
            Target::Exact => EXACT,
        };
        let ends = self.clause.observed.zip(self.clause.promised);
        ends.is_some_and(|(observed, measured)| {
            [observed.low, observed.high].iter().all(|end| (end / measured - 1.0).abs() <= most)
        })
    }
}

/// The mean of replications that all say the same is a sum, and rounded.
const EXACT: f64 = 1e-9;

impl Predicted {
    /// Its figures.
    pub fn figures(&self) -> Vec<Figure<'_>> {
        self.facts.iter().zip(&self.summary.expectations).map(|(fact, clause)| Figure::new(fact, clause)).collect()
    }

    /// The root mean square of the errors of all predictions, where something is demanded of it.
    pub fn root_mean_square(&self) -> Option<f64> {
        self.together.as_ref()?;
        let figures = self.figures();
        let errors: Vec<f64> = figures.iter().filter(|f| f.fate != Fate::Calibration).filter_map(|f| f.error).collect();
        Some((errors.iter().map(|error| error * error).sum::<f64>() / errors.len() as f64).sqrt())
    }

    /// Whether all predictions together come as near as demanded.
    fn together_is_near(&self) -> bool {
        let demanded = self.together.as_ref().zip(self.root_mean_square());
        demanded.is_none_or(|(together, error)| error <= together.at_most)
    }

    /// What is missed, and why.
    pub fn misses(&self) -> Vec<(String, &str)> {
        let figures = self.figures().into_iter().filter(|figure| figure.fate == Fate::Missed);
        let mut all: Vec<(String, &str)> =
            figures.map(|f| (format!("{} by {}", f.fact.metric, signed(f.error)), f.fact.why.as_str())).collect();
        if let (Some(together), false) = (&self.together, self.together_is_near()) {
            all.push((format!("the root mean square error, {}", root(self)), together.why.as_str()));
        }
        all
    }

    /// Figures that say why they are missed, and are near with their whole intervals. Those whose intervals reach beyond their target say it too,
    /// because another seed may miss them.
    pub fn excused(&self) -> Vec<String> {
        let figures = self.figures().into_iter();
        let mut all: Vec<String> = figures
            .filter(|figure| figure.fate != Fate::Missed && !figure.fact.why.is_empty() && figure.is_surely_near())
            .map(|figure| figure.fact.metric.clone())
            .collect();
        let together = self.together.as_ref().filter(|together| !together.why.is_empty() && self.together_is_near());
        all.extend(together.map(|_| "all together".to_owned()));
        all
    }
}

/// Why something is missed, as a sentence.
fn reason(why: &str) -> String {
    if why.is_empty() { "no reason is given".to_owned() } else { why.trim_end_matches('.').to_owned() }
}

/// An error with its sign: `+1.3 %`.
fn signed(error: Option<f64>) -> String {
    let Some(error) = error else { return "no data".to_owned() };
    let sign = if error < 0.0 { "\u{2212}" } else { "+" };
    format!("{sign}{:.1}\u{a0}%", error.abs() * 100.0)
}

/// The root mean square error with what is demanded: `3.3 % where 2.5 % is demanded`.
fn root(system: &Predicted) -> String {
    let (error, most) =
        (system.root_mean_square().unwrap_or(f64::NAN), system.together.as_ref().map_or(0.0, |t| t.at_most));
    format!("{:.1}\u{a0}% where {:.1}\u{a0}% is demanded", error * 100.0, most * 100.0)
}

/// How near a prediction has to come, in words; empty where nothing is demanded.
fn demanded(target: Target) -> String {
    match target {
        Target::None => String::new(),
        Target::Within(share) => format!("{:.0}\u{a0}%", share * 100.0),
        Target::Exact => "exact".to_owned(),
    }
}

/// `117 figures: 14 set parameters, 103 are predicted. Of 47 targets 40 are near and 7 missed.` What is demanded of all predictions of a system
/// together is a target too.
fn counts(systems: &[&Predicted]) -> String {
    let fates: Vec<Fate> = systems.iter().flat_map(|system| system.figures()).map(|figure| figure.fate).collect();
    let count = |wanted: Fate| fates.iter().filter(|fate| **fate == wanted).count();
    let together = systems.iter().copied().filter(|system| system.together.is_some());
    let (kept, broken): (Vec<&Predicted>, Vec<&Predicted>) = together.partition(|system| system.together_is_near());
    let (set, near, missed) =
        (count(Fate::Calibration), count(Fate::Near) + kept.len(), count(Fate::Missed) + broken.len());
    let figures = fates.len();
    let among = if kept.len() + broken.len() > 0 { ", the root mean square error counted as one," } else { "" };
    format!(
        "{figures} figures: {set} set parameters, {} are predicted. Of {} targets{among} {near} are near and {missed} missed.\n",
        figures - set,
        near + missed
    )
}

/// The answer of the measured systems.
#[derive(Debug, Clone, Copy)]
pub struct MeasuredAnswer<'a> {
    /// The systems that were simulated.
    pub systems: &'a [Predicted],
}

impl Answer for MeasuredAnswer<'_> {
    /// A list of systems with their figures.
    fn json(&self) -> Result<String, ReportError> {
        let figure = |figure: &Figure| {
            serde_json::json!({
                "what": figure.fact.what,
                "metric": figure.fact.metric,
                "measured": figure.clause.promised,
                "simulated": figure.clause.observed,
                "unit": figure.clause.unit,
                "error": figure.error,
                "target": match figure.fact.target {
                    Target::None => None,
                    Target::Within(share) => Some(share),
                    Target::Exact => Some(0.0),
                },
                "calibrates": figure.fact.calibrates,
                "missed": figure.fate == Fate::Missed,
                "why": figure.fact.why,
            })
        };
        let item = |system: &Predicted| {
            serde_json::json!({
                "system": system.name,
                "file": system.file,
                "scenario": system.summary.scenario,
                "question": system.summary.question,
                "source": system.source,
                "seed": system.summary.seed,
                "replications": system.summary.replications,
                "digest": system.summary.digest,
                "root_mean_square_error": system.root_mean_square(),
                "figures": system.figures().iter().map(figure).collect::<Vec<_>>(),
            })
        };
        pretty(&self.systems.iter().map(item).collect::<Vec<serde_json::Value>>())
    }

    /// The table, without the last line that tells the exit status.
    fn terminal(&self, style: &Style) -> String {
        terminal::table(self.systems, style)
    }

    /// How many figures are near.
    fn sentence(&self, style: &Style) -> String {
        say(&counts(&self.systems.iter().collect::<Vec<_>>()), style)
    }
}
