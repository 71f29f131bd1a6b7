//! Step trees compiled to one flat array of operations, which the interpreter walks by program counter.
//!
//! Branches of a `parallel`, the arms of a `choose` and background steps lie in the same array behind the endpoint's own code. The
//! compiler puts `Release` before the first call of an endpoint that does not hold its worker, so that the interpreter asks nothing.

mod saga;
mod sources;

pub use saga::{SagaCode, SagaMark};
pub use sources::of_cache as sources_of;

use crate::data::Effect;
use crate::data::level::Level;
use crate::dist::{Distribution, Sampler};
use crate::engine::table::{Table, id};
use crate::guarantees::given;
use crate::ids::{Caller, EdgeId, EndpointId, ServiceId};
use crate::model::Model;
use crate::outcome::Outcome;
use crate::service::disk::DiskWork;
use crate::switch::SwitchEffect;
use crate::topology::{Access, Edge, Endpoint, Node, Replication, Service, Step};
use crate::units::SimDuration;
use std::collections::{BTreeMap, BTreeSet};

/// A place in the code of a model.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Pc(pub u32);

impl Pc {
    /// The first operation.
    pub const START: Self = Self(0);
}

id!(Pc);

impl std::ops::AddAssign<u32> for Pc {
    #[inline(always)]
    fn add_assign(&mut self, steps: u32) {
        self.0 += steps;
    }
}

/// A distribution of work or of waiting in the code of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SamplerId(u32);

id!(SamplerId);

/// One operation.
#[derive(Debug, Clone, Copy)]
pub enum Op {
    /// CPU work; a sampler, and where it stands in its endpoint.
    Work { sampler: SamplerId, place: u32 },
    /// Time that uses no CPU; a sampler, and where it stands in its endpoint.
    Wait { sampler: SamplerId, place: u32 },
    /// What is asked of the disk; an entry of the table of disk work, and where it stands in its endpoint.
    Disk { work: u32, place: u32 },
    /// A call site; whether the worker is given back first.
    Call { site: EdgeId, frees: bool },
    /// A call site of an endpoint that may take no time by itself: such calls of calls are counted, as they may multiply at one instant.
    CallAtOnce { site: EdgeId, frees: bool },
    /// A call site where the call may be sent more than once; whether the worker is given back first.
    Hedge { site: EdgeId, frees: bool },
    /// One copy of a hedged call.
    Copy(EdgeId),
    /// The end of a copy.
    CopyEnd(EdgeId),
    /// Branches at the same time; an entry of the fork table.
    Fork(u32),
    /// One arm by chance: first entry of the choice table, how many.
    Choose { first: u32, count: u16 },
    /// Go on elsewhere.
    Jump(Pc),
    /// Give the worker back.
    Release,
    /// Leave the instance: the request is handed over.
    Leave,
    /// Answer now, and go on without a caller.
    Reply(Outcome),
    /// End with an outcome at this probability, an entry of the chance table.
    Fail(u32, Outcome),
    /// Start steps that nobody waits for.
    Spawn(Pc),
    /// Wait until the regions of the store agree on a write; the service.
    Agree(ServiceId),
    /// Read the row of this request, of which a majority of the regions is asked, or the own one; the service.
    AsksRegions(ServiceId),
    /// Read the row of this request; the service.
    Read(ServiceId),
    /// Take a thing of the row of this request, or go on behind the write that follows; the service.
    Take(ServiceId),
    /// Confirm what is kept for this request, or end with an error; the service.
    Confirm(ServiceId),
    /// Write the row of this request; the service.
    Write(ServiceId),
    /// Write the row of this request if it is as this request has read it; the service.
    CompareAndSet(ServiceId),
    /// End with a timeout if the deadline of the request has passed, as far as the instance can see.
    ReadsDeadline,
    /// End as refused if the request carries a weaker level than this.
    Requires(Level),
    /// The answer is of this level at most.
    Provides(Level),
    /// The call of a gate comes next; its call site.
    ComesToGate(EdgeId),
    /// The call of a gate is answered.
    PassesGate(EdgeId),
    /// Go to the end of the endpoint, which stands there, if the key of this request is known.
    Known(Pc),
    /// The state of a saga changes; the saga's service.
    Saga(ServiceId, SagaMark),
    /// Put a message in a queue; the service.
    Enqueue(ServiceId),
    /// A cache is about to be asked.
    Asks,
    /// An instance of a cache has an answer for its caller.
    Answers,
    /// Take a value from a cache; an entry of the table of lookups.
    Lookup(u32),
    /// Let a value of a cache go; an entry of the table of lookups, which has no steps.
    Invalidate(u32),
    /// The end of an endpoint: reply.
    End,
    /// The end of a branch.
    BranchEnd,
    /// The end of a request that was cancelled when it was about to go on.
    Drop,
    /// The end of what called without being an endpoint: a load class's request, a message.
    ClientEnd,
}

/// The place of the work of looking a key up, beside those of all steps.
const LOOKUP: u32 = u32::MAX;

/// Where [`Op::Drop`] stands: after the operations that end a request with an outcome.
pub const DROP: Pc = Pc(Outcome::ALL.len() as u32);

/// Branches at the same time.
#[derive(Debug, Clone, Copy)]
pub struct Fork {
    /// First entry of the branch table.
    pub first: u32,
    /// How many entries.
    pub branches: u32,
    /// How many branches in all, where the entries are repeated.
    pub count: u16,
    /// How many must succeed.
    pub need: u16,
}

/// A step that takes a value from a cache, or lets one go.
#[derive(Debug, Clone, Copy)]
pub struct Lookup {
    /// The cache.
    pub cache: ServiceId,
    /// The call to it; `None` where it lies in the memory of the caller.
    pub call: Option<EdgeId>,
    /// First operation of what makes a value.
    pub miss: Pc,
    /// The worker is given back before somebody waits.
    pub frees: bool,
}

/// The code of a model.
#[derive(Debug, Default)]
pub struct Program {
    /// All operations.
    pub ops: Table<Pc, Op>,
    /// Distributions of work.
    pub samplers: Table<SamplerId, Sampler>,
    /// All forks.
    pub forks: Vec<Fork>,
    /// First operations of the branches of forks.
    pub branches: Vec<Pc>,
    /// Upper bounds of chances and first operations of arms.
    pub choices: Vec<(f64, Pc)>,
    /// Probabilities of `Fail`.
    pub chances: Vec<f64>,
    /// Steps that ask caches.
    pub lookups: Vec<Lookup>,
    /// The code of sagas, by the service of each.
    pub sagas: BTreeMap<ServiceId, SagaCode>,
    /// What steps ask of disks.
    pub disk_work: Vec<DiskWork>,
    /// By the call of a gate: where a request goes on that does its last read again.
    pub gates: BTreeMap<EdgeId, Pc>,
    /// First operation of the steps of each endpoint: places of draws are counted from here.
    pub entry: Table<EndpointId, Pc>,
    /// Where a request begins at each endpoint: at its steps, or before them where a key is looked up.
    pub door: Table<EndpointId, Pc>,
    /// By switch: where a request begins that it answers; the start where it answers none.
    pub answers: Vec<Pc>,
    /// First operation of the caller that is no endpoint, by call site (loads and queues).
    pub client: Table<EdgeId, Pc>,
    /// First operation of the copies of a hedged call, by call site.
    pub copies: Table<EdgeId, Pc>,
    /// Whether calls of a call site are hedged.
    hedged: Table<EdgeId, bool>,
    /// By the call of a gate: how many steps before it its last read stands.
    gates_back: BTreeMap<EdgeId, u32>,
    /// While an endpoint is compiled: it gives its worker back before it calls.
    frees_worker: bool,
    /// While an endpoint is compiled: a request may pass all its steps so far in no time.
    at_once: bool,
    /// While an endpoint is compiled: its first operation.
    begin: Pc,
}

impl Program {
    /// Compiles all endpoints, and a small program for each call of a load class or a queue.
    pub fn compile(model: &Model) -> Self {
        let hedged = model.edges.iter().map(|edge| edge.hedge.is_some()).collect::<Vec<bool>>().into();
        let gates = model.edges.iter().enumerate();
        let gates_back = gates.filter_map(|(id, edge)| Some((EdgeId::from(id), edge.gate?.back))).collect();
        let mut program = Self { chances: vec![1.0], hedged, gates_back, ..Self::default() };
        // The first operations end a request with the outcome of that number: where injected errors go.
        for outcome in Outcome::ALL {
            program.ops.push(Op::Fail(0, outcome));
        }
        program.ops.push(Op::Drop);
        let told: BTreeSet<EndpointId> = model
            .edges
            .iter()
            .zip(model.tells_times())
            .filter(|(_, tells)| *tells)
            .map(|(edge, _)| edge.callee)
            .collect();
        let sagas: BTreeMap<EndpointId, _> =
            model.sagas().filter_map(|(id, saga)| Some((saga.runner?, (id, saga)))).collect();
        for (id, endpoint) in model.endpoints.iter().enumerate() {
            let door = program.here();
            program.door.push(door);
            if told.contains(&EndpointId::from(id)) {
                program.ops.push(Op::ReadsDeadline);
            }
            if let Some(level) = endpoint.requires {
                program.ops.push(Op::Requires(level));
            }
            match sagas.get(&EndpointId::from(id)) {
                Some((service, saga)) => {
                    program.begins_here();
                    program.saga(*service, saga);
                }
                None => program.endpoint(model, endpoint),
            }
        }
        program.answers = model.switches.iter().map(|switch| program.answer(&switch.effect)).collect();
        program.at_once = false;
        for (index, edge) in model.edges.iter().enumerate() {
            let here = program.here();
            program.client.push(here);
            if !matches!(edge.caller, Caller::Endpoint(_)) {
                program.call(EdgeId::from(index), false);
                program.ops.push(Op::ClientEnd);
            }
        }
        program.copies();
        program
    }

    /// What a switch answers in the place of an endpoint: after its time, by the operation that ends a request with this outcome.
    fn answer(&mut self, effect: &SwitchEffect) -> Pc {
        let SwitchEffect::Answer { latency_ns, outcome, .. } = effect else { return Pc::START };
        let begin = self.here();
        if *latency_ns > 0 {
            let sampler = self.sampler(Distribution::constant(SimDuration::from_ns(*latency_ns)).build());
            self.ops.push(Op::Wait { sampler, place: 0 });
        }
        self.ops.push(Op::Jump(Pc(*outcome as u32)));
        begin
    }

    /// What the copies of hedged calls do: code that nobody else comes to.
    fn copies(&mut self) {
        for site in self.hedged.ids() {
            self.copies.push(self.here());
            if self.hedged[site] {
                self.ops.push(Op::Copy(site));
                self.ops.push(Op::CopyEnd(site));
            }
        }
    }

    fn call(&mut self, site: EdgeId, frees: bool) {
        self.ops.push(match (self.hedged[site], self.at_once) {
            (true, _) => Op::Hedge { site, frees },
            (false, true) => Op::CallAtOnce { site, frees },
            (false, false) => Op::Call { site, frees },
        });
    }

    fn here(&self) -> Pc {
        Pc(self.ops.len() as u32)
    }

    fn begins_here(&mut self) {
        self.begin = self.here();
        self.entry.push(self.begin);
    }

    fn endpoint(&mut self, model: &Model, endpoint: &Endpoint) {
        let mut later = Vec::new();
        self.frees_worker = endpoint.is_async;
        self.at_once = !takes_time(&endpoint.steps);
        // The first step asks where keys are kept elsewhere.
        let asks = usize::from(endpoint.effect.key_store().is_some());
        self.steps(&endpoint.steps[..asks], &mut later);
        let lookup = self.lookup(&endpoint.effect);
        self.begins_here();
        let service = &model.services[endpoint.service.index()];
        if let Node::Queue(_) = service.node {
            self.ops.push(Op::Enqueue(endpoint.service));
        }
        self.steps(&endpoint.steps[asks..], &mut later);
        self.row_access(model, endpoint);
        // An answer that is remembered has no stronger level than one that is made.
        if let Some(lookup) = lookup {
            self.ops[lookup] = Op::Known(self.here());
        }
        self.provides(model, service);
        if let Node::Cache(_) = service.node {
            self.ops.push(Op::Answers);
        }
        self.ops.push(Op::End);
        while let Some((patch, steps)) = later.pop() {
            self.place(patch, &steps, &mut later);
        }
    }

    /// Where requests carry levels, an answer has no stronger one than its service provides.
    fn provides(&mut self, model: &Model, service: &Service) {
        if !model.uses_levels() {
            return;
        }
        let level = given(service);
        if level < Level::IDENTITY {
            self.ops.push(Op::Provides(level));
        }
    }

    /// Where keys are remembered, each request's is looked up before its steps; tells where it is decided whether they are done.
    fn lookup(&mut self, effect: &Effect) -> Option<Pc> {
        let Effect::Deduplicated(settings) = effect else { return None };
        if !settings.work.is_zero() {
            let sampler = self.sampler(Distribution::constant(settings.work).build());
            self.ops.push(Op::Work { sampler, place: LOOKUP });
        }
        let known = self.here();
        self.ops.push(Op::Known(known));
        Some(known)
    }

    /// A store touches its row when its work is done.
    fn row_access(&mut self, model: &Model, endpoint: &Endpoint) {
        let (service, access) = (endpoint.service, endpoint.access);
        let Node::Store(store) = &model.services[service.index()].node else { return };
        let sells = store.stock.is_some();
        if matches!(store.replication, Replication::None) && !has_versions(model, service) && !sells {
            return;
        }
        // Who takes something reads how much there is in the same moment, unless copies have to be asked for it.
        let sells_by_count = matches!(store.replication, Replication::Quorum(_))
            && store.stock.as_ref().is_some_and(|stock| stock.escrow.is_none());
        let agrees = matches!(store.replication, Replication::Consensus { .. });
        if access == Some(Access::Read) && agrees {
            self.ops.push(Op::AsksRegions(service));
        } else if access == Some(Access::Read) || (access == Some(Access::Update) && (!sells || sells_by_count)) {
            self.ops.push(Op::Read(service));
        }
        let writes = matches!(access, Some(Access::Write | Access::Update | Access::CompareAndSet));
        if writes && agrees {
            self.ops.push(Op::Agree(service));
        }
        // Who takes something writes that in the same moment.
        if sells && access == Some(Access::Update) {
            self.ops.push(Op::Take(service));
            return;
        }
        if access == Some(Access::Write) && store.stock.as_ref().is_some_and(|stock| stock.hold_ns.is_some()) {
            self.ops.push(Op::Confirm(service));
        }
        if matches!(access, Some(Access::Write | Access::Update)) {
            self.ops.push(Op::Write(service));
        }
        if access == Some(Access::CompareAndSet) {
            self.ops.push(Op::CompareAndSet(service));
        }
    }

    fn sampler(&mut self, sampler: Sampler) -> SamplerId {
        self.samplers.push(sampler)
    }

    /// A frame that holds no worker any more passes a second `Release` unharmed.
    fn release(&mut self) {
        if self.frees_worker {
            self.ops.push(Op::Release);
        }
    }

    fn steps(&mut self, steps: &[Step], later: &mut Vec<(Patch, Vec<Step>)>) {
        let mut begins = Vec::with_capacity(steps.len());
        for (place, step) in steps.iter().enumerate() {
            begins.push(self.here());
            if let Step::Call(edge) = step
                && let Some(back) = self.gates_back.get(edge)
            {
                let first = begins[place - *back as usize];
                self.gates.insert(*edge, first);
                self.ops.push(Op::ComesToGate(*edge));
                self.call(*edge, self.frees_worker);
                self.ops.push(Op::PassesGate(*edge));
                continue;
            }
            self.step(step, later);
        }
    }

    fn step(&mut self, step: &Step, later: &mut Vec<(Patch, Vec<Step>)>) {
        match step {
            Step::Work(dist) => {
                let (sampler, place) = (self.sampler(dist.build()), self.here().0 - self.begin.0);
                self.ops.push(Op::Work { sampler, place });
            }
            Step::Wait(dist) => {
                let (sampler, place) = (self.sampler(dist.build()), self.here().0 - self.begin.0);
                self.ops.push(Op::Wait { sampler, place });
            }
            Step::Disk(work) => {
                let place = self.here().0 - self.begin.0;
                self.ops.push(Op::Disk { work: self.disk_work.len() as u32, place });
                self.disk_work.push(*work);
            }
            Step::Call(edge) => {
                self.call(*edge, self.frees_worker);
            }
            Step::Fallback { call, otherwise } => {
                self.call(*call, self.frees_worker);
                // A call that is answered goes on behind it, one that has failed two operations further: `starts_other_call`.
                let answered = self.ops.push(Op::Jump(Pc::START));
                self.steps(otherwise, later);
                self.ops[answered] = Op::Jump(self.here());
            }
            Step::Forward(edge) => {
                self.ops.push(Op::Leave);
                self.call(*edge, false);
                self.ops.push(Op::End);
            }
            Step::Parallel { branches, repeat, need } => {
                self.release();
                let first = self.branches.len() as u32;
                for (index, branch) in branches.iter().enumerate() {
                    self.branches.push(Pc::START);
                    later.push((Patch::Branch(first as usize + index), branch.clone()));
                }
                let (count, need) = ((branches.len() as u32 * repeat) as u16, *need as u16);
                self.ops.push(Op::Fork(self.forks.len() as u32));
                self.forks.push(Fork { first, branches: branches.len() as u32, count, need });
            }
            Step::Choose(arms) => self.choose(arms, later),
            Step::Reply(outcome) => {
                self.ops.push(Op::Reply(*outcome));
            }
            Step::Fail(probability, outcome) => {
                self.chances.push(*probability);
                self.ops.push(Op::Fail(self.chances.len() as u32 - 1, *outcome));
            }
            Step::Background(steps) => {
                let at = self.ops.push(Op::Spawn(Pc::START));
                later.push((Patch::Spawn(at), steps.clone()));
            }
            Step::Steps(steps) => self.steps(steps, later),
            Step::Lookup { cache, call, miss, .. } => {
                let number = self.asks(*cache, *call);
                self.ops.push(Op::Lookup(number));
                later.push((Patch::Miss(number), miss.clone()));
            }
            Step::Invalidate { cache, call } => {
                let number = self.asks(*cache, *call);
                self.ops.push(Op::Invalidate(number));
            }
        }
    }

    /// The call to a cache, where there is one; an entry of the table of lookups for what follows.
    fn asks(&mut self, cache: ServiceId, call: Option<EdgeId>) -> u32 {
        if let Some(edge) = call {
            self.ops.push(Op::Asks);
            self.call(edge, self.frees_worker);
        }
        let frees = self.frees_worker;
        self.lookups.push(Lookup { cache, call, miss: Pc::START, frees });
        self.lookups.len() as u32 - 1
    }

    fn choose(&mut self, arms: &[(f64, Vec<Step>)], later: &mut Vec<(Patch, Vec<Step>)>) {
        let first = self.choices.len();
        let mut below = 0.0;
        for (index, (probability, steps)) in arms.iter().enumerate() {
            below += probability;
            let bound = if index + 1 == arms.len() { f64::INFINITY } else { below };
            self.choices.push((bound, Pc::START));
            later.push((Patch::Arm(first + index, Pc(self.here().0 + 1)), steps.clone()));
        }
        self.ops.push(Op::Choose { first: first as u32, count: arms.len() as u16 });
    }

    fn place(&mut self, patch: Patch, steps: &[Step], later: &mut Vec<(Patch, Vec<Step>)>) {
        let here = self.here();
        match patch {
            Patch::Branch(at) => self.branches[at] = here,
            Patch::Arm(at, _) => self.choices[at].1 = here,
            Patch::Spawn(at) => self.ops[at] = Op::Spawn(here),
            Patch::Miss(number) => self.lookups[number as usize].miss = here,
        }
        self.steps(steps, later);
        self.ops.push(match patch {
            Patch::Arm(_, back) => Op::Jump(back),
            Patch::Branch(_) | Patch::Spawn(_) | Patch::Miss(_) => Op::BranchEnd,
        });
    }
}

/// Whether steps take time, whichever way a request goes.
fn takes_time(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Work(_) | Step::Wait(_) => true,
        Step::Disk(work) => work.is_awaited,
        Step::Steps(steps) => takes_time(steps),
        _ => false,
    })
}

/// Whether the rows of a store have versions: somebody compares them, or a cache keeps what was read there.
pub fn has_versions(model: &Model, store: ServiceId) -> bool {
    let keeps_sessions = matches!(&model.services[store.index()].node, Node::Store(of) if !of.session.is_empty());
    keeps_sessions
        || model.uses_levels() && is_copied(model, store)
        || model.has_gate_at(store)
        || model.endpoints.iter().any(|e| e.service == store && e.access == Some(Access::CompareAndSet))
        || sources::is_cached(model, store)
}

/// Whether a store has copies that may differ.
fn is_copied(model: &Model, store: ServiceId) -> bool {
    matches!(&model.services[store.index()].node, Node::Store(of) if !matches!(of.replication, Replication::None))
}

/// Where the address of code that is placed later belongs.
#[derive(Debug, Clone, Copy)]
enum Patch {
    Branch(usize),
    Arm(usize, Pc),
    Spawn(Pc),
    Miss(u32),
}

/// Whether a call of a load class or queue needs a frame of its own for the caller: it may give up, try again or fall back.
pub fn needs_client(model: &Model, edge: &Edge) -> bool {
    let guard = &model.guards[edge.guard.index()];
    edge.timeout.is_some()
        || edge.total_timeout.is_some()
        || edge.deadline.is_some()
        || edge.retry.is_some()
        || edge.fallback.is_some()
        || edge.hedge.is_some()
        || guard.breaker.is_some()
        || guard.throttle.is_some()
        || guard.has_gates()
        || guard.ejection.is_some()
        || match edge.caller {
            Caller::Queue(_) => true,
            // Who complains has to know how his request ended.
            Caller::Load(load) => model.loads.get(load.index()).is_some_and(|load| load.complaints.is_some()),
            _ => false,
        }
}
