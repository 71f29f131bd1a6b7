//! Fallbacks as meant: who answers when a call has failed for good, and what a caller keeps of answers to give again.
//!
//! How a fallback is written stands with the settings of calls, because a fallback may be another call with settings of its own.

use crate::dist::Distribution;
use crate::ids::{EdgeId, KeySpaceId};
use crate::metrics::counters;
use crate::outcome::Outcome;
use crate::units::SimDuration;
use std::collections::BTreeMap;

counters! {
    CallSite {
        USED = "fallbacks", "calls that failed and that their fallback answered, or took over where it is another call", sampled;
        NOTHING_KEPT = "fallbacks_without_answer", "calls that failed while their caller kept no answer that was young enough", sampled;
    }
}

/// What answers a call that failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Fallback {
    /// Time that the fallback takes before it answers, or before its call begins.
    pub latency: Distribution,
    /// What the caller has then; `None` where that is what the other call has.
    pub outcome: Option<Outcome>,
    /// Which failures it answers.
    pub outcomes: Vec<Outcome>,
    /// Where the answer comes from.
    pub source: Source,
}

/// Where the answer of a fallback comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// From the caller itself: a constant, a default, a message.
    Itself,
    /// From the caller's memory: the last good answer to the same key, or to any request where there is no key.
    Kept {
        /// How old the answer may be.
        max_age: SimDuration,
        /// The key space that tells answers apart.
        key: Option<KeySpaceId>,
    },
    /// From another call.
    Call(EdgeId),
}

impl Default for Fallback {
    fn default() -> Self {
        Self {
            latency: Distribution::constant(SimDuration::ZERO),
            outcome: Some(Outcome::Degraded),
            outcomes: vec![Outcome::Rejected, Outcome::Error, Outcome::Timeout, Outcome::Unreachable],
            source: Source::Itself,
        }
    }
}

/// An answer that a caller keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// When it came [ns].
    pub at_ns: u64,
    /// Kinds of wrongness that were in it, one bit each.
    pub wrong: u16,
}

/// The last good answers of all calls whose fallback gives them again, by the state that their callers share, the call and the key.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    answers: BTreeMap<(usize, EdgeId, u64), Answer>,
}

impl Memory {
    /// A good answer has come, and takes the place of the one before.
    pub fn keep(&mut self, of: (usize, EdgeId, u64), answer: Answer) {
        self.answers.insert(of, answer);
    }

    /// The answer that is kept, whatever its age.
    pub fn last(&self, of: (usize, EdgeId, u64)) -> Option<Answer> {
        self.answers.get(&of).copied()
    }

    /// The answer that is kept, if it is not older than `max_age`.
    pub fn not_older(&self, of: (usize, EdgeId, u64), now_ns: u64, max_age: SimDuration) -> Option<Answer> {
        self.last(of).filter(|answer| now_ns - answer.at_ns <= max_age.ns())
    }

    /// A process begins, and has kept nothing.
    pub fn forget(&mut self, shared: usize) {
        if !self.answers.is_empty() {
            self.answers.retain(|of, _| of.0 != shared);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_answers_failures_with_degraded() {
        let fallback = Fallback::default();
        assert_eq!((fallback.outcome, fallback.source), (Some(Outcome::Degraded), Source::Itself));
        assert!(fallback.outcomes.contains(&Outcome::Timeout) && !fallback.outcomes.contains(&Outcome::Ok));
    }

    #[test]
    fn an_answer_is_given_again_until_it_is_too_old() {
        let (mut memory, of, age) = (Memory::default(), (3, EdgeId(1), 7), SimDuration::from_ns(10));
        assert_eq!(memory.not_older(of, 0, age), None);
        memory.keep(of, Answer { at_ns: 100, wrong: 0 });
        assert!(memory.not_older(of, 110, age).is_some() && memory.not_older(of, 111, age).is_none());
        for other in [(2, EdgeId(1), 7), (3, EdgeId(0), 7), (3, EdgeId(1), 6)] {
            assert_eq!(memory.not_older(other, 100, age), None, "{other:?} has answers of its own");
        }
        memory.keep(of, Answer { at_ns: 105, wrong: 1 });
        assert_eq!(memory.not_older(of, 115, age), Some(Answer { at_ns: 105, wrong: 1 }), "the last one counts");
        memory.forget(2);
        assert!(memory.last(of).is_some());
        memory.forget(3);
        assert_eq!(memory.last(of), None);
    }
}
