//! Meters that can never be more than zero: an item of the bill that nobody would miss.

use crate::compile::Compiled;
use sim_core::economics::{Across, Bought, CostItem, Meter, is_outside};
use sim_core::faults::{FaultEffect, Schedule, Target};
use sim_core::ids::{EndpointId, ServiceId};
use sim_core::model::Model;
use sim_core::problem::{Problem, Problems};
use sim_core::topology::{Edge, Node, Replication};

/// Why an item costs nothing, and what to do about it.
struct Why {
    /// The key of the item that says so.
    key: &'static str,
    what: String,
    label: String,
    hint: &'static str,
}

/// Warns of items that cost nothing whatever happens, and tells of spot instances that nobody takes away.
pub fn check(compiled: &Compiled, problems: &mut Problems) {
    let model = &compiled.model;
    for item in &model.costs {
        if let Some(why) = why(model, item) {
            let path = format!("costs.{}.{}", item.name, why.key);
            let problem = Problem::warning(path, format!("{}, so {} costs $0", why.what, item.name));
            problems.push(problem.label(why.label).hint(why.hint));
        }
    }
    spot(model, problems);
    twice(model, problems);
    sizes(model, problems);
}

/// Spot instances are all instances of a service: beside reserved or on-demand ones each would be paid for twice.
fn twice(model: &Model, problems: &mut Problems) {
    for item in &model.costs {
        let Meter::Instances { of, bought: Bought::Spot, .. } = item.meter else { continue };
        let other = |other: &&CostItem| matches!(other.meter, Meter::Instances { of: same, bought: Bought::Reserved(_) | Bought::OnDemand, .. } if same == of);
        if let Some(other) = model.costs.iter().find(other) {
            let name = &model.services[of.index()].name;
            let path = format!("costs.{}.meter.instances.bought", item.name);
            let problem = Problem::error(
                path,
                format!("all instances of {name} are spot, so that {} bills them again", other.name),
            );
            problems.push(problem.hint("make two services of it, one of spot instances and one of the others"));
        }
    }
}

/// Where some sizes of a service's machines are billed by their type, those that are not cost nothing.
fn sizes(model: &Model, problems: &mut Problems) {
    for (place, service) in model.services.iter().enumerate() {
        let billed = |item: &CostItem| match item.meter {
            Meter::Instances { of, size, .. } if of.index() == place => Some(size),
            _ => None,
        };
        let billed: Vec<Option<usize>> = model.costs.iter().filter_map(billed).collect();
        if billed.is_empty() || billed.contains(&None) {
            continue;
        }
        for (size, settings) in
            service.sizes.all().iter().enumerate().filter(|(size, _)| !billed.contains(&Some(*size)))
        {
            let kind = settings.kind.as_deref().unwrap_or_default();
            let what =
                format!("no item bills the machines of type {kind} that {} may have, so they cost $0", service.name);
            let hint = format!("write an item with meter: {{instances: {{of: {}, type: {kind}}}}}", service.name);
            let scaler = model.scalers.iter().find(|scaler| scaler.of.index() == place && scaler.resizes().is_some());
            let path =
                format!("control.scalers.{}.use.vertical.sizes.{size}", scaler.map_or("", |scaler| &scaler.name));
            problems.push(Problem::warning(path, what).hint(hint));
        }
    }
}

fn why(model: &Model, item: &CostItem) -> Option<Why> {
    if item.price.amount.amount() <= 0.0 {
        let label = "a price of zero".into();
        return Some(Why {
            key: "price",
            what: "its price is zero".into(),
            label,
            hint: "write a price, or leave the item out",
        });
    }
    match item.meter {
        Meter::Transfer { of, across } => transfer(model, of, across),
        Meter::Instances { of, bought: Bought::All | Bought::Spot, .. } => idle(model, of, "meter.instances"),
        Meter::Instances { of, bought: Bought::OnDemand, .. } => all_reserved(model, of),
        Meter::Credits { of, .. } => idle(model, of, "meter.credits"),
        Meter::Storage { of, size: None } => idle(model, of, "meter.storage"),
        Meter::Storage { size: Some(size), .. } if size.get() == 0 => Some(Why {
            key: "meter.storage.size",
            what: "nothing is stored".into(),
            label: "no byte".into(),
            hint: "write a size such as 100GB",
        }),
        Meter::Requests { of } => never_called(model, of, "meter.requests"),
        Meter::Failures { of } => never_called(model, of, "meter.failures"),
        Meter::Slower { of, .. } => never_called(model, of, "meter.slower"),
        Meter::Leaks { of, .. } => never_leaks(model, of),
        _ => None,
    }
}

/// Of a service that never has an instance.
fn idle(model: &Model, of: ServiceId, key: &'static str) -> Option<Why> {
    let service = &model.services[of.index()];
    let label = "no instances, and no scaler that makes any".into();
    (service.instances == 0 && service.max_instances == 0).then(|| Why {
        key,
        what: format!("{} has no instance", service.name),
        label,
        hint: "write instances at the service, or a scaler",
    })
}

/// Of a service that never has more instances than are reserved.
fn all_reserved(model: &Model, of: ServiceId) -> Option<Why> {
    let service = &model.services[of.index()];
    let most = service.max_instances.max(service.instances);
    (most <= service.reserved).then(|| Why {
        key: "meter.instances.bought",
        what: format!("{} never has more than the {} instances that are reserved", service.name, service.reserved),
        label: format!("{most} instances at most"),
        hint: "reserve fewer, or let a scaler make more",
    })
}

/// Of an endpoint that nobody calls.
fn never_called(model: &Model, of: EndpointId, key: &'static str) -> Option<Why> {
    let called = model.edges.iter().any(|edge| edge.callee == of);
    (!called).then(|| Why {
        key,
        what: format!("nobody calls {}", model.endpoints[of.index()].name),
        label: "no load and no step calls it".into(),
        hint: "name an endpoint that is called",
    })
}

/// Of a pipeline whose records never hold what must not leave, or lose it before they do.
fn never_leaks(model: &Model, of: usize) -> Option<Why> {
    let pipeline = &model.telemetry[of];
    (pipeline.path.leaks <= 0.0).then(|| Why {
        key: "meter.leaks",
        what: format!("no record of {} lets out what must never leave", pipeline.name),
        label: "nothing is sensitive, or redaction finds all of it".into(),
        hint: "write at the pipeline which part is sensitive, or which part redaction covers",
    })
}

fn transfer(model: &Model, of: Option<ServiceId>, across: Across) -> Option<Why> {
    if across == Across::Regions && agrees(model, of) {
        return None;
    }
    let of_it = |service: ServiceId| of.is_none_or(|of| of == service);
    let calls: Vec<&Edge> =
        model.edges.iter().filter(|edge| of_it(model.endpoints[edge.callee.index()].service)).collect();
    let out = across == Across::Out;
    let counts = |edge: &&&Edge| is_outside(model, edge) == out;
    let bytes = |edge: &&Edge| if out { edge.size.1.get() } else { edge.size.0.get() + edge.size.1.get() };
    let sized = calls.iter().filter(counts).any(|edge| bytes(edge) > 0);
    let (places, name) = match across {
        Across::WithinZone | Across::Out => (usize::MAX, ""),
        Across::Zones => (model.zones.len(), "zone"),
        Across::Regions => (model.regions.len(), "region"),
    };
    // Zones of one region: two of them have to be there.
    let alone = across == Across::Zones && {
        let of_region = |region| model.zones.iter().filter(|zone| zone.region == region).count();
        model.zones.iter().all(|zone| of_region(zone.region) < 2)
    };
    let what = match across {
        Across::WithinZone => "nothing is sent within a zone".to_owned(),
        Across::Out => "nothing goes out".to_owned(),
        _ => format!("nothing crosses {name}s"),
    };
    let (label, hint) = match (sized, places) {
        (false, _) if out && !calls.iter().any(|edge| is_outside(model, edge)) => (
            "no load class that it meters is outside of all zones".to_owned(),
            "leave `from` out at load classes that are users of the internet",
        ),
        (false, _) => (
            "no call that it meters has a size".to_owned(),
            "write size: {request: 2KiB, response: 10KiB} at the calls",
        ),
        (true, 0 | 1) => {
            (format!("all is in one {name}"), "write more places under regions, and zones at the services")
        }
        (true, _) if alone => {
            ("each region has one zone".to_owned(), "what goes from one region to another is across: regions")
        }
        (true, _) => return None,
    };
    Some(Why { key: "meter.transfer", what, label, hint })
}

/// Whether a store agrees on its writes across regions.
fn agrees(model: &Model, of: Option<ServiceId>) -> bool {
    let services = model.services.iter().enumerate();
    services.filter(|(id, _)| of.is_none_or(|of| of.index() == *id)).any(|(_, service)| match &service.node {
        Node::Store(store) => matches!(store.replication, Replication::Consensus { .. }),
        _ => false,
    })
}

/// Spot instances are cheap because they are taken away: a price without the interruptions is only half of it.
fn spot(model: &Model, problems: &mut Problems) {
    for item in &model.costs {
        let Meter::Instances { of, bought: Bought::Spot, .. } = item.meter else { continue };
        let takes = |fault: &sim_core::faults::Fault| {
            let there = matches!(&fault.target, Target::Instances(at) if at.services.contains(&of));
            there
                && matches!(fault.effect, FaultEffect::Crash { .. })
                && matches!(fault.schedule, Schedule::Random { .. })
        };
        if !model.faults.iter().any(takes) {
            let name = &model.services[of.index()].name;
            let path = format!("costs.{}.meter.instances.bought", item.name);
            let problem = Problem::error(path, format!("nothing takes spot instances of {name} away"));
            problems.push(problem.hint(format!(
                "write a fault such as reclaimed: {{inject: crash, where: {{service: {name}}}, random: {{mtbf: 20h, mttr: 5m}}}}"
            )));
        }
    }
}
