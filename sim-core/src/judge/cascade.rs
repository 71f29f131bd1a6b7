//! How long a fault takes to reach what it does not strike.

use crate::faults::Target;
use crate::ids::{FaultId, Location, ServiceId};
use crate::model::Model;
use crate::results::{RunResult, Slice};

/// By how much the share of requests that a service fails has to rise for the fault to have reached it.
const REACHED: f64 = 0.005;
/// An excess of more standard deviations than these is not left to chance.
const BY_CHANCE: f64 = 3.0;

/// From the first strike of a fault to the begin of the first slice in which a service that it does not strike fails half a point more of its
/// requests than before, and by more than three standard deviations of what was to be expected [s]; infinite where none does. `None` where the
/// fault does not strike in measured time.
pub fn time_to_cascade(run: &RunResult, model: &Model, fault: FaultId) -> Option<f64> {
    let strike = *run.struck(fault).first().filter(|strike| strike.from_ns >= 0)?;
    // For the name of an experiment stand all its faults.
    let faults = match model.faults.get(fault.index()) {
        Some(_) => vec![fault],
        None => model.experiments.get(fault.index() - model.faults.len())?.faults.clone(),
    };
    let struck: Vec<ServiceId> =
        faults.iter().flat_map(|fault| services_struck(model, &model.faults[fault.index()].target)).collect();
    let others = (0..model.services.len()).map(ServiceId::from).filter(|service| !struck.contains(service));
    let first = others.filter_map(|service| {
        let before = run.slices.iter().filter(|slice| (slice.to_ns as i64) <= strike.from_ns);
        let (failed, all) = failures(model, service, before);
        let usual = if all > 0 { failed as f64 / all as f64 } else { 0.0 };
        let mut after = run.slices.iter().filter(|slice| slice.from_ns as i64 >= strike.from_ns);
        let reached = |slice: &&Slice| {
            let (failed, all) = failures(model, service, std::iter::once(*slice));
            let expected = usual * all as f64;
            let more = failed as f64 - expected;
            more > REACHED * all as f64 && more > BY_CHANCE * expected.max(1.0).sqrt()
        };
        after.find(reached).map(|slice| slice.from_ns as i64)
    });
    Some(first.min().map_or(f64::INFINITY, |at_ns| (at_ns - strike.from_ns) as f64 / 1e9))
}

/// The services that a fault strikes.
fn services_struck(model: &Model, target: &Target) -> Vec<ServiceId> {
    let of = |place: &Option<Location>| match place {
        Some(Location::Service(service)) => Some(*service),
        Some(Location::Endpoint(endpoint)) => Some(model.endpoints[endpoint.index()].service),
        _ => None,
    };
    match target {
        Target::Instances(selection) => selection.services.clone(),
        // What is called fails for its callers; where nothing else is named, the callers are struck.
        Target::Edge { to, from, .. } => of(to).or_else(|| of(from)).into_iter().collect(),
        Target::Pipeline(_) | Target::Scaler(_) => Vec::new(),
    }
}

/// Attempts on a service that ended with an error, and all that ended.
fn failures<'s>(model: &Model, service: ServiceId, slices: impl Iterator<Item = &'s Slice>) -> (u64, u64) {
    let (mut failed, mut all) = (0, 0);
    for slice in slices {
        for (edge, counts) in model.edges.iter().zip(&slice.edges) {
            if model.endpoints[edge.callee.index()].service == service {
                let ended: u64 = counts.outcomes.iter().sum();
                all += ended;
                failed += ended - counts.outcomes[0] - counts.outcomes[1];
            }
        }
    }
    (failed, all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::{System, calls};

    /// A database is down from 50 s on; the service before it fails from 80 s on, and one beside it never.
    #[test]
    fn a_fault_cascades_to_what_it_does_not_strike() {
        let mut system = System::new(200);
        let (api, db) = (system.service("api", 1), system.service("db", 1));
        let (get, read) = (system.endpoint(api, "get"), system.endpoint(db, "read"));
        let users = system.load("users", get);
        let asks = system.edge("api", crate::ids::Caller::Endpoint(get), read);
        let crash = system.fault("crash", 50, 100, None);
        let to = Some(Location::Service(db));
        system.model.faults[crash.index()].target = Target::Edge { from: None, to, both_ways: false };
        let mut run = system.run(10);
        for (place, slice) in run.slices.iter_mut().enumerate() {
            slice.edges[users.index()] = if place >= 8 { calls(50, 50) } else { calls(100, 0) };
            slice.edges[asks.index()] = if place >= 5 { calls(0, 100) } else { calls(100, 0) };
        }
        assert_eq!(time_to_cascade(&run, &system.model, crash), Some(30.0));
        run.slices.iter_mut().for_each(|slice| slice.edges[users.index()] = calls(99, 1));
        assert_eq!(time_to_cascade(&run, &system.model, crash), Some(f64::INFINITY), "no more errors than before");
        run.slices[9].edges[users.index()] = calls(97, 3);
        assert_eq!(time_to_cascade(&run, &system.model, crash), Some(f64::INFINITY), "three instead of one are chance");
    }
}
