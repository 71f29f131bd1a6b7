//! A breaker that counts slow calls, of which none is slow enough before it times out.

use super::kind::{Kind, Told};
use super::scene::{Scene, time};
use super::waits::course;
use sim_core::call::breaker::BreakerSettings;
use sim_core::problem::Severity;

/// A breaker with a `slow_call_rate` whose calls all time out before they count as slow.
///
/// # When it speaks
/// `slow_call_duration` (60 s where it is not written) > the longest time of every call that shares the breaker, with its waits and retries. Slow
/// calls are then failures by their timeouts, and `failure_rate` alone decides.
///
/// # When it is silent
/// Where any call that shares the breaker may take as long, has no timeout, or one that is drawn; without `slow_call_rate`;
/// and where an experiment sets values or scales.
///
/// # Source
/// resilience4j `CircuitBreakerConfig`: `slowCallDurationThreshold` is 60 s unless it is set.
pub const KIND: Kind = Kind {
    name: "slow-calls-never-seen",
    severity: Severity::Warning,
    says: "A breaker is to open by slow calls, and all of them time out before they count as slow.",
    source: include_str!("slow_calls_never_seen.rs"),
    look,
};

fn look(scene: &Scene<'_>, told: &mut Told<'_>) {
    for (place, guard) in scene.model.guards.iter().enumerate() {
        let (Some(BreakerSettings::Rate(settings)), Some(path)) = (&guard.breaker, scene.breaker_path(place)) else {
            continue;
        };
        if settings.slow_call_rate.is_none() || scene.changes_while_it_runs() {
            continue;
        }
        let slow = settings.slow_after();
        let calls = scene.edges_of(place).iter();
        // The breaker times a call from its begin, with the waits and the attempts before.
        let times: Option<Vec<f64>> =
            calls.map(|id| Some(course(scene.model, scene.edge(*id))?.longest_ns())).collect();
        let longest = times.unwrap_or_default().into_iter().reduce(f64::max);
        if let Some(longest) = longest.filter(|longest| slow.ns() as f64 > *longest) {
            let message = format!("no call to {} is ever slow for its breaker", scene.service(guard.callee));
            told.tell(
                format!("{path}.rate.slow_call_rate"),
                message,
                format!("slow is longer than {slow}, and calls time out after {}", time(longest)),
                format!("write a slow_call_duration below {}", time(longest)),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::findings::testing::told;

    fn found(keys: &str) -> Vec<String> {
        let text = format!(
            "load: {{users: {{to: web.get, arrive: {{poisson: {{rate: 100/s}}}}, {keys}}}}}
services: {{web: {{workers: 4, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}}}
"
        );
        told("slow-calls-never-seen", &text)
    }

    #[test]
    fn slowness_beyond_the_timeout_is_told() {
        assert_eq!(
            found("timeout: 2s, breaker: {rate: {slow_call_rate: 50%}}"),
            [
                "3:109 50%: no call to web is ever slow for its breaker; slow is longer than 1m, and calls time out after 2s"
            ]
        );
    }

    #[test]
    fn slowness_that_a_call_can_reach_is_not() {
        assert_eq!(found("timeout: 2s, breaker: {rate: {slow_call_rate: 50%, slow_call_duration: 2s}}"), [""; 0]);
        assert_eq!(found("breaker: {rate: {slow_call_rate: 50%}}"), [""; 0]);
        assert_eq!(found("timeout: 2s, breaker: {rate: {}}"), [""; 0]);
        let slow = "timeout: 2s, breaker: {rate: {slow_call_rate: 50%, slow_call_duration: 5s}}";
        assert_eq!(found(slow).len(), 1);
        assert_eq!(
            found(&format!("{slow}, pool: {{connections: 2, max_wait: 3s}}")),
            [""; 0],
            "the wait for a connection counts"
        );
    }
}
