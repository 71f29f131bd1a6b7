//! What named links and routes carried, each direction by itself, over all replications.

use super::interval::{MeanSums, RatioSums};
use super::quantile::TimeSums;
use sim_core::counters::link;
use sim_core::metrics::PartAt;
use sim_core::model::Model;
use sim_core::names::{LinkWays, Names};
use sim_core::results::{LinkSummary, LinkTimes, RunResult};
use std::collections::BTreeMap;

/// Sums of one direction of a link, or of a route.
#[derive(Default)]
struct LinkSums {
    carried: MeanSums,
    lost: MeanSums,
    bytes: MeanSums,
    busy: MeanSums,
    backlog: MeanSums,
    route_changes: MeanSums,
    mean: RatioSums,
    times: TimeSums,
}

/// Sums of all directions of links and routes, by their names.
pub struct AllLinks(Vec<(String, LinkWays, LinkSums)>);

impl AllLinks {
    /// Of links each direction, and of routes the whole, which is told from its links by what has changed.
    pub fn new(names: &Names) -> Self {
        let ways = names.link_ways.iter();
        let is_row = |name: &str, ways: &LinkWays| match ways.route {
            Some(_) => !name.contains("->"),
            None => name.contains("->"),
        };
        let rows = ways.filter(|(name, ways)| is_row(name, ways));
        Self(rows.map(|(name, ways)| (name.clone(), ways.clone(), LinkSums::default())).collect())
    }

    /// Adds the next replication.
    pub fn merge(&mut self, run: &RunResult) {
        for (_, ways, sums) in &mut self.0 {
            sums.merge(run, ways);
        }
    }

    /// Those over which anything went, or that have changed.
    pub fn summaries(&self, model: &Model) -> BTreeMap<String, LinkSummary> {
        let all = self.0.iter().map(|(name, ways, sums)| (name.clone(), sums.summary(model, ways)));
        let is_used = |of: &LinkSummary| of.carried.mean + of.lost.mean > 0.0 || of.route_changes.is_some();
        all.filter(|(_, of)| is_used(of)).collect()
    }
}

impl LinkSums {
    fn merge(&mut self, run: &RunResult, ways: &LinkWays) {
        let sum = |part| {
            let sums = ways.ways.iter().map(|way| run.timed(PartAt::link(part, *way), run.whole()));
            sums.fold((0, 0), |(count, ns), sums| (count + sums.count, ns + sums.sum_ns))
        };
        let ns = run.measured_ns.max(1) as f64;
        let (carried, times_ns) = sum(link::CARRIED);
        self.carried.add(carried as f64);
        self.lost.add(sum(link::LOST).0 as f64);
        self.bytes.add(sum(link::SENT).1 as f64);
        self.busy.add(sum(link::BUSY).1 as f64 / ns);
        // Bytes and microseconds.
        self.backlog.add(sum(link::BACKLOG).1 as f64 * 1e3 / ns);
        if let Some(route) = ways.route {
            self.route_changes.add(run.timed(PartAt::link(link::ROUTE_CHANGES, route), run.whole()).count as f64);
        }
        self.mean.add(times_ns as f64 / 1e9, carried as f64);
        for way in &ways.ways {
            self.times.add(&run.histogram(run.whole(), |period| period.timed(PartAt::link(link::CARRIED, *way))));
        }
    }

    fn summary(&self, model: &Model, ways: &LinkWays) -> LinkSummary {
        let quantile = |q| self.times.quantile(q);
        let way_s = self
            .mean
            .at_least_zero()
            .and_then(|mean| Some(LinkTimes { mean, p50: quantile(0.5)?, p99: quantile(0.99)? }));
        // Of several links nobody is busy as a whole.
        let is_one = ways.route.is_none() && ways.ways.len() == 1;
        let has_bandwidth = is_one && model.network.links[ways.ways[0] / 2].quality.bandwidth.is_some();
        LinkSummary {
            carried: self.carried.at_least_zero(),
            lost: self.lost.at_least_zero(),
            bytes: self.bytes.at_least_zero(),
            utilisation: has_bandwidth.then(|| self.busy.at_least_zero()),
            backlog_bytes: has_bandwidth.then(|| self.backlog.at_least_zero()),
            way_s,
            route_changes: ways.route.map(|_| self.route_changes.at_least_zero()),
        }
    }
}
