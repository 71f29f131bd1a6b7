//! Circuit breakers: when to stop calling, and when to try again.
//!
//! The three states, half-open probing and the growth of the open time are common to all kinds and stand here; a kind decides from
//! what it has seen while closed whether to open.

mod consecutive;
mod count;
mod rate;

pub use consecutive::ConsecutiveSettings;
pub use count::CountSettings;
pub use rate::{RateSettings, Window};

use crate::kinds::Kind;
use crate::problem::Problems;
use crate::units::{Count, Factor, Probability, SimDuration};
use serde::{Deserialize, Serialize};

/// When to stop calling, as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BreakerSettings {
    /// Opens when too large a share of calls fails or is slow.
    Rate(RateSettings),
    /// Opens after so many failures.
    Count(CountSettings),
    /// Opens after so many failures in a row.
    Consecutive(ConsecutiveSettings),
}

/// The kinds of breaker.
pub const ALL: &[Kind] = &[
    Kind { family: "breaker", name: "rate", schema: || schemars::schema_for!(RateSettings) },
    Kind { family: "breaker", name: "count", schema: || schemars::schema_for!(CountSettings) },
    Kind { family: "breaker", name: "consecutive", schema: || schemars::schema_for!(ConsecutiveSettings) },
];

/// Each opening without a closing in between lasts longer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrowthSettings {
    /// Each opening lasts so many times the one before.
    pub factor: Factor,
    /// And at most so long.
    pub cap: SimDuration,
}

/// How a breaker tries the callee again. Keys that are not given have the kind's default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HalfOpenSettings {
    /// Calls that are let through at once; default 10 for `rate`, else as many as successes are needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<Count>,
    /// Successes that close it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successes: Option<Count>,
    /// Failures that open it again; default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failures: Option<Count>,
    /// Half-open for longer than this without a decision opens it again; default never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_wait: Option<SimDuration>,
}

/// The state of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Calls pass.
    Closed,
    /// Calls are turned away.
    Open,
    /// A few calls pass to see how the callee is.
    HalfOpen,
}

/// How half-open probing is decided.
#[derive(Debug, Clone, Copy)]
pub(super) enum Probe {
    /// After all permitted calls the failure rate (or slow rate) decides, as closed: resilience4j.
    Rate {
        /// Share of failures that opens it again.
        failure: f64,
        /// Share of slow calls that opens it again, and what is slow [ns].
        slow: Option<(f64, u64)>,
    },
    /// So many successes close it, so many failures open it.
    Counts {
        /// Successes needed.
        successes: u32,
        /// Failures that open it.
        failures: u32,
    },
}

/// What all kinds have in common, from their settings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Common {
    open_for: u64,
    growth: Option<(f64, u64)>,
    permits: u32,
    max_wait: Option<u64>,
    probe: Probe,
}

/// What a kind keeps while closed.
#[derive(Debug, Clone)]
enum Evidence {
    Rate(Box<rate::Rate>),
    Count(count::Failures),
    Consecutive(consecutive::Run),
}

/// A breaker at work.
#[derive(Debug, Clone)]
pub struct Breaker {
    common: Common,
    evidence: Evidence,
    state: State,
    /// When the present state began [ns].
    since: u64,
    /// How long it stays open this time [ns].
    open_for: u64,
    /// Openings since it was last closed.
    in_a_row: u32,
    openings: u32,
    permitted: u32,
    successes: u32,
    failures: u32,
    slow: u32,
}

impl BreakerSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        match self {
            Self::Rate(s) => problems.at("rate", |p| s.validate(p)),
            Self::Count(s) => problems.at("count", |p| s.validate(p)),
            Self::Consecutive(s) => problems.at("consecutive", |p| s.validate(p)),
        }
    }

    /// A closed breaker with these settings.
    pub fn build(&self) -> Breaker {
        let (common, evidence) = match self {
            Self::Rate(s) => (s.common(), Evidence::Rate(Box::new(s.build()))),
            Self::Count(s) => (s.common(), Evidence::Count(s.build())),
            Self::Consecutive(s) => (s.common(), Evidence::Consecutive(s.build())),
        };
        Breaker {
            common,
            evidence,
            state: State::Closed,
            since: 0,
            open_for: common.open_for,
            in_a_row: 0,
            openings: 0,
            permitted: 0,
            successes: 0,
            failures: 0,
            slow: 0,
        }
    }
}

/// Problems that any kind may have.
pub(super) fn validate_common(
    open_for: SimDuration,
    growth: Option<&GrowthSettings>,
    half_open: Option<&HalfOpenSettings>,
    problems: &mut Problems,
) {
    if open_for.ns() == 0 {
        problems.error("open_for", "a breaker that is open for no time protects from nothing").hint =
            Some("write open_for: 60s".into());
    }
    if let Some(growth) = growth
        && (growth.factor.value() < 1.0 || growth.cap < open_for)
    {
        problems.error("growth", "the open time has to grow, from open_for to cap").hint =
            Some("write growth: {factor: 2, cap: 10m}".into());
    }
    for (key, count) in half_open
        .map_or([("calls", None); 3], |h| [("calls", h.calls), ("successes", h.successes), ("failures", h.failures)])
    {
        if count.is_some_and(|c| c.get() == 0) {
            problems.at("half_open", |p| {
                p.error(key, format!("half-open needs at least one of `{key}`"));
            });
        }
    }
}

/// What a share above which a breaker opens may be.
pub(super) fn validate_share(key: &str, share: Probability, problems: &mut Problems) {
    if share.value() <= 0.0 {
        problems.error(key, "a threshold of 0% opens the breaker at the first call").hint =
            Some(format!("write {key}: 50%"));
    }
}

impl Common {
    pub(super) fn new(
        open_for: SimDuration,
        growth: Option<&GrowthSettings>,
        permits: u32,
        half_open: Option<&HalfOpenSettings>,
        probe: Probe,
    ) -> Self {
        Self {
            open_for: open_for.ns(),
            growth: growth.map(|g| (g.factor.value(), g.cap.ns())),
            permits,
            max_wait: half_open.and_then(|h| h.max_wait).map(SimDuration::ns).filter(|w| *w > 0),
            probe,
        }
    }
}

impl Breaker {
    /// Whether a call may go now. An open breaker whose time is over becomes half-open by this question, as resilience4j's does.
    pub fn admit(&mut self, now_ns: u64) -> bool {
        if self.state == State::Open && now_ns >= self.since.saturating_add(self.open_for) {
            self.half_open(now_ns);
        }
        self.give_up_waiting(now_ns);
        match self.state {
            State::Closed => true,
            State::Open => false,
            State::HalfOpen => {
                let permitted = self.permitted < self.common.permits;
                self.permitted += u32::from(permitted);
                permitted
            }
        }
    }

    /// A call that was let through has ended. `latency_ns` is how long it took.
    pub fn record(&mut self, now_ns: u64, failed: bool, latency_ns: u64) {
        self.give_up_waiting(now_ns);
        match self.state {
            State::Closed => {
                let opens = match &mut self.evidence {
                    Evidence::Rate(e) => e.record(now_ns, failed, latency_ns),
                    Evidence::Count(e) => e.record(failed),
                    Evidence::Consecutive(e) => e.record(failed),
                };
                if opens {
                    self.open(now_ns);
                }
            }
            // A call that began before it opened: its result changes nothing any more.
            State::Open => {}
            State::HalfOpen => self.probe(now_ns, failed, latency_ns),
        }
    }

    /// A call that was let through ends without a result: its permit may be used again.
    pub fn abandon(&mut self) {
        if self.state == State::HalfOpen {
            self.permitted = self.permitted.saturating_sub(1);
        }
    }

    /// The present state.
    pub fn state(&self) -> State {
        self.state
    }

    /// How often it has opened, from closed or from half-open.
    pub fn openings(&self) -> u32 {
        self.openings
    }

    fn give_up_waiting(&mut self, now_ns: u64) {
        if self.state == State::HalfOpen
            && let Some(wait) = self.common.max_wait
            && now_ns >= self.since.saturating_add(wait)
        {
            self.open(now_ns);
        }
    }

    fn probe(&mut self, now_ns: u64, failed: bool, latency_ns: u64) {
        self.successes += u32::from(!failed);
        self.failures += u32::from(failed);
        match self.common.probe {
            Probe::Counts { successes, failures } => {
                if self.failures >= failures {
                    self.open(now_ns);
                } else if self.successes >= successes {
                    self.close(now_ns);
                } else {
                    // The permit comes back, so that as many are under way as are permitted.
                    self.permitted = self.permitted.saturating_sub(1);
                }
            }
            Probe::Rate { failure, slow } => {
                self.slow += u32::from(slow.is_some_and(|(_, duration)| latency_ns > duration));
                let total = self.successes + self.failures;
                if total < self.common.permits {
                    return;
                }
                let reaches = |n: u32, share: f64| f64::from(n) >= share * f64::from(total);
                if reaches(self.failures, failure) || slow.is_some_and(|(share, _)| reaches(self.slow, share)) {
                    self.open(now_ns);
                } else {
                    self.close(now_ns);
                }
            }
        }
    }

    fn open(&mut self, now_ns: u64) {
        self.open_for = match self.common.growth {
            None => self.common.open_for,
            Some((factor, cap)) => {
                let mut length = self.common.open_for as f64;
                for _ in 0..self.in_a_row.min(64) {
                    length *= factor;
                }
                length.min(cap as f64) as u64
            }
        };
        self.state = State::Open;
        self.since = now_ns;
        self.in_a_row += 1;
        self.openings += 1;
    }

    fn half_open(&mut self, now_ns: u64) {
        self.state = State::HalfOpen;
        self.since = now_ns;
        (self.permitted, self.successes, self.failures, self.slow) = (0, 0, 0, 0);
    }

    fn close(&mut self, now_ns: u64) {
        self.state = State::Closed;
        self.since = now_ns;
        self.in_a_row = 0;
        match &mut self.evidence {
            Evidence::Rate(e) => e.clear(),
            Evidence::Count(e) => e.clear(),
            Evidence::Consecutive(e) => e.clear(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    const S: u64 = 1_000_000_000;

    /// The configuration of resilience4j's `CircuitBreakerStateMachineTest` (resilience4j@af9e7c97): failure rate 50 %, slow call
    /// over 4 s, slow rate 50 %, 4 permits half-open, time window 20 s, minimum 5 calls, 5 s open, at most 1 s half-open.
    fn reference() -> Breaker {
        let settings = RateSettings {
            failure_rate: Probability::new(0.5).unwrap(),
            slow_call_rate: Probability::new(0.5),
            slow_call_duration: Some(SimDuration::from_ns(4 * S)),
            window: Window::Time(SimDuration::from_ns(20 * S)),
            minimum_calls: Some(Count::new(5)),
            open_for: SimDuration::from_ns(5 * S),
            growth: None,
            half_open: Some(HalfOpenSettings {
                calls: Some(Count::new(4)),
                max_wait: Some(SimDuration::from_ns(S)),
                ..HalfOpenSettings::default()
            }),
        };
        BreakerSettings::Rate(settings).build()
    }

    fn check(mut breaker: Breaker, events: &str, expected: &str) {
        let states: String = events
            .chars()
            .map(|event| {
                match event {
                    'E' => breaker.record(0, true, 0),
                    'e' => breaker.record(0, true, 5 * S),
                    'S' => breaker.record(0, false, 0),
                    's' => breaker.record(0, false, 5 * S),
                    _ => breaker.abandon(),
                }
                match breaker.state() {
                    State::Closed => 'C',
                    State::Open => 'O',
                    State::HalfOpen => 'H',
                }
            })
            .collect();
        assert_eq!(states, expected, "after {events}");
    }

    fn half_open() -> Breaker {
        let mut breaker = reference();
        (0..5).for_each(|_| breaker.record(0, true, 0));
        breaker.half_open(0);
        breaker
    }

    #[test]
    fn opens_at_the_fifth_call_by_failure_rate() {
        check(reference(), "EEESS", "CCCCO");
    }

    #[test]
    fn opens_at_the_fifth_call_by_slow_rate() {
        check(reference(), "esESs", "CCCCO");
    }

    #[test]
    fn half_open_is_decided_by_the_rate_of_all_permitted_calls() {
        check(half_open(), "EESE", "HHHO");
        check(half_open(), "ESSS", "HHHC");
        check(half_open(), "IIIISSSS", "HHHHHHHC");
    }

    #[test]
    fn open_denies_until_its_time_is_over_and_then_permits_four() {
        let mut breaker = reference();
        (0..5).for_each(|_| breaker.record(0, true, 0));
        let granted: Vec<bool> = [0, 3 * S, 6 * S].iter().map(|&t| breaker.admit(t)).collect();
        assert_eq!(granted, [false, false, true]);
        assert_eq!(breaker.state(), State::HalfOpen);
        let mut breaker = half_open();
        let granted: Vec<bool> = (0..6).map(|_| breaker.admit(0)).collect();
        assert_eq!(granted, [true, true, true, true, false, false]);
    }

    #[test]
    fn half_open_without_result_opens_again_after_its_longest_wait() {
        let mut breaker = half_open();
        assert!(breaker.admit(0));
        assert!(!breaker.admit(S + 1));
        assert_eq!(breaker.state(), State::Open);
    }

    #[test]
    fn open_time_grows_until_it_closes() {
        let settings = CountSettings {
            failures: Count::new(1),
            minimum_calls: Count::new(1),
            open_for: SimDuration::from_ns(10 * S),
            growth: Some(GrowthSettings { factor: Factor::new(2.0).unwrap(), cap: SimDuration::from_ns(30 * S) }),
            half_open: Some(HalfOpenSettings { successes: Some(Count::new(1)), ..HalfOpenSettings::default() }),
        };
        let mut breaker = BreakerSettings::Count(settings).build();
        breaker.record(0, true, 0);
        let mut now = 0;
        for length in [10, 20, 30, 30] {
            assert!(!breaker.admit(now + length * S - 1));
            now += length * S;
            assert!(breaker.admit(now));
            breaker.record(now, true, 0);
        }
        assert_eq!(breaker.openings(), 5);
        now += 30 * S;
        assert!(breaker.admit(now));
        breaker.record(now, false, 0);
        assert_eq!(breaker.state(), State::Closed);
        breaker.record(now, true, 0);
        assert!(breaker.admit(now + 10 * S), "after a success the open time is short again");
    }
}
