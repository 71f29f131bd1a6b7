//! What the limits that move have in common: the places that they give, and what each attempt tells them when it ends.

use crate::call::doorman::{Answer, Ended, Knock};
use crate::outcome::Outcome;
use std::collections::BTreeMap;
use std::fmt::Debug;

/// How a limit moves.
pub(super) trait Rule: Debug + Clone {
    /// How many attempts may be under way now. `key` is that of the attempt that asks, for a rule that draws.
    fn limit(&mut self, now_ns: u64, key: u64) -> u64;

    /// An attempt has ended.
    fn sample(&mut self, sample: Sample);
}

/// What an attempt that has ended tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// When it ended [ns].
    pub now_ns: u64,
    /// How long it took [ns].
    pub rtt_ns: u64,
    /// How many were under way when it began, itself among them.
    pub in_flight: u64,
    /// How it ended.
    pub outcome: Outcome,
}

impl Sample {
    /// Whether the callee is overloaded, as far as this attempt can tell: it came to nothing, or was turned away.
    ///
    /// Netflix's interceptors call `onDropped` for a call that is unavailable or over its time.
    pub fn is_dropped(&self) -> bool {
        matches!(self.outcome, Outcome::Timeout | Outcome::Unreachable | Outcome::Rejected | Outcome::Shed)
    }

    /// Whether it says nothing: an answer with an error may be quick because nothing was done, which Netflix's interceptors tell by `onIgnore`.
    pub fn is_ignored(&self) -> bool {
        matches!(self.outcome, Outcome::Error | Outcome::Refused)
    }
}

/// A limit that moves, at work.
#[derive(Debug, Clone)]
pub(super) struct Adaptive<R> {
    /// How it moves.
    rule: R,
    /// Attempts under way: when each began [ns], and how many were under way then.
    under_way: BTreeMap<u32, (u64, u64)>,
}

impl<R: Rule> Adaptive<R> {
    pub fn new(rule: R) -> Self {
        Self { rule, under_way: BTreeMap::new() }
    }

    pub fn ask(&mut self, knock: Knock) -> Answer {
        let in_flight = self.under_way();
        if in_flight >= self.rule.limit(knock.now_ns, knock.key) {
            return Answer::Refuse(Outcome::Rejected);
        }
        self.under_way.insert(knock.by, (knock.now_ns, in_flight + 1));
        Answer::Go
    }

    pub fn ended(&mut self, ended: Ended) {
        if let Some((began_ns, in_flight)) = self.under_way.remove(&ended.by) {
            let rtt_ns = ended.now_ns - began_ns;
            self.rule.sample(Sample { now_ns: ended.now_ns, rtt_ns, in_flight, outcome: ended.outcome });
        }
    }

    pub fn withdrawn(&mut self, by: u32) {
        self.under_way.remove(&by);
    }

    pub fn is_renamed(&mut self, by: u32, to: u32) {
        if let Some(began) = self.under_way.remove(&by) {
            self.under_way.insert(to, began);
        }
    }

    pub fn under_way(&self) -> u64 {
        self.under_way.len() as u64
    }
}
