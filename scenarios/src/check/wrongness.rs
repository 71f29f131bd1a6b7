//! Kinds of wrongness that are asked of an endpoint where they cannot arise.
//!
//! A wrong reply is counted by its kind at the endpoint where it arises: a stale read at the store, a duplicate effect at the endpoint
//! that has one. Services above know that something is wrong, but not what. So a promise about the service above is kept whatever
//! happens, which is never what was meant while the kind does arise elsewhere.

use crate::compile::Compiled;
use crate::written::Written;
use sim_core::data::{Effect, Wrongness, WrongnessKind};
use sim_core::economics::Meter;
use sim_core::expression::{Metric, Subject};
use sim_core::faults::{FaultEffect, Target};
use sim_core::ids::{Caller, EndpointId, Location};
use sim_core::model::Model;
use sim_core::problem::{Problem, Problems};
use sim_core::promise::PromiseKind;
use sim_core::topology::{Access, Node, Replication};

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
    for (place, clause) in written.expect.iter().enumerate() {
        for metric in clause.tree.metrics() {
            let Metric::Wrong(kind) = metric.metric else { continue };
            // What cannot be resolved is reported where clauses are checked, or belongs to a variant.
            let Some(resolved) = metric.resolve(&compiled.names, &mut Problems::new()) else { continue };
            let counted = counted_at(model, &resolved.subject);
            warn(model, &counted, kind.into(), &format!("expect.{place}"), problems);
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
    if of.is_empty() || of.iter().any(|endpoint| can_arise(model, *endpoint, kind)) {
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
        .label("kinds are counted at the endpoint where they arise, not above it")
        .hint(format!("name that endpoint, such as {}", name(elsewhere)));
    problems.push(problem);
}

/// Whether replies of an endpoint can be wrong in a way: by what the endpoint does, or by a fault.
fn can_arise(model: &Model, endpoint: EndpointId, kind: WrongnessKind) -> bool {
    let at = &model.endpoints[endpoint.index()];
    let by_itself = |one: Wrongness| match (one, &model.services[at.service.index()].node) {
        (Wrongness::StaleRead, Node::Store(store)) => {
            matches!(store.replication, Replication::Primary { .. }) && at.access.is_some_and(|a| a != Access::Write)
        }
        (Wrongness::DuplicateEffect, _) => matches!(at.effect, Effect::NotIdempotent | Effect::Deduplicated(_)),
        (Wrongness::LostMessage, node) => matches!(node, Node::Queue(_)),
        _ => false,
    };
    let by_fault = model.faults.iter().any(|fault| match fault.effect {
        FaultEffect::Wrong { kind: one, .. } => kind.takes(one) && may_strike(&fault.target, model, endpoint),
        _ => false,
    });
    by_fault || Wrongness::ALL.into_iter().any(|one| kind.takes(one) && by_itself(one))
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
    }
}
