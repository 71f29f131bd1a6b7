//! What stands at the door of an instance: limits of rate and of concurrency, and shedding, of all requests or of those to one endpoint.
//!
//! The limits are those of calls, asked here by the callee. They give a place or refuse: a request that may wait does so in the queue for a
//! worker. The state is one instance's, and new when it starts.

use crate::call::doorman::{Answer, Doorman, Ended, Knock};
use crate::call::limit::{LimitSettings, Limiter};
use crate::call::rate_limit::{RateLimitSettings, RateLimiter};
use crate::kind::Kind;
use crate::metrics::{Counter, counters, levels};
use crate::outcome::Outcome;
use crate::problem::Problems;
use crate::service::shed::ShedSettings;
use crate::workload::Priority;
use serde::{Deserialize, Serialize};

/// What an instance, or one of its endpoints, asks of a request before it lets it in.
///
/// # What it models
/// The door of a server. Each request that reaches an instance is asked by `rate_limit`, then by `shed`, then by `concurrency_limit`: first by those
/// of the service, then by those of the endpoint. One that is refused is answered at once (outcome `rejected`, or `shed`), takes no worker, and no
/// place in the queue. A place under the `concurrency_limit` is held from the door until the request leaves the instance, with its wait for a worker.
/// A request that finds the queue full is rejected by the queue and asked nothing.
///
/// Each instance has limits of its own, which are new after a crash. Nobody waits at the door, so that `max_wait` of the limits has to be 0s and
/// `leaky_bucket` is refused: what may wait, waits in the queue. A message that a door turns away comes back to its queue at once, which counts as a
/// delivery.
///
/// # When to use it
/// To bound the work that an instance takes on, from all callers together; to keep one endpoint from taking all workers; to shed what matters less.
///
/// # Knobs
/// - `rate_limit`: a kind of rate limit, default none
/// - `concurrency_limit`: a kind of limit of concurrency, default none
/// - `shed`: a kind of shedding, default none
///
/// # Example
/// ```yaml
/// services:
///   api: {workers: 16, admission: {rate_limit: {token_bucket: {rate: 1k/s, burst: 100}}, concurrency_limit: {bulkhead: {limit: 64}}}}
/// ```
///
/// # Source
/// Envoy's local rate limit and admission filters; Netflix `concurrency-limits` for servers; Beyer et al., "Site Reliability Engineering", ch. 21.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdmissionSettings {
    /// How many requests are let in, in a stretch of time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimitSettings>,
    /// How many requests are inside at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency_limit: Option<LimitSettings>,
    /// Which requests are turned away because others matter more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shed: Option<ShedSettings>,
}

/// The one kind of admission.
pub const ALL: &[Kind] =
    &[Kind { family: "admission", name: "admission", schema: || schemars::schema_for!(AdmissionSettings) }];

counters! {
    Service {
        RATE_LIMITED = "admission_rate_limited", "requests that limits of rate at the door turned away", sampled;
        LIMITED = "admission_limited", "requests that limits of concurrency at the door turned away", sampled;
        SHED = "admission_shed", "requests that were shed at the door", sampled;
    }
}

levels! {
    Service {
        PLACES = "admission_places", "places under limits of concurrency at the door that requests hold, of all instances";
    }
}

impl AdmissionSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if *self == Self::default() {
            problems.error("", "an admission that asks nothing lets all in").hint =
                Some("write admission: {concurrency_limit: {bulkhead: {limit: 64}}}".into());
        }
        const WAITS: &str = "nobody waits at a door: requests wait in the queue for a worker";
        if let Some(rate) = &self.rate_limit {
            problems.at("rate_limit", |p| rate.validate(p));
            if rate.may_delay() {
                problems.error(&format!("rate_limit.{}", rate.name()), WAITS).hint =
                    Some("write a token_bucket without max_wait".into());
            }
        }
        if let Some(limit) = &self.concurrency_limit {
            problems.at("concurrency_limit", |p| limit.validate(p));
            if limit.may_delay() {
                problems.error("concurrency_limit", WAITS).hint = Some("leave max_wait out".into());
            }
        }
        if let Some(shed) = &self.shed {
            problems.at("shed", |p| shed.validate(p));
        }
    }

    /// Whether another asks the same things, so that one may become the other while a run goes on.
    pub fn is_like(&self, other: &Self) -> bool {
        let rate = match (&self.rate_limit, &other.rate_limit) {
            (Some(a), Some(b)) => a.is_like(b),
            (a, b) => a.is_none() && b.is_none(),
        };
        let limit = match (&self.concurrency_limit, &other.concurrency_limit) {
            (Some(LimitSettings::Bulkhead(_)), Some(LimitSettings::Bulkhead(_))) => true,
            (a, b) => a == b,
        };
        rate && limit && self.shed.is_some() == other.shed.is_some()
    }

    /// A door through which nobody has come.
    /// `zero_ns` is time 0 of the run [ns from the start].
    pub fn build(&self, zero_ns: u64) -> Admission {
        Admission {
            rate: self.rate_limit.as_ref().map(|rate| rate.build(zero_ns)),
            most_ns: self.shed.as_ref().map(ShedSettings::most_ns),
            limit: self.concurrency_limit.as_ref().map(LimitSettings::build),
        }
    }
}

/// A door at work.
#[derive(Debug)]
pub struct Admission {
    rate: Option<RateLimiter>,
    most_ns: Option<[u64; 4]>,
    limit: Option<Limiter>,
}

/// A request at the door.
#[derive(Debug, Clone, Copy)]
pub struct AtDoor {
    /// As a doorman is asked; `subject` is the key of whatever key space the limits are `per`.
    pub knock: Knock,
    /// How important it is.
    pub priority: Priority,
    /// How slow the queue is [ns].
    pub queue_wait_ns: u64,
}

impl Admission {
    /// Whether a request is let in: else how it ends, and the counter of those.
    ///
    /// # Errors
    /// The outcome and the counter.
    pub fn ask(&mut self, at: AtDoor) -> Result<(), (Outcome, Counter)> {
        if let Some(rate) = &mut self.rate
            && rate.ask(at.knock) != Answer::Go
        {
            return Err((Outcome::Rejected, RATE_LIMITED));
        }
        if self.most_ns.is_some_and(|most_ns| at.queue_wait_ns > most_ns[at.priority as usize]) {
            return Err((Outcome::Shed, SHED));
        }
        if let Some(limit) = &mut self.limit
            && limit.ask(at.knock) != Answer::Go
        {
            return Err((Outcome::Rejected, LIMITED));
        }
        Ok(())
    }

    /// Another door of the same kind from now on; who is inside stays.
    pub fn becomes(&mut self, now_ns: u64, settings: &AdmissionSettings) {
        if let (Some(rate), Some(settings)) = (&mut self.rate, &settings.rate_limit) {
            rate.becomes(now_ns, settings);
        }
        self.most_ns = settings.shed.as_ref().map(ShedSettings::most_ns);
        if let (Some(limit), Some(settings @ LimitSettings::Bulkhead(_))) =
            (&mut self.limit, &settings.concurrency_limit)
        {
            limit.becomes(settings);
        }
    }

    /// A request that was let in has left.
    pub fn left(&mut self, ended: Ended) {
        if let Some(limit) = &mut self.limit {
            limit.ended(ended);
        }
    }

    /// A request that was let in here is refused at another door.
    pub fn withdrawn(&mut self, now_ns: u64, by: u32) {
        if let Some(limit) = &mut self.limit {
            limit.withdrawn(now_ns, by);
        }
    }

    /// A request that was let in has another number from now on.
    pub fn is_renamed(&mut self, by: u32, to: u32) {
        if let Some(limit) = &mut self.limit {
            limit.is_renamed(by, to);
        }
    }

    /// Places that are taken.
    pub fn places(&self) -> u64 {
        self.limit.as_ref().map_or(0, Doorman::level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(json: serde_json::Value) -> AdmissionSettings {
        serde_json::from_value(json).unwrap()
    }

    fn problems(json: serde_json::Value) -> Vec<String> {
        let mut problems = Problems::new();
        settings(json).validate(&mut problems);
        problems.into_vec().into_iter().map(|p| p.path).collect()
    }

    #[test]
    fn what_would_wait_at_the_door_is_refused() {
        use serde_json::json;
        assert_eq!(problems(json!({})), [""]);
        assert!(problems(json!({"concurrency_limit": {"bulkhead": {"limit": 8}}})).is_empty());
        let waits = json!({"concurrency_limit": {"bulkhead": {"limit": 8, "max_wait": "1ms"}}});
        assert_eq!(problems(waits), ["concurrency_limit"]);
        assert!(problems(json!({"rate_limit": {"token_bucket": {"rate": "1/s"}}})).is_empty());
        let waits = json!({"rate_limit": {"sliding_window": {"max_wait": "1s"}}});
        assert_eq!(problems(waits), ["rate_limit.sliding_window"]);
        assert_eq!(problems(json!({"rate_limit": {"leaky_bucket": {"rate": "1/s"}}})), ["rate_limit.leaky_bucket"]);
    }

    #[test]
    fn all_are_asked_in_turn_and_places_come_back() {
        let mut door = settings(serde_json::json!({
            "rate_limit": {"token_bucket": {"rate": "1/s", "burst": 4}},
            "shed": {"by_priority": {"queue_wait": {"sheddable": "20ms"}}},
            "concurrency_limit": {"bulkhead": {"limit": 2}},
        }))
        .build(0);
        let mut asks = |priority, queue_wait_ns| {
            let knock = Knock { now_ns: 0, key: 0, by: 0, subject: None };
            door.ask(AtDoor { knock, priority, queue_wait_ns }).map_err(|(outcome, counter)| (outcome, counter.name))
        };
        assert_eq!(asks(Priority::Sheddable, 20_000_001), Err((Outcome::Shed, "admission_shed")));
        assert_eq!(asks(Priority::Critical, 20_000_001), Ok(()));
        assert_eq!(asks(Priority::Sheddable, 0), Ok(()));
        assert_eq!(asks(Priority::Critical, 0), Err((Outcome::Rejected, "admission_limited")));
        assert_eq!(asks(Priority::Critical, 0), Err((Outcome::Rejected, "admission_rate_limited")));
        assert_eq!(door.places(), 2);
        door.left(Ended { now_ns: 0, outcome: Outcome::Ok, latency_ns: 0, by: 0, is_broken: false });
        door.withdrawn(0, 0);
        assert_eq!(door.places(), 0);
    }
}
