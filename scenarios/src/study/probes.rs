//! What became of the probes of each direction, over all replications.

use super::interval::{MeanSums, RatioSums};
use super::quantile::TimeSums;
use sim_core::counters::probe;
use sim_core::ids::ProbeId;
use sim_core::metrics::PartAt;
use sim_core::model::Model;
use sim_core::results::{ProbeSummary, ProbeTimes, RunResult};
use std::collections::BTreeMap;

/// Sums of one direction.
#[derive(Default)]
pub struct ProbeSums {
    sent: MeanSums,
    lost: MeanSums,
    one_way: MeanSums,
    mean: RatioSums,
    times: TimeSums,
}

impl ProbeSums {
    /// Adds the next replication.
    pub fn merge(&mut self, run: &RunResult, way: ProbeId) {
        let timed = |part| run.timed(PartAt::probe(part, way), run.whole());
        let (arrived, lost) = (timed(probe::ARRIVED), timed(probe::LOST).count);
        self.sent.add((arrived.count + lost) as f64);
        self.lost.add(lost as f64);
        self.one_way.add(timed(probe::ONE_WAY).count as f64);
        self.mean.add(arrived.sum_ns as f64 / 1e9, arrived.count as f64);
        self.times.add(&run.histogram(run.whole(), |period| period.timed(PartAt::probe(probe::ARRIVED, way))));
    }

    fn summary(&self) -> ProbeSummary {
        let quantile = |q| self.times.quantile(q);
        let way_s = self
            .mean
            .at_least_zero()
            .and_then(|mean| Some(ProbeTimes { mean, p50: quantile(0.5)?, p99: quantile(0.99)? }));
        ProbeSummary {
            sent: self.sent.at_least_zero(),
            lost: self.lost.at_least_zero(),
            one_way_failures: self.one_way.at_least_zero(),
            way_s,
        }
    }
}

/// Adds the next replication to the sums of all directions.
pub fn merge_all(sums: &mut [ProbeSums], model: &Model, run: &RunResult) {
    let ways = model.probes.iter().flat_map(|probes| &probes.ways);
    sums.iter_mut().zip(ways).for_each(|(sums, way)| sums.merge(run, way.id));
}

/// All directions by their names.
pub fn summaries(sums: &[ProbeSums], model: &Model) -> BTreeMap<String, ProbeSummary> {
    let called = model.probes.iter().flat_map(|probes| &probes.called);
    called.zip(sums).map(|(called, sums)| (called.clone(), sums.summary())).collect()
}
