//! Telemetry, scalers and alerts on their clocks: what they see is only what a pipeline has delivered.
//!
//! A pipeline takes the difference of all running sums since its last look ([`World::look_at_all`]) and hands it to its `Telemetry`, which
//! delivers it late and sampled. Scalers and alerts read nothing else, so they are blind where telemetry is. A pipeline without a reader is never
//! scheduled. Pipelines have readings of their own of the same sums as the recorder, because their clocks differ from its windows.

use super::Due;
use crate::control::pods::{Pod, PodCounts, Pods};
use crate::control::scaling::{Decision, Moves, Situation, whole};
use crate::control::{AlertTracker, Pipeline, Scaler, ScalerState, Scrape, Telemetry};
use crate::counters::WAIT;
use crate::deed::DeedEffect;
use crate::engine::rng::Stream;
use crate::expression::{Metric, Resolved, Subject, View};
use crate::faults::FaultEffect;
use crate::ids::{Caller, EdgeId, InstanceId, ServiceId};
use crate::metrics::{ByLevel, ByPart, ByVersion, Histogram, PartAt, VersionCounts};
use crate::model::Model;
use crate::results::{EdgeCounts, Looks, PipelineCounts, ServiceCounts, Span};
use crate::topology::Edge;
use crate::world::events::EventId;
use crate::world::stations::Life;
use crate::world::{World, fact};
use std::collections::BTreeMap;

/// Nanoseconds of a week.
const WEEK_NS: i64 = 7 * 24 * 3_600_000_000_000;

/// A pipeline at work: what it delivered, and the state of all counters at its last look.
struct Pipe {
    telemetry: Telemetry,
    /// The pipeline of the file that it is, or of which it is a copy for an experiment.
    of_file: Option<usize>,
    /// Whether a reader asks how old readings are.
    reads_ages: bool,
    every: u64,
    since: u64,
    edges: Vec<EdgeCounts>,
    services: Vec<ServiceCounts>,
    latency: Vec<((EdgeId, View), Histogram)>,
    times: Vec<(PartAt, Histogram)>,
    sums: ByPart<(u64, u64)>,
    levels: ByLevel<u128>,
    wrong: BTreeMap<(EdgeId, u8), u64>,
    versions: ByVersion<VersionCounts>,
    version_latency: ByVersion<Histogram>,
    /// What all pipelines had counted, where a reader asks what records cost.
    records: Vec<PipelineCounts>,
    /// Of instances that somebody looks at one by one: the number of the life in which each ran, and what it had counted.
    pods: BTreeMap<InstanceId, (Option<u32>, PodCounts)>,
}

/// All that watches.
#[derive(Default)]
pub(super) struct Watch {
    pipes: Vec<Pipe>,
    scalers: Vec<ScalerState>,
    /// By scaler, whether it was told to look at once.
    is_woken: Vec<bool>,
    alerts: Vec<AlertTracker>,
    fired: Vec<Vec<Span>>,
    alert_looks: Vec<Looks>,
    tried: Vec<Vec<Vec<Span>>>,
}

impl Watch {
    pub(in crate::world) fn new(model: &Model) -> Self {
        Self {
            pipes: Vec::new(),
            scalers: vec![ScalerState::default(); model.scalers.len()],
            is_woken: vec![false; model.scalers.len()],
            alerts: vec![AlertTracker::default(); model.alerts.len()],
            fired: Vec::new(),
            alert_looks: Vec::new(),
            tried: Vec::new(),
        }
    }

    /// Whether a pipeline counts what it records.
    fn counts_records(&self) -> bool {
        self.pipes.iter().any(|pipe| pipe.telemetry.counts().is_some())
    }

    /// What pipelines have recorded up to their last scrapes since they were last asked, by their places; nothing where none counts that.
    fn records_since(&self, before: &mut Vec<PipelineCounts>) -> Vec<PipelineCounts> {
        if !self.counts_records() {
            return Vec::new();
        }
        let now = self.pipes.iter().map(|pipe| pipe.telemetry.counts().unwrap_or_default());
        PipelineCounts::between(now.collect(), before)
    }

    /// The sink of a pipeline of the file is struck, or mended.
    pub(super) fn sink_is_struck(&mut self, of_file: usize, now_ns: u64, slower: Option<f64>, begins: bool) {
        for pipe in self.pipes.iter_mut().filter(|pipe| pipe.of_file == Some(of_file)) {
            pipe.telemetry.sink_is_struck(now_ns, slower, begins);
        }
    }

    /// The pipeline of the file that a pipeline is, or copies.
    pub(super) fn of_file(&self, pipe: u32) -> Option<usize> {
        self.pipes.get(pipe as usize)?.of_file
    }

    /// A scaler looked, and who decides for it has not answered.
    pub(super) fn waits_for_a_decision(&mut self, scaler: u32, from_zero_ns: i64) {
        self.scalers[scaler as usize].waits(from_zero_ns);
    }

    /// What became of all of it.
    pub(in crate::world) fn finish(self) -> Watched {
        let Self { fired, alert_looks, tried, scalers, .. } = self;
        Watched { fired, looks: alert_looks, tried, scalers }
    }
}

/// What became of alerts and scalers in a run, by their places in the model.
pub(super) struct Watched {
    /// When each alert fired.
    pub fired: Vec<Vec<Span>>,
    /// How often each looked.
    pub looks: Vec<Looks>,
    /// When each would have fired with each of the numbers that are tried.
    pub tried: Vec<Vec<Vec<Span>>>,
    /// The scalers.
    pub scalers: Vec<ScalerState>,
}

/// Who reads a pipeline.
fn readers(model: &Model, pipeline: usize) -> Vec<&Resolved> {
    let scalers = model.scalers.iter().filter(|s| s.pipeline == pipeline).flat_map(|s| s.metrics());
    let alerts = model.alerts.iter().filter(|a| a.pipeline == pipeline).flat_map(|a| a.when.metrics());
    let halts = model.faults.iter().filter_map(|fault| match &fault.effect {
        FaultEffect::Deploy(deploy) => deploy.halt.as_ref().filter(|(_, reads)| *reads == pipeline),
        _ => None,
    });
    let validations = model.runbooks.iter().filter(|runbook| runbook.pipeline(&model.alerts) == pipeline);
    let checks = validations.flat_map(|runbook| &runbook.actions).flat_map(|deed| match &deed.effect {
        DeedEffect::Validate(_, validation) => validation.checks.as_slice(),
        _ => &[],
    });
    let checks = checks.flat_map(|check| check.when.metrics());
    let levels = if pipeline == 0 { super::incidents::read_by_levels(model) } else { Vec::new() };
    let modes = model.modes.iter().filter(|modes| modes.pipeline == pipeline);
    let modes = modes.flat_map(crate::mode::Modes::turns).flat_map(|turn| turn.check.when.metrics());
    // Whether a mode is left is known without telemetry.
    let modes = modes.filter(|metric| metric.metric != Metric::Left);
    scalers
        .chain(modes)
        .chain(alerts)
        .chain(levels)
        .chain(checks)
        .chain(halts.flat_map(|(check, _)| check.when.metrics()))
        .collect()
}

/// Whether somebody asks how old the readings of a pipeline are.
fn is_aged(model: &Model, pipeline: usize) -> bool {
    let all = (0..model.telemetry.len()).flat_map(|reading| readers(model, reading));
    let experiments = model.experiments.iter().flat_map(|experiment| experiment.metrics());
    all.chain(experiments).any(|metric| metric.subject == Subject::Pipeline(pipeline))
}

/// Whether the latency of whole calls is known at a call site: of a load class with a policy, or of a hedge. Else it is that of attempts.
fn records_calls(edge: &Edge, counts_calls: bool) -> bool {
    edge.hedge.is_some() || (matches!(edge.caller, Caller::Load(_)) && counts_calls)
}

impl World<'_> {
    /// Starts the clocks of all that watches.
    pub(in crate::world) fn plan_watch(&mut self) {
        let model = self.model;
        for (index, pipeline) in model.telemetry.iter().enumerate() {
            let readers = readers(model, index);
            let each = model.scalers.iter().filter(|s| s.pipeline == index && s.looks_at_each()).map(|s| s.of);
            let mut each: Vec<ServiceId> = each.collect();
            each.sort_unstable();
            each.dedup();
            let pipe = self.add_pipe((pipeline, Some(index)), &readers, &pipeline.name) as usize;
            let pipe = &mut self.control.watch.pipes[pipe];
            pipe.telemetry = pipe.telemetry.clone().by_instance(each);
            // A pipeline that nobody reads costs nothing, unless what it records counts.
            if !readers.is_empty() || is_aged(model, index) || pipeline.path.counts {
                self.schedule(pipeline.every_ns, Due::Scrape(index as u32));
            }
        }
        for (index, scaler) in model.scalers.iter().enumerate() {
            self.schedule(scaler.every_ns, Due::Scale(index as u32));
        }
        for (index, alert) in model.alerts.iter().enumerate() {
            self.schedule(alert.every_ns, Due::Alert(index as u32));
        }
        self.plan_incidents();
        if let Some(modes) = &model.modes {
            self.schedule(modes.every_ns, Due::Modes);
        }
    }

    /// A pipeline that remembers what `readers` look back at, and whose draws are named so; its place. `of_file` is the place of the pipeline of the
    /// file that it is or copies, whose faults it shares.
    pub(super) fn add_pipe(
        &mut self,
        (pipeline, of_file): (&Pipeline, Option<usize>),
        readers: &[&Resolved],
        name: &str,
    ) -> u32 {
        let model = self.model;
        let stream = Stream::new(self.seed, self.replication, name, "sampling");
        let telemetry = Telemetry::new(model, pipeline, readers, stream).billing(model, &model.costs, readers);
        self.control.watch.pipes.push(Pipe {
            every: pipeline.every_ns,
            since: 0,
            edges: vec![EdgeCounts::default(); model.edges.len()],
            services: vec![ServiceCounts::default(); model.services.len()],
            latency: telemetry.latency_read().iter().map(|of| (*of, Histogram::new())).collect(),
            times: telemetry.times_read().iter().map(|of| (*of, Histogram::new())).collect(),
            sums: ByPart::new(),
            levels: ByLevel::new(),
            wrong: BTreeMap::new(),
            versions: ByVersion::new(),
            version_latency: ByVersion::new(),
            reads_ages: readers.iter().any(|metric| metric.metric == Metric::Age),
            records: Vec::new(),
            pods: BTreeMap::new(),
            of_file,
            telemetry,
        });
        self.control.watch.pipes.len() as u32 - 1
    }

    /// A metric as a pipeline had delivered it when it was last told to [advance](Telemetry::advance); `None` without data.
    pub(super) fn delivered(&self, pipe: u32, metric: &Resolved) -> Option<f64> {
        self.control.watch.pipes[pipe as usize].telemetry.read(self.model, metric)
    }

    /// A pipeline goes on to what is delivered by now.
    pub(in crate::world) fn deliver_scrapes(&mut self, pipe: u32) {
        if self.is_frozen(pipe) {
            return;
        }
        self.control.watch.pipes[pipe as usize].telemetry.advance(self.model, self.now);
    }

    /// A pipeline takes what happened since its last look, and will look again.
    pub(super) fn scrape(&mut self, index: u32, control: EventId) {
        // What a frozen pipeline misses is in its first scrape afterwards.
        if !self.is_frozen(index) {
            self.take(index);
        }
        let pipe = &self.control.watch.pipes[index as usize];
        let next = self.now + pipe.every;
        self.again(next, control);
    }

    /// A pipeline takes what happened since its last look.
    pub(in crate::world) fn take(&mut self, index: u32) {
        let scrape = self.look_at_all(index);
        self.control.watch.pipes[index as usize].telemetry.take(self.model, scrape);
    }

    /// What happened since the last look of a pipeline.
    pub(super) fn look_at_all(&mut self, index: u32) -> Scrape {
        let now = self.now;
        let ages_ns = self.ages_of_readings(index);
        let pipelines = self.records_of_pipelines(index);
        self.read_cpu();
        self.read_waits();
        self.reads_meters();
        let pipe = &mut self.control.watch.pipes[index as usize];
        let mut scrape = Scrape { from_ns: pipe.since, to_ns: now, ages_ns, pipelines, ..Scrape::default() };
        for (before, site) in pipe.edges.iter_mut().zip(self.calls.ids()) {
            let counts = self.calls.sums(site);
            scrape.edges.push(counts.since(before));
            *before = counts;
        }
        for (before, service) in pipe.services.iter_mut().zip(self.stations.services()) {
            let sums = self.stations.sums(service, now);
            scrape.services.push(sums.since(before));
            *before = sums;
        }
        for ((edge, view), seen) in &mut pipe.latency {
            let by_call =
                *view == View::Calls && records_calls(&self.model.edges[edge.index()], self.calls.counts_calls(*edge));
            let now = if by_call { self.calls.call_latency(*edge) } else { self.calls.latency(*edge) };
            scrape.latency.push(((*edge, *view), now.since(seen)));
        }
        for (of, seen) in &mut pipe.times {
            let waits = (of.part() == WAIT).then(|| self.stations.waits(ServiceId::from(of.index())));
            let now = waits.or_else(|| self.times.histogram(*of));
            scrape.times.push((*of, now.map(|now| now.since(seen)).unwrap_or_default()));
        }
        for (&(site, kind), counts) in &self.recorder.wrong_in_all {
            let count = counts.replies();
            let before = pipe.wrong.entry((site, kind)).or_insert(0);
            // What a gate has taken back since was seen already, and the next are one with it.
            if count > *before {
                scrape.wrong.push((site, kind, count - *before));
                *before = count;
            }
        }
        scrape.sums = self.times.sums_since(&mut pipe.sums);
        scrape.levels = self.levels.since(now, &mut pipe.levels);
        let services = pipe.telemetry.services_by_instance().iter();
        for instance in services.flat_map(|service| self.stations.instances_of(*service)) {
            let (life, counted) = (self.stations.life_of(instance), self.stations.pod_counts(instance, now));
            let before = pipe.pods.insert(instance, (life, counted)).unwrap_or_default();
            let is_first = pipe.since == 0 && self.stations.ran_from_zero(instance);
            let ran_through = life.is_some() && (life == before.0 || is_first);
            scrape.pods.push((instance, PodCounts { scrapes: u64::from(ran_through), ..counted.since(&before.1) }));
        }
        if pipe.telemetry.tells_versions_apart() {
            scrape.versions = self.calls.versions().since(&mut pipe.versions);
            scrape.version_latency = self.calls.versions().latency_since(&mut pipe.version_latency);
        }
        pipe.since = now;
        scrape
    }

    /// What pipelines have recorded by now, by their places, also since their last scrapes; nothing where none counts that. A bill does not depend on
    /// when a pipeline looks.
    pub(in crate::world) fn records_now(&self) -> Vec<PipelineCounts> {
        if !self.control.watch.counts_records() {
            return Vec::new();
        }
        let sums = |service| self.stations.sums(service, self.now).instances_now;
        let instances: u64 = self.stations.services().map(sums).sum();
        let of = |(place, pipe): (usize, &Pipe)| {
            // What is recorded while a pipeline is frozen is in its first scrape afterwards.
            if self.is_frozen(place as u32) {
                return pipe.telemetry.counts();
            }
            let since = |(before, site): (&EdgeCounts, EdgeId)| self.calls.sums(site).since(before).attempts;
            let attempts = pipe.edges.iter().zip(self.calls.ids()).map(since).sum();
            pipe.telemetry.counts_now(self.now, pipe.since, attempts, instances)
        };
        self.control.watch.pipes.iter().enumerate().map(|pipe| of(pipe).unwrap_or_default()).collect()
    }

    /// What the pipelines have recorded since this one last looked; nothing where it has no reader for that.
    fn records_of_pipelines(&mut self, index: u32) -> Vec<PipelineCounts> {
        let pipe = &mut self.control.watch.pipes[index as usize];
        if !pipe.telemetry.reads_records() {
            return Vec::new();
        }
        let mut before = std::mem::take(&mut pipe.records);
        let since = self.control.watch.records_since(&mut before);
        self.control.watch.pipes[index as usize].records = before;
        since
    }

    /// How old the newest reading is that each pipeline of the file has delivered [ns]; nothing where this one has no reader for that.
    fn ages_of_readings(&mut self, index: u32) -> Vec<u64> {
        let now = self.now;
        if !self.control.watch.pipes[index as usize].reads_ages {
            return Vec::new();
        }
        let frozen: Vec<bool> = (0..self.model.telemetry.len()).map(|pipe| self.is_frozen(pipe as u32)).collect();
        let of_file = self.control.watch.pipes.iter_mut().zip(frozen);
        of_file.map(|(pipe, is_frozen)| pipe.telemetry.age_ns(now, is_frozen)).collect()
    }

    /// A scaler decides, and will look again.
    pub(super) fn scale(&mut self, index: u32, control: EventId) {
        self.looks_or_asks(index);
        let every_ns = self.in_force.scalers[index as usize].every_ns;
        self.again(self.now + every_ns, control);
    }

    /// Somebody waits for the first instance of a service: the scaler that has an activator before it is told.
    pub(in crate::world) fn wakes_scaler(&mut self, service: ServiceId) {
        let place = self.in_force.scalers.iter().position(|s| s.of == service && s.activator_ns().is_some());
        let Some(place) = place else { return };
        if !std::mem::replace(&mut self.control.watch.is_woken[place], true) {
            self.schedule(self.now, Due::Woken(place as u32));
        }
    }

    /// A scaler that was told looks out of turn.
    pub(super) fn scales_at_once(&mut self, index: u32) {
        self.control.watch.is_woken[index as usize] = false;
        let service = self.in_force.scalers[index as usize].of;
        let has_none = self.stations.lives(service).all(|life| matches!(life, Life::Gone | Life::Draining));
        if has_none {
            self.looks_or_asks(index);
        }
    }

    /// A scaler decides.
    pub(super) fn decides(&mut self, index: u32) {
        if self.leaves_alone(index) {
            return;
        }
        let decided = self.considers(index, |scaler, state, situation| {
            let current = situation.current;
            (current, scaler.decide(state, situation))
        });
        let (present, (current, decision)) = decided;
        self.asks_for(index, decision.asks);
        let (now, scaler) = (self.now, &self.in_force.scalers[index as usize]);
        let (service, moves) = (scaler.of, scaler.moves());
        match moves {
            Moves::Nodes => self.scale_nodes(service, decision),
            Moves::Sizes if decision.to != current => {
                self.digest.fact(now, u64::from(index), fact::WANTED | u64::from(decision.to));
                self.resize(service, decision.to);
            }
            Moves::Sizes => {}
            Moves::Instances => {
                if decision.to != present {
                    self.digest.fact(now, u64::from(index), fact::WANTED | u64::from(decision.to));
                    self.scale_to(service, decision.to);
                }
                self.stations.wants(service, decision.desired);
            }
        }
    }

    /// How sure a scaler is of what it wants now, above 0 to 1.
    pub(super) fn is_sure(&mut self, index: u32) -> f64 {
        let (_, wants) = self.considers(index, |scaler, state, situation| scaler.leans(state, situation));
        self.control.deciders.hears(index, wants)
    }

    /// Shows a scaler what it may know now; how many instances there are, and what it makes of that.
    fn considers<T>(
        &mut self,
        index: u32,
        what: impl FnOnce(&Scaler, &mut ScalerState, Situation<'_>) -> T,
    ) -> (u32, T) {
        let model = self.model;
        let mut states = std::mem::take(&mut self.control.watch.scalers);
        let scaler = &self.in_force.scalers[index as usize];
        let service = scaler.of;
        let (now, from_zero) = (self.now, self.since_zero(self.now));
        let lives = || self.stations.lives(service);
        let present = lives().filter(|life| !matches!(life, Life::Gone | Life::Draining)).count() as u32;
        let running = lives().filter(|life| *life == Life::Up).count() as u32;
        let pipeline = scaler.pipeline;
        self.deliver_scrapes(pipeline as u32);
        let scaler = &self.in_force.scalers[index as usize];
        let telemetry = &self.control.watch.pipes[scaler.pipeline].telemetry;
        let mut read = |metric: &Resolved| telemetry.read(model, metric);
        let of_week_ns = model.run.start.ns().cast_signed().saturating_add(from_zero).rem_euclid(WEEK_NS);
        let each = |metric: &Resolved| self.pods_of(scaler.pipeline, service, metric);
        let mut state = std::mem::take(&mut states[index as usize]);
        let (current, is_changing) = self.has_now(scaler, present);
        let running = if scaler.moves() == Moves::Nodes { present } else { running };
        let (idle, is_short) = self.idle_nodes(service);
        let situation = Situation {
            now_ns: now,
            from_zero_ns: from_zero,
            of_week_ns: of_week_ns as u64,
            current,
            running,
            waiting: self.waiting_for_first(service),
            idle,
            is_short,
            is_changing,
            runs_away: self.runs_away(index),
            read: &mut read,
            each: &each,
        };
        let made = what(scaler, &mut state, situation);
        states[index as usize] = state;
        self.control.watch.scalers = states;
        (present, made)
    }

    /// How many a service has of what a scaler moves, or which size; and whether it comes to another still.
    fn has_now(&self, scaler: &Scaler, present: u32) -> (u32, bool) {
        match scaler.moves() {
            Moves::Instances => (present, false),
            Moves::Nodes => (self.nodes_of(scaler.of), false),
            Moves::Sizes => self.size_of(scaler.of),
        }
    }

    /// What a scaler asked for is approved: it is done, and remembered as its change.
    pub(super) fn is_approved(&mut self, index: u32, to: u32) {
        let (now, from_zero) = (self.now, self.since_zero(self.now));
        let scaler = &self.in_force.scalers[index as usize];
        let (service, moves) = (scaler.of, scaler.moves());
        let lives = self.stations.lives(service);
        let present = lives.filter(|life| !matches!(life, Life::Gone | Life::Draining)).count() as u32;
        let (current, _) = self.has_now(scaler, present);
        scaler.changes(&mut self.control.watch.scalers[index as usize], (now, from_zero), current, to);
        match moves {
            Moves::Instances => self.scale_to(service, to),
            Moves::Nodes => self.scale_nodes(service, Decision { desired: to, to, asks: None }),
            Moves::Sizes if to != current => self.resize(service, to),
            Moves::Sizes => {}
        }
    }

    /// The instances of a service, as the control plane sees them, with the readings of each that a pipeline has delivered.
    fn pods_of(&self, pipe: usize, service: ServiceId, metric: &Resolved) -> Pods {
        let telemetry = &self.control.watch.pipes[pipe].telemetry;
        let there =
            || self.stations.instances_of(service).filter(|&instance| self.stations.life(instance) != Life::Gone);
        let (from_ns, samples) = telemetry.read_each(self.model, (metric, service), there());
        let pods =
            there().zip(samples).map(|(instance, sample)| Pod { sample, ..self.stations.pod(instance) }).collect();
        Pods { pods, from_ns, whole: whole(self.model, service, metric) }
    }

    /// An alert is evaluated.
    pub(super) fn evaluate_alert(&mut self, index: u32, control: EventId) {
        let model = self.model;
        let alert = &model.alerts[index as usize];
        let (now, from_zero) = (self.now, self.since_zero(self.now));
        self.deliver_scrapes(alert.pipeline as u32);
        let telemetry = &self.control.watch.pipes[alert.pipeline].telemetry;
        let holds = alert.when.truth(&mut |metric| telemetry.read(model, metric));
        let value = alert.thresholds.as_ref().and_then(|thresholds| {
            let sides = alert.when.leaves().first()?.sides(&mut |metric| telemetry.read(model, metric))?;
            Some(thresholds.value(sides))
        });
        self.control.watch.alerts[index as usize].try_all(now, from_zero, value, alert);
        let fired = self.control.watch.alerts[index as usize].fires();
        let begins = self.control.watch.alerts[index as usize].evaluate(now, from_zero, holds, alert.lasts());
        let ends = fired && !self.control.watch.alerts[index as usize].fires();
        self.look_at_each(index as usize, begins);
        if begins {
            let times = if alert.per_instance { self.control.accused.by(index as usize).len().max(1) } else { 1 };
            self.alert_is_raised(index as usize, times);
            self.begin_runbooks(index as usize);
        }
        if ends {
            self.alert_is_over(index as usize);
        }
        self.again(now + alert.every_ns, control);
    }

    /// Alerts that fire at the end are closed with it.
    pub(in crate::world) fn close_alerts(&mut self) {
        let end = self.since_zero(self.now);
        self.control.watch.alert_looks = self.control.watch.alerts.iter().map(AlertTracker::looks).collect();
        self.control.watch.tried = self.control.watch.alerts.iter_mut().map(|alert| alert.take_tried(end)).collect();
        self.control.watch.fired =
            std::mem::take(&mut self.control.watch.alerts).into_iter().map(|a| a.finish(end)).collect();
    }
}
