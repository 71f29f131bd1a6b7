//! Effects that retries, hedges or deliveries can bring about a second time.

use super::kind::{Kind, Told};
use super::scene::Scene;
use sim_core::call::hedge::HedgeSettings;
use sim_core::data::Effect;
use sim_core::ids::{Caller, EdgeId};
use sim_core::outcome::Outcome;
use sim_core::problem::Severity;
use sim_core::topology::{Edge, Node};

/// A call to an endpoint with `effect: not_idempotent` that is sent again, or sent twice, while its first attempt may still have its effect.
///
/// # When it speaks
/// The call, a user's too, tries timeouts again (up to n - 1 effects too many a call, with n attempts), is hedged (as many as it has copies
/// beside the first), or is a message of which a queue makes several deliveries when the first is not done within `visibility_timeout`.
///
/// # When it is silent
/// Where the endpoint is `idempotent` or `deduplicated`, or says nothing of effects. Where only failures are tried again that leave no effect behind:
/// errors, but for those that a fault makes of good replies, and calls that were turned away. Where `cancel: true` stops the attempt that nobody
/// waits for. Retries further up make a new call of the same intent, with a key of its own; they are not counted here, as a run does not count them.
///
/// # Source
/// Stripe, "Designing robust and predictable APIs with idempotency", 2017; Amazon Builders' Library, "Making retries safe with idempotent APIs".
pub const KIND: Kind = Kind {
    name: "duplicate-effects",
    severity: Severity::Warning,
    says: "A call with an effect that is not idempotent is retried, hedged or delivered again, and its effect can come twice.",
    source: include_str!("duplicate_effects.rs"),
    look,
};

fn look(scene: &Scene<'_>, told: &mut Told<'_>) {
    for (id, edge) in scene.edges() {
        if scene.model.endpoints[edge.callee.index()].effect != Effect::NotIdempotent {
            continue;
        }
        let Some((key, how)) = again(scene, id, edge) else { continue };
        let name = scene.endpoint(edge.callee);
        told.tell(
            scene.key(id, key),
            format!("{} may bring about the effect of {name} more than once", scene.caller(edge)),
            how,
            format!("write effect: {{deduplicated: {{remember: 24h}}}} at {name}, which stands for a key sent with each call"),
        );
    }
}

/// The key that sends a call again, and how often it may.
fn again(scene: &Scene<'_>, id: EdgeId, edge: &Edge) -> Option<(&'static str, String)> {
    if let Caller::Queue(queue) = edge.caller {
        let Node::Queue(queue) = &scene.model.services[queue.index()].node else { return None };
        let consumer = queue.consumers.iter().find(|consumer| consumer.edge == id)?;
        let (most, visible) = (consumer.max_deliveries, consumer.visibility_timeout);
        let says = format!("a message that is not done within {visible} is delivered again, up to {most} times in all");
        return (most > 1).then_some(("max_deliveries", says));
    }
    if edge.cancel {
        return None;
    }
    if let Some(retry) = edge.retry.as_ref().filter(|retry| retry.outcomes.contains(&Outcome::Timeout)) {
        let attempts = retry.attempts();
        let says = format!("{attempts} attempts at most, and one that timed out goes on, as cancel is false");
        // A deadline or a total ends the call with its attempt; only what has a timeout of its own is sent again.
        if attempts > 1 && edge.timeout.is_some() {
            return Some(("retry", says));
        }
    }
    let hedge = edge.hedge.as_ref().filter(|hedge| !matches!(hedge, HedgeSettings::Tied(_)))?;
    Some(("hedge", format!("{} copies at most, and those that lose go on, as cancel is false", hedge.copies())))
}

#[cfg(test)]
mod tests {
    use crate::findings::testing::told;

    fn found(effect: &str, keys: &str) -> Vec<String> {
        let text = format!(
            "load: {{users: {{to: bank.pay, arrive: {{poisson: {{rate: 1/s}}}}, {keys}}}}}
services: {{bank: {{instances: 2, workers: 4, endpoints: {{pay: {{effect: {effect}, steps: [{{work: 1ms}}]}}}}}}}}
"
        );
        told("duplicate-effects", &text)
    }

    const RETRY: &str = "timeout: 1s, retry: {max_attempts: 3}";

    #[test]
    fn effects_that_are_tried_again_are_told() {
        assert_eq!(
            found("not_idempotent", RETRY),
            [
                "3:75 retry: users may bring about the effect of bank.pay more than once; 3 attempts at most, and one that timed out goes on, as \
              cancel is false"
            ]
        );
        let hedge = "hedge: {speculative: {copies: 2}}";
        assert_eq!(found("not_idempotent", hedge).len(), 1);
        // Without a timeout nothing is tried again for it, and the copies are sent all the same.
        assert!(found("not_idempotent", &format!("retry: {{max_attempts: 3}}, {hedge}"))[0].contains("copies at most"));
    }

    #[test]
    fn effects_that_cannot_come_twice_are_not() {
        assert_eq!(found("idempotent", RETRY), [""; 0]);
        assert_eq!(found("{deduplicated: {remember: 1h}}", RETRY), [""; 0]);
        assert_eq!(found("not_idempotent", &format!("{RETRY}, cancel: true")), [""; 0]);
        assert_eq!(found("not_idempotent", "timeout: 1s, retry: {max_attempts: 3, outcomes: [error]}"), [""; 0]);
        assert_eq!(found("not_idempotent", "hedge: {tied: {}}"), [""; 0]);
    }

    #[test]
    fn messages_are_delivered_again() {
        let text = "load: {users: {to: jobs.send, arrive: {poisson: {rate: 1/s}}}}
queues: {jobs: {capacity: 100, consumers: {w: {to: worker.do, visibility_timeout: 30s, max_deliveries: 3}}}}
services: {worker: {workers: 4, endpoints: {do: {effect: not_idempotent, steps: [{work: 1ms}]}}}}
";
        let found = told("duplicate-effects", text);
        assert_eq!(
            found,
            [
                "4:104 3: jobs may bring about the effect of worker.do more than once; a message that is not done within 30s is delivered again, up to \
              3 times in all"
            ]
        );
        assert_eq!(told("duplicate-effects", &text.replace("max_deliveries: 3", "max_deliveries: 1")), [""; 0]);
    }
}
