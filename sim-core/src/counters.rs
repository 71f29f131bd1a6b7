//! The one list that joins the counters, the timed parts and the levels of all families.
//!
//! A family declares its counters in its own `mod.rs`; where they are stored, how they are added up and taken apart, which of them
//! telemetry, expressions, the reference and results have, all of that follows from here without another edit.

use crate::call::{activator, breaker, deadline, doorman, ejection, fallback, hedge, limit, pool, rate_limit, retry};
use crate::message::{outbox, saga, topic};
use crate::metrics::{Counted, Counter, CounterPlace, Level, LevelId, PartId, TimedPart};
use crate::service::{admission, cpu, discipline, disk, memory, nic, nodes, sizes};
use crate::workload::complaints;
use crate::{data, service};

/// The families that count.
const FAMILIES: &[&[Counter]] = &[
    retry::COUNTERS,
    hedge::COUNTERS,
    ejection::COUNTERS,
    breaker::COUNTERS,
    deadline::COUNTERS,
    doorman::COUNTERS,
    limit::COUNTERS,
    pool::COUNTERS,
    rate_limit::COUNTERS,
    activator::COUNTERS,
    admission::COUNTERS,
    discipline::COUNTERS,
    cpu::COUNTERS,
    memory::COUNTERS,
    disk::COUNTERS,
    nic::COUNTERS,
    crate::network::COUNTERS,
    data::COUNTERS,
    data::cache::COUNTERS,
    data::gate::COUNTERS,
    data::stock::COUNTERS,
    fallback::COUNTERS,
    outbox::COUNTERS,
    saga::COUNTERS,
    topic::COUNTERS,
    complaints::COUNTERS,
];

/// The families in which something is timed.
const TIMED_FAMILIES: &[&[TimedPart]] =
    &[service::TIMED, disk::TIMED, data::TIMED, limit::TIMED, pool::TIMED, rate_limit::TIMED, activator::TIMED];

/// The families in which something goes up and down.
const LEVEL_FAMILIES: &[&[Level]] = &[
    breaker::LEVELS,
    limit::LEVELS,
    pool::LEVELS,
    activator::LEVELS,
    admission::LEVELS,
    memory::LEVELS,
    disk::LEVELS,
    data::LEVELS,
    nodes::LEVELS,
    sizes::LEVELS,
    outbox::LEVELS,
    saga::LEVELS,
    topic::LEVELS,
];

/// The timed parts of services, stores, queues and call sites.
pub const TIMED: &[TimedPart] = &flat::<TimedPart, { number_of(TIMED_FAMILIES) }>(TIMED_FAMILIES);

/// The levels of services and of what calls share.
pub const LEVELS: &[Level] = &flat::<Level, { number_of(LEVEL_FAMILIES) }>(LEVEL_FAMILIES);

/// The wait for a worker. It is timed for every request, so that stations keep it apart from all other parts.
pub const WAIT: PartId = part(&service::QUEUE_WAIT);

/// Instances that run, by the places of the sizes of their machines behind the first.
pub const RUNNING_AT_SIZE: [LevelId; sizes::MOST - 1] =
    [level(&sizes::RUNNING_2), level(&sizes::RUNNING_3), level(&sizes::RUNNING_4)];
/// The same of instances that are paid for.
pub const PAID_AT_SIZE: [LevelId; sizes::MOST - 1] =
    [level(&sizes::PAID_2), level(&sizes::PAID_3), level(&sizes::PAID_4)];

/// What is timed and counted of probes, behind the parts that have names: metrics of their own read it.
pub mod probe {
    use super::{LEVELS, LevelId, PartId, TIMED};

    /// How long probes that arrived were on their way.
    pub const ARRIVED: PartId = PartId(TIMED.len() as u8);
    /// Probes that were lost; of them only the number is read.
    pub const LOST: PartId = PartId(TIMED.len() as u8 + 1);
    /// Those of them of which the probe the other way arrived.
    pub const ONE_WAY: PartId = PartId(TIMED.len() as u8 + 2);
    /// How long the latest probe was on its way [ns], 0 where it was lost.
    pub const LATEST_NS: LevelId = LevelId(LEVELS.len() as u8);
    /// 1 from the moment on at which the fate of a probe is known.
    pub const IS_KNOWN: LevelId = LevelId(LEVELS.len() as u8 + 1);
    /// 1 while the latest probe was lost.
    pub const LATEST_LOST: LevelId = LevelId(LEVELS.len() as u8 + 2);
    /// 1 while the latest probe was lost, and that of the other way arrived.
    pub const LATEST_ONE_WAY: LevelId = LevelId(LEVELS.len() as u8 + 3);
}

/// What is timed and counted of links, behind what is of probes: metrics of their own read it. All but the first two are sums alone.
pub mod link {
    use super::PartId;
    use super::probe::ONE_WAY;

    /// How long messages that arrived were on their way.
    pub const CARRIED: PartId = PartId(ONE_WAY.0 + 1);
    /// How many messages had set out within 10 ms, each time that such a stretch was over.
    pub const STARTS: PartId = PartId(ONE_WAY.0 + 2);
    /// Messages that were lost for good.
    pub const LOST: PartId = PartId(ONE_WAY.0 + 3);
    /// What was sent [bytes].
    pub const SENT: PartId = PartId(ONE_WAY.0 + 4);
    /// How long the sending end was busy [ns].
    pub const BUSY: PartId = PartId(ONE_WAY.0 + 5);
    /// Integral over time of what waited or was being sent [bytes us].
    pub const BACKLOG: PartId = PartId(ONE_WAY.0 + 6);
    /// [`crate::network::DROPPED`] of a link.
    pub const DROPPED: PartId = PartId(ONE_WAY.0 + 7);
    /// [`crate::network::SEGMENTS_DROPPED`] of a link.
    pub const SEGMENTS_DROPPED: PartId = PartId(ONE_WAY.0 + 8);
    /// [`crate::network::TRANSPORT_TIMEOUTS`] of a link.
    pub const TIMEOUTS: PartId = PartId(ONE_WAY.0 + 9);
    /// Changes of the links that a route uses.
    pub const ROUTE_CHANGES: PartId = PartId(ONE_WAY.0 + 10);
}

/// How many counters of call sites there are.
pub const CALL_SITE_COUNTERS: usize = number(Counted::CallSite);
/// The counters of call sites.
pub const CALL_SITE: &[Counter; CALL_SITE_COUNTERS] = &joined(Counted::CallSite);

/// How many counters of services, stores and queues there are.
pub const SERVICE_COUNTERS: usize = number(Counted::Service);
/// The counters of services, stores and queues.
pub const SERVICE: &[Counter; SERVICE_COUNTERS] = &joined(Counted::Service);

/// All counters.
pub fn all() -> impl Iterator<Item = &'static Counter> {
    CALL_SITE.iter().chain(SERVICE)
}

/// The place of a counter among those of its kind of subject.
///
/// # Panics
/// Where the family of the counter is missing in the list of this file: at compile time where the place is a constant, as in `count!`.
pub const fn place(counter: &Counter) -> CounterPlace {
    let all: &[Counter] = match counter.of {
        Counted::CallSite => CALL_SITE,
        Counted::Service => SERVICE,
    };
    let mut at = 0;
    while at < all.len() {
        if is_same(all[at].name, counter.name) {
            return CounterPlace(at);
        }
        at += 1;
    }
    panic!("the counter's family is not in the list of `counters.rs`");
}

/// The number of a timed part.
///
/// # Panics
/// Where the family of the part is missing in the list of this file: at compile time where the number is a constant.
pub const fn part(part: &TimedPart) -> PartId {
    let mut at = 0;
    while at < TIMED.len() {
        if is_same(TIMED[at].name, part.name) {
            return PartId(at as u8);
        }
        at += 1;
    }
    panic!("the part's family is not in the list of `counters.rs`");
}

/// The number of a level.
///
/// # Panics
/// Where the family of the level is missing in the list of this file: at compile time where the number is a constant.
pub const fn level(level: &Level) -> LevelId {
    let mut at = 0;
    while at < LEVELS.len() {
        if is_same(LEVELS[at].name, level.name) {
            return LevelId(at as u8);
        }
        at += 1;
    }
    panic!("the level's family is not in the list of `counters.rs`");
}

/// Counts: once, or so many at a time. The place of the counter is a constant, so that it costs one addition.
macro_rules! count {
    ($counts:expr, $counter:expr) => {
        $crate::counters::count!($counts, $counter, 1)
    };
    ($counts:expr, $counter:expr, $number:expr) => {
        $counts[const { $crate::counters::place(&$counter) }] += $number
    };
}
pub(crate) use count;

const fn number_of<T>(families: &[&[T]]) -> usize {
    let (mut number, mut family) = (0, 0);
    while family < families.len() {
        number += families[family].len();
        family += 1;
    }
    number
}

const fn flat<T: Copy, const N: usize>(families: &[&[T]]) -> [T; N] {
    let mut all = [families[0][0]; N];
    let (mut next, mut family) = (0, 0);
    while family < families.len() {
        let mut at = 0;
        while at < families[family].len() {
            all[next] = families[family][at];
            (next, at) = (next + 1, at + 1);
        }
        family += 1;
    }
    all
}

/// Whether two names are the same, at compile time too.
const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

const fn number(of: Counted) -> usize {
    let (mut number, mut family) = (0, 0);
    while family < FAMILIES.len() {
        let mut at = 0;
        while at < FAMILIES[family].len() {
            number += (FAMILIES[family][at].of as usize == of as usize) as usize;
            at += 1;
        }
        family += 1;
    }
    number
}

const fn joined<const N: usize>(of: Counted) -> [Counter; N] {
    let mut all = [FAMILIES[0][0]; N];
    let (mut next, mut family) = (0, 0);
    while family < FAMILIES.len() {
        let mut at = 0;
        while at < FAMILIES[family].len() {
            if FAMILIES[family][at].of as usize == of as usize {
                all[next] = FAMILIES[family][at];
                next += 1;
            }
            at += 1;
        }
        family += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Unit;

    #[test]
    fn each_part_has_a_name_and_a_number_of_its_own() {
        for (at, timed) in TIMED.iter().enumerate() {
            assert_eq!(part(timed), PartId(at as u8), "{} is the name of two parts", timed.name);
            assert!(!timed.says.is_empty() && !timed.says.ends_with('.'), "{}", timed.name);
        }
        assert_eq!(TIMED[usize::from(WAIT.0)], service::QUEUE_WAIT);
    }

    #[test]
    fn each_level_has_a_name_and_a_number_of_its_own() {
        for (at, one) in LEVELS.iter().enumerate() {
            assert_eq!(level(one), LevelId(at as u8), "{} is the name of two levels", one.name);
            assert!(!one.says.is_empty() && !one.says.ends_with('.'), "{}", one.name);
            assert!(TIMED.iter().all(|part| part.name != one.name), "{} is a level and a timed part", one.name);
        }
    }

    #[test]
    fn each_counter_has_a_name_and_a_place_of_its_own() {
        let mut names: Vec<&str> = all().map(|counter| counter.name).collect();
        let number = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), number, "two counters have one name: {names:?}");
        assert_eq!(number, FAMILIES.iter().map(|family| family.len()).sum::<usize>());
        for (at, counter) in CALL_SITE.iter().enumerate().chain(SERVICE.iter().enumerate()) {
            assert_eq!(place(counter), CounterPlace(at), "{}", counter.name);
            assert!(matches!(counter.unit, Unit::Count | Unit::Bytes), "{} counts {:?}", counter.name, counter.unit);
            assert!(!counter.says.is_empty() && !counter.says.ends_with('.'), "{}", counter.name);
        }
    }
}
