//! Requests that come at the same moment, fail, and come again at the same moment.

use super::kind::{Kind, Told};
use super::rates;
use super::scene::Scene;
use sim_core::ids::EdgeId;
use sim_core::problem::Severity;
use sim_core::workload::Arrival;

/// Retries without jitter of requests that come in bursts.
///
/// # When it speaks
/// A load class sends two requests or more at the same moment, and a call on their way is tried again after waits that are the same for all of
/// them: `jitter: none`, or a fixed delay that is not drawn. Those that are turned away together come back together, as often as there are
/// attempts.
///
/// # When it is silent
/// For loads that come one by one: their failures are as far apart as they are, and so are their retries.
///
/// # Source
/// M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
pub const KIND: Kind = Kind {
    name: "retries-in-step",
    severity: Severity::Warning,
    says: "Requests of a burst are tried again after the same waits, so that those that fail together come back together.",
    source: include_str!("retries_in_step.rs"),
    look,
};

fn look(scene: &Scene<'_>, told: &mut Told<'_>) {
    let mut seen = vec![false; scene.model.edges.len()];
    for load in &scene.model.loads {
        let Arrival::Burst(bursts) = &load.arrival else { continue };
        if bursts.size < 2 {
            continue;
        }
        let mut open: Vec<EdgeId> = load.mix.iter().map(|(_, edge)| *edge).collect();
        while let Some(id) = open.pop() {
            if std::mem::replace(&mut seen[id.index()], true) {
                continue;
            }
            let edge = scene.edge(id);
            let steps = &scene.model.endpoints[edge.callee.index()].steps;
            rates::visits(steps, 1.0, &mut |next, _| open.push(next));
            let Some(retry) = edge.retry.as_ref().filter(|retry| retry.attempts() > 1) else { continue };
            if retry.backoff.keeps_step() {
                told.tell(
                    scene.key(id, "retry"),
                    format!("requests of {} that fail together come back together", load.name),
                    format!("{} come at once, and {} waits without jitter", bursts.size, edge.name),
                    "write backoff: {exponential: {jitter: full}}".to_owned(),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::findings::testing::told;

    fn found(arrive: &str, backoff: &str) -> Vec<String> {
        let text = format!(
            "load: {{jobs: {{to: web.get, arrive: {{{arrive}}}, retry: {{max_attempts: 5, backoff: {{{backoff}}}}}}}}}
services: {{web: {{workers: 4, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}}}
"
        );
        told("retries-in-step", &text)
    }

    const BURST: &str = "burst: {size: 100, every: 1h}";

    #[test]
    fn bursts_that_wait_alike_are_told() {
        assert_eq!(
            found(BURST, "exponential: {jitter: none}"),
            [
                "3:69 retry: requests of jobs that fail together come back together; 100 come at once, and jobs->web.get waits without jitter"
            ]
        );
        assert_eq!(found(BURST, "fixed: {delay: 1s}").len(), 1);
    }

    #[test]
    fn jitter_and_single_arrivals_are_not() {
        assert_eq!(found(BURST, "exponential: {jitter: equal}"), [""; 0]);
        assert_eq!(found(BURST, "fixed: {delay: {exponential: {mean: 1s}}}"), [""; 0]);
        assert_eq!(found("poisson: {rate: 100/s}", "fixed: {delay: 1s}"), [""; 0]);
        assert_eq!(found("burst: {size: 1, every: 1h}", "fixed: {delay: 1s}"), [""; 0]);
    }
}
