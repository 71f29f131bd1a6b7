//! Wrong answers of all replications: the first hundred and the first ten of each kind and cause one by one, and how many there were by cause.

use super::interval::MeanSums;
use sim_core::data::{Cause, Wrongness};
use sim_core::model::Model;
use sim_core::results::{Estimate, FIRST_OF_EACH, FIRST_WRONG, ListedWrong, RunResult, WrongAnswer};
use std::collections::BTreeMap;

/// What was wrong, so far.
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    /// The first, in the order of replication and time.
    pub first: Vec<ListedWrong>,
    /// By kind and cause, those replications in which it was.
    causes: BTreeMap<(Wrongness, Cause), (MeanSums, u32)>,
    runs: u32,
}

impl Gathered {
    /// One more replication.
    pub fn merge(&mut self, model: &Model, run: &RunResult) {
        self.runs += 1;
        for (of, number) in &run.wrong.causes {
            let (sums, runs) = self.causes.entry(*of).or_default();
            sums.add(*number as f64);
            *runs += 1;
        }
        for wrong in &run.wrong.first {
            let is_same = |of: &ListedWrong| of.kind == wrong.kind.name() && of.cause == wrong.cause.name();
            let kept = self.first.iter().filter(|of| is_same(of)).count();
            if self.first.len() < FIRST_WRONG || kept < FIRST_OF_EACH {
                self.first.push(listed(model, run.replication, wrong));
            }
        }
    }

    /// How many there were in a run, by kind and cause.
    pub fn causes(&self) -> BTreeMap<&'static str, BTreeMap<&'static str, Estimate>> {
        let mut all: BTreeMap<&'static str, BTreeMap<&'static str, Estimate>> = BTreeMap::new();
        for ((kind, cause), (sums, runs)) in &self.causes {
            let mut sums = *sums;
            // A run in which it did not happen has none of it.
            (*runs..self.runs).for_each(|_| sums.add(0.0));
            all.entry(kind.name()).or_default().insert(cause.name(), sums.at_least_zero());
        }
        all
    }
}

fn listed(model: &Model, replication: u32, wrong: &WrongAnswer) -> ListedWrong {
    let shown = wrong.shown.as_ref();
    let store = |(store, level): &(sim_core::ids::ServiceId, sim_core::data::level::Level)| {
        (model.services[store.index()].name.clone(), level.name())
    };
    ListedWrong {
        replication,
        at_s: wrong.at_ns as f64 / 1e9,
        kind: wrong.kind.name(),
        cause: wrong.cause.name(),
        call: model.edges[wrong.call.index()].name.clone(),
        request: wrong.request.map(|request| format!("{request:016x}")),
        key: wrong.key,
        level: shown.map(|shown| shown.level.name()),
        chain: shown.map(|shown| shown.chain.iter().map(store).collect()).unwrap_or_default(),
        read: shown.and_then(|shown| shown.evidence),
    }
}
