//! Counters that are asked of a service which can never count them.
//!
//! A counter at which nothing ever counts is 0, so that a clause such as `nic_drops(api) == 0` is kept whatever happens where no network card of api
//! is described. That is never what was meant. A clause of a variant is left alone: it is judged where the variant is.

use crate::compile::Compiled;
use crate::written::Written;
use sim_core::data::{self, gate, stock};
use sim_core::expression::{Metric, Subject};
use sim_core::ids::{Caller, ServiceId};
use sim_core::message::{outbox, saga, topic};
use sim_core::metrics::Counter;
use sim_core::model::Model;
use sim_core::problem::{Problem, Problems};
use sim_core::service::{disk, memory, nic};
use sim_core::topology::{Node, Replication, Store};

/// Warns of clauses that ask for a counter where it cannot be counted.
pub fn check(compiled: &Compiled, written: &Written, problems: &mut Problems) {
    for (path, clause) in written.clause_paths().zip(written.clauses()) {
        for metric in clause.tree.metrics() {
            let Metric::Counted(counter) = metric.metric else { continue };
            if metric.scope.variant.is_some() {
                continue;
            }
            // What cannot be resolved is reported where clauses are checked.
            let Some(resolved) = metric.resolve(&compiled.names, &mut Problems::new()) else { continue };
            let Subject::Service(service) = resolved.subject else { continue };
            if let Some(lacks) = lacks(&compiled.model, service, counter) {
                let name = &compiled.model.services[service.index()].name;
                let problem = Problem::warning(
                    &path,
                    format!("{name} never counts {}, which is 0 whatever happens", counter.name),
                );
                problems.push(problem.label(lacks));
            }
        }
    }
}

/// What a service lacks that would count this; `None` where it may be counted.
fn lacks(model: &Model, service: ServiceId, counter: &Counter) -> Option<&'static str> {
    let at = &model.services[service.index()];
    let store = if let Node::Store(store) = &at.node { Some(store) } else { None };
    let is = |counters: &[Counter]| counters.iter().any(|one| one.name == counter.name);
    let store_has = |has: &dyn Fn(&Store) -> bool| store.is_some_and(has);
    let has_primary = || store_has(&|store| matches!(store.replication, Replication::Primary { .. }));
    let (is_there, lacks) = match () {
        () if is(nic::COUNTERS) => (at.nic.is_some(), "it has no network card: machine: {nic: {...}}"),
        () if is(disk::COUNTERS) => (at.device.is_some(), "it has no disk: machine: {disk: {...}}"),
        () if is(memory::COUNTERS) => (at.memory.is_some(), "it has no memory of a size: machine: {memory: ...}"),
        () if is(stock::COUNTERS) => (store_has(&|store| store.stock.is_some()), "it has no stock"),
        () if is(outbox::COUNTERS) => (store_has(&|store| !store.outboxes.is_empty()), "it has no outbox"),
        () if is(gate::COUNTERS) => (has_gate(model, service), "none of its endpoints has a gate"),
        () if is(saga::COUNTERS) => (model.sagas().any(|(id, _)| id == service), "it is no saga"),
        () if is(topic::COUNTERS) || is(&[data::MESSAGES_LOST, data::REDRIVEN]) => {
            (matches!(at.node, Node::Queue(_)), "it is no queue and no topic")
        }
        () if is(&[data::CONSENSUS_BYTES]) => {
            let agrees = |store: &Store| matches!(store.replication, Replication::Consensus { .. });
            (store_has(&agrees), "its regions do not agree on writes: replication: {consensus: {...}}")
        }
        () if is(&[data::TOO_FEW_COPIES]) => {
            let asks_copies = |store: &Store| matches!(store.replication, Replication::Quorum(_));
            (store_has(&asks_copies), "it asks no copies: replication: {quorum: {...}}")
        }
        () if is(&[data::FAILOVERS, data::FENCED]) => {
            (has_primary(), "it has no primary that could change: replication: {primary: {...}}")
        }
        () if is(&[data::LOST_WRITES]) => {
            let copies = |store: &Store| !matches!(store.replication, Replication::None);
            (store_has(&copies), "it has no copies that could lack a write")
        }
        () if is(&[
            data::OWN_WRITES_MISSED,
            data::READS_WENT_BACK,
            data::WRITES_OUT_OF_ORDER,
            data::WRITES_BEFORE_READS,
            data::HELD_BACK,
            data::KEPT_FROM_COPIES,
        ]) =>
        {
            let merges = || store_has(&|store| matches!(store.replication, Replication::Merge { .. }));
            (has_primary() || merges(), "what sessions see is counted where copies follow a primary, or merge")
        }
        () => return None,
    };
    (!is_there).then_some(lacks)
}

/// Whether an endpoint of the service compares at a gate what it has read.
fn has_gate(model: &Model, service: ServiceId) -> bool {
    let calls = model.edges.iter().filter(|edge| edge.gate.is_some());
    calls
        .filter_map(|edge| match edge.caller {
            Caller::Endpoint(endpoint) => Some(model.endpoints[endpoint.index()].service),
            _ => None,
        })
        .any(|of| of == service)
}
