//! Metrics of what is up: time integrals, not samples, so that a year without a single request is measured as exactly as a busy one.

use crate::expression::{Metric, Subject};
use crate::ids::ServiceId;
use crate::needed::needed;
use crate::results::{RunResult, Span};
use crate::slo;
use crate::topology::Topology;

/// A metric of what is up over stretches of a run; `None` without time, or where it is none of these.
pub fn measure(metric: Metric, subject: &Subject, topology: &Topology, run: &RunResult, spans: &[Span]) -> Option<f64> {
    let (thing, needs) = match subject {
        Subject::Service(id) => (id.index(), vec![*id]),
        Subject::Endpoint(id) => (topology.services.len() + id.index(), needed(topology, *id)),
        _ => return None,
    };
    let slices = || spans.iter().flat_map(|span| run.slices_in(*span));
    let measured_ns: u64 = slices().map(|slice| slice.to_ns - slice.from_ns).sum();
    match metric {
        Metric::Up if measured_ns > 0 => {
            let up_ns: u64 = slices().map(|slice| slice.up[thing].up_ns).sum();
            Some(up_ns as f64 / measured_ns as f64)
        }
        Metric::Outages => Some(slices().map(|slice| slice.up[thing].outages).sum::<u64>() as f64),
        Metric::TimeToOutage => {
            let first = run.first_outages[thing].filter(|first| *first < run.measured_ns);
            Some(first.map_or(f64::INFINITY, |first| first as f64 / 1e9))
        }
        Metric::ProductAvailability if measured_ns > 0 => {
            let one = |id: &ServiceId| {
                let running_ns: u128 = slices().map(|slice| slice.services[id.index()].instances_ns).sum();
                independent(topology, *id, running_ns as f64 / measured_ns as f64)
            };
            needs.iter().map(one).collect::<Option<Vec<f64>>>().map(|all| slo::chain_availability(&all))
        }
        _ => None,
    }
}

/// The availability of a service if its instances failed independently of each other, `running` of them on average. `None` where a
/// scaler changes their number.
fn independent(topology: &Topology, id: ServiceId, running: f64) -> Option<f64> {
    let service = &topology.services[id.index()];
    let n = service.instances;
    (service.max_instances == n).then(|| slo::k_of_n_availability(service.need, n, (running / f64::from(n)).min(1.0)))
}
