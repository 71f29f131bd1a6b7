//! Experiments: something is done to the running system on purpose, within bounds, to see whether a hypothesis holds.
//!
//! The settings and what they mean stand here, actions in `action`, and the bounds in `radius`; what is done besides faults is a deed. The
//! faults of an experiment are faults of the model that strike only while it runs; the world begins, watches and ends it, and a
//! study judges its hypothesis by the truth of each run.

mod action;
mod radius;

pub use action::ActionSettings;
pub use radius::{InstancesSettings, RadiusSettings, UsersSettings};

use crate::control::Alert;
use crate::deed::{self, Deed, DeedEffect, DeedSettings, Sets, Whom};
use crate::expression::{Clause, Condition, Metric, MetricRef, Resolved, Subject};
use crate::faults::{Fault, Target};
use crate::ids::{FaultId, ServiceId};
use crate::kind::Kind;
use crate::names::Names;
use crate::problem::Problems;
use crate::promise::Promise;
use crate::promise::keeps_anything;
use crate::switch::Switch;
use crate::topology::Topology;
use crate::units::SimDuration;
use crate::watched::Check;
use action::{Meant, When};
use radius::Hit;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A section of the file that is a kind by itself.
pub const ALL: &[Kind] =
    &[Kind { family: "section", name: "experiments", schema: || schemars::schema_for!(ExperimentSettings) }];

/// Something is done to the running system on purpose, within bounds, to see whether a hypothesis holds.
///
/// # What it models
/// A chaos experiment in each replication. At `at` the steady state and the safety checks are looked at; if one of them does not hold or
/// has no data, the experiment is not run in that replication, and its journal says which. Else its actions are done. While it runs,
/// the conditions of `abort_when` are looked at every few seconds; one that is true ends all its faults, and the rollback is done. After
/// `for` all its faults end, and the rollback is done too: it is the cleanup. Steps of the rollback follow each other, and each takes
/// its time.
///
/// The hypothesis is judged by the truth of the run. Its clauses without `during`, `after`, `before` or `from` mean the experiment, from
/// its begin until its faults end; `recovery` is that after it. An aborted experiment's hypothesis does not hold, and one that was not run has none.
/// Its name is that of a stretch of time, as a fault's is: `availability(api.get) during kill`, `after kill`; the fault of its first
/// action is `kill.0`.
///
/// What it looks at is telemetry of its own, taken every few seconds without delay for as long as it needs it, or what a pipeline
/// delivers where it `reads` one. Of the users in its blast radius all requests of load classes since its begin are counted.
///
/// # When to use it
/// To ask of a fault what a team would ask of it in production, with the same care, before anybody does it there.
///
/// # Knobs
/// - `at`: begin, from time 0, duration; required
/// - `for`: length, duration; required
/// - `steady_state`, `safety_checks`: conditions that have to hold before, default none
/// - `hypothesis`: clauses that are judged after it; required
/// - `actions`: faults (`inject`) and deeds (`do`), with times from its begin; required
/// - `abort_when`: conditions that end it, default none
/// - `every`: between two looks at them, duration, default 5s
/// - `reads`: a telemetry pipeline, name, default its own
/// - `blast_radius`: `services` and `instances` that its actions may hit, `users` that may feel it, default no bounds
/// - `rollback`: deeds when it ends or is aborted, default none
///
/// # Example
/// ```yaml
/// experiments:
///   kill:
///     at: 2m
///     for: 5m
///     steady_state: [error_rate(payment.charge) over 1m < 1%]
///     hypothesis: [recovery(payment.charge) < 60s, availability(payment.charge) > 99.9%]
///     actions: [{inject: crash, where: {service: payment, percent: 30%}}]
///     blast_radius: {services: [payment], instances: {percent: 35%}, users: {percent: 5%}}
///     abort_when: [error_rate(payment.charge) over 30s > 10%]
///     rollback: [{do: restart, where: {service: payment, count: 1}, takes: 20s}]
/// ```
///
/// # Source
/// Basiri et al., Chaos Engineering, IEEE Software 2016; the experiments of Chaos Toolkit and AWS FIS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExperimentSettings {
    /// Begin, from time 0.
    pub at: SimDuration,
    /// Length. Then all its faults end, and the rollback is done.
    #[serde(rename = "for")]
    pub length: SimDuration,
    /// Between two looks at the conditions of `abort_when`.
    #[serde(default = "often")]
    pub every: SimDuration,
    /// The telemetry pipeline that it sees; default one of its own, without delay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads: Option<String>,
    /// Conditions that have to hold before; if one does not, the experiment is not run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steady_state: Vec<Condition>,
    /// What is claimed, judged by the truth of the run.
    #[serde(default)]
    pub hypothesis: Vec<Clause>,
    /// Further conditions that have to hold before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub safety_checks: Vec<Condition>,
    /// Conditions that end it at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub abort_when: Vec<Condition>,
    /// What is done to the system, with times from its begin.
    #[serde(default)]
    pub actions: Vec<ActionSettings>,
    /// How much it may hit at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blast_radius: Option<RadiusSettings>,
    /// What is done when it ends or is aborted, one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rollback: Vec<DeedSettings>,
}

fn often() -> SimDuration {
    SimDuration::from_ns(5 * SimDuration::SECOND.ns())
}

/// An experiment, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// As the user wrote it.
    pub name: String,
    /// Begin, from time 0 [ns].
    pub at_ns: u64,
    /// Length [ns].
    pub for_ns: u64,
    /// Between two looks [ns].
    pub every_ns: u64,
    /// The telemetry pipeline that it sees, by its place; `None` is its own.
    pub reads: Option<usize>,
    /// Conditions that have to hold before.
    pub steady_state: Vec<Check>,
    /// Further ones.
    pub safety_checks: Vec<Check>,
    /// Conditions that end it.
    pub abort_when: Vec<Check>,
    /// What is claimed; clauses that said nothing of when say `during` or, of what is measured after a fault, `after` the experiment.
    pub hypothesis: Vec<Clause>,
    /// Its faults.
    pub faults: Vec<FaultId>,
    /// What is done, and how long after its begin it is begun [ns].
    pub deeds: Vec<(u64, Deed)>,
    /// What is done when it ends.
    pub rollback: Vec<Deed>,
    /// Share of requests of load classes that may go unanswered since its begin, from 0 to 1.
    pub users: Option<f64>,
    /// What its actions do, in words, in the order of the file.
    pub says: Vec<String>,
}

impl Experiment {
    /// All that it reads of telemetry.
    pub fn metrics(&self) -> Vec<&Resolved> {
        let checks = self.steady_state.iter().chain(&self.safety_checks).chain(&self.abort_when);
        checks.flat_map(|check| check.when.metrics()).collect()
    }

    /// Services that it scales, or lets a scaler scale, and to how many instances. `of_scaler` is the service of a scaler, by its place.
    pub fn scales(&self, of_scaler: impl Fn(usize) -> ServiceId) -> Vec<(ServiceId, u32)> {
        deed::scales(self.deeds.iter().map(|(_, deed)| deed).chain(&self.rollback), of_scaler)
    }
}

/// The name of the fault of an action, by its place in the list.
pub fn action_name(experiment: &str, place: usize) -> String {
    format!("{experiment}.{place}")
}

/// What an experiment can refer to: all of a model but the experiments, which are compiled last.
#[derive(Debug, Clone, Copy)]
pub struct Before<'m> {
    /// All names.
    pub names: &'m Names,
    /// What is there.
    pub topology: &'m Topology,
    /// What was promised.
    pub promises: &'m [Promise],
    /// How many faults the model has: those of experiments come behind.
    pub faults: usize,
    /// What each `set` means; `None` while that is found out.
    pub sets: Option<&'m Sets>,
    /// What may accuse instances.
    pub alerts: &'m [Alert],
    /// What may be thrown.
    pub switches: &'m [Switch],
}

impl<'m> Before<'m> {
    fn deeds(&self) -> deed::Around<'m> {
        deed::Around {
            names: self.names,
            topology: self.topology,
            sets: self.sets,
            alerts: self.alerts,
            switches: self.switches,
        }
    }
}

impl ExperimentSettings {
    fn when(&self) -> When {
        When { at: self.at, length: self.length }
    }

    /// Problems of the settings by themselves, in a run that measures `duration`.
    pub fn validate(&self, duration: SimDuration, problems: &mut Problems) {
        self.validate_times(duration, problems);
        if self.hypothesis.is_empty() {
            problems.error("hypothesis", "an experiment without a hypothesis shows nothing").hint =
                Some("say what is to hold, as in hypothesis: [availability(api.get) > 99.9%]".into());
        }
        if self.actions.is_empty() {
            problems.error("actions", "an experiment without actions does nothing").hint =
                Some("write an action, as in actions: [{inject: crash, where: {service: api, count: 1}}]".into());
        }
        problems.at("actions", |p| {
            for (place, action) in self.actions.iter().enumerate() {
                p.at(place, |p| action.validate(self.when(), p));
            }
        });
        if let Some(radius) = &self.blast_radius {
            problems.at("blast_radius", |p| radius.validate(p));
        }
        problems.at("rollback", |p| {
            for (place, deed) in self.rollback.iter().enumerate() {
                p.at(place, |p| deed.validate(p));
            }
        });
    }

    fn validate_times(&self, duration: SimDuration, problems: &mut Problems) {
        let measures = || Some(format!("the run measures {duration}"));
        if self.length.is_zero() {
            problems.error("for", "an experiment that lasts no time does nothing").hint =
                Some("write a length such as 5m".into());
        }
        if self.at >= duration {
            problems.error("at", "the experiment begins after the end of the run").label = measures();
        } else if self.at.ns().saturating_add(self.length.ns()) > duration.ns() {
            problems.error("for", "the experiment ends after the end of the run").label = measures();
        }
        if self.every.is_zero() {
            problems.error("every", "an experiment that is looked at without pause never gets on").hint =
                Some("write a period such as 5s".into());
        } else if self.every >= self.length && !self.length.is_zero() && !self.abort_when.is_empty() {
            problems.error("every", "the conditions to abort would never be looked at").label =
                Some(format!("the experiment lasts {}", self.length));
        }
    }

    /// The experiment with ids, and its faults, which belong behind those of the model. `place` is its own in the model; the model has
    /// all but experiments.
    pub fn compile(
        &self,
        name: &str,
        place: usize,
        before: &Before<'_>,
        problems: &mut Problems,
    ) -> Option<(Experiment, Vec<Fault>)> {
        let reads = match &self.reads {
            None => Some(None),
            Some(name) => before.names.pipeline("reads", name, problems).map(Some),
        };
        let steady_state = checks("steady_state", &self.steady_state, before.names, problems);
        let safety_checks = checks("safety_checks", &self.safety_checks, before.names, problems);
        let abort_when = checks("abort_when", &self.abort_when, before.names, problems);
        let hypothesis = self.compile_hypothesis(name, before, problems);
        let meant = self.compile_actions(name, before, problems);
        let rollback = self.compile_rollback(name, before, problems);
        let (mut faults, mut deeds, mut ids, mut says) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for action in meant? {
            match action {
                Meant::Fault(mut fault) => {
                    ids.push(FaultId::from(before.faults + faults.len()));
                    says.push(fault.says.clone());
                    fault.experiment = Some(place);
                    faults.push(*fault);
                }
                Meant::Deed(at_ns, deed) => {
                    says.push(deed.says.clone());
                    deeds.push((at_ns, *deed));
                }
            }
        }
        let experiment = Experiment {
            name: name.to_owned(),
            at_ns: self.at.ns(),
            for_ns: self.length.ns(),
            every_ns: self.every.ns(),
            reads: reads?,
            steady_state: steady_state?,
            safety_checks: safety_checks?,
            abort_when: abort_when?,
            hypothesis: hypothesis?,
            faults: ids,
            deeds,
            rollback: rollback?,
            users: self.blast_radius.as_ref().and_then(|radius| radius.users).map(|users| users.percent.value()),
            says,
        };
        Some((experiment, faults))
    }

    fn compile_hypothesis(&self, name: &str, before: &Before<'_>, problems: &mut Problems) -> Option<Vec<Clause>> {
        let to_the_end = self.at.ns().saturating_add(self.length.ns()) >= before.topology.run.duration.ns();
        let clauses = self.hypothesis.iter().enumerate();
        let meant: Vec<Option<Clause>> = problems.at("hypothesis", |p| {
            clauses.map(|(at, clause)| p.at(at, |p| claim(clause, name, to_the_end, before, p))).collect()
        });
        meant.into_iter().collect()
    }

    fn compile_actions(&self, name: &str, before: &Before<'_>, problems: &mut Problems) -> Option<Vec<Meant>> {
        let radius = self.blast_radius.clone().unwrap_or_default();
        let mut radius = problems.at("blast_radius", |p| radius.compile(before.names, p));
        let actions = self.actions.iter().enumerate();
        let meant: Vec<Option<Meant>> = problems.at("actions", |p| {
            let each = |(place, action): (usize, &ActionSettings)| {
                p.at(place, |p| {
                    let meant = action.compile(&action_name(name, place), self.when(), before.deeds(), p)?;
                    if let Meant::Deed(_, deed) = &meant {
                        belongs_here(deed, p)?;
                    }
                    for hit in hits(&meant, before.topology) {
                        radius.add(&hit, before.topology, p);
                    }
                    Some(meant)
                })
            };
            actions.map(each).collect()
        });
        meant.into_iter().collect()
    }

    fn compile_rollback(&self, name: &str, before: &Before<'_>, problems: &mut Problems) -> Option<Vec<Deed>> {
        let deeds = self.rollback.iter().enumerate();
        let meant: Vec<Option<Deed>> = problems.at("rollback", |p| {
            deeds
                .map(|(at, deed)| {
                    p.at(at, |p| {
                        let deed = deed.compile(&format!("{name}.rollback.{at}"), before.deeds(), p)?;
                        belongs_here(&deed, p)?;
                        Some(deed)
                    })
                })
                .collect()
        });
        meant.into_iter().collect()
    }
}

/// What takes as long as there is data, and what may fail, is a step of a runbook.
fn belongs_here(deed: &Deed, problems: &mut Problems) -> Option<()> {
    if matches!(deed.effect, DeedEffect::Restore(..) | DeedEffect::Validate(..)) {
        problems.error("do", "this is done by runbooks alone").hint =
            Some("write it as an action of control.runbooks".into());
        return None;
    }
    Some(())
}

/// What an action can hit; nothing for what only repairs.
fn hits<'a>(meant: &'a Meant, topology: &Topology) -> Vec<Hit<'a>> {
    match meant {
        Meant::Fault(fault) => match &fault.target {
            Target::Instances(selection) => vec![Hit::Instances(selection)],
            edge @ Target::Edge { .. } => vec![Hit::Messages(edge)],
            // What controls is no instance; what it does then is not known before.
            Target::Pipeline(_) | Target::Scaler(_) => Vec::new(),
        },
        Meant::Deed(_, deed) => match &deed.effect {
            DeedEffect::Restart(whom)
            | DeedEffect::Drain(whom, _)
            | DeedEffect::Replace(whom)
            | DeedEffect::SpreadInterrupts(whom, _)
            | DeedEffect::Isolate(whom) => match whom {
                Whom::Selected(selection) => vec![Hit::Instances(selection)],
                // Whom it accuses is known only then: at most all.
                Whom::FoundBy { services, .. } => services.iter().map(|service| Hit::Service(*service)).collect(),
            },
            DeedEffect::Scale { service, .. } | DeedEffect::Failover(service) => vec![Hit::Service(*service)],
            // A switch may act anywhere.
            DeedEffect::Throw(_) => {
                (0..topology.services.len()).map(|place| Hit::Service(ServiceId::from(place))).collect()
            }
            DeedEffect::Mend(_)
            | DeedEffect::Return(..)
            | DeedEffect::Restore(..)
            | DeedEffect::Validate(..)
            | DeedEffect::Look
            | DeedEffect::Rollback(_) => Vec::new(),
            DeedEffect::Set(changes) => {
                let hit: BTreeSet<ServiceId> =
                    changes.iter().filter_map(|change| change.to.acts_at(topology)).collect();
                hit.into_iter().map(Hit::Service).collect()
            }
        },
    }
}

fn checks(key: &str, conditions: &[Condition], names: &Names, problems: &mut Problems) -> Option<Vec<Check>> {
    let meant: Vec<Option<Check>> = problems.at(key, |p| {
        let each = |(at, condition): (usize, &Condition)| p.at(at, |p| Check::compile(condition, names, p));
        conditions.iter().enumerate().map(each).collect()
    });
    meant.into_iter().collect()
}

/// A clause of a hypothesis, about the experiment where it does not say when.
fn claim(
    clause: &Clause,
    name: &str,
    to_the_end: bool,
    before: &Before<'_>,
    problems: &mut Problems,
) -> Option<Clause> {
    if clause.probability.is_some() {
        problems.error("", "a hypothesis holds in a run, or it does not").hint =
            Some(format!("ask for a share of runs in expect: hypothesis({name}) with probability 90%"));
        return None;
    }
    if !clause.variants().is_empty() {
        problems.error("", "a hypothesis is about its own run, not about a variant").hint =
            Some("compare variants in expect".into());
        return None;
    }
    let scoped = clause.scoped(&|metric: &MetricRef| about(metric, name));
    let mut fits = clause.has_windows(problems);
    let after_end = before.names.faults.get(name).copied().filter(|_| to_the_end);
    for metric in scoped.tree.metrics() {
        fits &= metric
            .resolve(before.names, problems)
            .is_some_and(|resolved| can_be_claimed(&resolved, after_end, before, problems));
    }
    fits.then_some(scoped)
}

/// The metric, about the experiment where it does not say when.
fn about(metric: &MetricRef, experiment: &str) -> MetricRef {
    let mut metric = metric.clone();
    let scope = &mut metric.scope;
    let says = scope.during.is_some() || scope.after.is_some() || scope.before.is_some() || scope.from_to.is_some();
    if !says && metric.metric.needs_fault() {
        scope.after = Some(experiment.to_owned());
    } else if !says && metric.metric.is_of_stretch() {
        scope.during = Some(experiment.to_owned());
    }
    metric
}

/// Whether a metric can be claimed; `at_end` is the experiment if the run ends with it.
fn can_be_claimed(metric: &Resolved, at_end: Option<FaultId>, before: &Before<'_>, problems: &mut Problems) -> bool {
    match (metric.metric, &metric.subject) {
        (Metric::Hypothesis | Metric::Aborted | Metric::Ran, _) => {
            problems.error("", "a hypothesis says what the system does, not what becomes of an experiment").hint =
                Some("write this in expect".into());
            false
        }
        (Metric::Recovery, Subject::Endpoint(of)) if !keeps_anything(before.promises, *of) => {
            let problem = problems.error("", "nothing says what the endpoint has to keep to be back");
            problem.label = Some("recovery is back to the availability and latency that are promised".into());
            problem.hint = Some("promise its availability or latency".into());
            false
        }
        (Metric::Recovery, _) if at_end.is_some() && metric.scope.after == at_end => {
            problems.error("", "the run ends with the experiment, so that no recovery is seen").hint =
                Some("make the run longer: run.duration".into());
            false
        }
        _ => true,
    }
}
