//! The section `studies`: questions about many settings of the system that the file describes.

pub mod capacity;
pub mod compare;
pub mod decide;
pub mod gate;
pub mod knee;
pub mod knob;
pub mod metastability;
pub mod question;
pub mod sweep;

use capacity::CapacitySettings;
use compare::CompareSettings;
use decide::DecideSettings;
use gate::GateSettings;
use knee::KneeSettings;
use metastability::MetastabilitySettings;
use question::Question;
use serde::{Deserialize, Serialize};
use sim_core::kind::Kind;
use sim_core::problem::Problems;
use sim_core::units::{Count, Probability};
use sweep::SweepSettings;

/// A question about many settings of the system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StudySettings {
    /// What is asked. Required.
    pub ask: AskSettings,
    /// How sure verdicts have to be; default 95%.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Probability>,
    /// How much may be spent on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetSettings>,
}

/// How much may be spent on a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetSettings {
    /// Replications of one setting at most. Required.
    pub replications: Count,
}

/// What a study asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AskSettings {
    /// What happens at each of many settings, and which knob matters.
    Sweep(Box<SweepSettings>),
    /// The cheapest setting that keeps every promise.
    Capacity(CapacitySettings),
    /// Which of several variants is better, and by how much.
    Compare(CompareSettings),
    /// The load at which each promise breaks.
    Knee(KneeSettings),
    /// Whether the system comes back by itself, by load and trigger.
    Metastability(MetastabilitySettings),
    /// Which of several systems to take, by all that they cost.
    Decide(DecideSettings),
    /// Whether all that is promised and expected holds.
    Gate(GateSettings),
}

/// The kinds of questions.
pub const ALL: &[Kind] = &[
    Kind { family: "ask", name: "sweep", schema: || schemars::schema_for!(SweepSettings) },
    Kind { family: "ask", name: "capacity", schema: || schemars::schema_for!(CapacitySettings) },
    Kind { family: "ask", name: "compare", schema: || schemars::schema_for!(CompareSettings) },
    Kind { family: "ask", name: "knee", schema: || schemars::schema_for!(KneeSettings) },
    Kind { family: "ask", name: "metastability", schema: || schemars::schema_for!(MetastabilitySettings) },
    Kind { family: "ask", name: "decide", schema: || schemars::schema_for!(DecideSettings) },
    Kind { family: "ask", name: "gate", schema: || schemars::schema_for!(GateSettings) },
];

impl AskSettings {
    /// The name of its kind, and what it asks.
    pub fn question(&self) -> (&'static str, &dyn Question) {
        match self {
            Self::Sweep(ask) => ("sweep", ask.as_ref()),
            Self::Capacity(ask) => ("capacity", ask),
            Self::Compare(ask) => ("compare", ask),
            Self::Knee(ask) => ("knee", ask),
            Self::Metastability(ask) => ("metastability", ask),
            Self::Decide(ask) => ("decide", ask),
            Self::Gate(ask) => ("gate", ask),
        }
    }
}

impl StudySettings {
    /// Problems of the settings that need no names.
    pub fn validate(&self, problems: &mut Problems) {
        if let Some(confidence) = self.confidence
            && !(0.5..1.0).contains(&confidence.value())
        {
            problems.error("confidence", "a confidence lies between 50% and 100%").hint =
                Some("write confidence: 95%".into());
        }
        if let Some(budget) = self.budget
            && !(1..=1_000_000).contains(&budget.replications.get())
        {
            problems.error("budget.replications", "a budget has between 1 and 1M replications");
        }
        let (kind, ask) = self.ask.question();
        problems.at("ask", |p| p.at(kind, |p| ask.validate(p)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_one_name_in_files_in_the_list_and_in_the_paths_of_problems() {
        let written = [
            r#"{"sweep": {"over": {"a.b": {"list": ["1"]}}}}"#,
            r#"{"capacity": {"find": {"a.b": {"list": ["1"]}}}}"#,
            r#"{"compare": {"baseline": "base", "against": ["a"]}}"#,
            r#"{"knee": {}}"#,
            r#"{"metastability": {"trigger": {"faults.a.for": {"list": ["1s"]}}, "at_load": ["100%"]}}"#,
            r#"{"decide": {"among": ["base", "a"]}}"#,
            r#"{"gate": {}}"#,
        ];
        let asks = written.map(|text| serde_json::from_str::<AskSettings>(text).unwrap());
        let keys =
            asks.each_ref().map(|ask| serde_json::to_value(ask).unwrap().as_object().unwrap().keys().next().cloned());
        assert_eq!(ALL.iter().map(|kind| Some(kind.name.to_owned())).collect::<Vec<_>>(), keys);
        assert_eq!(asks.each_ref().map(|ask| Some(ask.question().0.to_owned())), keys);
    }
}
