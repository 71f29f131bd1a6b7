//! Kinds of wrongness that are asked of an endpoint where they cannot arise.
//!
//! What is wrong in a reply is wrong in the replies above that are made of it: a stale read is counted at the store and at each endpoint that
//! answers with it, and a lost write at each call that was answered because of it. Duplicate effects and lost messages are in no reply, and are
//! counted where they happen. So a promise about an endpoint that neither has a kind itself nor hears of it is kept whatever happens, which is never
//! what was meant while the kind does arise elsewhere.

use crate::compile::Compiled;
use crate::written::Written;
use sim_core::data::replication::Commit;
use sim_core::data::{Effect, Wrongness, WrongnessKind};
use sim_core::deed::{DeedEffect, Live, OfNode};
use sim_core::economics::Meter;
use sim_core::expression::{Metric, Subject};
use sim_core::faults::{FaultEffect, Target};
use sim_core::ids::{Caller, EndpointId, Location};
use sim_core::model::Model;
use sim_core::problem::{Problem, Problems};
use sim_core::promise::PromiseKind;
use sim_core::topology::{Access, Node, Replication, Step};

/// Warns of promises, items of the bill and clauses that ask for a kind where it cannot arise, while it can elsewhere.
pub fn check(compiled: &Compiled, written: &Written, problems: &mut Problems) {
    let model = &compiled.model;
    for promise in &model.promises {
        if let PromiseKind::Wrongness { of: Some(of), kind, .. } = promise.kind {
            warn(model, &[of], kind, &format!("promises.{}.of", promise.name), problems);
        }
    }
    for item in &model.costs {
        if let Meter::Wrongness { of: Some(of), kind, .. } = item.meter {
            warn(model, &[of], kind, &format!("costs.{}.meter.wrongness.of", item.name), problems);
        }
    }
    for (path, clause) in written.clause_paths().zip(written.clauses()) {
        for metric in clause.tree.metrics() {
            let Metric::Wrong(kind) = metric.metric else { continue };
            // What cannot be resolved is reported where clauses are checked, or belongs to a variant.
            let Some(resolved) = metric.resolve(&compiled.names, &mut Problems::new()) else { continue };
            let counted = counted_at(model, &resolved.subject);
            warn(model, &counted, kind.into(), &path, problems);
        }
    }
}

/// The endpoints whose wrong replies a metric counts: that of its subject, or those that the subject calls or has.
fn counted_at(model: &Model, subject: &Subject) -> Vec<EndpointId> {
    let ids = || (0..model.endpoints.len()).map(EndpointId::from);
    match subject {
        Subject::Endpoint(endpoint) => vec![*endpoint],
        Subject::Service(service) => ids().filter(|id| model.endpoints[id.index()].service == *service).collect(),
        Subject::Load(load) => {
            let edges = model.edges.iter().filter(|edge| matches!(edge.caller, Caller::Load(id) if id == *load));
            edges.map(|edge| edge.callee).collect()
        }
        _ => Vec::new(),
    }
}

fn warn(model: &Model, of: &[EndpointId], kind: WrongnessKind, path: &str, problems: &mut Problems) {
    if of.is_empty() || of.iter().any(|endpoint| can_be_counted(model, *endpoint, kind)) {
        return;
    }
    let elsewhere = (0..model.endpoints.len()).map(EndpointId::from).find(|id| can_arise(model, *id, kind));
    let Some(elsewhere) = elsewhere else { return };
    let name = |id: EndpointId| &model.endpoints[id.index()].name;
    let what = match kind {
        WrongnessKind::Any => "no wrongness",
        one => &format!("no {}", one.name()),
    };
    let problem = Problem::warning(path, format!("{what} can arise at {}", name(of[0])))
        .label("kinds are counted where they arise, and where an answer is made of one that is wrong")
        .hint(format!("name that endpoint, such as {}", name(elsewhere)));
    problems.push(problem);
}

/// Whether a kind can be counted at an endpoint: because it arises there, or in an answer that the endpoint's own is made of.
fn can_be_counted(model: &Model, endpoint: EndpointId, kind: WrongnessKind) -> bool {
    if can_arise(model, endpoint, kind) {
        return true;
    }
    let mut heard = vec![false; model.endpoints.len()];
    let mut next = vec![endpoint];
    while let Some(at) = next.pop() {
        if !std::mem::replace(&mut heard[at.index()], true) {
            hears(model, &model.endpoints[at.index()].steps, &mut next);
        }
    }
    let heard = heard.iter().enumerate().filter(|(_, is_heard)| **is_heard);
    let mut heard = heard.map(|(id, _)| EndpointId::from(id));
    heard.any(|id| is_in_answers(model, id, kind) || loses_writes(model, id, kind))
}

/// Adds the endpoints from which steps get answers before they reply. Whether they reply.
fn hears(model: &Model, steps: &[Step], to: &mut Vec<EndpointId>) -> bool {
    for step in steps {
        let replies = match step {
            Step::Call(edge) | Step::Forward(edge) => {
                to.push(model.edges[edge.index()].callee);
                false
            }
            Step::Fallback { call, otherwise } => {
                to.push(model.edges[call.index()].callee);
                hears(model, otherwise, to)
            }
            // A reply in a branch answers nobody.
            Step::Parallel { branches, .. } => {
                branches.iter().for_each(|branch| {
                    hears(model, branch, to);
                });
                false
            }
            Step::Choose(arms) => {
                let replies: Vec<bool> = arms.iter().map(|(_, arm)| hears(model, arm, to)).collect();
                !replies.contains(&false)
            }
            Step::Steps(steps) => hears(model, steps, to),
            Step::Lookup { miss, .. } => {
                hears(model, miss, to);
                false
            }
            Step::Reply(_) => true,
            Step::Background(_)
            | Step::Work(_)
            | Step::Wait(_)
            | Step::Disk(_)
            | Step::Fail(..)
            | Step::Invalidate { .. } => false,
        };
        if replies {
            return true;
        }
    }
    false
}

/// Whether a kind can arise at an endpoint: by what the endpoint does, or by a fault.
fn can_arise(model: &Model, endpoint: EndpointId, kind: WrongnessKind) -> bool {
    let at = &model.endpoints[endpoint.index()];
    let has_effects = matches!(at.effect, Effect::NotIdempotent | Effect::Deduplicated(_));
    let loses = matches!(&model.services[at.service.index()].node, Node::Queue(queue) if queue.saga.is_none());
    let is_saga = matches!(&model.services[at.service.index()].node, Node::Queue(queue) if queue.saga.is_some());
    (kind.takes(Wrongness::HalfFinished) && is_saga)
        || (kind.takes(Wrongness::DuplicateEffect) && has_effects)
        || (kind.takes(Wrongness::LostMessage) && loses)
        || loses_writes(model, endpoint, kind)
        || is_in_answers(model, endpoint, kind)
}

/// Whether a store can lose a write that it has answered: in a failover, or because it is answered before the disk.
fn loses_writes(model: &Model, endpoint: EndpointId, kind: WrongnessKind) -> bool {
    let at = &model.endpoints[endpoint.index()];
    let Node::Store(store) = &model.services[at.service.index()].node else { return false };
    let is_write = at.access.is_some_and(|access| access != Access::Read);
    if matches!(store.replication, Replication::Merge { last_wins: true, .. }) {
        return is_write && kind.takes(Wrongness::LostWrite);
    }
    let Replication::Primary { commit, failover, .. } = &store.replication else { return false };
    let is_asynchronous = |value: &OfNode| *value == OfNode::Commit(Commit::Asynchronous);
    let is_set = model.deeds().any(|deed| match &deed.effect {
        DeedEffect::Set(changes) => changes
            .iter()
            .any(|change| matches!(&change.to, Live::Node(of, value) if *of == at.service && is_asynchronous(value))),
        _ => false,
    });
    is_write
        && (kind.takes(Wrongness::LostWrite) && (failover.is_some() || *commit == Commit::Asynchronous)
            || kind.takes(Wrongness::WrongMode) && is_set)
}

/// Whether answers of an endpoint can be wrong in a way: by reads at a replica, or by a fault.
fn is_in_answers(model: &Model, endpoint: EndpointId, kind: WrongnessKind) -> bool {
    let at = &model.endpoints[endpoint.index()];
    let has_lag = match &model.services[at.service.index()].node {
        Node::Store(store) => match &store.replication {
            Replication::Primary { .. } | Replication::Merge { .. } => true,
            Replication::Quorum(quorum) => quorum.read + quorum.write <= quorum.copies,
            Replication::None | Replication::Consensus { .. } => false,
        },
        _ => false,
    };
    let reads = at.access.is_some_and(|access| access != Access::Write);
    let sells_twice = at.access == Some(Access::Update)
        && matches!(&model.services[at.service.index()].node, Node::Store(store)
            if store.stock.as_ref().is_some_and(|stock| stock.escrow.is_none())
                && matches!(store.replication, Replication::Merge { .. } | Replication::Primary { .. } | Replication::Quorum(_)));
    let by_fault = model.faults.iter().any(|fault| match &fault.effect {
        FaultEffect::Wrong { kind: one, .. } => kind.takes(*one) && may_strike(&fault.target, model, endpoint),
        FaultEffect::Deploy(deploy) => {
            deploy.wrong.is_some_and(|(_, one)| kind.takes(one)) && may_strike(&fault.target, model, endpoint)
        }
        _ => false,
    });
    by_fault
        || (kind.takes(Wrongness::Oversold) && sells_twice)
        || (kind.takes(Wrongness::StaleRead) && (has_lag && reads || gives_old_values(model, &at.steps)))
}

/// Whether steps look something up that may have been written since, or has expired.
fn gives_old_values(model: &Model, steps: &[Step]) -> bool {
    let writes = || model.endpoints.iter().any(|endpoint| endpoint.access.is_some_and(|access| access != Access::Read));
    steps.iter().any(|step| {
        let is_old = match step {
            Step::Lookup { cache, .. } => match &model.services[cache.index()].node {
                Node::Cache(cache) => cache.stale_while_revalidate.is_some() || writes(),
                _ => false,
            },
            Step::Call(edge) | Step::Fallback { call: edge, .. } => model.edges[edge.index()].keeps_answers(),
            _ => false,
        };
        is_old || step.inner().any(|steps| gives_old_values(model, steps))
    })
}

/// Whether a fault may make replies of an endpoint wrong; in doubt it may.
fn may_strike(target: &Target, model: &Model, endpoint: EndpointId) -> bool {
    let service = model.endpoints[endpoint.index()].service;
    let other = |place: &Option<Location>| match place {
        Some(Location::Service(id)) => *id != service,
        Some(Location::Endpoint(id)) => *id != endpoint,
        _ => false,
    };
    match target {
        Target::Instances(selection) => selection.services.contains(&service),
        Target::Edge { from, to, .. } => !(other(from) && other(to)),
        Target::Pipeline(_) | Target::Scaler(_) => false,
    }
}
