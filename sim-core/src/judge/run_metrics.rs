//! Metrics over a finished run: the truth that `expect` is judged by.
//!
//! [`RunMetrics`] resolves a metric by the names of its own scenario, finds the stretches of time that its scope means, and computes
//! it from slices and periods. Counts are exact to slices, which begin and end with faults; latency is exact to periods (time 0, begin and
//! end of each fault) and, in finer windows, known only of calls by load classes. What an expectation waits for (a recovery, a detection,
//! an opening, an outage) and what does not happen in the run is never: an infinite time, above every number.

use super::bill::{Bill, bill, bill_against, spent_between, spent_for_nobody};
use super::recovery::{Recovery, recovery};
use super::stretch::{Stretch, cut};
use crate::economics::YEAR_S;
use crate::expression::{
    Clause, Group, Metric, MetricRef, Quantifier, Resolved, ScopeMeant, Sides, Subject, Tree, Value, Window,
};
use crate::faults::Target;
use crate::ids::{EdgeId, FaultId, PromiseId, ServiceId};
use crate::metrics::Histogram;
use crate::model::Model;
use crate::names::{Names, Objective};
use crate::observe::{Observed, burn_rate, observe, times};
use crate::problem::Problems;
use crate::results::{Course, RunResult, Slice, Span};
use crate::slo;

/// The metrics of one replication of one scenario.
#[derive(Debug, Clone)]
pub struct RunMetrics<'a> {
    run: &'a RunResult,
    model: &'a Model,
    names: &'a Names,
    bill: Bill,
}

impl<'a> RunMetrics<'a> {
    /// Metrics of a replication, whose names are those of its own scenario.
    pub fn new(run: &'a RunResult, model: &'a Model, names: &'a Names) -> Self {
        Self { run, model, names, bill: bill(run, model) }
    }

    /// As [`Self::new`]; what incidents cost is what they add to `calm`, the same replication without them.
    pub fn against(run: &'a RunResult, calm: Option<&RunResult>, model: &'a Model, names: &'a Names) -> Self {
        Self { run, model, names, bill: bill_against(run, calm, model) }
    }

    /// A metric as written; `None` without data, or where a name is not known here.
    pub fn value(&self, metric: &MetricRef) -> Option<f64> {
        self.of(&metric.resolve(self.names, &mut Problems::new())?)
    }

    /// A metric with ids; `None` without data.
    pub fn of(&self, metric: &Resolved) -> Option<f64> {
        self.between(metric, &self.spans(metric))
    }

    /// All the times of which a metric as written is a percentile; `None` where it is none, or where a name is not known here.
    pub fn times(&self, metric: &MetricRef) -> Option<Histogram> {
        let metric = metric.resolve(self.names, &mut Problems::new())?;
        times(self.model, &metric, &Stretch::new(self.run, self.spans(&metric)))
    }

    /// The bill of this replication.
    pub fn bill(&self) -> &Bill {
        &self.bill
    }

    /// The stretches that the scope means.
    fn spans(&self, metric: &Resolved) -> Vec<Span> {
        let scope = &metric.scope;
        let mut spans = vec![self.run.whole()];
        if let Some((from_ns, to_ns)) = scope.from_to {
            spans = cut(&spans, Span { from_ns, to_ns });
        }
        if let Some(fault) = scope.during {
            spans = self.struck(fault).iter().flat_map(|span| cut(&spans, *span)).collect();
        }
        if let Some(fault) = scope.after {
            let end_ns = self.struck(fault).last().map_or(i64::MAX, |span| span.to_ns);
            spans = cut(&spans, Span { from_ns: end_ns, to_ns: i64::MAX });
        }
        if let Some(fault) = scope.before {
            let begin_ns = self.struck(fault).first().map_or(i64::MAX, |span| span.from_ns);
            spans = cut(&spans, Span { from_ns: i64::MIN, to_ns: begin_ns });
        }
        if let (Some(Window::Over(time)), Some(last)) = (scope.window, spans.last().copied()) {
            let from_ns = last.to_ns.saturating_sub(time.ns() as i64);
            spans = vec![Span { from_ns: from_ns.max(last.from_ns), to_ns: last.to_ns }];
        }
        spans
    }

    fn struck(&self, fault: FaultId) -> &[Span] {
        self.run.struck(fault)
    }

    fn between(&self, metric: &Resolved, spans: &[Span]) -> Option<f64> {
        if spans.is_empty() {
            return None;
        }
        match (metric.metric, &metric.subject) {
            (Metric::Cost, subject) => self.cost(subject, &metric.scope, spans),
            (Metric::Spent, subject) => Some(self.spent(subject, spans)),
            (Metric::CostForNobody, subject) => self.cost_for_nobody(subject, spans),
            (Metric::CostPerMillionRequests | Metric::CostPerTerabyte | Metric::CostPerUser, _) => {
                super::volume(self.run, self.model).cost_of_one(metric.metric, &self.bill)
            }
            (Metric::TimeToDetect, Subject::Fault(fault)) => self.time_to_detect(*fault),
            (Metric::TimeToRespond, Subject::Fault(fault)) => self.time_to_respond(*fault),
            (Metric::TimeToMend, Subject::Fault(fault)) => self.time_to_mend(*fault),
            (Metric::TimeToCascade, Subject::Fault(fault)) => {
                super::cascade::time_to_cascade(self.run, self.model, *fault)
            }
            (Metric::TimeToAcknowledge, Subject::Fault(fault)) => {
                super::incidents::time_to_acknowledge(self.model, self.run, *fault)
            }
            (Metric::Incidents | Metric::Notifications, _) => {
                super::incidents::counted(metric.metric, self.model, self.run, spans)
            }
            (Metric::BudgetAtDetection, Subject::Promise(_, objective)) => self.budget_at_detection(metric, *objective),
            (Metric::TimeToOpen, Subject::Edges(edges)) => self.time_to_open(edges, metric.scope.after?),
            (Metric::TimeToEject, Subject::Service(of)) => self.time_to_eject(*of, metric.scope.after?),
            (Metric::Recovery, Subject::Endpoint(of)) => {
                match recovery(self.run, self.model, *of, metric.scope.after?)? {
                    Recovery::After(seconds) => Some(seconds),
                    Recovery::NotSeen(_) => Some(NEVER_S),
                }
            }
            (Metric::Drained, Subject::Service(of)) => super::drained::drained(self.run, *of, metric.scope.after?),
            (Metric::Hypothesis | Metric::Aborted | Metric::Ran, Subject::Experiment(place)) => {
                self.experiment(metric.metric, *place).map(|truth| f64::from(u8::from(truth)))
            }
            (
                Metric::Fired | Metric::FalseAlarms | Metric::Missed | Metric::Precision | Metric::Recall,
                Subject::Alert(place),
            ) => super::incidents::of_alert(metric.metric, *place, self.model, self.run, spans),
            (
                Metric::Held | Metric::BurnRate | Metric::BudgetLeft | Metric::BudgetSpent,
                Subject::Promise(promise, objective),
            ) => self.promise(metric.metric, *promise, *objective, spans),
            (Metric::Left | Metric::TimeIn, Subject::Mode(place)) => {
                Some(super::modes::of_mode(self.run, metric.metric, *place, spans))
            }
            (Metric::Records | Metric::RecordsDropped | Metric::Leaked, Subject::Pipeline(place)) => {
                super::records::counted(metric.metric, *place, self.run, spans)
            }
            (Metric::ModeChanges, _) => super::modes::changes(self.run, self.model, spans),
            (Metric::Up | Metric::Outages | Metric::TimeToOutage | Metric::ProductAvailability, subject) => {
                super::up::measure(metric.metric, subject, self.model, self.run, spans)
            }
            _ => observe(self.model, metric, &Stretch::new(self.run, spans.to_vec())),
        }
    }

    /// The items of a subject, by their places; of nothing, all infrastructure.
    fn items(&self, subject: &Subject) -> impl Iterator<Item = usize> {
        let chosen = |place: &usize| match subject {
            Subject::CostItem(one) => one == place,
            Subject::CostGroup(group) => self.bill.items[*place].group == *group,
            _ => self.bill.items[*place].group == Group::Infrastructure,
        };
        (0..self.bill.items.len()).filter(chosen)
    }

    /// Money over time: of the whole run as the bill has it, of a stretch what was spent in it over its time. `None` without time.
    fn cost(&self, subject: &Subject, scope: &ScopeMeant, spans: &[Span]) -> Option<f64> {
        if *scope == ScopeMeant::default() && spans == [self.run.whole()] {
            return Some(self.items(subject).map(|place| self.bill.items[place].per_year / YEAR_S).sum());
        }
        let seconds = Stretch::new(self.run, spans.to_vec()).seconds();
        (seconds > 0.0).then(|| self.spent(subject, spans) / seconds)
    }

    /// Money that was spent in stretches of the run.
    fn spent(&self, subject: &Subject, spans: &[Span]) -> f64 {
        let items = self.items(subject).map(|place| &self.model.costs[place]);
        items.flat_map(|item| spans.iter().map(move |span| spent_between(self.run, self.model, item, *span))).sum()
    }

    /// Money over time that stretches of the run have spent on cores that worked for nobody who waits. `None` where no item of the subject meters
    /// instances whose cores are known.
    fn cost_for_nobody(&self, subject: &Subject, spans: &[Span]) -> Option<f64> {
        let stretch = Stretch::new(self.run, spans.to_vec());
        let seconds = Some(stretch.seconds()).filter(|seconds| *seconds > 0.0)?;
        let of_item = |place: usize| spent_for_nobody(self.model, &self.model.costs[place], &stretch);
        self.items(subject).filter_map(of_item).reduce(|a, b| a + b).map(|spent| spent / seconds)
    }

    /// When an alert that finds a fault first fired after it had struck, from time 0 [ns]; `None` where none did.
    fn found_at(&self, fault: FaultId) -> Option<i64> {
        let begin_ns = self.struck(fault).first()?.from_ns;
        let finders = self.model.alerts.iter().zip(&self.run.alerts).filter(|(alert, _)| alert.finds == Some(fault));
        let firings = finders.flat_map(|(_, spans)| spans).map(|span| span.from_ns);
        firings.filter(|from_ns| *from_ns >= begin_ns).min()
    }

    /// From the first time that the fault struck to the first alert that finds it.
    fn time_to_detect(&self, fault: FaultId) -> Option<f64> {
        let begin_ns = self.struck(fault).first()?.from_ns;
        if !self.model.alerts.iter().any(|alert| alert.finds == Some(fault)) {
            return None;
        }
        Some(self.found_at(fault).map_or(NEVER_S, |first| (first - begin_ns) as f64 / 1e9))
    }

    /// From the first alert that finds the fault to the first action of a runbook that such an alert has begun. `None` without such a runbook, and
    /// where no alert fired.
    fn time_to_respond(&self, fault: FaultId) -> Option<f64> {
        let found_ns = self.found_at(fault)?;
        // What begins with incidents may begin with that of this fault.
        let finds = |alert: Option<usize>| alert.is_none_or(|alert| self.model.alerts[alert].finds == Some(fault));
        let runbooks = self.model.runbooks.iter().zip(&self.run.runbooks).filter(|(runbook, _)| finds(runbook.alert()));
        runbooks.clone().next()?;
        let responses = runbooks.flat_map(|(_, run)| &run.responses).filter(|response| response.begun_ns >= found_ns);
        let acted = responses.filter_map(|response| response.acted_ns).min();
        Some(acted.map_or(NEVER_S, |acted_ns| (acted_ns - found_ns) as f64 / 1e9))
    }

    /// The share of a promise's error budget that was spent between the begin of a fault and the first alert that found it. `None` where none did.
    fn budget_at_detection(&self, metric: &Resolved, objective: Option<Objective>) -> Option<f64> {
        let fault = metric.scope.after?;
        let (begin_ns, found_ns) = (self.struck(fault).first()?.from_ns, self.found_at(fault)?);
        let span = Span { from_ns: begin_ns, to_ns: found_ns };
        let Subject::Promise(promise, _) = metric.subject else { return None };
        self.promise(Metric::BudgetSpent, promise, objective, &cut(&[self.run.whole()], span))
    }

    /// From the first time that the fault struck to its end.
    fn time_to_mend(&self, fault: FaultId) -> Option<f64> {
        let first = self.struck(fault).first()?;
        let ended = first.to_ns < self.run.whole().to_ns;
        Some(if ended { (first.to_ns - first.from_ns) as f64 / 1e9 } else { NEVER_S })
    }

    /// What became of an experiment; `None` where the run ended before it was to begin and, but for whether it was run, where it was
    /// not.
    fn experiment(&self, metric: Metric, place: usize) -> Option<bool> {
        let course = self.run.experiments.get(place)?.course;
        match metric {
            _ if course == Course::NotReached => None,
            Metric::Ran => Some(course.has_run()),
            _ if !course.has_run() => None,
            Metric::Aborted => Some(course == Course::Aborted),
            _ => self.hypothesis(place),
        }
    }

    /// Whether the hypothesis of an experiment held: not where it was aborted or any of its clauses did not hold. `None` without data:
    /// where it was not run, where a clause has none, or where the run ended while it ran and nothing was broken until then.
    pub fn hypothesis(&self, place: usize) -> Option<bool> {
        let claims = || self.model.experiments[place].hypothesis.iter().map(|clause| clause.kept(&|_| Some(self)));
        match self.run.experiments.get(place)?.course {
            Course::NotReached | Course::NotRun => None,
            Course::Aborted => Some(false),
            _ if claims().any(|kept| kept == Some(false)) => Some(false),
            Course::CutShort => None,
            Course::Completed => claims().all(|kept| kept == Some(true)).then_some(true),
        }
    }

    fn time_to_open(&self, edges: &[EdgeId], fault: FaultId) -> Option<f64> {
        let begin_ns = self.struck(fault).first()?.from_ns;
        let openings = self.run.openings.iter().filter(|(edge, at_ns)| edges.contains(edge) && *at_ns >= begin_ns);
        let has_breaker = |edge: &EdgeId| {
            let guard = self.model.edges[edge.index()].guard;
            self.model.guards.get(guard.index()).is_some_and(|guard| guard.breaker.is_some())
        };
        match openings.map(|(_, at_ns)| *at_ns).min() {
            Some(first) => Some((first - begin_ns) as f64 / 1e9),
            None => edges.iter().any(has_breaker).then_some(NEVER_S),
        }
    }

    /// From the first time that the fault struck to the first ejection of an instance of a service that it strikes. `None` where no caller ejects
    /// instances of the service, and where the fault strikes no instances, but messages.
    fn time_to_eject(&self, of: ServiceId, fault: FaultId) -> Option<f64> {
        let begin_ns = self.struck(fault).first()?.from_ns;
        let ejects = self.model.guards.iter().any(|guard| guard.callee == of && guard.ejection.is_some());
        if !ejects || !matches!(self.model.faults[fault.index()].target, Target::Instances(_)) {
            return None;
        }
        let ejected = self
            .run
            .ejections
            .iter()
            .filter(|(by, service, at_ns)| (*by, *service) == (fault, of) && *at_ns >= begin_ns);
        Some(ejected.map(|(.., at_ns)| *at_ns).min().map_or(NEVER_S, |first| (first - begin_ns) as f64 / 1e9))
    }

    fn promise(&self, metric: Metric, id: PromiseId, objective: Option<Objective>, spans: &[Span]) -> Option<f64> {
        let promise = &self.model.promises[id.index()];
        if metric == Metric::Held {
            return promise.judge(self.run, self.model).map(|judged| f64::from(u8::from(judged.kept)));
        }
        let stretch = Stretch::new(self.run, spans.to_vec());
        let burn = burn_rate(self.model, objective?, &stretch)?;
        if metric == Metric::BurnRate {
            return Some(burn);
        }
        let spent = slo::budget_spent(burn, stretch.seconds(), promise.period_s?);
        Some(if metric == Metric::BudgetSpent { spent } else { 1.0 - spent })
    }
}

/// Which percentile a tree is, if it is nothing else, and all the times of one replication.
fn percentile(tree: &Tree<MetricRef>, metrics: Variants<'_, '_>) -> Option<(f64, Histogram)> {
    let Tree::Metric(metric) = tree else { return None };
    let Metric::Percentile(percentile) = metric.metric else { return None };
    Some((percentile.fraction(), metrics(metric.scope.variant.as_deref())?.times(metric)?))
}

/// The time until what does not happen in the run [s]: above every number, so that it satisfies no upper bound.
const NEVER_S: f64 = f64::INFINITY;

impl Value {
    /// Where the value is a percentile and nothing else: which, and all the times of one replication.
    pub fn times(&self, metrics: Variants<'_, '_>) -> Option<(f64, Histogram)> {
        percentile(self.tree(), metrics)
    }

    /// The value in one replication; `None` without data. `metrics` gives those of a variant; `None` is the scenario itself.
    pub fn in_run<'m>(&self, metrics: &dyn Fn(Option<&str>) -> Option<&'m RunMetrics<'m>>) -> Option<f64> {
        self.tree().number(&mut |metric| metrics(metric.scope.variant.as_deref())?.value(metric))
    }
}

/// Metrics of the variants of a scenario; `None` is the scenario itself.
type Variants<'f, 'm> = &'f dyn Fn(Option<&str>) -> Option<&'m RunMetrics<'m>>;

impl Clause {
    /// Of each side of each comparison that is a percentile and nothing else, in the order of the text: which, and all the times of
    /// one replication.
    pub fn times(&self, metrics: Variants<'_, '_>) -> Vec<[Option<(f64, Histogram)>; 2]> {
        let times = |tree: &Tree<MetricRef>| percentile(tree, metrics);
        self.tree.leaves().iter().map(|leaf| leaf.trees().map(|tree| tree.and_then(times))).collect()
    }

    /// Both sides of each comparison in one replication, in the order of the text. `metrics` gives those of a variant; `None` is the
    /// scenario itself.
    pub fn sides<'m>(&self, metrics: &dyn Fn(Option<&str>) -> Option<&'m RunMetrics<'m>>) -> Vec<Option<Sides>> {
        let mut value = |metric: &MetricRef| metrics(metric.scope.variant.as_deref())?.value(metric);
        self.tree.leaves().iter().map(|leaf| leaf.sides(&mut value)).collect()
    }

    /// Whether one replication keeps the clause; `None` without data. Windows of `always` and `never` are as long as the metric's
    /// `over`, or one of the time series; one without data satisfies nothing.
    pub fn kept<'m>(&self, metrics: &dyn Fn(Option<&str>) -> Option<&'m RunMetrics<'m>>) -> Option<bool> {
        let Some(quantifier) = self.quantifier else {
            let mut value = |metric: &MetricRef| metrics(metric.scope.variant.as_deref())?.value(metric);
            return self.tree.truth(&mut value);
        };
        let base = metrics(None)?;
        let over =
            self.tree.metrics().iter().filter_map(|metric| metric.scope.window).find_map(|window| match window {
                Window::Over(time) => Some(time.ns() as i64),
                Window::Last(_) => None,
            });
        let holds_in = |window: &Span| {
            let mut value = |metric: &MetricRef| {
                let of = metrics(metric.scope.variant.as_deref())?;
                let mut metric = metric.clone();
                metric.scope.window = None;
                let resolved = metric.resolve(of.names, &mut Problems::new())?;
                let spans: Vec<Span> = cut(&of.spans(&resolved), *window);
                of.between(&resolved, &spans)
            };
            self.tree.truth(&mut value)
        };
        let windows = windows(base.run, over);
        let scoped = |window: &&Span| self.is_in_scope(base, window);
        let mut truths = windows.iter().filter(scoped).map(holds_in).peekable();
        truths.peek()?;
        Some(match quantifier {
            Quantifier::Always => truths.all(|truth| truth == Some(true)),
            Quantifier::Never => truths.all(|truth| truth != Some(true)),
        })
    }

    /// Whether any metric's scope reaches into a window.
    fn is_in_scope(&self, base: &RunMetrics<'_>, window: &Span) -> bool {
        self.tree.metrics().iter().any(|metric| {
            let mut metric = (*metric).clone();
            metric.scope.window = None;
            let resolved = metric.resolve(base.names, &mut Problems::new());
            resolved.is_none_or(|resolved| !cut(&base.spans(&resolved), *window).is_empty())
        })
    }
}

/// Windows of a run, each of whole slices and at least so long; without a length, those of the time series.
fn windows(run: &RunResult, over_ns: Option<i64>) -> Vec<Span> {
    let mut windows: Vec<(u32, Span)> = Vec::new();
    for slice in &run.slices {
        let span = Span { from_ns: slice.from_ns as i64, to_ns: slice.to_ns as i64 };
        match windows.last_mut() {
            Some((place, last)) if joins(*place, *last, slice, over_ns) => last.to_ns = span.to_ns,
            _ => windows.push((slice.window, span)),
        }
    }
    windows.into_iter().map(|(_, span)| span).collect()
}

/// Whether a slice still belongs to the last window.
fn joins(place: u32, last: Span, slice: &Slice, over_ns: Option<i64>) -> bool {
    match over_ns {
        Some(over_ns) => last.to_ns - last.from_ns < over_ns,
        None => place == slice.window,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::{CALL_SITE, LEVELS, SERVICE, TIMED, level, part};
    use crate::ids::ServiceId;
    use crate::judge::testing::{SECOND, System, calls, times};
    use crate::metrics::{LevelAt, LevelOf, LevelSums, PartAt, TimedAt, TimedSums};
    use crate::units::Unit;
    use serde_json::json;

    /// A run of 100 s with a fault from 40 to 60 s, in which half of all requests fail.
    fn faulted() -> (System, RunResult) {
        let mut system = System::new(100);
        let api = system.service("api", 2);
        let get = system.endpoint(api, "get");
        let users = system.load("users", get);
        let cut = system.fault("cut", 40, 20, None);
        system.alert("errors", Some(cut));
        system.promise("works", json!({"keep": {"availability": "99%"}, "of": "api.get", "period": "1000s"}));
        let mut run = system.run(10);
        for (place, slice) in run.slices.iter_mut().enumerate() {
            let struck = (4..6).contains(&place);
            slice.edges[users.index()] = if struck { calls(50, 50) } else { calls(100, 0) };
            slice.services[api.index()].queue_ns = u128::from((if struck { 30 } else { 1 }) * 10 * SECOND);
        }
        for (period, ms) in run.periods.iter_mut().zip([10, 500, 20]) {
            period.latency[users.index()] = times(100, ms * 1_000_000);
        }
        run.openings = vec![(users, 10), (users, 43 * SECOND as i64)];
        run.alerts[0] = vec![
            Span { from_ns: 10 * SECOND as i64, to_ns: 12 * SECOND as i64 },
            Span { from_ns: 47 * SECOND as i64, to_ns: 65 * SECOND as i64 },
        ];
        (system, run)
    }

    fn check(text: &str, expect: Option<bool>) {
        let (system, run) = faulted();
        let clause = Clause::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        let mut problems = Problems::new();
        clause.tree.check(&system.names, |_| None, &[], &mut problems);
        let problems = problems.into_vec();
        assert!(problems.is_empty(), "{text}: {problems:?}");
        let metrics = RunMetrics::new(&run, &system.model, &system.names);
        assert_eq!(clause.kept(&|_| Some(&metrics)), expect, "{text}");
    }

    #[test]
    fn scopes_choose_their_stretch() {
        check("availability(api.get) == 90%", Some(true));
        check("availability(api.get) during cut == 50%", Some(true));
        check("availability(api.get) before cut == 100% and availability(api.get) after cut == 100%", Some(true));
        check("error(users) from 30s to 50s == 25%", Some(true));
        check("availability(api.get) over 50s == 90%", Some(true));
        check("availability(api.get) from 200s to 300s > 1%", None);
    }

    #[test]
    fn latency_is_that_of_the_stretch() {
        check("p99(api.get) before cut < 11ms", Some(true));
        check("p99(api.get) during cut == 500ms within 1%", Some(true));
        check("p50(api.get) after cut > 19ms and p50(api.get) after cut < 21ms", Some(true));
    }

    #[test]
    fn windows_of_always_and_never() {
        check("always queue_length(api) over 10s < 31", Some(true));
        check("always queue_length(api) over 10s < 30", Some(false));
        check("never queue_length(api) over 10s > 30", Some(true));
        check("always queue_length(api) over 100s < 10", Some(true));
        check("never availability(api.get) before cut < 100%", Some(true));
    }

    #[test]
    fn alerts_and_breakers_are_timed_from_the_fault() {
        check("time_to_detect(cut) == 7s and time_to_open(users->api.get) after cut == 3s", Some(true));
        check("time_to_mend(cut) == 20s", Some(true));
        check("fired(errors) == 2 and false_alarms(errors) == 1 and missed(errors) == 0", Some(true));
        check("recovery(api.get) after cut == 0s", Some(true));
    }

    #[test]
    fn what_never_happens_is_above_every_number() {
        let (system, mut run) = faulted();
        run.alerts[0].clear();
        for slice in &mut run.slices[6..] {
            slice.edges[0] = calls(50, 50);
        }
        let metrics = RunMetrics::new(&run, &system.model, &system.names);
        for of in ["time_to_detect(cut)", "recovery(api.get) after cut"] {
            for (text, kept) in [(format!("{of} < 1000h"), false), (format!("{of} > 1000h"), true)] {
                assert_eq!(Clause::parse(&text).unwrap().kept(&|_| Some(&metrics)), Some(kept), "{text}");
            }
        }
    }

    #[test]
    fn each_counter_is_read_back_from_a_run() {
        let (system, mut run) = faulted();
        for (place, slice) in run.slices.iter_mut().enumerate() {
            let struck = u64::from((4..6).contains(&place));
            slice.edges[0].counters.all_mut().iter_mut().zip(1..).for_each(|(count, n)| *count = n + struck);
            slice.services[0].counters.all_mut().iter_mut().zip(1..).for_each(|(count, n)| *count = n + struck);
        }
        let metrics = RunMetrics::new(&run, &system.model, &system.names);
        for (counters, subject) in [(&CALL_SITE[..], "users->api.get"), (&SERVICE[..], "api")] {
            for (counter, n) in counters.iter().zip(1..) {
                let unit = if counter.unit == Unit::Bytes { "B" } else { "" };
                let (name, subject) = (counter.name, if counter.is_of_users { "users" } else { subject });
                for text in [
                    format!("{name}({subject}) == {}{unit}", 10 * n + 2),
                    format!("{name}({subject}) during cut == {}{unit}", 2 * (n + 1)),
                    format!("always {name}({subject}) over 10s < {}{unit}", n + 2),
                    format!("never {name}({subject}) over 10s < {n}{unit}"),
                ] {
                    let clause = Clause::parse(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
                    let mut problems = Problems::new();
                    clause.tree.check(&system.names, |_| None, &[], &mut problems);
                    assert!(problems.into_vec().is_empty(), "{text}");
                    assert_eq!(clause.kept(&|_| Some(&metrics)), Some(true), "{text}");
                }
            }
        }
    }

    #[test]
    fn each_timed_part_is_read_back_from_a_run() {
        let mut system = System::new(100);
        let (api, jobs) = (system.service("api", 2), system.service("jobs", 1));
        system.names.queues.insert("jobs".into());
        let get = system.endpoint(api, "get");
        let site = system.load("users", get);
        for (number, timed) in TIMED.iter().enumerate() {
            let (name, of) = match timed.of {
                TimedAt::Node => ("api", PartAt::service(part(timed), api)),
                TimedAt::Queue => ("jobs", PartAt::service(part(timed), jobs)),
                TimedAt::CallSite => ("users->api", PartAt::call_site(part(timed), site)),
            };
            let (mut run, ms) = (system.run(10), number as u64 + 1);
            let counts = &mut run.slices[3].services[of.index()];
            (counts.started, counts.wait_sum_ns) = (10, u128::from(10 * ms * 1_000_000));
            let sums = TimedSums { count: 10, sum_ns: u128::from(10 * ms * 1_000_000), ..TimedSums::default() };
            run.slices[3].times.insert(of, sums);
            run.periods[0].times.insert(of, times(10, ms * 1_000_000));
            run.periods[0].wait[of.index()] = times(10, ms * 1_000_000);
            let metrics = RunMetrics::new(&run, &system.model, &system.names);
            for what in ["mean", "p50", "longest"] {
                let text = format!("{what}({name}.{}) == {ms}ms within 1%", timed.name);
                assert_eq!(Clause::parse(&text).unwrap().kept(&|_| Some(&metrics)), Some(true), "{text}");
            }
        }
    }

    #[test]
    fn each_level_is_read_back_from_a_run() {
        let (system, mut run) = faulted();
        for one in LEVELS {
            let (name, of) = match one.of {
                LevelOf::Service => ("api", LevelAt::service(level(one), ServiceId(0))),
                LevelOf::Calls => ("users->api", LevelAt::calls(level(one), system.model.edges[0].guard)),
            };
            for (place, slice) in run.slices.iter_mut().enumerate() {
                let height = if (4..6).contains(&place) { 20 } else { 5 };
                let sums = LevelSums { integral_ns: u128::from(height * 10 * SECOND), most: height + 1, now: height };
                slice.levels.insert(of, sums);
            }
            let metrics = RunMetrics::new(&run, &system.model, &system.names);
            let (level, b) = (one.name, if one.unit == Unit::Bytes { "B" } else { "" });
            for text in [
                format!("average({name}.{level}) == 8{b} and most({name}.{level}) == 21{b}"),
                format!("average({name}.{level}) during cut == 20{b} and most({name}.{level}) before cut == 6{b}"),
                format!("always most({name}.{level}) over 10s < 22{b}"),
                format!("never average({name}.{level}) over 10s > 20{b}"),
            ] {
                assert_eq!(Clause::parse(&text).unwrap().kept(&|_| Some(&metrics)), Some(true), "{text}");
            }
        }
    }

    #[test]
    fn budgets_follow_the_promise() {
        check("burn_rate(works) == 10 within 0.001%", Some(true));
        check("budget_spent(works) == 100% within 0.001%", Some(true));
        check("held(works)", Some(false));
        check("not held(works) with probability 90%", Some(true));
    }
}
