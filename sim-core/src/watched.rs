//! A condition that is looked at while a run goes on, with what a journal says of it.

use crate::expression::{CompareOp, Condition, Leaf, Metric, Resolved, Tree};
use crate::names::Names;
use crate::problem::Problems;
use crate::results::JournalBound;
use crate::units::Unit;

/// A condition on what telemetry has delivered, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// As written.
    pub text: String,
    /// What telemetry has to deliver.
    pub when: Tree<Resolved>,
    /// What is measured, as written, and its unit: the metrics of `when` in their order.
    pub measured: Vec<(String, Unit)>,
    /// What it compares them with.
    pub bounds: Vec<JournalBound>,
}

impl Check {
    /// The condition with ids; problems at the present path.
    pub fn compile(condition: &Condition, names: &Names, problems: &mut Problems) -> Option<Self> {
        Self::compile_knowing(condition, &[], names, problems)
    }

    /// The same of a reader who knows some metrics by itself.
    pub fn compile_knowing(
        condition: &Condition,
        knows: &[Metric],
        names: &Names,
        problems: &mut Problems,
    ) -> Option<Self> {
        let when = condition.compile_knowing(knows, names, problems)?;
        let measured = condition.tree().metrics().iter().map(|m| (m.words(), m.measure().shown().0)).collect();
        Some(Self { text: condition.to_string(), bounds: bounds(&when), when, measured })
    }
}

/// The comparisons of a metric with a number in a condition.
fn bounds(when: &Tree<Resolved>) -> Vec<JournalBound> {
    let metrics = when.metrics();
    let bound = |leaf: &Leaf<'_, Resolved>| {
        let [Some(Tree::Metric(metric)), Some(Tree::Number { value: bound, .. })] = leaf.trees() else { return None };
        let value = metrics.iter().position(|other| *other == metric)?;
        let below = matches!(leaf.op(), CompareOp::Less | CompareOp::AtMost);
        Some(JournalBound { value, below, bound: *bound })
    };
    when.leaves().iter().filter_map(bound).collect()
}
