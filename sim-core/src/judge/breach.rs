//! Broken promises that cost money: how many periods of a year are broken.
//!
//! A run stands for a period. Without incidents it breaks all periods of a year or none. An incident breaks the period in which it happens, if
//! that is not broken already: a year has no more broken periods than it has periods, however often incidents come.

use crate::economics::{CostItem, Group, Meter, YEAR_S};
use crate::engine::math;

/// What one replication says of an item that prices a broken promise.
#[derive(Debug, Clone, PartialEq)]
pub struct Breached {
    /// Its place among the items of the bill.
    pub item: usize,
    /// Price of a broken period.
    pub price: f64,
    /// Periods in a year.
    pub periods: f64,
    /// Whether the run without incidents breaks the promise.
    pub ordinary: bool,
    /// Money that one occurrence of each incident adds, in the order of those of the bill. Below zero where the run with the incident keeps the
    /// promise and the run without it does not.
    pub once: Vec<f64>,
}

impl Breached {
    /// What is known of the item at this place, one occurrence of whose incidents costs `once`; `None` where it prices no broken promise, or
    /// where a broken one costs nothing.
    pub(super) fn of(place: usize, item: &CostItem, ordinary: bool, once: &[f64]) -> Option<Self> {
        let Meter::Breach { period_s, .. } = item.meter else { return None };
        let price = item.money(1.0);
        (item.group != Group::Infrastructure && price > 0.0).then(|| Self {
            item: place,
            price,
            periods: YEAR_S / period_s,
            ordinary,
            once: once.to_vec(),
        })
    }
}

/// The mean number of periods, of so many, into which at least one breach falls, where `breaches` happen in a year as a Poisson process:
/// N (1 - e^(-breaches/N)). Below zero, where incidents keep promises, no more than all.
pub(super) fn distinct(periods: f64, breaches: f64) -> f64 {
    if breaches > 0.0 { periods * (1.0 - math::exp(-breaches / periods)) } else { breaches.max(-periods) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_has_no_more_broken_periods_than_periods() {
        assert!((distinct(12.0, 0.01) / 0.01 - 1.0).abs() < 1e-3, "rare breaches fall into periods of their own");
        assert!((distinct(12.0, 12.0) - 12.0 * (1.0 - math::exp(-1.0))).abs() < 1e-9);
        assert!(distinct(12.0, 1e6) <= 12.0 && distinct(12.0, 1e6) > 11.999);
        assert_eq!([distinct(12.0, 0.0), distinct(12.0, -3.0), distinct(12.0, -52.0)], [0.0, -3.0, -12.0]);
    }
}
