//! The question `sweep`.

use super::knob::OverSettings;
use super::question::{Commanded, Known, Question};
use crate::written::named::ByText;
use serde::{Deserialize, Serialize};
use sim_core::expression::Value;
use sim_core::problem::Problems;
use sim_core::units::Count;

/// Points of a sweep at most.
pub const MOST: u64 = 100_000;

/// What happens at each of many settings, and which knob matters.
///
/// # What it models
/// The system at many settings of its knobs, each simulated with the same random numbers, so that settings differ by nothing but
/// their knobs. `grid` tries every combination; `latin_hypercube` and `sobol` spread a given number of points over many knobs.
///
/// # When to use it
/// To see where a system leaves its promises, and which of its knobs decides that.
///
/// # Knobs
/// - `over`: path of a value: `{list: [..]}` or `{range: {from, to, points, scale}}`; required
/// - `show`: metrics of each point; default availability and p99 of what the loads call, and the cost
/// - `design`: `grid`, `latin_hypercube: {points}` or `sobol: {points}`; default grid
/// - `rank`: `total_sobol: {of}` or `morris: {of}`: which knob matters for a metric; default, in a grid, for all that is shown
///
/// # Example
/// ```yaml
/// studies:
///   which-knob:
///     ask:
///       sweep:
///         over:
///           policies.card.timeout: {range: {from: 100ms, to: 2s, scale: log}}
///           services.payment.instances: {range: {from: 3, to: 8}}
///         design: {sobol: {points: 256}}
///         rank: {total_sobol: {of: availability(gateway.checkout)}}
/// ```
///
/// # Source
/// Saltelli et al., *Global Sensitivity Analysis: The Primer*, 2008; Jansen 1999 for the total index; Morris 1991.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SweepSettings {
    /// What is varied: values by path. Required.
    pub over: ByText<OverSettings>,
    /// Metrics of each point; default availability and p99 of what the loads call, and the cost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub show: Vec<Value>,
    /// How the points are chosen; default grid.
    #[serde(default)]
    pub design: DesignSettings,
    /// For which metric the knobs are ranked, and how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<RankSettings>,
}

/// How the points of a sweep are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DesignSettings {
    /// Every combination.
    #[default]
    Grid,
    /// Each knob takes each of as many strata as there are points once.
    LatinHypercube(PointsSettings),
    /// A scrambled Sobol sequence.
    Sobol(PointsSettings),
}

/// How many points a design has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PointsSettings {
    /// How many settings are simulated at most. Required.
    pub points: Count,
}

/// How the importance of knobs is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RankSettings {
    /// Shares of the variance, by Saltelli's design.
    TotalSobol(RankOfSettings),
    /// Elementary effects: cheaper, and enough to sort out what does not matter.
    Morris(RankOfSettings),
}

/// What knobs are ranked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RankOfSettings {
    /// A metric, such as availability(gateway.checkout). Required.
    pub of: Value,
}

impl RankSettings {
    /// The metric.
    pub fn of(&self) -> &Value {
        match self {
            Self::TotalSobol(s) | Self::Morris(s) => &s.of,
        }
    }
}

impl DesignSettings {
    /// How many points are asked for; `None` for every combination.
    pub fn points(self) -> Option<u64> {
        match self {
            Self::Grid => None,
            Self::LatinHypercube(s) | Self::Sobol(s) => Some(s.points.get()),
        }
    }
}

impl Question for SweepSettings {
    fn knobs(&self) -> Option<&'static str> {
        Some("over")
    }

    fn values(&self) -> Vec<&Value> {
        self.show.iter().chain(self.rank.as_ref().map(RankSettings::of)).collect()
    }

    fn validate(&self, problems: &mut Problems) {
        if self.over.is_empty() {
            problems.error("over", "nothing is varied").hint =
                Some("write the path of a value, such as services.api.instances: {list: [2, 4, 8]}".into());
        }
        let grid = self.design.points().is_none();
        problems.at("over", |p| {
            for (path, over) in self.over.iter() {
                p.at(path, |p| over.validate(grid, p));
            }
        });
        if let Some(points) = self.design.points()
            && !(2..=MOST).contains(&points)
        {
            problems.error("design", format!("a design has between 2 and {MOST} points"));
        }
        if grid && self.rank.is_some() {
            problems.error("rank", "a grid ranks its knobs by itself; other ranks need a design of their own").hint =
                Some("write design: {sobol: {points: 256}}, or remove `rank`".into());
        }
        let literal = |value: &Value| value.literal().is_some();
        for (place, _) in self.show.iter().enumerate().filter(|(_, value)| literal(value)) {
            problems.at("show", |p| {
                p.error(&place.to_string(), "a written number is the same at every point").hint =
                    Some("name what is measured, such as p99(gateway.checkout)".into());
            });
        }
    }

    fn check(&self, known: &Known<'_>, problems: &mut Problems) {
        known.shown(&self.show, problems);
        if let Some(rank) = &self.rank {
            let kind = match rank {
                RankSettings::TotalSobol(_) => "total_sobol",
                RankSettings::Morris(_) => "morris",
            };
            problems.at("rank", |p| p.at(kind, |p| p.at("of", |p| known.value(rank.of(), p))));
        }
    }
}

impl Commanded for SweepSettings {
    const CALLED: (&'static str, &'static str) = ("sweep", "sweeps");
}
