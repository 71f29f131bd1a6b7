//! Which parts of a scope a metric looks at. What it would leave aside is a problem, so that no clause says more than is measured.

use super::Clause;
use super::meant::{Resolved, Subject};
use super::metric::{Metric, MetricRef};
use super::tree::Quantifier;
use crate::problem::Problems;

impl Metric {
    /// Whether it is of the stretch of a run that a scope names; what is not, is of the whole run, or from a fault on.
    pub fn is_of_stretch(self) -> bool {
        !matches!(
            self,
            Self::Held
                | Self::TimeToDetect
                | Self::TimeToRespond
                | Self::TimeToAcknowledge
                | Self::BudgetAtDetection
                | Self::TimeToMend
                | Self::TimeToCascade
                | Self::TimeToOpen
                | Self::TimeToEject
                | Self::TimeToOutage
                | Self::Recovery
                | Self::Drained
                | Self::Hypothesis
                | Self::Aborted
                | Self::Ran
                | Self::Age
        )
    }

    /// Whether the calls of a load class can be told from others.
    fn is_by_load(self, subject: &Subject) -> bool {
        match subject {
            Subject::Endpoint(_) | Subject::Load(_) => !matches!(self, Self::Wrong(_)) && !self.is_of_up(),
            Subject::Service(_) => self.is_of_calls(),
            _ => false,
        }
    }

    /// Whether attempts that went to a version of a service can be told from others.
    pub(super) fn is_by_version(self, subject: &Subject) -> bool {
        let is_called = matches!(subject, Subject::Endpoint(_) | Subject::Edges(_))
            || matches!(subject, Subject::Service(_)) && self != Self::Rps;
        is_called && (self.is_of_calls() || self == Self::Rps)
    }

    fn is_of_up(self) -> bool {
        matches!(self, Self::Up | Self::Outages | Self::TimeToOutage | Self::ProductAvailability | Self::Recovery)
    }

    fn is_of_calls(self) -> bool {
        matches!(
            self,
            Self::Availability
                | Self::ErrorRate
                | Self::Unanswered
                | Self::Goodput
                | Self::Share(_)
                | Self::Mean
                | Self::Percentile(_)
                | Self::Longest
        )
    }
}

impl Clause {
    /// Whether all its metrics can be looked at window by window, if it is judged so; a problem at the present path where one cannot.
    pub fn has_windows(&self, problems: &mut Problems) -> bool {
        let Some(quantifier) = self.quantifier else { return true };
        let metrics = self.tree.metrics();
        let Some(whole) = metrics.iter().find(|metric| !metric.metric.is_of_stretch()) else { return true };
        let word = if quantifier == Quantifier::Always { "always" } else { "never" };
        let name = whole.metric.name();
        problems
            .error("", format!("{name} is of the whole run and has no windows, so `{word}` cannot judge it"))
            .hint = Some(format!("leave `{word}` out"));
        false
    }
}

/// Whether a metric looks at all of its scope; a problem at the present path where it does not.
pub(super) fn acts(written: &MetricRef, meant: &Resolved, problems: &mut Problems) -> bool {
    let name = written.metric.name();
    if meant.scope.of.is_some() && !written.metric.is_by_load(&meant.subject) {
        let problem = problems.error("", format!("{name} is not counted by load class, so `of` would change nothing"));
        problem.hint = Some("leave `of` out".into());
        return false;
    }
    if written.metric.is_of_stretch() {
        return true;
    }
    let scope = &written.scope;
    let parts = [
        ("over", scope.window.is_some()),
        ("during", scope.during.is_some()),
        ("after", scope.after.is_some() && !written.metric.needs_fault()),
        ("before", scope.before.is_some()),
        ("from", scope.from_to.is_some()),
        ("offset", scope.offset.is_some()),
    ];
    let Some((word, _)) = parts.into_iter().find(|(_, given)| *given) else { return true };
    let is = if written.metric == Metric::Age {
        "that of the latest reading"
    } else if written.metric.needs_fault() {
        "measured from a fault on"
    } else {
        "of the whole run"
    };
    problems.error("", format!("{name} is {is}, so `{word}` would change nothing")).hint =
        Some(format!("leave `{word}` out"));
    false
}
