//! What stands between a caller and a callee: a doorman, who is asked before an attempt is sent and told how it ended.
//!
//! Breakers, throttles, limits of rate and of concurrency, and pools of connections are doormen. Each is a pure state machine that knows neither
//! frames nor the calendar: it says whether an attempt goes, is refused, waits, or goes later, and the world keeps the queue of those that wait. One
//! that gives places lets an attempt wait only while there is no place, so that the world may ask again for the first in the queue whenever an
//! attempt has ended.
//!
//! Left out here: retry budgets, which are asked for a retry and not for an attempt (`retry/budget`), and the door of an instance, which answers in
//! the same ways, or not at all where nobody is there.

use crate::metrics::{Counter, Level, TimedPart, counters};
use crate::outcome::Outcome;

counters! {
    CallSite {
        GIVEN_UP = "waits_given_up", "attempts that were not sent because their caller gave up while they waited at a limit or for a connection: it crashed, was cancelled, or another copy of a hedged call was sooner", sampled;
    }
}

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
    /// It is let through and has its place, and goes on after a time that is known.
    Later {
        /// The time [ns].
        after_ns: u64,
        /// The longest wait, from when it asked first [ns]: if it is shorter, the attempt gives its place back then and is refused.
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
    /// Whose attempt it is: no other attempt that was let through and has not ended has the same number.
    pub by: u32,
    /// The key of its request, where the doorman tells keys apart.
    pub subject: Option<u64>,
}

/// How an attempt that was sent has ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// The time [ns].
    pub now_ns: u64,
    /// How.
    pub outcome: Outcome,
    /// Time since it asked, as far as whoever is told asks for times; else since its call began [ns].
    pub latency_ns: u64,
    /// Whose attempt it was, as it asked.
    pub by: u32,
    /// Whether the connection over which it went cannot be used again: it was reset, or a reply may still come over it.
    pub is_broken: bool,
}

impl Ended {
    /// Whether it was answered.
    pub fn is_ok(&self) -> bool {
        self.outcome.is_answer()
    }
}

/// What is counted and timed of a doorman, where it is counted apart from others.
#[derive(Debug, Clone, Copy, Default)]
pub struct Marks {
    /// Counts the attempts that it refuses.
    pub refused: Option<Counter>,
    /// Counts those that it lets wait.
    pub waits: Option<Counter>,
    /// Counts those that go later.
    pub later: Option<Counter>,
    /// Counts what [`Doorman::take_counted`] tells.
    pub counted: Option<Counter>,
    /// The time from when an attempt asks until it goes on, has waited for as long as it may, or is given up. Those that are refused at once are not
    /// timed: they were never there.
    pub wait: Option<TimedPart>,
    /// What [`Doorman::level`] tells.
    pub level: Option<Level>,
}

/// One that is asked before an attempt is sent.
pub trait Doorman: std::fmt::Debug {
    /// Whether an attempt may be sent now.
    fn ask(&mut self, knock: Knock) -> Answer;

    /// An attempt that this doorman let go has ended.
    fn ended(&mut self, ended: Ended);

    /// An attempt that this doorman let go comes to no result: it was withdrawn, or another doorman has refused it. `by` is as it asked.
    fn withdrawn(&mut self, now_ns: u64, by: u32);

    /// An attempt that this doorman let go has another number from now on, which no attempt has that was let through and has not ended.
    fn is_renamed(&mut self, _by: u32, _to: u32) {}

    /// The machine of the caller is gone, and what it kept between attempts with it. True where those that wait are not to be let through by the
    /// places that its own attempts give back as they end.
    fn is_gone(&mut self) -> bool {
        false
    }

    /// What is counted and timed of it.
    fn marks(&self) -> Marks {
        Marks::default()
    }

    /// How high its level stands.
    fn level(&self) -> u64 {
        0
    }

    /// The number of events that only this doorman can count, since it was asked last.
    fn take_counted(&mut self) -> u64 {
        0
    }
}
