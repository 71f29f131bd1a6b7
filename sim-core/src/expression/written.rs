//! Trees as written: which names they may use, of which variants they speak, and what their values measure.

use super::tree::JoinOp;
use super::{Measure, MetricRef, Tree};
use crate::names::Names;
use crate::problem::Problems;

impl Tree<MetricRef> {
    /// Checks all names of an expression that is judged by the truth against those of the scenario, and of its `variants` where a
    /// scope says `in`; `variant` gives the names of one, or `None` where it could not be read.
    pub fn check<'a>(
        &self,
        names: &'a Names,
        variant: impl Fn(&str) -> Option<&'a Names>,
        variants: &[&str],
        problems: &mut Problems,
    ) {
        for metric in self.metrics() {
            metric.check_truth(problems);
            let names = match metric.scope.variant.as_deref() {
                None | Some("base") => Some(names),
                Some(name) => {
                    if !variants.contains(&name) {
                        problems.unknown("", "variant", name, variants.iter().copied());
                        continue;
                    }
                    variant(name)
                }
            };
            if let Some(names) = names {
                metric.resolve(names, problems);
            }
        }
    }

    /// Names of the variants that it speaks of, besides `base`.
    pub fn variants(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.metrics().iter().filter_map(|m| m.scope.variant.as_deref()).collect();
        all.retain(|name| *name != "base");
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What its value measures: of a product or quotient, what comes out of both. `None` for a condition.
    pub fn measure(&self) -> Option<Measure> {
        match self {
            Self::Number { measure, .. } => Some(*measure),
            Self::Metric(metric) => Some(metric.measure()),
            Self::Join(JoinOp::Plus | JoinOp::Minus, left, _) => left.measure(),
            Self::Join(JoinOp::Times, left, right) => left.measure()?.times(right.measure()?),
            Self::Join(JoinOp::Over, left, right) => left.measure()?.over(right.measure()?),
            Self::Compare { .. } | Self::And(..) | Self::Or(..) | Self::Not(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::Clause;

    fn check(left: &str, expected: Measure) {
        // Compared with itself, it has the right measure on the right.
        let clause = Clause::parse(&format!("{left} > {left}")).unwrap_or_else(|e| panic!("{left}: {e}"));
        let [Some(tree), _] = clause.tree.leaves()[0].trees() else { panic!("{left} has no left side") };
        assert_eq!(tree.measure(), Some(expected), "{left}");
    }

    #[test]
    fn values_measure_what_comes_out() {
        check("p99(a.b)", Measure::TIME);
        check("p99(a.b) / p50(a.b)", Measure::NUMBER);
        check("2 * p99(a.b) - p50(a.b) * 3", Measure::TIME);
        check("rps(a.b) * p99(a.b)", Measure::NUMBER);
        check("100 / p99(a.b)", Measure::RATE);
        check("100% - availability(a.b)", Measure::Share);
        check("availability(a.b) / availability(c.d)", Measure::NUMBER);
        check("(p50(a.b) + 1s) / 2", Measure::TIME);
    }

    #[test]
    fn conditions_measure_nothing() {
        assert_eq!(Clause::parse("p99(a.b) > 1s and p50(a.b) > 1s").unwrap().tree.measure(), None);
    }
}
