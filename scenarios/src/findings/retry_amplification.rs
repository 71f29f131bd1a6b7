//! Retries of retries: how many attempts one request may become at the end of a path.

use super::kind::{Kind, Told};
use super::scene::{Scene, number};
use super::waits::{Course, course, patience_ns};
use sim_core::call::hedge::HedgeSettings;
use sim_core::call::retry::BudgetSettings;
use sim_core::ids::{Caller, EdgeId, EndpointId};
use sim_core::needed::failing_calls;
use sim_core::outcome::Outcome;
use sim_core::problem::Severity;
use sim_core::topology::Edge;

/// From how many attempts for one request on it speaks. A callee has room for 1.25 times its load where it is 80 % used, and for twice where it is
/// half used: ten times its load is beyond any spare, and comes sooner than a scaler.
const FROM: f64 = 10.0;

/// A path on which calls that are tried again call others that are too, so that the attempts multiply.
///
/// # When it speaks
/// The factor of a call is the number of its attempts times its hedge's copies, and no more than 1 + the share of its budget where it has one by rate
/// or tokens; the retries a second that a budget by rate allows beside that are left out, and count where calls are few. Where timeouts alone are
/// tried again, only the attempts count that fit into `total_timeout` or a deadline. Factors multiply along a path of calls. It speaks where two
/// calls of it or more are retried, and the product at its end is 10 or more: three layers of four attempts make 64. Parallel calls of one request
/// multiply too, and are told beside it; a breaker ends the storm when it opens, and is named.
///
/// # When it is silent
/// A call counts only where its failure is one of those above it: not below an optional call, a fallback that answers by itself, background work,
/// branches that are not all needed, or a queue. Where another call takes the place of one that failed, both count, as both may fail. A caller that
/// tries timeouts only is part of it where the call below may outlast its timeout. One layer of retries is what the source advises, however many
/// attempts it has.
///
/// # Source
/// Google, *Site Reliability Engineering*, chapter 22, "Addressing Cascading Failures": three layers of four attempts, 64 attempts. Amazon
/// Builders' Library, "Timeouts, retries, and backoff with jitter": five layers of three, 243.
pub const KIND: Kind = Kind {
    name: "retry-amplification",
    severity: Severity::Warning,
    says: "Retries of two or more calls along a path multiply to ten attempts or more for one request.",
    source: include_str!("retry_amplification.rs"),
    look,
};

/// The worst path to an endpoint.
#[derive(Clone)]
struct Worst {
    /// Attempts for one request.
    attempts: f64,
    /// Calls that one request makes where nothing fails.
    calls: f64,
    /// Retried calls on the way.
    layers: usize,
    /// The call sites, from the load on.
    way: Vec<EdgeId>,
}

impl Worst {
    /// Paths of two layers or more are told, whatever others of one layer there are.
    fn weight(&self) -> (bool, f64) {
        (self.layers >= 2, self.attempts)
    }
}

/// The system, and how long the calls of each endpoint are given from above at most [ns].
struct Layers<'a> {
    scene: &'a Scene<'a>,
    deadlines: Vec<f64>,
}

fn look(scene: &Scene<'_>, told: &mut Told<'_>) {
    let layers = Layers { scene, deadlines: scene.model.longest_deadlines_ns() };
    let mut worst: Vec<Option<Worst>> = vec![None; scene.model.endpoints.len()];
    let none = Worst { attempts: 1.0, calls: 1.0, layers: 0, way: Vec::new() };
    // A path that is longer than there are endpoints goes round in circles.
    let mut open: Vec<(EdgeId, f64, Worst)> = scene
        .edges()
        .filter(|(_, edge)| !matches!(edge.caller, Caller::Endpoint(_)))
        .map(|(id, _)| (id, 1.0, none.clone()))
        .collect();
    let mut looks = 0;
    while let Some((id, times, above)) = open.pop() {
        let (edge, mut here) = (scene.edge(id), above);
        if here.way.iter().any(|earlier| scene.edge(*earlier).callee == edge.callee) {
            continue;
        }
        let factor = layers.factor(edge);
        here.attempts *= factor;
        here.calls *= times;
        here.layers += usize::from(factor > 1.0);
        here.way.push(id);
        let known = &mut worst[edge.callee.index()];
        let worse = known.as_ref().is_none_or(|known| here.weight() > known.weight());
        looks += 1;
        if !worse || looks > MOST_LOOKS {
            continue;
        }
        *known = Some(here.clone());
        for (next, times) in carried(scene, edge.callee) {
            let below = scene.edge(next);
            let above = if layers.tries_again_for(edge, below) { here.clone() } else { none.clone() };
            open.push((next, times, above));
        }
    }
    layers.tell(told, &worst);
}

/// Calls that are looked at most, so that a large system does not take long.
const MOST_LOOKS: usize = 100_000;

impl Layers<'_> {
    fn tell(&self, told: &mut Told<'_>, worst: &[Option<Worst>]) {
        let scene = self.scene;
        let mut steep: Vec<&Worst> =
            worst.iter().flatten().filter(|path| path.layers >= 2 && path.attempts >= FROM).collect();
        // Of those that are written at the same place the worst is told.
        steep.sort_by(|a, b| b.attempts.total_cmp(&a.attempts));
        let mut passed = vec![false; worst.len()];
        for path in &steep {
            let (last, before) = path.way.split_last().expect("a path has a call");
            if self.factor(scene.edge(*last)) > 1.0 {
                before.iter().for_each(|edge| passed[scene.edge(*edge).callee.index()] = true);
            }
        }
        for path in steep {
            let last = path.way[path.way.len() - 1];
            let edge = scene.edge(last);
            // The path is told once, at the last of its retries.
            if self.factor(edge) <= 1.0 || passed[edge.callee.index()] {
                continue;
            }
            let steps: Vec<String> = path.way.iter().map(|id| self.step(scene.edge(*id))).collect();
            let callee = scene.endpoint(edge.callee);
            let (times, name) = (number(path.attempts), scene.caller(scene.edge(path.way[0])));
            let parallel = if path.calls > 1.0 {
                format!(
                    "; {} calls for each request make it {}",
                    number(path.calls),
                    number(path.calls * path.attempts)
                )
            } else {
                String::new()
            };
            told.tell(
                scene.key(last, "retry"),
                format!("one request of {name} may become {times} attempts at {callee}"),
                format!("{}{parallel}", steps.join(", ")),
                "retry at one layer only, or write a budget such as budget: {rate_share: {percent: 20%}}".to_owned(),
            );
        }
    }

    /// A call with its factor, and what bounds it.
    fn step(&self, edge: &Edge) -> String {
        let breaker = self.scene.guard(edge).breaker.is_some() && self.factor(edge) > 1.0;
        let until = if breaker { " until its breaker opens" } else { "" };
        format!("{} x{}{until}", edge.name, number(self.factor(edge)))
    }

    /// How many attempts a call may become, in the long run where a budget bounds it.
    fn factor(&self, edge: &Edge) -> f64 {
        let tries = edge.retry.as_ref().map_or(1.0, |retry| {
            // Where timeouts alone are tried again, no more attempts are made than fit into the time that the call has.
            let only_timeouts = retry.outcomes.iter().all(|outcome| *outcome == Outcome::Timeout);
            let possible = self.course(edge).filter(|_| only_timeouts).map_or(usize::MAX, |course| course.possible());
            let attempts = f64::from(retry.attempts()).min(possible as f64);
            match &retry.budget {
                Some(BudgetSettings::RateShare(budget)) => attempts.min(1.0 + budget.percent.fraction()),
                Some(BudgetSettings::ConcurrencyShare(budget)) => {
                    attempts.min(1.0 / (1.0 - budget.percent.fraction()).max(0.01))
                }
                // While nothing succeeds, tokens and breakers of retries allow none.
                Some(BudgetSettings::Tokens(_) | BudgetSettings::Breaker(_)) => 1.0,
                Some(BudgetSettings::TokenBucket(budget)) => {
                    attempts.min(1.0 + budget.deposit.value() / budget.cost.value())
                }
                None => attempts,
            }
        });
        let copies = match &edge.hedge {
            Some(HedgeSettings::Backup(hedge)) => {
                (hedge.max_attempts.get() as f64).min(1.0 + hedge.extra_load.fraction())
            }
            Some(hedge) => hedge.copies() as f64,
            None => 1.0,
        };
        tries * copies
    }

    /// Whether a failure of a call below makes this one try again: it fails with an error, or the call below outlasts its timeout.
    fn tries_again_for(&self, above: &Edge, below: &Edge) -> bool {
        let Some(retry) = &above.retry else { return true };
        let outlasts = || match (patience_ns(above), self.course(below)) {
            (Some(patience), Some(course)) => course.longest_ns() > patience,
            (Some(_), None) => true,
            (None, _) => false,
        };
        retry.outcomes.contains(&Outcome::Error) || (retry.outcomes.contains(&Outcome::Timeout) && outlasts())
    }

    /// The slowest course of a call, in the time that it is given from above.
    fn course<'m>(&self, edge: &'m Edge) -> Option<Course<'m>> {
        let given = match edge.caller {
            Caller::Endpoint(caller) => self.deadlines[caller.index()],
            Caller::Load(_) | Caller::Queue(_) | Caller::Scaler(_) => f64::INFINITY,
        };
        Some(course(self.scene.model, edge)?.by(given))
    }
}

/// The calls of an endpoint whose failure is its own, each with how many times one request makes it.
fn carried(scene: &Scene<'_>, endpoint: EndpointId) -> Vec<(EdgeId, f64)> {
    let mut calls = Vec::new();
    let steps = &scene.model.endpoints[endpoint.index()].steps;
    failing_calls(&scene.model.topology, steps, 1.0, &mut |edge, times| calls.push((edge, times)));
    calls
}

#[cfg(test)]
mod tests {
    use crate::findings::testing::told;

    /// Users, an edge and an api, each of which makes four attempts of the next; the call to the store with these keys.
    fn text(store: &str) -> String {
        format!(
            "policies: {{four: {{timeout: 1s, retry: {{max_attempts: 4}}}}}}
load: {{users: {{to: edge.page, arrive: {{poisson: {{rate: 1/s}}}}, policy: four}}}}
services:
  edge: {{workers: 4, endpoints: {{page: {{steps: [{{call: {{to: api.get, policy: four}}}}]}}}}}}
  api: {{workers: 4, endpoints: {{get: {{steps: [{{call: {{to: store.read, {store}}}}}]}}}}}}
  store: {{workers: 4, endpoints: {{read: {{steps: [{{work: 1ms}}]}}}}}}
"
        )
    }

    fn found(store: &str) -> Vec<String> {
        told("retry-amplification", &text(store))
    }

    #[test]
    fn three_layers_of_four_attempts_are_64() {
        assert_eq!(
            found("policy: four"),
            [
                "3:32 retry: one request of users may become 64 attempts at store.read; users->edge.page x4, edge->api.get x4, api->store.read x4"
            ]
        );
        let breaker = found("policy: four, breaker: {consecutive: {failures: 3}}");
        assert!(breaker[0].ends_with("api->store.read x4 until its breaker opens"), "{breaker:?}");
    }

    #[test]
    fn two_layers_count_beside_a_call_of_many_attempts() {
        let many = text("policy: four").replace(
            "load: {",
            "load: {jobs: {to: store.read, arrive: {poisson: {rate: 1/s}}, timeout: 1s, retry: {max_attempts: 99}}, ",
        );
        assert_eq!(told("retry-amplification", &many).len(), 1);
    }

    #[test]
    fn two_layers_end_where_the_last_retry_is() {
        let found = found("timeout: 1s");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("16 attempts at api.get"), "{found:?}");
    }

    #[test]
    fn what_bounds_or_hides_the_failure_ends_the_product() {
        let whole = text("policy: four");
        let budget = whole.replace("max_attempts: 4", "max_attempts: 4, budget: {rate_share: {percent: 20%}}");
        assert_eq!(told("retry-amplification", &budget), [""; 0]);
        let two = whole.replace("to: api.get, policy: four", "to: api.get, policy: four, optional: true");
        let hidden = told("retry-amplification", &two);
        assert!(hidden.is_empty(), "the users' retries and those below the optional call do not multiply: {hidden:?}");
        let timeouts = whole.replace("max_attempts: 4", "max_attempts: 4, outcomes: [timeout]");
        let cut = timeouts.replace("timeout: 1s,", "timeout: 1s, total_timeout: 1s,");
        assert_eq!(told("retry-amplification", &cut), [""; 0], "one attempt is all that fits");
        let given = timeouts.replace("policy: four}}\n", "policy: four, deadline: 900ms}}\n");
        assert_eq!(told("retry-amplification", &given), [""; 0]);
        let outcomes = whole.replace("max_attempts: 4", "max_attempts: 4, outcomes: [unreachable]");
        assert_eq!(told("retry-amplification", &outcomes), [""; 0]);
    }

    #[test]
    fn calls_that_take_the_place_of_others_count_as_these_do() {
        let other = |keys: &str| text(&format!("timeout: 1s, fallback: {{call: {{to: store.read, {keys}}}}}"));
        let found = told("retry-amplification", &other("policy: four"));
        assert!(found.len() == 1 && found[0].contains("64 attempts at store.read"), "{found:?}");
        // Before the other call, the first: its failure is the request's where the other fails too.
        let first = text("policy: four, fallback: {call: {to: store.read, timeout: 1s}}");
        let found = told("retry-amplification", &first);
        assert!(found.len() == 1 && found[0].contains("64 attempts at store.read"), "{found:?}");
        // Neither where the last answers by itself: the failures of the store are nobody's, and two layers end before it.
        let hidden = told("retry-amplification", &other("policy: four, fallback: {}"));
        assert!(hidden.len() == 1 && hidden[0].contains("16 attempts at api.get"), "{hidden:?}");
        // Timeouts alone, of which no more fit into the deadline of the first call than one.
        let timeouts = |deadline: &str| {
            let text = text(&format!(
                "timeout: 100ms{deadline}, fallback: {{call: {{to: store.read, timeout: 1s, retry: {{max_attempts: 9, outcomes: [timeout]}}}}}}"
            ));
            told("retry-amplification", &text.replace("max_attempts: 4", "max_attempts: 2"))
        };
        let without = timeouts("");
        assert!(without.len() == 1 && without[0].contains("36 attempts at store.read"), "{without:?}");
        assert_eq!(timeouts(", deadline: 900ms"), [""; 0], "of the other call too");
    }

    #[test]
    fn nine_attempts_are_not_told_and_parallel_calls_are() {
        let three = text("policy: four, retry: {max_attempts: 3}").replace(
            "policies: {four: {timeout: 1s, retry: {max_attempts: 4}}}",
            "policies: {four: {timeout: 1s, retry: {max_attempts: 3}}}",
        );
        let users = three.replace("policy: four}}\n", "timeout: 1s}}\n");
        assert_eq!(told("retry-amplification", &users), [""; 0]);
        let parallel = text("policy: four").replace(
            "[{call: {to: store.read, policy: four}}]",
            "[{parallel: {branches: [{call: {to: store.read, policy: four}}], repeat: {count: 5}}}]",
        );
        let found = told("retry-amplification", &parallel);
        assert!(found[0].ends_with("; 5 calls for each request make it 320"), "{found:?}");
    }
}
