//! Pools of connections: an attempt needs one of a bounded number, takes one that is free, opens a new one or waits.

use crate::call::doorman::{Answer, Doorman, Ended, Knock, Marks};
use crate::dist::{Distribution, Sampler};
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, mix};
use crate::kind::Kind;
use crate::metrics::{counters, levels, timed};
use crate::outcome::Outcome;
use crate::problem::Problems;
use crate::units::{Count, SimDuration};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Keeps the draws of connects apart from those of other doormen.
const CONNECT: u64 = 0x91;

/// At most so many connections of a caller instance to a callee: an attempt needs one to itself, and waits where all are in use.
///
/// # What it models
/// The pool of a database driver or of an HTTP/1.1 client. An attempt, a retry too, takes the free connection that was used last. Where none is free
/// and fewer than `connections` exist, it opens a new one, which takes `connect`. Else it waits, first come, first served. After `max_wait` in all,
/// with the time of a connect, it is turned away (outcome `rejected`, no attempt is sent). The caller keeps its worker while it waits, unless
/// its endpoint is `async`. The timeout of an attempt begins when it is sent; `total_timeout` counts the wait, and ends it.
///
/// A connection is free again when its attempt has an answer, an error too. It is closed and not used again where the attempt was reset
/// (`unreachable`, also where the callee answers with that word), and where its timeout came and the callee was not told to stop (without `cancel:
/// true`): a reply may still come over it. One that was free for longer than `idle_for` is closed; one that is older than `max_age` is closed as soon
/// as it is free. The pool closes what it no longer needs in no time, and opening itself never fails: what is wrong with callee or network meets the
/// attempt that follows. A crash of the caller closes all, and so does its removal by a scaler. Connections are to the callee as a whole and not to
/// one of its instances: one over which nothing is sent while an instance is down survives that. A connect that its attempt gives up, or for which it
/// has waited too long, is dropped; Go and `HikariCP` would keep what it opens late.
///
/// Calls that name one policy share the pool of their caller instance for each callee service. A breaker, a throttle, a `rate_limit` and a
/// `concurrency_limit` are asked before the pool.
///
/// # When to use it
/// Where callers talk to a database, or hold sessions: it is the first queue of most services, and seen by nobody who looks at the database alone.
/// Little's law gives the size: calls a second of one caller instance times the seconds that each takes, and room for bursts.
///
/// # Knobs
/// - `connections`: connections of one caller instance at once, count, required
/// - `max_wait`: how long an attempt waits for its connection, duration, default 1s
/// - `connect`: time to open one, duration or distribution, default 0s
/// - `idle_for`: how long one is kept that nobody uses, duration, default 5m
/// - `max_age`: how old one gets, duration, default none
///
/// # Example
/// ```yaml
/// policies: {db: {timeout: 2s, pool: {connections: 20, max_wait: 500ms, connect: 3ms}}}
/// ```
///
/// # Source
/// Go `database/sql`: `SetMaxOpenConns`, `SetConnMaxIdleTime`, `SetConnMaxLifetime`; the caller that finds none opens its own, and the one used last
/// is taken first. `HikariCP`: `maximumPoolSize`, `connectionTimeout`, `idleTimeout`, `maxLifetime`; a thread is given the connection that it used
/// last, and one in use is never retired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolSettings {
    /// Connections of one caller instance at once.
    pub connections: Count,
    /// How long an attempt waits for its connection.
    #[serde(default = "one_second")]
    pub max_wait: SimDuration,
    /// Time to open one.
    #[serde(default = "at_once")]
    pub connect: Distribution,
    /// How long one is kept that nobody uses.
    #[serde(default = "five_minutes")]
    pub idle_for: SimDuration,
    /// How old one gets; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<SimDuration>,
}

fn one_second() -> SimDuration {
    SimDuration::SECOND
}

fn at_once() -> Distribution {
    Distribution::constant(SimDuration::ZERO)
}

fn five_minutes() -> SimDuration {
    SimDuration::from_ns(300 * SimDuration::SECOND.ns())
}

/// The one kind of pool.
pub const ALL: &[Kind] = &[Kind { family: "pool", name: "pool", schema: || schemars::schema_for!(PoolSettings) }];

counters! {
    CallSite {
        OPENED = "connections_opened", "connections that pools began to open";
        WAITED = "pool_waited", "attempts that found all connections of a pool in use and waited for one", sampled;
        REJECTED = "pool_rejected", "attempts that pools turned away because no connection was free or open in time", sampled;
    }
}

timed! {
    CallSite {
        WAIT = "pool_wait", "time until an attempt has an open connection of a pool, has waited for as long as it may, or is given up; those turned away at once are not timed";
    }
}

levels! {
    Calls {
        IN_USE = "connections_in_use", "connections that attempts hold or wait for to be opened, of the pools of all caller instances";
    }
}

impl PoolSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if self.connections.get() == 0 {
            problems.error("connections", "a pool without connections lets no call through").hint =
                Some("write connections: 20".into());
        }
        problems.at("connect", |p| self.connect.validate(p));
        // One that is drawn may be open in time though its mean is longer.
        if let Some(connect_ns) = self.connect.build().is_constant().filter(|ns| *ns > self.max_wait.ns()) {
            let problem = problems.error("max_wait", "no attempt waits long enough for a connection to be opened");
            problem.label = Some(format!("connect takes {}", SimDuration::from_ns(connect_ns)));
            problem.hint = Some("write a longer time".into());
        }
        if self.max_age.is_some_and(SimDuration::is_zero) {
            problems.error("max_age", "a connection that is too old at once is never used twice").hint =
                Some("write idle_for: 0s for one connection an attempt".into());
        }
    }

    /// A pool without connections.
    pub fn build(&self) -> Pool {
        Pool {
            connections: self.connections.get() as usize,
            max_wait_ns: self.max_wait.ns(),
            connect: self.connect.build(),
            idle_for_ns: self.idle_for.ns(),
            max_age_ns: self.max_age.map_or(u64::MAX, SimDuration::ns),
            held: BTreeMap::new(),
            free: VecDeque::new(),
            opened: 0,
        }
    }
}

/// A pool at work.
#[derive(Debug)]
pub struct Pool {
    connections: usize,
    max_wait_ns: u64,
    connect: Sampler,
    idle_for_ns: u64,
    max_age_ns: u64,
    /// By whose attempt holds it: when each was opened, or will be [ns].
    held: BTreeMap<u32, u64>,
    /// Connections that nobody uses, the one that was used last at the end.
    free: VecDeque<Free>,
    /// Opened since somebody asked.
    opened: u64,
}

#[derive(Debug, Clone, Copy)]
struct Free {
    /// When it was opened [ns].
    born_ns: u64,
    /// Since when nobody uses it [ns].
    since_ns: u64,
}

impl Pool {
    /// A connection that is free, and neither idle for too long nor too old. Those that are too old or idle are closed.
    fn take_free(&mut self, now_ns: u64) -> Option<Free> {
        let idle_for_ns = self.idle_for_ns;
        while self.free.front().is_some_and(|free| now_ns - free.since_ns >= idle_for_ns) {
            self.free.pop_front();
        }
        let max_age_ns = self.max_age_ns;
        while let Some(free) = self.free.pop_back() {
            if now_ns - free.born_ns < max_age_ns {
                return Some(free);
            }
        }
        None
    }

    /// Whether an attempt goes over a connection that was open before.
    pub fn is_used_again(&self, now_ns: u64, by: u32) -> bool {
        self.held.get(&by).is_some_and(|born_ns| *born_ns < now_ns)
    }

    /// An attempt holds its connection no longer.
    fn comes_back(&mut self, now_ns: u64, by: u32, may_be_used: bool) {
        let born_ns = self.held.remove(&by);
        debug_assert!(born_ns.is_some(), "a connection comes back that nobody had");
        let is_open = |born_ns: &u64| *born_ns <= now_ns && now_ns - born_ns < self.max_age_ns;
        if let Some(born_ns) = born_ns.filter(is_open).filter(|_| may_be_used) {
            self.free.push_back(Free { born_ns, since_ns: now_ns });
        }
    }
}

impl Doorman for Pool {
    fn ask(&mut self, knock: Knock) -> Answer {
        if let Some(free) = self.take_free(knock.now_ns) {
            self.held.insert(knock.by, free.born_ns);
            return Answer::Go;
        }
        if self.held.len() < self.connections {
            let after_ns = whole_ns(self.connect.sample(&mut Keyed::new(mix(knock.key, CONNECT))));
            self.held.insert(knock.by, knock.now_ns.saturating_add(after_ns));
            self.opened += 1;
            return match after_ns {
                0 => Answer::Go,
                _ => Answer::Later { after_ns, at_most_ns: self.max_wait_ns },
            };
        }
        match self.max_wait_ns {
            0 => Answer::Refuse(Outcome::Rejected),
            at_most_ns => Answer::Wait { at_most_ns },
        }
    }

    fn ended(&mut self, ended: Ended) {
        self.comes_back(ended.now_ns, ended.by, !ended.is_broken);
    }

    fn withdrawn(&mut self, now_ns: u64, by: u32) {
        self.comes_back(now_ns, by, true);
    }

    fn is_gone(&mut self) -> bool {
        self.free.clear();
        true
    }

    fn marks(&self) -> Marks {
        Marks {
            refused: Some(REJECTED),
            waits: Some(WAITED),
            counted: Some(OPENED),
            wait: Some(WAIT),
            level: Some(IN_USE),
            ..Marks::default()
        }
    }

    fn level(&self) -> u64 {
        self.held.len() as u64
    }

    fn take_counted(&mut self) -> u64 {
        std::mem::take(&mut self.opened)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn pool(json: serde_json::Value) -> Pool {
        let settings: PoolSettings = serde_json::from_value(json).unwrap();
        let mut problems = Problems::new();
        settings.validate(&mut problems);
        assert!(problems.into_vec().is_empty());
        settings.build()
    }

    impl Pool {
        fn asks(&mut self, at_ms: u64, by: u32) -> Answer {
            self.ask(Knock { now_ns: at_ms * MS, key: u64::from(by), by, subject: None })
        }

        fn ends(&mut self, at_ms: u64, by: u32, is_broken: bool) {
            self.ended(Ended {
                now_ns: at_ms * MS,
                outcome: if is_broken { Outcome::Unreachable } else { Outcome::Ok },
                latency_ns: 0,
                by,
                is_broken,
            });
        }
    }

    #[test]
    fn a_free_one_is_taken_then_a_new_one_is_opened_then_one_waits() {
        let mut pool = pool(serde_json::json!({"connections": 2, "max_wait": "100ms", "connect": "3ms"}));
        let opens = Answer::Later { after_ns: 3 * MS, at_most_ns: 100 * MS };
        let waits = Answer::Wait { at_most_ns: 100 * MS };
        assert_eq!([pool.asks(0, 1), pool.asks(1, 2), pool.asks(2, 3)], [opens, opens, waits]);
        assert_eq!((pool.level(), pool.take_counted(), pool.take_counted()), (2, 2, 0));
        pool.ends(10, 1, false);
        assert_eq!([pool.asks(10, 3), pool.asks(10, 4)], [Answer::Go, waits]);
        // What is broken is closed, so that the next opens its own.
        pool.ends(20, 2, true);
        assert_eq!(pool.asks(20, 4), opens);
        // What is withdrawn is free again if it was open already.
        pool.withdrawn(21 * MS, 4);
        assert_eq!(pool.asks(21, 5), opens);
        pool.withdrawn(24 * MS, 5);
        assert_eq!(pool.asks(24, 6), Answer::Go);
        assert_eq!(pool.take_counted(), 2);
    }

    #[test]
    fn the_one_used_last_is_taken_first_and_the_others_grow_idle() {
        let mut pool = pool(serde_json::json!({"connections": 9, "idle_for": "100ms"}));
        (1..=3).for_each(|by| assert_eq!(pool.asks(0, by), Answer::Go));
        assert_eq!(pool.take_counted(), 3);
        [1, 3, 2].into_iter().for_each(|by| pool.ends(u64::from(by) * 10, by, false));
        // One attempt after the other keeps a single connection in use, and the others are closed.
        for at_ms in [50, 90, 110, 120] {
            assert_eq!(pool.asks(at_ms, 7), Answer::Go);
            pool.ends(at_ms + 5, 7, false);
        }
        assert_eq!(pool.take_counted(), 0);
        assert_eq!(pool.asks(140, 8), Answer::Go);
        assert_eq!(pool.take_counted(), 0);
        assert_eq!((pool.asks(140, 9), pool.take_counted()), (Answer::Go, 1), "the other two had been idle for 100 ms");
        let defaults = super::PoolSettings {
            connections: Count::new(1),
            ..serde_json::from_str(r#"{"connections": 1}"#).unwrap()
        };
        assert_eq!((defaults.max_wait.ns(), defaults.idle_for.ns(), defaults.max_age), (1000 * MS, 300_000 * MS, None));
    }

    #[test]
    fn an_old_one_is_closed_when_it_is_free() {
        let mut pool = pool(serde_json::json!({"connections": 1, "max_wait": "0s", "max_age": "100ms"}));
        assert_eq!((pool.asks(0, 1), pool.take_counted()), (Answer::Go, 1));
        assert_eq!(pool.asks(0, 2), Answer::Refuse(Outcome::Rejected));
        pool.ends(40, 1, false);
        assert_eq!((pool.asks(99, 1), pool.take_counted()), (Answer::Go, 0));
        pool.ends(101, 1, false);
        assert_eq!((pool.asks(101, 1), pool.take_counted()), (Answer::Go, 1), "it was in use when it grew too old");
        pool.ends(150, 1, false);
        assert_eq!((pool.asks(202, 1), pool.take_counted()), (Answer::Go, 1), "it was free when it grew too old");
        assert!(pool.is_gone() && pool.free.is_empty());
    }

    #[test]
    fn a_pool_that_can_never_open_a_connection_is_refused() {
        for (json, key) in [
            (serde_json::json!({"connections": 0}), "connections"),
            (serde_json::json!({"connections": 1, "connect": "2s"}), "max_wait"),
            (serde_json::json!({"connections": 1, "max_age": "0s"}), "max_age"),
        ] {
            let settings: PoolSettings = serde_json::from_value(json).unwrap();
            let mut problems = Problems::new();
            settings.validate(&mut problems);
            assert_eq!(problems.into_vec().iter().map(|p| p.path.as_str()).collect::<Vec<_>>(), [key]);
        }
    }
}
