//! What leaves the engine: slices of counts, periods of histograms, and the result of the run.
//!
//! Stations only add to running sums. A slice is the difference of two readings of these sums, and a period the difference of two states of the
//! histograms; so recording costs the stations nothing, and slices add up to the whole exactly. Counts are cut at windows of the time series,
//! where a fault begins or ends, and at times that clauses name; histograms are larger and are cut at the latter two only.
//!
//! Time 0 is the end of the warm-up. What was counted before is subtracted by reading everything once at time 0 ([`World::measuring_begins`]).

use super::events::EventId;
use super::frame::{INSIDE, Phase};
use super::{Event, World, fact};
use crate::control::ScalerState;
use crate::counters::part;
use crate::data::AGE;
use crate::ids::{Caller, EdgeId, FaultId, ServiceId, VersionId};
use crate::metrics::{
    ByLevel, ByPart, ByVersion, Histogram, PartAt, SparseHistogram, TimedSums, Times, VersionCounts, fresh,
};
use crate::model::Model;
use crate::results::{
    EdgeCounts, Limit, Period, PipelineCounts, RunResult, ServiceCounts, Slice, UpCounts, WrongCounts, WrongRun,
};
use std::collections::{BTreeMap, BTreeSet};

/// Marks beyond this many are not made: faults at random may strike very often, and each mark keeps all counts and histograms.
const MOST_MARKS: usize = 256;

/// What may be due for the results.
#[derive(Debug, Clone, Copy)]
pub(super) enum Due {
    /// The end of a window of the time series.
    Window,
    /// A time that a clause names.
    Mark,
    /// The run ends, and measuring with it.
    End,
    /// Time 0: the warm-up is over.
    Zero,
}

impl From<Due> for Event {
    fn from(due: Due) -> Self {
        Self::Record(due)
    }
}

impl super::events::Due for Due {
    fn recurs(self) -> bool {
        matches!(self, Self::Window)
    }
}

/// Collects while the run goes on.
pub(super) struct Recorder {
    measuring: bool,
    since: u64,
    window_begin: u64,
    window: u32,
    edges: Vec<EdgeCounts>,
    services: Vec<ServiceCounts>,
    up: Vec<UpCounts>,
    entries: Vec<(EdgeId, Histogram)>,
    wrong: BTreeMap<(EdgeId, u8), WrongCounts>,
    /// All since the start, for telemetry.
    pub wrong_in_all: BTreeMap<(EdgeId, u8), WrongCounts>,
    slices: Vec<Slice>,
    period_since: u64,
    latency: Vec<Histogram>,
    waits: Vec<Histogram>,
    times: Times,
    timed: ByPart<(u64, u64)>,
    levels: ByLevel<u128>,
    pipelines: Vec<PipelineCounts>,
    versions: ByVersion<VersionCounts>,
    version_latency: ByVersion<Histogram>,
    call_latency: Vec<Histogram>,
    periods: Vec<Period>,
    openings: Vec<(EdgeId, u64)>,
    /// Wrong answers one by one.
    listed_wrong: WrongRun,
    /// Call sites whose breakers have opened since a fault or an experiment first began.
    has_opened: BTreeSet<EdgeId>,
    ejections: Vec<(FaultId, ServiceId, u64)>,
    /// Faults of which an instance was ejected that they strike, with its service, since a fault or an experiment first began.
    has_ejected: BTreeSet<(FaultId, ServiceId)>,
    in_flight_at_zero: Vec<u64>,
    /// Begins and ends of faults at which nothing was cut.
    unmarked: u64,
}

impl Recorder {
    pub(super) fn new(model: &Model) -> Self {
        let is_entry = |edge: &crate::topology::Edge| matches!(edge.caller, Caller::Load(_));
        let entries = model.edges.iter().enumerate().filter(|(_, e)| is_entry(e));
        Self {
            measuring: false,
            since: 0,
            window_begin: 0,
            window: 0,
            edges: vec![EdgeCounts::default(); model.edges.len()],
            services: vec![ServiceCounts::default(); model.services.len()],
            up: vec![UpCounts::default(); model.services.len() + model.endpoints.len()],
            entries: entries.map(|(index, _)| (EdgeId::from(index), Histogram::new())).collect(),
            wrong: BTreeMap::new(),
            wrong_in_all: BTreeMap::new(),
            slices: Vec::new(),
            period_since: 0,
            latency: fresh(model.edges.len()),
            waits: fresh(model.services.len()),
            times: Times::default(),
            timed: ByPart::new(),
            levels: ByLevel::new(),
            pipelines: Vec::new(),
            versions: ByVersion::new(),
            version_latency: ByVersion::new(),
            call_latency: fresh(model.edges.len()),
            periods: Vec::new(),
            openings: Vec::new(),
            listed_wrong: WrongRun::default(),
            has_opened: BTreeSet::new(),
            ejections: Vec::new(),
            has_ejected: BTreeSet::new(),
            in_flight_at_zero: Vec::new(),
            unmarked: 0,
        }
    }

    /// A reply to a call looked ok and was wrong by what happened at the callee, or a message was lost.
    pub(super) fn wrong_arises(&mut self, site: EdgeId, kind: u8) {
        for counts in [&mut self.wrong, &mut self.wrong_in_all] {
            counts.entry((site, kind)).or_default().arose += 1;
        }
    }

    /// Where wrong answers are listed, from time 0 on.
    pub(super) fn wrong_list(&mut self) -> Option<&mut WrongRun> {
        self.measuring.then_some(&mut self.listed_wrong)
    }

    /// A reply to a call looked ok and was wrong by a reply that the callee had got.
    pub(super) fn wrong_is_passed_on(&mut self, site: EdgeId, kind: u8) {
        for counts in [&mut self.wrong, &mut self.wrong_in_all] {
            counts.entry((site, kind)).or_default().passed_on += 1;
        }
    }

    /// A wrong reply that was counted at some time [ns] is none: it is in the slice of that time no more. Time 0 is at `zero`.
    pub(super) fn wrong_is_taken_back(&mut self, of: (EdgeId, u8), (at, zero): (u64, u64), arose: bool) {
        let lessens = |counts: &mut WrongCounts| {
            let count = if arose { &mut counts.arose } else { &mut counts.passed_on };
            let is_there = *count > 0;
            *count -= u64::from(is_there);
            is_there
        };
        if let Some(counts) = self.wrong_in_all.get_mut(&of) {
            lessens(counts);
        }
        if at >= self.since && self.wrong.get_mut(&of).is_some_and(lessens) {
            return;
        }
        let Some(at_ns) = at.checked_sub(zero) else { return };
        // At the end of a slice it may be in that, or in the next.
        let holds = |slice: &&mut Slice| (slice.from_ns..=slice.to_ns).contains(&at_ns);
        for slice in self.slices.iter_mut().rev().filter(holds) {
            let mut counts = slice.wrong.iter_mut().filter(|(site, kind, _)| (*site, *kind) == of);
            if counts.any(|(.., counts)| lessens(counts)) {
                slice.wrong.retain(|(.., counts)| counts.replies() > 0);
                return;
            }
        }
    }

    /// An attempt had waited too long for its answer at `at_ns` [ns from time 0], and `waited_ns` until the end. Where results do not count
    /// calls apart, it is a call too; `below` where its callee waited for an unanswered call in turn.
    pub(super) fn unanswered(&mut self, site: EdgeId, at_ns: u64, waited_ns: u64, counts_calls: bool, below: bool) {
        let place = site.index();
        let Some(slice) = at(&mut self.slices, at_ns, |slice| slice.to_ns) else { return };
        let counts = &mut slice.edges[place];
        counts.unanswered += 1;
        counts.failed_below += u64::from(below);
        counts.latency_sum_ns += waited_ns;
        if !counts_calls {
            counts.call_unanswered += 1;
            counts.call_latency_sum_ns += waited_ns;
        }
        slice.entry_latency.iter_mut().filter(|(edge, _)| *edge == site).for_each(|(_, latency)| latency.add_never(1));
        if let Some(period) = at(&mut self.periods, at_ns, |period| period.to_ns) {
            period.latency[place].add_never(1);
        }
    }

    /// The same of an attempt that went to an instance of this version.
    pub(super) fn unanswered_by(&mut self, site: EdgeId, version: VersionId, at_ns: u64, waited_ns: u64) {
        let Some(slice) = at(&mut self.slices, at_ns, |slice| slice.to_ns) else { return };
        let counts = slice.versions.entry((site, version)).or_default();
        counts.unanswered += 1;
        counts.latency_sum_ns += waited_ns;
        if let Some(period) = at(&mut self.periods, at_ns, |period| period.to_ns) {
            period.versions.entry((site, version)).or_default().add_never(1);
        }
    }

    /// The same of a call, where results count calls apart from attempts.
    pub(super) fn call_unanswered(&mut self, site: EdgeId, at_ns: u64, waited_ns: u64) {
        let place = site.index();
        let Some(slice) = at(&mut self.slices, at_ns, |slice| slice.to_ns) else { return };
        slice.edges[place].call_unanswered += 1;
        slice.edges[place].call_latency_sum_ns += waited_ns;
        if let Some(period) = at(&mut self.periods, at_ns, |period| period.to_ns) {
            period.call_latency[place].add_never(1);
        }
    }

    /// A message was not done at `at_ns`, and too old.
    pub(super) fn undone(&mut self, queue: ServiceId, at_ns: u64, waited_ns: u64) {
        let of = PartAt::service(part(&AGE), queue);
        let Some(slice) = at(&mut self.slices, at_ns, |slice| slice.to_ns) else { return };
        let undone = TimedSums { never: 1, never_ns: u128::from(waited_ns), ..TimedSums::default() };
        slice.times.entry(of).or_default().add(&undone);
        if let Some(period) = at(&mut self.periods, at_ns, |period| period.to_ns) {
            period.times.entry(of).or_default().add_never(1);
        }
    }

    /// A request had waited too long for a worker at `at_ns`, or a message for a consumer.
    pub(super) fn unserved(&mut self, service: ServiceId, at_ns: u64, waited_ns: u64) {
        let place = service.index();
        let Some(slice) = at(&mut self.slices, at_ns, |slice| slice.to_ns) else { return };
        slice.services[place].unserved += 1;
        slice.services[place].unserved_ns += u128::from(waited_ns);
        if let Some(period) = at(&mut self.periods, at_ns, |period| period.to_ns) {
            period.wait[place].add_never(1);
        }
    }

    /// A breaker opened. Only the first time since something began is asked for, so that no more are kept.
    pub(super) fn opened(&mut self, site: EdgeId, now: u64) {
        if self.has_opened.insert(site) {
            self.openings.push((site, now));
        }
    }

    /// An instance of a service was ejected while a fault struck it. Again only the first time is asked for.
    pub(super) fn ejected(&mut self, fault: FaultId, service: ServiceId, at_ns: u64) {
        if self.has_ejected.insert((fault, service)) {
            self.ejections.push((fault, service, at_ns));
        }
    }

    /// Something begins from which on the first openings and ejections are asked for.
    pub(super) fn begins(&mut self) {
        self.has_opened.clear();
        self.has_ejected.clear();
    }
}

/// The stretch of time to which a moment belongs, of stretches in order; `None` behind the last.
fn at<T>(all: &mut [T], at_ns: u64, ends_ns: impl Fn(&T) -> u64) -> Option<&mut T> {
    let place = all.partition_point(|one| ends_ns(one) <= at_ns);
    all.get_mut(place)
}

impl World<'_> {
    /// Schedules time 0 and the times that clauses name.
    pub(super) fn plan_record(&mut self) {
        self.schedule(self.zero, Due::Zero);
        for mark in &self.model.run.marks {
            self.schedule(self.zero.saturating_add(*mark), Due::Mark);
        }
    }

    /// Schedules the end, after all else that is planned for that moment.
    pub(super) fn plan_end(&mut self) {
        self.schedule(self.end, Due::End);
    }

    /// What is due for the results.
    pub(super) fn record_due(&mut self, due: Due, id: EventId) {
        match due {
            Due::Window => self.window_ends(id),
            Due::Mark => self.named_mark(),
            Due::Zero => self.measuring_begins(),
            Due::End => self.measuring_ends(),
        }
    }

    /// Time 0: all that was counted before is cut.
    pub(super) fn measuring_begins(&mut self) {
        self.recorder.measuring = true;
        self.recorder.in_flight_at_zero = self.in_flight();
        self.cut();
        self.recorder.slices.clear();
        self.close_period();
        self.recorder.periods.clear();
        self.recorder.openings.clear();
        self.recorder.ejections.clear();
        self.recorder.begins();
        self.stations.measuring_begins(self.now);
        self.recorder.window_begin = self.now;
        let next = self.now + self.model.run.window.ns();
        if next < self.end {
            self.schedule(next, Due::Window);
        }
    }

    pub(super) fn window_ends(&mut self, index: EventId) {
        self.cut();
        self.recorder.window += 1;
        self.recorder.window_begin = self.now;
        let next = self.now + self.model.run.window.ns();
        if next < self.end {
            self.again(next, index);
        }
    }

    pub(super) fn measuring_ends(&mut self) {
        self.unfold_all();
        self.close_trials();
        self.close_strikes();
        self.close_alerts();
        self.close_modes();
        if self.recorder.measuring {
            self.nobody_has_acted_yet();
            self.cut();
            self.close_period();
        }
        if self.recorder.measuring {
            self.book_unanswered();
        }
        self.recorder.measuring = false;
        self.done = true;
        self.frames.look_at = 0;
    }

    /// A fault begins or ends: what comes is counted apart from what was.
    pub(super) fn mark(&mut self) {
        if !self.recorder.measuring {
            return;
        }
        if self.recorder.periods.len() < MOST_MARKS {
            self.cut();
            self.close_period();
        } else {
            self.recorder.unmarked += 1;
        }
    }

    /// A clause names this time: what it says of the stretch before or after is counted exactly.
    pub(super) fn named_mark(&mut self) {
        self.cut();
        self.close_period();
    }

    pub(super) fn in_flight(&self) -> Vec<u64> {
        self.calls.ids().map(|site| self.calls.under_way(site)).collect()
    }

    /// Closes the slice that ends now.
    fn cut(&mut self) {
        let now = self.now;
        if now == self.recorder.since && !self.recorder.slices.is_empty() {
            return;
        }
        self.read_cpu();
        self.reads_meters();
        let records = self.records_now();
        let recorder = &mut self.recorder;
        let mut slice = Slice {
            from_ns: recorder.since.saturating_sub(self.zero),
            to_ns: now.saturating_sub(self.zero),
            window: recorder.window,
            edges: Vec::with_capacity(recorder.edges.len()),
            services: Vec::with_capacity(recorder.services.len()),
            ..Slice::default()
        };
        for (before, site) in recorder.edges.iter_mut().zip(self.calls.ids()) {
            let counts = self.calls.sums(site);
            slice.edges.push(counts.since(before));
            *before = counts;
        }
        for (before, service) in recorder.services.iter_mut().zip(self.stations.services()) {
            let sums = self.stations.sums(service, now);
            slice.services.push(sums.since(before));
            *before = sums;
        }
        let up = self.stations.up().read(now);
        slice.up = up.iter().zip(&recorder.up).map(|(now, before)| now.since(before)).collect();
        recorder.up = up;
        for (edge, seen) in &mut recorder.entries {
            slice.entry_latency.push((*edge, self.calls.latency(*edge).since(seen)));
        }
        slice.times = self.times.sums_since(&mut recorder.timed);
        slice.levels = self.levels.cut(now, &mut recorder.levels);
        slice.pipelines = PipelineCounts::between(records, &mut recorder.pipelines);
        slice.versions = self.calls.versions().since(&mut recorder.versions);
        let wrong = std::mem::take(&mut recorder.wrong).into_iter().filter(|(_, n)| n.replies() > 0);
        slice.wrong = wrong.map(|((site, k), n)| (site, k, n)).collect();
        recorder.slices.push(slice);
        recorder.since = now;
    }

    fn close_period(&mut self) {
        self.read_waits();
        self.reads_meters();
        let now = self.now;
        if now == self.recorder.period_since && !self.recorder.periods.is_empty() {
            return;
        }
        let recorder = &mut self.recorder;
        let all = |now: &[Histogram], before: &mut [Histogram]| -> Vec<SparseHistogram> {
            now.iter().zip(before).map(|(now, before)| now.since(before)).collect()
        };
        let period = Period {
            from_ns: recorder.period_since.saturating_sub(self.zero),
            to_ns: now.saturating_sub(self.zero),
            latency: self
                .calls
                .ids()
                .zip(&mut recorder.latency)
                .map(|(site, before)| self.calls.latency(site).since(before))
                .collect(),
            wait: all(self.stations.all_waits(), &mut recorder.waits),
            times: self.times.since(&mut recorder.times),
            call_latency: all(self.calls.all_call_latency(), &mut recorder.call_latency),
            versions: self.calls.versions().latency_since(&mut recorder.version_latency),
        };
        recorder.periods.push(period);
        recorder.period_since = now;
    }

    pub(super) fn into_result(mut self) -> RunResult {
        let in_flight = self.in_flight();
        let first_outages = self.stations.up().first_outages(self.zero);
        let ended = self.control.finish();
        let (faults, strikes_left_out, deploys) = self.chaos.finish();
        for (place, span) in
            ended.alerts.iter().enumerate().flat_map(|(place, spans)| spans.iter().map(move |s| (place, s)))
        {
            self.digest.fact(span.from_ns as u64, place as u64, fact::ALERT | 1);
            self.digest.fact(span.to_ns as u64, place as u64, fact::ALERT);
        }
        let inside = self.frames.ids().map(|frame| &self.frames[frame]).filter(|at| at.flags & INSIDE != 0);
        for at in inside.filter(|at| at.phase != Phase::Free) {
            self.digest.fact(at.arrived, at.key, fact::IN_FLIGHT);
        }
        let recorder = self.recorder;
        let zero = self.zero as i64;
        let limits = [
            (Limit::Marks, recorder.unmarked),
            (Limit::Strikes, strikes_left_out),
            (Limit::Incidents, ended.incidents.left_out),
        ];
        let limits = limits.into_iter().filter(|(_, left_out)| *left_out > 0).collect();
        let measured_ns = recorder.slices.last().map_or(0, |s| s.to_ns);
        RunResult {
            replication: self.replication,
            digest: self.digest.value(),
            events: self.events,
            measured_ns,
            stopped: self.stopped,
            slices: recorder.slices,
            periods: recorder.periods,
            faults,
            alerts: ended.alerts,
            alert_looks: ended.alert_looks,
            tried: ended.tried,
            scaler_looks: ended.scalers.iter().map(|state| state.looks).collect(),
            scaler_steps: ended.scalers.iter().map(|state| state.steps).collect(),
            scaler_held: ended.scalers.iter().map(|state| state.held).collect(),
            scaler_forecasts: ended.scalers.iter().map(ScalerState::forecast_error).collect(),
            experiments: ended.experiments,
            runbooks: ended.runbooks,
            incidents: ended.incidents,
            modes: ended.modes,
            wrong: recorder.listed_wrong,
            deploys,
            openings: recorder.openings.into_iter().map(|(edge, at)| (edge, at as i64 - zero)).collect(),
            ejections: recorder.ejections.into_iter().map(|(fault, of, at)| (fault, of, at as i64 - zero)).collect(),
            first_outages,
            in_flight_at_zero: recorder.in_flight_at_zero,
            in_flight,
            limits,
        }
    }
}
