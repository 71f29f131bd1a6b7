//! Laws that every run keeps, checked on every shipped scenario.

use super::{files, load};
use sim_core::deed::DeedEffect;
use sim_core::ids::{EdgeId, ServiceId};
use sim_core::judge::bill;

/// Long scenarios are cut short: laws hold at any length.
fn shortened(file: &std::path::Path) -> scenarios::Loaded {
    let whole = load(file, &[]);
    if whole.model.run.duration.secs() > 3600.0 { load(file, &["run.duration=1h"]) } else { whole }
}

#[test]
fn requests_are_conserved_and_little_holds() {
    for file in files("scenarios/shipped", "yaml") {
        let loaded = shortened(&file);
        let (model, name) = (&loaded.model, file.display());
        let run = sim_core::world::simulate(model, 7, 0);
        for (edge, site) in model.edges.iter().enumerate() {
            let counts = run.edge(EdgeId(edge as u32), run.whole());
            let begun = counts.attempts + run.in_flight_at_zero[edge];
            assert_eq!(begun, counts.ended() + run.in_flight[edge], "{name}: attempts of {}", site.name);
        }
        for (service, settings) in model.services.iter().enumerate() {
            let c = run.service(ServiceId(service as u32), run.whole());
            if settings.workers.is_some() {
                // Draining instances may work after their workers are no longer counted, so scaled services are left out.
                let scaled = settings.max_instances > settings.instances;
                assert!(scaled || c.busy_ns <= c.workers_ns, "{name}: {} is over-used", settings.name);
            }
            // L = lambda W for those who wait: exact but for who still waits at the end, or already did at time 0.
            let waits = c.wait_sum_ns as f64;
            if settings.max_wait.is_none() && c.queue_now < 10 && waits > 1e12 && run.stopped.is_none() {
                let error = (c.queue_ns as f64 / waits - 1.0).abs();
                let faulted =
                    model.faults.iter().any(|f| matches!(f.effect, sim_core::faults::FaultEffect::Crash { .. }));
                // Who waits at an instance that is stopped leaves its queue without an end of his wait.
                let stopped = model.deeds().any(|deed| {
                    matches!(
                        deed.effect,
                        DeedEffect::Restart(_) | DeedEffect::Replace(_) | DeedEffect::Drain(_, Some(_))
                    )
                });
                assert!(
                    faulted || stopped || error < 0.02,
                    "{name}: Little's law at {} is off by {error}",
                    settings.name
                );
            }
        }
        let items = bill(&run, model);
        let sum: f64 = items.items.iter().map(|i| i.per_month).sum();
        let groups = [
            sim_core::economics::Group::Infrastructure,
            sim_core::economics::Group::Sales,
            sim_core::economics::Group::Wrongness,
        ];
        let by_group: f64 = groups.iter().map(|g| items.per_month(*g)).sum();
        assert!((sum - by_group).abs() <= sum.abs() * 1e-9, "{name}: the bill is {sum}, its groups {by_group}");
    }
}
