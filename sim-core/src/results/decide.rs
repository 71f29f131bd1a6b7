//! Systems priced side by side, and which of them to take.

use super::Estimate;
use crate::expression::Group;
use serde::Serialize;

/// The answer of a decision: what `decision.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// Title of the scenario.
    pub scenario: String,
    /// The question that it asks.
    pub question: String,
    /// Name of the study in the file.
    pub study: String,
    /// Seed of all systems: replication i of each sees the same random numbers.
    pub seed: u64,
    /// Version of windtunnel that made it.
    pub version: String,
    /// Replications of each system.
    pub replications: u32,
    /// Measured time of one replication [s].
    pub simulated_s: f64,
    /// The systems, in the order asked.
    pub options: Vec<OptionPriced>,
    /// The system that costs least in all, by its place.
    pub cheapest: usize,
    /// Whether the interval of the difference to each other is above zero.
    pub certain: bool,
    /// What prices would have to be for another system to be the cheapest, the nearest first.
    pub flips: Vec<Flip>,
    /// What the thresholds of the guide say; `None` where the study asks none.
    pub guide: Option<Guided>,
    /// Which of both is the advice.
    pub by: Rule,
    /// Hash of the digests of all that was simulated, 16 hexadecimal digits.
    pub digest: String,
}

/// A system and what it costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OptionPriced {
    /// Its variant, or `base`.
    pub name: String,
    /// A year, by group of the bill: those of which the file has items.
    pub groups: Vec<(Group, Estimate)>,
    /// A year, by item of the bill, with the group.
    pub items: Vec<(String, Group, Estimate)>,
    /// A year, all groups together.
    pub total: Estimate,
    /// What it costs a year more than the cheapest, pair by pair; exact zero for that itself.
    pub more_than_cheapest: Estimate,
    /// Share of requests of all load classes that are answered; `None` without requests.
    pub availability: Option<Estimate>,
    /// Share of them that are answered wrong; `None` without requests.
    pub wrong: Option<Estimate>,
    /// 99th percentile of the answers' latency [s]; `None` without answers.
    pub p99_s: Option<Estimate>,
    /// Whether no other is better or as good in infrastructure, losses and p99, and better in one.
    pub on_front: bool,
}

impl OptionPriced {
    /// A year, of one group.
    pub fn of(&self, group: Group) -> Estimate {
        self.groups.iter().find(|(of, _)| *of == group).map_or(Estimate::exact(0.0), |(_, money)| *money)
    }

    /// A year, of all that is lost: sales, wrongness, penalties.
    pub fn lost(&self) -> f64 {
        [Group::Sales, Group::Wrongness, Group::Penalties].iter().map(|group| self.of(*group).mean).sum()
    }
}

/// How far a price has to move for another system to be the cheapest.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flip {
    /// The item whose price moves.
    pub item: String,
    /// By this factor.
    pub factor: f64,
    /// The system that is then the cheapest, by its place.
    pub to: usize,
}

/// What the guide says, and of which figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Guided {
    /// What the weakest of the systems loses a year by wrong answers: what there is to lose.
    pub wrongness: Estimate,
    /// What the infrastructure of the dearest costs a year more than that of the cheapest: the price of coordination.
    pub coordination: Estimate,
    /// The level that it advises.
    pub level: GuideLevel,
    /// The system of that level, by its place; `None` where no system is called so.
    pub option: Option<usize>,
}

/// The levels of the guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GuideLevel {
    /// Every read sees every write before it.
    StrictSerializable,
    /// Transactions as if one after the other.
    Serializable,
    /// Transactions that read one moment.
    SnapshotIsolation,
    /// Copies that agree in the end, behind a cache.
    EventualWithCache,
    /// What is made at intervals.
    Batch,
}

impl GuideLevel {
    /// The words for it.
    pub fn words(self) -> &'static str {
        match self {
            Self::StrictSerializable => "strict serializable",
            Self::Serializable => "serializable",
            Self::SnapshotIsolation => "snapshot isolation",
            Self::EventualWithCache => "eventual with a cache",
            Self::Batch => "batch",
        }
    }

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::StrictSerializable => "strict_serializable",
            Self::Serializable => "serializable",
            Self::SnapshotIsolation => "snapshot_isolation",
            Self::EventualWithCache => "eventual_with_cache",
            Self::Batch => "batch",
        }
    }
}

/// By what the advice is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The least that it costs in all.
    Cost,
    /// The thresholds of the guide.
    Guide,
}
