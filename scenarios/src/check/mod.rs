//! What is wrong with a scenario as a whole, when all its parts are right.
//!
//! Reading finds wrong forms, compiling finds wrong names and settings; here are the questions that need the system: is there
//! anything to simulate, does every request come to an end, does a promise speak of something that happens. Warnings are few on
//! purpose: each says that the run will not tell what was probably meant. What is said of the system itself is a finding (`findings/`).

mod arrivals;
mod clocks;
mod cycles;
mod memory;
mod meters;
mod near;
mod own_value;
mod probes;
mod reach;
mod replicas;
mod size;
mod studies;
mod uncounted;
mod wrongness;

pub use studies::studies;

use crate::compile::Compiled;
use crate::reader::Node;
use crate::written::Written;
use crate::written::precision::PrecisionSettings;
use sim_core::faults::{Fault, FaultEffect, Target};
use sim_core::ids::{Caller, EndpointId, Location, ServiceId};
use sim_core::model::Model;
use sim_core::names::Names;
use sim_core::problem::{Problem, Problems};
use sim_core::service::discipline::Discipline;
use sim_core::topology::{Access, Node as Kind, Replication, Subject};
use std::collections::BTreeMap;

/// Checks the head of the file: what has to be there before anything makes sense.
pub fn head(written: &Written, tree: &Node, problems: &mut Problems) {
    for (key, value, hint) in [
        ("scenario", &written.scenario, "write scenario: a title"),
        ("question", &written.question, "write question: what is asked of the run?"),
    ] {
        if value.is_none() && tree.get(key).is_none() {
            problems.error("", format!("the key \"{key}\" is missing")).hint = Some(hint.into());
        } else if value.as_ref().is_some_and(|text| text.trim().is_empty()) {
            problems.error(key, format!("the {key} is empty")).hint = Some(hint.into());
        }
    }
    if written.services.is_empty()
        && written.stores.is_empty()
        && tree.get("services").is_none()
        && tree.get("stores").is_none()
    {
        problems.error("services", "there is nothing to simulate: no service").hint = Some(
            "write services, such as services: {api: {workers: 8, endpoints: {get: {steps: [{work: 5ms}]}}}}".into(),
        );
    }
    if written.load.is_empty() && tree.get("load").is_none_or(|n| n.entries().is_empty()) {
        problems.error("load", "there is nothing to simulate: no load").hint =
            Some("write a load, such as load: {users: {to: api.get, arrive: {poisson: {rate: 100/s}}}}".into());
    }
}

/// Checks what has to be precise: there is something, and its names are known.
pub fn precision<'a>(
    precision: &PrecisionSettings,
    written: &Written,
    names: &'a Names,
    variants: &'a BTreeMap<String, Names>,
    problems: &mut Problems,
) {
    let known: Vec<&str> = variants.keys().map(String::as_str).collect();
    problems.at("of", |p| {
        for (place, value) in precision.of.iter().enumerate() {
            p.at(place, |p| value.tree().check(names, |variant| variants.get(variant), &known, p));
        }
    });
    if precision.of.is_empty() && written.promises.is_empty() && written.clauses().next().is_none() {
        problems.error("", "nothing is promised or expected, so nothing has to be precise").hint =
            Some("name what has to be, as in of: [p99(web.get)]".into());
    }
}

/// Finds requests that never come to an end, and more of anything than a run can hold.
pub fn endless(compiled: &Compiled, problems: &mut Problems) {
    cycles::check(compiled, problems);
    own_value::check(compiled, problems);
    size::check(compiled, problems);
}

/// Finds what is said of reads at copies that may be behind, at stores of which none are read.
pub fn copies(compiled: &Compiled, problems: &mut Problems) {
    replicas::check(compiled, problems);
}

/// Checks the system as a whole, when all of its parts are right.
pub fn whole(compiled: &Compiled, written: &Written, problems: &mut Problems) {
    reach::check(compiled, problems);
    arrivals::check(compiled, written, problems);
    meters::check(compiled, problems);
    memory::check(compiled, problems);
    probes::check(compiled, problems);
    clocks::check(compiled, problems);
    wrongness::check(compiled, written, problems);
    uncounted::check(compiled, written, problems);
    near::check(compiled, problems);
    timeouts(compiled, problems);
    deadlines(compiled, problems);
    tenants(compiled, written, problems);
    messages_at_doors(compiled, problems);
    prefetched(compiled, problems);
    limits_of_nothing(compiled, problems);
    single_rows(compiled, problems);
    agreements(compiled, problems);
}

/// A callee that breaks, and a caller that would wait for it forever.
fn timeouts(compiled: &Compiled, problems: &mut Problems) {
    let model = &compiled.model;
    let deadlines = model.longest_deadlines_ns();
    for (edge, path) in model.edges.iter().zip(&compiled.paths.edges) {
        let callee = model.endpoints[edge.callee.index()].service;
        // A deadline ends the wait only where every request that comes here has one.
        let brings = matches!(edge.caller, Caller::Endpoint(caller) if deadlines[caller.index()].is_finite());
        let ends = edge.timeout.is_some() || edge.total_timeout.is_some() || edge.deadline.is_some() || brings;
        let waits = !ends;
        if !waits || !path.ends_with("call.to") {
            continue;
        }
        let hangs = |effect: &FaultEffect| {
            use FaultEffect::{ClockSkew, Deploy, Dns, Fail, Flush, Lag, Memory, Wrong};
            !matches!(
                effect,
                Fail { .. } | Wrong { .. } | Lag { .. } | Deploy(_) | Flush | Memory(_) | Dns(_) | ClockSkew(_)
            )
        };
        let fault = model.faults.iter().find(|f| hangs(&f.effect) && strikes(&f.target, callee, edge.callee, model));
        if let Some(fault) = fault {
            let name = &model.endpoints[edge.callee.index()].name;
            let problem = Problem::warning(path, format!("a call without timeout waits for {name} forever"))
                .label(format!("the fault {} strikes it", fault.name))
                .hint("write timeout: 1s beside it");
            problems.push(problem);
        }
    }
}

/// Messages are handed to a consumer whose door may turn them away: they come back at once, and each time is a delivery.
fn messages_at_doors(compiled: &Compiled, problems: &mut Problems) {
    let model = &compiled.model;
    for (edge, path) in
        model.edges.iter().zip(&compiled.paths.edges).filter(|(e, _)| matches!(e.caller, Caller::Queue(_)))
    {
        let endpoint = &model.endpoints[edge.callee.index()];
        if endpoint.admission.is_some() || model.services[endpoint.service.index()].admission.is_some() {
            let what = format!("a message that the admission of {} turns away comes back at once", endpoint.name);
            problems.push(
                Problem::warning(path, what)
                    .label("each time counts as one of max_deliveries")
                    .hint("bound the work of a consumer by its workers, which take a message only when they are free"),
            );
        }
    }
}

/// Messages are handed to instances that have no place for them.
fn prefetched(compiled: &Compiled, problems: &mut Problems) {
    let model = &compiled.model;
    let queues = model.services.iter().filter_map(|service| match &service.node {
        Kind::Queue(queue) => Some(queue),
        _ => None,
    });
    for consumer in queues.flat_map(|queue| &queue.consumers).filter(|consumer| consumer.batch.is_none()) {
        let Some(most) = consumer.prefetch.map(u64::from) else { continue };
        let service =
            &model.services[model.endpoints[model.edges[consumer.edge.index()].callee.index()].service.index()];
        let Some(workers) = service.workers.map(u64::from) else { continue };
        let places = u64::from(service.queue_capacity).saturating_add(workers);
        if most > places {
            let path = compiled.paths.edges[consumer.edge.index()].as_str();
            let path = format!("{}.prefetch", path.strip_suffix(".to").unwrap_or(path));
            let what = format!("an instance of {} turns messages away that are handed to it", service.name);
            problems.push(
                Problem::warning(path, what)
                    .label(format!(
                        "it is handed up to {most}, and has {places} places: each time counts as one of max_deliveries"
                    ))
                    .hint(format!("write prefetch: {places}, or a larger queue of {}", service.name)),
            );
        }
    }
}

/// A limit of what goes through a link acts on messages that have a size, and no call says any.
fn limits_of_nothing(compiled: &Compiled, problems: &mut Problems) {
    let model = &compiled.model;
    if model.edges.iter().any(|edge| edge.size.0.get() + edge.size.1.get() > 0) {
        return;
    }
    let limits = |fault: &&Fault| fault.experiment.is_none() && matches!(fault.effect, FaultEffect::Bandwidth { .. });
    for fault in model.faults.iter().filter(limits) {
        problems.push(
            Problem::warning(format!("faults.{}.inject", fault.name), "messages have no size, and so none takes time")
                .hint("say how large they are: size: {request: 2KiB, response: 64KiB} in the call"),
        );
    }
}

/// Requests are told apart by tenants, and nothing asks for whom they are.
fn tenants(compiled: &Compiled, written: &Written, problems: &mut Problems) {
    let model = &compiled.model;
    let of_doors = model.services.iter().map(|service| &service.admission);
    let of_doors = of_doors.chain(model.endpoints.iter().map(|endpoint| &endpoint.admission));
    let at_doors = of_doors.filter_map(|admission| admission.as_ref()?.per);
    let in_queues = model.services.iter().filter_map(|service| service.fair_per);
    let at_calls = model.guards.iter().filter_map(|guard| guard.per);
    if at_doors.chain(in_queues).chain(at_calls).any(|subject| subject == Subject::Tenant) {
        return;
    }
    for (name, load) in written.load.iter().filter(|(_, load)| load.tenant.is_some()) {
        let what = format!("nothing asks for whom the requests of {name} are");
        let tenant = load.tenant.as_deref().unwrap_or_default();
        problems.push(
            Problem::warning(format!("load.{name}.tenant"), what)
                .label(format!("{tenant} has no limit and no turn of its own"))
                .hint("write per: tenant at a rate_limit, or queue: {discipline: {fair: {per: tenant}}}"),
        );
    }
}

/// Requests are to be served by their deadlines, and none has one.
fn deadlines(compiled: &Compiled, problems: &mut Problems) {
    let model = &compiled.model;
    let bounded = model.bounded();
    for (index, service) in model.services.iter().enumerate() {
        let of = |edge: &sim_core::topology::Edge| model.endpoints[edge.callee.index()].service.index() == index;
        let any = || model.edges.iter().zip(&bounded).any(|(edge, bounded)| *bounded && of(edge));
        if matches!(service.discipline, Discipline::Deadline(_)) && !any() {
            let path = format!("{}.queue.discipline", compiled.paths.services[index]);
            let what = format!("no request that comes to {} has a deadline", service.name);
            problems.push(
                Problem::warning(&path, what)
                    .label("they are served as they come")
                    .hint("write deadline: 1s at the load, or at a call above"),
            );
        }
    }
}

/// More regions are to agree than there are, so that fewer are waited for than are meant.
fn agreements(compiled: &Compiled, problems: &mut Problems) {
    let model = &compiled.model;
    for (service, path) in model.services.iter().zip(&compiled.paths.services) {
        let Kind::Store(store) = &service.node else { continue };
        let Replication::Consensus { regions, .. } = store.replication else { continue };
        let mut standing: Vec<usize> = service.zones.iter().map(|z| model.zones[z.index()].region.index()).collect();
        standing.sort_unstable();
        standing.dedup();
        if (standing.len() as u32) < regions {
            let what = format!("{regions} regions are to agree on the writes of {}", service.name);
            let label = format!("it stands in {}, and a write waits for no other", standing.len());
            let hint = "write zones in other regions here, or a smaller regions in consensus";
            problems.push(Problem::warning(path, what).label(label).hint(hint));
        }
    }
}

/// A store that is read at copies that may be behind and written, all in one row: nearly every read is stale, which is seldom meant.
fn single_rows(compiled: &Compiled, problems: &mut Problems) {
    let model = &compiled.model;
    for (index, service) in model.services.iter().enumerate() {
        let Kind::Store(store) = &service.node else { continue };
        let copies = match () {
            () if model.reads_replicas(index.into()) => "at replicas",
            () if model.reads_own_region(index.into()) => "of the own region",
            () => continue,
        };
        if store.keys.is_some() {
            continue;
        }
        let does = |wanted: &dyn Fn(Access) -> bool| {
            let own = model.endpoints.iter().filter(|endpoint| endpoint.service.index() == index);
            own.filter_map(|endpoint| endpoint.access).any(wanted)
        };
        if does(&|access| access == Access::Read) && does(&|access| access != Access::Read) {
            let path = &compiled.paths.services[index];
            let problem = Problem::warning(path, format!("all requests read and write one row of {}", service.name))
                .label(format!("reads {copies} are stale nearly always"))
                .hint("write keys: {rows: {uniform: {count: 10000}}} at the top, and key: rows here");
            problems.push(problem);
        }
    }
}

fn strikes(target: &Target, service: ServiceId, endpoint: EndpointId, model: &Model) -> bool {
    match target {
        Target::Instances(selection) => {
            selection.services.contains(&service) && selection.zone.is_none() && selection.region.is_none()
        }
        Target::Pipeline(_) | Target::Scaler(_) => false,
        Target::Edge { to, .. } => match to {
            Some(Location::Service(id)) => *id == service,
            Some(Location::Endpoint(id)) => *id == endpoint,
            Some(Location::Zone(_) | Location::Region(_) | Location::Load(_)) | None => {
                let _ = model;
                false
            }
        },
    }
}
