//! Limits of concurrency that together let through more than the callee can work on.

use super::kind::{Kind, Told};
use super::scene::Scene;
use sim_core::ids::ServiceId;
use sim_core::problem::Severity;
use sim_core::topology::{Guard, Step};
use std::collections::BTreeMap;

/// Callers whose limits of concurrency and pools, each for one of their instances, add up to more than all workers of what they call.
///
/// # When it speaks
/// The sum over all calls to a service that have a limit or a pool, the smaller of the two x caller instances, > its instances x workers, with as
/// many instances as it has at the start. The limits then keep the callee from nothing: what is let through waits in its queues.
///
/// # When it is silent
/// Where the callee's workers are unlimited, or free while a request goes on (`async`, or a reply before the last step); or a scaler moves the
/// callee. A limit of this size may still keep the caller's own workers free, which is why it is a note.
///
/// # Source
/// `HikariCP`, "About Pool Sizing": connections beyond what the database can work on only wait there instead of at the caller.
pub const KIND: Kind = Kind {
    name: "limit-wider-than-callee",
    severity: Severity::Note,
    says: "The limits of concurrency and the pools of all callers of a service add up to more than its workers.",
    source: include_str!("limit_wider_than_callee.rs"),
    look,
};

fn look(scene: &Scene<'_>, told: &mut Told<'_>) {
    let limited = limited(scene);
    for (place, service) in scene.model.services.iter().enumerate() {
        let holds = service.max_instances == service.instances && holds_workers(scene, ServiceId::from(place));
        let Some(workers) = service.workers.filter(|_| holds) else { continue };
        let Some(guards) = limited.get(&ServiceId::from(place)) else { continue };
        let through: u64 =
            guards.iter().filter_map(|(_, guard)| Some(places(guard)?.0 * u64::from(scene.callers_of(guard)))).sum();
        let room = u64::from(service.instances) * u64::from(workers);
        let Some((first, guard)) = guards.first().filter(|_| through > room) else { continue };
        let Some((_, key)) = places(guard) else { continue };
        let Some(call) = scene.edges_of(*first).first() else { continue };
        let parts: Vec<String> = guards.iter().map(|(_, guard)| part(scene, guard)).collect();
        let name = &service.name;
        told.tell(
            scene.key(*call, key),
            format!("limits and pools let {through} attempts through to {name} at once, which has {room} workers"),
            format!("{}; {name}: {} instances x {workers} workers", parts.join(" + "), service.instances),
            format!("keep the sum at {room} or below, so that what is too much is turned away and not queued"),
        );
    }
}

/// The guards with a limit, by the service that they call.
fn limited<'a>(scene: &Scene<'a>) -> BTreeMap<ServiceId, Vec<(usize, &'a Guard)>> {
    let mut all: BTreeMap<ServiceId, Vec<(usize, &Guard)>> = BTreeMap::new();
    for (place, guard) in scene.model.guards.iter().enumerate() {
        if places(guard).is_some() && !scene.edges_of(place).is_empty() {
            all.entry(guard.callee).or_default().push((place, guard));
        }
    }
    all
}

/// How many attempts of one caller instance a guard lets be under way at once, and the key that says so: the narrower of its limit, at the least
/// where it moves, and its pool.
pub fn places(guard: &Guard) -> Option<(u64, &'static str)> {
    let limit = guard.limit.as_ref().map(|limit| (limit.least(), "concurrency_limit"));
    let pool = guard.pool.as_ref().map(|pool| (pool.connections.get(), "pool"));
    limit.into_iter().chain(pool).min()
}

/// Whether all requests of a service hold a worker for as long as they take, so that its workers say how many it works on.
fn holds_workers(scene: &Scene<'_>, service: ServiceId) -> bool {
    let own = scene.model.endpoints.iter().filter(|endpoint| endpoint.service == service);
    own.into_iter().all(|endpoint| !endpoint.is_async && !endpoint.steps.iter().any(|s| matches!(s, Step::Reply(_))))
}

fn part(scene: &Scene<'_>, guard: &Guard) -> String {
    let limit = places(guard).map_or(0, |(limit, _)| limit);
    match guard.caller {
        Some(caller) => format!("{}: {} instances x {limit}", scene.service(caller), scene.callers_of(guard)),
        None => format!("{}: {limit}", guard.name),
    }
}

#[cfg(test)]
mod tests {
    use crate::findings::testing::told;

    fn found(workers: &str) -> Vec<String> {
        let text = format!(
            "load: {{users: {{to: web.get, arrive: {{poisson: {{rate: 1/s}}}}}}}}
services:
  web: {{instances: 10, workers: 64, endpoints: {{get: {{steps: [{{call: {{to: db.get, concurrency_limit: {{bulkhead: {{limit: 20}}}}}}}}]}}}}}}
  db: {{instances: 2, workers: {workers}, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}
"
        );
        told("limit-wider-than-callee", &text)
    }

    #[test]
    fn more_places_than_workers_are_told() {
        assert_eq!(
            found("99"),
            [
                "5:83 concurrency_limit: limits and pools let 200 attempts through to db at once, which has 198 workers; web: 10 instances x 20; db: 2 \
              instances x 99 workers"
            ]
        );
    }

    #[test]
    fn pools_count_and_the_narrower_of_both() {
        let text = |keys: &str, endpoint: &str| {
            format!(
                "load: {{users: {{to: web.get, arrive: {{poisson: {{rate: 1/s}}}}}}}}
services:
  web: {{instances: 10, workers: 64, endpoints: {{get: {{steps: [{{call: {{to: db.get, {keys}}}}}]}}}}}}
  db: {{workers: 5, endpoints: {{get: {{{endpoint}steps: [{{work: 1ms}}]}}}}}}
"
            )
        };
        let told = |keys: &str, endpoint: &str| told("limit-wider-than-callee", &text(keys, endpoint));
        let pool = told("pool: {connections: 200}", "");
        assert!(pool[0].contains("pool: limits and pools let 2000 attempts through to db"), "{pool:?}");
        let both = told("concurrency_limit: {bulkhead: {limit: 40}}, pool: {connections: 2}", "");
        assert!(both[0].contains("let 20 attempts"), "{both:?}");
        assert_eq!(told("pool: {connections: 200}", "async: true, "), [""; 0], "its workers are free while it waits");
    }

    #[test]
    fn as_many_places_as_workers_are_not() {
        assert_eq!(found("100"), [""; 0]);
        assert_eq!(found("unlimited"), [""; 0]);
    }
}
