//! A breaker that never sees as many calls as it asks for.

use super::kind::{Kind, Told};
use super::scene::{Scene, number};
use sim_core::call::balance::BalanceSettings;
use sim_core::call::breaker::{BreakerSettings, HandSettings, Window};
use sim_core::engine::math;
use sim_core::ids::ServiceId;
use sim_core::problem::Severity;
use sim_core::topology::Guard;
use sim_core::units::SimDuration;

/// The probability that a run shows it wrong.
const DOUBT: f64 = 1e-6;

/// A breaker by rate with a window of time, into which too few calls come for its `minimum_calls`.
///
/// # When it speaks
/// Each caller instance has a breaker of its own, and sees the highest rate of the calls that share it, over the number of instances: the rate of
/// the loads, with their shapes at their highest and all retries and hedges used. With m calls expected in a window by that rate, the probability
/// that a window ever holds `minimum_calls` n is at most exp(-(n ln(n/m) - n + m)) for each second of the run and each instance, where n and m are
/// counted in clumps as large as one request can cause. It speaks where all of these together are below one in a million.
///
/// # When it is silent
/// Where a load comes in bursts or from a file, so that no rate bounds it. The rate is not divided among instances that may fail, that a scaler
/// moves, or among which calls are not spread evenly: by weight, by key, by latency, or to pinned connections. Where an experiment sets values or
/// scales, and where the breaker is put into a state by hand.
///
/// # Source
/// resilience4j `CircuitBreakerConfig`: `minimumNumberOfCalls` is 100 unless it is set. The bound is Chernoff's for a Poisson distribution.
pub const KIND: Kind = Kind {
    name: "breaker-never-opens",
    severity: Severity::Warning,
    says: "Fewer calls than a breaker's minimum_calls come within its window, at each caller instance, so that it can never open.",
    source: include_str!("breaker_never_opens.rs"),
    look,
};

fn look(scene: &Scene<'_>, told: &mut Told<'_>) {
    let Some((rates, clumps)) = scene.highest_rates().filter(|_| !scene.changes_while_it_runs()) else { return };
    for (place, guard) in scene.model.guards.iter().enumerate() {
        let (Some(BreakerSettings::Rate(settings)), Some(path)) = (&guard.breaker, scene.breaker_path(place)) else {
            continue;
        };
        let Window::Time(window) = settings.window else { continue };
        if settings.state != HandSettings::Closed {
            // By hand it is in a state on which calls have no say.
            continue;
        }
        let calls: Vec<usize> = scene.edges_of(place).iter().map(|id| id.index()).collect();
        let rate: f64 = calls.iter().map(|call| rates[*call]).sum();
        let clump = calls.iter().map(|call| clumps[*call]).fold(1.0, f64::max);
        let spread = guard.caller.filter(|caller| is_spread(scene, *caller)).map_or(1, |_| scene.callers_of(guard));
        let each = rate / f64::from(spread);
        let (expected, minimum) = (each * window.secs(), settings.evidence());
        let windows = f64::from(spread) * (scene.model.run.duration.secs() + scene.model.run.warm_up.secs()).max(1.0);
        if rate > 0.0 && windows * chance(f64::from(minimum) / clump, expected / clump) < DOUBT {
            let message = "the breaker can never open: minimum_calls is more than the window can hold".to_owned();
            let instances = instances(scene, guard, spread);
            told.tell(
                format!("{path}.rate"),
                message,
                format!(
                    "minimum_calls {minimum}, window {window}, at most {} calls in {window} at {}/s{instances}",
                    number(expected.ceil()),
                    number(each)
                ),
                advice(minimum, expected, each),
            );
        }
    }
}

/// What would let it open: as few calls as surely come, or a window in which enough of them do, twice as long as it takes on average.
fn advice(minimum: u32, expected: f64, each: f64) -> String {
    let seconds = 2.0 * f64::from(minimum) / each;
    let window =
        SimDuration::from_secs_f64(if seconds > 60.0 { (seconds / 60.0).ceil() * 60.0 } else { seconds.ceil() });
    let widen = format!("widen window to {{time: {window}}}, or count calls by window: {{count: {minimum}}}");
    if expected >= 4.0 { format!("lower minimum_calls to {}, {widen}", (expected / 2.0).floor()) } else { widen }
}

fn instances(scene: &Scene<'_>, guard: &Guard, spread: u32) -> String {
    match guard.caller {
        Some(caller) if spread > 1 => format!(" to each of {spread} instances of {}", scene.service(caller)),
        _ => String::new(),
    }
}

/// A bound for the probability that a Poisson number of this mean is at least n; 1 where the mean is not below n.
fn chance(n: f64, mean: f64) -> f64 {
    if mean >= n { 1.0 } else { math::exp(-(n * math::ln(n / mean) - n + mean)) }
}

/// Whether the requests to a service are spread evenly over as many instances as there are at the start, all the time.
fn is_spread(scene: &Scene<'_>, service: ServiceId) -> bool {
    let moves = scene.model.scalers.iter().any(|scaler| scaler.of == service);
    let uneven = scene.edges_to(service).any(|edge| {
        let guard = scene.guard(edge);
        // Others give more to some than to others, by weight, by key or by what they have seen.
        let even = matches!(
            guard.balance,
            BalanceSettings::Random(_) | BalanceSettings::RoundRobin(_) | BalanceSettings::LeastRequests(_)
        );
        !even || guard.ejection.is_some()
    });
    let checked = scene.model.services[service.index()].health.is_some();
    !moves && !uneven && !checked && !scene.may_lose_instances(service)
}

#[cfg(test)]
mod tests {
    use crate::findings::testing::told;

    /// Three calls a second, over two desks, to a breaker with these settings.
    fn found(breaker: &str, faults: &str) -> Vec<String> {
        told("breaker-never-opens", &text(breaker, faults))
    }

    fn text(breaker: &str, faults: &str) -> String {
        format!(
            "load: {{clerks: {{to: desk.form, arrive: {{closed: {{users: 12, think: 4s}}}}}}}}
services:
  desk: {{instances: 2, workers: 16, endpoints: {{form: {{steps: [{{call: {{to: registry.query, breaker: {{rate: {{{breaker}}}}}}}}}]}}}}}}
  registry: {{workers: 8, endpoints: {{query: {{steps: [{{wait: 80ms}}]}}}}}}
{faults}"
        )
    }

    #[test]
    fn three_calls_a_second_never_make_a_hundred_in_ten_seconds() {
        assert_eq!(
            found("window: {time: 10s}", ""),
            [
                "5:102 rate: the breaker can never open: minimum_calls is more than the window can hold; minimum_calls 100, window 10s, at most 15 \
              calls in 10s at 1.5/s to each of 2 instances of desk"
            ]
        );
    }

    #[test]
    fn a_window_that_may_hold_enough_is_not_told() {
        // 15 are expected, and 40 come in one of very many windows.
        assert_eq!(found("window: {time: 10s}, minimum_calls: 40", ""), [""; 0]);
        assert_eq!(found("window: {time: 10s}, minimum_calls: 60", "").len(), 1);
        assert_eq!(found("window: {count: 100}", ""), [""; 0]);
        assert_eq!(found("window: {time: 2m}", ""), [""; 0]);
    }

    #[test]
    fn one_instance_may_have_all_calls_where_they_are_uneven_or_the_other_may_fail() {
        let uneven = text("window: {time: 10s}, minimum_calls: 70", "")
            .replace("think: 4s}}", "think: 4s}}, balance: {weighted: {weights: [99, 1]}}");
        assert_eq!(told("breaker-never-opens", &uneven), [""; 0]);
        let clumps = text("window: {time: 10s}, minimum_calls: 70", "")
            .replace("think: 4s", "think: {gamma: {mean: 4s, cv: 10}}");
        assert_eq!(told("breaker-never-opens", &clumps), [""; 0]);
        let fault = "faults: {f: {inject: crash, where: {service: desk}, at: 1m, for: 1m}}\n";
        assert_eq!(found("window: {time: 10s}, minimum_calls: 70", "").len(), 1);
        assert_eq!(found("window: {time: 10s}, minimum_calls: 70", fault), [""; 0]);
    }
}
