//! The question `decide`.

use super::question::{Commanded, Known, Question};
use crate::written::named::Name;
use serde::{Deserialize, Serialize};
use sim_core::problem::Problems;
use sim_core::units::{Per, Price};

/// Which of several systems to take, by all that they cost.
///
/// # What it models
/// Each variant is simulated and billed on the same random numbers: infrastructure, lost sales, wrongness and penalties of a year. The advice is
/// the one that costs least in all, with the interval of its distance to each other, the front of those that none beats, and how far
/// each price has to move for the advice to be another. `guide` gives the advice by thresholds instead, or beside it.
///
/// # When to use it
/// To choose a guarantee level, or batch or real time, by what it costs to be wrong and to be slow.
///
/// # Knobs
/// - `among`: names of variants, `base` for the file itself; required
/// - `by`: `cost` or `guide`, default cost
/// - `guide`: thresholds as money over time: `strict_above`, `snapshot_above`, `coordination_above`; default $1M/year, $100k/year, $500k/year
///   where `by` is `guide`, and else no guide; `latency_matters`: whether users would notice, default true
///
/// The guide of the source: where wrong answers of the weakest system cost more than `strict_above`, strict serializable; where more than
/// `snapshot_above`, snapshot isolation if coordination costs more than `coordination_above`, else serializable; else eventual with
/// a cache where users would notice latency, and batch where they would not. A system that it advises is found by its name, such as
/// `strict_serializable`.
///
/// # Example
/// ```yaml
/// studies:
///   which-level: {ask: {decide: {among: [base, snapshot, eventual], guide: {strict_above: $1M/year}}}}
/// ```
///
/// # Source
/// Expected cost: H. Raiffa, *Decision Analysis*, 1968. The front: V. Pareto, *Manuale di economia politica*, 1906.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideSettings {
    /// The variants among which is chosen. Required.
    pub among: Vec<Name>,
    /// What the advice is given by; default cost.
    #[serde(default)]
    pub by: ByRule,
    /// The thresholds of the guide; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guide: Option<GuideSettings>,
}

/// What the advice is given by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ByRule {
    /// The least that it costs in all.
    #[default]
    Cost,
    /// The thresholds of the guide.
    Guide,
}

/// Thresholds by which a level is advised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GuideSettings {
    /// What wrong answers may cost before everything is strict serializable; default $1M/year.
    pub strict_above: Price,
    /// What they may cost before transactions are needed; default $100k/year.
    pub snapshot_above: Price,
    /// What coordination may cost before snapshots have to do; default $500k/year.
    pub coordination_above: Price,
    /// Whether users would notice latency; default true.
    pub latency_matters: bool,
}

impl Default for GuideSettings {
    fn default() -> Self {
        let price = |text: &str| Price::parse(text).expect("a price");
        Self {
            strict_above: price("$1M/year"),
            snapshot_above: price("$100k/year"),
            coordination_above: price("$500k/year"),
            latency_matters: true,
        }
    }
}

impl GuideSettings {
    fn all(&self) -> [(&'static str, &Price); 3] {
        [
            ("strict_above", &self.strict_above),
            ("snapshot_above", &self.snapshot_above),
            ("coordination_above", &self.coordination_above),
        ]
    }
}

impl Question for DecideSettings {
    fn validate(&self, problems: &mut Problems) {
        if self.among.len() < 2 {
            problems.error("among", "there is nothing to choose among fewer than two").hint =
                Some("write names of variants, such as among: [base, eventual]".into());
        }
        problems.at("among", |p| {
            for (place, name) in self.among.iter().enumerate() {
                if self.among[..place].contains(name) {
                    p.error(&place.to_string(), format!("{} is named twice", name.as_ref()));
                }
            }
        });
        problems.at("guide", |p| {
            for (key, price) in self.guide.iter().flat_map(GuideSettings::all) {
                if !matches!(price.per, Per::Time(_)) {
                    p.error(key, format!("{price} is no money over time")).hint = Some("write such as $1M/year".into());
                }
            }
        });
    }

    fn check(&self, known: &Known<'_>, problems: &mut Problems) {
        problems.at("among", |p| {
            for (place, name) in self.among.iter().enumerate() {
                p.at(place, |p| known.variant(name.as_ref(), p));
            }
        });
        if known.names.costs.is_empty() {
            problems.error("", "nothing has a price, so that all systems cost the same").hint =
                Some("write what they cost in `costs`".into());
        }
    }
}

impl Commanded for DecideSettings {
    const CALLED: (&'static str, &'static str) = ("decision", "decisions");
}
