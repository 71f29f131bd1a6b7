//! Meters that can never be more than zero: an item of the bill that nobody would miss.

use crate::compile::Compiled;
use sim_core::economics::{Across, Meter};
use sim_core::ids::ServiceId;
use sim_core::model::Model;
use sim_core::problem::{Problem, Problems};
use sim_core::topology::{Node, Replication};

/// Warns of transfer that no call and no store makes.
pub fn check(compiled: &Compiled, problems: &mut Problems) {
    let model = &compiled.model;
    for item in &model.costs {
        let Meter::Transfer { of, across } = item.meter else { continue };
        if across == Across::Regions && agrees(model, of) {
            continue;
        }
        let of_it = |service: ServiceId| of.is_none_or(|of| of == service);
        let mut calls = model.edges.iter().filter(|edge| of_it(model.endpoints[edge.callee.index()].service));
        let sized = calls.any(|edge| edge.size.0.get() + edge.size.1.get() > 0);
        let (places, name) = match across {
            Across::Zones => (model.zones.len(), "zone"),
            Across::Regions => (model.regions.len(), "region"),
        };
        let (label, hint) = match (sized, places) {
            (false, _) => {
                ("no call that it meters has a size", "write size: {request: 2KiB, response: 10KiB} at the calls")
            }
            (true, 0 | 1) => {
                (&*format!("all is in one {name}"), "write more places under regions, and zones at the services")
            }
            (true, _) => continue,
        };
        let path = format!("costs.{}.meter.transfer", item.name);
        let problem = Problem::warning(path, format!("nothing crosses {name}s, so {} costs $0", item.name));
        problems.push(problem.label(label).hint(hint));
    }
}

/// Whether a store agrees on its writes across regions.
fn agrees(model: &Model, of: Option<ServiceId>) -> bool {
    let services = model.services.iter().enumerate();
    services.filter(|(id, _)| of.is_none_or(|of| of.index() == *id)).any(|(_, service)| match &service.node {
        Node::Store(store) => matches!(store.replication, Replication::Consensus { .. }),
        _ => false,
    })
}
