//! Wrong answers one by one: the first hundred of each run and the first ten of each kind and cause, and how many there were by cause.

use crate::data::level::{Evidence, Level};
use crate::data::{Cause, Wrongness};
use crate::ids::{EdgeId, ServiceId};
use serde::Serialize;
use std::collections::BTreeMap;

/// How many wrong answers are kept one by one.
pub const FIRST_WRONG: usize = 100;
/// How many of each kind and cause are kept in any case, so that what is frequent does not hide what is rare.
pub const FIRST_OF_EACH: usize = 10;

/// A wrong answer, where it arose.
#[derive(Debug, Clone, PartialEq)]
pub struct WrongAnswer {
    /// When, from time 0 [ns].
    pub at_ns: u64,
    /// In which way it was wrong.
    pub kind: Wrongness,
    /// What made the answer wrong.
    pub cause: Cause,
    /// The call of which it is the answer.
    pub call: EdgeId,
    /// The identity of the request of the load class; `None` where the model needs none, or the answer was long ago.
    pub request: Option<u64>,
    /// The row of the store that was called; `None` of what is no store, or has no keys.
    pub key: Option<u64>,
    /// What the request could show by then, where the model says something of levels.
    pub shown: Option<LevelShown>,
}

/// What a request could show for its level.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelShown {
    /// The level that it carries.
    pub level: Level,
    /// The weakest level at which it has read each store.
    pub chain: Vec<(ServiceId, Level)>,
    /// Its last read at the store that was called, if it is that of one.
    pub evidence: Option<Evidence>,
}

/// The wrong answers of one run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WrongRun {
    /// The first [`FIRST_WRONG`], and the [`FIRST_OF_EACH`] first of each kind and cause. What was taken back is not among them.
    pub first: Vec<WrongAnswer>,
    /// How many there were by kind and cause.
    pub causes: BTreeMap<(Wrongness, Cause), u64>,
}

impl WrongRun {
    /// One more; what it was is asked only where it is among the first.
    pub fn add(&mut self, kind: Wrongness, cause: Cause, what: impl FnOnce() -> WrongAnswer) {
        *self.causes.entry((kind, cause)).or_default() += 1;
        let is_alike = |other: &&WrongAnswer| (other.kind, other.cause) == (kind, cause);
        if self.first.len() < FIRST_WRONG || self.first.iter().filter(is_alike).count() < FIRST_OF_EACH {
            self.first.push(what());
        }
    }

    /// One is none: that of this kind and cause, at this time and call, of this request.
    pub fn take_back(&mut self, of: (Wrongness, Cause), (at_ns, call, request): (u64, EdgeId, Option<u64>)) {
        let Some(number) = self.causes.get_mut(&of) else { return };
        *number -= 1;
        if *number == 0 {
            self.causes.remove(&of);
        }
        let is_it = |wrong: &WrongAnswer| {
            (wrong.kind, wrong.cause) == of && (wrong.at_ns, wrong.call, wrong.request) == (at_ns, call, request)
        };
        if let Some(place) = self.first.iter().rposition(is_it) {
            self.first.remove(place);
        }
    }
}

/// A wrong answer with the names of what it speaks of.
#[derive(Debug, Clone, Serialize, PartialEq)]
pub struct ListedWrong {
    /// The replication in which it was.
    pub replication: u32,
    /// When, from time 0 [s].
    pub at_s: f64,
    /// In which way it was wrong.
    pub kind: &'static str,
    /// What made the answer wrong, as it is written.
    pub cause: &'static str,
    /// The call of which it is the answer.
    pub call: String,
    /// The identity of the request, in hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The row of the store that was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<u64>,
    /// The level that the request carried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<&'static str>,
    /// The stores that it had read, each with the weakest level.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<(String, &'static str)>,
    /// Its last read at the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<Evidence>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_back_is_neither_counted_nor_listed() {
        let mut run = WrongRun::default();
        let (kind, cause, call, key, shown) = (Wrongness::StaleRead, Cause::Replica, EdgeId(0), None, None);
        for at_ns in 0..150 {
            let request = Some(at_ns);
            run.add(kind, cause, || WrongAnswer { at_ns, kind, cause, call, request, key, shown: shown.clone() });
        }
        (0..100).for_each(|at| run.take_back((kind, cause), (at, call, Some(at))));
        assert_eq!((run.first.len(), run.causes[&(kind, cause)]), (0, 50));
        run.add(kind, cause, || WrongAnswer { at_ns: 150, kind, cause, call, request: None, key, shown });
        assert_eq!(run.first.len(), 1, "the first that stands is listed");
        (100..150).for_each(|at| run.take_back((kind, cause), (at, call, Some(at))));
        run.take_back((kind, cause), (150, call, None));
        assert_eq!(run, WrongRun::default());
    }

    #[test]
    fn the_first_of_each_kind_and_cause_are_kept_however_late_they_come() {
        let mut run = WrongRun::default();
        let mut adds = |kind, cause, at_ns| {
            let (call, request, key, shown) = (EdgeId(0), None, None, None);
            run.add(kind, cause, || WrongAnswer { at_ns, kind, cause, call, request, key, shown });
        };
        (0..500).for_each(|at| adds(Wrongness::StaleRead, Cause::Replica, at));
        (500..520).for_each(|at| adds(Wrongness::LostWrite, Cause::Failover, at));
        adds(Wrongness::StaleRead, Cause::Cache, 520);
        let late: Vec<u64> = (500..510).chain([520]).collect();
        assert_eq!(run.first.iter().skip(FIRST_WRONG).map(|wrong| wrong.at_ns).collect::<Vec<_>>(), late);
        assert_eq!(run.causes.values().sum::<u64>(), 521);
    }
}
