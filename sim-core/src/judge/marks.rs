//! Times that clauses name: where a run is cut, so that what they say of a stretch is counted exactly there.
//!
//! Faults cut a run where they begin and end. What is known beforehand beside them are the ends of `from T to T`, and where `over DURATION`
//! begins before the end of the run, of such a stretch, or of a fault at a fixed time. How long windows of `always` and `never` are is said
//! by [`crate::expression::Clause::kept`].

use crate::data::EFFECTS;
use crate::expression::{MetricRef, Window};
use crate::model::Model;
use crate::names::Names;

impl Model {
    /// Cuts runs where these metrics begin and end, and counts effects where one of them asks for those.
    pub fn cut_for<'a>(&mut self, metrics: impl IntoIterator<Item = &'a MetricRef>, names: &Names) {
        let metrics: Vec<&MetricRef> = metrics.into_iter().collect();
        let of_effects = |metric: &&MetricRef| metric.metric.name() == EFFECTS.name;
        self.counts_effects |= metrics.iter().any(of_effects);
        let named: Vec<i64> = metrics.into_iter().flat_map(|metric| times(metric, self, names)).collect();
        let end_ns = self.run.duration.ns();
        let within =
            named.into_iter().filter_map(|at_ns| u64::try_from(at_ns).ok()).filter(|at| (1..end_ns).contains(at));
        self.run.marks.extend(within);
        self.run.marks.sort_unstable();
        self.run.marks.dedup();
    }
}

/// The times that a metric names [ns from time 0].
fn times(metric: &MetricRef, model: &Model, names: &Names) -> Vec<i64> {
    let scope = &metric.scope;
    let mut times: Vec<i64> = scope.from_to.iter().flat_map(|(from, to)| [*from, *to]).collect();
    let Some(Window::Over(length)) = scope.window else { return times };
    let mut ends = vec![i64::try_from(model.run.duration.ns()).unwrap_or(i64::MAX)];
    ends.extend(scope.from_to.iter().map(|(_, to)| *to));
    for name in [&scope.during, &scope.after, &scope.before].into_iter().flatten() {
        ends.extend(ends_of(name, model, names));
    }
    let length_ns = i64::try_from(length.ns()).unwrap_or(i64::MAX);
    times.extend(ends.into_iter().map(|end| end.saturating_sub(length_ns)));
    times
}

/// Where a fault or an experiment first begins and last ends, as far as it is known beforehand.
fn ends_of(name: &str, model: &Model, names: &Names) -> Vec<i64> {
    let end_ns = i64::try_from(model.run.duration.ns()).unwrap_or(i64::MAX);
    if let Some(experiment) = names.experiments.get(name).and_then(|place| model.experiments.get(*place)) {
        let ends = [experiment.at_ns, experiment.at_ns.saturating_add(experiment.for_ns)];
        return ends.iter().filter_map(|at_ns| i64::try_from(*at_ns).ok()).collect();
    }
    let fault = names.faults.get(name).and_then(|id| model.faults.get(id.index()));
    let spans = fault.map(|fault| fault.schedule.spans(end_ns)).unwrap_or_default();
    spans.first().map(|span| span.from_ns).into_iter().chain(spans.last().map(|span| span.to_ns)).collect()
}
