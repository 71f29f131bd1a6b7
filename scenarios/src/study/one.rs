//! One replication, run and judged in a worker: all that the merge needs of it.

use super::experiment::Tried;
use super::sums::{ClauseSides, Times};
use crate::Loaded;
use sim_core::expression::{Metric, Value};
use sim_core::faults::Fault;
use sim_core::ids::FaultId;
use sim_core::judge::Judged;
use sim_core::judge::RunMetrics;
use sim_core::judge::{Bill, calm, healthy, is_calm_healthy, stages_of};
use sim_core::model::Model;
use sim_core::results::{LoopRun, RunResult};

/// One replication, run and judged.
pub struct One {
    /// The run.
    pub run: RunResult,
    /// What became of each promise; `None` without data.
    pub promises: Vec<Option<Judged>>,
    /// What became of each clause.
    pub clauses: Vec<ClauseSides>,
    /// All times of those sides of the clauses that are percentiles.
    pub times: Vec<Vec<[Times; 2]>>,
    /// The values that the study asks for.
    pub asked: Vec<(Option<f64>, Times)>,
    /// What became of each experiment.
    pub tried: Vec<Tried>,
    /// What followed each fault, by its place; `None` where it did not strike, or no alert is there to find it.
    pub loops: Vec<Option<LoopRun>>,
    /// What it costs.
    pub bill: Bill,
    /// Whether it was simulated a second time, without the incidents that the bill prices.
    pub paired: bool,
    /// The same replication without any fault, where detectors are judged.
    pub healthy: Option<RunResult>,
}

/// What is simulated beside a replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Beside {
    /// What clauses and values ask for.
    Asked,
    /// The same without the incidents that the bill prices.
    Priced,
    /// That, and the same without any fault, where alerts are there to find one.
    Judged,
}

impl One {
    /// Runs and judges replication `number`, and those of the variants that clauses and `asked` values speak of. Where incidents have
    /// a price and it is asked for, by a clause, a value or `beside`, the replication is simulated again without them.
    pub fn run(
        loaded: &Loaded,
        variants: &[(String, Loaded)],
        asked: &[Value],
        beside: Beside,
        seed: u64,
        number: u32,
    ) -> Self {
        let simulate = |model: &Model| sim_core::world::simulate(model, seed, number);
        let run = simulate(&loaded.model);
        let others: Vec<RunResult> = variants.iter().map(|(_, v)| simulate(&v.model)).collect();
        let asks = asks_cost(loaded, asked);
        let without = |of: &Loaded, wanted: bool| calm(&of.model).filter(|_| wanted).map(|model| simulate(&model));
        let calm = without(loaded, asks || beside >= Beside::Priced);
        let calms: Vec<Option<RunResult>> = variants.iter().map(|(_, v)| without(v, asks)).collect();
        let base = RunMetrics::against(&run, calm.as_ref(), &loaded.model, &loaded.names);
        let both = variants.iter().zip(&others).zip(&calms);
        let metrics: Vec<RunMetrics<'_>> =
            both.map(|(((_, v), r), c)| RunMetrics::against(r, c.as_ref(), &v.model, &v.names)).collect();
        let of = |name: Option<&str>| match name {
            None | Some("base") => Some(&base),
            Some(name) => variants.iter().position(|(v, _)| v == name).map(|at| &metrics[at]),
        };
        let clauses = loaded.written.clauses().map(|c| (c.sides(&of), c.kept(&of))).collect();
        let asked = asked.iter().map(|value| (value.in_run(&of), value.times(&of))).collect();
        let times = loaded.written.clauses().map(|c| c.times(&of)).collect();
        let promises = loaded.model.promises.iter().map(|p| p.judge(&run, &loaded.model)).collect();
        let bill = base.bill().clone();
        let tried = super::experiment::judge(loaded, &run, &base);
        let loops = loops(&run, calm.as_ref(), &loaded.model);
        let paired = calm.is_some();
        let of_calm = calm.filter(|_| is_calm_healthy(&loaded.model));
        let healthy = healthy(&loaded.model).filter(|_| beside == Beside::Judged);
        let healthy = healthy.map(|model| of_calm.unwrap_or_else(|| simulate(&model)));
        Self { run, promises, clauses, times, asked, tried, loops, bill, paired, healthy }
    }
}

/// What followed each fault of the file. Those of experiments are looked at by themselves.
fn loops(run: &RunResult, calm: Option<&RunResult>, model: &Model) -> Vec<Option<LoopRun>> {
    let of = |(place, fault): (usize, &Fault)| {
        if fault.experiment.is_some() { None } else { stages_of(run, calm, model, FaultId::from(place)) }
    };
    model.faults.iter().enumerate().map(of).collect()
}

/// Whether a clause or a value speaks of costs.
fn asks_cost(loaded: &Loaded, asked: &[Value]) -> bool {
    let clauses = loaded.written.clauses().flat_map(|clause| clause.tree.metrics());
    let values = asked.iter().flat_map(|value| value.tree().metrics());
    clauses.chain(values).any(|metric| metric.metric == Metric::Cost)
}
