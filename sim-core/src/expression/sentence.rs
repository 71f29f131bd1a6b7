//! A clause in plain words, where it asks what became of promises and experiments: `not held(works)` is `"works" is broken`.

use super::{Clause, Metric, MetricRef, Tree};
use crate::units::Probability;

impl Clause {
    /// What it expects, as a sentence without a full stop; a clause with a comparison or a quantifier as written.
    pub fn sentence(&self) -> String {
        let said = self.quantifier.is_none().then(|| says(&self.tree, true)).flatten();
        let Some(text) = said else { return self.to_string() };
        match self.probability.and_then(Probability::new) {
            Some(share) => format!("{text}, in at least {share} of runs"),
            _ => text,
        }
    }

    /// The promise of which it asks whether it is held, and nothing else: a promise of the scenario itself, and not of a variant.
    pub fn asks_of_promise(&self) -> Option<&str> {
        let tree = if let Tree::Not(inner) = &self.tree { inner } else { &self.tree };
        match tree {
            Tree::Metric(metric) if metric.metric == Metric::Held && metric.scope.variant.is_none() => {
                metric.subject.as_deref()
            }
            _ => None,
        }
    }
}

/// A tree, or its opposite where `is_so` is false; `None` where something is compared.
fn says(tree: &Tree<MetricRef>, is_so: bool) -> Option<String> {
    match tree {
        Tree::Metric(metric) => of_metric(metric, is_so),
        Tree::Not(inner) if matches!(&**inner, Tree::Metric(_)) => says(inner, !is_so),
        Tree::And(left, right) if is_so => Some(format!("{} and {}", says(left, true)?, says(right, true)?)),
        Tree::Or(left, right) if is_so => Some(format!("{} or {}", says(left, true)?, says(right, true)?)),
        _ => None,
    }
}

fn of_metric(metric: &MetricRef, is_so: bool) -> Option<String> {
    let name = metric.subject.as_deref()?;
    let text = match (metric.metric, is_so) {
        (Metric::Held, true) => format!("\"{name}\" is held"),
        (Metric::Held, false) => format!("\"{name}\" is broken"),
        (Metric::Hypothesis, true) => format!("the hypothesis of {name} holds"),
        (Metric::Hypothesis, false) => format!("the hypothesis of {name} does not hold"),
        (Metric::Aborted, true) => format!("{name} is aborted"),
        (Metric::Aborted, false) => format!("{name} is not aborted"),
        (Metric::Ran, true) => format!("{name} is run"),
        (Metric::Ran, false) => format!("{name} is not run"),
        (Metric::Left, true) => format!("{name} is left"),
        (Metric::Left, false) => format!("{name} is not left"),
        _ => return None,
    };
    let scope = metric.words();
    Some(text + scope.strip_prefix(&metric.text()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(clause: &str, expected: &str) {
        assert_eq!(Clause::parse(clause).unwrap().sentence(), expected);
    }

    #[test]
    fn promises_and_experiments_are_said_in_plain_words() {
        check("not held(works)", "\"works\" is broken");
        check("held(works) in quick-breaker", "\"works\" is held in quick-breaker");
        check("held(works) and held(quick)", "\"works\" is held and \"quick\" is held");
        check("aborted(kill) and not hypothesis(kill)", "kill is aborted and the hypothesis of kill does not hold");
        check("not aborted(kill) with probability 90%", "kill is not aborted, in at least 90% of runs");
        check("not ran(kill)", "kill is not run");
    }

    #[test]
    fn comparisons_stay_as_written() {
        for text in ["p99(a.b) < 300ms", "p99(a.b) < 1s and not held(works)", "never queue_length(a) over 10s > 3"] {
            check(text, text);
        }
    }

    #[test]
    fn a_promise_of_a_variant_is_no_promise_of_the_scenario() {
        let asks = |text: &str| Clause::parse(text).unwrap().asks_of_promise().map(str::to_owned);
        assert_eq!(asks("not held(works)").as_deref(), Some("works"));
        assert_eq!(asks("held(works) in calm"), None);
        assert_eq!(asks("held(works) and held(quick)"), None);
    }
}
