//! One of several distributions, by chance.

use super::{Distribution, Sampler};
use crate::engine::rng::Draw;
use crate::problem::Problems;
use crate::units::Probability;
use serde::{Deserialize, Serialize};

/// One of several distributions, by chance.
///
/// # What it models
/// Each draw first chooses an arm by its probability, then draws from it. One arm may leave its probability out and gets the rest.
///
/// # When to use it
/// For what is usually fast and sometimes slow: a cache below, a garbage collector, two kinds of requests.
///
/// # Knobs
/// - a list of `{probability, of}`: percent, and a distribution; probabilities add up to 100%
///
/// # Example
/// ```yaml
/// work: {mixture: [{probability: 98%, of: {exponential: {mean: 2ms}}}, {of: {exponential: {mean: 200ms}}}]}
/// ```
///
/// # Source
/// Composition method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct MixtureSettings(pub Vec<MixtureArm>);

/// One arm of a mixture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MixtureArm {
    /// How often; one arm may leave it out and gets the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<Probability>,
    /// Which distribution.
    pub of: Distribution,
}

/// Upper bounds of chances, and samplers.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    arms: Vec<(f64, f64, Sampler)>,
}

impl MixtureSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        let sum: f64 = self.0.iter().filter_map(|a| a.probability).map(Probability::value).sum();
        let open = self.0.iter().filter(|a| a.probability.is_none()).count();
        if self.0.len() < 2 {
            problems.error("", "a mixture has two arms or more");
        } else if open > 1 {
            problems.error("", "only one arm may leave its probability out");
        } else if sum > 1.0 + 1e-9 || (open == 0 && (sum - 1.0).abs() > 1e-9) {
            problems.error("", "the probabilities of the arms do not add up to 100%").label =
                Some(format!("they add up to {}%", (sum * 1e6).round() / 1e4));
        }
        for (place, arm) in self.0.iter().enumerate() {
            problems.at(place, |p| p.at("of", |p| arm.of.validate(p)));
        }
    }

    pub(super) fn build(&self) -> Mixture {
        let given: f64 = self.0.iter().filter_map(|a| a.probability).map(Probability::value).sum();
        let mut below = 0.0;
        let arms = self.0.iter().map(|arm| {
            let p = arm.probability.map_or((1.0 - given).max(0.0), Probability::value);
            below += p;
            (below, p, arm.of.build())
        });
        Mixture { arms: arms.collect() }
    }
}

impl Mixture {
    pub(super) fn sample(&self, draw: &mut impl Draw) -> f64 {
        let u = draw.unit();
        let arm = self.arms.iter().find(|a| u < a.0).or(self.arms.last());
        arm.map_or(0.0, |a| a.2.sample(draw))
    }

    pub(super) fn mean(&self) -> f64 {
        self.arms.iter().map(|(_, p, s)| p * s.mean()).sum()
    }

    pub(super) fn variance(&self) -> f64 {
        let second: f64 = self.arms.iter().map(|(_, p, s)| p * (s.variance() + s.mean() * s.mean())).sum();
        second - self.mean() * self.mean()
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        self.arms.iter().map(|(_, p, s)| p * s.cdf(x)).sum()
    }
}
