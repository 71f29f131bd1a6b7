//! A limit of concurrency that its caller has too few workers to reach.

use super::kind::{Kind, Told};
use super::limit_wider_than_callee::places;
use super::scene::Scene;
use sim_core::call::hedge::HedgeSettings;
use sim_core::ids::{Caller, EdgeId, EndpointId, GuardId};
use sim_core::problem::Severity;
use sim_core::topology::{Node, Step};

/// A limit of concurrency or a pool that is as wide as all workers of its caller, so that it never turns anything away.
///
/// # When it speaks
/// Limit >= workers of a caller instance x the most calls that one request has under way through the limit at the same time (parallel branches and
/// their repetitions, and the copies of a hedge). A slow callee can then hold every worker of the caller, which the limit is there to prevent.
///
/// # When it is silent
/// Where the caller's endpoint is `async` or its workers are unlimited, so that it has any number of calls under way; where the reply or background
/// work frees the worker before the call; for users and queues, which have no workers; and for an attempt that its caller has given up, which holds
/// no place. Where an experiment sets values or scales.
///
/// # Source
/// M. Nygard, *Release It!*, "Bulkheads": a pool of its own for each callee, smaller than all threads.
pub const KIND: Kind = Kind {
    name: "limit-never-reached",
    severity: Severity::Warning,
    says: "A limit of concurrency is at least as wide as all workers of its caller, so that it never limits anything.",
    source: include_str!("limit_never_reached.rs"),
    look,
};

fn look(scene: &Scene<'_>, told: &mut Told<'_>) {
    if scene.changes_while_it_runs() {
        return;
    }
    for (place, guard) in scene.model.guards.iter().enumerate() {
        let (Some((limit, key)), Some(caller)) = (places(guard), guard.caller) else { continue };
        let service = &scene.model.services[caller.index()];
        let Some(workers) = service.workers.filter(|_| matches!(service.node, Node::Service | Node::Store(_))) else {
            continue;
        };
        let Some(most) = most_at_once(scene, place).filter(|most| *most > 0) else { continue };
        let under_way = u64::from(workers) * most;
        let Some(id) = scene.edges_of(place).first() else { continue };
        if limit >= under_way {
            let calls = if most == 1 { String::new() } else { format!(" x {most} calls of a request at once") };
            told.tell(
                scene.key(*id, key),
                format!("the limit of {} is never reached", scene.edge(*id).name),
                format!("limit {limit}, and {} has {workers} workers an instance{calls}", service.name),
                format!("write a limit below {under_way}: what the others of its requests may lose"),
            );
        }
    }
}

/// The most calls that one request of a service has under way through a guard; `None` where its worker is free meanwhile.
fn most_at_once(scene: &Scene<'_>, guard: usize) -> Option<u64> {
    let mut most = 0;
    let mut callers: Vec<EndpointId> = Vec::new();
    for id in scene.edges_of(guard) {
        let Caller::Endpoint(caller) = scene.edge(*id).caller else { continue };
        callers.push(caller);
    }
    callers.sort_unstable();
    callers.dedup();
    for caller in callers {
        let endpoint = &scene.model.endpoints[caller.index()];
        if endpoint.is_async || frees(&endpoint.steps) {
            return None;
        }
        most = most.max(at_once(scene, &endpoint.steps, GuardId::from(guard)));
    }
    Some(most)
}

/// Whether steps go on behind a reply or beside the request, so that its worker says nothing of how many calls are under way.
fn frees(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        // A value that is made goes on being made when its request has given up.
        Step::Reply(_) | Step::Background(_) | Step::Forward(_) | Step::Lookup { .. } => true,
        Step::Parallel { branches, need, repeat } => {
            *need < branches.len() as u32 * repeat || branches.iter().any(|branch| frees(branch))
        }
        Step::Choose(branches) => branches.iter().any(|(_, branch)| frees(branch)),
        Step::Steps(steps) | Step::Fallback { otherwise: steps, .. } => frees(steps),
        Step::Call(_) | Step::Work(_) | Step::Wait(_) | Step::Disk(_) | Step::Fail(..) | Step::Invalidate { .. } => {
            false
        }
    })
}

fn at_once(scene: &Scene<'_>, steps: &[Step], guard: GuardId) -> u64 {
    let of = |step: &Step| match step {
        Step::Call(id) => copies(scene, *id, guard),
        Step::Fallback { call, otherwise } => copies(scene, *call, guard).max(at_once(scene, otherwise, guard)),
        Step::Parallel { branches, repeat, .. } => {
            branches.iter().map(|branch| at_once(scene, branch, guard)).sum::<u64>() * u64::from(*repeat)
        }
        Step::Choose(branches) => branches.iter().map(|(_, branch)| at_once(scene, branch, guard)).max().unwrap_or(0),
        Step::Steps(steps) => at_once(scene, steps, guard),
        _ => 0,
    };
    steps.iter().map(of).max().unwrap_or(0)
}

fn copies(scene: &Scene<'_>, id: EdgeId, guard: GuardId) -> u64 {
    let edge = scene.edge(id);
    if edge.guard == guard { edge.hedge.as_ref().map_or(1, HedgeSettings::copies) } else { 0 }
}

#[cfg(test)]
mod tests {
    use crate::findings::testing::told;

    fn found(limit: u32, steps: &str, more: &str) -> Vec<String> {
        let call = format!("{{call: {{to: db.get, concurrency_limit: {{bulkhead: {{limit: {limit}}}}}}}}}");
        let text = format!(
            "load: {{users: {{to: web.get, arrive: {{poisson: {{rate: 1/s}}}}}}}}
services:
  web: {{workers: 32, {more}endpoints: {{get: {{steps: [{}]}}}}}}
  db: {{instances: 2, workers: 64, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}
",
            steps.replace("CALL", &call)
        );
        told("limit-never-reached", &text)
    }

    #[test]
    fn a_limit_as_wide_as_the_caller_is_told() {
        assert_eq!(
            found(32, "CALL", ""),
            [
                "5:68 concurrency_limit: the limit of web->db.get is never reached; limit 32, and web has 32 workers an instance"
            ]
        );
        assert_eq!(found(31, "CALL", ""), [""; 0]);
    }

    #[test]
    fn calls_at_the_same_time_count_each() {
        let parallel = "{parallel: {branches: [CALL], repeat: {count: 2}}}";
        assert_eq!(found(63, parallel, ""), [""; 0]);
        let found = found(64, parallel, "");
        assert!(found[0].ends_with("32 workers an instance x 2 calls of a request at once"), "{found:?}");
    }

    #[test]
    fn callers_whose_workers_are_free_are_not_told() {
        assert_eq!(found(32, "CALL", "async: true, "), [""; 0]);
        assert_eq!(found(32, "{reply: {}}, CALL", ""), [""; 0]);
    }
}
