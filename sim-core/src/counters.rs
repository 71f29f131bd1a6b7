//! The one list that joins the counters of all families.
//!
//! A family declares its counters in its own `mod.rs`; where they are stored, how they are added up and taken apart, which of them
//! telemetry, expressions, the reference and results have, all of that follows from here without another edit.

use crate::call::{breaker, ejection, hedge, retry};
use crate::data;
use crate::metrics::{Counted, Counter, Place};

/// The families that count.
const FAMILIES: &[&[Counter]] =
    &[retry::COUNTERS, hedge::COUNTERS, ejection::COUNTERS, breaker::COUNTERS, data::COUNTERS];

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
/// Where the family of the counter is missing in the list of this file: at compile time where the place is a constant, as in [`count!`].
pub const fn place(counter: &Counter) -> Place {
    let all: &[Counter] = match counter.of {
        Counted::CallSite => CALL_SITE,
        Counted::Service => SERVICE,
    };
    let mut at = 0;
    while at < all.len() {
        if all[at].is(counter) {
            return Place(at);
        }
        at += 1;
    }
    panic!("the counter's family is not in the list of `counters.rs`");
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
    fn each_counter_has_a_name_and_a_place_of_its_own() {
        let mut names: Vec<&str> = all().map(|counter| counter.name).collect();
        let number = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), number, "two counters have one name: {names:?}");
        assert_eq!(number, FAMILIES.iter().map(|family| family.len()).sum::<usize>());
        for (at, counter) in CALL_SITE.iter().enumerate().chain(SERVICE.iter().enumerate()) {
            assert_eq!(place(counter), Place(at), "{}", counter.name);
            assert!(matches!(counter.unit, Unit::Count | Unit::Bytes), "{} counts {:?}", counter.name, counter.unit);
            assert!(!counter.says.is_empty() && !counter.says.ends_with('.'), "{}", counter.name);
        }
    }
}
