//! A retry of timeouts for which the total timeout leaves no time.

use super::kind::{Kind, Told};
use super::scene::{Scene, time};
use sim_core::outcome::Outcome;
use sim_core::problem::Severity;

/// A call that is to try timeouts again, and whose `total_timeout` ends it no later than the first attempt.
///
/// # When it speaks
/// `total_timeout` <= `timeout`, and the call has a retry whose outcomes hold `timeout`: an attempt that times out is never tried again.
///
/// # When it is silent
/// Where the total leaves any time behind the first timeout, though not for all attempts: that is what a total is for. Also where timeouts are
/// drawn.
///
/// # Source
/// Istio: a route's `timeout` ends all attempts, whatever `perTryTimeout` and `attempts` say.
pub const KIND: Kind = Kind {
    name: "retry-never-comes",
    severity: Severity::Warning,
    says: "A call is to try timeouts again, and its total_timeout is over when its first attempt times out.",
    source: include_str!("retry_never_comes.rs"),
    look,
};

fn look(scene: &Scene<'_>, told: &mut Told<'_>) {
    for (id, edge) in scene.edges() {
        let Some(retry) = edge.retry.as_ref().filter(|retry| retry.attempts() > 1) else { continue };
        let (Some(timeout), Some(total)) = (&edge.timeout, edge.total_timeout) else { continue };
        let Some(timeout) = timeout.build().is_constant() else { continue };
        if total.ns() <= timeout && retry.outcomes.contains(&Outcome::Timeout) {
            let name = &edge.name;
            let message = format!("a timeout of {name} is never tried again: total_timeout is no longer than timeout");
            told.tell(
                scene.key(id, "total_timeout"),
                message,
                format!("timeout {}, total_timeout {total}, max_attempts {}", time(timeout as f64), retry.attempts()),
                format!("write a total_timeout above {}, or a shorter timeout", time(timeout as f64)),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::findings::testing::told;

    fn found(keys: &str) -> Vec<String> {
        let text = format!(
            "load: {{users: {{to: web.get, arrive: {{poisson: {{rate: 1/s}}}}, {keys}}}}}
services: {{web: {{workers: 4, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}}}
"
        );
        told("retry-never-comes", &text)
    }

    #[test]
    fn a_total_that_ends_with_the_first_attempt_is_told() {
        assert_eq!(
            found("timeout: 2s, total_timeout: 2s, retry: {max_attempts: 3}"),
            [
                "3:89 2s: a timeout of users->web.get is never tried again: total_timeout is no longer than timeout; timeout 2s, total_timeout 2s, \
              max_attempts 3"
            ]
        );
    }

    #[test]
    fn a_total_that_leaves_time_is_not() {
        assert_eq!(found("timeout: 2s, total_timeout: 2001ms, retry: {max_attempts: 3}"), [""; 0]);
        assert_eq!(found("timeout: 2s, total_timeout: 2s, retry: {max_attempts: 3, outcomes: [error]}"), [""; 0]);
        assert_eq!(found("timeout: 2s, total_timeout: 2s"), [""; 0]);
    }
}
