//! Scaling by rules: the first condition that holds decides.

use super::change::ChangeSettings;
use super::situation::{Situation, Wish};
use crate::expression::{Condition, Resolved, Tree};
use crate::names::Names;
use crate::problem::Problems;
use crate::results::Held;
use serde::{Deserialize, Serialize};

/// Rules with conditions of any number of metrics: the first that holds says what changes.
///
/// # What it models
/// Rules as people write them by hand: CPU above 70 % and slow answers, then half as many again; only CPU, then a fifth more; both low, then a fifth
/// less. At each look the rules are read from above, and the first whose condition is true decides; where none is, nothing is changed. A condition
/// without data is not true.
///
/// The number is changed again at each look for which a rule holds: instances that are still starting are in the number that is multiplied. Where
/// that runs away, write a `cooldown`.
///
/// # When to use it
/// For a scaler that somebody wrote, and where one metric alone does not decide.
///
/// # Knobs
/// - a list of rules: `when` (condition; required) and `change` (required), which is one of
///   - `factor`: times the present number, rounded up above 1 and down below 1
///   - `percent`: a part of the present number more or less, rounded toward zero, at least one instance
///   - `count`: so many more or less
///   - `set`: this number
///
/// # Example
/// ```yaml
/// use:
///   rules:
///     - {when: cpu(api) > 70% and p50(api.get) > 200ms, change: {factor: 1.5}}
///     - {when: cpu(api) > 70%, change: {factor: 1.2}}
///     - {when: cpu(api) < 30% and p50(api.get) < 50ms, change: {factor: 0.8}}
/// ```
///
/// # Source
/// Hand-written scalers: x 1.5, x 1.2, x 0.8.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct RulesSettings(pub Vec<RuleSettings>);

/// A condition, and what changes while it is true.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleSettings {
    /// When it holds.
    pub when: Condition,
    /// What changes then.
    pub change: ChangeSettings,
}

/// As meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules(Vec<(Tree<Resolved>, ChangeSettings)>);

impl RulesSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.0.is_empty() {
            problems.error("", "without rules nothing is ever changed");
        }
        for (place, rule) in self.0.iter().enumerate() {
            problems.at(place, |p| rule.change.validate(p));
        }
    }

    pub(super) fn compile(&self, names: &Names, problems: &mut Problems) -> Option<Rules> {
        let each = |(place, rule): (usize, &RuleSettings)| {
            let when = problems.at(place, |p| p.at("when", |p| rule.when.compile(names, p)))?;
            Some((when, rule.change.clone()))
        };
        let rules: Vec<_> = self.0.iter().enumerate().map(each).collect();
        rules.into_iter().collect::<Option<_>>().map(Rules)
    }
}

impl Rules {
    pub(super) fn wish(&self, situation: &mut Situation<'_>) -> Wish {
        let current = situation.current;
        let mut is_blind = false;
        for (when, change) in &self.0 {
            match when.truth(&mut *situation.read) {
                Some(true) => return Wish::of(change.after(current)),
                Some(false) => {}
                None => is_blind = true,
            }
        }
        Wish::keep(current, if is_blind { Held::NoData } else { Held::NoRule })
    }

    pub(super) fn metrics(&self) -> Vec<&Resolved> {
        self.0.iter().flat_map(|(when, _)| when.metrics()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::ScalerState;
    use super::super::tests::{decide, scaler};
    use crate::expression::{Metric, Resolved};
    use crate::results::Held;

    fn check(current: u32, cpu: Option<f64>, p50_s: f64, expect: u32, held: Held) {
        let scaler = scaler(serde_json::json!({"of": "api", "min": 1, "max": 100, "use": {"rules": [
            {"when": "cpu(api) > 70% and p50(api.get) > 200ms", "change": {"factor": 1.5}},
            {"when": "cpu(api) > 70%", "change": {"factor": 1.2}},
            {"when": "cpu(api) > 60%", "change": {"count": 1}},
            {"when": "cpu(api) < 5%", "change": {"set": 2}},
            {"when": "cpu(api) < 10%", "change": {"percent": "-50%"}},
            {"when": "cpu(api) < 30% and p50(api.get) < 50ms", "change": {"factor": 0.8}}]}}));
        let mut read = |m: &Resolved| if m.metric == Metric::Cpu { cpu } else { Some(p50_s) };
        let mut state = ScalerState::default();
        assert_eq!(decide(&scaler, &mut state, 0, current, &mut read), expect, "{current} at {cpu:?}, {p50_s} s");
        let counted = state.held.by[held as usize];
        assert_eq!(counted, u64::from(expect == current), "{:?}", state.held);
    }

    // CATALOGUE C1: x 1.5 when both are high, x 1.2 when only CPU is, x 0.8 when both are low.
    #[test]
    fn the_first_rule_that_holds_decides() {
        check(10, Some(0.8), 0.3, 15, Held::OnTarget);
        check(10, Some(0.8), 0.1, 12, Held::OnTarget);
        check(11, Some(0.8), 0.1, 14, Held::OnTarget);
        check(10, Some(0.2), 0.04, 8, Held::OnTarget);
        check(9, Some(0.2), 0.04, 7, Held::OnTarget);
        check(10, Some(0.65), 0.1, 11, Held::OnTarget);
        check(10, Some(0.09), 0.1, 5, Held::OnTarget);
        check(10, Some(0.01), 0.1, 2, Held::OnTarget);
    }

    #[test]
    fn without_a_rule_that_holds_or_data_nothing_changes() {
        check(10, Some(0.5), 0.3, 10, Held::NoRule);
        check(10, Some(0.2), 0.06, 10, Held::NoRule);
        check(10, None, 0.3, 10, Held::NoData);
        check(100, Some(0.8), 0.3, 100, Held::Bounds);
    }
}
