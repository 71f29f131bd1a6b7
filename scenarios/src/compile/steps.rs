//! Steps of endpoints.

use super::sagas::START;
use super::{Compiler, percent};
use crate::written::cache::CacheSettings;
use crate::written::node::{ServiceSettings, StoreSettings};
use crate::written::step::{ChoiceSettings, DiskStep, GateStep, Need, ParallelStep, Repeat, StepSettings};
use crate::written::store::ReplicationSettings;
use sim_core::data::gate::{Gate, OnConflict};
use sim_core::data::level::Level;
use sim_core::dist::Distribution;
use sim_core::guarantees::strongest;
use sim_core::ids::{Caller, EdgeId, EndpointId};
use sim_core::problem::Problems;
use sim_core::service::disk::DiskWork;
use sim_core::topology::{Access, Replication, Step, Store};
use sim_core::units::{Count, Probability};

/// Probabilities add up if they do so to this.
const NEAR: f64 = 1e-9;
/// Branches of one `parallel`.
const MOST_BRANCHES: u64 = 10_000;

impl Compiler<'_> {
    /// The steps as meant; the problems stand at their list.
    pub(super) fn steps(
        &mut self,
        caller: Caller,
        name: &str,
        steps: &[StepSettings],
        problems: &mut Problems,
    ) -> Vec<Step> {
        let mut all = Vec::with_capacity(steps.len());
        for (index, step) in steps.iter().enumerate() {
            let Some(step) = problems.at(index, |p| self.step(caller, name, step, p)) else { continue };
            if let Step::Call(edge) = &step {
                problems.at(index, |p| p.at("gate", |p| self.looks_back(*edge, &all, p)));
            }
            all.push(step);
        }
        all
    }

    fn step(&mut self, caller: Caller, name: &str, step: &StepSettings, problems: &mut Problems) -> Option<Step> {
        Some(match step {
            StepSettings::Work(time) => Step::Work(some_time("work", time, problems)),
            StepSettings::Wait(time) => Step::Wait(some_time("wait", time, problems)),
            StepSettings::Disk(disk) => Step::Disk(problems.at("disk", |p| self.disk(caller, name, *disk, p))),
            StepSettings::Call(call) => {
                let edge = problems.at("call", |p| self.call_step(caller, name, call, p))?;
                self.call_or_other(edge)
            }
            StepSettings::Parallel(parallel) => problems.at("parallel", |p| self.parallel(caller, name, parallel, p)),
            StepSettings::Choose(choices) => problems.at("choose", |p| self.choose(caller, name, choices, p)),
            StepSettings::Forward(forward) => problems.at("forward", |p| {
                let callee = self.callee("to", &forward.to, p)?;
                let path = format!("{}.to", p.path());
                Some(Step::Forward(self.plain_edge(caller, name, callee, path)))
            })?,
            StepSettings::Reply(reply) => Step::Reply(reply.outcome),
            StepSettings::Fail(fail) => {
                if fail.outcome.is_answer() {
                    let problem =
                        problems.error("fail.outcome", format!("{} is an answer, not a failure", fail.outcome.name()));
                    problem.hint = Some("write error, or a reply step".into());
                }
                Step::Fail(fail.probability.value(), fail.outcome)
            }
            StepSettings::Background(steps) => {
                Step::Background(problems.at("background", |p| self.steps(caller, name, steps, p)))
            }
            StepSettings::Gate(gate) => problems.at("gate", |p| self.gate(caller, name, gate, p))?,
            StepSettings::Saga(saga) => {
                if self.written.sagas.get(saga).is_none() {
                    if self.around.tree.find(&format!("sagas.{saga}")).is_none() {
                        problems.unknown("saga", "saga", saga, self.written.sagas.names());
                    }
                    return None;
                }
                let callee = self.names.endpoints[&format!("{saga}.{START}")];
                let path = format!("{}.saga", problems.path());
                Step::Call(self.plain_edge(caller, name, callee, path))
            }
            StepSettings::Lookup(lookup) => problems.at("lookup", |p| self.lookup(caller, name, lookup, p))?,
            StepSettings::Invalidate(step) => {
                problems.at("invalidate", |p| self.invalidate(caller, name, &step.0, p))?
            }
            StepSettings::Steps(steps) => Step::Steps(problems.at("steps", |p| self.steps(caller, name, steps, p))),
        })
    }

    /// A gate: a read of a store, of which it is compared what comes back.
    fn gate(&mut self, caller: Caller, name: &str, gate: &GateStep, problems: &mut Problems) -> Option<Step> {
        let callee = self.callee("to", &gate.to, problems)?;
        if self.endpoint_access(callee) != Some(Access::Read) {
            let problem = problems.error("to", format!("{} is not what reads a store", gate.to));
            problem.label = Some("a gate compares what it reads with what was read before".into());
            problem.hint = Some("name an endpoint of a store with access: read".into());
        }
        let store = gate.to.split_once('.').and_then(|(store, _)| self.written.stores.get(store));
        let given = store.map_or(Level::IDENTITY, can_give);
        if store.is_some_and(|store| matches!(store.replication, Some(ReplicationSettings::Merge(_)))) {
            problems.error("to", "copies that merge have no authority that could be asked").hint =
                Some("write replication: {primary: {}} at the store, or leave the gate out".into());
        } else if gate.level > given {
            let problem = problems.error("level", format!("{} gives no {} read", gate.to, gate.level.name()));
            problem.label = Some("a gate certifies no more than its store can give".into());
            problem.hint = Some(format!("write {}, or a weaker level", given.name()));
        }
        let path = format!("{}.to", problems.path());
        let edge = self.gate_edge(caller, name, callee, (path, gate), problems)?;
        Some(Step::Call(edge))
    }

    /// What an endpoint of a store does, as it is written: stores may stand behind their callers.
    fn endpoint_access(&self, endpoint: EndpointId) -> Option<Access> {
        let name = &self.model.endpoints[endpoint.index()].name;
        let (store, endpoint) = name.split_once('.')?;
        Some(self.written.stores.get(store)?.endpoints.get(endpoint)?.access)
    }

    /// How far back the last read stands whose version a gate compares.
    fn looks_back(&mut self, edge: EdgeId, before: &[Step], problems: &mut Problems) {
        let Some(gate) = self.model.edges[edge.index()].gate else { return };
        let callee = |edge: EdgeId| self.model.edges[edge.index()].callee;
        let store = |edge: EdgeId| self.model.endpoints[callee(edge).index()].service;
        let own = store(edge);
        // Who went back to a write would write again.
        let is_read = |edge: EdgeId| store(edge) == own && self.endpoint_access(callee(edge)) == Some(Access::Read);
        let reads = |step: &Step| match step {
            Step::Call(other) | Step::Fallback { call: other, .. } => is_read(*other),
            _ => false,
        };
        let back = before.iter().rev().position(reads).map_or(0, |place| place as u32 + 1);
        if back == 0 && gate.on_conflict == OnConflict::Retry {
            let what = "no step before the gate, in the same list, reads the store that could be read again";
            problems.error("on_conflict", what).hint = Some("write on_conflict: fail, or upgrade".into());
        }
        self.model.topology.edges[edge.index()].gate = Some(Gate { back, ..gate });
    }

    /// What a step asks of the disk: something that the machine says how long it takes.
    fn disk(&self, caller: Caller, name: &str, disk: DiskStep, problems: &mut Problems) -> DiskWork {
        let Caller::Endpoint(endpoint) = caller else { return DiskWork::default() };
        let device = self.model.services[self.model.endpoints[endpoint.index()].service.index()].device.as_ref();
        if disk == DiskStep::default() {
            problems.error("", "this disk step does nothing").hint =
                Some("write fsync: true, write: 4KiB or read: 8KiB".into());
        }
        if disk.fsync && device.is_none_or(|device| device.fsync.is_none()) {
            problems.error("fsync", format!("the disk of {name} has no fsync time")).hint =
                Some(format!("add machine: {{disk: {{fsync: 5ms}}}} to {name}"));
        }
        let moves = [("write", disk.write), ("read", disk.read)];
        for (key, _) in moves.into_iter().filter(|(_, bytes)| bytes.get() > 0) {
            if device.is_none_or(|device| device.throughput.is_none()) {
                problems.error(key, format!("the disk of {name} has no throughput")).hint =
                    Some(format!("add machine: {{disk: {{throughput: 200MB/s}}}} to {name}"));
            }
        }
        let bytes = disk.write.get().saturating_add(disk.read.get());
        DiskWork { fsync: disk.fsync, bytes, is_awaited: disk.fsync || disk.read.get() > 0 }
    }

    fn parallel(&mut self, caller: Caller, name: &str, parallel: &ParallelStep, problems: &mut Problems) -> Step {
        if parallel.branches.is_empty() {
            problems.error("branches", "no branch does nothing").hint = Some("write at least one step".into());
        }
        let repeat = match &parallel.repeat {
            None => 1,
            Some(Repeat::Count(count)) => count.get(),
            Some(Repeat::PerInstance(of)) => self.instances_at_start(of, problems).unwrap_or(1),
        };
        if repeat == 0 {
            problems.error("repeat", "branches that are never there do nothing").hint =
                Some("write repeat: {count: 2}, or leave it out".into());
        }
        let count = repeat.saturating_mul(parallel.branches.len() as u64);
        if count > MOST_BRANCHES {
            problems.error("", format!("{count} branches are more than one request can have")).label =
                Some(format!("at most {MOST_BRANCHES}"));
        }
        let branches: Vec<Vec<Step>> = problems.at("branches", |p| {
            let numbered = parallel.branches.iter().enumerate();
            numbered.map(|(i, step)| p.at(i, |p| self.step(caller, name, step, p)).into_iter().collect()).collect()
        });
        let need = match parallel.need {
            None => count,
            Some(Need::Count(need)) => need.get(),
            Some(Need::Percent(share)) => (share.value() * count as f64 - NEAR).ceil().max(0.0) as u64,
        };
        if count > 0 && (need == 0 || need > count) {
            let problem = problems.error("need", format!("{need} of {count} branches can not be what is needed"));
            problem.hint = Some(format!("write a number from 1 to {count}"));
        }
        let most = |n: u64| n.min(MOST_BRANCHES) as u32;
        Step::Parallel { branches, repeat: most(repeat), need: most(need.min(count)) }
    }

    /// How many instances a service, store or cache has at the start.
    fn instances_at_start(&self, name: &str, problems: &mut Problems) -> Option<u64> {
        problems.at("repeat", |p| self.names.with_instances("per_instance", name, p))?;
        let written = self.written;
        let keys = written.services.get(name).map(ServiceSettings::node_keys);
        let keys = keys.or_else(|| written.stores.get(name).map(StoreSettings::node_keys));
        let keys = keys.or_else(|| written.caches.get(name).map(CacheSettings::node_keys));
        let Some(keys) = keys else {
            problems.error("repeat.per_instance", format!("{name} is a queue, and has no instances")).hint =
                Some("name a service, a store or a cache".into());
            return None;
        };
        Some(keys.over(written.defaults.service.node_keys()).instances.map_or(1, Count::get))
    }

    fn choose(&mut self, caller: Caller, name: &str, choices: &[ChoiceSettings], problems: &mut Problems) -> Step {
        let said: f64 = choices.iter().filter_map(|c| c.probability).map(Probability::value).sum();
        let open: Vec<usize> = (0..choices.len()).filter(|i| choices[*i].probability.is_none()).collect();
        check_sum(said, &open, choices.len(), problems);
        let rest = (1.0 - said).max(0.0) / open.len().max(1) as f64;
        let mut branches = vec![];
        for (index, choice) in choices.iter().enumerate() {
            let probability = choice.probability.map_or(rest, Probability::value);
            let steps = problems.at(index, |p| p.at("steps", |p| self.steps(caller, name, &choice.steps, p)));
            branches.push((probability, steps));
        }
        Step::Choose(branches)
    }
}

/// The time that a step takes.
fn some_time(key: &str, time: &Distribution, problems: &mut Problems) -> Distribution {
    let before = problems.iter().count();
    problems.at(key, |p| time.validate(p));
    if problems.iter().count() == before && time.mean() <= 0.0 {
        problems.error(key, "a step of no time does nothing").hint = Some("remove the step".into());
    }
    time.clone()
}

fn check_sum(said: f64, open: &[usize], count: usize, problems: &mut Problems) {
    let percent = percent(said);
    if count == 0 {
        problems.error("", "there is nothing to choose from").hint = Some("write at least two branches".into());
    } else if let [_, second, ..] = open {
        problems.error(&format!("{second}.probability"), "two branches without probability").hint =
            Some("only one gets the rest".into());
    } else if said > 1.0 + NEAR {
        problems.error("", format!("the probabilities add up to {percent}")).label =
            Some("at most 100% are possible".into());
    } else if open.is_empty() && said < 1.0 - NEAR {
        let problem = problems.error("", format!("the probabilities add up to {percent}"));
        problem.label = Some("expected 100%".into());
        problem.hint = Some("leave the probability of one branch out: it gets the rest".into());
    } else if !open.is_empty() && said > 1.0 - NEAR {
        let problem = problems.error(&open[0].to_string(), "nothing is left for the branch without probability");
        problem.label = Some(format!("the others add up to {percent}"));
    }
}

/// The strongest level that reads of a store can have, as it is written: stores may stand behind their callers.
fn can_give(store: &StoreSettings) -> Level {
    let replication = store.replication.as_ref().map_or(Replication::None, ReplicationSettings::compile);
    let copied = strongest(&Store { replication, ..Store::default() });
    copied.with(store.provides.unwrap_or(Level::IDENTITY))
}
