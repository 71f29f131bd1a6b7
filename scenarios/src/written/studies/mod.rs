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
use question::{Question, Variant};
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

/// Declares the kinds of questions, one a line: its name in files, its variant, its settings. All that has to know of each kind follows.
macro_rules! questions {
    ($($(#[$doc:meta])* $name:ident: $variant:ident($settings:ty),)+) => {
        /// What a study asks.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum AskSettings {
            $($(#[$doc])* $variant(Box<$settings>),)+
        }

        /// The kinds of questions.
        pub const ALL: &[Kind] = &[
            $(Kind { family: "ask", name: stringify!($name), schema: || schemars::schema_for!($settings) },)+
        ];

        impl AskSettings {
            /// The name of its kind, and what it asks.
            pub fn question(&self) -> (&'static str, &dyn Question) {
                match self {
                    $(Self::$variant(ask) => (stringify!($name), ask.as_ref()),)+
                }
            }
        }

        $(
            impl Variant for $settings {
                fn of(ask: &AskSettings) -> Option<&Self> {
                    if let AskSettings::$variant(ask) = ask { Some(ask) } else { None }
                }
            }

            impl From<$settings> for AskSettings {
                fn from(ask: $settings) -> Self {
                    Self::$variant(Box::new(ask))
                }
            }
        )+
    };
}

questions! {
    /// What happens at each of many settings, and which knob matters.
    sweep: Sweep(SweepSettings),
    /// The cheapest setting that keeps every promise.
    capacity: Capacity(CapacitySettings),
    /// Which of several variants is better, and by how much.
    compare: Compare(CompareSettings),
    /// The load at which each promise breaks.
    knee: Knee(KneeSettings),
    /// Whether the system comes back by itself, by load and trigger.
    metastability: Metastability(MetastabilitySettings),
    /// Which of several systems to take, by all that they cost.
    decide: Decide(DecideSettings),
    /// Whether all that is promised and expected holds.
    gate: Gate(GateSettings),
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

    /// The keys by which files are read, as the schema has them.
    fn keys() -> Vec<String> {
        let schema = schemars::schema_for!(AskSettings).to_value();
        let variants = schema["oneOf"].as_array().unwrap().iter();
        variants.flat_map(|variant| variant["properties"].as_object().unwrap().keys().cloned()).collect()
    }

    #[test]
    fn a_kind_has_one_name_in_files_in_the_list_and_in_the_paths_of_problems() {
        assert_eq!(ALL.iter().map(|kind| kind.name).collect::<Vec<_>>(), keys());
        let empty = serde_json::from_str::<AskSettings>(r#"{"gate": {}}"#).unwrap();
        assert_eq!((empty.question().0, GateSettings::of(&empty).is_some()), ("gate", true));
        assert_eq!(SweepSettings::of(&empty), None);
    }
}
