//! Laws of what incidents cost: the same run without them is the same until the first begins, and nothing of the difference is
//! lost.

use super::scenario::scenario;
use super::{simulate, swarm};
use sim_core::economics::Group;
use sim_core::judge::{bill_against, calm};
use sim_core::model::Model;
use sim_core::results::{EdgeCounts, RunResult, ServiceCounts, Slice};

/// A run and the same replication without incidents; `None` where no price depends on it, or a bound has stopped one of both.
fn both(seed: u64) -> Option<(Model, RunResult, RunResult)> {
    let (model, run) = simulate(&scenario(seed).text());
    let without = sim_core::world::simulate(&calm(&model)?, 1, 0);
    let stopped = run.stopped.is_some() || without.stopped.is_some();
    (!stopped).then_some((model, run, without))
}

fn begins(model: &Model, run: &RunResult) -> Option<i64> {
    let incidents = model.faults.iter().zip(&run.faults).filter(|(fault, _)| fault.is_incident());
    incidents.flat_map(|(_, spans)| spans).map(|span| span.from_ns).min()
}

/// What is known of a call site at that time. What has no answer is booked at the end of the run, by a patience that looks at the longest answer of
/// all of it, and so may stand in another slice where an incident came later.
fn known_then(edge: &EdgeCounts) -> EdgeCounts {
    let mut edge = *edge;
    (edge.unanswered, edge.call_unanswered) = (0, 0);
    (edge.latency_sum_ns, edge.call_latency_sum_ns) = (0, 0);
    // Unanswered attempts that wait for others are among these.
    edge.failed_below = 0;
    edge
}

/// The same of a service: who still waits has waited too long by a patience that looks at the longest wait of all of the run.
fn known_of(service: &ServiceCounts) -> ServiceCounts {
    ServiceCounts { unserved: 0, unserved_ns: 0, ..*service }
}

#[test]
fn until_an_incident_begins_both_runs_are_the_same() {
    swarm(
        "money::until_an_incident_begins_both_runs_are_the_same",
        40,
        |seed| scenario(seed).text(),
        |seed| {
            let Some((model, run, without)) = both(seed) else { return };
            assert_eq!(run.faults, without.faults, "the times of faults stay");
            let begin = begins(&model, &run).unwrap_or(i64::MAX);
            let before = |slice: &&Slice| (slice.to_ns as i64) <= begin;
            let counts = |of: &RunResult| -> Vec<_> {
                let slices = of.slices.iter().filter(before);
                let edges = |slice: &Slice| slice.edges.iter().map(known_then).collect::<Vec<_>>();
                let services = |slice: &Slice| slice.services.iter().map(known_of).collect::<Vec<_>>();
                slices.map(|s| (s.from_ns, s.to_ns, edges(s), services(s), s.wrong.clone())).collect()
            };
            assert_eq!(counts(&run), counts(&without));
        },
    );
}

#[test]
fn incidents_cost_all_that_they_add() {
    swarm(
        "money::incidents_cost_all_that_they_add",
        40,
        |seed| scenario(seed).text(),
        |seed| {
            let Some((model, run, without)) = both(seed) else { return };
            let bill = bill_against(&run, Some(&without), &model);
            let spent = |of: &RunResult| -> f64 {
                let dear = model.costs.iter().filter(|item| item.group != Group::Infrastructure);
                dear.map(|item| item.money(of.slices.iter().map(|slice| item.metered(&model, slice)).sum())).sum()
            };
            let all: f64 = bill.incidents.iter().map(|(fault, once)| once * run.faults[*fault].len() as f64).sum();
            let added = spent(&run) - spent(&without);
            // Before time 0, in the warm-up, nothing is billed.
            if begins(&model, &run).is_none_or(|begin| begin >= 0) {
                assert!((all - added).abs() <= 1e-6 * (1.0 + added.abs()), "{all} for {added}");
            }
            let by_item: f64 = bill.items.iter().filter_map(|item| item.per_incident).sum();
            let by_fault: f64 = bill.incidents.iter().map(|(_, once)| once).sum();
            assert!(
                (by_item - by_fault).abs() <= 1e-6 * (1.0 + by_item.abs()),
                "{by_item} by item, {by_fault} by fault"
            );
        },
    );
}
