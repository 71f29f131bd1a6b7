//! Who decides: the scaler itself, or somebody whom it asks.

use crate::ids::EdgeId;
use crate::problem::Problems;
use crate::units::{Probability, SimDuration};
use serde::{Deserialize, Serialize};

/// Who decides what a scaler does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecideSettings {
    /// The scaler, and where it is not sure, somebody else.
    Local(LocalSettings),
    /// Somebody else.
    Central(CentralSettings),
}

impl Default for DecideSettings {
    fn default() -> Self {
        Self::Local(LocalSettings::default())
    }
}

/// The scaler decides by itself.
///
/// # What it models
/// A decider that stands with what it controls: it needs nobody, and a decision takes no time. With `confidence` it is a mixed one: it decides by
/// itself while it is at least so sure, and otherwise asks an endpoint, as `central` does; without an answer it decides by itself after all.
///
/// How sure it is: the share of its last five looks, this one included, in which it wanted the same: more instances, fewer, or as many as there
/// are. What has just turned is 20 % sure, what has not turned for five looks is 100 % sure. Before its fifth look the looks so far count.
///
/// # When to use it
/// By itself: whenever nobody has to be asked. With `confidence`: to ask a central decider only in doubt, so that its outage costs little.
///
/// # Knobs
/// - `confidence`: from how sure on it decides by itself, percentage, above 0 %; default: always
/// - `to`: whom it asks in doubt, an endpoint; required with `confidence`, and only with it
/// - `timeout`: how long it waits for an answer, duration above 0, default 5s
///
/// # Example
/// ```yaml
/// decide: {local: {confidence: 80%, to: brain.decide}}
/// ```
///
/// # Source
/// The catalogue of this language: local where confidence is above 0.8. How confidence is measured is ours.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LocalSettings {
    /// From how sure on it decides by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Probability>,
    /// Whom it asks in doubt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How long it waits for an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<SimDuration>,
}

/// An endpoint decides.
///
/// # What it models
/// A control plane of its own: at each look the scaler sends a request to an endpoint of the system, over the network and through its queue, and
/// what telemetry has delivered when the answer comes decides. An answer that takes longer than `every` delays the next look. So the control plane
/// fails with what it runs on: where the endpoint is down, slow or cut off, nothing is decided, or the scaler does it by itself (`otherwise`).
///
/// The scaler stands in the zone of the first instance of what it scales. The request is one of the endpoint's: it takes its workers and its time,
/// and its availability is that of the control plane. It is no request of users.
///
/// # When to use it
/// To ask what an outage of the control plane costs, and whether its own availability is above that of what it controls.
///
/// # Knobs
/// - `to`: who is asked, an endpoint; required
/// - `timeout`: how long the scaler waits for an answer, duration above 0, default 5s
/// - `otherwise`: what happens without an answer: hold (nothing changes) or local (the scaler decides by itself), default hold
///
/// # Example
/// ```yaml
/// decide: {central: {to: brain.decide, timeout: 5s, otherwise: hold}}
/// ```
///
/// # Source
/// AWS, "Static stability using Availability Zones" (Amazon Builders' Library): what a data plane does while its control plane is away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CentralSettings {
    /// Who is asked.
    pub to: String,
    /// How long the scaler waits for an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<SimDuration>,
    /// What happens without an answer.
    #[serde(default)]
    pub otherwise: Otherwise,
}

/// What a scaler does without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// Nothing.
    #[default]
    Hold,
    /// It decides by itself.
    Local,
}

/// Who decides, as meant.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Decide {
    /// The scaler.
    #[default]
    Local,
    /// The scaler where it is at least so sure, else who is asked by this call.
    Mixed(f64, EdgeId),
    /// Who is asked by this call.
    Central(EdgeId, Otherwise),
}

/// How long a scaler waits for an answer if nothing is written.
const WAITS: SimDuration = SimDuration::from_ns(5 * SimDuration::SECOND.ns());

/// How many looks tell how sure a scaler is.
pub const LOOKS_OF_CONFIDENCE: usize = 5;

impl DecideSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        match self {
            Self::Local(local) => problems.at("local", |p| {
                match (&local.confidence, &local.to) {
                    (Some(_), None) => {
                        p.error("to", "in doubt it asks nobody").hint = Some("write to: and an endpoint".into());
                    }
                    (None, Some(_)) => {
                        p.error("to", "without confidence it is never in doubt, and asks nobody").hint =
                            Some("write confidence: 80%, or central:".into());
                    }
                    _ => {}
                }
                if local.confidence.is_some_and(|sure| sure.value() <= 0.0) {
                    p.error("confidence", "it is always as sure as that").hint = Some("write decide: local".into());
                }
                if local.timeout.is_some() && local.to.is_none() {
                    p.error("timeout", "it asks nobody").hint = Some("remove it".into());
                }
                positive(local.timeout, p);
            }),
            Self::Central(central) => problems.at("central", |p| positive(central.timeout, p)),
        }
    }

    /// Who is asked, where that is written (from `decide` on), and how long the scaler waits for an answer.
    pub fn asks(&self) -> Option<(&'static str, &str, SimDuration)> {
        let (place, to, timeout) = match self {
            Self::Local(local) => ("local", local.to.as_deref()?, local.timeout),
            Self::Central(central) => ("central", central.to.as_str(), central.timeout),
        };
        Some((place, to, timeout.unwrap_or(WAITS)))
    }

    /// As meant; `call` is the call by which somebody is asked.
    pub fn compile(&self, call: Option<EdgeId>) -> Decide {
        match (self, call) {
            (Self::Central(central), Some(call)) => Decide::Central(call, central.otherwise),
            (Self::Local(LocalSettings { confidence: Some(sure), .. }), Some(call)) => {
                Decide::Mixed(sure.value(), call)
            }
            _ => Decide::Local,
        }
    }
}

fn positive(timeout: Option<SimDuration>, problems: &mut Problems) {
    if timeout.is_some_and(SimDuration::is_zero) {
        problems.error("timeout", "no answer comes in no time").hint = Some("write a time such as 5s".into());
    }
}

/// What a scaler has wanted at its last looks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Confidence(Vec<std::cmp::Ordering>);

impl Confidence {
    /// Hears what the scaler wants at a look, against what there is, and says how sure it is, above 0 to 1.
    pub fn hears(&mut self, wants: std::cmp::Ordering) -> f64 {
        if self.0.len() == LOOKS_OF_CONFIDENCE {
            self.0.remove(0);
        }
        self.0.push(wants);
        self.0.iter().filter(|one| **one == wants).count() as f64 / self.0.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Ordering::{Equal, Greater};

    #[test]
    fn what_turns_is_doubtful_until_it_has_lasted() {
        let mut confidence = Confidence::default();
        let sure: Vec<f64> = [Equal, Equal, Equal, Equal, Equal].map(|wants| confidence.hears(wants)).to_vec();
        assert_eq!(sure, [1.0; 5]);
        let sure: Vec<f64> = (0..6).map(|_| confidence.hears(Greater)).collect();
        assert_eq!(sure, [0.2, 0.4, 0.6, 0.8, 1.0, 1.0]);
    }

    #[test]
    fn who_is_asked_and_how_long_is_waited() {
        let read = |json: serde_json::Value| serde_json::from_value::<DecideSettings>(json).unwrap();
        assert_eq!(read(serde_json::json!({"local": {}})).asks(), None);
        let central = read(serde_json::json!({"central": {"to": "brain.decide"}}));
        assert_eq!(central.asks(), Some(("central", "brain.decide", WAITS)));
        assert_eq!(central.compile(Some(EdgeId(3))), Decide::Central(EdgeId(3), Otherwise::Hold));
    }
}
