//! What can be known of a scenario without a run: findings, a kind a file, and how much of the load needs each service.
//!
//! A finding is not about the form of a file, which the reader judges, nor about what a run will not tell, of which `check` warns. It is about the
//! system that the file describes: its timeouts, retries, limits and instances, put beside each other. Each kind speaks only where arithmetic
//! decides it whatever chance brings, and is silent in doubt: what it cannot bound, it does not judge. So a finding is worth a look before any run,
//! and a scenario may well be there to show what it says.
//!
//! `kind.rs` says what a kind is, `scene.rs` has what all kinds ask of a system, `waits.rs` how long calls take at most, `rates.rs` how many there
//! are at most, and `needs.rs` what cannot be answered without what.

mod breaker_never_opens;
mod duplicate_effects;
mod everything_needs_it;
mod hedge_never_sent;
mod kind;
mod limit_never_reached;
mod limit_wider_than_callee;
mod needs;
mod promise_above_its_parts;
mod queue_outwaits_callers;
mod rates;
mod retries_in_step;
mod retry_amplification;
mod retry_never_comes;
mod scene;
mod single_point_of_failure;
mod slow_calls_never_seen;
#[cfg(test)]
mod testing;
mod timeouts_in_the_wrong_order;
mod visibility_too_short;
mod waits;

pub use kind::Kind;

use crate::compile::Compiled;
use crate::reader::Node;
use kind::Told;
use scene::Scene;
use sim_core::problem::{Problem, Problems};
use sim_core::results::Need;
use std::collections::BTreeMap;

/// All kinds, in the order of the alphabet.
pub const ALL: &[Kind] = &[
    breaker_never_opens::KIND,
    duplicate_effects::KIND,
    everything_needs_it::KIND,
    hedge_never_sent::KIND,
    limit_never_reached::KIND,
    limit_wider_than_callee::KIND,
    promise_above_its_parts::KIND,
    queue_outwaits_callers::KIND,
    retries_in_step::KIND,
    retry_amplification::KIND,
    retry_never_comes::KIND,
    single_point_of_failure::KIND,
    slow_calls_never_seen::KIND,
    timeouts_in_the_wrong_order::KIND,
    visibility_too_short::KIND,
];

/// What is known of a scenario that has no errors: its findings, and the services that load needs, those that most of it needs first.
pub fn find(compiled: &Compiled, tree: &Node) -> (Vec<Problem>, Vec<Need>) {
    let scene = Scene::new(compiled, tree);
    let mut problems = Problems::new();
    for kind in ALL {
        (kind.look)(&scene, &mut Told { kind, problems: &mut problems });
    }
    (by_place(problems.into_vec()), table(&scene))
}

/// The services that load needs, those that most of it needs first, for a table.
fn table(scene: &Scene<'_>) -> Vec<Need> {
    let shares = scene.needs().unwrap_or_default();
    let mut needs: Vec<Need> = shares
        .iter()
        .enumerate()
        .filter(|(_, share)| **share > 0.0)
        .map(|(place, share)| {
            let service = &scene.model.services[place];
            let (name, instances, zones) = (service.name.clone(), service.instances, service.zones_at_start() as u32);
            Need { service: name, instances, zones, share: share.min(1.0) }
        })
        .collect();
    needs.sort_by(|a, b| b.share.total_cmp(&a.share));
    needs
}

/// One finding of a kind for each place: the first, with how many more there are. A policy may stand behind hundreds of calls.
fn by_place(all: Vec<Problem>) -> Vec<Problem> {
    let mut places: BTreeMap<(Option<&str>, String), (usize, usize)> = BTreeMap::new();
    let mut kept: Vec<Problem> = Vec::new();
    for problem in all {
        let (place, more) = places.entry((problem.name, problem.path.clone())).or_insert((kept.len(), 0));
        if *place == kept.len() {
            kept.push(problem);
        } else {
            *more += 1;
        }
    }
    for (place, more) in places.into_values().filter(|(_, more)| *more > 0) {
        let label = kept[place].label.get_or_insert_default();
        let calls = if more == 1 { "1 more call".to_owned() } else { format!("{more} more calls") };
        *label = format!("{label}; the same of {calls}");
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_once_with_the_worst_and_how_many_more() {
        let text = "policies: {slow: {timeout: 1s}}
load:
  a: {to: web.near, arrive: {poisson: {rate: 1/s}}, policy: slow}
  b: {to: web.far, arrive: {poisson: {rate: 1/s}}, policy: slow}
services:
  web: {workers: 4, endpoints: {near: {steps: [{call: {to: db.get, timeout: 2s}}]}, far: {steps: [{call: {to: db.get, timeout: 9s}}]}}}
  db: {workers: 4, endpoints: {get: {steps: [{work: 1ms}]}}}
";
        let found = testing::told("timeouts-in-the-wrong-order", text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("3:28 1s: b->web.far gives up after 1s"), "{found:?}");
        assert!(found[0].ends_with("; the same of 1 more call"), "{found:?}");
    }

    #[test]
    fn kinds_have_names_of_their_own_in_the_order_of_the_alphabet() {
        let names: Vec<&str> = ALL.iter().map(|kind| kind.name).collect();
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
        for kind in ALL {
            assert!(kind.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", kind.name);
            assert!(kind.says.ends_with('.') && kind.severity != sim_core::problem::Severity::Error, "{}", kind.name);
            for heading in ["# When it speaks\n", "# When it is silent\n", "# Source\n"] {
                assert!(kind.doc().contains(heading), "{} has no {heading}", kind.name);
            }
            let has_tests = kind.source.matches("[\"\"; 0]").count() >= 1 && kind.source.contains("#[test]");
            assert!(has_tests, "{} has no case in which it is silent", kind.name);
        }
    }
}
