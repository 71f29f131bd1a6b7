//! Circuit breakers: when to stop calling, and when to try again.
//!
//! The three states are common to all kinds and stand here, the settings that all kinds share in `common.rs`; a kind decides from what it
//! has seen while closed whether to open.

mod common;
mod consecutive;
mod count;
mod rate;

pub use common::{GrowthSettings, HalfOpenSettings, HandSettings};
pub use consecutive::ConsecutiveSettings;
pub use count::CountSettings;
pub use rate::{RateSettings, Window};

use crate::call::doorman::{Answer, Doorman, Ended, Knock, Marks};
use crate::kind::Kind;
use crate::metrics::{Level, counters, levels};
use crate::outcome::Outcome;
use crate::problem::Problems;
use common::{Common, Probe};
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

counters! {
    CallSite {
        OPENED = "breaker_opened", "openings of the breakers of all caller instances", in_a_field;
        REJECTED = "breaker_rejected", "calls that breakers turned away, open, forced open or half-open, also those that a fallback answers; a throttle's are not among them", sampled;
        TRANSITIONS = "breaker_transitions", "state changes of breakers, of all caller instances, including changes by hand; where calls share a breaker, at the call that caused it, or at the first call in the file if none did";
    }
}

levels! {
    Calls {
        CLOSED = "breakers_closed", "caller instances whose breaker is closed";
        OPEN = "breakers_open", "caller instances whose breaker is open, until a call is let through that sees how the callee is";
        HALF_OPEN = "breakers_half_open", "caller instances whose breaker is half-open";
        FORCED_OPEN = "breakers_forced_open", "caller instances whose breaker is forced open";
        DISABLED = "breakers_disabled", "caller instances whose breaker is disabled";
    }
}

/// The state of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Calls pass.
    Closed,
    /// Calls are turned away.
    Open,
    /// A few calls pass to see how the callee is.
    HalfOpen,
    /// Calls are turned away, by hand.
    ForcedOpen,
    /// Calls pass, by hand.
    Disabled,
}

impl State {
    /// All states.
    pub const ALL: [Self; 5] = [Self::Closed, Self::Open, Self::HalfOpen, Self::ForcedOpen, Self::Disabled];

    /// As resilience4j writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::ForcedOpen => "forced_open",
            Self::Disabled => "disabled",
        }
    }

    /// The level of breakers that are in it.
    pub const fn level(self) -> Level {
        match self {
            Self::Closed => CLOSED,
            Self::Open => OPEN,
            Self::HalfOpen => HALF_OPEN,
            Self::ForcedOpen => FORCED_OPEN,
            Self::Disabled => DISABLED,
        }
    }
}

impl From<HandSettings> for State {
    fn from(by_hand: HandSettings) -> Self {
        match by_hand {
            HandSettings::Closed => Self::Closed,
            HandSettings::ForcedOpen => Self::ForcedOpen,
            HandSettings::Disabled => Self::Disabled,
        }
    }
}

/// Where a breaker stands, to tell what has become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its state.
    pub state: State,
    /// How often it has opened, from closed or from half-open.
    pub openings: u32,
    /// How often its state has changed.
    pub transitions: u32,
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
    transitions: u32,
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

    /// Whether it asks how long calls take.
    pub fn times(&self) -> bool {
        matches!(self, Self::Rate(s) if s.asks_for_slow())
    }

    /// The state into which it is put by hand.
    pub fn by_hand(&self) -> HandSettings {
        match self {
            Self::Rate(s) => s.state,
            Self::Count(s) => s.state,
            Self::Consecutive(s) => s.state,
        }
    }

    /// The same settings, put into a state by hand.
    #[must_use]
    pub fn put_by_hand(mut self, to: HandSettings) -> Self {
        match &mut self {
            Self::Rate(s) => s.state = to,
            Self::Count(s) => s.state = to,
            Self::Consecutive(s) => s.state = to,
        }
        self
    }

    /// A breaker with these settings that has seen nothing.
    pub fn build(&self) -> Breaker {
        let (common, evidence) = match self {
            Self::Rate(s) => (s.common(), Evidence::Rate(Box::new(s.build()))),
            Self::Count(s) => (s.common(), Evidence::Count(s.build())),
            Self::Consecutive(s) => (s.common(), Evidence::Consecutive(s.build())),
        };
        Breaker {
            common,
            evidence,
            state: self.by_hand().into(),
            since: 0,
            open_for: common.open_for,
            in_a_row: 0,
            openings: 0,
            transitions: 0,
            permitted: 0,
            successes: 0,
            failures: 0,
            slow: 0,
        }
    }
}

impl Breaker {
    /// Whether a call may go now. An open breaker whose time is over becomes half-open by this question, as resilience4j's does.
    pub fn admit(&mut self, now_ns: u64) -> bool {
        self.give_up_waiting(now_ns);
        if self.state == State::Open && now_ns >= self.since.saturating_add(self.open_for) {
            self.half_open(now_ns);
        }
        match self.state {
            State::Closed | State::Disabled => true,
            State::Open | State::ForcedOpen => false,
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
            // A call that began before it opened changes nothing any more, and by hand no call does.
            State::Open | State::ForcedOpen | State::Disabled => {}
            State::HalfOpen => self.probe(now_ns, failed, latency_ns),
        }
    }

    /// A call that was let through ends without a result: its permit may be used again.
    pub fn abandon(&mut self) {
        if self.state == State::HalfOpen {
            self.permitted = self.permitted.saturating_sub(1);
        }
    }

    /// Where it stands.
    pub fn stands(&self) -> Standing {
        Standing { state: self.state, openings: self.openings, transitions: self.transitions }
    }

    /// When it opens again unless calls decide before, while it is half-open and may not be so for ever [ns].
    pub fn gives_up_at(&self) -> Option<u64> {
        let wait = self.common.max_wait.filter(|_| self.state == State::HalfOpen)?;
        Some(self.since.saturating_add(wait))
    }

    /// Opens it again if it has been half-open for as long as it may. It has then been open since that time, whenever it is asked.
    pub fn give_up_waiting(&mut self, now_ns: u64) {
        if let Some(at_ns) = self.gives_up_at().filter(|at_ns| now_ns >= *at_ns) {
            self.open(at_ns);
        }
    }

    /// It is put into a state by hand. What it has seen is forgotten.
    pub fn becomes(&mut self, by_hand: HandSettings, now_ns: u64) {
        self.close(now_ns);
        self.state = by_hand.into();
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
        self.goes_to(State::Open, now_ns);
        self.in_a_row += 1;
        self.openings += 1;
    }

    fn goes_to(&mut self, state: State, now_ns: u64) {
        self.state = state;
        self.since = now_ns;
        self.transitions += 1;
    }

    fn half_open(&mut self, now_ns: u64) {
        self.goes_to(State::HalfOpen, now_ns);
        (self.permitted, self.successes, self.failures, self.slow) = (0, 0, 0, 0);
    }

    fn close(&mut self, now_ns: u64) {
        self.goes_to(State::Closed, now_ns);
        self.in_a_row = 0;
        match &mut self.evidence {
            Evidence::Rate(e) => e.clear(),
            Evidence::Count(e) => e.clear(),
            Evidence::Consecutive(e) => e.clear(),
        }
    }
}

impl Doorman for Breaker {
    fn ask(&mut self, knock: Knock) -> Answer {
        if self.admit(knock.now_ns) { Answer::Go } else { Answer::Refuse(Outcome::Rejected) }
    }

    fn ended(&mut self, ended: Ended) {
        self.record(ended.now_ns, !ended.is_ok(), ended.latency_ns);
    }

    fn withdrawn(&mut self, _now_ns: u64, _by: u32) {
        self.abandon();
    }

    fn marks(&self) -> Marks {
        Marks { refused: Some(REJECTED), ..Marks::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Count, Factor, Probability, SimDuration};
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
            state: HandSettings::Closed,
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
                match breaker.state {
                    State::Closed => 'C',
                    State::Open => 'O',
                    State::HalfOpen => 'H',
                    State::ForcedOpen | State::Disabled => '-',
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
        assert_eq!(breaker.state, State::HalfOpen);
        let mut breaker = half_open();
        let granted: Vec<bool> = (0..6).map(|_| breaker.admit(0)).collect();
        assert_eq!(granted, [true, true, true, true, false, false]);
    }

    #[test]
    fn half_open_without_result_opens_again_after_its_longest_wait() {
        let mut breaker = half_open();
        assert!(breaker.admit(0));
        assert!(!breaker.admit(S + 1));
        assert_eq!(breaker.state, State::Open);
    }

    #[test]
    fn half_open_for_too_long_is_open_from_then_on_whenever_it_is_asked() {
        let mut breaker = half_open();
        assert!(breaker.admit(0));
        assert_eq!(breaker.gives_up_at(), Some(S));
        // resilience4j's timer opens it at 1 s; 5 s later it is half-open again, whoever asked in the meantime.
        assert!(breaker.admit(6 * S), "open since 1 s");
        assert_eq!(breaker.stands(), Standing { state: State::HalfOpen, openings: 2, transitions: 4 });
    }

    #[test]
    fn by_hand_nothing_that_calls_come_to_changes_it() {
        for (by_hand, state, passes) in
            [(HandSettings::ForcedOpen, State::ForcedOpen, false), (HandSettings::Disabled, State::Disabled, true)]
        {
            let mut breaker = reference();
            breaker.becomes(by_hand, 0);
            for at in 0..10 {
                assert_eq!(breaker.admit(at * 10 * S), passes);
                breaker.record(at * 10 * S, true, 0);
            }
            assert_eq!(breaker.stands(), Standing { state, openings: 0, transitions: 1 });
            breaker.becomes(HandSettings::Closed, 100 * S);
            (0..4).for_each(|_| breaker.record(100 * S, true, 0));
            assert_eq!(breaker.state, State::Closed, "what it saw before is forgotten");
        }
    }

    #[test]
    fn open_time_grows_until_it_closes() {
        let settings = CountSettings {
            failures: Count::new(1),
            minimum_calls: Count::new(1),
            open_for: SimDuration::from_ns(10 * S),
            growth: Some(GrowthSettings { factor: Factor::new(2.0).unwrap(), cap: SimDuration::from_ns(30 * S) }),
            half_open: Some(HalfOpenSettings { successes: Some(Count::new(1)), ..HalfOpenSettings::default() }),
            state: HandSettings::Closed,
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
        assert_eq!(breaker.openings, 5);
        now += 30 * S;
        assert!(breaker.admit(now));
        breaker.record(now, false, 0);
        assert_eq!(breaker.state, State::Closed);
        breaker.record(now, true, 0);
        assert!(breaker.admit(now + 10 * S), "after a success the open time is short again");
    }
}
