//! What stands between a caller and a callee: a doorman, who is asked before an attempt is sent and told how it ended.
//!
//! Breakers, throttles and limits of concurrency are doormen. Each is a pure state machine that knows neither frames nor the calendar: it says
//! whether an attempt goes, is refused or waits, and the world keeps the queue of those that wait. A doorman that lets wait is asked last, so that an
//! attempt that has waited is asked by nobody else; and it gives a place only while there is one, so that the world may ask again for the first in the
//! queue whenever an attempt has ended.
//!
//! Left out here: retry budgets, which are asked for a retry and not for an attempt (`retry/budget`), and the door of an instance, which answers in
//! the same three ways, or not at all where nobody is there.

use crate::metrics::Counter;
use crate::outcome::Outcome;

/// What a doorman says to an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The attempt may be sent.
    Go,
    /// It is not sent, and ends with this outcome.
    Refuse(Outcome),
    /// It waits behind those that wait already, and is refused if its turn has not come by then.
    Wait {
        /// The longest wait [ns].
        at_most_ns: u64,
    },
}

/// An attempt that asks.
#[derive(Debug, Clone, Copy)]
pub struct Knock {
    /// The time [ns].
    pub now_ns: u64,
    /// From which a doorman that decides by chance draws: the same for the same attempt in every variant of a scenario.
    pub key: u64,
}

/// How an attempt that was sent has ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// The time [ns].
    pub now_ns: u64,
    /// Whether it was answered.
    pub ok: bool,
    /// Time since its call began [ns].
    pub latency_ns: u64,
}

/// One that is asked before an attempt is sent.
pub trait Doorman {
    /// Whether an attempt may be sent now.
    fn ask(&mut self, knock: Knock) -> Answer;

    /// An attempt that this doorman let go has ended.
    fn ended(&mut self, ended: Ended);

    /// An attempt that this doorman let go comes to no result: it was withdrawn, or another doorman has refused it.
    fn withdrawn(&mut self, now_ns: u64);

    /// The counter of the attempts that it refuses, where they are counted apart from those of others.
    fn refusals(&self) -> Option<Counter> {
        None
    }
}
