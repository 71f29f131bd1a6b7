//! Sums of promises and clauses over the replications.

use super::interval::{Critical, MeanSums};
use super::paired::Sample;
use super::quantile::TimeSums;
use sim_core::expression::Sides;
use sim_core::metrics::Histogram;
use sim_core::results::Estimate;

/// Sums of a promise or a clause.
#[derive(Default)]
pub struct JudgedSums {
    pub value: MeanSums,
    pub kept: u32,
    pub judged: u32,
    pub values: Vec<Option<f64>>,
    /// Whether each replication keeps it.
    pub keeps: Vec<Option<bool>>,
}

/// Sums of one side of a comparison.
#[derive(Debug, Clone, Default)]
pub struct SideSums {
    values: MeanSums,
    each: Vec<f64>,
    /// All times, where the side is a percentile and nothing else.
    times: Option<(f64, TimeSums)>,
}

impl SideSums {
    /// Adds the value of the next replication, and all its times where it is a percentile.
    pub fn add(&mut self, value: f64, times: Option<&(f64, Histogram)>) {
        self.values.add(value);
        self.each.push(value);
        if let Some((q, times)) = times {
            self.times.get_or_insert_with(|| (*q, TimeSums::default())).1.add(times);
        }
    }

    /// A percentile of all replications together; else the mean of their values. `None` without values.
    pub fn estimate(&self) -> Option<Estimate> {
        self.estimate_by(Critical::Fixed)
    }

    /// As [`Self::estimate`], with another interval.
    pub fn estimate_by(&self, critical: Critical) -> Option<Estimate> {
        let times = |(q, times): &(f64, TimeSums)| times.quantile_by(*q, critical);
        self.times.as_ref().map_or_else(|| self.values.estimate_by(critical), times)
    }

    /// Values that stand for the estimate; `None` without any.
    pub fn sample(&self) -> Option<Sample> {
        match &self.times {
            Some((q, times)) => times.sample(*q),
            None => Sample::of(self.each.clone()),
        }
    }

    /// Replications in which it never happened.
    pub fn never(&self) -> u32 {
        self.values.never()
    }

    /// The mean of the replications in which it happened; `None` without any.
    pub fn where_finite(&self) -> Option<Estimate> {
        self.values.where_finite()
    }

    /// Whether the replications do not differ: there is no spread to judge by.
    pub fn is_alike(&self) -> bool {
        self.times.as_ref().map_or_else(|| self.values.half_width() <= 0.0, |(q, times)| times.is_alike(*q))
    }

    /// Replications that had a value.
    pub fn n(&self) -> u32 {
        self.values.n()
    }
}

/// What a clause of `expect` came to in one replication: both sides of each comparison, and whether it is kept.
pub type ClauseSides = (Vec<Option<Sides>>, Option<bool>);

/// Which percentile a side is, and all its times; `None` where it is something else.
pub type Times = Option<(f64, Histogram)>;
